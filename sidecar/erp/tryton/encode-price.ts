/** Pieces at a price, which come to a whole number of minor units by Tryton's own rounding. */
export interface PricedPieces {
  readonly quantity: number;
  /** Decimal text. */
  readonly unitPrice: string;
  readonly amountMinor: number;
}

/**
 * Prices pieces so that Tryton, which has no field for a line's amount, comes to exactly `totalMinor`: it rounds
 * quantity × unit price, and a unit price has few decimals. Where no price gives the total (it takes hundreds of
 * pieces), one piece is priced apart and takes up the rest.
 */
export function encodePrice(
  totalMinor: number,
  quantity: number,
  digits: { readonly currency: number; readonly price: number },
): readonly PricedPieces[] {
  // In steps of the unit price, of which a minor unit has `step`.
  const step = 10n ** BigInt(digits.price - digits.currency);
  const total = BigInt(totalMinor) * step;
  const pieces = BigInt(quantity);
  const price = nearest(total, pieces);
  if (2n * abs(price * pieces - total) < step) {
    return [{ quantity, unitPrice: text(price, digits.price), amountMinor: totalMinor }];
  }
  const rest = pieces - 1n;
  let restPrice = price;
  // Tryton rounds halves to even, others do not; an amount that is none's half depends on nobody.
  while (2n * abs(restPrice * rest - nearest(restPrice * rest, step) * step) === step) restPrice -= 1n;
  const restMinor = Number(nearest(restPrice * rest, step));
  const lastMinor = totalMinor - restMinor;
  return [
    { quantity: quantity - 1, unitPrice: text(restPrice, digits.price), amountMinor: restMinor },
    { quantity: 1, unitPrice: text(BigInt(lastMinor) * step, digits.price), amountMinor: lastMinor },
  ];
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

/** `value / by`, to the nearest whole number, halves away from zero. */
function nearest(value: bigint, by: bigint): bigint {
  const rounded = (2n * abs(value) + by) / (2n * by);
  return value < 0n ? -rounded : rounded;
}

function text(value: bigint, decimals: number): string {
  const digits = abs(value)
    .toString()
    .padStart(decimals + 1, "0");
  const sign = value < 0n ? "-" : "";
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
