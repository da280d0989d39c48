import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { type ExternalId, erpRef } from "../../domain/ids.ts";
import type { ErpParcel, ErpProgress, ErpStage } from "../../domain/progress.ts";
import { Id } from "./decode-record.ts";

/** The keys that orders of a shop have; those of its credits and payments go on behind. */
const ORDER_KEY = /^PS-[a-z0-9]{1,16}-[1-9][0-9]{0,9}(-E[1-9][0-9]{0,3})?$/;
/** As `order_carrier.tracking_number` of the shop holds. */
const TRACKING_CHARS_MAX = 64;

const Shipment = z.object({
  id: Id,
  state: z.string(),
  reference: z.string().nullable(),
  shop_tracking: z.string().nullish(),
});
const Invoice = z.object({ id: Id, state: z.string(), number: z.string().nullable() });
const Sale = z.object({
  id: Id,
  reference: z.string().nullable(),
  shop_ref: z.string().nullish(),
  state: z.string(),
  shipment_state: z.string(),
  "shipments.": z.array(Shipment),
  "invoices.": z.array(Invoice),
});

/** The fields that `decodeProgress` reads; some are the companion's. */
export const progressFields = (companion: boolean): readonly string[] => [
  "reference",
  "state",
  "shipment_state",
  "shipments.state",
  "shipments.reference",
  "invoices.state",
  "invoices.number",
  ...(companion ? ["shop_ref", "shipments.shop_tracking"] : []),
];

/**
 * How far each order has come. Sales that are no order of a shop are left out.
 * @throws DecodeError where a row is no sale with its shipments and invoices; the message names the sale.
 */
export function decodeProgress(rows: readonly { readonly id: number }[]): readonly ErpProgress[] {
  return rows.flatMap((row) => {
    const read = Sale.safeParse(row);
    if (!read.success)
      throw new DecodeError(`the progress of sale ${String(row.id)} of Tryton cannot be read`);
    const key = read.data.shop_ref ?? read.data.reference ?? "";
    if (!ORDER_KEY.test(key)) return [];
    const parcels = parcelsOf(read.data);
    return [
      {
        orderExternalId: key as ExternalId,
        orderRef: erpRef(String(row.id)),
        stage: stageOf(read.data, parcels.length > 0),
        parcels,
        invoiceNumbers: invoicesOf(read.data).flatMap(({ number }) => number ?? []),
      },
    ];
  });
}

type RawSale = z.infer<typeof Sale>;

const byId = (a: { readonly id: number }, b: { readonly id: number }): number => a.id - b.id;

/** A shipment has left when it is done; packed, it still stands there. */
function parcelsOf(sale: RawSale): readonly ErpParcel[] {
  return sale["shipments."]
    .filter(({ state }) => state === "done")
    .sort(byId)
    .map(({ id, reference, shop_tracking }) => ({
      ref: erpRef(String(id)),
      trackingNumber: (shop_tracking ?? reference ?? "").trim().slice(0, TRACKING_CHARS_MAX),
      carrier: "",
    }));
}

function invoicesOf(sale: RawSale): RawSale["invoices."] {
  return sale["invoices."].filter(({ state }) => state === "posted" || state === "paid").sort(byId);
}

function stageOf(sale: RawSale, hasParcels: boolean): ErpStage {
  switch (sale.state) {
    case "cancelled":
      return "cancelled";
    case "done":
      return "closed";
    case "processing":
      return stageUnderWay(sale, hasParcels);
    default:
      return "open";
  }
}

/** What is invoiced before it is shipped is not counted as invoiced: that stage lies behind the shipment. */
function stageUnderWay(sale: RawSale, hasParcels: boolean): ErpStage {
  // Of an order of services nothing is shipped.
  const isShipped = sale.shipment_state === "sent" || sale.shipment_state === "none";
  const invoices = invoicesOf(sale);
  if (isShipped && invoices.length > 0 && invoices.length === sale["invoices."].length) return "invoiced";
  if (sale.shipment_state === "sent") return "shipped";
  return hasParcels ? "partly-shipped" : "open";
}
