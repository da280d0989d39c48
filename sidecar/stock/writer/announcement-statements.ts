import { sql } from "kysely";
import { type Database, type Tx, utcIn, utcNow } from "../../platform/database.ts";
import type { DueAnnouncement, RevivedProduct } from "./decide-announcement.ts";

/**
 * True where announcements are due.
 * Locks: none.
 * Reads: the first entry of erpsync_stock_announcement_run.
 */
export async function hasDueAnnouncements(db: Database): Promise<boolean> {
  const found = await db
    .selectFrom("erpsync_stock_announcement")
    .where("run_at", "<=", utcNow)
    .select("id_stock_available")
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * Announcements that are due, the longest due first. The index is forced: with many due MySQL would read the whole
 * table, sort it, and lock all that it read.
 * Locks: X on the rows returned until the caller commits; those that another process holds are skipped.
 * Reads: erpsync_stock_announcement_run, in order.
 */
export async function lockDueAnnouncements(tx: Tx, limit: number): Promise<readonly DueAnnouncement[]> {
  const { rows } = await sql<{ id: number; attempts: number; run_at: string }>`
    SELECT id_stock_available AS id, attempts, run_at
    FROM ${sql.table("erpsync_stock_announcement")} FORCE INDEX (erpsync_stock_announcement_run)
    WHERE run_at <= UTC_TIMESTAMP(6)
    ORDER BY run_at, id_stock_available
    LIMIT ${limit}
    FOR UPDATE SKIP LOCKED`.execute(tx);
  return rows.map(({ attempts, id, run_at }) => ({ row: id, attempts, runAt: run_at }));
}

/**
 * Notes an attempt before it is made; until its time is over nobody else makes one.
 * Locks: X on the rows, which the caller holds already.
 * Reads: the primary key.
 */
export async function noteAnnouncementAttempt(
  tx: Tx,
  rows: readonly number[],
  attempt: number,
  againInMs: number,
): Promise<void> {
  await tx
    .updateTable("erpsync_stock_announcement")
    .set({ attempts: attempt, run_at: utcIn(againInMs) })
    .where("id_stock_available", "in", rows)
    .execute();
}

/**
 * The products of these rows that are to be had, with our last write to each; others are left out.
 * Locks: none.
 * Reads: the shop's primary key, and for each row the end of erpsync_stock_write_row.
 */
export async function readRevived(db: Database, rows: readonly number[]): Promise<readonly RevivedProduct[]> {
  return await db
    .selectFrom("stock_available as s")
    .where("s.id_stock_available", "in", rows)
    .where("s.quantity", ">", 0)
    .select([
      "s.id_stock_available as row",
      "s.id_product as product",
      "s.id_product_attribute as combination",
      "s.id_shop as shop",
      "s.quantity",
    ])
    .select(
      sql<number>`(SELECT COALESCE(MAX(w.id), 0) FROM ${sql.table("erpsync_stock_write")} w
        WHERE w.id_stock_available = s.id_stock_available)`.as("lastWrite"),
    )
    .orderBy("s.id_stock_available")
    .execute();
}

/**
 * Forgets announcements that are made or dropped; one that was asked for anew since its last attempt stays.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteAnnouncements(
  db: Database,
  rows: readonly number[],
  attempts: number,
): Promise<void> {
  await db
    .deleteFrom("erpsync_stock_announcement")
    .where("id_stock_available", "in", rows)
    .where("attempts", "=", attempts)
    .execute();
}
