import { type Database, type Tx, utcNow } from "../../platform/database.ts";

/** Units of a product that the shop does not offer. */
export interface StockBuffer {
  readonly product: number;
  /** 0 for a product, and for all combinations of it that have none of their own. */
  readonly combination: number;
  readonly units: number;
}

/**
 * All buffers; people set them, so there are few.
 * Locks: none.
 * Reads: the whole table, in the order of the primary key.
 */
export async function readBuffers(db: Database): Promise<readonly StockBuffer[]> {
  return await db
    .selectFrom("erpsync_stock_buffer")
    .select(["id_product as product", "id_product_attribute as combination", "units"])
    .orderBy("id_product")
    .orderBy("id_product_attribute")
    .execute();
}

/**
 * Sets a buffer.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function writeBuffer(tx: Tx, { combination, product, units }: StockBuffer): Promise<void> {
  await tx
    .insertInto("erpsync_stock_buffer")
    .values({ id_product: product, id_product_attribute: combination, units, updated_at: utcNow })
    .onDuplicateKeyUpdate({ units, updated_at: utcNow })
    .execute();
}

/**
 * Takes a buffer away; false where there was none.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function deleteBuffer(tx: Tx, product: number, combination: number): Promise<boolean> {
  const result = await tx
    .deleteFrom("erpsync_stock_buffer")
    .where("id_product", "=", product)
    .where("id_product_attribute", "=", combination)
    .executeTakeFirst();
  return result.numDeletedRows === 1n;
}
