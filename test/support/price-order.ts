/** Money in millionths of a unit, as whole numbers: the six decimals of the shop's columns, without floats. */
export type Micros = number;

const DECIMALS_OF_COLUMNS = 6;

export interface LineToPrice {
  readonly unitTaxExcl: Micros;
  readonly quantity: number;
}

export interface PricedLine {
  readonly unitTaxExcl: Micros;
  readonly unitTaxIncl: Micros;
  readonly totalTaxExcl: Micros;
  readonly totalTaxIncl: Micros;
  readonly unitTax: Micros;
  readonly totalTax: Micros;
}

export interface PricedOrder {
  readonly lines: readonly PricedLine[];
  readonly productsTaxExcl: Micros;
  readonly productsTaxIncl: Micros;
  readonly shippingTaxExcl: Micros;
  readonly shippingTaxIncl: Micros;
  readonly paidTaxExcl: Micros;
  readonly paidTaxIncl: Micros;
}

/** The shop's PS_ROUND_TYPE: each unit is rounded, or each line, or only the total. A fresh shop rounds lines. */
export type RoundType = 1 | 2 | 3;
const ROUND_ITEM = 1;
const ROUND_LINE = 2;

export interface Rounding {
  readonly currencyDecimals: number;
  readonly roundType: RoundType;
}

/**
 * An order's money as PrestaShop stores it, with one tax and no vouchers. In line and total mode the amount
 * paid sums unrounded lines, so that it can differ from the sum of the rounded ones by a minor unit or two.
 */
export function priceOrder(
  lines: readonly LineToPrice[],
  shippingTaxExcl: Micros,
  taxPercent: number,
  rounding: Rounding,
): PricedOrder {
  const round = (micros: Micros): Micros => roundTo(micros, rounding.currencyDecimals);
  const priced = lines.map((line) => priceLine(line, taxPercent, rounding));
  const shipping = round(shippingTaxExcl);
  const shippingTaxIncl = round(withTax(shipping, taxPercent));
  const exact = (unit: Micros, index: number): Micros =>
    (rounding.roundType === ROUND_ITEM ? round(unit) : unit) * (lines[index]?.quantity ?? 0);
  return {
    lines: priced,
    productsTaxExcl: round(sum(priced.map((line) => line.totalTaxExcl))),
    productsTaxIncl: round(sum(priced.map((line) => line.totalTaxIncl))),
    shippingTaxExcl: shipping,
    shippingTaxIncl,
    paidTaxExcl: round(sum(priced.map((line, index) => exact(line.unitTaxExcl, index))) + shipping),
    paidTaxIncl: round(sum(priced.map((line, index) => exact(line.unitTaxIncl, index))) + shippingTaxIncl),
  };
}

export function priceLine(line: LineToPrice, taxPercent: number, rounding: Rounding): PricedLine {
  const round = (micros: Micros): Micros => roundTo(micros, rounding.currencyDecimals);
  const { unitTaxExcl, quantity } = line;
  const unitTaxIncl = withTax(unitTaxExcl, taxPercent);
  const total = (unit: Micros): Micros => {
    if (rounding.roundType === ROUND_ITEM) return round(unit) * quantity;
    return rounding.roundType === ROUND_LINE ? round(unit * quantity) : unit * quantity;
  };
  const tax = unitTaxIncl - unitTaxExcl;
  return {
    unitTaxExcl,
    unitTaxIncl,
    totalTaxExcl: total(unitTaxExcl),
    totalTaxIncl: total(unitTaxIncl),
    unitTax: rounding.roundType === ROUND_ITEM ? round(tax) : tax,
    totalTax: total(tax),
  };
}

/** As the columns hold it: `12.340000`. */
export function fromMicros(micros: Micros): string {
  return (micros / 10 ** DECIMALS_OF_COLUMNS).toFixed(DECIMALS_OF_COLUMNS);
}

export function toMicros(decimal: string | number): Micros {
  return Math.round(Number(decimal) * 10 ** DECIMALS_OF_COLUMNS);
}

function withTax(micros: Micros, taxPercent: number): Micros {
  return Math.round((micros * (100 + taxPercent)) / 100);
}

/** Half up; the amounts here are never negative. */
export function roundTo(micros: Micros, decimals: number): Micros {
  const step = 10 ** (DECIMALS_OF_COLUMNS - decimals);
  return Math.round(micros / step) * step;
}

function sum(amounts: readonly Micros[]): Micros {
  return amounts.reduce((total, amount) => total + amount, 0);
}
