import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import { erpRef } from "../../domain/ids.ts";
import { toMinor } from "../../domain/money.ts";
import type { NeutralOrder, OrderBody } from "../../domain/order.ts";
import { ErpDuplicateError, type ErpRecord, ErpRejectedError } from "../port.ts";
import { afterwards } from "./afterwards.ts";
import { decodeFingerprint, encodeFingerprint } from "./decode-fingerprint.ts";
import type { TrytonPayment } from "./decode-payment.ts";
import { decodeCreated, decodeIds, decodeOnly, decodeRows } from "./decode-record.ts";
import { isSameAddress, type PartyAddress } from "./encode-address.ts";
import type { SaleWish } from "./encode-credit.ts";
import { doneOrThrow, type Errand } from "./exchange.ts";
import { attachPayments, detachPayments, ownPayments, releasePayments } from "./payment-steps.ts";
import { reckonSale, type Sale, type SaleParts } from "./reckon-sale.ts";
import type { Sales } from "./sales.ts";
import { carriesPayments } from "./settings.ts";

/**
 * Sales without the companion: several requests each, and no unique key. Whatever is cut between two requests is
 * brought to its end by the look-up, or by the same operation sent again.
 */
export function createStepwiseSales(parts: SaleParts): Sales {
  return {
    find: (externalId, errand) => findByReference(parts, externalId, errand),
    create: (wish, _payments, errand) => createSale(parts, wish, errand),
    amend: (id, body, errand) => amendSale(parts, id, body, errand),
    cancel: (id, errand) => cancelSale(parts, id, errand),
    withdraw: (id, errand) => withdrawSale(parts, id, errand),
  };
}

/**
 * A sale is made whole by one request, but as a draft. One that a look-up still finds as a draft was left behind between
 * the two requests, and is brought on now.
 */
async function findByReference(
  parts: SaleParts,
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

async function createSale(parts: SaleParts, wish: SaleWish, errand: Errand): Promise<ErpRef> {
  const { externalId, fingerprint } = wish.body;
  const existing = await findByReference(parts, externalId, errand);
  if (existing !== undefined) throw new ErpDuplicateError(`sale ${externalId} exists as ${existing.ref}`);
  const sale = await reckonSale(parts, wish, errand);
  const values = {
    ...sale.head,
    ...(await addressesOf(parts, sale, errand)),
    comment: encodeFingerprint(fingerprint),
    lines: [["create", sale.lines]],
  };
  const made = doneOrThrow(await parts.ask("model.sale.sale.create", [[values]], errand));
  const ref = decodeCreated(made, "sale");
  await afterwards(bringOn(parts, Number(ref), errand)).catch(async (thrown: unknown) => {
    // What Tryton refuses to quote must not stand there as an order that was exported.
    if (thrown instanceof ErpRejectedError) await afterwards(removeSale(parts, Number(ref), errand), true);
    throw thrown;
  });
  return ref;
}

/** Tryton cancels what it is to delete, in one transaction: no cancelled sale is left that a look-up would take for ours. */
async function removeSale({ ask }: SaleParts, id: number, errand: Errand): Promise<void> {
  doneOrThrow(await ask("model.sale.sale.delete", [[id]], errand));
}

async function amendSale(parts: SaleParts, id: number, body: OrderBody, errand: Errand): Promise<void> {
  const { ask } = parts;
  const standing = requireChangeable(await readSale(parts, id, errand), id);
  const sale = await reckonSale(parts, { body }, errand);
  const addresses = await addressesOf(parts, sale, errand);
  const payments = await standingPayments(parts, body.externalId, errand);
  const lines = [
    ...(standing.lines.length === 0 ? [] : [["delete", standing.lines]]),
    ["create", sale.lines],
  ];
  const values = { ...sale.head, ...addresses, lines };
  // Until it is quoted and paid again the amendment stays open, and the next attempt writes all of it anew.
  await afterwards(
    (async () => {
      await detachPayments(parts, payments, errand);
      if (standing.state !== "draft") doneOrThrow(await ask("model.sale.sale.draft", [[id]], errand));
      doneOrThrow(await ask("model.sale.sale.write", [[id], values], errand));
      await bringOn(parts, id, errand);
      await attachPayments(parts, payments, id, errand);
      if (isCovered(body.order, payments)) doneOrThrow(await ask("model.sale.sale.confirm", [[id]], errand));
    })(),
  );
}

/** Whether payments cover a sale, so that Tryton itself would have confirmed it. */
function isCovered(order: NeutralOrder, payments: readonly TrytonPayment[]): boolean {
  const succeeded = payments.filter(({ state }) => state === "succeeded");
  const paidMinor = succeeded.reduce((sum, { amount }) => sum + toMinor(amount, order.currency), 0);
  return succeeded.length > 0 && paidMinor >= order.totalPaidTaxInclMinor;
}

/** The payments stay: the money came. */
async function cancelSale(parts: SaleParts, id: number, errand: Errand): Promise<void> {
  const { ask } = parts;
  const { state, reference } = requireChangeable(await readSale(parts, id, errand), id);
  const payments = await standingPayments(parts, reference, errand);
  await afterwards(
    (async () => {
      if (state !== "cancelled") {
        await detachPayments(parts, payments, errand);
        if (state === "confirmed") doneOrThrow(await ask("model.sale.sale.draft", [[id]], errand));
        doneOrThrow(await ask("model.sale.sale.cancel", [[id]], errand));
      }
      const apart = payments.filter(({ hasOrigin }) => state !== "cancelled" || !hasOrigin);
      await attachPayments(parts, apart, id, errand);
    })(),
  );
}

async function withdrawSale(parts: SaleParts, id: number, errand: Errand): Promise<void> {
  const standing = await readSale(parts, id, errand);
  if (standing === undefined) return;
  const { state, reference } = requireChangeable(standing, id);
  const payments = carriesPayments(parts.settings) ? await ownPayments(parts, reference, errand) : [];
  await afterwards(
    (async () => {
      await releasePayments(parts, payments, errand);
      if (state === "confirmed") doneOrThrow(await parts.ask("model.sale.sale.draft", [[id]], errand));
      await removeSale(parts, id, errand);
    })(),
  );
}

async function standingPayments(
  parts: SaleParts,
  order: string,
  errand: Errand,
): Promise<readonly TrytonPayment[]> {
  if (!carriesPayments(parts.settings)) return [];
  return (await ownPayments(parts, order, errand)).filter(({ state }) => state !== "failed");
}

interface StandingSale {
  readonly state: string;
  readonly reference: string;
  readonly lines: readonly number[];
}

async function readSale({ ask }: SaleParts, id: number, errand: Errand): Promise<StandingSale | undefined> {
  const params = [[["id", "=", id]], 0, 1, null, ["state", "lines", "reference"]];
  const [row] = decodeRows(doneOrThrow(await ask("model.sale.sale.search_read", params, errand)), "sales");
  if (row === undefined) return undefined;
  const { state, reference, lines } = row;
  return {
    state: String(state),
    reference: typeof reference === "string" ? reference : "",
    lines: decodeIds(lines, "lines"),
  };
}

/** States from which Tryton lets a sale become a draft again. */
const CHANGEABLE: ReadonlySet<string> = new Set(["draft", "quotation", "confirmed", "cancelled"]);

function requireChangeable(sale: StandingSale | undefined, id: number): StandingSale {
  if (sale === undefined) throw new ErpRejectedError(`sale ${String(id)} is gone from Tryton`);
  if (CHANGEABLE.has(sale.state)) return sale;
  throw new ErpRejectedError(
    `sale ${String(id)} is ${sale.state} in Tryton: it can no longer be changed or taken back from the shop`,
  );
}

/** Quotes a draft, and confirms it where the settings say so. */
async function bringOn({ ask, settings }: SaleParts, id: number, errand: Errand): Promise<void> {
  if (settings.saleState === "draft") return;
  doneOrThrow(await ask("model.sale.sale.quote", [[id]], errand));
  if (settings.saleState === "confirmed") doneOrThrow(await ask("model.sale.sale.confirm", [[id]], errand));
}

/** A party's addresses of that content: those that are there, or new ones. Those of earlier orders never change. */
async function addressesOf(
  { ask }: SaleParts,
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
