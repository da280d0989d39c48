import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Sleep } from "../domain/clock.ts";
import { type Database, type DatabaseSettings, openDatabase } from "./database.ts";

/** Seconds that the server waits for a lock before we ask again; a holder's death is noticed within it at once. */
const WAIT_S = 5;
/** Milliseconds between two looks whether we still hold the lock, should no error have told that we do not. */
const CHECK_MS = 20_000;
/**
 * Milliseconds that a holder waits before its work when it took the lock over from another: by then the other has
 * learnt of its loss and aborted its calls.
 */
const TAKEOVER_MS = 1_000;

/**
 * Name of a lock of this installation: a hash of database and prefix, because GET_LOCK is server-wide and names end
 * at 64 characters.
 */
export function lockName(database: string, prefix: string, purpose: string): string {
  const hash = createHash("sha256").update(`${database}\n${prefix}`).digest("hex").slice(0, 12);
  return `erpsync.${hash}.${purpose}`;
}

/** Which lock is wanted, and by whom. */
export interface LockRequest {
  readonly settings: DatabaseSettings;
  readonly name: string;
  readonly sleep: Sleep;
  /** Asks to stop waiting, or the work to end well. */
  readonly signal: AbortSignal;
  /** Another holds the lock, and we stand by; called once. */
  readonly onStandby: () => void;
}

/**
 * Work under a lock. `signal` asks it to end well. `lost` says that the lock is gone: it must stop without finishing
 * anything, because another holder may be at it already.
 */
export type LockedWork = (signal: AbortSignal, lost: AbortSignal) => Promise<void>;

/**
 * Waits for the named lock, then runs `work` while it is held. The lock lives on a connection of its own: when that
 * dies the server frees the lock, and `lost` is aborted at once (by the socket's end, at the latest by the next look).
 */
export async function withNamedLock(request: LockRequest, work: LockedWork): Promise<void> {
  const lost = new AbortController();
  const onConnectionLost = (): void => {
    lost.abort();
  };
  const connection = openDatabase({ ...request.settings, connections: 1 }, { onConnectionLost });
  try {
    const got = await acquire(connection, request);
    if (got === "no") return;
    if (got === "taken-over") await request.sleep(TAKEOVER_MS, request.signal);
    await hold(connection, request, lost, work);
  } finally {
    await connection.destroy().catch(() => undefined);
  }
}

async function hold(
  connection: Database,
  { name, sleep, signal }: LockRequest,
  lost: AbortController,
  work: LockedWork,
): Promise<void> {
  const finished = new AbortController();
  const watching = watch(connection, name, sleep, finished.signal)
    .catch(() => "lost" as const)
    .then((end) => {
      if (end === "lost") lost.abort();
    });
  try {
    await work(AbortSignal.any([signal, lost.signal]), lost.signal);
  } finally {
    finished.abort();
    await watching;
    if (!lost.signal.aborted)
      await sql`SELECT RELEASE_LOCK(${name})`.execute(connection).catch(() => undefined);
  }
}

async function acquire(connection: Database, request: LockRequest): Promise<"no" | "free" | "taken-over"> {
  const { name, onStandby, signal } = request;
  let waitS = 0;
  while (!signal.aborted) {
    const { rows } = await sql<{ got: number | null }>`SELECT GET_LOCK(${name}, ${waitS}) AS got`.execute(
      connection,
    );
    if (rows[0]?.got === 1) return waitS === 0 ? "free" : "taken-over";
    if (waitS === 0) onStandby();
    waitS = WAIT_S;
  }
  return "no";
}

/** Looks from time to time whether the connection still holds the lock, until it does not or `finished`. */
async function watch(
  connection: Database,
  name: string,
  sleep: Sleep,
  finished: AbortSignal,
): Promise<"lost" | "finished"> {
  for (;;) {
    await sleep(CHECK_MS, finished);
    if (finished.aborted) return "finished";
    const { rows } = await sql<{ mine: number | null }>`
      SELECT IS_USED_LOCK(${name}) = CONNECTION_ID() AS mine`.execute(connection);
    if (rows[0]?.mine !== 1) return "lost";
  }
}
