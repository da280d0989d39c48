import { MappingMissingError } from "../../domain/errors.ts";
import { type Currency, fromMinor } from "../../domain/money.ts";
import type { NeutralOrder, OrderBody, OrderLine } from "../../domain/order.ts";
import { encodeFingerprint } from "./decode-fingerprint.ts";
import { encodeAddress, type NetSuiteAddress } from "./encode-address.ts";
import { encodeExchangeRate } from "./encode-rate.ts";
import type { NetSuiteSettings } from "./settings.ts";

interface Reference {
  readonly id: string;
}

/** A line of the sublist `item`. */
interface SalesOrderLine {
  readonly item: Reference;
  readonly quantity: number;
  readonly description: string;
  /** -1 is the price level "custom": without it NetSuite replaces the rate by its own price list. */
  readonly price: Reference;
  readonly rate: number;
  readonly amount: number;
}

/** What an amendment sends: all of a sales order that follows from the shop's order. */
export interface SalesOrderContent {
  readonly entity: Reference;
  readonly currency: Reference;
  readonly exchangeRate?: number;
  readonly tranDate: string;
  readonly otherRefNum: string;
  readonly billingAddress: NetSuiteAddress;
  readonly shippingAddress: NetSuiteAddress;
  readonly shipMethod?: Reference;
  readonly shippingCost: number;
  readonly item: { readonly items: readonly SalesOrderLine[] };
}

/** What only a creation sends. Key, status and memo belong to NetSuite's people from then on. */
export interface SalesOrderCreation extends SalesOrderContent {
  readonly externalId: string;
  readonly orderStatus: "A" | "B";
  readonly subsidiary?: Reference;
  readonly customForm?: Reference;
  readonly location?: Reference;
}

/**
 * The body of `PATCH /salesOrder/<id>?replace=item`. It has no status, so that an order which NetSuite has moved on
 * is not set back, and no memo, so that a person's note survives.
 * @throws MappingMissingError where an item or the currency has no internal id.
 */
export function encodeOrderAmendment(body: OrderBody, settings: NetSuiteSettings): SalesOrderContent {
  const { order } = body;
  return {
    entity: { id: body.customerRef },
    currency: { id: currencyId(order.currency, settings) },
    ...(settings.exchangeRate === "shop"
      ? { exchangeRate: Number(encodeExchangeRate(order.conversionRate)) }
      : {}),
    tranDate: order.placedAtShopTime.slice(0, 10),
    otherRefNum: order.reference,
    billingAddress: encodeAddress(order.billing),
    shippingAddress: encodeAddress(order.delivery),
    ...(settings.shippingItemId === undefined ? {} : { shipMethod: { id: settings.shippingItemId } }),
    shippingCost: amount(order.shippingTaxExclMinor, order.currency),
    item: { items: order.lines.map((line) => encodeLine(line, body.itemRefs, order)) },
  };
}

/**
 * The body of `POST /salesOrder`.
 * @throws MappingMissingError where an item or the currency has no internal id.
 */
export function encodeOrderCreation(body: OrderBody, settings: NetSuiteSettings): SalesOrderCreation {
  return {
    externalId: body.externalId,
    ...(settings.customFormId === undefined ? {} : { customForm: { id: settings.customFormId } }),
    ...(settings.subsidiaryId === undefined ? {} : { subsidiary: { id: settings.subsidiaryId } }),
    ...(settings.locationId === undefined ? {} : { location: { id: settings.locationId } }),
    orderStatus: settings.orderStatus,
    [settings.fingerprintField]: encodeFingerprint(body.fingerprint),
    ...encodeOrderAmendment(body, settings),
  };
}

function encodeLine(line: OrderLine, itemRefs: OrderBody["itemRefs"], order: NeutralOrder): SalesOrderLine {
  const item = itemRefs[line.productKey];
  if (item === undefined) {
    throw new MappingMissingError(`product ${line.productKey} (${line.sku}) has no item in NetSuite`);
  }
  return {
    item: { id: item },
    quantity: line.quantity,
    description: line.name,
    price: { id: "-1" },
    rate: Number(line.unitPriceTaxExcl),
    amount: amount(line.totalTaxExclMinor, order.currency),
  };
}

function currencyId(currency: Currency, settings: NetSuiteSettings): string {
  const id = settings.currencies[currency.code];
  if (id === undefined) {
    throw new MappingMissingError(`currency ${currency.code} is missing in erp.netsuite.currencies`);
  }
  return id;
}

/** A JSON number of the currency's own decimals. A double holds 15 digits, far more than an amount of an order has. */
const amount = (minor: number, currency: Currency): number => Number(fromMinor(minor, currency));
