import fc from "fast-check";
import { expect, test } from "vitest";
import { DecodeError } from "../../../../sidecar/domain/errors.ts";
import { encodeExchangeRate } from "../../../../sidecar/erp/netsuite/encode-rate.ts";

test.each([
  ["1.000000", "1"],
  ["1.100000", "0.909090909091"],
  ["2.000000", "0.5"],
  ["162.530000", "0.00615271026887"],
  ["25000.000000", "0.00004"],
  ["0.000040", "25000"],
  ["3", "0.333333333333"],
  ["0.3", "3.33333333333"],
])("a shop's rate of %s is %s to NetSuite", (shop, netsuite) => {
  expect(Number(encodeExchangeRate(shop))).toBe(Number(netsuite));
});

test.each(["0", "0.000000", "-1", "", "1e3", "abc"])("%j is no rate", (text) => {
  expect(() => encodeExchangeRate(text)).toThrow(DecodeError);
});

test("rate times inverse is one, to eleven digits, for every rate that a shop can store", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 9_999_999_999_999n }), (millionths) => {
      // DECIMAL(13,6) as MySQL writes it.
      const digits = String(millionths).padStart(7, "0");
      const inverse = encodeExchangeRate(`${digits.slice(0, -6)}.${digits.slice(-6)}`);
      const [whole = "", fraction = ""] = inverse.split(".");
      const scale = 10n ** BigInt(fraction.length + 6);
      const product = BigInt(whole + fraction) * millionths;
      const error = product > scale ? product - scale : scale - product;
      expect(error * 10n ** 11n <= scale).toBe(true);
    }),
  );
});

test("a rate survives the way through JSON without losing a digit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000_000_000 }), (millionths) => {
      const text = encodeExchangeRate((millionths / 1e6).toFixed(6));
      const digits = (value: string): string => value.replace(/^0\.0*|\./g, "").replace(/0+$/, "");
      const back = Number(text).toLocaleString("en-US", { useGrouping: false, maximumSignificantDigits: 15 });
      expect(digits(back)).toBe(digits(text));
    }),
  );
});
