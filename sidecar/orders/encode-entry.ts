import {
  type Days,
  ENTRY_COLUMNS,
  type Entry,
  type EntryKind,
  FIRST_DAY,
  isDated,
  LAST_DAY,
} from "../domain/mapping-entry.ts";

/** The header of a kind's file; its columns from left to right. */
export function entryHeader(kind: EntryKind): readonly string[] {
  return ["kind", ...ENTRY_COLUMNS[kind], ...(isDated(kind) ? ["from", "to"] : []), "erp_ref"];
}

/** An entry as a line of its kind's file. */
export const encodeEntry = (entry: Entry): string => encodeRow(entry.kind, entry.selector, entry);

/** A line of a kind's file; days without a bound are empty. An empty `ref` leaves the line for people to complete. */
export function encodeRow(
  kind: EntryKind,
  selector: readonly string[],
  { firstDay, lastDay, ref }: Days & { readonly ref: string },
): string {
  const days = [firstDay === FIRST_DAY ? "" : firstDay, lastDay === LAST_DAY ? "" : lastDay];
  return [kind, ...selector, ...(isDated(kind) ? days : []), ref].map(quoted).join(",");
}

/** Quotes what a reader of CSV would take apart, or a spreadsheet for a separator. */
const quoted = (text: string): string =>
  /[",;\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
