import type { ShopSpan } from "./order-statements.ts";

/** Which orders are compared: those that moved within the last days, or those that were placed in a month. */
export type Scope =
  | { readonly kind: "days"; readonly days: number }
  | { readonly kind: "month"; readonly month: string };

const MONTH = /^(20[0-9]{2})-(0[1-9]|1[0-2])$/;
const DAYS = /^[1-9][0-9]{0,3}$/;

/** Reads a scope as it is kept: `3` days, or the month `2026-10`; undefined where it is neither. */
export function decodeScope(text: string): Scope | undefined {
  if (MONTH.test(text)) return { kind: "month", month: text };
  return DAYS.test(text) ? { kind: "days", days: Number(text) } : undefined;
}

/** The same as text. */
export const encodeScope = (scope: Scope): string =>
  scope.kind === "days" ? String(scope.days) : scope.month;

/** A month in the shop's own time; undefined where the text is none. */
export function decodeMonth(text: string): ShopSpan | undefined {
  const match = MONTH.exec(text);
  if (match === null) return undefined;
  const [year, month] = [Number(match[1]), Number(match[2])];
  const next = month === 12 ? [year + 1, 1] : [year, month + 1];
  const first = ([y = 0, m = 0]: readonly number[]): string =>
    `${String(y)}-${String(m).padStart(2, "0")}-01 00:00:00`;
  return { from: first([year, month]), until: first(next) };
}
