import { sql } from "kysely";
import { type Database, utcNow } from "../../platform/database.ts";
import type { Suspect } from "./decide-drift-cause.ts";

/** States of a comparison; `capped` compared all and corrected nothing, because too much differs. */
export type ReconciliationState = "asked" | "running" | "done" | "capped" | "failed";

/** A comparison of shop, ledger and ERP. */
export interface ReconciliationRow {
  readonly id: number;
  readonly state: ReconciliationState;
  readonly dryRun: boolean;
  readonly compared: number;
  readonly waiting: number;
  readonly drifted: number;
  readonly corrected: number;
  readonly reason: string | null;
  /** JSON, see encode-reconciliation.ts. */
  readonly detail: string | null;
  readonly actor: string;
}

/**
 * Puts a comparison on record, begun or asked for, and returns its id.
 * Locks: the new row.
 * Reads: nothing.
 */
export async function insertReconciliation(
  db: Database,
  run: { readonly state: "asked" | "running"; readonly dryRun: boolean; readonly actor: string },
): Promise<number> {
  const result = await db
    .insertInto("erpsync_stock_reconciliation")
    .values({
      state: run.state,
      dry_run: run.dryRun ? 1 : 0,
      actor: run.actor.slice(0, 96),
      started_at: utcNow,
    })
    .executeTakeFirstOrThrow();
  return Number(result.insertId);
}

/**
 * Begins one that was asked for; false where somebody took it before.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function beginReconciliation(db: Database, id: number): Promise<boolean> {
  const result = await db
    .updateTable("erpsync_stock_reconciliation")
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
export async function withdrawReconciliation(db: Database, id: number): Promise<boolean> {
  const result = await db
    .updateTable("erpsync_stock_reconciliation")
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
export async function finishReconciliation(
  db: Database,
  id: number,
  end: Partial<
    Pick<ReconciliationRow, "compared" | "waiting" | "drifted" | "corrected" | "reason" | "detail">
  > & {
    readonly state: "done" | "capped" | "failed";
  },
): Promise<void> {
  const { compared = 0, corrected = 0, detail = null, drifted = 0, reason = null, state, waiting = 0 } = end;
  await db
    .updateTable("erpsync_stock_reconciliation")
    .set({ state, waiting, drifted, corrected, reason, detail, rows_compared: compared, finished_at: utcNow })
    .where("id", "=", id)
    .execute();
}

/**
 * Ends the comparisons whose process died. Only for who holds the lock of comparing. Returns how many.
 * Locks: X on the rows.
 * Reads: erpsync_stock_reconciliation_state (state, id).
 */
export async function endBrokenReconciliations(db: Database): Promise<number> {
  const result = await db
    .updateTable("erpsync_stock_reconciliation")
    .set({ state: "failed", reason: "its process ended in the middle", finished_at: utcNow })
    .where("state", "=", "running")
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** What is to be compared next. */
export interface ReconcileAgenda {
  /** The oldest that somebody asked for. */
  readonly asked: { readonly id: number; readonly dryRun: boolean; readonly actor: string } | undefined;
  /** Milliseconds since the last one of the schedule began; undefined before the first. */
  readonly scheduledAgeMs: number | undefined;
}

/**
 * What people ask for, and when the schedule was last kept.
 * Locks: none.
 * Reads: erpsync_stock_reconciliation_state (state, id), its first asked one; the primary key backwards from the last
 * one to the last of the schedule, which is a day of rows.
 */
export async function readAgenda(db: Database, scheduler: string): Promise<ReconcileAgenda> {
  const table = sql.table("erpsync_stock_reconciliation");
  const { rows } = await sql<{
    id: number | null;
    dry_run: number | null;
    actor: string | null;
    age_us: number | null;
  }>`
    SELECT a.id, a.dry_run, a.actor, TIMESTAMPDIFF(MICROSECOND, s.started_at, UTC_TIMESTAMP(6)) AS age_us
    FROM (SELECT 1 AS one) o
    LEFT JOIN (SELECT id, dry_run, actor FROM ${table} WHERE state = 'asked' ORDER BY id LIMIT 1) a ON TRUE
    LEFT JOIN (SELECT started_at FROM ${table} WHERE actor = ${scheduler} ORDER BY id DESC LIMIT 1) s ON TRUE`.execute(
    db,
  );
  const [row] = rows;
  const { actor = null, age_us: ageUs = null, dry_run: dryRun = null, id = null } = row ?? {};
  return {
    asked: id === null ? undefined : { id, dryRun: dryRun === 1, actor: actor ?? "" },
    scheduledAgeMs: ageUs === null ? undefined : Math.max(0, Math.round(ageUs / 1_000)),
  };
}

/**
 * A comparison as it stands; undefined where there is none.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readReconciliation(db: Database, id: number): Promise<ReconciliationRow | undefined> {
  const row = await db
    .selectFrom("erpsync_stock_reconciliation")
    .where("id", "=", id)
    .select([
      "id",
      "state",
      "dry_run",
      "rows_compared",
      "waiting",
      "drifted",
      "corrected",
      "reason",
      "detail",
      "actor",
    ])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { dry_run: dryRun, rows_compared: compared, state, ...rest } = row;
  return { ...rest, compared, dryRun: dryRun === 1, state: state as ReconciliationState };
}

/** A row as shop and ledger say it, of one moment. */
export interface SeenRow {
  /** `id_stock_available`. */
  readonly row: number;
  readonly product: number;
  readonly combination: number;
  readonly shopUnits: number;
  /** Null where the ledger does not know the row. */
  readonly ledgerUnits: number | null;
  readonly isUnsettled: boolean;
  /** The ledger has read nothing of it for this long. */
  readonly isQuiet: boolean;
}

/**
 * The next rows of the shop with what the ledger says of them.
 * Locks: none.
 * Reads: the primary keys of both, one range.
 */
export async function pageSeenRows(
  db: Database,
  afterRow: number,
  limit: number,
  quietMs: number,
): Promise<readonly SeenRow[]> {
  return await selectSeen(db, quietMs)
    .where("s.id_stock_available", ">", afterRow)
    .orderBy("s.id_stock_available")
    .limit(limit)
    .execute()
    .then((rows) => rows.map(seenOf));
}

/**
 * The same of these rows.
 * Locks: none.
 * Reads: the primary keys of both.
 */
export async function readSeenRows(
  db: Database,
  ids: readonly number[],
  quietMs: number,
): Promise<readonly SeenRow[]> {
  return await selectSeen(db, quietMs)
    .where("s.id_stock_available", "in", [...ids])
    .execute()
    .then((rows) => rows.map(seenOf));
}

function selectSeen(db: Database, quietMs: number) {
  return db
    .selectFrom("stock_available as s")
    .leftJoin("erpsync_stock_row as r", (join) =>
      join.onRef("r.id_stock_available", "=", "s.id_stock_available").on("r.closed_at", "is", null),
    )
    .select(["s.id_stock_available", "s.id_product", "s.id_product_attribute", "s.quantity"])
    .select(["r.position", "r.unsettled"])
    .select(
      sql<number | null>`r.changed_at < UTC_TIMESTAMP(6) - INTERVAL ${quietMs * 1_000} MICROSECOND`.as(
        "quiet",
      ),
    );
}

function seenOf(row: {
  readonly id_stock_available: number;
  readonly id_product: number;
  readonly id_product_attribute: number;
  readonly quantity: number;
  readonly position: number | null;
  readonly unsettled: number | null;
  readonly quiet: number | null;
}): SeenRow {
  return {
    row: row.id_stock_available,
    product: row.id_product,
    combination: row.id_product_attribute,
    shopUnits: row.quantity,
    ledgerUnits: row.position,
    isUnsettled: row.unsettled === 1,
    isQuiet: row.quiet === 1,
  };
}

/** The last movement of a cause on a row. */
export interface LastOfCause {
  readonly row: number;
  readonly cause: string;
  readonly movementId: number;
}

/**
 * The last movement of each of these causes on each of these rows.
 * Locks: none.
 * Reads: erpsync_stock_movement_cause (cause, id_stock_available), without the rows.
 */
export async function readLastOfCauses(
  db: Database,
  rows: readonly number[],
  causes: readonly string[],
): Promise<readonly LastOfCause[]> {
  const found = await db
    .selectFrom("erpsync_stock_movement")
    .where("cause", "in", [...causes])
    .where("id_stock_available", "in", [...rows])
    .groupBy(["cause", "id_stock_available"])
    .select(["cause", "id_stock_available"])
    .select((eb) => eb.fn.max("id").as("last"))
    .execute();
  return found.map((one) => ({
    row: one.id_stock_available,
    cause: one.cause,
    movementId: one.last,
  }));
}

/**
 * Movements by their ids, as suspects of a drift, each with its row.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readSuspects(
  db: Database,
  ids: readonly number[],
): Promise<readonly (Suspect & { readonly row: number })[]> {
  const found = await db
    .selectFrom("erpsync_stock_movement")
    .where("id", "in", [...ids])
    .select(["id", "id_stock_available", "cause", "delta", "id_order", "actor", "committed_at"])
    .execute();
  return found.map((one) => ({
    row: one.id_stock_available,
    movementId: one.id,
    cause: one.cause,
    delta: one.delta,
    orderId: one.id_order,
    actor: one.actor,
    at: one.committed_at,
  }));
}

/**
 * The last movement of each of these rows.
 * Locks: none.
 * Reads: erpsync_stock_movement_row (id_stock_available, id), its last entry a row.
 */
export async function readLastMovements(
  db: Database,
  rows: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const found = await db
    .selectFrom("erpsync_stock_movement")
    .where("id_stock_available", "in", [...rows])
    .groupBy("id_stock_available")
    .select("id_stock_available")
    .select((eb) => eb.fn.max("id").as("last"))
    .execute();
  return new Map(found.map((one) => [one.id_stock_available, one.last]));
}

/**
 * Orders that take from these rows and are on their way to the ERP: their job goes on by itself, or an operation of
 * theirs has no answer yet.
 * Locks: none.
 * Reads: erpsync_job_claim (lane, state), the jobs that are not done; erpsync_operation_number (subject, …) and
 * erpsync_stock_line_order (id_order), one look a job.
 */
export async function readOrdersUnderWay(
  db: Database,
  rows: readonly number[],
): Promise<readonly { readonly row: number; readonly orderId: number }[]> {
  const { rows: found } = await sql<{ row: number; order_id: number }>`
    SELECT DISTINCT l.id_stock_available AS \`row\`, l.id_order AS order_id
    FROM ${sql.table("erpsync_job")} j
    JOIN ${sql.table("erpsync_stock_line")} l
      ON l.id_order = CAST(SUBSTRING(j.subject, 7) AS UNSIGNED) AND l.id_stock_available IN (${sql.join([...rows])})
    LEFT JOIN ${sql.table("erpsync_operation")} o ON o.subject = j.subject AND o.state = 'open'
    WHERE j.lane = 'orders' AND j.state IN ('ready', 'working', 'held', 'retrying', 'parked', 'dead')
      AND j.subject LIKE 'order:%' AND l.units <> 0
      AND (j.state NOT IN ('parked', 'dead') OR o.op_key IS NOT NULL)
    ORDER BY l.id_order`.execute(db);
  return found.map((one) => ({ row: one.row, orderId: one.order_id }));
}
