import type { Sleep } from "../domain/clock.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import {
  deleteLostChecks,
  deleteOldEvents,
  deleteOldPasses,
  forgetBodies,
  forgetOperationBodies,
  pageOldAttempts,
} from "./prune-statements.ts";

/** Days that bodies of requests and answers, and processed events, are kept. */
export const KEEP_DAYS = 90;
/** Rows of one statement: a few milliseconds of locks. */
const BATCH_ROWS = 500;
/** Milliseconds between two statements, so that a first run over millions of rows leaves the disk to the shop. */
const PAUSE_MS = 50;
const EVERY_MS = 3_600_000;

export interface PruneDeps {
  readonly db: Database;
  readonly log: Log;
  readonly sleep: Sleep;
}

/** Prunes at the start and then once an hour, until the signal. Several processes may do it at once. */
export async function runPrune(deps: PruneDeps, signal: AbortSignal): Promise<void> {
  let pruned = 0;
  while (!signal.aborted) {
    const rest = await prune(deps, pruned, signal);
    pruned = rest.lastId;
    if (rest.rows > 0) deps.log("info", { event: "pruned", rows: rest.rows });
    await deps.sleep(EVERY_MS, signal);
  }
}

/**
 * Removes what is older than 90 days: bodies of attempts and of acknowledged operations (their hashes stay), processed
 * events, and the stock ledger's walks; its movements stay for good, as the sum of them is the stock. Returns the rows changed, and the last attempt that needs no second look.
 */
export async function prune(
  deps: PruneDeps,
  afterId: number,
  signal: AbortSignal,
): Promise<{ readonly rows: number; readonly lastId: number }> {
  let rows = 0;
  let lastId = afterId;
  while (!signal.aborted) {
    const end = await pageOldAttempts(deps.db, lastId, KEEP_DAYS, BATCH_ROWS);
    if (end === undefined) break;
    rows += await forgetBodies(deps.db, lastId, end);
    lastId = end;
    await deps.sleep(PAUSE_MS, signal);
  }
  rows += await inBatches(deps, signal, () => forgetOperationBodies(deps.db, KEEP_DAYS, BATCH_ROWS));
  rows += await inBatches(deps, signal, () => deleteOldEvents(deps.db, KEEP_DAYS, BATCH_ROWS));
  rows += await inBatches(deps, signal, () => deleteLostChecks(deps.db, BATCH_ROWS));
  rows += await inBatches(deps, signal, () => deleteOldPasses(deps.db, KEEP_DAYS, BATCH_ROWS));
  return { rows, lastId };
}

async function inBatches(
  deps: PruneDeps,
  signal: AbortSignal,
  batch: () => Promise<number>,
): Promise<number> {
  let rows = 0;
  while (!signal.aborted) {
    const changed = await batch();
    rows += changed;
    if (changed < BATCH_ROWS) break;
    await deps.sleep(PAUSE_MS, signal);
  }
  return rows;
}
