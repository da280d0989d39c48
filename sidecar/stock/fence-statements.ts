import { sql } from "kysely";
import { type Database, utcNow } from "../platform/database.ts";

/** A place in the binlog. */
export interface BinlogPlace {
  readonly file: string;
  readonly position: number;
}

/**
 * The end of the binlog; undefined where there is none. Needs BINLOG MONITOR (MariaDB) or REPLICATION CLIENT (MySQL).
 * Locks: none.
 * Reads: no table.
 */
export async function readBinlogEnd(db: Database): Promise<BinlogPlace | undefined> {
  const { rows } = await sql<{ Log_name: string; File_size: number | string }>`SHOW BINARY LOGS`.execute(db);
  const last = rows.at(-1);
  return last === undefined ? undefined : { file: last.Log_name, position: Number(last.File_size) };
}

/**
 * Writes a row that capture hands to the ledger at once and that observes nothing, and returns its id: behind it capture
 * has read all that was committed before.
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
 * Takes the row of a fence away.
 * Locks: X on the row.
 * Reads: the primary key.
 */
export async function deleteFence(db: Database, id: number): Promise<void> {
  await db.deleteFrom("erpsync_stock_check").where("id", "=", id).where("pass", "=", 0).execute();
}

/** How far capture and ledger are. */
export interface LedgerProgress {
  /** Up to here the binlog was read; undefined before the first time. */
  readonly read: BinlogPlace | undefined;
  /** Ids of the facts that wait to be booked, the first and the last; undefined where none waits. */
  readonly waiting: { readonly first: number; readonly last: number } | undefined;
}

/**
 * How far the binlog was read, and what of it waits to be booked. One statement sees one moment: both are committed
 * together.
 * Locks: none.
 * Reads: the primary key of erpsync_checkpoint; the first and the last entry of the inbox's.
 */
export async function readLedgerProgress(db: Database): Promise<LedgerProgress> {
  const { rows } = await sql<{
    file: string | null;
    position: number | null;
    first: number | null;
    last: number | null;
  }>`
    SELECT c.file, c.position,
      (SELECT MIN(id) FROM ${sql.table("erpsync_stock_inbox")}) AS first,
      (SELECT MAX(id) FROM ${sql.table("erpsync_stock_inbox")}) AS last
    FROM (SELECT 1 AS one) o LEFT JOIN ${sql.table("erpsync_checkpoint")} c ON c.name = 'binlog'`.execute(db);
  const { file, first, last, position } = rows[0] ?? { file: null, position: null, first: null, last: null };
  return {
    read: file === null || position === null ? undefined : { file, position },
    waiting: first === null || last === null ? undefined : { first, last },
  };
}
