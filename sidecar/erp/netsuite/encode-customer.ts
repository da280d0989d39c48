import type { CustomerBody } from "../../domain/order.ts";
import { encodeFingerprint } from "./decode-fingerprint.ts";
import type { NetSuiteSettings } from "./settings.ts";

/** What an amendment sends. */
export interface CustomerContent {
  readonly email: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly companyName?: string;
}

/** What only a creation sends: NetSuite cannot turn a person into a company later. */
export interface CustomerCreation extends CustomerContent {
  readonly externalId: string;
  readonly isPerson: boolean;
  readonly entityId?: string;
  readonly subsidiary?: { readonly id: string };
  readonly currencyList?: { readonly items: readonly { readonly currency: { readonly id: string } }[] };
}

/** The body of `PATCH /customer/<id>`; the fingerprint's field stays as it is, people may have written in it. */
export function encodeCustomerAmendment(
  { customer }: CustomerBody,
  { customerVatNumberField: vatField }: Pick<NetSuiteSettings, "customerVatNumberField">,
): CustomerContent {
  return {
    email: customer.email,
    ...(customer.firstName === "" ? {} : { firstName: customer.firstName }),
    ...(customer.lastName === "" ? {} : { lastName: customer.lastName }),
    ...(customer.company === "" ? {} : { companyName: customer.company }),
    ...(vatField === undefined || customer.vatNumber === "" ? {} : { [vatField]: customer.vatNumber }),
  };
}

/**
 * The body of `POST /customer`. A shop that sells in several currencies lists them all, because an order's currency
 * must be one of its customer's.
 */
export function encodeCustomerCreation(body: CustomerBody, settings: NetSuiteSettings): CustomerCreation {
  const currencyIds = Object.values(settings.currencies);
  return {
    externalId: body.externalId,
    isPerson: body.customer.company === "",
    ...(settings.customerName === "external-id" ? { entityId: body.externalId } : {}),
    ...(settings.subsidiaryId === undefined ? {} : { subsidiary: { id: settings.subsidiaryId } }),
    ...(currencyIds.length > 1
      ? { currencyList: { items: currencyIds.map((id) => ({ currency: { id } })) } }
      : {}),
    [settings.customerFingerprintField]: encodeFingerprint(body.fingerprint),
    ...encodeCustomerAmendment(body, settings),
  };
}
