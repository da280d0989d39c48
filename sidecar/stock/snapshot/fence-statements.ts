import { type Database, utcNow } from "../../platform/database.ts";

/**
 * Writes a check that observes nothing, and returns its id. The binlog brings it to the ledger behind all that was
 * committed before, and the ledger takes it away when it has come to it.
 * Locks: the new row.
 * Reads: nothing.
 */
export async function insertFence(db: Database): Promise<number> {
  const result = await db
    .insertInto("erpsync_stock_check")
    .values({ pass: 0, last_order_detail: 0, observed: "{}", created_at: utcNow })
    .executeTakeFirstOrThrow();
  return Number(result.insertId);
}

/**
 * Whether the ledger has not come to a fence yet.
 * Locks: none.
 * Reads: the primary key.
 */
export async function isFenceAhead(db: Database, id: number): Promise<boolean> {
  const row = await db.selectFrom("erpsync_stock_check").where("id", "=", id).select("id").executeTakeFirst();
  return row !== undefined;
}

/**
 * Takes a fence away that nobody waits for any more.
 * Locks: X on the row.
 * Reads: the primary key.
 */
export async function deleteFence(db: Database, id: number): Promise<void> {
  await db.deleteFrom("erpsync_stock_check").where("id", "=", id).execute();
}
