import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Tx, utcNow } from "../platform/database.ts";
import type { Tables } from "../platform/schema.ts";

/** Which orders are asked for: a span of shop time, some ids, or both. */
export interface BackfillRange {
  /** Shop time, `YYYY-MM-DD HH:MM:SS`; from then on. */
  readonly since?: string;
  /** Shop time; before then. */
  readonly until?: string;
  readonly orderIds?: readonly number[];
}

/** An order of the range, and what is known of it. */
export interface BackfillOrder {
  readonly id: number;
  readonly hasJob: boolean;
  readonly requested: boolean;
  /** True where it stands in the ERP. */
  readonly mapped: boolean;
}

function inRange<O>(
  query: SelectQueryBuilder<Tables & { o: Tables["orders"] }, "o", O>,
  range: BackfillRange,
) {
  let ranged = query;
  if (range.since !== undefined) ranged = ranged.where("o.date_add", ">=", range.since);
  if (range.until !== undefined) ranged = ranged.where("o.date_add", "<", range.until);
  if (range.orderIds !== undefined) ranged = ranged.where("o.id_order", "in", range.orderIds);
  return ranged;
}

/**
 * How many orders a range has.
 * Locks: none.
 * Reads: the index of orders on date_add, or the primary key where ids are given.
 */
export async function countOrders(db: Database, range: BackfillRange): Promise<number> {
  const query = db.selectFrom("orders as o").select(sql<number>`COUNT(*)`.as("orders"));
  const row = await inRange(query, range).executeTakeFirstOrThrow();
  return row.orders;
}

/**
 * A page of a range in the order of the ids, and what is known of each order.
 * Locks: none.
 * Reads: orders by primary key from `afterId` on; erpsync_job and erpsync_mapping by primary key, one look an order.
 */
export async function pageBackfill(
  db: Database,
  range: BackfillRange,
  afterId: number,
  limit: number,
): Promise<readonly BackfillOrder[]> {
  const rows = await inRange(db.selectFrom("orders as o"), range)
    .leftJoin("erpsync_job as j", (join) =>
      join.on("j.subject", "=", sql<string>`CONVERT(CONCAT('order:', o.id_order) USING ascii)`),
    )
    .leftJoin("erpsync_mapping as m", (join) =>
      join
        .on("m.kind", "=", "order")
        .on("m.shop_key", "=", sql<string>`CONVERT(CONCAT('', o.id_order) USING ascii)`),
    )
    .where("o.id_order", ">", afterId)
    .orderBy("o.id_order")
    .limit(limit)
    .select(["o.id_order", "j.subject", "j.requested", "m.shop_key"])
    .execute();
  return rows.map((row) => ({
    id: row.id_order,
    hasJob: row.subject !== null,
    requested: row.requested === 1,
    mapped: row.shop_key !== null,
  }));
}

/**
 * Remembers that a person asked for these orders, though they are older than the start of the export.
 * Locks: X on the rows, which the caller has just marked.
 * Reads: the primary key.
 */
export async function noteRequested(tx: Tx, subjects: readonly string[]): Promise<void> {
  await tx
    .updateTable("erpsync_job")
    .set({ requested: 1, updated_at: utcNow })
    .where("subject", "in", subjects)
    .execute();
}
