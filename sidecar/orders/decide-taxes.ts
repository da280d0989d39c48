/**
 * Which tax makes how much of an amount. The shop's own tax rows cannot be built on: they are taken after vouchers,
 * miss the ecotax's part, and are wrong by rate where a gift meets mixed rates. So the tax of each amount, which is the
 * difference of its two sides, is divided over the taxes that apply to it, and always adds up to it.
 */
import { allot, type Currency, microsPerMinor, toMicros } from "../domain/money.ts";
import type { OrderTax } from "../domain/order.ts";
import { addUpTaxes, spreadTax, taxesKey } from "../domain/order-taxes.ts";
import { type DiscountedOrder, splitDiscount } from "../domain/split-discount.ts";

/** A tax that applies, and its share of what all that apply with it make. */
interface Share {
  readonly taxId: number;
  readonly name: string;
  readonly ratePercent: string;
  readonly weight: bigint;
}

/** Taxes that apply together, and what they come to in millionths of a percent. */
export interface TaxMix {
  readonly shares: readonly Share[];
  readonly rateMicros: bigint;
}

/** A tax as the shop has it. */
export interface AppliedTax {
  readonly taxId: number;
  readonly name: string;
  readonly ratePercent: string;
}

const HUNDRED_PERCENT = 100_000_000n;

/** The taxes of a line. Compound: each is taken on the price with the ones before it. */
export function mixOf(taxes: readonly AppliedTax[], compound: boolean): TaxMix {
  let reached = HUNDRED_PERCENT;
  const shares = taxes.map((tax) => {
    const rate = toMicros(tax.ratePercent);
    const weight = compound ? (reached * rate) / HUNDRED_PERCENT : rate;
    reached += weight;
    return { ...tax, weight };
  });
  return { shares, rateMicros: reached - HUNDRED_PERCENT };
}

/** What the taxes of a line are decided by. */
export interface LineToTax {
  readonly currency: Currency;
  readonly quantity: number;
  /** The difference of the line's two totals. */
  readonly taxMinor: number;
  readonly mix: TaxMix;
  /** Of one piece, before the group's reduction. */
  readonly ecotax: string;
  readonly ecotaxRatePercent: string;
  readonly groupReductionPercent: string;
  /** How the line names its tax, where the shop has no row of it. */
  readonly unknown: { readonly name: string; readonly ratePercent: string };
}

/** The taxes of a line, its ecotax's included: that one goes to a tax of its rate, if the line has one. */
export function decideLineTaxes(line: LineToTax): readonly OrderTax[] {
  const ecotaxMinor = ecotaxPart(line);
  const rest = share(line.taxMinor - ecotaxMinor, line.mix.shares);
  if (rest.length === 0 && line.taxMinor !== ecotaxMinor) {
    rest.push({ taxId: 0, ...line.unknown, amountMinor: line.taxMinor - ecotaxMinor });
  }
  if (ecotaxMinor === 0) return rest;
  const rate = toMicros(line.ecotaxRatePercent);
  const same = line.mix.shares.find(({ ratePercent }) => toMicros(ratePercent) === rate);
  const ecotax = {
    taxId: same?.taxId ?? 0,
    name: same?.name ?? "Ecotax",
    ratePercent: same?.ratePercent ?? line.ecotaxRatePercent,
    amountMinor: ecotaxMinor,
  };
  return addUpTaxes([...rest, ecotax]);
}

/** Prices leave out the group's share of the ecotax, though its column keeps it; never more than the line's tax. */
function ecotaxPart(line: LineToTax): number {
  const rate = toMicros(line.ecotaxRatePercent);
  if (rate === 0n || line.taxMinor <= 0) return 0;
  const left = HUNDRED_PERCENT - toMicros(line.groupReductionPercent);
  const micros =
    (BigInt(line.quantity) * toMicros(line.ecotax) * left * rate) / (HUNDRED_PERCENT * HUNDRED_PERCENT);
  const step = microsPerMinor(line.currency);
  return Math.min(line.taxMinor, Number((micros + step / 2n) / step));
}

/** Shipping or wrapping. */
export interface Fee {
  readonly taxExclMinor: number;
  readonly taxInclMinor: number;
  /** What the shop states, or undefined: then the rate is the one of a line that gives these two amounts. */
  readonly ratePercent: string | undefined;
}

/** The taxes of a fee: those of a line with the same rate, since the shop keeps no tax rows of its fees. */
export function decideFeeTaxes(fee: Fee, mixes: readonly TaxMix[]): readonly OrderTax[] {
  const taxMinor = fee.taxInclMinor - fee.taxExclMinor;
  if (taxMinor === 0) return [];
  const mix = mixes.find((candidate) => fits(fee, taxMinor, candidate));
  if (mix !== undefined) return share(taxMinor, mix.shares);
  const ratePercent = fee.ratePercent ?? impliedRate(fee.taxExclMinor, taxMinor);
  return [{ taxId: 0, name: "", ratePercent, amountMinor: taxMinor }];
}

function fits(fee: Fee, taxMinor: number, { shares, rateMicros }: TaxMix): boolean {
  if (shares.length === 0) return false;
  // A compound rate has more decimals than the shop's three.
  if (fee.ratePercent !== undefined) return size(rateMicros - toMicros(fee.ratePercent)) <= 500n;
  const tax = (BigInt(fee.taxExclMinor) * rateMicros) / HUNDRED_PERCENT;
  return size(tax - BigInt(taxMinor)) <= 1n;
}

function impliedRate(taxExclMinor: number, taxMinor: number): string {
  return taxExclMinor === 0 ? "0.000" : ((taxMinor * 100) / taxExclMinor).toFixed(3);
}

/** The taxes that the vouchers took off: in each part of the order as its own taxes stand to each other. */
export function decideDiscountTaxes(order: DiscountedOrder): readonly OrderTax[] {
  const shipping = taxesKey(order.shippingTaxes);
  const parts = splitDiscount(order, (line) => taxesKey(line.taxes), shipping);
  return addUpTaxes(parts.flatMap((part) => part.taxes));
}

/** The tax of the rounding goes to the order's largest, whose rounding it is. */
export function decideRoundingTaxes(taxMinor: number, all: readonly OrderTax[]): readonly OrderTax[] {
  const [largest] = [...all].sort((a, b) => b.amountMinor - a.amountMinor);
  return spreadTax(taxMinor, largest === undefined ? [] : [largest]);
}

/** The same taxes with the other sign. */
export const negated = (taxes: readonly OrderTax[]): readonly OrderTax[] =>
  taxes.map((tax) => ({ ...tax, amountMinor: 0 - tax.amountMinor }));

/** Divides an amount over taxes by their weights. */
function share(amountMinor: number, shares: readonly Share[]): OrderTax[] {
  const weights = shares.map(({ weight }) => weight);
  const parts = allot(amountMinor, weights);
  return shares.map(({ taxId, name, ratePercent }, index) => ({
    taxId,
    name,
    ratePercent,
    amountMinor: parts[index] ?? 0,
  }));
}

const size = (value: bigint): bigint => (value < 0n ? -value : value);
