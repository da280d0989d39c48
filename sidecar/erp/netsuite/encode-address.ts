import type { Address } from "../../domain/order.ts";

/** An address of a transaction, as `shippingAddress` and `billingAddress` take it. */
export interface NetSuiteAddress {
  /** True, so that NetSuite keeps the lines as given and builds no address text of its own from them. */
  readonly override: true;
  readonly addressee: string;
  readonly attention?: string;
  readonly addr1: string;
  readonly addr2?: string;
  readonly city: string;
  readonly state?: string;
  readonly zip: string;
  /** NetSuite's country ids are the ISO 3166-1 alpha-2 codes. */
  readonly country: { readonly id: string };
  readonly addrPhone?: string;
}

/** Turns an address of the order into NetSuite's; a company is the addressee, the person then its attention. */
export function encodeAddress(address: Address): NetSuiteAddress {
  const person = `${address.firstName} ${address.lastName}`.trim();
  const company = address.company.trim();
  return {
    override: true,
    addressee: company === "" ? person : company,
    ...(company === "" || person === "" ? {} : { attention: person }),
    addr1: address.line1,
    ...(address.line2 === "" ? {} : { addr2: address.line2 }),
    city: address.city,
    ...(address.state === "" ? {} : { state: address.state }),
    zip: address.postcode,
    country: { id: address.country },
    ...(address.phone === "" ? {} : { addrPhone: address.phone }),
  };
}
