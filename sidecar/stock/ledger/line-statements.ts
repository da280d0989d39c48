import { sql } from "kysely";
import type { StockSubject } from "../../domain/stock.ts";
import { type Database, isPairOf, type Tx, utcNow } from "../../platform/database.ts";
import type { PackItem, ShopLine, ShopPlace, StockPlace } from "./decide-line-units.ts";
import { type LineCause, type LineRecord, owedOf } from "./decide-lines.ts";
import type { ShopSetting } from "./decode-shop-rules.ts";

/**
 * The lines of orders as the shop has them now. They are asked for by the lines' own column: a server whose statistics
 * lag behind would else read the table of lines as a whole (it did, at 500 orders a second). The facts that told of the
 * orders went through a commit of ours, which the server made after theirs and in the same order, so whoever reads our
 * commit sees theirs too, without a lock that could hold up a checkout.
 * Locks: none.
 * Reads: order_detail by its index on id_order, orders by primary key.
 */
export async function readShopLines(db: Database, orderIds: readonly number[]): Promise<readonly ShopLine[]> {
  const rows = await db
    .selectFrom("order_detail as d")
    .innerJoin("orders as o", "o.id_order", "d.id_order")
    .where("d.id_order", "in", orderIds)
    .select([
      "d.id_order_detail as detailId",
      "o.id_order as orderId",
      "o.id_shop as shop",
      "o.current_state as state",
      "d.product_id as product",
      "d.product_attribute_id as combination",
      "d.product_quantity as quantity",
      "d.product_quantity_reinjected as reinjected",
    ])
    .execute();
  // The column may be null, though the shop itself writes 0.
  return rows.map((row) => ({ ...row, combination: (row.combination as number | null) ?? 0 }));
}

/**
 * What packs are made of, once for each shop that has settings of its own for the pack.
 * Locks: none.
 * Reads: pack and product_shop by the first column of their primary keys, product by primary key.
 */
export async function readPackItems(db: Database, products: readonly number[]): Promise<readonly PackItem[]> {
  return await db
    .selectFrom("pack as k")
    .innerJoin("product as p", "p.id_product", "k.id_product_pack")
    .leftJoin("product_shop as s", "s.id_product", "k.id_product_pack")
    .where("k.id_product_pack", "in", products)
    .select([
      "k.id_product_pack as pack",
      "s.id_shop as shop",
      sql<number>`COALESCE(s.pack_stock_type, p.pack_stock_type)`.as("type"),
      "k.id_product_item as product",
      "k.id_product_attribute_item as combination",
      "k.quantity",
    ])
    .execute();
}

/**
 * Stock rows of products and combinations, in all shops.
 * Locks: none.
 * Reads: the shop's unique key on product, combination, shop and group, one range each.
 */
export async function readStockPlaces(
  db: Database,
  subjects: readonly StockSubject[],
): Promise<readonly StockPlace[]> {
  const rows = await db
    .selectFrom("stock_available")
    .where(
      isPairOf(
        "id_product",
        "id_product_attribute",
        subjects.map(({ combination, product }) => [product, combination]),
      ),
    )
    .select([
      "id_stock_available as row",
      "id_product as product",
      "id_product_attribute as combination",
      "id_shop as shop",
      "id_shop_group as group",
      "depends_on_stock",
    ])
    .execute();
  return rows.map(({ depends_on_stock, ...row }) => ({ ...row, managed: depends_on_stock === 0 }));
}

/**
 * The shops and how they share their stock.
 * Locks: none.
 * Reads: shop and shop_group, a handful of rows.
 */
export async function readShopPlaces(db: Database): Promise<readonly ShopPlace[]> {
  const rows = await db
    .selectFrom("shop as s")
    .innerJoin("shop_group as g", "g.id_shop_group", "s.id_shop_group")
    .select(["s.id_shop as shop", "s.id_shop_group as group", "g.share_stock"])
    .execute();
  return rows.map(({ group, share_stock, shop }) => ({ shop, group, sharesStock: share_stock === 1 }));
}

/**
 * Settings of the shop by name.
 * Locks: none.
 * Reads: configuration by its index on name.
 */
export async function readShopSettings(
  db: Database,
  names: readonly string[],
): Promise<readonly ShopSetting[]> {
  return await db
    .selectFrom("configuration")
    .where("name", "in", names)
    .select(["name", "value", "id_shop as shop", "id_shop_group as group"])
    .execute();
}

const LINE_COLUMNS = [
  "id_order_detail as detailId",
  "id_stock_available as row",
  "id_order as orderId",
  "factor",
  "whole",
  "units",
  "moved",
  "settled",
  "cause",
  "change_id as changeId",
  "announced",
  "first_seen_at as firstSeenAt",
] as const;

type RawLine = Omit<LineRecord, "cause" | "isAnnounced"> & {
  readonly cause: string;
  readonly announced: number;
};

function lineRecord({ announced, ...row }: RawLine): LineRecord {
  return { ...row, cause: row.cause as LineCause, isAnnounced: announced === 1 };
}

/**
 * What the ledger knows of the lines of orders, and of these lines, whichever order they were of.
 * Locks: none.
 * Reads: erpsync_stock_line_order (id_order), and the primary key.
 */
export async function readLineRecords(
  db: Database,
  orderIds: readonly number[],
  detailIds: readonly number[],
): Promise<readonly LineRecord[]> {
  const byOrder = db.selectFrom("erpsync_stock_line").where("id_order", "in", orderIds).select(LINE_COLUMNS);
  const rows = await (detailIds.length === 0
    ? byOrder
    : byOrder.union(
        db.selectFrom("erpsync_stock_line").where("id_order_detail", "in", detailIds).select(LINE_COLUMNS),
      )
  ).execute();
  return rows.map(lineRecord);
}

/**
 * What the ledger knows of these lines, for who is going to change it.
 * Locks: X on the lines until the caller commits.
 * Reads: the primary key.
 */
export async function lockLineRecords(tx: Tx, detailIds: readonly number[]): Promise<readonly LineRecord[]> {
  const rows = await tx
    .selectFrom("erpsync_stock_line")
    .where("id_order_detail", "in", detailIds)
    .orderBy("id_order_detail")
    .select(LINE_COLUMNS)
    .forUpdate()
    .execute();
  return rows.map(lineRecord);
}

/**
 * Writes what the ledger knows of lines. When what a line owes changes, its age begins anew.
 * Locks: X on the rows until the caller commits.
 * Reads: the primary key.
 */
export async function upsertLineRecords(tx: Tx, records: readonly LineRecord[]): Promise<void> {
  await tx
    .insertInto("erpsync_stock_line")
    .values(
      records.map((record) => ({
        id_order_detail: record.detailId,
        id_stock_available: record.row,
        id_order: record.orderId,
        factor: record.factor,
        whole: record.whole,
        units: record.units,
        moved: record.moved,
        settled: record.settled,
        owed: owedOf(record),
        cause: record.cause,
        change_id: record.changeId,
        announced: record.isAnnounced ? 1 : 0,
        first_seen_at: record.firstSeenAt,
        changed_at: utcNow,
      })),
    )
    // Assigned from left to right: the time first, while `owed` is still what it was.
    .onDuplicateKeyUpdate({
      changed_at: sql`IF(owed = VALUES(owed), changed_at, VALUES(changed_at))`,
      id_order: sql`VALUES(id_order)`,
      factor: sql`VALUES(factor)`,
      whole: sql`VALUES(whole)`,
      units: sql`VALUES(units)`,
      moved: sql`VALUES(moved)`,
      settled: sql`VALUES(settled)`,
      owed: sql`VALUES(owed)`,
      doubtful: sql`IF(owed = 0, 0, doubtful)`,
      cause: sql`VALUES(cause)`,
      change_id: sql`VALUES(change_id)`,
      announced: sql`VALUES(announced)`,
      first_seen_at: sql`VALUES(first_seen_at)`,
    })
    .execute();
}

/**
 * Units that lines have still to take from rows, by row; rows that owe nothing are left out.
 * Locks: none.
 * Reads: erpsync_stock_line_row (id_stock_available, owed), one range a row, covering.
 */
export async function sumOwed(db: Database, rows: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const found = await db
    .selectFrom("erpsync_stock_line")
    .where("id_stock_available", "in", rows)
    .where("owed", ">", 0)
    .groupBy("id_stock_available")
    .select("id_stock_available as row")
    .select(({ fn }) => fn.sum<string>("owed").as("units"))
    .execute();
  return new Map(found.map(({ row, units }) => [row, Number(units)]));
}

/**
 * The highest order line that the ledger knows; 0 where it knows none.
 * Locks: none.
 * Reads: the last entry of the primary key.
 */
export async function readLastLine(db: Database): Promise<number> {
  const row = await db
    .selectFrom("erpsync_stock_line")
    .select("id_order_detail")
    .orderBy("id_order_detail", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.id_order_detail ?? 0;
}
