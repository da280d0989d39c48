import type { Clock, Sleep } from "../domain/clock.ts";
import { SidecarError } from "../domain/errors.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { decideAfterFailure } from "./decide-after-failure.ts";
import { Reading, type ReadingDeps } from "./reading.ts";

/** How soon it is looked again whether the ERP is back and writing goes on. */
const LOOK_EVERY_MS = 5_000;

export interface ProgressDeps extends ReadingDeps {
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: ReadingDeps["metrics"] & Pick<Metrics, "progressReadings">;
  /** Milliseconds between two readings. */
  readonly everyMs: number;
  /** True while nothing may be written. */
  readonly stopped: () => boolean;
  /** True while the ERP as a whole is taken to be away: reading it would only fail. */
  readonly isErpAway: () => boolean;
}

/**
 * Reads which orders moved on in the ERP, over and over until the signal, the first time after one interval. One process
 * an installation, under a named lock.
 */
export async function runProgress(deps: ProgressDeps, signal: AbortSignal): Promise<void> {
  const feed = new ProgressFeed(deps);
  let pauseMs = deps.everyMs;
  for (;;) {
    await deps.sleep(pauseMs, signal);
    if (signal.aborted) return;
    pauseMs = await feed.turn(signal);
  }
}

class ProgressFeed {
  readonly #deps: ProgressDeps;
  #reading: Reading | undefined;
  #startedMs = 0;
  #failures = 0;
  /** The refusal is on record already: it is repeated in silence. */
  #isRefused = false;

  constructor(deps: ProgressDeps) {
    this.#deps = deps;
  }

  /** Reads on as far as can be; returns the milliseconds until the next turn. */
  async turn(signal: AbortSignal): Promise<number> {
    const { everyMs, isErpAway, stopped } = this.#deps;
    // A shop that was restored has the mark of its dump: a reading of before would jump over what came between.
    if (stopped()) this.#reading = undefined;
    if (stopped() || isErpAway()) return Math.min(everyMs, LOOK_EVERY_MS);
    try {
      const isWhole = await this.#readOn(signal);
      return isWhole ? everyMs : Math.min(everyMs, LOOK_EVERY_MS);
    } catch (thrown) {
      if (!(thrown instanceof SidecarError)) throw thrown;
      return signal.aborted ? 0 : this.#fail(thrown);
    }
  }

  /** False where it had to stop between two pages. */
  async #readOn(signal: AbortSignal): Promise<boolean> {
    const { clock, stopped } = this.#deps;
    if (this.#reading === undefined) {
      this.#reading = await Reading.begin(this.#deps);
      this.#startedMs = clock.monotonicMs();
    }
    for (;;) {
      const isLast = await this.#reading.turnPage(signal);
      this.#failures = 0;
      this.#isRefused = false;
      if (isLast) {
        this.#tell(this.#reading);
        this.#reading = undefined;
        return true;
      }
      if (stopped() || signal.aborted) return false;
    }
  }

  #tell({ counts }: Reading): void {
    const { clock, log, metrics } = this.#deps;
    metrics.progressReadings.inc({ outcome: "applied" });
    const tookMs = Math.round(clock.monotonicMs() - this.#startedMs);
    log(counts.changed > 0 ? "info" : "debug", { event: "progress.applied", ...counts, tookMs });
  }

  #fail(error: SidecarError): number {
    const { log, metrics } = this.#deps;
    this.#failures += 1;
    const after = decideAfterFailure(error, this.#failures);
    const { code } = error;
    if (after.kind === "refused") {
      metrics.progressReadings.inc({ outcome: "refused" });
      if (!this.#isRefused) log("error", { event: "progress.refused", code });
      this.#isRefused = true;
      this.#reading = undefined;
      return after.pauseMs;
    }
    metrics.progressReadings.inc({ outcome: "failed" });
    log("warn", { event: "progress.failed", code, retryMs: after.pauseMs });
    if (after.restart) this.#reading = undefined;
    return after.pauseMs;
  }
}
