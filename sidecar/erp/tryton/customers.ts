import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import { erpRef } from "../../domain/ids.ts";
import type { CustomerBody } from "../../domain/order.ts";
import { ErpDuplicateError, type ErpRecord } from "../port.ts";
import { decodeFingerprint, encodeFingerprint } from "./decode-fingerprint.ts";
import { decodeCreated, decodeOnly, decodeRows } from "./decode-record.ts";
import { type Ask, doneOrThrow, type Errand } from "./exchange.ts";

/** Name of the contact mechanism that holds the shop's e-mail address. */
const SHOP = "shop";
const ALSO_INACTIVE = ["active", "in", [true, false]];

/**
 * Parties. Their `code` is the key, which Tryton itself holds unique, with the companion and without; the fingerprint is
 * an identifier without a type.
 */
export function createCustomers(ask: Ask): {
  readonly find: (externalId: ExternalId, errand: Errand) => Promise<ErpRecord | undefined>;
  readonly create: (body: CustomerBody, errand: Errand) => Promise<ErpRef>;
  readonly amend: (ref: ErpRef, body: CustomerBody, errand: Errand) => Promise<void>;
} {
  const find = async (externalId: ExternalId, errand: Errand): Promise<ErpRecord | undefined> => {
    const domain = [["code", "=", externalId], ALSO_INACTIVE];
    const params = [domain, 0, 2, [["id", "ASC"]], ["identifiers.code"]];
    const found = doneOrThrow(await ask("model.party.party.search_read", params, errand));
    const row = decodeOnly(decodeRows(found, "parties"), externalId);
    if (row === undefined) return undefined;
    const identifiers = decodeRows(row["identifiers."] ?? [], "identifiers");
    const marks = identifiers.map(({ code }) => decodeFingerprint(code));
    return { ref: erpRef(String(row.id)), fingerprint: marks.find((mark) => mark !== undefined) };
  };
  const create = async (body: CustomerBody, errand: Errand): Promise<ErpRef> => {
    const values = {
      code: body.externalId,
      name: nameOf(body),
      identifiers: [["create", [{ code: encodeFingerprint(body.fingerprint) }]]],
      contact_mechanisms: [["create", [{ type: "email", name: SHOP, value: body.customer.email }]]],
    };
    const verdict = await ask("model.party.party.create", [[values]], errand);
    if (verdict.kind === "rejected") {
      // A code in use is refused by an exception like any other.
      const existing = await find(body.externalId, errand);
      if (existing !== undefined) {
        throw new ErpDuplicateError(`party ${body.externalId} exists as ${existing.ref}`);
      }
    }
    return decodeCreated(doneOrThrow(verdict), "party");
  };
  const amend = async (ref: ErpRef, body: CustomerBody, errand: Errand): Promise<void> => {
    const domain = [
      ["party", "=", Number(ref)],
      ["type", "=", "email"],
      ["name", "=", SHOP],
    ];
    const params = [domain, 0, 1, [["id", "ASC"]], ["value"]];
    const found = doneOrThrow(await ask("model.party.contact_mechanism.search_read", params, errand));
    const [mail] = decodeRows(found, "contact mechanisms");
    const value = body.customer.email;
    const contact_mechanisms =
      mail === undefined
        ? [["create", [{ type: "email", name: SHOP, value }]]]
        : [["write", [mail.id], { value }]];
    const changes = { name: nameOf(body), contact_mechanisms };
    doneOrThrow(await ask("model.party.party.write", [[Number(ref)], changes], errand));
  };
  return { find, create, amend };
}

const nameOf = ({ customer }: CustomerBody): string =>
  customer.company !== ""
    ? customer.company
    : [customer.firstName, customer.lastName].filter((text) => text !== "").join(" ");
