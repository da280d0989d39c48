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

/** An order's money in PrestaShop's item mode: each unit is rounded, then multiplied. One tax, no vouchers. */
export function priceOrder(
  lines: readonly LineToPrice[],
  shippingTaxExcl: Micros,
  taxPercent: number,
  currencyDecimals: number,
): PricedOrder {
  const priced = lines.map((line) => priceLine(line, taxPercent, currencyDecimals));
  const productsTaxExcl = sum(priced.map((line) => line.totalTaxExcl));
  const productsTaxIncl = sum(priced.map((line) => line.totalTaxIncl));
  const shipping = roundTo(shippingTaxExcl, currencyDecimals);
  const shippingTaxIncl = roundTo(withTax(shipping, taxPercent), currencyDecimals);
  return {
    lines: priced,
    productsTaxExcl,
    productsTaxIncl,
    shippingTaxExcl: shipping,
    shippingTaxIncl,
    paidTaxExcl: productsTaxExcl + shipping,
    paidTaxIncl: productsTaxIncl + shippingTaxIncl,
  };
}

export function priceLine(line: LineToPrice, taxPercent: number, currencyDecimals: number): PricedLine {
  const unitTaxIncl = withTax(line.unitTaxExcl, taxPercent);
  const roundedTaxExcl = roundTo(line.unitTaxExcl, currencyDecimals);
  const roundedTaxIncl = roundTo(unitTaxIncl, currencyDecimals);
  const unitTax = roundedTaxIncl - roundedTaxExcl;
  return {
    unitTaxExcl: line.unitTaxExcl,
    unitTaxIncl,
    totalTaxExcl: roundedTaxExcl * line.quantity,
    totalTaxIncl: roundedTaxIncl * line.quantity,
    unitTax,
    totalTax: unitTax * line.quantity,
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
function roundTo(micros: Micros, decimals: number): Micros {
  const step = 10 ** (DECIMALS_OF_COLUMNS - decimals);
  return Math.round(micros / step) * step;
}

function sum(amounts: readonly Micros[]): Micros {
  return amounts.reduce((total, amount) => total + amount, 0);
}
