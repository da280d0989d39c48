import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { erpRef, shopCustomerId, shopOrderId } from "../../../sidecar/domain/ids.ts";
import { decodeMonth, decodeScope } from "../../../sidecar/reconcile/decode-scope.ts";
import {
  decideMonthRow,
  encodeMonthRow,
  MONTH_HEADER,
  type MonthFacts,
  textCell,
} from "../../../sidecar/reconcile/encode-month-row.ts";

const FACTS: MonthFacts = {
  placed: { id: 7, placedAt: "2026-10-03 12:00:00", reference: "XKBKNABJK", currency: "EUR" },
  shop: {
    id: shopOrderId(7),
    reference: "XKBKNABJK",
    customerId: shopCustomerId(9),
    stateId: 2,
    currency: { code: "EUR", decimals: 2 },
    totalTaxExclMinor: 1_000,
    totalTaxInclMinor: 1_200,
    creditedTaxInclMinor: 0,
    referencePaidMinor: 1_200,
    paidMinor: 1_200,
    siblings: [shopOrderId(7)],
  },
  ref: erpRef("700"),
  check: {
    ...{ id_order: 7, checked_at: "2026-10-04 08:07:01.000000", currency: "EUR", decimals: 2 },
    ...{ shop_state: 2, shop_customer: 9, shop_excl: 1_000, shop_incl: 1_200, shop_paid: 1_200 },
    ...{ shop_credited: 0, reference_paid: 1_200, erp_ref: "700", erp_customer: "70", erp_cancelled: 0 },
    ...{ erp_excl: 1_000, erp_incl: 1_200, erp_paid: 1_200, erp_credited: 0, kinds: null, author: null },
    ...{ differences: null, first_seen_at: null, agreed_at: null, agreed: null },
  },
  job: { state: "done", code: null },
  isHistory: false,
  cancelledStates: [6],
};

const rowOf = (change: Partial<MonthFacts>): readonly string[] => {
  const facts = { ...FACTS, ...change };
  const row = decideMonthRow(facts);
  return [row.verdict, ...encodeMonthRow(facts, row)];
};

describe("a row of the month's report", () => {
  test("has both sides and agrees where they do", () => {
    expect(rowOf({})).toEqual([
      ...["agrees", "7", "XKBKNABJK", "2026-10-03 12:00:00", "EUR", "10.00", "12.00", "10.00", "12.00"],
      ...["12.00", "12.00", "0.00", "0.00", "0.00", "agrees", "700", "2026-10-04 08:07:01"],
    ]);
    expect(MONTH_HEADER).toHaveLength(rowOf({}).length - 1);
  });

  test("says what differs and who is likely to have made it so", () => {
    const differences = JSON.stringify([
      { kind: "total", shop: 1_200, erp: 1_300, acknowledged: 1_200, author: "erp" },
      { kind: "paid", shop: 1_200, erp: 0, acknowledged: 0, author: "shop" },
    ]);
    const check = FACTS.check && { ...FACTS.check, erp_incl: 1_300, erp_paid: 0, differences };
    const row = rowOf({ check, job: { state: "parked", code: "E_ERP_REJECTED" } });
    expect([row[0], row[8], row[13], row[14]]).toEqual([
      ...["differs", "13.00", "-1.00"],
      "differs: total (edited in the ERP); paid (edited in the shop, job parked, E_ERP_REJECTED)",
    ]);
  });

  test("that the ERP does not have says how its job stands, and misses its whole total", () => {
    const parked = rowOf({
      ...{ ref: undefined, check: undefined, job: { state: "parked", code: "E_MAPPING_MISSING" } },
    });
    expect([parked[0], parked[13], parked[14]]).toEqual([
      ...["absent", "12.00", "not in the ERP: job parked, E_MAPPING_MISSING"],
    ]);
    expect(rowOf({ ref: undefined, check: undefined, job: undefined })[14]).toContain("no job");
  });

  test("does not count what has no business in the ERP as missing", () => {
    const cancelled = FACTS.shop && { ...FACTS.shop, stateId: 6 };
    expect(rowOf({ ref: undefined, check: undefined, shop: cancelled })[0]).toBe("left-out");
    expect(rowOf({ ref: undefined, check: undefined, isHistory: true })[0]).toBe("history");
  });

  test.each([
    ["its total", { totalTaxInclMinor: 1_201 }],
    ["its total without tax", { totalTaxExclMinor: 1_001 }],
    ["a payment", { referencePaidMinor: 1_300 }],
    ["a credit slip", { creditedTaxInclMinor: 100 }],
    ["its customer", { customerId: shopCustomerId(10) }],
    ["a cancellation", { stateId: 6 }],
  ])("is not compared any more once %s has changed since", (_what, change) => {
    const row = rowOf({ shop: FACTS.shop && { ...FACTS.shop, ...change } });
    expect([row[0], row[14], row[16]]).toEqual(["uncompared", "not compared since it was changed", ""]);
  });

  test("is still compared after a change of state that is no cancellation", () => {
    expect(rowOf({ shop: FACTS.shop && { ...FACTS.shop, stateId: 5 } })[0]).toBe("agrees");
  });

  test("of an order that stands in the ERP as another record was not compared", () => {
    expect(rowOf({ ref: erpRef("701") })[0]).toBe("uncompared");
    expect(rowOf({ check: undefined })[14]).toBe("not compared");
  });
});

test("no cell begins as a formula does, and numbers stay numbers", () => {
  expect(["-12.50", "+3", "=1+1", "-cmd|x", "@SUM(A1)", "\tx", "REF"].map(textCell)).toEqual([
    ...["-12.50", "+3", "'=1+1", "'-cmd|x", "'@SUM(A1)", "'\tx", "REF"],
  ]);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const cell = textCell(text);
      expect(cell.endsWith(text)).toBe(true);
      expect(/^[=@\t\r]/.test(cell)).toBe(false);
    }),
  );
});

test("a scope is a number of days or a month, and a month ends where the next one begins", () => {
  expect(["3", "2026-10", "0", "2026-13", "x"].map(decodeScope)).toEqual([
    ...[{ kind: "days", days: 3 }, { kind: "month", month: "2026-10" }, undefined, undefined, undefined],
  ]);
  expect(decodeMonth("2026-02")).toEqual({ from: "2026-02-01 00:00:00", until: "2026-03-01 00:00:00" });
  expect(decodeMonth("2026-12")).toEqual({ from: "2026-12-01 00:00:00", until: "2027-01-01 00:00:00" });
});
