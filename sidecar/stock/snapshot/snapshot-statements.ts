import { deflateRawSync } from "node:zlib";
import { sql } from "kysely";
import { sha256 } from "../../domain/fingerprint.ts";
import type { ErpExchange } from "../../erp/port.ts";
import { type Database, type Tx, utcNow } from "../../platform/database.ts";

/** States of a reading of the ERP's stock: `held` waits for a person, who makes it `released` or `rejected`. */
export type SnapshotState = "asked" | "running" | "applied" | "held" | "released" | "rejected" | "failed";

/** A row of `erpsync_stock_snapshot`. */
export interface SnapshotRow {
  readonly id: number;
  readonly kind: "full" | "delta";
  /** Partition; empty for all items. */
  readonly part: string;
  readonly state: SnapshotState;
  readonly mark: string | null;
  readonly items: number;
  readonly unknown: number;
  readonly absent: number;
  readonly changed: number;
  readonly waiting: number;
  readonly catalogue: number;
  readonly moves: number;
  readonly reason: string | null;
  /** JSON; see decode-snapshot-detail.ts. */
  readonly detail: string | null;
  /** `YYYY-MM-DD HH:MM:SS.ffffff` UTC. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Milliseconds since it began. */
  readonly ageMs: number;
}

function selectSnapshots(db: Database) {
  return db
    .selectFrom("erpsync_stock_snapshot as s")
    .select([
      "s.id",
      "s.kind",
      "s.part",
      "s.state",
      "s.mark",
      "s.items",
      "s.unknown",
      "s.absent",
      "s.changed",
    ])
    .select(["s.waiting", "s.catalogue", "s.moves", "s.reason", "s.detail", "s.started_at", "s.finished_at"])
    .select(sql<number>`TIMESTAMPDIFF(MICROSECOND, s.started_at, UTC_TIMESTAMP(6))`.as("age_us"));
}

type Selected = Awaited<ReturnType<ReturnType<typeof selectSnapshots>["execute"]>>[number];

function snapshotRow({ age_us, finished_at, kind, started_at, state, ...row }: Selected): SnapshotRow {
  return {
    ...row,
    kind: kind as SnapshotRow["kind"],
    state: state as SnapshotState,
    startedAt: started_at,
    finishedAt: finished_at,
    ageMs: Math.round(age_us / 1_000),
  };
}

/**
 * The latest of each kind, part and state: all that the schedule and the holds depend on.
 * Locks: none.
 * Reads: erpsync_stock_snapshot_state, one look a group; the rows by primary key.
 */
export async function latestSnapshots(db: Database): Promise<readonly SnapshotRow[]> {
  const rows = await selectSnapshots(db)
    .innerJoin(
      (eb) =>
        eb
          .selectFrom("erpsync_stock_snapshot")
          .select((e) => e.fn.max("id").as("id"))
          .groupBy(["kind", "part", "state"])
          .as("latest"),
      (join) => join.onRef("latest.id", "=", "s.id"),
    )
    .orderBy("s.id")
    .execute();
  return rows.map(snapshotRow);
}

/**
 * The newest readings, the last first.
 * Locks: none.
 * Reads: the primary key, backwards.
 */
export async function listSnapshots(db: Database, limit: number): Promise<readonly SnapshotRow[]> {
  const rows = await selectSnapshots(db).orderBy("s.id", "desc").limit(limit).execute();
  return rows.map(snapshotRow);
}

/**
 * One reading; undefined where there is none of this id.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readSnapshot(db: Database, id: number): Promise<SnapshotRow | undefined> {
  const row = await selectSnapshots(db).where("s.id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : snapshotRow(row);
}

/**
 * Opens the record of a reading and returns its id: `running`, or `asked` for by a person.
 * Locks: the new row.
 * Reads: nothing.
 */
export async function insertSnapshot(
  db: Database,
  snapshot: Pick<SnapshotRow, "kind" | "part"> & { readonly state: "running" | "asked" },
): Promise<number> {
  const result = await db
    .insertInto("erpsync_stock_snapshot")
    .values({ ...snapshot, started_at: utcNow })
    .executeTakeFirstOrThrow();
  return Number(result.insertId);
}

/**
 * Begins a reading that a person asked for; false where it is not asked for any more.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function beginSnapshot(db: Database, id: number, kind: SnapshotRow["kind"]): Promise<boolean> {
  const result = await db
    .updateTable("erpsync_stock_snapshot")
    .set({ state: "running", kind, started_at: utcNow })
    .where("id", "=", id)
    .where("state", "=", "asked")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** What a reading ends as; what is left out stays as it is. */
export type SnapshotEnd = { readonly state: "applied" | "held" | "failed" } & Partial<
  Pick<
    SnapshotRow,
    | "mark"
    | "items"
    | "unknown"
    | "absent"
    | "changed"
    | "waiting"
    | "catalogue"
    | "moves"
    | "reason"
    | "detail"
  >
>;

/**
 * Ends a reading that runs.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function finishSnapshot(db: Database, id: number, end: SnapshotEnd): Promise<void> {
  await db
    .updateTable("erpsync_stock_snapshot")
    .set({ ...end, finished_at: utcNow })
    .where("id", "=", id)
    .where("state", "=", "running")
    .execute();
}

/**
 * A person's word on a held reading; false where it is not held.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function judgeSnapshot(
  tx: Tx,
  id: number,
  state: "released" | "rejected",
  reason: string,
): Promise<boolean> {
  const result = await tx
    .updateTable("erpsync_stock_snapshot")
    .set({ state, reason: sql<string>`LEFT(CONCAT(COALESCE(reason, ''), ' / ', ${reason}), 4000)` })
    .where("id", "=", id)
    .where("state", "=", "held")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/**
 * Readings that are older than so many days, the oldest first; those that still say where to go on are the caller's to
 * keep.
 * Locks: none.
 * Reads: the beginning of the primary key.
 */
export async function oldSnapshots(db: Database, days: number, limit: number): Promise<readonly number[]> {
  const rows = await db
    .selectFrom((eb) =>
      eb
        .selectFrom("erpsync_stock_snapshot")
        .select(["id", "started_at"])
        .orderBy("id")
        .limit(limit)
        .as("oldest"),
    )
    .select("id")
    .where("started_at", "<", sql<string>`UTC_TIMESTAMP(6) - INTERVAL ${days} DAY`)
    .execute();
  return rows.map((row) => row.id);
}

/**
 * Forgets readings.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteSnapshots(db: Database, ids: readonly number[]): Promise<void> {
  await db.deleteFrom("erpsync_stock_snapshot").where("id", "in", ids).execute();
}

/** Exchanges of one page with the ERP. */
export interface PageAttempt {
  /** For instance `stock-snapshot:7`. */
  readonly subject: string;
  /** `ok`, or the code of the error that it ended in. */
  readonly outcome: string;
  readonly message: string | null;
  readonly exchange: ErpExchange;
  /** What is kept of the answer; a page of 1,000 figures a thousand times a week is no evidence worth its room. */
  readonly answer: string;
  readonly actor: string;
}

/**
 * Records the exchanges of a page: the request whole, of the answer a summary and the hash of what came.
 * Locks: none but the new rows.
 * Reads: nothing.
 */
export async function insertPageAttempts(db: Database, attempts: readonly PageAttempt[]): Promise<void> {
  await db
    .insertInto("erpsync_attempt")
    .values(
      attempts.map(({ actor, answer, exchange, message, outcome, subject }) => ({
        subject,
        op_key: null,
        direction: "to_erp",
        purpose: "read_stock",
        outcome,
        message: message?.slice(0, 4_000) ?? null,
        method: exchange.method,
        path: exchange.path.slice(0, 512),
        status: exchange.status,
        request: deflateRawSync(exchange.request),
        request_hash: sha256(exchange.request),
        answer: deflateRawSync(answer),
        answer_hash: sha256(exchange.answer),
        took_ms: Math.round(exchange.tookMs),
        actor,
        ended_at: utcNow,
      })),
    )
    .execute();
}

/**
 * The database's time, by which all that happens around a page is ordered.
 * Locks: none.
 * Reads: no table.
 */
export async function readTime(db: Database): Promise<string> {
  const { rows } = await sql<{ at: string }>`SELECT UTC_TIMESTAMP(6) AS at`.execute(db);
  return rows[0]?.at ?? "";
}
