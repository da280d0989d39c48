import { createHash } from "node:crypto";
import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import { erpRef } from "../../domain/ids.ts";
import { fromMinor } from "../../domain/money.ts";
import { ErpDuplicateError, type ErpRecord } from "../port.ts";
import { decodeFingerprint } from "./decode-fingerprint.ts";
import { decodeImport, decodeOnly, decodeRows } from "./decode-record.ts";
import { type SaleWish, saleTotals } from "./encode-credit.ts";
import type { KeyedPayment } from "./encode-payment.ts";
import { encodeDecimal } from "./encode-values.ts";
import { doneOrThrow, type Errand } from "./exchange.ts";
import { reckonSale, type Sale, type SaleParts } from "./reckon-sale.ts";
import type { Sales } from "./sales.ts";
import type { TrytonSettings } from "./settings.ts";

/** Sales with the companion module: each change is one transaction in Tryton, and the key is unique there. */
export function createCompanionSales(parts: SaleParts): Sales {
  return {
    find: (externalId, errand) => findByKey(parts, externalId, errand),
    create: (wish, payments, errand) => importSale(parts, wish, payments, errand),
    amend: async (id, body, errand) => {
      const wish = { body };
      const order = encodeImport(wish, await reckonSale(parts, wish, errand), [], parts.settings);
      decodeImport(doneOrThrow(await parts.ask("model.sale.sale.shop_amend", [id, order], errand)));
    },
    cancel: async (id, errand) => {
      decodeImport(doneOrThrow(await parts.ask("model.sale.sale.shop_cancel", [id], errand)));
    },
    withdraw: async (id, errand) => {
      decodeImport(doneOrThrow(await parts.ask("model.sale.sale.shop_withdraw", [id], errand)));
    },
  };
}

async function findByKey(
  { ask }: SaleParts,
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

async function importSale(
  parts: SaleParts,
  wish: SaleWish,
  payments: readonly KeyedPayment[],
  errand: Errand,
): Promise<ErpRef> {
  const { externalId } = wish.body;
  const order = encodeImport(wish, await reckonSale(parts, wish, errand), payments, parts.settings);
  const verdict = await parts.ask("model.sale.sale.shop_import", [order], errand);
  if (verdict.kind === "rejected") {
    // Of several that come at once the database lets one through, and the others break the constraint.
    const existing = await findByKey(parts, externalId, errand);
    if (existing !== undefined) throw duplicate(externalId, existing.ref);
  }
  const { id, outcome } = decodeImport(doneOrThrow(verdict));
  if (outcome !== "created") throw duplicate(externalId, String(id));
  return erpRef(String(id));
}

function encodeImport(
  wish: SaleWish,
  sale: Sale,
  payments: readonly KeyedPayment[],
  settings: TrytonSettings,
): Record<string, unknown> {
  const { body } = wish;
  const { currency } = body.order;
  const { untaxedMinor, taxMinor } = saleTotals(wish);
  const content = {
    sale: { ...sale.head, lines: [["create", sale.lines]] },
    billing: sale.billing,
    delivery: sale.delivery,
    untaxed: encodeDecimal(fromMinor(untaxedMinor, currency)),
    total: encodeDecimal(fromMinor(untaxedMinor + taxMinor, currency)),
  };
  return {
    ...content,
    payments,
    key: body.externalId,
    fingerprint: body.fingerprint,
    hash: createHash("sha256")
      .update(JSON.stringify([body.fingerprint, content]))
      .digest("hex"),
    state: settings.saleState,
  };
}

const duplicate = (externalId: ExternalId, ref: string): ErpDuplicateError =>
  new ErpDuplicateError(`sale ${externalId} exists as ${ref}`);
