import type { ErpRef } from "../domain/ids.ts";
import {
  ENTRY_COLUMNS,
  type EntryColumn,
  type EntryKind,
  FIRST_DAY,
  isDated,
  LAST_DAY,
} from "../domain/mapping-entry.ts";
import { findOverlaps, type Overlap, type PlacedEntry } from "./check-entries.ts";
import type { FileRow } from "./decode-mappings.ts";
import { encodeEntry, entryHeader } from "./encode-entry.ts";

/** What a file of entries says; with a fault nothing of it is used. */
export interface EntryFile {
  readonly entries: readonly PlacedEntry[];
  /** Each names its line and what to write instead. */
  readonly faults: readonly string[];
}

interface Fault {
  readonly line: number;
  readonly fault: string;
}

/** Characters of the column that keeps a selector as JSON. */
const SELECTOR_CHARACTERS_MAX = 512;

const ID = /^(0|[1-9][0-9]{0,9})$/;
const REF = /^[^\p{Cc}]{1,96}$/u;

/** The form of what a column may hold besides nothing, and how it is told. */
const FORMS: Readonly<Record<EntryColumn, { readonly form: RegExp; readonly told: string }>> = {
  country: { form: /^[A-Z]{2}$/, told: "an ISO code such as FR" },
  category: {
    form: /^(0|[1-9][0-9]{0,9}|shipping|wrapping)$/,
    told: "a category's id, shipping or wrapping",
  },
  tax_rules_group: { form: ID, told: "the id of a tax rules group" },
  subsidiary: { form: REF, told: "the ERP's id of a subsidiary" },
  shop: { form: ID, told: "a shop's id" },
  currency: { form: /^[A-Z]{3}$/, told: "an ISO code such as EUR" },
  module: { form: /^[\w-]{1,64}$/, told: "the technical name of a payment module" },
  method: { form: /^[^\p{Cc}]{1,255}$/u, told: "the name of a payment method as orders have it" },
  carrier: { form: ID, told: "a carrier's id_reference" },
  state: { form: ID, told: "the id of an order state" },
};

/** Decodes all rows of a file of entries, the header first; every faulty row is named, overlaps within the file too. */
export function decodeEntries(kind: EntryKind, rows: readonly FileRow[]): EntryFile {
  const [header, ...rest] = rows;
  const wanted = entryHeader(kind).join(",");
  if (header?.fields.map((name) => name.toLowerCase()).join(",") !== wanted) {
    return { entries: [], faults: [`line 1: the header must be "${wanted}"`] };
  }
  const decoded = rest.map((row) => decodeRow(kind, row));
  const sound = decoded.filter(({ faults }) => faults.length === 0);
  const faults = [
    ...decoded.flatMap(({ line, faults: ofRow }) => ofRow.map((fault) => ({ line, fault }))),
    ...findOverlaps(sound).map(overlapFault),
  ].sort((a, b) => a.line - b.line);
  return {
    entries: faults.length > 0 ? [] : decoded.map(({ entry, line }) => ({ entry, line })),
    faults: faults.map(({ line, fault }) => `line ${String(line)}: ${fault}`),
  };
}

/** How an overlap is told: by the line of the file that is in it, the later one where both are. */
function overlapFault({ earlier, later }: Overlap): Fault {
  const lines = [earlier.line ?? 0, later.line ?? 0];
  const [own, other] = (later.line ?? 0) > (earlier.line ?? 0) ? [later, earlier] : [earlier, later];
  const where = other.line === undefined ? "an entry that stands" : `line ${String(other.line)}`;
  return {
    line: Math.max(...lines),
    fault: `${encodeEntry(own.entry)} holds on days of ${where}, ${encodeEntry(other.entry)}: end one before the other begins`,
  };
}

/** The overlaps as sentences. */
export const tellOverlaps = (overlaps: readonly Overlap[]): readonly string[] =>
  overlaps
    .map(overlapFault)
    .sort((a, b) => a.line - b.line)
    .map(({ line, fault }) => `line ${String(line)}: ${fault}`);

function decodeRow(
  kind: EntryKind,
  { line, fields }: FileRow,
): PlacedEntry & { readonly line: number; readonly faults: readonly string[] } {
  const columns = ENTRY_COLUMNS[kind];
  const header = entryHeader(kind);
  const field = (name: string): string => fields[header.indexOf(name)] ?? "";
  const selector = columns.map((column) => cleaned(column, field(column)));
  const firstDay = field("from") || FIRST_DAY;
  const lastDay = field("to") || LAST_DAY;
  const ref = field("erp_ref");
  const faults =
    fields.length === header.length
      ? [
          ...(field("kind") === kind ? [] : [`kind "${field("kind")}" must be ${kind}`]),
          ...columns.flatMap((column, place) => columnFaults(column, selector[place] ?? "")),
          ...selectorFaults(kind, selector),
          ...(isDated(kind) ? dayFaults(firstDay, lastDay) : []),
          ...(REF.test(ref) ? [] : [`erp_ref "${ref}" must be the ERP's own id, 1 to 96 characters`]),
        ]
      : [
          `${String(fields.length)} fields instead of ${String(header.length)}; a field with a comma needs quotes`,
        ];
  return { line, faults, entry: { kind, selector, firstDay, lastDay, ref: ref as ErpRef } };
}

/** Codes are written in capitals, whatever people type. */
const cleaned = (column: EntryColumn, text: string): string =>
  column === "country" || column === "currency" ? text.toUpperCase() : text;

function columnFaults(column: EntryColumn, value: string): readonly string[] {
  const { form, told } = FORMS[column];
  return value === "" || form.test(value) ? [] : [`${column} "${value}" must be ${told}, or empty for any`];
}

function selectorFaults(kind: EntryKind, selector: readonly string[]): readonly string[] {
  if (kind === "currency" && selector[0] === "") return ["currency must be named: no two are the same"];
  const isTooLong = JSON.stringify(selector).length > SELECTOR_CHARACTERS_MAX;
  return isTooLong ? [`the row names more than ${String(SELECTOR_CHARACTERS_MAX)} characters`] : [];
}

function dayFaults(firstDay: string, lastDay: string): readonly string[] {
  const faults = [
    ...(isDay(firstDay) ? [] : [`from "${firstDay}" must be a day such as 2027-01-01, or empty`]),
    ...(isDay(lastDay) ? [] : [`to "${lastDay}" must be a day such as 2026-12-31, the last one, or empty`]),
  ];
  if (faults.length > 0 || firstDay <= lastDay) return faults;
  return [`from ${firstDay} is after to ${lastDay}`];
}

function isDay(text: string): boolean {
  if (!/^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
