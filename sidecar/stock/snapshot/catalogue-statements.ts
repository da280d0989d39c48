import { sql } from "kysely";
import type { Database, Tx } from "../../platform/database.ts";

/** Where a shop's stock stands: its own rows, or those that its group shares. */
export interface StockScope {
  /** 0 where the group shares its stock. */
  readonly shop: number;
  /** 0 where it does not. */
  readonly group: number;
}

/**
 * Where the stock of a shop stands; undefined where there is no such shop.
 * Locks: none.
 * Reads: the primary keys.
 */
export async function readStockScope(db: Database, shopId: number): Promise<StockScope | undefined> {
  const row = await db
    .selectFrom("shop as s")
    .innerJoin("shop_group as g", "g.id_shop_group", "s.id_shop_group")
    .where("s.id_shop", "=", shopId)
    .select(["s.id_shop", "g.id_shop_group", "g.share_stock"])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return row.share_stock === 1 ? { shop: 0, group: row.id_shop_group } : { shop: row.id_shop, group: 0 };
}

/** A stock row that the ledger keeps, with the ERP's item that it is mapped to. */
export interface CatalogueRow {
  /** `id_stock_available`. */
  readonly row: number;
  readonly product: number;
  readonly combination: number;
  /** False for `depends_on_stock`. */
  readonly managed: boolean;
  /** True for the row of a product that has combinations. */
  readonly isParent: boolean;
  /** Null where nobody mapped it. */
  readonly ref: string | null;
}

interface RawRow {
  readonly row: number;
  readonly product: number;
  readonly combination: number;
  readonly managed: number;
  readonly is_parent: number;
  readonly ref: string | null;
}

const columns = () => sql`
  r.id_stock_available AS \`row\`, r.id_product AS product, r.id_product_attribute AS combination, r.managed,
  m.erp_ref AS ref,
  r.id_product_attribute = 0 AND EXISTS (
    SELECT 1 FROM ${sql.table("erpsync_stock_row")} c
    WHERE c.id_product = r.id_product AND c.id_product_attribute > 0 AND c.id_shop = r.id_shop
      AND c.id_shop_group = r.id_shop_group AND c.closed_at IS NULL) AS is_parent`;

/** Written out: what a rest in the parameters leaves takes five times the memory, and there are very many rows. */
const catalogueRow = (row: RawRow): CatalogueRow => ({
  row: row.row,
  product: row.product,
  combination: row.combination,
  managed: row.managed === 1,
  isParent: row.is_parent === 1,
  ref: row.ref,
});

/**
 * A page of the rows of a shop, mapped or not.
 * Locks: none.
 * Reads: the primary key of erpsync_stock_row from `afterRow` on; for each row the primary key of erpsync_mapping and,
 * without a combination, a range of erpsync_stock_row_product.
 */
export async function pageCatalogue(
  db: Database,
  scope: StockScope,
  afterRow: number,
  limit: number,
): Promise<readonly CatalogueRow[]> {
  const { rows } = await sql<RawRow>`
    SELECT ${columns()}
    FROM ${sql.table("erpsync_stock_row")} r
    LEFT JOIN ${sql.table("erpsync_mapping")} m ON m.kind = 'product'
      AND m.shop_key = CONVERT(CONCAT(r.id_product, ':', r.id_product_attribute) USING ascii)
    WHERE r.id_stock_available > ${afterRow} AND r.id_shop = ${scope.shop} AND r.id_shop_group = ${scope.group}
      AND r.closed_at IS NULL
    ORDER BY r.id_stock_available
    LIMIT ${limit}`.execute(db);
  return rows.map(catalogueRow);
}

/**
 * The rows of a shop that these items of the ERP are mapped to.
 * Locks: none.
 * Reads: erpsync_mapping_ref, one range an item; erpsync_stock_row_product, one range a mapping, twice for a product
 * without combination.
 */
export async function findCatalogue(
  db: Database,
  scope: StockScope,
  refs: readonly string[],
): Promise<readonly CatalogueRow[]> {
  const { rows } = await sql<RawRow>`
    SELECT ${columns()}
    FROM ${sql.table("erpsync_mapping")} m
    JOIN ${sql.table("erpsync_stock_row")} r
      ON r.id_product = CAST(SUBSTRING_INDEX(m.shop_key, ':', 1) AS UNSIGNED)
      AND r.id_product_attribute = CAST(SUBSTRING_INDEX(m.shop_key, ':', -1) AS UNSIGNED)
    WHERE m.kind = 'product' AND m.erp_ref IN (${sql.join(refs)}) AND r.id_shop = ${scope.shop}
      AND r.id_shop_group = ${scope.group} AND r.closed_at IS NULL`.execute(db);
  return rows.map(catalogueRow);
}

/** Where the ledger is with a row. */
export interface RowPosition {
  readonly row: number;
  readonly position: number;
  readonly isUnsettled: boolean;
}

/**
 * The ledger's positions of rows that are open.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readRowPositions(tx: Tx, rows: readonly number[]): Promise<readonly RowPosition[]> {
  const found = await tx
    .selectFrom("erpsync_stock_row")
    .where("id_stock_available", "in", rows)
    .where("closed_at", "is", null)
    .select(["id_stock_available", "position", "unsettled"])
    .execute();
  return found.map((row) => ({
    row: row.id_stock_available,
    position: row.position,
    isUnsettled: row.unsettled !== 0,
  }));
}

/**
 * Of these rows those that another channel moved since a time (UTC text of the database's clock), or whose movement a
 * person took back: a figure that was asked for before cannot hold it.
 * Locks: none.
 * Reads: erpsync_stock_movement_cause (cause, id_stock_available, id), two ranges a row.
 */
export async function readRowsMovedElsewhere(
  tx: Tx,
  rows: readonly number[],
  since: string,
): Promise<ReadonlySet<number>> {
  const found = await tx
    .selectFrom("erpsync_stock_movement")
    .where("cause", "in", ["channel", "undo"])
    .where("id_stock_available", "in", rows)
    .where("read_at", ">=", since)
    .select("id_stock_available")
    .distinct()
    .execute();
  return new Set(found.map((row) => row.id_stock_available));
}

/**
 * Whether the ledger is not open yet, or opens anew after a gap: its positions are then not to be built on.
 * Locks: none.
 * Reads: erpsync_stock_pass_open, and the primary key's first entry.
 */
export async function isLedgerOpening(db: Database): Promise<boolean> {
  const { rows } = await sql<{ opening: number }>`
    SELECT EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_pass")} WHERE finished_at IS NULL AND reason <> 'verify')
      OR NOT EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_pass")}) AS opening`.execute(db);
  return rows[0]?.opening !== 0;
}
