import { type RawBuilder, sql } from "kysely";
import { type Database, type Tx, utcNow } from "../platform/database.ts";

/**
 * Orders after `afterId` that have neither a job nor an event in the outbox: neither hook nor binlog told of them. One
 * statement sees one moment, so an order whose event is just being ingested is in the one or in the other.
 * Locks: none.
 * Reads: the primary key of orders from `afterId` on, and of erpsync_job, one look an order; the outbox once.
 */
export async function ordersWithoutJob(
  db: Database,
  afterId: number,
  limit: number,
): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("orders as o")
    .leftJoin("erpsync_job as j", (join) =>
      join.on("j.subject", "=", sql<string>`CONVERT(CONCAT('order:', o.id_order) USING ascii)`),
    )
    .where("o.id_order", ">", afterId)
    .where("j.subject", "is", null)
    .where(
      sql<boolean>`NOT EXISTS (SELECT 1 FROM ${sql.table("erpsync_outbox")} x
        WHERE x.subject = CONVERT(CONCAT('order:', o.id_order) USING ascii))`,
    )
    .where("o.id_order", "not in", (eb) =>
      eb
        .selectFrom("erpsync_outbox")
        .where("subject", "like", "order:%")
        .select(sql<number>`CAST(SUBSTRING(subject, 7) AS UNSIGNED)`.as("id")),
    )
    .orderBy("o.id_order")
    .limit(limit)
    .select("o.id_order")
    .execute();
  return rows.map((row) => row.id_order);
}

/**
 * The highest order id, 0 where there is none.
 * Locks: none.
 * Reads: the last entry of the primary key.
 */
export async function highestOrder(db: Database): Promise<number> {
  const row = await db
    .selectFrom("orders")
    .select("id_order")
    .orderBy("id_order", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.id_order ?? 0;
}

/** An order and a hash over what the export depends on. */
export interface OrderContent {
  readonly id: number;
  readonly hash: string;
  /** The hash that the last sweep saw; null for an order that it sees for the first time. */
  readonly seenHash: string | null;
}

/**
 * Hashes a page of orders: every column of header, lines and both addresses that the export reads, and the foreign keys
 * of what it looks up. A column without a value counts as an empty one, as in the export. By SHA-256, since MySQL 9.7 has no MD5 of its own any
 * more; the lines by a sum of hashes, since MySQL cuts GROUP_CONCAT off after 1,024 bytes.
 * Locks: none.
 * Reads: orders by primary key from `afterId` on, each order's lines by their index, addresses by primary key.
 */
export async function hashOrders(
  db: Database,
  afterId: number,
  limit: number,
): Promise<readonly OrderContent[]> {
  const line = sql`SHA2(CONCAT_WS(':', d.id_order_detail, d.product_id, d.product_attribute_id, d.product_quantity,
      IFNULL(d.product_reference, ''), d.product_name, d.unit_price_tax_excl, d.total_price_tax_excl,
      d.total_price_tax_incl), 256)`;
  // A sum does not care for the order of the lines, which each hash its own id, and is never cut off.
  const lines = sql`(SELECT CONCAT_WS(':', COUNT(*), SUM(CAST(CONV(LEFT(${line}, 15), 16, 10) AS UNSIGNED)))
    FROM ${sql.table("order_detail")} d WHERE d.id_order = o.id_order)`;
  const address = (column: "id_address_delivery" | "id_address_invoice"): RawBuilder<unknown> =>
    sql`(SELECT SHA2(CONCAT_WS(':', a.id_address, IFNULL(a.company, ''), a.firstname, a.lastname, a.address1,
      IFNULL(a.address2, ''), IFNULL(a.postcode, ''), a.city, a.id_country, IFNULL(a.id_state, 0),
      IFNULL(a.phone, ''), IFNULL(a.phone_mobile, ''), IFNULL(a.vat_number, '')), 256)
    FROM ${sql.table("address")} a WHERE a.id_address = ${sql.ref(`o.${column}`)})`;
  const rows = await db
    .selectFrom("orders as o")
    .leftJoin("erpsync_order_seen as s", "s.id_order", "o.id_order")
    .where("o.id_order", ">", afterId)
    .orderBy("o.id_order")
    .limit(limit)
    .select(["o.id_order", "s.content_hash"])
    .select(
      sql<string>`LEFT(SHA2(CONCAT_WS('|', o.reference, o.id_shop, o.date_add, o.id_currency,
        o.conversion_rate, o.id_customer, o.current_state, o.id_carrier, o.id_address_delivery,
        o.id_address_invoice, o.payment, o.total_paid_tax_incl, o.total_paid_tax_excl, o.total_shipping_tax_incl,
        o.total_shipping_tax_excl, ${lines}, ${address("id_address_delivery")},
        ${address("id_address_invoice")}), 256), 32)`.as("hash"),
    )
    .execute();
  return rows.map((row) => ({ id: row.id_order, hash: row.hash, seenHash: row.content_hash }));
}

/**
 * Remembers what the sweep saw.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function rememberOrders(tx: Tx, orders: readonly OrderContent[]): Promise<void> {
  await tx
    .replaceInto("erpsync_order_seen")
    .values(orders.map((order) => ({ id_order: order.id, content_hash: order.hash, seen_at: utcNow })))
    .execute();
}

/**
 * The last order placed before the given shop time, 0 where there is none.
 * Locks: none.
 * Reads: the last entry of the span in the index of orders on date_add.
 */
export async function lastOrderBefore(db: Database, shopTime: string): Promise<number> {
  const row = await db
    .selectFrom("orders")
    .where("date_add", "<", shopTime)
    .orderBy("date_add", "desc")
    .orderBy("id_order", "desc")
    .limit(1)
    .select("id_order")
    .executeTakeFirst();
  return row?.id_order ?? 0;
}

/**
 * The last order placed more than this many days ago, 0 where there is none.
 * Locks: none.
 * Reads: the last entry of the span in the index of orders on date_add. A day more or less does not matter, so shop time may be compared with UTC.
 */
export async function lastOrderOlderThan(db: Database, days: number): Promise<number> {
  const row = await db
    .selectFrom("orders")
    .where("date_add", "<", sql<string>`UTC_TIMESTAMP() - INTERVAL ${days} DAY`)
    .orderBy("date_add", "desc")
    .orderBy("id_order", "desc")
    .limit(1)
    .select("id_order")
    .executeTakeFirst();
  return row?.id_order ?? 0;
}
