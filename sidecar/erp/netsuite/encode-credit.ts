import type { CreditBody } from "../../domain/credit.ts";
import { erpRef } from "../../domain/ids.ts";
import { encodeMemo, encodeSale, encodeSubsidiary, type Reference, type SaleContent } from "./encode-sale.ts";
import type { CreditSettings, NetSuiteSettings } from "./settings.ts";

/** The body of `POST /creditMemo`. */
interface CreditCreation extends SaleContent {
  readonly externalId: string;
  readonly subsidiary?: Reference;
  readonly location?: Reference;
  readonly tranDate: string;
}

/**
 * Turns a credit slip into a credit memo that stands alone: NetSuite's people apply it, refund it, or leave it to the
 * customer's next order. Its products come back to stock at the location, unless an item is set that they are booked to.
 * @throws MappingMissingError where an item, a tax or the currency has no internal id.
 * @throws OrderTotalsError where it would not come to what the shop says.
 */
export function encodeCredit(
  body: CreditBody,
  settings: NetSuiteSettings,
  credits: CreditSettings,
): CreditCreation {
  const note = `Credit slip ${String(body.slip.id)} of ${body.orderExternalId}`;
  return {
    externalId: body.externalId,
    ...encodeSubsidiary(body.refs, settings),
    ...(settings.locationId === undefined ? {} : { location: { id: settings.locationId } }),
    ...encodeSale({ ...body, itemRefs: itemRefsOf(body, credits) }, settings),
    tranDate: body.slip.issuedAtShopTime.slice(0, 10),
    ...encodeMemo(note, body.fingerprint, credits.fingerprintField),
  };
}

function itemRefsOf(body: CreditBody, { itemId }: CreditSettings): CreditBody["itemRefs"] {
  if (itemId === undefined) return body.itemRefs;
  return Object.fromEntries(body.order.lines.map((line) => [line.productKey, erpRef(itemId)]));
}
