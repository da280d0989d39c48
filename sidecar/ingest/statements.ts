import { sql } from "kysely";
import { type Database, type Tx, utcNow } from "../platform/database.ts";

/** A row of the outbox as it was read; its form is checked by `decodeOutboxRow`. */
export interface RawOutboxRow {
  readonly id: number;
  readonly event_id: string;
  readonly type: string;
  readonly version: number;
  readonly subject: string;
  readonly id_shop: number;
  readonly occurred_at: string;
  readonly traceparent: string;
  readonly payload: string | null;
}

/**
 * Whether the outbox has a row that is committed.
 * Locks: none, so it needs no transaction; an idle sidecar asks this and nothing else.
 * Reads: the first entry of the primary key.
 */
export async function outboxHasRows(db: Database): Promise<boolean> {
  const row = await db.selectFrom("erpsync_outbox").select("id").orderBy("id").limit(1).executeTakeFirst();
  return row !== undefined;
}

/**
 * The oldest rows that nobody else is ingesting.
 * Locks: X on the rows returned, until the caller commits. Rows of an open checkout are skipped, and READ COMMITTED
 * locks no gap: on an empty outbox no INSERT waits.
 * Reads: the primary key, in order.
 */
export async function lockOldestRows(tx: Tx, limit: number): Promise<readonly RawOutboxRow[]> {
  return await tx
    .selectFrom("erpsync_outbox")
    .selectAll()
    .orderBy("id")
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}

/**
 * The rows that the binlog announced. The binlog may be a few milliseconds ahead of what others see; waiting for the
 * row's lock makes it visible (0 misses in 20,000, facts on the binlog).
 * Locks: X on the rows returned; waits for a checkout that is just committing.
 * Reads: the primary key.
 */
export async function lockAnnouncedRows(tx: Tx, ids: readonly number[]): Promise<readonly RawOutboxRow[]> {
  return await tx
    .selectFrom("erpsync_outbox")
    .selectAll()
    .where("id", "in", ids)
    .orderBy("id")
    .forUpdate()
    .execute();
}

/**
 * Which of these events were ingested before.
 * Locks: none.
 * Reads: the primary key of erpsync_event.
 */
export async function knownEvents(tx: Tx, eventIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx
    .selectFrom("erpsync_event")
    .select("event_id")
    .where("event_id", "in", eventIds)
    .execute();
  return new Set(rows.map((row) => row.event_id));
}

/**
 * Records events as processed. False where one of them was recorded before: then the statement has recorded none, and
 * the caller's transaction goes on. It waits for a concurrent ingest of the same event.
 * Locks: X on the new rows; S on one that was there.
 * Reads: the primary key.
 */
export async function insertEvents(tx: Tx, rows: readonly RawOutboxRow[]): Promise<boolean> {
  return await tx
    .insertInto("erpsync_event")
    .values(
      rows.map((row) => ({
        event_id: row.event_id,
        type: row.type,
        version: row.version,
        subject: row.subject,
        id_shop: row.id_shop,
        occurred_at: row.occurred_at,
        ingested_at: utcNow,
        traceparent: row.traceparent,
        payload: row.payload,
      })),
    )
    .execute()
    .then(() => true)
    .catch((thrown: unknown) => {
      if (thrown instanceof Error && "code" in thrown && thrown.code === "ER_DUP_ENTRY") return false;
      throw thrown;
    });
}

/**
 * Takes ingested rows out of the outbox.
 * Locks: X on the rows, which the caller holds already.
 * Reads: the primary key.
 */
export async function deleteRows(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx.deleteFrom("erpsync_outbox").where("id", "in", ids).execute();
}

/**
 * How many rows wait, and since when, in milliseconds.
 * Locks: none.
 * Reads: the primary key; the outbox is nearly empty but when the sidecar was away.
 */
export async function outboxDepth(
  db: Database,
): Promise<{ readonly depth: number; readonly oldestMs: number }> {
  const row = await db
    .selectFrom("erpsync_outbox")
    .select([
      sql<number>`COUNT(*)`.as("depth"),
      sql<number | null>`TIMESTAMPDIFF(MICROSECOND, MIN(occurred_at), UTC_TIMESTAMP(6))`.as("age_us"),
    ])
    .executeTakeFirstOrThrow();
  return { depth: row.depth, oldestMs: Math.max(0, Math.round((row.age_us ?? 0) / 1_000)) };
}
