import { UsageError } from "../domain/errors.ts";
import { systemClock, systemSleep } from "../platform/system-clock.ts";

/** How often it is looked whether a run has ended. */
const LOOK_EVERY_MS = 250;
/** Milliseconds within which a running sidecar takes a run up; it looks every ten seconds at the most. */
const TAKEN_WITHIN_MS = 20_000;

/** A run that the running sidecar was asked for, by a row. */
export interface AskedRun<Row> {
  /** Its row; undefined where it is gone from the record. */
  readonly read: () => Promise<Row | undefined>;
  /** Takes it back; false where somebody has begun it. */
  readonly withdraw: () => Promise<boolean>;
  /** What may be the cause where nobody takes it up. */
  readonly nobody: string;
}

/**
 * Waits until the run has ended, or `waitMs` are over; then its row is still running.
 * @throws UsageError where nobody takes it up: it is then withdrawn, and does not surprise anybody later.
 */
export async function awaitRun<Row extends { readonly state: string }>(
  run: AskedRun<Row>,
  waitMs: number,
): Promise<Row> {
  const startedMs = systemClock.monotonicMs();
  for (;;) {
    const row = await run.read();
    const tookMs = systemClock.monotonicMs() - startedMs;
    if (row === undefined) throw new UsageError("The comparison is gone from the record");
    if (row.state !== "asked" && row.state !== "running") return row;
    if (row.state === "asked" && tookMs > TAKEN_WITHIN_MS && (await run.withdraw())) {
      throw new UsageError(`Nobody took it up: ${run.nobody}`);
    }
    if (tookMs > waitMs) return row;
    await systemSleep(LOOK_EVERY_MS);
  }
}
