import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePrice } from "../../../../sidecar/erp/tryton/encode-price.ts";

/** Quantity × price as Tryton rounds it (Decimal, ROUND_HALF_EVEN), in minor units. */
function trytonAmount(quantity: number, unitPrice: string, currencyDecimals: number): number {
  const [whole = "0", fraction = ""] = unitPrice.replace("-", "").split(".");
  const scaled = BigInt(whole + fraction) * BigInt(quantity);
  const step = 10n ** BigInt(fraction.length - currencyDecimals);
  const floor = scaled / step;
  const twice = 2n * (scaled % step);
  const up = twice > step || (twice === step && floor % 2n === 1n);
  return Number(up ? floor + 1n : floor) * (unitPrice.startsWith("-") ? -1 : 1);
}

describe("pieces at a price", () => {
  test("always come to the total by Tryton's own rounding, with all their pieces", () => {
    const digits = fc.constantFrom(
      { currency: 0, price: 4 },
      { currency: 2, price: 4 },
      { currency: 3, price: 4 },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: -5_000_000, max: 5_000_000 }),
        fc.integer({ min: 1, max: 5_000 }),
        digits,
        (totalMinor, quantity, decimals) => {
          const pieces = encodePrice(totalMinor, quantity, decimals);
          const amounts = pieces.map((part) =>
            trytonAmount(part.quantity, part.unitPrice, decimals.currency),
          );
          expect(amounts).toEqual(pieces.map(({ amountMinor }) => amountMinor));
          expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(totalMinor);
          expect(pieces.reduce((sum, part) => sum + part.quantity, 0)).toBe(quantity);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("are one line where one price gives the total, as it does below a hundred pieces", () => {
    expect(encodePrice(1_001, 3, { currency: 2, price: 4 })).toEqual([
      { quantity: 3, unitPrice: "3.3367", amountMinor: 1_001 },
    ]);
    expect(encodePrice(5_970, 3, { currency: 0, price: 4 })).toEqual([
      { quantity: 3, unitPrice: "1990.0000", amountMinor: 5_970 },
    ]);
  });

  test("leave the rest to one piece where no price gives the total", () => {
    const pieces = encodePrice(100_001, 700, { currency: 2, price: 4 });
    expect(pieces.map(({ quantity }) => quantity)).toEqual([699, 1]);
  });
});
