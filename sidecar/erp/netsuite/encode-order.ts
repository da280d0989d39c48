import { MappingMissingError } from "../../domain/errors.ts";
import type { OrderBody } from "../../domain/order.ts";
import { encodeFingerprint } from "./decode-fingerprint.ts";
import { encodeAddress, type NetSuiteAddress } from "./encode-address.ts";
import { encodeSale, encodeSubsidiary, type Reference, type SaleContent } from "./encode-sale.ts";
import type { NetSuiteSettings } from "./settings.ts";

/** What an amendment sends: all of a sales order that follows from the shop's order. */
interface SalesOrderContent extends SaleContent {
  readonly tranDate: string;
  readonly billingAddress: NetSuiteAddress;
  readonly shippingAddress: NetSuiteAddress;
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
  return {
    ...encodeSale(body, settings),
    tranDate: order.placedAtShopTime.slice(0, 10),
    billingAddress: encodeAddress(order.billing),
    shippingAddress: encodeAddress(order.delivery),
    ...encodeInvoices(order.invoiceNumbers, settings.invoiceNumberField),
  };
}

/** The shop's invoice numbers, where `orders.invoiceNumbers` says that NetSuite is told of them. */
function encodeInvoices(
  numbers: readonly string[] | undefined,
  field: string | undefined,
): Readonly<Record<string, string>> {
  if (numbers === undefined) return {};
  if (field !== undefined) return { [field]: numbers.join(", ") };
  throw new MappingMissingError(
    "the order has an invoice number of the shop, and erp.netsuite.invoiceNumberField is not set",
  );
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
  return {
    externalId: body.externalId,
    ...(settings.customFormId === undefined ? {} : { customForm: { id: settings.customFormId } }),
    ...encodeSubsidiary(body.refs, settings),
    ...(settings.locationId === undefined ? {} : { location: { id: settings.locationId } }),
    orderStatus: settings.orderStatus,
    [settings.fingerprintField]: encodeFingerprint(body.fingerprint),
    ...encodeOrderAmendment(body, settings),
  };
}
