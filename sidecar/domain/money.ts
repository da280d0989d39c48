import { DecodeError } from "./errors.ts";

/** A currency of the shop with the number of decimals that its amounts have (0 JPY, 2 EUR, 3 KWD). */
export interface Currency {
  /** ISO 4217 code, upper case. */
  readonly code: string;
  readonly decimals: 0 | 1 | 2 | 3;
}

const MICRO_DECIMALS = 6;
const DECIMAL = /^(-?)([0-9]{1,12})(?:\.([0-9]{1,12}))?$/;

/**
 * Turns a DECIMAL column, as text, into whole minor units, rounding half away from zero as PrestaShop's default
 * does. No float is involved.
 * @throws DecodeError where the text is no plain decimal number.
 */
export function toMinor(decimal: string, currency: Currency): number {
  const match = DECIMAL.exec(decimal);
  if (match === null) throw new DecodeError(`"${decimal}" is not a decimal number`);
  const fraction = (match[3] ?? "").padEnd(currency.decimals + 1, "0");
  const kept = Number(`${match[2] ?? "0"}${fraction.slice(0, currency.decimals)}`);
  const rounded = Number(fraction.charAt(currency.decimals)) >= 5 ? kept + 1 : kept;
  if (!Number.isSafeInteger(rounded)) throw new DecodeError(`${decimal} is too large an amount`);
  return match[1] === "-" && rounded !== 0 ? -rounded : rounded;
}

/**
 * A DECIMAL column, as text, in millionths: six decimals, as the shop's columns hold them. No float is involved.
 * @throws DecodeError where the text is no plain decimal number, or has more than six decimals.
 */
export function toMicros(decimal: string): bigint {
  const match = DECIMAL.exec(decimal);
  const fraction = (match?.[3] ?? "").replace(/0+$/, "");
  if (match === null || fraction.length > MICRO_DECIMALS)
    throw new DecodeError(`"${decimal}" is not a decimal number of six decimals`);
  const micros = BigInt(`${match[2] ?? "0"}${fraction.padEnd(MICRO_DECIMALS, "0")}`);
  return match[1] === "-" ? -micros : micros;
}

/** Millionths in one minor unit: 10,000 in a cent. */
export const microsPerMinor = (currency: Currency): bigint =>
  10n ** BigInt(MICRO_DECIMALS - currency.decimals);

/**
 * Divides an amount by weight into whole minor units that add up to it; what is left over goes to the largest
 * remainders. Where no weight is above 0 the first part is the whole.
 */
export function allot(amountMinor: number, weights: readonly bigint[]): readonly number[] {
  const given = weights.map((weight) => (weight > 0n ? weight : 0n));
  const sum = given.reduce((all, weight) => all + weight, 0n);
  if (sum === 0n) return given.map((_, index) => (index === 0 ? amountMinor : 0));
  const amount = BigInt(Math.abs(amountMinor));
  const parts = given.map((weight) => Number((amount * weight) / sum));
  const left = Math.abs(amountMinor) - parts.reduce((all, part) => all + part, 0);
  const byRemainder = given
    .map((weight, index) => ({ index, remainder: (amount * weight) % sum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder < b.remainder ? 1 : -1));
  const raised = new Set(byRemainder.slice(0, left).map(({ index }) => index));
  const sign = amountMinor < 0 ? -1 : 1;
  // `+ 0` makes 0 of −0, which would be another text.
  return parts.map((part, index) => sign * (part + (raised.has(index) ? 1 : 0)) + 0);
}

/** Writes minor units as a decimal text of the currency, for instance 1250 → `12.50`. */
export function fromMinor(minor: number, currency: Currency): string {
  const digits = String(Math.abs(minor)).padStart(currency.decimals + 1, "0");
  const sign = minor < 0 ? "-" : "";
  if (currency.decimals === 0) return `${sign}${digits}`;
  const split = digits.length - currency.decimals;
  return `${sign}${digits.slice(0, split)}.${digits.slice(split)}`;
}
