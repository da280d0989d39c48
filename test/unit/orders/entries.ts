import type { ErpRef } from "../../../sidecar/domain/ids.ts";
import {
  ENTRY_COLUMNS,
  type Entry,
  type EntryColumn,
  type EntryKind,
  FIRST_DAY,
  LAST_DAY,
} from "../../../sidecar/domain/mapping-entry.ts";
import {
  decideMappings,
  type EntryIndex,
  indexEntries,
  type MappingDecision,
  type MappingFacts,
} from "../../../sidecar/orders/decide-mapping.ts";

type Days = Partial<Pick<Entry, "firstDay" | "lastDay">>;

/** An entry that names these columns. */
export function entry(
  kind: EntryKind,
  named: Partial<Record<EntryColumn, string>>,
  ref: string,
  days: Days = {},
): Entry {
  const selector = ENTRY_COLUMNS[kind].map((column) => named[column] ?? "");
  return { kind, selector, ref: ref as ErpRef, firstDay: FIRST_DAY, lastDay: LAST_DAY, ...days };
}

/** An order from France of one line of category 7 with the tax rules group 12, without shipping. */
export function facts(about: Partial<MappingFacts> = {}): MappingFacts {
  return {
    shopId: 1,
    country: "FR",
    day: "2026-11-21",
    currency: "EUR",
    paymentModule: "ps_wirepayment",
    paymentMethod: "Bank transfer",
    carrierReference: 2,
    stateId: undefined,
    taxed: [{ categoryId: 7, taxRulesGroupId: 12 }],
    ...about,
  };
}

/** The entries of all kinds as a process holds them. */
export function indexOf(entries: readonly Entry[]): EntryIndex {
  const kinds = new Set(entries.map(({ kind }) => kind));
  return new Map(
    [...kinds].map((kind) => [
      kind,
      indexEntries(
        kind,
        entries.filter((one) => one.kind === kind),
      ),
    ]),
  );
}

/** What an order of these facts gets from these entries. */
export const decide = (entries: readonly Entry[], about: Partial<MappingFacts> = {}): MappingDecision =>
  decideMappings(indexOf(entries), facts(about));

/** The rows that it lacks. */
export function lacked(entries: readonly Entry[], about: Partial<MappingFacts> = {}): readonly string[] {
  const decision = decide(entries, about);
  return decision.kind === "missing" ? decision.rows : [];
}
