import type { Random, Sleep } from "../domain/clock.ts";
import { safeDescription } from "../domain/errors.ts";
import type { Log } from "./log.ts";

const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 15_000;

export interface LoopDeps {
  readonly log: Log;
  readonly sleep: Sleep;
  readonly random: Random;
}

/**
 * Keeps `run` running until the signal: when it rejects (a lost database, a bug), the failure is logged and it is
 * started again after a back-off with jitter. A process that gave up would sell unseen; one that retries is seen.
 */
export async function keepRunning(
  name: string,
  run: (signal: AbortSignal) => Promise<void>,
  deps: LoopDeps,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await run(signal);
      failures = 0;
    } catch (thrown) {
      const ceilingMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures, 10));
      const retryMs = Math.round(ceilingMs * (0.5 + deps.random.roll() / 2));
      failures += 1;
      deps.log("error", { event: "loop.failed", loop: name, message: safeDescription(thrown), retryMs });
      await deps.sleep(retryMs, signal);
    }
  }
}
