import type { ErpRef } from "./ids.ts";

/**
 * Kinds of mapping entries: what many orders share, matched by pattern. Products, customers and orders are mapped one by
 * one instead.
 */
export const ENTRY_KINDS = ["subsidiary", "currency", "tax", "payment", "carrier", "state"] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** What an entry may name. */
export type EntryColumn =
  | "country"
  | "category"
  | "tax_rules_group"
  | "subsidiary"
  | "shop"
  | "currency"
  | "module"
  | "method"
  | "carrier"
  | "state";

/**
 * The columns of each kind as they stand in a file. They weigh from left to right: of two entries that match, the one that
 * names the leftmost column in which they differ is the more specific, so the order of any two is decided.
 */
export const ENTRY_COLUMNS: Readonly<Record<EntryKind, readonly EntryColumn[]>> = {
  subsidiary: ["shop", "country"],
  currency: ["currency"],
  tax: ["country", "category", "tax_rules_group", "subsidiary"],
  payment: ["module", "method", "subsidiary"],
  carrier: ["carrier", "subsidiary"],
  state: ["state"],
};

/** Whether the entries of a kind hold for some days only. */
export const isDated = (kind: EntryKind): boolean => kind === "tax";

/** The days of an entry that has always held, and that holds for ever. */
export const FIRST_DAY = "1000-01-01";
export const LAST_DAY = "9999-12-31";

/** Days from the first to the last, both included, each `YYYY-MM-DD` in the time of the country that it is about. */
export interface Days {
  readonly firstDay: string;
  readonly lastDay: string;
}

/** One row that people maintain: orders that match it have this reference in the ERP. */
export interface Entry extends Days {
  readonly kind: EntryKind;
  /** A value for each of the kind's columns; empty matches any. */
  readonly selector: readonly string[];
  readonly ref: ErpRef;
}

/** Entries with the same key match the same orders, and must not share a day. Values hold no control characters. */
export const selectorKey = (selector: readonly string[]): string => selector.join("\n");

/** The day before or after one (`days` −1 or 1). */
export function dayBeside(day: string, days: -1 | 1): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
