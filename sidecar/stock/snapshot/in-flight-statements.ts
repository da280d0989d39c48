import { inflateRawSync } from "node:zlib";
import { sql } from "kysely";
import type { Database, Tx } from "../../platform/database.ts";

const orderIdOf = (subject: string): number => Number(subject.slice("order:".length));
const subjectOf = (orderId: number): string => `order:${String(orderId)}`;

/** States of a job in which shop and ERP may not agree. */
export const UNSETTLED_JOB_STATES = ["ready", "working", "held", "retrying", "parked", "dead"] as const;

/** An order whose job is not done. */
export interface UnsettledOrder {
  readonly id: number;
  /** A person asked for it, though it is older than the start of the export. */
  readonly isRequested: boolean;
}

/**
 * Orders whose job is in this state.
 * Locks: none.
 * Reads: erpsync_job_claim (lane, state), one range; the jobs by primary key.
 */
export async function ordersInState(
  tx: Tx,
  state: (typeof UNSETTLED_JOB_STATES)[number],
): Promise<readonly UnsettledOrder[]> {
  const rows = await tx
    .selectFrom("erpsync_job")
    .where("lane", "=", "orders")
    .where("state", "=", state)
    .where("subject", "like", "order:%")
    .select(["subject", "requested"])
    .execute();
  return rows.map((row) => ({ id: orderIdOf(row.subject), isRequested: row.requested === 1 }));
}

/**
 * Orders of which the ERP acknowledged something since then.
 * Locks: none.
 * Reads: erpsync_operation_acknowledged, one range.
 */
export async function ordersAcknowledgedSince(tx: Tx, since: string): Promise<readonly number[]> {
  const rows = await tx
    .selectFrom("erpsync_operation")
    .where("acknowledged_at", ">=", since)
    .where("subject", "like", "order:%")
    .select("subject")
    .distinct()
    .execute();
  return rows.map((row) => orderIdOf(row.subject));
}

/**
 * Orders that an event in the outbox tells of, which nobody has looked at yet.
 * Locks: none.
 * Reads: the outbox, once; it is empty but when nobody ingests.
 */
export async function ordersInOutbox(tx: Tx): Promise<readonly number[]> {
  const rows = await tx
    .selectFrom("erpsync_outbox")
    .where("subject", "like", "order:%")
    .select("subject")
    .distinct()
    .execute();
  return rows.map((row) => orderIdOf(row.subject));
}

/** Orders by id: above `after`, up to `until`. */
export interface OrderSpan {
  readonly after: number;
  readonly until: number;
}

/**
 * Orders with lines that the ledger knows and without a job.
 * Locks: none.
 * Reads: erpsync_stock_line_order, one range; the primary key of erpsync_job, one look a line.
 */
export async function ordersWithLinesOnly(tx: Tx, span: OrderSpan): Promise<readonly number[]> {
  const rows = await tx
    .selectFrom("erpsync_stock_line as l")
    .leftJoin("erpsync_job as j", (join) =>
      join.on("j.subject", "=", sql<string>`CONVERT(CONCAT('order:', l.id_order) USING ascii)`),
    )
    .where("l.id_order", ">", span.after)
    .where("l.id_order", "<=", span.until)
    .where("j.subject", "is", null)
    .select("l.id_order")
    .distinct()
    .execute();
  return rows.map((row) => row.id_order);
}

/**
 * Orders whose goods the shop has not sent out, and that take something.
 * Locks: none.
 * Reads: the primary keys of orders, one range, and of order_state; erpsync_stock_line_order, one look an order.
 */
export async function ordersWithGoodsHere(db: Database, span: OrderSpan): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("orders as o")
    .leftJoin("order_state as s", "s.id_order_state", "o.current_state")
    .where("o.id_order", ">", span.after)
    .where("o.id_order", "<=", span.until)
    // A torn order has no state at all.
    .where((eb) => eb.or([eb("s.shipped", "is", null), eb("s.shipped", "=", 0)]))
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("erpsync_stock_line as l")
          .whereRef("l.id_order", "=", "o.id_order")
          .where("l.units", ">", 0)
          .select("l.id_order"),
      ),
    )
    .orderBy("o.id_order")
    .select("o.id_order")
    .execute();
  return rows.map((row) => row.id_order);
}

/**
 * The highest order that the ledger has lines of, 0 where there is none.
 * Locks: none.
 * Reads: the last entry of erpsync_stock_line_order.
 */
export async function highestOrderWithLines(db: Database): Promise<number> {
  const row = await db
    .selectFrom("erpsync_stock_line")
    .select((eb) => eb.fn.max<number | null>("id_order").as("id"))
    .executeTakeFirst();
  return row?.id ?? 0;
}

/** What a line of an order takes from a row. */
export interface OrderLineUnits {
  readonly orderId: number;
  readonly detail: number;
  readonly row: number;
  readonly units: number;
  /** Units of the row for one of the line. */
  readonly factor: number;
}

/**
 * What the lines of these orders take, by the ledger.
 * Locks: none.
 * Reads: erpsync_stock_line_order, one range an order.
 */
export async function readOrderUnits(
  tx: Tx,
  orderIds: readonly number[],
): Promise<readonly OrderLineUnits[]> {
  const rows = await tx
    .selectFrom("erpsync_stock_line")
    .where("id_order", "in", orderIds)
    .select(["id_order", "id_order_detail", "id_stock_available", "units", "factor"])
    .execute();
  return rows.map((row) => ({
    orderId: row.id_order,
    detail: row.id_order_detail,
    row: row.id_stock_available,
    units: row.units,
    factor: row.factor,
  }));
}

/** A creation or amendment of an order, without its body. */
export interface SendRow {
  readonly orderId: number;
  readonly key: string;
  readonly state: "open" | "refused" | "acknowledged";
  readonly isAmbiguous: boolean;
  readonly bodyHash: string;
  readonly createdAt: string;
  readonly acknowledgedAt: string | null;
}

/**
 * The creations and amendments of these orders, in the order of their numbers.
 * Locks: none.
 * Reads: erpsync_operation_number, one range an order.
 */
export async function readSends(tx: Tx, orderIds: readonly number[]): Promise<readonly SendRow[]> {
  const rows = await tx
    .selectFrom("erpsync_operation")
    .where("subject", "in", orderIds.map(subjectOf))
    .where("kind", "in", ["create", "amend"])
    .orderBy("subject")
    .orderBy("number")
    .select(["subject", "op_key", "state", "ambiguous_at", "body_hash", "created_at", "acknowledged_at"])
    .execute();
  return rows.map((row) => ({
    orderId: orderIdOf(row.subject),
    key: row.op_key,
    state: row.state as SendRow["state"],
    isAmbiguous: row.ambiguous_at !== null,
    bodyHash: row.body_hash,
    createdAt: row.created_at,
    acknowledgedAt: row.acknowledged_at,
  }));
}

/**
 * The bodies of operations as JSON text, by key; those that are not kept any more are left out.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readSentBodies(tx: Tx, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await tx
    .selectFrom("erpsync_operation")
    .where("op_key", "in", keys)
    .select(["op_key", "body"])
    .execute();
  const kept = rows.filter(({ body }) => body.length > 0);
  return new Map(kept.map((row) => [row.op_key, inflateRawSync(row.body).toString("utf8")]));
}

/**
 * Since when these orders have been mapped to a record of the ERP; orders without a mapping are left out.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readOrderMappings(
  tx: Tx,
  orderIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const rows = await tx
    .selectFrom("erpsync_mapping")
    .where("kind", "=", "order")
    .where("shop_key", "in", orderIds.map(String))
    .select(["shop_key", "updated_at"])
    .execute();
  return new Map(rows.map((row) => [Number(row.shop_key), row.updated_at]));
}
