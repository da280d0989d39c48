import { MappingMissingError } from "../domain/errors.ts";
import type { ErpRef } from "../domain/ids.ts";
import {
  dayBeside,
  ENTRY_COLUMNS,
  type Entry,
  type EntryColumn,
  type EntryKind,
  FIRST_DAY,
  LAST_DAY,
  selectorKey,
} from "../domain/mapping-entry.ts";
import { type OrderRefs, taxRefKey } from "../domain/order.ts";
import { encodeRow } from "./encode-entry.ts";

/** What an order is looked up by. */
export interface MappingFacts {
  readonly shopId: number;
  /** ISO code of the country by whose address the shop taxes the order. */
  readonly country: string;
  /** The day on which it was placed in that country's own time, `YYYY-MM-DD`. */
  readonly day: string;
  /** ISO code. */
  readonly currency: string;
  readonly paymentModule: string;
  readonly paymentMethod: string;
  /** `id_reference`; 0 where there is no carrier, and then none is looked up. */
  readonly carrierReference: number;
  /** The order's state; undefined where it is not wanted. */
  readonly stateId: number | undefined;
  /** What bears tax: each line, and shipping and wrapping where they cost something. */
  readonly taxed: readonly Taxed[];
}

/**
 * Something that bears tax: a line by its product's default category (0 where the shop has deleted the product) and the
 * group that it was sold with (0 for none), or a fee, which has neither.
 */
export type Taxed = Parameters<typeof taxRefKey>[0];

export type MappingDecision =
  | { readonly kind: "found"; readonly refs: OrderRefs }
  /** What the order lacks: `rows` are lines of a mapping file that want nothing but the ERP's id at their end. */
  | {
      readonly kind: "missing";
      readonly rows: readonly string[];
      readonly error: MappingMissingError;
      readonly waitsFor: string;
    };

/** What a parked order waits for that lacks an entry of this kind: an import of the kind frees all of them. */
export const entryKey = (kind: EntryKind): string => `mapping:${kind}`;

/** The entries of one kind, made ready for many look-ups. */
export interface KindIndex {
  /**
   * Which columns the entries name, the most specific first: the columns weigh from left to right, and one that is
   * named outweighs all to its right. As a number, the first column is the highest bit.
   */
  readonly masks: readonly number[];
  /** All columns that any entry names. */
  readonly named: number;
  /** The entries with the same selector, by `selectorKey`, in the order of their days. */
  readonly slots: ReadonlyMap<string, readonly Entry[]>;
}

/** The entries of all kinds. A kind that is in here is needed by every order. */
export type EntryIndex = ReadonlyMap<EntryKind, KindIndex>;

/** Indexes the entries of a kind, which must not overlap. */
export function indexEntries(kind: EntryKind, entries: readonly Entry[]): KindIndex {
  const slots = new Map<string, Entry[]>();
  const masks = new Set<number>();
  for (const entry of entries) {
    const key = selectorKey(entry.selector);
    const slot = slots.get(key);
    if (slot === undefined) slots.set(key, [entry]);
    else slot.push(entry);
    masks.add(maskOf(kind, (column) => (entry.selector[column] ?? "") !== ""));
  }
  for (const slot of slots.values()) slot.sort((a, b) => (a.firstDay < b.firstDay ? -1 : 1));
  return {
    masks: [...masks].sort((a, b) => b - a),
    named: [...masks].reduce((all, mask) => all | mask, 0),
    slots,
  };
}

/** Looks up all that the order needs. Pure, so that replays decide the same. */
export function decideMappings(index: EntryIndex, facts: MappingFacts): MappingDecision {
  const search = new Search(index, facts);
  const subsidiary = search.find("subsidiary", {});
  // Whose subsidiary it is decides on the others, where their entries name one.
  search.useSubsidiary(subsidiary);
  const currency = search.find("currency", {});
  const taxes = facts.taxed.map(
    (taxed) => [taxRefKey(taxed), search.find("tax", taxColumns(taxed))] as const,
  );
  const payment = search.find("payment", {});
  const carrier = facts.carrierReference === 0 ? undefined : search.find("carrier", {});
  const state = facts.stateId === undefined ? undefined : search.find("state", {});
  if (search.missing.size > 0) return missingDecision(search.missing);
  const refs = present({ subsidiary, currency, payment, carrier, state });
  return { kind: "found", refs: index.has("tax") ? { ...refs, taxes: sortedRefs(taxes) } : refs };
}

type SingleRefs = Omit<OrderRefs, "taxes">;

function present(found: Readonly<Record<keyof SingleRefs, ErpRef | undefined>>): SingleRefs {
  return Object.fromEntries(Object.entries(found).filter(([, ref]) => ref !== undefined));
}

/** The keys in a fixed order, whatever the order of the lines, so that equal orders have equal JSON. */
function sortedRefs(
  taxes: readonly (readonly [string, ErpRef | undefined])[],
): Readonly<Record<string, ErpRef>> {
  const found = taxes.flatMap(([key, ref]) => (ref === undefined ? [] : [[key, ref] as const]));
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function missingDecision(missing: ReadonlyMap<string, EntryKind>): MappingDecision {
  const rows = [...missing.keys()];
  const [first] = missing.values();
  const what = rows.length === 1 ? "a mapping. Add the row" : "mappings. Add the rows";
  const error = new MappingMissingError(
    `The order lacks ${what}, with the ERP's id at the end: ${rows.join(" ; ")}`,
  );
  return { kind: "missing", rows, error, waitsFor: entryKey(first ?? "tax") };
}

type ColumnValues = Readonly<Partial<Record<EntryColumn, string>>>;

const taxColumns = (taxed: Taxed): ColumnValues =>
  typeof taxed === "string"
    ? { category: taxed, tax_rules_group: "" }
    : { category: String(taxed.categoryId), tax_rules_group: String(taxed.taxRulesGroupId) };

function orderColumns(facts: MappingFacts): ColumnValues {
  return {
    shop: String(facts.shopId),
    country: facts.country,
    currency: facts.currency,
    module: facts.paymentModule,
    method: facts.paymentMethod,
    carrier: String(facts.carrierReference),
    state: String(facts.stateId ?? ""),
  };
}

/** The look-ups of one order, and what they miss. */
class Search {
  /** Rows to add with their kinds, each once, in the order in which they were missed. */
  readonly missing = new Map<string, EntryKind>();
  readonly #index: EntryIndex;
  readonly #day: string;
  #columns: ColumnValues;

  constructor(index: EntryIndex, facts: MappingFacts) {
    this.#index = index;
    this.#day = facts.day;
    this.#columns = orderColumns(facts);
  }

  useSubsidiary(ref: ErpRef | undefined): void {
    this.#columns = { ...this.#columns, subsidiary: ref ?? "" };
  }

  /** Undefined where the kind is not in use, or the entry is missing. */
  find(kind: EntryKind, own: ColumnValues): ErpRef | undefined {
    const index = this.#index.get(kind);
    if (index === undefined) return undefined;
    const values = { ...this.#columns, ...own };
    const entry = findEntry(kind, index, values, this.#day);
    if (entry !== undefined) return entry.ref;
    // Which row is missing cannot be told before the subsidiary is known, where rows name it.
    const needsSubsidiary = isNamed(kind, index.named, "subsidiary") && values.subsidiary === "";
    const isSubsidiaryMissing = [...this.missing.values()].includes("subsidiary");
    if (!(needsSubsidiary && isSubsidiaryMissing)) {
      this.missing.set(missingRow(kind, index, values, this.#day), kind);
    }
    return undefined;
  }
}

/** The most specific entry that holds on the day. Two entries of one mask that match are of one slot. */
function findEntry(kind: EntryKind, index: KindIndex, values: ColumnValues, day: string): Entry | undefined {
  for (const mask of index.masks) {
    const selector = selectorUnder(kind, mask, values);
    if (selector === undefined) continue;
    const slot = index.slots.get(selectorKey(selector));
    const entry = slot === undefined ? undefined : entryOn(slot, day);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** The selector of an entry that names these columns and matches; undefined where a value is not known. */
function selectorUnder(kind: EntryKind, mask: number, values: ColumnValues): readonly string[] | undefined {
  const columns = ENTRY_COLUMNS[kind];
  const selector = columns.map((column, place) =>
    (mask & bit(columns.length, place)) === 0 ? "" : (values[column] ?? ""),
  );
  const isKnown = columns.every(
    (_, place) => (mask & bit(columns.length, place)) === 0 || selector[place] !== "",
  );
  return isKnown ? selector : undefined;
}

/** The entry of a slot that holds on the day, by halving: the last that begins no later, if it has not ended. */
function entryOn(slot: readonly Entry[], day: string): Entry | undefined {
  const entry = slot[countBegun(slot, day) - 1];
  return entry !== undefined && day <= entry.lastDay ? entry : undefined;
}

function countBegun(slot: readonly Entry[], day: string): number {
  let low = 0;
  let high = slot.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slot[middle]?.firstDay ?? "") <= day) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a row to add names at least. */
const SUGGESTED: Readonly<Record<EntryKind, readonly EntryColumn[]>> = {
  tax: ["country", "tax_rules_group"],
  payment: ["module"],
  carrier: ["carrier"],
  state: ["state"],
  subsidiary: ["shop"],
  currency: ["currency"],
};

/**
 * The row that the order lacks, without the ERP's id. It names a subsidiary where the entries of the kind do. Where the
 * same selector has entries on other days, it fills the gap between them: else the import would refuse it.
 */
function missingRow(kind: EntryKind, index: KindIndex, values: ColumnValues, day: string): string {
  const named = suggestedColumns(kind, index, values);
  const selector = ENTRY_COLUMNS[kind].map((column) =>
    named.includes(column) ? (values[column] ?? "") : "",
  );
  const slot = index.slots.get(selectorKey(selector)) ?? [];
  const begun = countBegun(slot, day);
  const before = slot[begun - 1];
  const after = slot[begun];
  return encodeRow(kind, selector, {
    firstDay: before === undefined ? FIRST_DAY : dayBeside(before.lastDay, 1),
    lastDay: after === undefined ? LAST_DAY : dayBeside(after.firstDay, -1),
    ref: "",
  });
}

function suggestedColumns(kind: EntryKind, index: KindIndex, values: ColumnValues): readonly EntryColumn[] {
  const inUse = ENTRY_COLUMNS[kind].filter((column) => isNamed(kind, index.named, column));
  if (kind === "subsidiary") return inUse.length > 0 ? inUse : SUGGESTED.subsidiary;
  // Shipping and wrapping have no group; their word stands in the column of the category.
  const isGroupless = kind === "tax" && values.tax_rules_group === "";
  const base: readonly EntryColumn[] = isGroupless ? ["country", "category"] : SUGGESTED[kind];
  return inUse.includes("subsidiary") ? [...base, "subsidiary"] : base;
}

const bit = (columns: number, place: number): number => 1 << (columns - 1 - place);

function maskOf(kind: EntryKind, isNamedAt: (place: number) => boolean): number {
  const columns = ENTRY_COLUMNS[kind];
  return columns.reduce((mask, _, place) => (isNamedAt(place) ? mask | bit(columns.length, place) : mask), 0);
}

function isNamed(kind: EntryKind, mask: number, column: EntryColumn): boolean {
  const columns = ENTRY_COLUMNS[kind];
  const place = columns.indexOf(column);
  return place >= 0 && (mask & bit(columns.length, place)) !== 0;
}
