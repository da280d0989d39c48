import { MappingMissingError } from "../../domain/errors.ts";
import type { ErpRef } from "../../domain/ids.ts";
import { fromMinor } from "../../domain/money.ts";
import {
  type NeutralOrder,
  type OrderBody,
  type OrderLine,
  type OrderTax,
  taxRefKey,
} from "../../domain/order.ts";
import { splitDiscount } from "../../domain/split-discount.ts";
import { ErpRejectedError } from "../port.ts";
import { encodePrice } from "./encode-price.ts";
import { encodeDate, encodeDecimal, type TrytonDate, type TrytonDecimal } from "./encode-values.ts";
import type { TrytonSettings } from "./settings.ts";

/** A line of a sale before Tryton's ids of units are known. */
export interface PlannedLine {
  readonly productId: string;
  readonly quantity: number;
  readonly unitPrice: string;
  /** What Tryton makes of quantity and price. */
  readonly amountMinor: number;
  readonly description: string;
  readonly taxIds: readonly string[];
}

/** A line of a sale as Tryton takes it. */
export interface SaleLine {
  readonly type: "line";
  readonly sequence: number;
  readonly product: number;
  readonly unit: number;
  readonly quantity: number;
  readonly unit_price: TrytonDecimal;
  readonly description: string;
  readonly taxes: readonly (readonly ["add", readonly number[]])[];
}

/** What follows from the shop's order alone, without addresses and lines. */
export interface SaleHead {
  readonly party: number;
  readonly currency: number;
  readonly sale_date: TrytonDate;
  readonly reference: string;
  readonly description: string;
  readonly warehouse?: number;
  /** Of a credit: the sale that it takes back from. */
  readonly origin?: string;
}

/**
 * The lines of a sale: the shop's, then shipping, wrapping, vouchers, and what the shop's own rows miss by rounding.
 * Their amounts without tax add up to the total paid. The taxes are Tryton's to reckon; see `encodeTaxDifference`.
 * @throws MappingMissingError where an item, a tax or one of the services is not configured.
 */
export function encodeLines(body: OrderBody, settings: TrytonSettings): readonly PlannedLine[] {
  const { order } = body;
  const idsOf = (taxed: Taxed, taxes: readonly OrderTax[]): readonly string[] =>
    taxIdsOf(body.refs?.taxes?.[taxRefKey(taxed)], taxes, settings);
  const service = (
    name: Service,
    amountMinor: number,
    taxIds: readonly string[],
    description: string,
  ): PlannedLine => {
    const unitPrice = fromMinor(amountMinor, order.currency);
    return {
      productId: requireService(name, settings),
      quantity: 1,
      unitPrice,
      amountMinor,
      description,
      taxIds,
    };
  };
  const fee = (name: "shipping" | "wrapping", taxes: readonly OrderTax[], description: string) => {
    const amountMinor = order[`${name}TaxExclMinor`];
    if (amountMinor === 0 && order[`${name}TaxInclMinor`] === 0) return [];
    return [service(name, amountMinor, idsOf(name, taxes), description)];
  };
  // A voucher takes from the goods of each rate, and a line has the taxes of one.
  const vouchers = splitDiscount(
    order,
    (line) => idsOf(line, taxesOnPrice(line)).join("+"),
    order.shippingTaxes.length === 0 ? "" : idsOf("shipping", order.shippingTaxes).join("+"),
  );
  const rounding = order.roundingTaxExclMinor;
  return [
    ...order.lines.flatMap((line) => encodeLine(line, body, idsOf(line, taxesOnPrice(line)), settings)),
    ...fee("shipping", order.shippingTaxes, order.carrierName || "Shipping"),
    ...fee("wrapping", statedTaxes(order, settings), "Gift wrapping"),
    ...vouchers.map(({ taxExclMinor, group }) =>
      service(
        "discount",
        0 - taxExclMinor,
        group.split("+").filter((id) => id !== ""),
        voucherNames(order),
      ),
    ),
    // Its taxes are cents that no rate explains; they come with the difference of the taxes.
    ...(rounding === 0 ? [] : [service("rounding", rounding, [], "Rounding of the shop")]),
  ];
}

/** What Tryton has to come to. */
export function expectedTotals(order: NeutralOrder): {
  readonly untaxedMinor: number;
  readonly taxMinor: number;
} {
  return {
    untaxedMinor: order.totalPaidTaxExclMinor,
    taxMinor: order.totalPaidTaxInclMinor - order.totalPaidTaxExclMinor,
  };
}

/**
 * The line that carries the cents by which Tryton's reckoning of the taxes differs from the shop's: no amount, but a
 * fixed tax for each piece. Undefined where they agree.
 * @throws ErpRejectedError where they differ by more than rounding does, or nothing is configured to carry it.
 */
export function encodeTaxDifference(
  order: NeutralOrder,
  reckonedTaxMinor: number,
  lines: number,
  settings: TrytonSettings,
): PlannedLine | undefined {
  const differenceMinor = expectedTotals(order).taxMinor - reckonedTaxMinor;
  if (differenceMinor === 0) return undefined;
  const told = `Tryton reckons a tax of ${fromMinor(reckonedTaxMinor, order.currency)} for this order, and the shop has ${fromMinor(expectedTotals(order).taxMinor, order.currency)} ${order.currency.code}`;
  // Each line, tax and total is rounded once by the shop and once by Tryton.
  if (Math.abs(differenceMinor) > 2 + lines + beyondRatesMinor(order)) {
    throw new ErpRejectedError(`${told}: compare erp.tryton.taxes with the rates of Tryton's taxes`);
  }
  const { taxDifference } = settings;
  if (taxDifference === undefined) throw new MappingMissingError(`${told}: set erp.tryton.taxDifference`);
  const quantity = (differenceMinor * 10 ** decimalsOf(taxDifference.unit)) / 10 ** order.currency.decimals;
  if (!Number.isInteger(quantity)) {
    throw new MappingMissingError(
      `${told}: erp.tryton.taxDifference.unit ${taxDifference.unit} is too large for ${order.currency.code}`,
    );
  }
  return {
    productId: taxDifference.productId,
    quantity,
    unitPrice: "0",
    amountMinor: 0,
    description: "Difference of the taxes to the shop's",
    taxIds: [taxDifference.taxId],
  };
}

/** A line with its product's unit of sale. */
export function encodeSaleLine(
  line: PlannedLine,
  index: number,
  units: ReadonlyMap<string, number>,
): SaleLine {
  const unit = units.get(line.productId);
  if (unit === undefined) {
    throw new ErpRejectedError(
      `item ${line.productId} of line ${String(index + 1)} ("${line.description}") is not in Tryton`,
    );
  }
  return {
    type: "line",
    sequence: index + 1,
    product: Number(line.productId),
    unit,
    quantity: line.quantity,
    unit_price: encodeDecimal(line.unitPrice),
    description: line.description,
    taxes: line.taxIds.length === 0 ? [] : [["add", line.taxIds.map(Number)]],
  };
}

/** The head of a sale; `currencyId` is Tryton's. */
export function encodeHead(body: OrderBody, currencyId: number, settings: TrytonSettings): SaleHead {
  return {
    party: Number(body.customerRef),
    currency: currencyId,
    sale_date: encodeDate(body.order.placedAtShopTime),
    reference: body.externalId,
    description: descriptionOf(body.order),
    ...(settings.warehouseId === undefined ? {} : { warehouse: Number(settings.warehouseId) }),
  };
}

/** What people find the sale by: the shop's reference, how it was paid, and the shop's invoices where those are told. */
function descriptionOf({ invoiceNumbers, paymentMethod, reference }: NeutralOrder): string {
  const invoices = invoiceNumbers === undefined ? "" : `Invoice ${invoiceNumbers.join(", ")}`;
  return [reference, paymentMethod, invoices].filter((text) => text !== "").join(" ");
}

function encodeLine(
  line: OrderLine,
  { order, itemRefs }: OrderBody,
  taxIds: readonly string[],
  settings: TrytonSettings,
): readonly PlannedLine[] {
  const item = itemRefs[line.productKey];
  if (item === undefined) {
    throw new MappingMissingError(`product ${line.productKey} (${line.sku}) has no item in Tryton`);
  }
  const digits = { currency: order.currency.decimals, price: settings.priceDecimals };
  return encodePrice(line.totalTaxExclMinor, line.quantity, digits).map((pieces) => ({
    ...pieces,
    productId: item,
    description: [line.name, line.customisation].filter((text) => text !== "").join("\n"),
    taxIds,
  }));
}

/** An ecotax at a rate of its own is a tax on a part of the price, which a line of Tryton has no place for. */
const isEcotax = (line: OrderLine, tax: OrderTax): boolean =>
  tax.taxId === 0 && Number(line.ecotax) !== 0 && tax.ratePercent === line.ecotaxRatePercent;

const taxesOnPrice = (line: OrderLine): readonly OrderTax[] =>
  line.taxes.filter((tax) => !isEcotax(line, tax));

/**
 * The shop states no rate of its wrapping: it is the one that gives both its amounts, to a minor unit. In yen none may do
 * so, since the shop rounds the wrapping's price to whole units before it converts it.
 */
function statedTaxes(order: NeutralOrder, settings: TrytonSettings): readonly OrderTax[] {
  const { wrappingTaxes, wrappingTaxExclMinor, wrappingTaxInclMinor } = order;
  return wrappingTaxes.flatMap((tax) => {
    if (tax.taxId !== 0) return [tax];
    const reckonedOff = (rate: string): number =>
      Math.abs((wrappingTaxExclMinor * Number(rate)) / 100 - (wrappingTaxInclMinor - wrappingTaxExclMinor));
    const rate = Object.keys(settings.taxes).find((known) => reckonedOff(known) <= 1);
    return rate === undefined ? [] : [{ ...tax, ratePercent: rate }];
  });
}

/**
 * How much of the order's tax no rate on a whole price explains: that of an ecotax at a rate of its own, once more where
 * a voucher takes it off, that of a wrapping whose rate the shop does not state, and what comes of rounding both prices of
 * each piece.
 */
function beyondRatesMinor(order: NeutralOrder): number {
  const ecotaxes = order.lines.map((line) => {
    const own = taxesOnPrice(line);
    if (own.length === line.taxes.length) return 0;
    const percent = own.reduce((sum, tax) => sum + Number(tax.ratePercent), 0);
    const taxMinor = line.totalTaxInclMinor - line.totalTaxExclMinor;
    return Math.abs(taxMinor - (line.totalTaxExclMinor * percent) / 100);
  });
  const isUnstated = order.wrappingTaxes.some(({ taxId }) => taxId === 0);
  const wrappingMinor = isUnstated ? order.wrappingTaxInclMinor - order.wrappingTaxExclMinor : 0;
  // Half a unit of the price with tax, and of the price without it as much as its rate.
  const pieceMinor = order.rounding === "item" ? 0.6 : 0;
  const pieces = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const ecotaxMinor = ecotaxes.reduce((sum, minor) => sum + minor, 0);
  return Math.ceil(2 * ecotaxMinor + pieces * pieceMinor) + wrappingMinor;
}

type Taxed = Parameters<typeof taxRefKey>[0];
type Service = "shipping" | "wrapping" | "discount" | "rounding";

const MAPPED = /^[1-9][0-9]{0,8}(,[1-9][0-9]{0,8})*$/;

/** Ids of Tryton's taxes: those that people mapped (`3`, or `3,4` where two apply together), else by rate. */
function taxIdsOf(
  mapped: ErpRef | undefined,
  taxes: readonly OrderTax[],
  settings: TrytonSettings,
): readonly string[] {
  if (mapped !== undefined) {
    if (MAPPED.test(mapped)) return mapped.split(",");
    throw new MappingMissingError(`the tax code "${mapped}" is no id of a tax of Tryton`);
  }
  const rates = taxes.map(({ ratePercent }) => ratePercent).filter((rate) => Number(rate) !== 0);
  return [...new Set(rates)].map((rate) => taxId(rate, settings));
}

const decimalsOf = (unit: string): number => unit.split(".")[1]?.length ?? 0;

const voucherNames = (order: NeutralOrder): string =>
  order.discounts
    .map(({ name }) => name)
    .filter((name) => name !== "")
    .join(", ") || "Vouchers";

function taxId(ratePercent: string, settings: TrytonSettings): string {
  const id = settings.taxes[ratePercent];
  if (id === undefined) {
    throw new MappingMissingError(`a tax of ${ratePercent} % is missing in erp.tryton.taxes`);
  }
  return id;
}

function requireService(name: Service, settings: TrytonSettings): string {
  const id = settings[`${name}ProductId`];
  if (id === undefined) {
    throw new MappingMissingError(
      `the order has an amount for ${name}, and erp.tryton.${name}ProductId is not set`,
    );
  }
  return id;
}
