import { MappingMissingError, OrderTotalsError } from "../../domain/errors.ts";
import { fromMinor } from "../../domain/money.ts";
import {
  type NeutralOrder,
  type OrderBody,
  type OrderLine,
  type OrderTax,
  taxRefKey,
} from "../../domain/order.ts";
import { splitDiscount } from "../../domain/split-discount.ts";
import { codeGroup, type TaxedAmount } from "./encode-taxes.ts";
import type { NetSuiteSettings } from "./settings.ts";

/** Something that a sales order charges, or takes off: one line of it, or its shipping cost. */
export interface Charge extends TaxedAmount {
  /** Undefined for the shipping cost, which is no line. */
  readonly itemId: string | undefined;
  /** Undefined for a discount: NetSuite counts no pieces of it. */
  readonly quantity: number | undefined;
  /** Decimal text, without tax. */
  readonly rate: string;
  readonly description: string;
}

/** What charges follow from: an order, or a credit slip in the words of one. */
export type Charged = Pick<OrderBody, "itemRefs" | "refs" | "order">;

/** NetSuite's own name for what the tax details of the shipping cost refer to (Oracle section_1548673608). */
const SHIPPING_REFERENCE = "SHIPPING";

/**
 * All that the order is made of, in the order of its lines. They add up to what the shop's customer pays, without tax
 * and with it; what the shop's rows miss by rounding is a line of its own.
 * @throws MappingMissingError where an item or a setting is missing that the order needs; the message names it.
 * @throws OrderTotalsError where the order's own amounts do not obey the law; nothing is sent then.
 */
export function encodeCharges(body: Charged, settings: NetSuiteSettings): readonly Charge[] {
  const { order } = body;
  const charges = [
    ...order.lines.map((line) => lineCharge(line, body)),
    ...shippingCharge(body, settings),
    ...wrappingCharge(body, settings),
    ...discountCharges(body, settings),
    ...roundingCharge(body, settings),
  ];
  requireTotal(order, charges, settings);
  return charges;
}

/** Which code an amount bears. */
type Coding = Pick<Charge, "codeGroup" | "codeRef">;

/** What people mapped wins over the settings. */
function codingOf(body: Charged, key: string, taxes: readonly OrderTax[]): Coding {
  const codeRef = body.refs?.taxes?.[key];
  return { codeRef, codeGroup: codeRef ?? codeGroup(taxes) };
}

const lineCoding = (body: Charged, line: OrderLine): Coding => codingOf(body, taxRefKey(line), line.taxes);

function lineCharge(line: OrderLine, body: Charged): Charge {
  const item = body.itemRefs[line.productKey];
  if (item === undefined) {
    throw new MappingMissingError(`product ${line.productKey} (${line.sku}) has no item in NetSuite`);
  }
  const made = line.customisation === "" ? "" : ` (${line.customisation})`;
  return {
    reference: `LINE${String(line.id)}`,
    itemId: item,
    quantity: line.quantity,
    rate: line.unitPriceTaxExcl,
    description: `${line.name}${made}`.slice(0, DESCRIPTION_CHARS_MAX),
    taxExclMinor: line.totalTaxExclMinor,
    taxMinor: line.totalTaxInclMinor - line.totalTaxExclMinor,
    taxes: line.taxes,
    ...lineCoding(body, line),
  };
}

/** What NetSuite's field holds. */
const DESCRIPTION_CHARS_MAX = 4_000;

/**
 * The shipping cost is a field of its own. Its tax is only exact with tax details: with a tax code on each line NetSuite
 * would reckon it, so there the shipping is a line like the others. It is one as well where nothing else is (a slip that
 * gives back the shipping alone), because NetSuite takes no record without a line.
 */
function shippingCharge(body: Charged, settings: NetSuiteSettings): readonly Charge[] {
  const { order } = body;
  const { shippingTaxExclMinor: excl, shippingTaxInclMinor: incl } = order;
  const isAlone = order.lines.length === 0;
  const asLine = (settings.tax === "lineTaxCode" || isAlone) && (excl !== 0 || incl !== 0);
  const reference = asLine ? "SHIPPINGLINE" : SHIPPING_REFERENCE;
  const itemId = asLine ? needed(settings, "shippingLineItemId", "the shipping") : undefined;
  const coding = codingOf(body, taxRefKey("shipping"), order.shippingTaxes);
  const amounts = { taxExclMinor: excl, taxMinor: incl - excl, taxes: order.shippingTaxes };
  return [{ ...fee(order, reference, order.carrierName, excl), ...amounts, ...coding, itemId }];
}

function wrappingCharge(body: Charged, settings: NetSuiteSettings): readonly Charge[] {
  const { order } = body;
  const { wrappingTaxExclMinor: excl, wrappingTaxInclMinor: incl } = order;
  if (excl === 0 && incl === 0) return [];
  const itemId = needed(settings, "wrappingItemId", "the gift wrapping");
  const coding = codingOf(body, taxRefKey("wrapping"), order.wrappingTaxes);
  const amounts = { taxExclMinor: excl, taxMinor: incl - excl, taxes: order.wrappingTaxes };
  return [{ ...fee(order, "WRAPPING", "Gift wrapping", excl), ...amounts, ...coding, itemId }];
}

/** One line for each tax code, since a line has one. */
function discountCharges(body: Charged, settings: NetSuiteSettings): readonly Charge[] {
  const { order } = body;
  const codings = order.lines.map((line) => lineCoding(body, line));
  const shipping = codingOf(body, taxRefKey("shipping"), order.shippingTaxes);
  const refs = new Map([shipping, ...codings].map((coding) => [coding.codeGroup, coding.codeRef]));
  const parts = splitDiscount(order, (line) => lineCoding(body, line).codeGroup, shipping.codeGroup);
  return parts.map((part, index) => {
    const itemId = needed(settings, "discountItemId", "the vouchers");
    const taxExclMinor = 0 - part.taxExclMinor;
    return {
      ...fee(order, `DISCOUNT${String(index + 1)}`, discountNames(order), taxExclMinor),
      itemId,
      quantity: undefined,
      taxExclMinor,
      taxMinor: part.taxExclMinor - part.taxInclMinor,
      taxes: part.taxes.map((tax) => ({ ...tax, amountMinor: 0 - tax.amountMinor })),
      codeGroup: part.group,
      codeRef: refs.get(part.group),
    };
  });
}

function discountNames(order: NeutralOrder): string {
  const names = order.discounts.map(({ name, code }) => (code === "" ? name : `${name} (${code})`));
  return (names.length === 0 ? "Discount" : names.join(", ")).slice(0, DESCRIPTION_CHARS_MAX);
}

/** It bears the code of the line that bears most tax, whose rounding it most likely is. */
function roundingCharge(body: Charged, settings: NetSuiteSettings): readonly Charge[] {
  const { order } = body;
  const { roundingTaxExclMinor: excl, roundingTaxInclMinor: incl } = order;
  const isNothing = excl === 0 && (incl === 0 || settings.tax === "none");
  if (isNothing) return [];
  const itemId = needed(settings, "roundingItemId", "the rounding");
  const taxOf = (line: OrderLine): number => line.totalTaxInclMinor - line.totalTaxExclMinor;
  const [largest] = [...order.lines].sort((a, b) => taxOf(b) - taxOf(a));
  const codeRef = largest === undefined ? undefined : lineCoding(body, largest).codeRef;
  const coding = { codeRef, codeGroup: codeRef ?? codeGroup(order.roundingTaxes) };
  const amounts = { taxExclMinor: excl, taxMinor: incl - excl, taxes: order.roundingTaxes };
  return [{ ...fee(order, "ROUNDING", "Rounding", excl), ...amounts, ...coding, itemId }];
}

function fee(
  order: NeutralOrder,
  reference: string,
  description: string,
  taxExclMinor: number,
): Pick<Charge, "reference" | "description" | "quantity" | "rate"> {
  return { reference, description, quantity: 1, rate: fromMinor(taxExclMinor, order.currency) };
}

type ItemSetting = "shippingLineItemId" | "wrappingItemId" | "discountItemId" | "roundingItemId";

function needed(settings: NetSuiteSettings, name: ItemSetting, what: string): string {
  const id = settings[name];
  if (id === undefined)
    throw new MappingMissingError(
      `erp.netsuite.${name} is not set: ${what} of this order has no item in NetSuite`,
    );
  return id;
}

/** What is sent has to come to what the shop says. */
function requireTotal(order: NeutralOrder, charges: readonly Charge[], settings: NetSuiteSettings): void {
  const excl = charges.reduce((sum, charge) => sum + charge.taxExclMinor, 0);
  const incl = excl + charges.reduce((sum, charge) => sum + charge.taxMinor, 0);
  const sides = [
    { name: "without tax", is: excl, says: order.totalPaidTaxExclMinor },
    // Where no tax is sent, none has to agree.
    ...(settings.tax === "none" ? [] : [{ name: "with tax", is: incl, says: order.totalPaidTaxInclMinor }]),
  ];
  for (const { name, is, says } of sides) {
    if (is === says) continue;
    const [sent, stated] = [fromMinor(is, order.currency), fromMinor(says, order.currency)];
    throw new OrderTotalsError(
      `order ${String(order.id)} ${name}: the sales order would come to ${sent}, and the shop says ${stated}`,
    );
  }
}
