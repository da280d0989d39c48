import { orderSubject, parseSubject, type ShopOrderId, shopOrderId } from "../domain/ids.ts";
import { type Mark, type MarkWhen, urgentOf } from "../domain/job.ts";
import type { StockFact } from "../domain/stock.ts";
import type { RowChange } from "./decode-row.ts";

/** What one transaction of the shop asks of us. */
export interface Effects {
  /** Outbox rows that may be ingested now. Ingesting marks their subjects; capture does not. */
  readonly outboxIds: readonly number[];
  readonly marks: readonly Mark[];
  /** Orders inserted without an outbox row of theirs: a hook was missed. */
  readonly unannounced: readonly ShopOrderId[];
  /** Orders touched by a payment, which knows them by reference only. */
  readonly orderReferences: readonly string[];
  /** What the stock ledger books, in the transaction's order. */
  readonly stockFacts: readonly StockFact[];
}

/**
 * Decides what one transaction asks for. What an outbox row of the same transaction announces is left to ingest. Of
 * the rest, an inserted order waits for its status row, an inserted status row makes its order due now (so an order
 * that no hook announced arrives in milliseconds), and any other change is looked at once the shop is quiet.
 * @param keepsLedger false where no stock ledger is kept; there are no stock facts then.
 */
export function decideEffects(changes: readonly RowChange[], keepsLedger = true): Effects {
  const outbox = changes.filter((change) => change.table === "erpsync_outbox");
  const announced = announcedOrders(outbox.flatMap((change) => change.subjects));
  const marks = new Map<number, Mark>();
  const unannounced = new Set<ShopOrderId>();
  for (const change of changes) {
    if (!("orderIds" in change)) continue;
    for (const id of change.orderIds) {
      if (announced.has(id)) continue;
      const orderId = shopOrderId(id);
      const mark: Mark = { subject: orderSubject(orderId), when: whenOf(change), traceparent: null };
      if (mark.when === "whole") unannounced.add(orderId);
      marks.set(id, urgentOf(marks.get(id), mark));
    }
  }
  return {
    outboxIds: outbox.flatMap((change) => change.ids),
    marks: [...marks.values()],
    unannounced: [...unannounced],
    orderReferences: [
      ...new Set(changes.flatMap((change) => (change.table === "order_payment" ? change.references : []))),
    ],
    stockFacts: keepsLedger ? decideStockFacts(changes) : [],
  };
}

/** Tables whose rows say what an order's lines take from stock. */
const TAKING: ReadonlySet<string> = new Set(["orders", "order_detail"]);

/** What the stock ledger books of a transaction, in its order; the orders that it touched come last. */
function decideStockFacts(changes: readonly RowChange[]): readonly StockFact[] {
  const orders = new Set<number>();
  let last = 0;
  for (const change of changes) {
    if (!("orderIds" in change) || !TAKING.has(change.table)) continue;
    for (const id of change.orderIds) orders.add(id);
    last = Math.max(last, change.lastLine ?? 0);
  }
  const facts: StockFact[] = [...changes.flatMap(stockFactsOf)];
  if (last > 0) facts.push({ kind: "lines", last });
  if (orders.size > 0) facts.push({ kind: "orders", ids: [...orders] });
  return facts;
}

function stockFactsOf(change: RowChange): readonly StockFact[] {
  switch (change.table) {
    case "stock_available":
      return change.rows.map((row) => ({ kind: "row", ...row }));
    case "stock_mvt":
      return [{ kind: "declared", rows: change.ids, subjects: [] }];
    case "erpsync_outbox": {
      const subjects = change.subjects.filter((subject) => subject.startsWith("stock:"));
      return subjects.length === 0 ? [] : [{ kind: "declared", rows: [], subjects }];
    }
    case "erpsync_stock_write":
      return [{ kind: "own", ids: change.ids }];
    case "erpsync_stock_check":
      return [{ kind: "check", ids: change.ids }];
    // What orders take is read anew, once for all that a transaction says of them.
    case "orders":
    case "order_detail":
    case "order_history":
    case "order_carrier":
    case "order_slip":
    case "order_payment":
    case "erpsync_checkpoint":
      return [];
  }
}

function announcedOrders(subjects: readonly string[]): ReadonlySet<number> {
  const parsed = subjects.map(parseSubject);
  return new Set(parsed.flatMap((subject) => (subject.kind === "order" ? [subject.id] : [])));
}

function whenOf(change: Extract<RowChange, { orderIds: readonly number[] }>): MarkWhen {
  if (change.kind !== "insert") return "soon";
  if (change.table === "orders") return "whole";
  return change.table === "order_history" ? "now" : "soon";
}

/** True for a transaction that only moved our own checkpoint; answering it with a checkpoint would never end. */
export function isOwnCheckpoint(changes: readonly RowChange[]): boolean {
  return changes.length > 0 && changes.every((change) => change.table === "erpsync_checkpoint");
}
