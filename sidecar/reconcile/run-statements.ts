import { sql } from "kysely";
import { type Database, utcNow } from "../platform/database.ts";

/** States of a comparison of orders. */
export type OrderRunState = "asked" | "running" | "done" | "failed";

/** A comparison of orders. */
export interface OrderRunRow {
  readonly id: number;
  readonly state: OrderRunState;
  /** A number of days, or a month: `2026-10`. */
  readonly scope: string;
  readonly compared: number;
  readonly differing: number;
  readonly waiting: number;
  readonly reason: string | null;
  /** JSON, see encode-run.ts. */
  readonly detail: string | null;
}

/**
 * Puts a comparison on record, begun or asked for, and returns its id.
 * Locks: the new row.
 * Reads: nothing.
 */
export async function insertOrderRun(
  db: Database,
  run: { readonly state: "asked" | "running"; readonly scope: string; readonly actor: string },
): Promise<number> {
  const result = await db
    .insertInto("erpsync_order_reconciliation")
    .values({ ...run, actor: run.actor.slice(0, 96), started_at: utcNow })
    .executeTakeFirstOrThrow();
  return Number(result.insertId);
}

/**
 * Begins one that was asked for; false where somebody took it before.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function beginOrderRun(db: Database, id: number): Promise<boolean> {
  const result = await db
    .updateTable("erpsync_order_reconciliation")
    .set({ state: "running", started_at: utcNow })
    .where("id", "=", id)
    .where("state", "=", "asked")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/**
 * Takes back one that was asked for and that nobody has begun; false where somebody has.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function withdrawOrderRun(db: Database, id: number): Promise<boolean> {
  const result = await db
    .updateTable("erpsync_order_reconciliation")
    .set({ state: "failed", reason: "nobody took it up, and it was withdrawn", finished_at: utcNow })
    .where("id", "=", id)
    .where("state", "=", "asked")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/**
 * Notes how a comparison ended.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function finishOrderRun(
  db: Database,
  id: number,
  end: Partial<Omit<OrderRunRow, "id" | "scope" | "state">> & { readonly state: "done" | "failed" },
): Promise<void> {
  await db
    .updateTable("erpsync_order_reconciliation")
    .set({ ...end, finished_at: utcNow })
    .where("id", "=", id)
    .execute();
}

/**
 * Ends the comparisons whose process died. Only for who holds the lock of comparing. Returns how many.
 * Locks: X on the rows.
 * Reads: erpsync_order_reconciliation_state (state, id).
 */
export async function endBrokenOrderRuns(db: Database): Promise<number> {
  const result = await db
    .updateTable("erpsync_order_reconciliation")
    .set({ state: "failed", reason: "its process ended in the middle", finished_at: utcNow })
    .where("state", "=", "running")
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Forgets comparisons of long ago; what they found of each order stays. Returns how many.
 * Locks: X on up to `limit` rows.
 * Reads: the primary key, in order.
 */
export async function deleteOldOrderRuns(db: Database, days: number, limit: number): Promise<number> {
  const result = await db
    .deleteFrom("erpsync_order_reconciliation")
    .where("started_at", "<", sql<string>`UTC_TIMESTAMP(6) - INTERVAL ${days} DAY`)
    .orderBy("id")
    .limit(limit)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** What is to be compared next. */
export interface OrderAgenda {
  /** The oldest that somebody asked for. */
  readonly asked: { readonly id: number; readonly scope: string } | undefined;
  /** Milliseconds since the last one of the schedule began; undefined before the first. */
  readonly scheduledAgeMs: number | undefined;
}

/**
 * What people ask for, and when the schedule was last kept.
 * Locks: none.
 * Reads: erpsync_order_reconciliation_state (state, id), its first asked one; the primary key backwards to the last one
 * of the schedule, which is an hour of rows.
 */
export async function readOrderAgenda(db: Database, scheduler: string): Promise<OrderAgenda> {
  const table = sql.table("erpsync_order_reconciliation");
  const { rows } = await sql<{ id: number | null; scope: string | null; age_us: number | null }>`
    SELECT a.id, a.scope, TIMESTAMPDIFF(MICROSECOND, s.started_at, UTC_TIMESTAMP(6)) AS age_us
    FROM (SELECT 1 AS one) o
    LEFT JOIN (SELECT id, scope FROM ${table} WHERE state = 'asked' ORDER BY id LIMIT 1) a ON TRUE
    LEFT JOIN (SELECT started_at FROM ${table} WHERE actor = ${scheduler} ORDER BY id DESC LIMIT 1) s ON TRUE`.execute(
    db,
  );
  const { age_us: ageUs = null, id = null, scope = null } = rows[0] ?? {};
  return {
    asked: id === null || scope === null ? undefined : { id, scope },
    scheduledAgeMs: ageUs === null ? undefined : Math.max(0, Math.round(ageUs / 1_000)),
  };
}

/**
 * A comparison as it stands; undefined where there is none.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readOrderRun(db: Database, id: number): Promise<OrderRunRow | undefined> {
  const row = await db
    .selectFrom("erpsync_order_reconciliation")
    .where("id", "=", id)
    .select(["id", "state", "scope", "compared", "differing", "waiting", "reason", "detail"])
    .executeTakeFirst();
  return row === undefined ? undefined : { ...row, state: row.state as OrderRunState };
}
