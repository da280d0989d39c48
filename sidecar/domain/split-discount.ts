import { allot } from "./money.ts";
import type { NeutralOrder, OrderLine, OrderTax } from "./order.ts";
import { spreadTax } from "./order-taxes.ts";

/** What the vouchers took off one group of an order. */
export interface DiscountPart {
  readonly group: string;
  /** Positive, like the order's own amounts. */
  readonly taxExclMinor: number;
  readonly taxInclMinor: number;
  /** Positive too; they add up to the difference of the two. */
  readonly taxes: readonly OrderTax[];
}

/** What of an order the division depends on. */
export type DiscountedOrder = Pick<
  NeutralOrder,
  | "lines"
  | "discounts"
  | "discountsTaxExclMinor"
  | "discountsTaxInclMinor"
  | "shippingTaxExclMinor"
  | "shippingTaxInclMinor"
  | "shippingTaxes"
>;

/**
 * Divides what the vouchers took off over the groups that the lines fall into, for instance by tax code, so that each
 * part bears that group's tax: of the shipping first, where a voucher paid it, the rest in proportion to the lines, as
 * the shop spreads vouchers. The parts add up to the order's discounts without tax and with it; empty ones are left out.
 * A voucher for one product among others of another rate is spread as well: the shop does not say what it was for.
 */
export function splitDiscount(
  order: DiscountedOrder,
  groupOf: (line: OrderLine) => string,
  shippingGroup: string,
): readonly DiscountPart[] {
  const exclMinor = order.discountsTaxExclMinor;
  const taxMinor = order.discountsTaxInclMinor - exclMinor;
  const shipping = paidShipping(order, exclMinor, taxMinor);
  const groups = groupLines(order, groupOf, shippingGroup);
  const excl = allot(
    exclMinor - shipping.excl,
    groups.map((group) => group.excl),
  );
  const tax = allot(
    taxMinor - shipping.tax,
    groups.map((group) => group.tax),
  );
  return groups.flatMap(({ name, taxes }, index) => {
    const paid = name === shippingGroup ? shipping : { excl: 0, tax: 0 };
    const partTax = (tax[index] ?? 0) + paid.tax;
    const taxExclMinor = (excl[index] ?? 0) + paid.excl;
    if (taxExclMinor === 0 && partTax === 0) return [];
    const taxInclMinor = taxExclMinor + partTax;
    return [{ group: name, taxExclMinor, taxInclMinor, taxes: spreadTax(partTax, taxes) }];
  });
}

/** How much of the discount the shipping was. */
function paidShipping(
  order: DiscountedOrder,
  exclMinor: number,
  taxMinor: number,
): { readonly excl: number; readonly tax: number } {
  if (!order.discounts.some(({ freeShipping }) => freeShipping)) return { excl: 0, tax: 0 };
  const shippingTax = order.shippingTaxInclMinor - order.shippingTaxExclMinor;
  return { excl: Math.min(exclMinor, order.shippingTaxExclMinor), tax: Math.min(taxMinor, shippingTax) };
}

interface Group {
  readonly name: string;
  /** The taxes of its lines, and of the shipping where it is the shipping's group. */
  readonly taxes: readonly OrderTax[];
  readonly excl: bigint;
  readonly tax: bigint;
}

/** The groups in the order of their first lines, the shipping's at the end unless a line is of it. */
function groupLines(
  order: DiscountedOrder,
  groupOf: (line: OrderLine) => string,
  shippingGroup: string,
): readonly Group[] {
  const groups = new Map<string, Group>();
  const empty = (name: string): Group => ({ name, taxes: [], excl: 0n, tax: 0n });
  for (const line of order.lines) {
    const name = groupOf(line);
    const known = groups.get(name) ?? empty(name);
    groups.set(name, {
      name,
      taxes: [...known.taxes, ...line.taxes],
      excl: known.excl + BigInt(line.totalTaxExclMinor),
      tax: known.tax + BigInt(line.totalTaxInclMinor - line.totalTaxExclMinor),
    });
  }
  const shipping = groups.get(shippingGroup) ?? empty(shippingGroup);
  groups.set(shippingGroup, { ...shipping, taxes: [...shipping.taxes, ...order.shippingTaxes] });
  return [...groups.values()];
}
