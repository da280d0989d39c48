import { sql } from "kysely";
import type { Database } from "../platform/database.ts";

/** A job that somebody should look at. */
export interface AlarmedJob {
  readonly subject: string;
  readonly state: string;
  readonly code: string | null;
  /** Milliseconds since it was held, or since it was last settled. */
  readonly forMs: number;
}

/**
 * Held jobs that were alarmed: torn orders, and orders whose customer does not arrive. The oldest first.
 * Locks: none.
 * Reads: erpsync_job_lease (state, …) for the held ones, of which there are few.
 */
export async function readAlarmed(db: Database, limit: number): Promise<readonly AlarmedJob[]> {
  const rows = await db
    .selectFrom("erpsync_job")
    .where("state", "=", "held")
    .where("alarmed_at", "is not", null)
    .orderBy("held_since")
    .limit(limit)
    .select(["subject", "state", "reason_code"])
    .select(sql<number>`TIMESTAMPDIFF(MICROSECOND, held_since, UTC_TIMESTAMP(6))`.as("for_us"))
    .execute();
  return rows.map((row) => ({
    subject: row.subject,
    state: row.state,
    code: row.reason_code,
    forMs: Math.round(row.for_us / 1_000),
  }));
}

/**
 * The ready job that has waited longest; undefined where none waits.
 * Locks: none.
 * Reads: erpsync_job_due (lane, state, run_at), its first row.
 */
export async function readOldestReady(
  db: Database,
): Promise<{ readonly subject: string; readonly waitedMs: number } | undefined> {
  const row = await db
    .selectFrom("erpsync_job")
    .where("lane", "=", "orders")
    .where("state", "=", "ready")
    .orderBy("run_at")
    .limit(1)
    .select("subject")
    .select(sql<number>`TIMESTAMPDIFF(MICROSECOND, run_at, UTC_TIMESTAMP(6))`.as("for_us"))
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : { subject: row.subject, waitedMs: Math.max(0, Math.round(row.for_us / 1_000)) };
}

/**
 * Orders that no hook announced within the last days, by cause.
 * Locks: none.
 * Reads: the primary key (day, cause), one range.
 */
export async function readMissedHooks(
  db: Database,
  days: number,
): Promise<readonly { readonly cause: string; readonly orders: number }[]> {
  const rows = await db
    .selectFrom("erpsync_missed_hook")
    .where("day", ">=", sql<string>`UTC_DATE() - INTERVAL ${days} DAY`)
    .groupBy("cause")
    .orderBy("cause")
    .select("cause")
    .select((eb) => eb.fn.sum("orders").as("orders"))
    .execute();
  return rows.map((row) => ({ cause: row.cause, orders: Number(row.orders) }));
}

/** How stock stands. */
export interface StockStatus {
  /** Facts of the binlog that the ledger has not booked, by their ids, and how long the oldest has waited. */
  readonly unbooked: number;
  readonly unbookedMs: number;
  /** Rows with something that the ledger has still to explain or to put right. */
  readonly unsettled: number;
  /** Open discrepancies, which people resolve. */
  readonly discrepancies: number;
  /** Readings of the ERP's stock that wait for a person. */
  readonly heldSnapshots: number;
  /** The last comparison of shop, ledger and ERP; null before the first. */
  readonly reconciliation: { readonly state: string; readonly startedAt: string } | null;
}

/**
 * How stock stands.
 * Locks: none.
 * Reads: the first and the last entry of the inbox; erpsync_stock_row_unsettled,
 * erpsync_stock_discrepancy_open and erpsync_stock_snapshot_state, the few entries that count; the last reconciliation.
 */
export async function readStockStatus(db: Database): Promise<StockStatus> {
  const { rows } = await sql<{
    unbooked: string;
    unbooked_us: number | null;
    unsettled: number;
    discrepancies: number;
    held: number;
    state: string | null;
    started_at: string | null;
  }>`
    SELECT COALESCE((SELECT MAX(id) FROM ${sql.table("erpsync_stock_inbox")}) - i.id + 1, 0) AS unbooked,
      TIMESTAMPDIFF(MICROSECOND, i.committed_at, UTC_TIMESTAMP(6)) AS unbooked_us,
      (SELECT COUNT(*) FROM ${sql.table("erpsync_stock_row")} WHERE unsettled = 1) AS unsettled,
      (SELECT COUNT(*) FROM ${sql.table("erpsync_stock_discrepancy")} WHERE open_key IS NOT NULL) AS discrepancies,
      (SELECT COUNT(*) FROM ${sql.table("erpsync_stock_snapshot")}
        WHERE kind IN ('full', 'delta') AND state = 'held') AS held,
      r.state, r.started_at
    FROM (SELECT 1 AS one) o
    LEFT JOIN (SELECT id, committed_at FROM ${sql.table("erpsync_stock_inbox")} ORDER BY id LIMIT 1) i ON TRUE
    LEFT JOIN (SELECT state, started_at FROM ${sql.table("erpsync_stock_reconciliation")}
      ORDER BY id DESC LIMIT 1) r ON TRUE`.execute(db);
  const [row] = rows;
  if (row === undefined) return NOTHING;
  return {
    // A difference of unsigned numbers comes as text.
    unbooked: Number(row.unbooked),
    unbookedMs: Math.max(0, Math.round((row.unbooked_us ?? 0) / 1_000)),
    unsettled: row.unsettled,
    discrepancies: row.discrepancies,
    heldSnapshots: row.held,
    reconciliation:
      row.state === null || row.started_at === null
        ? null
        : { state: row.state, startedAt: `${row.started_at.slice(0, 19)} UTC` },
  };
}

/** Counts make a row also of nothing; this is for the compiler. */
const NOTHING: StockStatus = {
  ...{ unbooked: 0, unbookedMs: 0, unsettled: 0, discrepancies: 0, heldSnapshots: 0, reconciliation: null },
};
