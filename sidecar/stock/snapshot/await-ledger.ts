import type { Clock, Sleep } from "../../domain/clock.ts";
import type { Database } from "../../platform/database.ts";
import { deleteFence, insertFence, isFenceAhead } from "./fence-statements.ts";

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
 * may stand in the ERP. False where it did not in time, as where no binlog is read.
 */
export async function awaitLedger(
  { clock, db, patienceMs = PATIENCE_MS, sleep }: AwaitLedgerDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const deadlineMs = clock.monotonicMs() + patienceMs;
  const fence = await insertFence(db);
  while (!signal.aborted && clock.monotonicMs() < deadlineMs) {
    if (!(await isFenceAhead(db, fence))) return true;
    await sleep(LOOK_EVERY_MS, signal);
  }
  await deleteFence(db, fence);
  return false;
}
