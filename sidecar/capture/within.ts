import type { Sleep } from "../domain/clock.ts";
import { DatabaseSilentError } from "../domain/errors.ts";

const LATE = Symbol("late");

/**
 * The result of `work`, which is not stopped when it is late: a query on a half-open connection never ends.
 * @throws DatabaseSilentError after `ms` milliseconds.
 */
export async function within<T>(work: Promise<T>, ms: number, sleep: Sleep): Promise<T> {
  const settled = new AbortController();
  const late = sleep(ms, settled.signal).then((): typeof LATE => LATE);
  try {
    const first = await Promise.race([work, late]);
    if (first === LATE) throw new DatabaseSilentError(`No answer from the database for ${String(ms)} ms`);
    return first;
  } finally {
    settled.abort();
  }
}
