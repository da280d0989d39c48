import { sql } from "kysely";
import type { StockRowKeys } from "../../domain/stock.ts";
import type { Database } from "../../platform/database.ts";
import type { ReferenceTarget, ShopPlace } from "./decide-movement-rows.ts";

/**
 * Where shops keep their stock.
 * Locks: none.
 * Reads: the primary keys of shop and shop_group.
 */
export async function readShopPlaces(db: Database, shops: readonly number[]): Promise<readonly ShopPlace[]> {
  const found = await db
    .selectFrom("shop as s")
    .innerJoin("shop_group as g", "g.id_shop_group", "s.id_shop_group")
    .where("s.id_shop", "in", shops)
    .select(["s.id_shop as shop", "s.id_shop_group as group", "g.share_stock"])
    .execute();
  return found.map(({ share_stock, ...place }) => ({ ...place, sharesStock: share_stock !== 0 }));
}

/**
 * Products and combinations with these references, as the shop's collation compares them.
 * Locks: none.
 * Reads: the shop's indexes on product.reference and product_attribute.reference.
 */
export async function findReferences(
  db: Database,
  references: readonly string[],
): Promise<readonly ReferenceTarget[]> {
  const found = await db
    .selectFrom("product")
    .where("reference", "in", references)
    .select(["reference", "id_product as product", sql<number>`CAST(0 AS UNSIGNED)`.as("combination")])
    .unionAll(
      db
        .selectFrom("product_attribute")
        .where("reference", "in", references)
        .select(["reference", "id_product as product", "id_product_attribute as combination"]),
    )
    .execute();
  return found.map((target) => ({ ...target, reference: target.reference ?? "" }));
}

/**
 * The keys of all stock rows of products.
 * Locks: none.
 * Reads: the shop's index on id_product.
 */
export async function listStockRows(
  db: Database,
  products: readonly number[],
): Promise<readonly StockRowKeys[]> {
  return await db
    .selectFrom("stock_available")
    .where("id_product", "in", products)
    .select([
      "id_stock_available as row",
      "id_product as product",
      "id_product_attribute as combination",
      "id_shop as shop",
      "id_shop_group as group",
    ])
    .execute();
}

/** What is on record of a write. */
export interface WrittenBefore {
  readonly id: number;
  readonly source: string;
  readonly row: number;
  readonly delta: number;
  readonly quantityAfter: number;
}

/**
 * Records of writes by their sources.
 * Locks: none.
 * Reads: erpsync_stock_write_source.
 */
export async function readWritten(
  db: Database,
  sources: readonly string[],
): Promise<ReadonlyMap<string, WrittenBefore>> {
  const found = await db
    .selectFrom("erpsync_stock_write")
    .where("source", "in", sources)
    .select(["id", "source", "id_stock_available as row", "delta", "quantity_after as quantityAfter"])
    .execute();
  return new Map(found.map((write) => [write.source, write]));
}
