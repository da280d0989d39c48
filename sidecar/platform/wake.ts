import type { Sleep } from "../domain/clock.ts";

/**
 * Lets a loop sleep until its next tick or until somebody has news for it, whichever comes first. A wake that comes
 * while the loop is busy is kept, so none is lost between "nothing to do" and "sleep". It is a hint and no message:
 * what there is to do stands in the database.
 */
export class Wake {
  readonly #sleep: Sleep;
  #pending = false;
  #interrupt: AbortController | undefined;

  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  /** Ends the present or the next wait. */
  ring(): void {
    this.#pending = true;
    this.#interrupt?.abort();
  }

  /** Waits for a ring, for `ms` milliseconds, or for the signal; true when it was rung. */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#pending && !signal.aborted) {
      const interrupt = new AbortController();
      this.#interrupt = interrupt;
      await this.#sleep(ms, AbortSignal.any([signal, interrupt.signal]));
      this.#interrupt = undefined;
    }
    const rung = this.#pending;
    this.#pending = false;
    return rung;
  }
}
