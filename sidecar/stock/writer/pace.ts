import type { Clock, Sleep } from "../../domain/clock.ts";
import type { Database } from "../../platform/database.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { decidePace, FIRST_PACE, type Pace } from "./decide-pace.ts";
import { readThreadsRunning } from "./pace-statements.ts";

export interface PaceDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly metrics: Pick<Metrics, "stockPaceMs">;
  /** Running statements of others from which on the shop is busy. */
  readonly busyThreads: number;
}

/** The status is read no more often than this; it costs the server about a millisecond. */
const LOOK_EVERY_MS = 50;

/**
 * Keeps long work of ours out of the shop's way: rests before each batch, the longer the busier the server is. One for
 * all that writes in the background, so that their pace is one.
 */
export class Pacer {
  readonly #deps: PaceDeps;
  #pace: Pace = FIRST_PACE;
  #othersRunning = 0;
  #lookedAtMs = -LOOK_EVERY_MS;
  #batchMs: number | null = null;

  constructor(deps: PaceDeps) {
    this.#deps = deps;
  }

  /** Rests as long as it takes, then runs one batch and takes its time. A rest ends with the signal. */
  async run<T>(batch: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, metrics, sleep } = this.#deps;
    await this.#look();
    metrics.stockPaceMs.set(this.#pace.restMs);
    if (this.#pace.restMs > 0) await sleep(this.#pace.restMs, signal);
    const fromMs = clock.monotonicMs();
    try {
      return await batch();
    } finally {
      this.#batchMs = clock.monotonicMs() - fromMs;
    }
  }

  /** The work is done; nobody rests any more. */
  finish(): void {
    this.#deps.metrics.stockPaceMs.set(0);
    this.#batchMs = null;
  }

  async #look(): Promise<void> {
    const { busyThreads, clock, db } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs;
      // Our own look is one of them.
      this.#othersRunning = (await readThreadsRunning(db)) - 1;
    }
    const reading = { othersRunning: this.#othersRunning, batchMs: this.#batchMs };
    this.#pace = decidePace(this.#pace, reading, busyThreads);
  }
}
