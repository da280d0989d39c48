import type { Clock, Sleep } from "../domain/clock.ts";
import type { Database } from "../platform/database.ts";
import {
  type BinlogPlace,
  deleteFence,
  insertFence,
  type LedgerProgress,
  readBinlogEnd,
  readLedgerProgress,
} from "./fence-statements.ts";

export interface AwaitLedgerDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Milliseconds until it is given up; 30,000 unless told. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 25;

/**
 * Waits until the ledger has booked all that was committed in the shop before this call: then it knows every order that
 * may stand in the ERP. False where it did not in time, or where no binlog is read.
 */
export async function awaitLedger(deps: AwaitLedgerDeps, signal: AbortSignal): Promise<boolean> {
  const { db } = deps;
  const until = await readBinlogEnd(db);
  if (until === undefined) return false;
  // An idle capture records its place seldom; for a fact of the ledger it does so at once.
  const fence = await insertFence(db);
  try {
    const last = await poll(deps, signal, (progress) =>
      hasRead(progress, until) ? (progress.waiting?.last ?? 0) : undefined,
    );
    if (last === undefined) return false;
    const booked = await poll(deps, signal, ({ waiting }) =>
      waiting === undefined || waiting.first > last ? true : undefined,
    );
    return booked === true;
  } finally {
    await deleteFence(db, fence);
  }
}

/** Looks until there is an answer; undefined where there is none in time. */
async function poll<T>(
  { clock, db, patienceMs = PATIENCE_MS, sleep }: AwaitLedgerDeps,
  signal: AbortSignal,
  answerOf: (progress: LedgerProgress) => T | undefined,
): Promise<T | undefined> {
  const deadlineMs = clock.monotonicMs() + patienceMs;
  while (!signal.aborted && clock.monotonicMs() < deadlineMs) {
    const answer = answerOf(await readLedgerProgress(db));
    if (answer !== undefined) return answer;
    await sleep(LOOK_EVERY_MS, signal);
  }
  return undefined;
}

function hasRead({ read }: LedgerProgress, until: BinlogPlace): boolean {
  if (read === undefined) return false;
  const [at, end] = [numberOf(read.file), numberOf(until.file)];
  return at > end || (at === end && read.position >= until.position);
}

/** Files of the binlog are numbered, and the number may grow by a digit. */
const numberOf = (file: string): number => Number(file.slice(file.lastIndexOf(".") + 1));
