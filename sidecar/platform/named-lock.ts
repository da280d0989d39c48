import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Sleep } from "../domain/clock.ts";
import type { Database } from "./database.ts";

/** Seconds that the server waits for a lock before we ask again; a holder's death is noticed within it at once. */
const WAIT_S = 5;
/** Milliseconds between two looks whether our connection still holds the lock. */
const CHECK_MS = 5_000;

/**
 * Name of a lock of this installation: a hash of database and prefix, because GET_LOCK is server-wide and names end
 * at 64 characters.
 */
export function lockName(database: string, prefix: string, purpose: string): string {
  const hash = createHash("sha256").update(`${database}\n${prefix}`).digest("hex").slice(0, 12);
  return `erpsync.${hash}.${purpose}`;
}

/** What the holder of a lock is told. */
export interface LockWatch {
  /** We stand by: another holds the lock. Called once until we get it. */
  readonly onStandby: () => void;
}

/**
 * Waits for the named lock, then runs `work` while it is held. The lock lives on a connection of its own: when that
 * dies the server frees the lock, and `work`'s signal is aborted within five seconds. Returns when `work` does.
 */
// eslint-disable-next-line @typescript-eslint/max-params -- six different things; a bag would hide the signal
export async function withNamedLock(
  db: Database,
  name: string,
  sleep: Sleep,
  signal: AbortSignal,
  watch: LockWatch,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await db.connection().execute(async (connection) => {
    if (!(await acquire(connection, name, signal, watch))) return;
    const lost = new AbortController();
    const finished = new AbortController();
    const working = work(AbortSignal.any([signal, lost.signal])).finally(() => {
      finished.abort();
    });
    const watching = guard(connection, name, sleep, finished.signal).catch(() => {
      lost.abort();
    });
    try {
      await working;
    } finally {
      finished.abort();
      await watching;
      await sql`SELECT RELEASE_LOCK(${name})`.execute(connection).catch(() => undefined);
    }
  });
}

async function acquire(
  connection: Database,
  name: string,
  signal: AbortSignal,
  watch: LockWatch,
): Promise<boolean> {
  let waitS = 0;
  while (!signal.aborted) {
    const { rows } = await sql<{ got: number | null }>`SELECT GET_LOCK(${name}, ${waitS}) AS got`.execute(
      connection,
    );
    if (rows[0]?.got === 1) return true;
    if (waitS === 0) watch.onStandby();
    waitS = WAIT_S;
  }
  return false;
}

/** Rejects as soon as the connection no longer holds the lock. */
async function guard(connection: Database, name: string, sleep: Sleep, finished: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(CHECK_MS, finished);
    if (finished.aborted) return;
    const { rows } = await sql<{ mine: number | null }>`
      SELECT IS_USED_LOCK(${name}) = CONNECTION_ID() AS mine`.execute(connection);
    if (rows[0]?.mine !== 1) throw new LockLostError(`The lock ${name} is no longer ours`);
  }
}

/** Never leaves this file: it only aborts the work's signal. */
class LockLostError extends Error {}
