import { MappingMissingError } from "../../domain/errors.ts";
import { type Currency, fromMinor } from "../../domain/money.ts";
import type { OrderBody } from "../../domain/order.ts";
import { encodeFingerprint } from "./decode-fingerprint.ts";
import { encodeAddress, type NetSuiteAddress } from "./encode-address.ts";
import { type Charge, encodeCharges } from "./encode-charges.ts";
import { encodeExchangeRate } from "./encode-rate.ts";
import { encodeLineTax, encodeTaxDetails, type LineTax, type TaxDetail } from "./encode-taxes.ts";
import type { NetSuiteSettings } from "./settings.ts";

interface Reference {
  readonly id: string;
}

/** A line of the sublist `item`. */
interface SalesOrderLine extends LineTax {
  readonly item: Reference;
  readonly quantity?: number;
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
  /** True: the taxes are the shop's, and NetSuite's own engine reckons none. */
  readonly taxDetailsOverride?: true;
  readonly taxDetails?: { readonly items: readonly TaxDetail[] };
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
 * The body of `PATCH /salesOrder/<id>?replace=…`. It has no status, so that an order which NetSuite has moved on
 * is not set back, and no memo, so that a person's note survives.
 * @throws MappingMissingError where an item, a tax or the currency has no internal id.
 * @throws OrderTotalsError where it would not come to what the shop says.
 */
export function encodeOrderAmendment(body: OrderBody, settings: NetSuiteSettings): SalesOrderContent {
  const { order } = body;
  const charges = encodeCharges(body, settings);
  return {
    entity: { id: body.customerRef },
    currency: { id: body.refs?.currency ?? currencyId(order.currency, settings) },
    ...(settings.exchangeRate === "shop"
      ? { exchangeRate: Number(encodeExchangeRate(order.conversionRate)) }
      : {}),
    tranDate: order.placedAtShopTime.slice(0, 10),
    otherRefNum: order.reference,
    billingAddress: encodeAddress(order.billing),
    shippingAddress: encodeAddress(order.delivery),
    ...(settings.shippingItemId === undefined ? {} : { shipMethod: { id: settings.shippingItemId } }),
    shippingCost: shippingCost(charges, order.currency),
    item: {
      items: charges.flatMap((charge) => encodeLine(charge, order.currency, settings)),
    },
    ...(settings.tax === "taxDetails"
      ? {
          taxDetailsOverride: true,
          taxDetails: {
            items: charges.flatMap((charge) => encodeTaxDetails(charge, order.currency, settings)),
          },
        }
      : {}),
  };
}

/** The sublists of an order that an amendment replaces as a whole. */
export const replacedSublists = (settings: NetSuiteSettings): string =>
  settings.tax === "taxDetails" ? "item,taxDetails" : "item";

/**
 * The body of `POST /salesOrder`.
 * @throws MappingMissingError where an item, a tax or the currency has no internal id.
 * @throws OrderTotalsError where it would not come to what the shop says.
 */
export function encodeOrderCreation(body: OrderBody, settings: NetSuiteSettings): SalesOrderCreation {
  const subsidiaryId = body.refs?.subsidiary ?? settings.subsidiaryId;
  return {
    externalId: body.externalId,
    ...(settings.customFormId === undefined ? {} : { customForm: { id: settings.customFormId } }),
    ...(subsidiaryId === undefined ? {} : { subsidiary: { id: subsidiaryId } }),
    ...(settings.locationId === undefined ? {} : { location: { id: settings.locationId } }),
    orderStatus: settings.orderStatus,
    [settings.fingerprintField]: encodeFingerprint(body.fingerprint),
    ...encodeOrderAmendment(body, settings),
  };
}

function encodeLine(
  charge: Charge,
  currency: Currency,
  settings: NetSuiteSettings,
): readonly SalesOrderLine[] {
  if (charge.itemId === undefined) return [];
  return [
    {
      item: { id: charge.itemId },
      ...(charge.quantity === undefined ? {} : { quantity: charge.quantity }),
      description: charge.description,
      price: { id: "-1" },
      rate: Number(charge.rate),
      amount: amount(charge.taxExclMinor, currency),
      ...encodeLineTax(charge, currency, settings),
    },
  ];
}

function shippingCost(charges: readonly Charge[], currency: Currency): number {
  const own = charges.filter(({ itemId }) => itemId === undefined);
  return amount(
    own.reduce((sum, { taxExclMinor }) => sum + taxExclMinor, 0),
    currency,
  );
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
