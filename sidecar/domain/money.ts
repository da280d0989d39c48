import { DecodeError } from "./errors.ts";

/** A currency of the shop with the number of decimals that its amounts have (0 JPY, 2 EUR, 3 KWD). */
export interface Currency {
  /** ISO 4217 code, upper case. */
  readonly code: string;
  readonly decimals: 0 | 1 | 2 | 3;
}

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

/** Writes minor units as a decimal text of the currency, for instance 1250 → `12.50`. */
export function fromMinor(minor: number, currency: Currency): string {
  const digits = String(Math.abs(minor)).padStart(currency.decimals + 1, "0");
  const sign = minor < 0 ? "-" : "";
  if (currency.decimals === 0) return `${sign}${digits}`;
  const split = digits.length - currency.decimals;
  return `${sign}${digits.slice(0, split)}.${digits.slice(split)}`;
}
