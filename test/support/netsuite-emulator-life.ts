import { linesOf } from "./netsuite-emulator-fields.ts";
import { fulfilledOf, openOf, statusOf } from "./netsuite-emulator-order-status.ts";
import { type RecordStore, type StoredRecord, tranIdOf } from "./netsuite-emulator-records.ts";
import { type Json, refId } from "./netsuite-emulator-rules.ts";
import type { StockStore } from "./netsuite-emulator-stock.ts";
import { SupportError } from "./support-error.ts";

/** A fulfilment that the warehouse makes. */
export interface Shipment {
  /** One for each parcel; none where the carrier has told none yet. */
  readonly trackingNumbers: readonly string[];
  readonly carrier: string;
  /** Numbers of the order's lines that leave with it, from 1; all that is left unless told. */
  readonly lines?: readonly number[];
  /** Picked or packed only: it has not left yet. */
  readonly isWaiting?: boolean;
}

/** What the account's people do with orders. */
export interface OrderLife {
  /** Fulfils an order, or a part of it; the fulfilment's id. */
  readonly ship: (orderId: string, shipment: Shipment) => string;
  /** Invoices what was fulfilled and not invoiced yet; the invoice's number. */
  readonly bill: (orderId: string) => string;
  /** Says when an order and all that was made from it was last saved. */
  readonly touch: (orderIds: readonly string[], atMs: number) => void;
}

/** The life of the orders in a store. */
export function createOrderLife(store: RecordStore, stock: StockStore): OrderLife {
  const required = (orderId: string, statuses: string): StoredRecord => {
    const order = store.get("salesOrder", orderId);
    const status = statusOf(order.body, store.stockedItems);
    if (!statuses.includes(status)) throw new SupportError(`order ${orderId} is of status ${status}`);
    return order;
  };
  return {
    ship: (orderId, { trackingNumbers, carrier, lines, isWaiting = false }) => {
      const order = required(orderId, "BDE");
      const leaves = (line: Json): number =>
        store.stockedItems.has(refId(line["item"])) &&
        (lines ?? [Number(line["line"])]).includes(Number(line["line"]))
          ? openOf(line)
          : 0;
      const items = linesOf(order.body).flatMap((line) => partOf(line, leaves(line)));
      if (items.length === 0) throw new SupportError(`nothing is left to ship of order ${orderId}`);
      const status = isWaiting ? "A" : "C";
      const body = {
        createdFrom: { id: orderId },
        status,
        shipCarrier: carrier,
        trackingNumbers,
        item: { items },
      };
      const fulfilment = store.file("itemFulfillment", body);
      if (isWaiting) return fulfilment.id;
      followLines(store, order, (line) => ({ quantityFulfilled: fulfilledOf(line) + leaves(line) }));
      for (const line of linesOf(order.body)) {
        const place = refId(line["location"]) || refId(order.body["location"]);
        if (leaves(line) > 0 && place !== "") stock.move(refId(line["item"]), place, 0 - leaves(line));
      }
      return fulfilment.id;
    },
    bill: (orderId) => {
      const order = required(orderId, "DEF");
      const due = (line: Json): number => fulfilledOf(line) - Number(line["quantityBilled"] ?? 0);
      const items = linesOf(order.body).flatMap((line) => partOf(line, due(line)));
      const invoice = store.file("invoice", { createdFrom: { id: orderId }, item: { items } });
      followLines(store, order, (line) => ({ quantityBilled: fulfilledOf(line) }));
      return tranIdOf(invoice);
    },
    touch: (orderIds, atMs) => {
      const orders = new Set(orderIds);
      const made = [...store.all("itemFulfillment"), ...store.all("invoice")];
      const followers = made.filter(({ body }) => orders.has(refId(body["createdFrom"])));
      store.touch(new Set([...orderIds, ...followers.map(({ id }) => id)]), atMs);
    },
  };
}

function partOf(line: Json, quantity: number): readonly Json[] {
  if (quantity <= 0) return [];
  return [{ orderLine: line["line"], item: line["item"], quantity, rate: line["rate"] }];
}

function followLines(store: RecordStore, order: StoredRecord, change: (line: Json) => Json): void {
  const items = linesOf(order.body).map((line) => ({ ...line, ...change(line) }));
  store.follow(order, { ...order.body, item: { items } });
}
