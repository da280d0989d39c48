import { DecodeError } from "../../domain/errors.ts";

const RATE = /^([0-9]{1,12})(?:\.([0-9]{1,12}))?$/;
/** Significant digits of an inverted rate: a JSON number carries 15, and NetSuite's own rates have fewer. */
const DIGITS = 12;

/**
 * Turns the shop's rate into NetSuite's. PrestaShop's `conversion_rate` says how many units of the order's currency
 * one unit of the default currency buys (USD 1.10 for EUR 1); NetSuite's `exchangeRate` says what one unit of the
 * order's currency is worth in the base currency (0.909…). Whole-number arithmetic, rounded half up once, to 12
 * significant digits; no float is involved.
 * @throws DecodeError where the text is no positive decimal number.
 */
export function encodeExchangeRate(conversionRate: string): string {
  const match = RATE.exec(conversionRate);
  const fraction = match?.[2] ?? "";
  const units = BigInt(`${match?.[1] ?? "0"}${fraction}`);
  if (units === 0n) throw new DecodeError(`"${conversionRate}" is not a conversion rate`);
  // 1 / (units / 10^scale) = 10^scale / units.
  const numerator = 10n ** BigInt(fraction.length);
  const decimals = decimalsFor(numerator, units);
  const shifted = numerator * 10n ** BigInt(decimals);
  return pointed((shifted * 2n + units) / (units * 2n), decimals);
}

/** Decimals that give the quotient `DIGITS` significant digits: more for a rate of 0.00004, fewer for 25,000. */
function decimalsFor(numerator: bigint, denominator: bigint): number {
  const wholeDigits = numerator >= denominator ? String(numerator / denominator).length : 0;
  const leadingZeros = numerator < denominator ? String(denominator / numerator).length - 1 : 0;
  return Math.max(0, DIGITS - wholeDigits + leadingZeros);
}

function pointed(value: bigint, decimals: number): string {
  if (decimals === 0) return String(value);
  const digits = String(value).padStart(decimals + 1, "0");
  const split = digits.length - decimals;
  return `${digits.slice(0, split)}.${digits.slice(split)}`.replace(/\.?0+$/, "");
}
