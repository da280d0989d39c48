import type { Database, Tx } from "./database.ts";

/** Errors after which the server has rolled back and the same work may be tried again at once. */
const TRANSIENT = new Set(["ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT", "ER_CHECKREAD"]);
const TRIES_MAX = 5;

function isTransient(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && TRANSIENT.has(String(thrown.code));
}

/** How mysql2 and the system name a database that is not there just now. */
const AWAY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
  "ER_SERVER_SHUTDOWN",
  "ER_CON_COUNT_ERROR",
]);

/** True where the database, and not the work, is the cause: the same work succeeds when it is back. */
export function isDatabaseAway(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  // A command on a connection that is closed already is fatal and has no code.
  if ("fatal" in thrown && thrown.fatal === true) return true;
  return "code" in thrown && (AWAY.has(String(thrown.code)) || isTransient(thrown));
}

/**
 * Runs one autocommit statement, again after a deadlock: what a transaction of one statement would do with two round
 * trips less.
 */
export async function repeated<T>(statement: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await statement();
    } catch (thrown) {
      if (tries >= TRIES_MAX || !isTransient(thrown)) throw thrown;
    }
  }
}

/**
 * Runs `work` in one READ COMMITTED transaction and commits it. After a deadlock the whole of `work` runs again, so
 * it must have no effect outside the database.
 */
export async function inTransaction<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return await repeated(() => db.transaction().execute(work));
}

/**
 * Runs reads that all see the database as it is at the first of them. It must not hold locks or last long: the server
 * keeps old versions of rows for as long.
 */
export async function atOneMoment<T>(db: Database, reads: (tx: Tx) => Promise<T>): Promise<T> {
  return await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(reads);
}
