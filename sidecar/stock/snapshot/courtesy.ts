import type { Clock, Sleep } from "../../domain/clock.ts";

/** Rests so many times as long as a step took: of the shop's server we take a fifth, whatever it has to spare. */
const REST_TIMES = 4;
/** However slow a step was, the next one comes. */
const REST_MAX_MS = 1_000;

/** Runs one step of long work, and rests after it. */
export type Courtesy = <T>(step: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * For work that is in no hurry and made of small steps. A server that is busy with few statements, but has no processor
 * to spare, does not look busy; who rests in proportion does not take much from it all the same.
 */
export function createCourtesy({ clock, sleep }: { readonly clock: Clock; readonly sleep: Sleep }): Courtesy {
  return async (step, signal) => {
    const begunMs = clock.monotonicMs();
    const result = await step();
    const tookMs = clock.monotonicMs() - begunMs;
    await sleep(Math.min(REST_MAX_MS, tookMs * REST_TIMES), signal);
    return result;
  };
}
