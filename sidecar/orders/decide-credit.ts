/**
 * A credit slip in the words of an order. The slip's header is what the customer got; its lines are what it was for, and
 * what they miss of the header by rounding is a line of its own (30 of 67 slips of a real 8.2.1 shop). A header that
 * contradicts itself is not sent: PrestaShop takes a voucher off one tax side alone, and stores an amount that a person
 * chose without saying which side it is.
 */
import { type Currency, fromMinor, toMinor } from "../domain/money.ts";
import type { NeutralOrder, OrderLine, OrderTax } from "../domain/order.ts";
import { addUpTaxes, spreadTax } from "../domain/order-taxes.ts";
import type { SlipLineRow, SlipRow } from "../shop/money-statements.ts";

/** What a slip gives back, or the sentence that says why it cannot be sent as it is. */
export type CreditDecision =
  | { readonly kind: "agreed"; readonly order: NeutralOrder }
  | { readonly kind: "mismatch"; readonly sentence: string };

/** Minor units without tax and with it. */
interface Sides {
  readonly excl: number;
  readonly incl: number;
}

/** Beyond the lines themselves the shop rounds the products' sum and the shipping once. */
const ROUNDINGS_BESIDE_LINES = 2;

/** Decides what a slip gives back of the order, whose lines say with which taxes they were sold. */
export function decideCredit(
  order: NeutralOrder,
  slip: SlipRow,
  slipLines: readonly SlipLineRow[],
): CreditDecision {
  const { currency } = order;
  const products = sidesOf(slip.total_products_tax_excl, slip.total_products_tax_incl, currency);
  const shipping = sidesOf(slip.total_shipping_tax_excl, slip.total_shipping_tax_incl, currency);
  const refuse = (why: string): CreditDecision => ({
    kind: "mismatch",
    sentence: `credit slip ${String(slip.id_order_slip)}: ${why}`,
  });
  const nonsense = contradiction(slip, products, shipping, currency);
  if (nonsense !== undefined) return refuse(nonsense);
  const lines: OrderLine[] = [];
  for (const row of slipLines) {
    const sold = order.lines.find(({ id }) => id === row.id_order_detail);
    if (sold === undefined) {
      return refuse(
        `it gives back line ${String(row.id_order_detail)}, which the order no longer has. Book it by hand`,
      );
    }
    if (row.product_quantity > sold.quantity) {
      return refuse(
        `it gives back ${String(row.product_quantity)} of line ${String(sold.id)}, which was edited to ${String(sold.quantity)} since. Book it by hand`,
      );
    }
    lines.push(creditLine(sold, row, currency));
  }
  const sum = lines.reduce(
    (all, line) => ({ excl: all.excl + line.totalTaxExclMinor, incl: all.incl + line.totalTaxInclMinor }),
    { excl: 0, incl: 0 },
  );
  const rounding = { excl: products.excl - sum.excl, incl: products.incl - sum.incl };
  const bound = lines.length + ROUNDINGS_BESIDE_LINES;
  if (Math.abs(rounding.excl) > bound || Math.abs(rounding.incl) > bound) {
    return refuse(
      `its lines come to ${amounts(sum, currency)}, and it says ${amounts(products, currency)}. Book it by hand`,
    );
  }
  return { kind: "agreed", order: creditOrder(order, lines, shipping, rounding) };
}

function contradiction(
  slip: SlipRow,
  products: Sides,
  shipping: Sides,
  currency: Currency,
): string | undefined {
  if (products.incl < products.excl || shipping.incl < shipping.excl) {
    return `with tax it gives back less than without: ${amounts(products, currency)} and for shipping ${amounts(shipping, currency)}. Book it by hand`;
  }
  const amount = toMinor(slip.amount, currency);
  if (amount !== products.excl && amount !== products.incl) {
    return `a person chose the amount ${fromMinor(amount, currency)} instead of ${amounts(products, currency)}, and the shop does not say with or without tax. Book it by hand`;
  }
  return undefined;
}

const amounts = ({ excl, incl }: Sides, currency: Currency): string =>
  `${fromMinor(excl, currency)} without tax and ${fromMinor(incl, currency)} with it`;

const sidesOf = (excl: string | null, incl: string | null, currency: Currency): Sides => ({
  excl: toMinor(excl ?? "0", currency),
  incl: toMinor(incl ?? "0", currency),
});

/** A line of the order with what the slip gives back of it; its tax is divided as the line's own. */
function creditLine(sold: OrderLine, row: SlipLineRow, currency: Currency): OrderLine {
  const total = sidesOf(row.total_price_tax_excl, row.total_price_tax_incl, currency);
  return {
    ...sold,
    quantity: row.product_quantity,
    unitPriceTaxExcl: row.unit_price_tax_excl ?? sold.unitPriceTaxExcl,
    unitPriceTaxIncl: row.unit_price_tax_incl ?? sold.unitPriceTaxIncl,
    totalTaxExclMinor: total.excl,
    totalTaxInclMinor: total.incl,
    taxes: spreadTax(total.incl - total.excl, sold.taxes),
  };
}

function creditOrder(
  order: NeutralOrder,
  lines: readonly OrderLine[],
  shipping: Sides,
  rounding: Sides,
): NeutralOrder {
  const shippingTaxes = spreadTax(shipping.incl - shipping.excl, order.shippingTaxes);
  const known = addUpTaxes([...lines.flatMap(({ taxes }) => taxes), ...shippingTaxes]);
  const roundingTaxes = spreadTax(rounding.incl - rounding.excl, largest(known));
  const sum = (side: (line: OrderLine) => number): number => lines.reduce((all, line) => all + side(line), 0);
  const products = {
    excl: sum(({ totalTaxExclMinor }) => totalTaxExclMinor),
    incl: sum(({ totalTaxInclMinor }) => totalTaxInclMinor),
  };
  return {
    ...order,
    lines,
    productsTaxExclMinor: products.excl + rounding.excl,
    productsTaxInclMinor: products.incl + rounding.incl,
    discountsTaxExclMinor: 0,
    discountsTaxInclMinor: 0,
    discountsTaxes: [],
    discounts: [],
    shippingTaxExclMinor: shipping.excl,
    shippingTaxInclMinor: shipping.incl,
    shippingTaxes,
    wrappingTaxExclMinor: 0,
    wrappingTaxInclMinor: 0,
    wrappingTaxes: [],
    roundingTaxExclMinor: rounding.excl,
    roundingTaxInclMinor: rounding.incl,
    roundingTaxes,
    taxes: addUpTaxes([...known, ...roundingTaxes]),
    totalPaidTaxExclMinor: products.excl + rounding.excl + shipping.excl,
    totalPaidTaxInclMinor: products.incl + rounding.incl + shipping.incl,
    toleratedMinor: 0,
    taxRowsOffMinor: 0,
  };
}

/** The tax of a rounding goes to the largest, whose rounding it is. */
const largest = (taxes: readonly OrderTax[]): readonly OrderTax[] =>
  [...taxes].sort((a, b) => b.amountMinor - a.amountMinor).slice(0, 1);
