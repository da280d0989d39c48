import type { Address } from "../../domain/order.ts";

/** An address of a party as Tryton 6.0 has it; there is no field for a phone. */
export interface PartyAddress {
  /** Whom it is for, in place of the party's name. */
  readonly party_name: string;
  readonly street: string;
  readonly postal_code: string;
  readonly city: string;
  readonly country: number;
}

/** An order's address; `countryId` is Tryton's. */
export function encodeAddress(address: Address, countryId: number): PartyAddress {
  const person = [address.firstName, address.lastName].filter((text) => text !== "").join(" ");
  const names = [address.company, person].filter((text) => text !== "");
  // Tryton knows states by ids of its own list, which may be empty; as text it is never wrong.
  const city = [address.city, address.state].filter((text) => text !== "").join(" ");
  return {
    party_name: names.join(", "),
    street: [address.line1, address.line2].filter((text) => text !== "").join("\n"),
    postal_code: address.postcode,
    city,
    country: countryId,
  };
}

/** Whether a record of Tryton says the same. Tryton keeps an empty text as null. */
export function isSameAddress(
  wanted: PartyAddress,
  found: Readonly<Record<keyof PartyAddress, unknown>>,
): boolean {
  return (
    (found.party_name ?? "") === wanted.party_name &&
    (found.street ?? "") === wanted.street &&
    (found.postal_code ?? "") === wanted.postal_code &&
    (found.city ?? "") === wanted.city &&
    found.country === wanted.country
  );
}
