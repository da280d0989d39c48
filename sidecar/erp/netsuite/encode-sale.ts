import { MappingMissingError } from "../../domain/errors.ts";
import { type Currency, fromMinor } from "../../domain/money.ts";
import type { OrderBody, OrderRefs } from "../../domain/order.ts";
import { encodeFingerprint } from "./decode-fingerprint.ts";
import { type Charge, type Charged, encodeCharges } from "./encode-charges.ts";
import { encodeExchangeRate } from "./encode-rate.ts";
import { encodeLineTax, encodeTaxDetails, type LineTax, type TaxDetail } from "./encode-taxes.ts";
import type { NetSuiteSettings } from "./settings.ts";

/** A reference to a record of the account. */
export interface Reference {
  readonly id: string;
}

/** A line of the sublist `item`. */
interface SaleLine extends LineTax {
  readonly item: Reference;
  readonly quantity?: number;
  readonly description: string;
  /** -1 is the price level "custom": without it NetSuite replaces the rate by its own price list. */
  readonly price: Reference;
  readonly rate: number;
  readonly amount: number;
}

/** The currency of a record and what it is worth in the base currency. */
export interface Money {
  readonly currency: Reference;
  readonly exchangeRate?: number;
}

/** What a sales order and a credit memo have in common: whose it is, and all that it charges or gives back. */
export interface SaleContent extends Money {
  readonly entity: Reference;
  readonly otherRefNum: string;
  readonly shipMethod?: Reference;
  readonly shippingCost: number;
  readonly item: { readonly items: readonly SaleLine[] };
  /** True: the taxes are the shop's, and NetSuite's own engine reckons none. */
  readonly taxDetailsOverride?: true;
  readonly taxDetails?: { readonly items: readonly TaxDetail[] };
}

/**
 * The common part of a sales order and a credit memo.
 * @throws MappingMissingError where an item, a tax or the currency has no internal id.
 * @throws OrderTotalsError where it would not come to what the shop says.
 */
export function encodeSale(
  body: Charged & Pick<OrderBody, "customerRef">,
  settings: NetSuiteSettings,
): SaleContent {
  const { order } = body;
  const charges = encodeCharges(body, settings);
  return {
    entity: { id: body.customerRef },
    ...encodeMoney(order, body.refs, settings),
    otherRefNum: order.reference,
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

/**
 * The currency of a record, and its rate where the shop's own is sent.
 * @throws MappingMissingError where the currency has no internal id.
 */
export function encodeMoney(
  of: { readonly currency: Currency; readonly conversionRate: string },
  refs: Pick<OrderRefs, "currency"> | undefined,
  settings: NetSuiteSettings,
): Money {
  return {
    currency: { id: refs?.currency ?? currencyId(of.currency, settings) },
    ...(settings.exchangeRate === "shop"
      ? { exchangeRate: Number(encodeExchangeRate(of.conversionRate)) }
      : {}),
  };
}

/** The subsidiary that a new record belongs to; none where the account has but one. */
export function encodeSubsidiary(
  refs: Pick<OrderRefs, "subsidiary"> | undefined,
  settings: NetSuiteSettings,
): { readonly subsidiary?: Reference } {
  const id = refs?.subsidiary ?? settings.subsidiaryId;
  return id === undefined ? {} : { subsidiary: { id } };
}

/** A text for people in the memo, and the fingerprint behind it or in a field of its own. */
export function encodeMemo(
  text: string,
  fingerprint: string,
  field: string,
): Readonly<Record<string, string>> {
  const mark = encodeFingerprint(fingerprint);
  const note = text.slice(0, MEMO_CHARS_MAX - mark.length - 1).trim();
  return field === "memo" ? { memo: `${note} ${mark}` } : { memo: note, [field]: mark };
}

/** What NetSuite's field holds. */
const MEMO_CHARS_MAX = 999;

/** A JSON number of the currency's own decimals. A double holds 15 digits, far more than an amount of an order has. */
export const encodeAmount = (minor: number, currency: Currency): number => Number(fromMinor(minor, currency));

function encodeLine(charge: Charge, currency: Currency, settings: NetSuiteSettings): readonly SaleLine[] {
  if (charge.itemId === undefined) return [];
  return [
    {
      item: { id: charge.itemId },
      ...(charge.quantity === undefined ? {} : { quantity: charge.quantity }),
      description: charge.description,
      price: { id: "-1" },
      rate: Number(charge.rate),
      amount: encodeAmount(charge.taxExclMinor, currency),
      ...encodeLineTax(charge, currency, settings),
    },
  ];
}

function shippingCost(charges: readonly Charge[], currency: Currency): number {
  const own = charges.filter(({ itemId }) => itemId === undefined);
  return encodeAmount(
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
