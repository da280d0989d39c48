import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NeutralOrder } from "../../../sidecar/domain/order.ts";
import { splitDiscount } from "../../../sidecar/domain/split-discount.ts";
import { line, sampleOrder } from "../../contract/sample-bodies.ts";

const RATES: readonly number[] = [20, 10, 5.5, 0];

/** A line of so many cents at a rate. */
function lineAt(id: number, ratePercent: number, amountMinor: number): NeutralOrder["lines"][number] {
  const taxMinor = Math.round((amountMinor * ratePercent) / 100);
  const taxes = [{ taxId: id, name: "", ratePercent: ratePercent.toFixed(3), amountMinor: taxMinor }];
  return {
    ...line(`${String(id)}:0`, 1, amountMinor),
    totalTaxInclMinor: amountMinor + taxMinor,
    taxes: ratePercent === 0 ? [] : taxes,
  };
}

/** Lines of 100.00 each at 20 %, 5.5 % and without tax, and a voucher. */
const withVoucher = (exclMinor: number, taxMinor: number, rates: readonly number[] = [20, 5.5, 0]) =>
  sampleOrder(1, {
    lines: rates.map((rate, index) => lineAt(index + 1, rate, 10_000)),
    discountsTaxExclMinor: exclMinor,
    discountsTaxInclMinor: exclMinor + taxMinor,
  });

const parts = (order: NeutralOrder): readonly (readonly [string, number, number])[] =>
  splitDiscount(order, (entry) => entry.taxes[0]?.ratePercent ?? "none", "shipping").map((part) => [
    part.group,
    part.taxExclMinor,
    part.taxInclMinor - part.taxExclMinor,
  ]);

describe("a voucher over several rates", () => {
  test("takes from each in proportion where that gives the shop's tax", () => {
    expect(parts(withVoucher(3_000, 255))).toEqual([
      ["20.000", 1_000, 200],
      ["5.500", 1_000, 55],
      ["none", 1_000, 0],
    ]);
  });

  test.each([
    ["20.000", 20, 600],
    ["5.500", 5.5, 165],
    ["none", 0, 0],
  ])("that was for one product takes all from its rate: %s", (group, _rate, taxMinor) => {
    expect(parts(withVoucher(3_000, taxMinor))).toEqual([[group, 3_000, taxMinor]]);
  });

  test("that fits no single rate takes as much from each as gives the shop's tax", () => {
    expect(parts(withVoucher(12_000, 2_051))).toEqual([
      ["20.000", 9_593, 1_919],
      ["5.500", 2_407, 132],
    ]);
  });

  test("always adds up to the order's discount on both sides", () => {
    const voucher = fc.record({
      rates: fc.array(fc.constantFrom(...RATES), { minLength: 1, maxLength: 5 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      taxShare: fc.double({ min: 0, max: 0.25, noNaN: true }),
    });
    fc.assert(
      fc.property(voucher, ({ rates, share, taxShare }) => {
        const exclMinor = Math.round(rates.length * 10_000 * share);
        const order = withVoucher(exclMinor, Math.round(exclMinor * taxShare), rates);
        const found = parts(order);
        const sum = (side: 1 | 2): number => found.reduce((total, part) => total + part[side], 0);
        expect([sum(1), sum(2)]).toEqual([exclMinor, Math.round(exclMinor * taxShare)]);
        for (const [, excl] of found) expect(excl).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("bears the tax of each part's own rate, wherever the rates can give the shop's tax at all", () => {
    // Of each product another share, as several vouchers for one product each take off.
    const taken = fc.record({
      rates: fc.uniqueArray(fc.constantFrom(...RATES), { minLength: 2, maxLength: 4 }),
      shares: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(taken, ({ rates, shares }) => {
        const off = rates.map((_, index) => Math.round(10_000 * (shares[index] ?? 0)));
        const exclMinor = off.reduce((sum, minor) => sum + minor, 0);
        const taxMinor = Math.round(
          rates.reduce((sum, rate, index) => sum + ((off[index] ?? 0) * rate) / 100, 0),
        );
        for (const [group, excl, tax] of parts(withVoucher(exclMinor, taxMinor, rates))) {
          const rate = group === "none" ? 0 : Number(group);
          expect(Math.abs(tax - (excl * rate) / 100)).toBeLessThanOrEqual(rates.length + 3);
        }
      }),
    );
  });
});
