import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import { erpRef } from "../../domain/ids.ts";
import type { PaymentBody } from "../../domain/payment.ts";
import { ErpDuplicateError, type ErpRecord, ErpRejectedError } from "../port.ts";
import { afterwards } from "./afterwards.ts";
import { decodeFingerprint } from "./decode-fingerprint.ts";
import { decodeSaleToPay, SALE_TO_PAY_FIELDS, type SaleToPay } from "./decode-payment.ts";
import { decodeCreated, decodeImport, decodeOnly, decodeRows } from "./decode-record.ts";
import type { Directory } from "./directory.ts";
import { encodeJournal, encodePayment, encodePaymentValues, type KeyedPayment } from "./encode-payment.ts";
import { type Ask, doneOrThrow, type Errand } from "./exchange.ts";
import { bringPaymentOn, releasePayments } from "./payment-steps.ts";
import type { TrytonSettings } from "./settings.ts";

/** Payments of customers, which hang on the sale that they are for. */
export interface Payments {
  readonly find: (externalId: ExternalId, errand: Errand) => Promise<ErpRecord | undefined>;
  readonly create: (body: PaymentBody, errand: Errand) => Promise<ErpRef>;
  /** As the companion takes it, with its sale or alone. */
  readonly encode: (body: PaymentBody, errand: Errand) => Promise<KeyedPayment>;
}

interface Parts {
  readonly ask: Ask;
  readonly directory: Directory;
  readonly settings: TrytonSettings;
}

export function createPayments(parts: Parts): Payments {
  const { companion } = parts.settings;
  return {
    find: (externalId, errand) => find(parts, externalId, errand),
    create: (body, errand) => (companion ? payByCompanion : payBySteps)(parts, body, errand),
    encode: (body, errand) => encode(parts, body, errand),
  };
}

async function encode(
  { directory, settings }: Parts,
  body: PaymentBody,
  errand: Errand,
): Promise<KeyedPayment> {
  const id = encodeJournal(body, settings);
  return encodePayment(body, { id, currencyCode: await directory.journalCurrency(id, errand) }, settings);
}

/**
 * Without the companion the key is the first word of the description, and a payment that was left behind between two
 * requests is brought on by the look-up that finds it. With the companion, payments from before it have that alone.
 */
async function find(parts: Parts, externalId: ExternalId, errand: Errand): Promise<ErpRecord | undefined> {
  const { ask, settings } = parts;
  const byText = ["description", "like", `${externalId} %`];
  const domain = settings.companion ? ["OR", ["shop_ref", "=", externalId], byText] : byText;
  const fields = ["description", "state", ...(settings.companion ? ["shop_ref", "shop_fingerprint"] : [])];
  const params = [[domain], 0, 10, [["id", "ASC"]], fields];
  const rows = decodeRows(
    doneOrThrow(await ask("model.account.payment.search_read", params, errand)),
    "payments",
  );
  const keyed = rows.filter((row) => row["shop_ref"] === externalId);
  const row = decodeOnly(keyed.length > 0 ? keyed : rows, externalId);
  if (row === undefined) return undefined;
  const own = row["shop_fingerprint"];
  const fingerprint = typeof own === "string" ? own : decodeFingerprint(row["description"]);
  if (!settings.companion) await bringPaymentOn(parts, { id: row.id, state: String(row["state"]) }, errand);
  return { ref: erpRef(String(row.id)), fingerprint };
}

async function payByCompanion(parts: Parts, body: PaymentBody, errand: Errand): Promise<ErpRef> {
  const payment = await encode(parts, body, errand);
  const verdict = await parts.ask("model.account.payment.shop_pay", [saleOf(body), payment], errand);
  if (verdict.kind === "rejected") {
    // Of several that come at once the database lets one through, and the others break the constraint.
    const existing = await find(parts, body.externalId, errand);
    if (existing !== undefined) throw duplicate(body, existing.ref);
  }
  const { id, outcome } = decodeImport(doneOrThrow(verdict));
  if (outcome !== "created") throw duplicate(body, String(id));
  return erpRef(String(id));
}

async function payBySteps(parts: Parts, body: PaymentBody, errand: Errand): Promise<ErpRef> {
  const { ask } = parts;
  const payment = await encode(parts, body, errand);
  const sale = await readSale(parts, body, errand);
  const existing = sale.paidAs(body.externalId);
  if (existing !== undefined) throw duplicate(body, String(existing));
  const values = encodePaymentValues(payment, { id: saleOf(body), party: sale.party });
  const made = doneOrThrow(await ask("model.account.payment.create", [[values]], errand));
  const ref = decodeCreated(made, "payment");
  const record = { id: Number(ref), description: values.description };
  await afterwards(bringPaymentOn(parts, { ...record, state: "draft" }, errand)).catch(
    async (thrown: unknown) => {
      // What Tryton refuses on the way must not stand there as a payment that was booked.
      if (thrown instanceof ErpRejectedError) await takeBack(parts, record, errand);
      throw thrown;
    },
  );
  return ref;
}

async function takeBack(
  parts: Parts,
  payment: { readonly id: number; readonly description: string },
  errand: Errand,
): Promise<void> {
  const params = [[["id", "=", payment.id]], 0, 1, null, ["state"]];
  await afterwards(
    (async () => {
      const found = doneOrThrow(await parts.ask("model.account.payment.search_read", params, errand));
      const left = decodeRows(found, "payments").map((row) => ({ ...payment, state: String(row["state"]) }));
      await releasePayments(parts, left, errand);
    })(),
    true,
  );
}

/** The sale of a payment. Tryton itself compares neither currencies nor keys. */
async function readSale({ ask }: Parts, body: PaymentBody, errand: Errand): Promise<SaleToPay> {
  const id = saleOf(body);
  const params = [[["id", "=", id]], 0, 1, null, SALE_TO_PAY_FIELDS];
  const found = decodeRows(doneOrThrow(await ask("model.sale.sale.search_read", params, errand)), "sales");
  if (found.length === 0) throw new ErpRejectedError(`sale ${String(id)} is gone from Tryton`);
  const sale = decodeSaleToPay(found[0]);
  const { code } = body.payment.currency;
  if (sale.currencyCode !== code) {
    throw new ErpRejectedError(
      `payment ${body.externalId} is in ${code}, and its sale ${String(id)} of Tryton in ${sale.currencyCode}`,
    );
  }
  return sale;
}

function saleOf({ orderRef, externalId }: PaymentBody): number {
  if (orderRef !== null) return Number(orderRef);
  throw new ErpRejectedError(`payment ${externalId} names no sale of Tryton`);
}

const duplicate = (body: PaymentBody, ref: string): ErpDuplicateError =>
  new ErpDuplicateError(`payment ${body.externalId} exists as ${ref}`);
