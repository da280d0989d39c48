import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../../../sidecar/domain/errors.ts";
import { type Currency, fromMinor, toMinor } from "../../../sidecar/domain/money.ts";

const EUR: Currency = { code: "EUR", decimals: 2 };
const JPY: Currency = { code: "JPY", decimals: 0 };
const KWD: Currency = { code: "KWD", decimals: 3 };

describe("toMinor", () => {
  test.each([
    ["12.500000", EUR, 1250],
    ["0.005", EUR, 1],
    ["0.004999", EUR, 0],
    ["-0.005", EUR, -1],
    ["1099.500000", JPY, 1100],
    ["1.2345", KWD, 1235],
    ["7", EUR, 700],
  ])("reads %s of a currency as whole minor units, half away from zero", (text, currency, minor) => {
    expect(toMinor(text, currency)).toBe(minor);
  });

  test.each(["", "1,5", "1e3", "NaN", "--1", "12345678901234"])("refuses %j, which is no amount", (text) => {
    expect(() => toMinor(text, EUR)).toThrow(DecodeError);
  });

  test("an amount written and read again is the same amount, in every number of decimals", () => {
    const currency = fc.constantFrom(EUR, JPY, KWD);
    fc.assert(
      fc.property(currency, fc.integer({ min: -999_999_999, max: 999_999_999 }), (unit, minor) => {
        expect(toMinor(fromMinor(minor, unit), unit)).toBe(minor);
      }),
    );
  });

  test("rounding never moves an amount by more than half a minor unit", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000_000, max: 10_000_000 }), (millionths) => {
        const text = `${millionths < 0 ? "-" : ""}${Math.floor(Math.abs(millionths) / 1_000_000)}.${String(
          Math.abs(millionths) % 1_000_000,
        ).padStart(6, "0")}`;
        expect(Math.abs(toMinor(text, EUR) * 10_000 - millionths)).toBeLessThanOrEqual(5_000);
      }),
    );
  });
});
