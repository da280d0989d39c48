import { setTimeout as delay } from "node:timers/promises";
import { SupportError } from "./support-error.ts";

export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** Completes the sentence "Waited n ms in vain for …". */
  readonly what: string;
}

/**
 * Asks again until the answer is neither undefined, null nor false, and returns it.
 * A check that throws is asked again too; its last error is part of the failure.
 */
export async function until<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 10, what }: UntilOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const deadlineMs = performance.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      const answer = await check();
      if (answer !== undefined && answer !== null && answer !== false) {
        return answer as Exclude<T, undefined | null | false>;
      }
      last = answer;
    } catch (error) {
      last = error;
    }
    await delay(everyMs);
  } while (performance.now() < deadlineMs);
  throw new SupportError(`Waited ${timeoutMs} ms in vain for ${what}; the last answer was ${String(last)}.`);
}
