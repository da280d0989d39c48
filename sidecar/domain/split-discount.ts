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
 * The shop does not say which product a voucher was for, but its tax does: where the proportion would give another tax
 * than the shop has, as with a voucher for one product among others of another rate, the parts are those that give it.
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
  const { excl, tax } = divide(exclMinor - shipping.excl, taxMinor - shipping.tax, groups);
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

/** What falls to each group, without tax and of its tax. */
interface Division {
  readonly excl: readonly number[];
  readonly tax: readonly number[];
}

function divide(exclMinor: number, taxMinor: number, groups: readonly Group[]): Division {
  const excl = allot(
    exclMinor,
    groups.map((group) => group.excl),
  );
  const missing =
    taxMinor - groups.reduce((sum, group, index) => sum + (excl[index] ?? 0) * rateOf(group), 0);
  // Each group's part and the total are rounded.
  if (Math.abs(missing) <= groups.length + 1) {
    const tax = allot(
      taxMinor,
      groups.map((group) => group.tax),
    );
    return { excl, tax };
  }
  const fitted = wholeIn(exclMinor, taxMinor, groups) ?? shift(excl, missing, groups);
  const weights = groups.map((group, index) =>
    BigInt(Math.round((fitted[index] ?? 0) * rateOf(group) * 1_000_000)),
  );
  return { excl: fitted, tax: allot(taxMinor, weights) };
}

/** All of it in the one group whose rate gives the tax; undefined where none does. */
function wholeIn(
  exclMinor: number,
  taxMinor: number,
  groups: readonly Group[],
): readonly number[] | undefined {
  const found = groups.findIndex(
    (group) => group.excl >= exclMinor && Math.abs(exclMinor * rateOf(group) - taxMinor) <= 1,
  );
  return found === -1 ? undefined : groups.map((_, index) => (index === found ? exclMinor : 0));
}

/** Moves from groups of a higher rate to those of a lower one, or back, until the rates give the tax as well as they can. */
function shift(excl: readonly number[], missingMinor: number, groups: readonly Group[]): readonly number[] {
  const parts = groups.map((group, index) => ({
    rate: rateOf(group),
    roomMinor: Number(group.excl),
    exclMinor: excl[index] ?? 0,
  }));
  const byRate = [...parts].sort((a, b) => (a.rate - b.rate) * Math.sign(missingMinor));
  let missing = Math.abs(missingMinor);
  for (const [place, giver] of byRate.entries()) {
    for (const taker of byRate.slice(place + 1).reverse()) {
      const step = Math.abs(taker.rate - giver.rate);
      const wanted = step === 0 ? 0 : Math.round(missing / step);
      const room = Math.min(giver.exclMinor, taker.roomMinor - taker.exclMinor);
      const moved = Math.max(0, Math.min(wanted, room));
      giver.exclMinor -= moved;
      taker.exclMinor += moved;
      missing -= moved * step;
    }
  }
  return parts.map(({ exclMinor }) => exclMinor);
}

const rateOf = (group: Group): number => (group.excl === 0n ? 0 : Number(group.tax) / Number(group.excl));
