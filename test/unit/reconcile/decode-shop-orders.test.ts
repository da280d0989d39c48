import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeShopOrders } from "../../../sidecar/reconcile/decode-shop-orders.ts";
import type { OrderAmountsRow, ReferencePaymentRow } from "../../../sidecar/shop/order-amounts-statements.ts";

const order = (id: number, incl: string, more: Partial<OrderAmountsRow> = {}): OrderAmountsRow => ({
  id_order: id,
  reference: "SHARED",
  id_customer: 9,
  current_state: 2,
  conversion_rate: "1.000000",
  total_paid_tax_excl: incl,
  total_paid_tax_incl: incl,
  currency_code: "EUR",
  currency_decimals: 2,
  ...more,
});

const payment = (amount: string, more: Partial<ReferencePaymentRow> = {}): ReferencePaymentRow => ({
  order_reference: "SHARED",
  amount,
  conversion_rate: "1.000000",
  currency_code: "EUR",
  ...more,
});

describe("an order of the shop", () => {
  test("of a split cart gets its part of the payments, and the parts are the whole", () => {
    const totals = fc.array(fc.integer({ min: 0, max: 99_999 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(totals, fc.integer({ min: 0, max: 500_000 }), (minors, paid) => {
        const rows = minors.map((minor, index) => order(index + 1, (minor / 100).toFixed(6)));
        const decoded = decodeShopOrders({
          orders: rows,
          payments: [payment((paid / 100).toFixed(6))],
          slips: [],
        });
        const orders = [...decoded.values()];
        expect(orders.every(({ referencePaidMinor }) => referencePaidMinor === paid)).toBe(true);
        expect(orders.reduce((sum, { paidMinor }) => sum + paidMinor, 0)).toBe(paid);
        expect(orders[0]?.siblings).toEqual(rows.map((row) => row.id_order));
      }),
    );
  });

  test("counts a payment in another currency by the rates that the shop noted", () => {
    const decoded = decodeShopOrders({
      orders: [order(1, "24.00", { conversion_rate: "1.200000" })],
      payments: [
        payment("10.000000", { currency_code: "GBP", conversion_rate: "0.800000" }),
        payment("9.00", { conversion_rate: "7.000000" }),
      ],
      slips: [],
    });
    expect(decoded.get(1)?.paidMinor).toBe(1_500 + 900);
  });

  test("counts a slip with its shipping, and one of an old version by its amount", () => {
    const slip = { id_order: 1, total_products_tax_incl: "5.000000", amount: "4.000000" };
    const decoded = decodeShopOrders({
      orders: [order(1, "24.00")],
      payments: [],
      slips: [
        { ...slip, total_shipping_tax_incl: "2.505000" },
        { ...slip, total_products_tax_incl: null, total_shipping_tax_incl: null },
      ],
    });
    expect(decoded.get(1)?.creditedTaxInclMinor).toBe(500 + 251 + 400);
  });

  test("is left out where the shop no longer has its currency", () => {
    const orders = [order(1, "24.00", { currency_code: null, currency_decimals: null })];
    expect(decodeShopOrders({ orders, payments: [], slips: [] }).size).toBe(0);
  });
});
