import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { erpRef } from "../../../sidecar/domain/ids.ts";
import {
  type Acknowledged,
  decideAuthor,
  decideOrderDifference,
  NOTHING_ACKNOWLEDGED,
  type OrderSide,
} from "../../../sidecar/reconcile/decide-order-difference.ts";

const AGREED: OrderSide = {
  currencyCode: "EUR",
  isCancelled: false,
  totalTaxExclMinor: 1_000,
  totalTaxInclMinor: 1_200,
  paidMinor: 1_200,
  creditedTaxInclMinor: 0,
  customerRef: erpRef("70"),
};

const amount = fc.integer({ min: -500, max: 500 });
const side: fc.Arbitrary<OrderSide> = fc.record({
  currencyCode: fc.constant("EUR"),
  isCancelled: fc.boolean(),
  totalTaxExclMinor: fc.option(amount, { nil: undefined }),
  totalTaxInclMinor: amount,
  paidMinor: fc.option(amount, { nil: undefined }),
  creditedTaxInclMinor: fc.option(amount, { nil: undefined }),
  customerRef: fc.option(fc.constantFrom("70", "71").map(erpRef), { nil: undefined }),
});
const acknowledged: fc.Arbitrary<Acknowledged> = fc.oneof(side, fc.constant(NOTHING_ACKNOWLEDGED));

const kindsOf = (...of: Parameters<typeof decideOrderDifference>): readonly string[] =>
  decideOrderDifference(...of).map(({ kind }) => kind);

describe("an order on both sides", () => {
  test("that says the same on both never differs, whatever was acknowledged", () => {
    fc.assert(
      fc.property(side, acknowledged, (both, before) => {
        expect(decideOrderDifference(both, both, before)).toEqual([]);
      }),
    );
  });

  test("differs in the same kinds whichever side is called the shop's", () => {
    const open = side.map((one) => ({ ...one, isCancelled: false }));
    fc.assert(
      fc.property(open, open, acknowledged, (one, other, before) => {
        expect(kindsOf(one, other, before)).toEqual(kindsOf(other, one, before));
      }),
    );
  });

  test("is never told of a value that a side does not say", () => {
    fc.assert(
      fc.property(side, side, acknowledged, (shop, erp, before) => {
        for (const { erp: inErp, shop: inShop } of decideOrderDifference(shop, erp, before)) {
          expect(inErp).not.toBeNull();
          expect(inShop).not.toBeNull();
          expect(inErp).not.toBe(inShop);
        }
      }),
    );
  });

  test("was edited by the side that no longer says what was acknowledged", () => {
    fc.assert(
      fc.property(side, side, side, (shop, erp, before) => {
        for (const { acknowledged: said, author, erp: inErp, shop: inShop } of decideOrderDifference(
          shop,
          erp,
          before,
        )) {
          expect(author === "erp").toBe(said !== null && inShop === said);
          expect(author === "shop").toBe(said !== null && inErp === said);
          expect(author === "both").toBe(said !== null && inErp !== said && inShop !== said);
          expect(author === "unknown").toBe(said === null);
        }
      }),
    );
  });

  test("has an author that nobody knows where nothing of it was kept", () => {
    const erp = { ...AGREED, totalTaxInclMinor: 1_300 };
    expect(decideOrderDifference(AGREED, erp, NOTHING_ACKNOWLEDGED)).toEqual([
      { kind: "total", shop: 1_200, erp: 1_300, acknowledged: null, author: "unknown" },
    ]);
  });

  test("that the ERP does not have never arrived, or is gone where it had arrived", () => {
    expect(decideOrderDifference(AGREED, "never-arrived", NOTHING_ACKNOWLEDGED)).toEqual([
      { kind: "never-arrived", shop: 1_200, erp: null, acknowledged: null, author: "never-arrived" },
    ]);
    expect(decideOrderDifference(AGREED, "gone-from-erp", AGREED)).toEqual([
      { kind: "gone-from-erp", shop: 1_200, erp: null, acknowledged: 1_200, author: "erp" },
    ]);
  });

  test("in another currency is told of that alone, since no amount can be compared", () => {
    const erp = { ...AGREED, currencyCode: "JPY", totalTaxInclMinor: 7 };
    expect(kindsOf(AGREED, erp, AGREED)).toEqual(["currency"]);
  });

  test("that the ERP has called off may come to nothing there, and its payments are still compared", () => {
    const erp = { ...AGREED, isCancelled: true, totalTaxInclMinor: 0, totalTaxExclMinor: 0, paidMinor: 0 };
    expect(kindsOf({ ...AGREED, isCancelled: true }, erp, AGREED)).toEqual(["paid"]);
    expect(kindsOf(AGREED, erp, AGREED)).toEqual(["cancelled", "paid"]);
  });
});

test("the author of an order is both sides where its differences have one each, and a doubt does not hide one that is known", () => {
  const of = (...authors: readonly ("erp" | "shop" | "both" | "unknown")[]) =>
    decideAuthor(authors.map((author) => ({ kind: "total", shop: 1, erp: 2, acknowledged: null, author })));
  expect([of(), of("erp", "erp"), of("erp", "shop"), of("unknown"), of("unknown", "shop")]).toEqual([
    ...[undefined, "erp", "both", "unknown", "shop"],
  ]);
});
