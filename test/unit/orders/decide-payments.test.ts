import fc from "fast-check";
import { expect, test } from "vitest";
import { shopOrderId } from "../../../sidecar/domain/ids.ts";
import { decidePayments } from "../../../sidecar/orders/decide-payments.ts";
import type { PaymentRow, SiblingRow } from "../../../sidecar/shop/money-statements.ts";
import { EUR, JPY } from "../../contract/sample-bodies.ts";

const ORDER = { id: shopOrderId(7), reference: "ABCDEFGHI", currency: EUR, conversionRate: "1.000000" };
const ALONE: readonly SiblingRow[] = [{ id_order: 7, total_paid_tax_incl: "30.000000" }];

function paid(id: number, amount: string, change: Partial<PaymentRow> = {}): PaymentRow {
  return {
    id_order_payment: id,
    amount,
    payment_method: "Bank wire",
    transaction_id: null,
    conversion_rate: "1.000000",
    date_add: "2026-11-21 10:12:00",
    currency_code: "EUR",
    currency_decimals: 2,
    ...change,
  };
}

const amounts = (rows: readonly PaymentRow[], siblings = ALONE, order = ORDER): readonly number[] =>
  decidePayments(order, rows, siblings).payments.map(({ amountMinor }) => amountMinor);

test("payments in parts, too little and too much are each the order's as the shop recorded them", () => {
  expect(amounts([paid(1, "10.000000"), paid(2, "20.000000")])).toEqual([1_000, 2_000]);
  expect(amounts([paid(1, "12.340000")])).toEqual([1_234]);
  expect(amounts([paid(1, "45.000000")])).toEqual([4_500]);
  expect(amounts([paid(1, "30.000000"), paid(2, "5.000000")])).toEqual([3_000, 500]);
});

test("a payment that the payment service names twice is one, and the second row is told", () => {
  const twice = [
    paid(1, "30.000000", { transaction_id: "tx-1" }),
    paid(2, "30.000000", { transaction_id: "tx-1" }),
  ];
  const { doubled, payments } = decidePayments(ORDER, twice, ALONE);
  expect(payments.map(({ id }) => id)).toEqual([1]);
  expect(doubled).toEqual([2]);
  // Without a name of the service two payments of the same amount are two.
  expect(amounts([paid(1, "15.000000"), paid(2, "15.000000")])).toEqual([1_500, 1_500]);
  const parts = [
    paid(1, "10.000000", { transaction_id: "tx-1" }),
    paid(2, "20.000000", { transaction_id: "tx-1" }),
  ];
  expect(amounts(parts)).toEqual([1_000, 2_000]);
});

test("the one payment of a split cart is divided over its orders, each up to its total", () => {
  const siblings = [
    { id_order: 7, total_paid_tax_incl: "10.000000" },
    { id_order: 8, total_paid_tax_incl: "20.000000" },
  ];
  const whole = [paid(1, "30.000000")];
  expect(amounts(whole, siblings)).toEqual([1_000]);
  expect(amounts(whole, siblings, { ...ORDER, id: shopOrderId(8) })).toEqual([2_000]);
  // What nobody owes is the last one's, and a part of another currency is told in the order's alone.
  expect(amounts([paid(1, "33.000000")], siblings, { ...ORDER, id: shopOrderId(8) })).toEqual([2_300]);
  expect(amounts([paid(1, "4.000000")], siblings, { ...ORDER, id: shopOrderId(8) })).toEqual([]);
});

test("over the orders of a cart nothing of any payment is lost or counted twice", () => {
  const cents = fc.integer({ min: 0, max: 20_000 });
  const text = (minor: number): string => `${(minor / 100).toFixed(2)}0000`;
  fc.assert(
    fc.property(
      fc.array(cents, { minLength: 1, maxLength: 5 }),
      fc.array(cents, { maxLength: 6 }),
      (totals, sums) => {
        const siblings = totals.map((total, index) => ({
          id_order: index + 1,
          total_paid_tax_incl: text(total),
        }));
        const rows = sums.map((sum, index) => paid(index + 1, text(sum)));
        const byOrder = siblings.map(
          ({ id_order }) => decidePayments({ ...ORDER, id: shopOrderId(id_order) }, rows, siblings).payments,
        );
        for (const [index, sum] of sums.entries()) {
          const parts = byOrder.flat().filter(({ id }) => id === index + 1);
          expect(parts.reduce((all, { amountMinor }) => all + amountMinor, 0)).toBe(sum);
        }
      },
    ),
  );
});

test("a payment in another currency is booked in the order's by the rates of both, and says what was paid", () => {
  const yen = paid(1, "4890.000000", {
    currency_code: "jpy",
    currency_decimals: 0,
    conversion_rate: "163.000000",
  });
  const { payments } = decidePayments(ORDER, [yen], ALONE);
  expect(payments).toMatchObject([{ amountMinor: 3_000, paidIn: { currency: JPY, amountMinor: 4_890 } }]);
  const inYen = { ...ORDER, currency: JPY, conversionRate: "163.000000" };
  const euros = paid(1, "30.000000", { conversion_rate: "1.000000" });
  const siblings = [{ id_order: 7, total_paid_tax_incl: "4890.000000" }];
  expect(amounts([euros], siblings, inYen)).toEqual([4_890]);
  expect(() => amounts([paid(1, "1.000000", { currency_code: null })])).toThrow(/no longer knows/);
});
