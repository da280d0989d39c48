import { createHash } from "node:crypto";
import { SidecarError } from "../../domain/errors.ts";
import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import { erpRef } from "../../domain/ids.ts";
import { type Currency, fromMinor } from "../../domain/money.ts";
import type { OrderBody } from "../../domain/order.ts";
import {
  ErpDuplicateError,
  ErpFailedError,
  type ErpOrderTotals,
  type ErpRecord,
  ErpRejectedError,
} from "../port.ts";
import { decodeFingerprint, encodeFingerprint } from "./decode-fingerprint.ts";
import {
  decodeCreated,
  decodeIds,
  decodeImport,
  decodeOnly,
  decodeReckonedTax,
  decodeRows,
  decodeTotals,
} from "./decode-record.ts";
import type { Directory } from "./directory.ts";
import { encodeAddress, isSameAddress, type PartyAddress } from "./encode-address.ts";
import {
  encodeHead,
  encodeLines,
  encodeSaleLine,
  encodeTaxDifference,
  expectedTotals,
  type SaleHead,
  type SaleLine,
} from "./encode-order.ts";
import { encodeDecimal } from "./encode-values.ts";
import { type Ask, doneOrThrow, type Errand } from "./exchange.ts";
import type { TrytonSettings } from "./settings.ts";

/** Orders, which are sales in Tryton. */
export interface Orders {
  readonly find: (externalId: ExternalId, errand: Errand) => Promise<ErpRecord | undefined>;
  readonly create: (body: OrderBody, errand: Errand) => Promise<ErpRef>;
  readonly amend: (ref: ErpRef, body: OrderBody, errand: Errand) => Promise<void>;
  readonly read: (ref: ErpRef, currency: Currency, errand: Errand) => Promise<ErpOrderTotals | undefined>;
}

/** What the shop's order is in Tryton, with Tryton's own ids. */
interface Sale {
  readonly head: SaleHead;
  readonly lines: readonly SaleLine[];
  readonly billing: PartyAddress;
  readonly delivery: PartyAddress;
}

interface Parts {
  readonly ask: Ask;
  readonly directory: Directory;
  readonly settings: TrytonSettings;
}

export function createOrders(parts: Parts): Orders {
  const { settings } = parts;
  return {
    find: (externalId, errand) =>
      (settings.companion ? findByKey : findByReference)(parts, externalId, errand),
    create: (body, errand) => (settings.companion ? importSale : createSale)(parts, body, errand),
    amend: (ref, body, errand) =>
      (settings.companion ? amendByCompanion : amendSale)(parts, Number(ref), body, errand),
    read: (ref, currency, errand) => readTotals(parts, Number(ref), currency, errand),
  };
}

async function readTotals(
  { ask }: Parts,
  id: number,
  currency: Currency,
  errand: Errand,
): Promise<ErpOrderTotals | undefined> {
  const fields = ["currency.code", "untaxed_amount", "tax_amount", "total_amount", "lines", "party", "state"];
  const params = [[["id", "=", id]], 0, 1, null, fields];
  const result = doneOrThrow(await ask("model.sale.sale.search_read", params, errand));
  const [row] = decodeRows(result, "sales");
  return row === undefined ? undefined : decodeTotals(row, currency);
}

// With the companion: one transaction in Tryton, and its own unique key.

async function findByKey(
  { ask }: Parts,
  externalId: ExternalId,
  errand: Errand,
): Promise<ErpRecord | undefined> {
  // The reference as well: orders that were made before the companion came have that alone.
  const domain = ["OR", ["shop_ref", "=", externalId], ["reference", "=", externalId]];
  const fields = ["shop_ref", "shop_fingerprint", "comment"];
  const params = [[domain], 0, 10, [["id", "ASC"]], fields];
  const rows = decodeRows(doneOrThrow(await ask("model.sale.sale.search_read", params, errand)), "sales");
  const keyed = rows.filter((row) => row["shop_ref"] === externalId);
  const row = decodeOnly(keyed.length > 0 ? keyed : rows, externalId);
  if (row === undefined) return undefined;
  const own = row["shop_fingerprint"];
  const fingerprint = typeof own === "string" ? own : decodeFingerprint(row["comment"]);
  return { ref: erpRef(String(row.id)), fingerprint };
}

async function importSale(parts: Parts, body: OrderBody, errand: Errand): Promise<ErpRef> {
  const order = encodeImport(body, await encodeSale(parts, body, errand), parts.settings);
  const verdict = await parts.ask("model.sale.sale.shop_import", [order], errand);
  if (verdict.kind === "rejected") {
    // Of several that come at once the database lets one through, and the others break the constraint.
    const existing = await findByKey(parts, body.externalId, errand);
    if (existing !== undefined) throw duplicate(body, existing.ref);
  }
  const { id, outcome } = decodeImport(doneOrThrow(verdict));
  if (outcome !== "created") throw duplicate(body, String(id));
  return erpRef(String(id));
}

async function amendByCompanion(parts: Parts, id: number, body: OrderBody, errand: Errand): Promise<void> {
  const order = encodeImport(body, await encodeSale(parts, body, errand), parts.settings);
  decodeImport(doneOrThrow(await parts.ask("model.sale.sale.shop_amend", [id, order], errand)));
}

function encodeImport(body: OrderBody, sale: Sale, settings: TrytonSettings): Record<string, unknown> {
  const { currency } = body.order;
  const { untaxedMinor, taxMinor } = expectedTotals(body.order);
  const content = {
    sale: { ...sale.head, lines: [["create", sale.lines]] },
    billing: sale.billing,
    delivery: sale.delivery,
    untaxed: encodeDecimal(fromMinor(untaxedMinor, currency)),
    total: encodeDecimal(fromMinor(untaxedMinor + taxMinor, currency)),
  };
  return {
    ...content,
    key: body.externalId,
    fingerprint: body.fingerprint,
    hash: createHash("sha256")
      .update(JSON.stringify([body.fingerprint, content]))
      .digest("hex"),
    state: settings.saleState,
  };
}

// Without the companion: several requests, and no unique key.

/**
 * A sale is made whole by one request, but as a draft. One that a look-up still finds as a draft was left behind between
 * the two requests, and is brought on now.
 */
async function findByReference(
  parts: Parts,
  externalId: ExternalId,
  errand: Errand,
): Promise<ErpRecord | undefined> {
  const params = [[["reference", "=", externalId]], 0, 10, [["id", "ASC"]], ["comment", "state"]];
  const result = doneOrThrow(await parts.ask("model.sale.sale.search_read", params, errand));
  const row = decodeOnly(decodeRows(result, "sales"), externalId);
  if (row === undefined) return undefined;
  const fingerprint = decodeFingerprint(row["comment"]);
  // A draft without our mark is a person's.
  if (row["state"] === "draft" && fingerprint !== undefined) await bringOn(parts, row.id, errand);
  return { ref: erpRef(String(row.id)), fingerprint };
}

async function createSale(parts: Parts, body: OrderBody, errand: Errand): Promise<ErpRef> {
  const existing = await findByReference(parts, body.externalId, errand);
  if (existing !== undefined) throw duplicate(body, existing.ref);
  const sale = await encodeSale(parts, body, errand);
  const values = {
    ...sale.head,
    ...(await addressesOf(parts, sale, errand)),
    comment: encodeFingerprint(body.fingerprint),
    lines: [["create", sale.lines]],
  };
  const made = doneOrThrow(await parts.ask("model.sale.sale.create", [[values]], errand));
  const ref = decodeCreated(made, "sale");
  await afterwards(bringOn(parts, Number(ref), errand)).catch(async (thrown: unknown) => {
    if (thrown instanceof ErpRejectedError) await takeBack(parts, Number(ref), errand);
    throw thrown;
  });
  return ref;
}

/** What Tryton refuses to quote must not stand there as an order that was exported. */
async function takeBack({ ask }: Parts, id: number, errand: Errand): Promise<void> {
  await afterwards(
    (async () => {
      doneOrThrow(await ask("model.sale.sale.cancel", [[id]], errand));
      doneOrThrow(await ask("model.sale.sale.delete", [[id]], errand));
    })(),
    true,
  );
}

async function amendSale(parts: Parts, id: number, body: OrderBody, errand: Errand): Promise<void> {
  const { ask } = parts;
  const params = [[["id", "=", id]], 0, 1, null, ["state", "lines"]];
  const [row] = decodeRows(doneOrThrow(await ask("model.sale.sale.search_read", params, errand)), "sales");
  if (row === undefined) throw new ErpRejectedError(`sale ${String(id)} is gone from Tryton`);
  const state = String(row["state"]);
  if (!["draft", "quotation", "confirmed"].includes(state)) {
    throw new ErpRejectedError(
      `sale ${String(id)} is ${state} in Tryton: it can no longer be replaced by the shop's edit`,
    );
  }
  const sale = await encodeSale(parts, body, errand);
  const addresses = await addressesOf(parts, sale, errand);
  if (state !== "draft") doneOrThrow(await ask("model.sale.sale.draft", [[id]], errand));
  const old = decodeIds(row["lines"], "lines");
  const lines = [...(old.length === 0 ? [] : [["delete", old]]), ["create", sale.lines]];
  const values = { ...sale.head, ...addresses, lines };
  // Until it is quoted again the amendment stays open, and the next attempt writes all of it anew.
  await afterwards(
    (async () => {
      doneOrThrow(await ask("model.sale.sale.write", [[id], values], errand));
      await bringOn(parts, id, errand);
    })(),
  );
}

/** Quotes a draft, and confirms it where the settings say so. */
async function bringOn({ ask, settings }: Parts, id: number, errand: Errand): Promise<void> {
  if (settings.saleState === "draft") return;
  doneOrThrow(await ask("model.sale.sale.quote", [[id]], errand));
  if (settings.saleState === "confirmed") doneOrThrow(await ask("model.sale.sale.confirm", [[id]], errand));
}

/** A party's addresses of that content: those that are there, or new ones. Those of earlier orders never change. */
async function addressesOf(
  { ask }: Parts,
  sale: Sale,
  errand: Errand,
): Promise<{ readonly invoice_address: number; readonly shipment_address: number }> {
  const { party } = sale.head;
  const fields = ["party_name", "street", "postal_code", "city", "country"];
  const params = [[["party", "=", party]], 0, null, [["id", "ASC"]], fields];
  const result = doneOrThrow(await ask("model.party.address.search_read", params, errand));
  const known = decodeRows(result, "addresses").map((row) => ({
    id: row.id,
    party_name: row["party_name"],
    street: row["street"],
    postal_code: row["postal_code"],
    city: row["city"],
    country: row["country"],
  }));
  const idOf = async (wanted: PartyAddress): Promise<number> => {
    const same = known.find((address) => isSameAddress(wanted, address));
    if (same !== undefined) return same.id;
    const made = await ask("model.party.address.create", [[{ ...wanted, party }]], errand);
    const id = Number(decodeCreated(doneOrThrow(made), "address"));
    known.push({ id, ...wanted });
    return id;
  };
  return { invoice_address: await idOf(sale.billing), shipment_address: await idOf(sale.delivery) };
}

/**
 * An error after something was written never says that nothing was: it becomes a failure, after which the order is
 * looked up. A refusal stays one, unless it is the taking back that was refused.
 */
async function afterwards(work: Promise<void>, isTakingBack = false): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (!(thrown instanceof SidecarError)) throw thrown;
    if (thrown instanceof ErpRejectedError && !isTakingBack) throw thrown;
    throw new ErpFailedError(`the sale was written, and then: ${thrown.message}`);
  }
}

/** The sale with the taxes that the shop has, to the cent: Tryton is asked first what it makes of the lines. */
async function encodeSale(
  { ask, directory, settings }: Parts,
  body: OrderBody,
  errand: Errand,
): Promise<Sale> {
  const { order } = body;
  const lines = encodeLines(body, settings);
  const productIds = [...lines.map(({ productId }) => productId), settings.taxDifference?.productId ?? ""];
  const units = await directory.units(
    productIds.filter((id) => id !== ""),
    errand,
  );
  const currencyId = await directory.currencyId(order.currency, errand);
  const countryId = await directory.countryIds([order.billing.country, order.delivery.country], errand);
  const head = encodeHead(body, currencyId, settings);
  const saleLines = lines.map((line, index) => encodeSaleLine(line, index, units));
  const reckoning = {
    party: head.party,
    currency: currencyId,
    sale_date: head.sale_date,
    lines: lines.map((line) => ({
      type: "line",
      quantity: line.quantity,
      unit_price: encodeDecimal(line.unitPrice),
      amount: encodeDecimal(fromMinor(line.amountMinor, order.currency)),
      taxes: line.taxIds.map(Number),
    })),
  };
  const reckoned = doneOrThrow(await ask("model.sale.sale.on_change_lines", [reckoning], errand));
  const reckonedTax = decodeReckonedTax(reckoned, order.currency);
  const difference = encodeTaxDifference(order, reckonedTax, lines.length, settings);
  return {
    head,
    lines:
      difference === undefined
        ? saleLines
        : [...saleLines, encodeSaleLine(difference, saleLines.length, units)],
    billing: encodeAddress(order.billing, countryId(order.billing.country)),
    delivery: encodeAddress(order.delivery, countryId(order.delivery.country)),
  };
}

const duplicate = (body: OrderBody, ref: string): ErpDuplicateError =>
  new ErpDuplicateError(`sale ${body.externalId} exists as ${ref}`);
