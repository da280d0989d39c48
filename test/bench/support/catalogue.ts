import type { ResultSetHeader, RowDataPacket } from "mysql2/promise";

/** A shop's database: a world's or a real one's. */
export interface ShopDatabase {
  readonly table: (name: string) => string;
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<RowDataPacket[] | ResultSetHeader>;
}

export interface CatalogueSize {
  /** Rows that an item sets, those that the shop has included. */
  readonly rows: number;
  /** The ERP's item of the first row; the others follow. */
  readonly firstItem: number;
  readonly units: number;
}

/** Ids from here on are products that only have stock. */
const FIRST_PRODUCT = 10_000_000;
/** Every fifth row is a combination; five of them make a product. */
const COMBINATIONS_EACH = 5;
const CHUNK = 1_000;

/**
 * Fills a shop up to so many stock rows, each with an item of the ERP, and opens a ledger of them as they stand. What is
 * added are stock rows only: nothing else of a product is read by what is measured here.
 */
export async function fillCatalogue(shop: ShopDatabase, size: CatalogueSize): Promise<void> {
  const stock = shop.table("stock_available");
  const [there] = (await shop.query(
    `SELECT COUNT(*) AS n FROM ${stock} s WHERE s.id_shop = 1 AND (s.id_product_attribute > 0 OR NOT EXISTS (
       SELECT 1 FROM ${stock} c WHERE c.id_product = s.id_product AND c.id_product_attribute > 0))`,
  )) as RowDataPacket[];
  const rows = plannedRows(size.rows - Number(there?.["n"] ?? 0), size.units);
  for (let from = 0; from < rows.length; from += CHUNK) {
    await shop.query(
      `INSERT INTO ${stock} (id_product, id_product_attribute, id_shop, id_shop_group, quantity, physical_quantity,
         reserved_quantity, depends_on_stock, out_of_stock, location) VALUES ?`,
      [rows.slice(from, from + CHUNK)],
    );
  }
  await shop.query(
    `INSERT INTO ${shop.table("erpsync_stock_row")} (id_stock_available, id_product, id_product_attribute, id_shop,
       id_shop_group, managed, opening, opened_at, opened_because, position, changed_at)
     SELECT id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, 1, quantity,
       UTC_TIMESTAMP(6), 'first', quantity, UTC_TIMESTAMP(6) FROM ${stock}`,
  );
  await shop.query(
    `INSERT INTO ${shop.table("erpsync_stock_pass")} (reason, begun_at, finished_at)
     VALUES ('first', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`,
  );
  await mapCatalogue(shop, size.firstItem);
}

/** Maps every row but parents of combinations, in the order of the rows. */
async function mapCatalogue(shop: ShopDatabase, firstItem: number): Promise<void> {
  const stock = shop.table("stock_available");
  await shop.query(
    `INSERT INTO ${shop.table("erpsync_mapping")} (kind, shop_key, external_id, erp_ref, origin, updated_at)
     SELECT 'product', CONCAT(id_product, ':', id_product_attribute), CONCAT('SKU-', id_stock_available),
       ${String(firstItem)} - 1 + ROW_NUMBER() OVER (ORDER BY id_stock_available), 'import', UTC_TIMESTAMP(6)
     FROM ${stock} s WHERE s.id_shop = 1 AND (s.id_product_attribute > 0 OR NOT EXISTS (
       SELECT 1 FROM ${stock} c WHERE c.id_product = s.id_product AND c.id_product_attribute > 0))`,
  );
}

/** The ledger has read everything, as it has a moment after a round. */
export async function bookAll(shop: ShopDatabase): Promise<void> {
  await shop.query(
    `UPDATE ${shop.table("erpsync_stock_row")} r JOIN ${shop.table("stock_available")} s
       ON s.id_stock_available = r.id_stock_available
     SET r.position = s.quantity WHERE r.position <> s.quantity`,
  );
}

/** Takes everything away that was filled in. */
export async function emptyCatalogue(shop: ShopDatabase): Promise<void> {
  await shop.query(`DELETE FROM ${shop.table("stock_available")} WHERE id_product >= ?`, [FIRST_PRODUCT]);
}

type Row = readonly (number | string)[];

function plannedRows(count: number, units: number): readonly Row[] {
  const row = (product: number, combination: number, quantity: number): Row =>
    [product, combination, 1, 0, quantity, quantity, 0, 0, 2, ""] as const;
  const combinations = Math.floor(count / 5 / COMBINATIONS_EACH) * COMBINATIONS_EACH;
  const rows: Row[] = [];
  for (let n = 0; n < count - combinations; n += 1) rows.push(row(FIRST_PRODUCT + n, 0, units));
  for (let n = 0; n < combinations; n += COMBINATIONS_EACH) {
    const product = FIRST_PRODUCT + count + n;
    rows.push(row(product, 0, units * COMBINATIONS_EACH));
    for (let each = 0; each < COMBINATIONS_EACH; each += 1) {
      rows.push(row(product, FIRST_PRODUCT + n + each, units));
    }
  }
  return rows;
}
