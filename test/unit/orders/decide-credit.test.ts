import fc from "fast-check";
import { expect, test } from "vitest";
import { decideCredit } from "../../../sidecar/orders/decide-credit.ts";
import type { SlipLineRow, SlipRow } from "../../../sidecar/shop/money-statements.ts";
import { line, sampleOrder } from "../../contract/sample-bodies.ts";

/** Two lines (ids 1 and 2) of 25.00 and 9.90 at 20 %, and 7.00 of shipping. */
const ORDER = sampleOrder(12, { lines: [line("1:0", 2, 2_500), line("2:7", 1, 990, "9.900000")] });

function slip(change: Partial<SlipRow> = {}): SlipRow {
  return {
    id_order_slip: 5,
    total_products_tax_excl: "12.500000",
    total_products_tax_incl: "15.000000",
    total_shipping_tax_excl: "0.000000",
    total_shipping_tax_incl: "0.000000",
    amount: "15.000000",
    date_add: "2026-11-25 09:00:00",
    ...change,
  };
}

const slipLine = (change: Partial<SlipLineRow> = {}): SlipLineRow => ({
  id_order_slip: 5,
  id_order_detail: 1,
  product_quantity: 1,
  unit_price_tax_excl: "12.500000",
  unit_price_tax_incl: "15.000000",
  total_price_tax_excl: "12.500000",
  total_price_tax_incl: "15.000000",
  ...change,
});

test("a partial refund with shipping is an order of what is given back, each with its own taxes", () => {
  const shipping = { total_shipping_tax_excl: "7.000000", total_shipping_tax_incl: "8.400000" };
  const decided = decideCredit(ORDER, slip(shipping), [slipLine()]);
  expect(decided).toMatchObject({
    kind: "agreed",
    order: {
      lines: [{ id: 1, productKey: "1:0", quantity: 1, totalTaxExclMinor: 1_250, totalTaxInclMinor: 1_500 }],
      shippingTaxExclMinor: 700,
      shippingTaxInclMinor: 840,
      totalPaidTaxExclMinor: 1_950,
      totalPaidTaxInclMinor: 2_340,
      taxes: [{ taxId: 1, amountMinor: 390 }],
      discountsTaxInclMinor: 0,
    },
  });
});

test("what a slip's lines miss of its header by rounding is a line of its own, and more than that parks", () => {
  fc.assert(
    fc.property(fc.integer({ min: -9, max: 9 }), (off) => {
      const header = { total_products_tax_incl: ((1_500 + off) / 100).toFixed(6), amount: "12.500000" };
      const decided = decideCredit(ORDER, slip(header), [slipLine()]);
      if (Math.abs(off) <= 3) {
        expect(decided).toMatchObject({
          kind: "agreed",
          order: { roundingTaxInclMinor: off, totalPaidTaxInclMinor: 1_500 + off },
        });
      } else {
        expect(decided.kind === "mismatch" && decided.sentence).toMatch(
          /its lines come to 12.50 without tax and 15.00/,
        );
      }
    }),
  );
});

test("under the law of an order's totals, whatever was refunded", () => {
  const cents = fc.integer({ min: 0, max: 50_000 });
  const money = (minor: number): string => (minor / 100).toFixed(6);
  fc.assert(
    fc.property(fc.array(cents, { minLength: 1, maxLength: 2 }), cents, (refunds, shipping) => {
      const lines = refunds.map((excl, index) =>
        slipLine({
          id_order_detail: index + 1,
          total_price_tax_excl: money(excl),
          total_price_tax_incl: money(Math.round(excl * 1.2)),
        }),
      );
      const excl = refunds.reduce((sum, one) => sum + one, 0);
      const incl = refunds.reduce((sum, one) => sum + Math.round(one * 1.2), 0);
      const decided = decideCredit(
        ORDER,
        slip({
          total_products_tax_excl: money(excl),
          total_products_tax_incl: money(incl),
          total_shipping_tax_excl: money(shipping),
          total_shipping_tax_incl: money(Math.round(shipping * 1.2)),
          amount: money(excl),
        }),
        lines,
      );
      if (decided.kind !== "agreed") throw new Error(decided.sentence);
      const { order } = decided;
      const taxes = order.taxes.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
      expect(order.totalPaidTaxInclMinor).toBe(incl + Math.round(shipping * 1.2));
      expect(order.totalPaidTaxInclMinor - order.totalPaidTaxExclMinor).toBe(taxes);
    }),
  );
});

test("a slip that contradicts itself is refused with the sentence: less with tax than without, or a chosen amount", () => {
  const less = decideCredit(ORDER, slip({ total_products_tax_incl: "12.000000" }), [slipLine()]);
  expect(less.kind === "mismatch" && less.sentence).toMatch(/credit slip 5: with tax it gives back less/);
  const chosen = decideCredit(ORDER, slip({ amount: "10.000000" }), [slipLine()]);
  expect(chosen.kind === "mismatch" && chosen.sentence).toMatch(/chose the amount 10.00/);
});

test("a slip of a line that was deleted since is refused by the line's id", () => {
  const decided = decideCredit(ORDER, slip(), [slipLine({ id_order_detail: 99 })]);
  expect(decided.kind === "mismatch" && decided.sentence).toMatch(/line 99, which the order no longer has/);
});
