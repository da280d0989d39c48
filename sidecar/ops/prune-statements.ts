import { sql } from "kysely";
import type { Database } from "../platform/database.ts";

/** A time this many days ago by the database's clock, UTC. */
const daysAgo = (days: number) => sql<string>`UTC_TIMESTAMP(6) - INTERVAL ${days} DAY`;

/**
 * The end of the next page of attempts after `afterId` that ended more than `days` ago; undefined where none is left.
 * Locks: none.
 * Reads: the primary key, in order, `limit` rows. Ids rise with time, so the first young one ends the walk.
 */
export async function pageOldAttempts(
  db: Database,
  afterId: number,
  days: number,
  limit: number,
): Promise<number | undefined> {
  const rows = await db
    .selectFrom("erpsync_attempt")
    .select(["id", sql<number>`ended_at < ${daysAgo(days)}`.as("is_old")])
    .where("id", ">", afterId)
    .orderBy("id")
    .limit(limit)
    .execute();
  const young = rows.findIndex((row) => row.is_old !== 1);
  return (young === -1 ? rows : rows.slice(0, young)).at(-1)?.id;
}

/**
 * Removes the bodies of a page of attempts, and the message, in which the ERP may have quoted them; hashes, outcome and
 * times stay for good. Returns how many had one.
 * Locks: X on the rows of the page.
 * Reads: the primary key, one range.
 */
export async function forgetBodies(db: Database, afterId: number, lastId: number): Promise<number> {
  const result = await db
    .updateTable("erpsync_attempt")
    .set({ request: null, answer: null, message: null })
    .where("id", ">", afterId)
    .where("id", "<=", lastId)
    .where((eb) =>
      eb.or([eb("request", "is not", null), eb("answer", "is not", null), eb("message", "is not", null)]),
    )
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Removes the bodies of operations that were acknowledged more than `days` ago; their hashes, which plans compare, stay
 * for good. Looks back a month further and no more, since what is older was done then. Returns how many.
 * Locks: X on up to `limit` rows; no gap under READ COMMITTED.
 * Reads: erpsync_operation_acknowledged (acknowledged_at), one range.
 */
export async function forgetOperationBodies(db: Database, days: number, limit: number): Promise<number> {
  const result = await db
    .updateTable("erpsync_operation")
    .set({ body: Buffer.alloc(0) })
    .where("acknowledged_at", "<", daysAgo(days))
    .where("acknowledged_at", ">", daysAgo(days + 30))
    .where("body", "<>", Buffer.alloc(0))
    .limit(limit)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Deletes checks of the stock ledger that the binlog never told of, as they lay in a gap. Returns how many.
 * Locks: X on up to `limit` rows.
 * Reads: the primary key, in order; checks that are told of are gone within seconds.
 */
export async function deleteLostChecks(db: Database, limit: number): Promise<number> {
  const result = await db
    .deleteFrom("erpsync_stock_check")
    .where("created_at", "<", daysAgo(1))
    .orderBy("id")
    .limit(limit)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/**
 * Deletes walks of the stock ledger that ended more than `days` ago; the last one stays, as it tells that there is a
 * ledger. Returns how many.
 * Locks: X on the rows.
 * Reads: erpsync_stock_pass_open (finished_at, id), one range; the last entry of the primary key.
 */
export async function deleteOldPasses(db: Database, days: number, limit: number): Promise<number> {
  const pass = sql.table("erpsync_stock_pass");
  const result = await sql`DELETE FROM ${pass} WHERE finished_at < ${daysAgo(days)}
    AND id < (SELECT last FROM (SELECT MAX(id) AS last FROM ${pass}) l) LIMIT ${limit}`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/**
 * Deletes processed events that are older than `days`; no event comes twice after so long. Returns how many.
 * Locks: X on up to `limit` rows; no gap under READ COMMITTED.
 * Reads: erpsync_event_ingested (ingested_at), in order.
 */
export async function deleteOldEvents(db: Database, days: number, limit: number): Promise<number> {
  const result = await db
    .deleteFrom("erpsync_event")
    .where("ingested_at", "<", daysAgo(days))
    .orderBy("ingested_at")
    .limit(limit)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
