import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { type ExternalId, erpRef } from "../../domain/ids.ts";
import type { ErpParcel, ErpProgress, ErpStage } from "../../domain/progress.ts";
import { type OrderStatus, Status } from "./decode-order-state.ts";
import { digits, type QueryPage } from "./decode-page.ts";
import type { Place } from "./decode-progress-mark.ts";

const id = digits(/^[1-9][0-9]{0,14}$/).transform(Number);

const OrderRow = z.object({
  id,
  externalid: z.string(),
  status: Status,
  changedat: z.string().regex(/^[0-9]{14}$/),
});

const DocumentRow = z.object({
  salesorder: id,
  id,
  type: z.string(),
  status: z.string().transform((text) => text.replace(/^[A-Za-z]+:/, "")),
  tranid: z.string().default(""),
  shipcarrier: z.string().default(""),
});

const TrackingRow = z.object({ fulfilment: id, id, trackingnumber: z.string().default("") });

/** An order that moved on, and when. */
export interface MovedOrder extends Place {
  readonly externalId: ExternalId;
  readonly status: OrderStatus;
}

/** Something that was made of an order. */
export type MadeDocument = z.infer<typeof DocumentRow>;

/** A tracking number of a fulfilment. */
export type Tracking = z.infer<typeof TrackingRow>;

/** @throws DecodeError where a row has not its form; the message names it. */
export const decodeOrderRows = (page: QueryPage): readonly MovedOrder[] =>
  page.items.map((row) => {
    const { id: order, externalid, status, changedat } = read(OrderRow, row, "order");
    return { order, externalId: externalid as ExternalId, status, time: changedat };
  });

/** @throws DecodeError where a row has not its form; the message names it. */
export const decodeDocumentRows = (page: QueryPage): readonly MadeDocument[] =>
  page.items.map((row) => read(DocumentRow, row, "document"));

/** @throws DecodeError where a row has not its form; the message names it. */
export const decodeTrackingRows = (page: QueryPage): readonly Tracking[] =>
  page.items.map((row) => read(TrackingRow, row, "tracking number"));

/** A key that we give to orders: payments and credits have more behind it. */
export const isOrderKey = (key: string): boolean => /^PS-[a-z0-9]{1,16}-[1-9][0-9]*(-E[0-9]+)?$/.test(key);

/** Whether it is a fulfilment that has left: picked and packed ones are still in the house. */
export const hasLeft = ({ type, status }: MadeDocument): boolean => type === "ItemShip" && status === "C";

/** All that NetSuite says of one order. */
export function decodeProgress(
  order: MovedOrder,
  documents: readonly MadeDocument[],
  trackings: readonly Tracking[],
): ErpProgress {
  const own = documents.filter(({ salesorder }) => salesorder === order.order).sort((a, b) => a.id - b.id);
  const invoices = own.filter(({ type, tranid }) => type !== "ItemShip" && tranid !== "");
  return {
    orderExternalId: order.externalId,
    orderRef: erpRef(String(order.order)),
    stage: stageOf(order.status, own.some(hasLeft)),
    parcels: own.filter(hasLeft).flatMap((fulfilment) => parcelsOf(fulfilment, trackings)),
    invoiceNumbers: invoices.map(({ tranid }) => tranid),
  };
}

/** An order that was closed before anything left is called off; one of which something left is done. */
function stageOf(status: OrderStatus, somethingLeft: boolean): ErpStage {
  switch (status) {
    case "A":
    case "B":
      return "open";
    case "C":
      return "cancelled";
    case "D":
    case "E":
      return "partly-shipped";
    case "F":
      return "shipped";
    case "G":
      return "invoiced";
    case "H":
      return somethingLeft ? "closed" : "cancelled";
  }
}

/** What the shop's `order_carrier.tracking_number` holds. */
const TRACKING_CHARS_MAX = 64;

/**
 * A parcel for each tracking number, and one without where there is none yet. The first one bears the fulfilment's id, so
 * that a number which comes later is one of the same parcel.
 */
function parcelsOf(fulfilment: MadeDocument, trackings: readonly Tracking[]): readonly ErpParcel[] {
  const own = trackings
    .filter((tracking) => tracking.fulfilment === fulfilment.id)
    .sort((a, b) => a.id - b.id);
  const numbers = own.length === 0 ? [""] : own.map(({ trackingnumber }) => trackingnumber);
  return numbers.map((number, index) => ({
    ref: erpRef(index === 0 ? String(fulfilment.id) : `${String(fulfilment.id)}-${String(index + 1)}`),
    trackingNumber: number.slice(0, TRACKING_CHARS_MAX),
    carrier: fulfilment.shipcarrier,
  }));
}

function read<Row>(schema: z.ZodType<Row>, row: unknown, what: string): Row {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const named = z.object({ id: z.union([z.string().max(40), z.number()]) }).safeParse(row);
  const name = named.success ? ` ${String(named.data.id)}` : "";
  const field = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new DecodeError(`NetSuite's ${what}${name} cannot be read: ${field === "" ? "no row" : field}`);
}
