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
