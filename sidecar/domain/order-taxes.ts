import { allot } from "./money.ts";
import type { OrderTax } from "./order.ts";

/** Tells taxes apart: two that the shop does not know by id are one where their rates are the same. */
export const taxKey = ({ taxId, ratePercent }: OrderTax): string =>
  taxId === 0 ? `0@${ratePercent}` : String(taxId);

/** The taxes of an amount as one text; empty where it has none. */
export const taxesKey = (taxes: readonly OrderTax[]): string => taxes.map(taxKey).join("+");

/** Taxes added up, in the order of their first occurrence. One that comes to nothing stays, as its tax code does. */
export function addUpTaxes(taxes: readonly OrderTax[]): readonly OrderTax[] {
  const byKey = new Map<string, OrderTax>();
  for (const tax of taxes) {
    const key = taxKey(tax);
    const known = byKey.get(key)?.amountMinor ?? 0;
    byKey.set(key, { ...tax, amountMinor: tax.amountMinor + known });
  }
  return [...byKey.values()];
}

/**
 * An amount of tax divided over taxes in proportion to what they come to; over an unnamed one where there are none.
 * Nothing is divided over nothing.
 */
export function spreadTax(amountMinor: number, over: readonly OrderTax[]): readonly OrderTax[] {
  if (amountMinor === 0) return [];
  const taxes = over.length === 0 ? [UNNAMED] : addUpTaxes(over);
  const parts = allot(
    amountMinor,
    taxes.map((tax) => BigInt(tax.amountMinor)),
  );
  return taxes.map((tax, index) => ({ ...tax, amountMinor: parts[index] ?? 0 }));
}

const UNNAMED: OrderTax = { taxId: 0, name: "", ratePercent: "0.000", amountMinor: 0 };
