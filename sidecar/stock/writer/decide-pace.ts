/** How fast we write just now. */
export interface Pace {
  /** Milliseconds to rest before the next batch. */
  readonly restMs: number;
  /** Milliseconds that a batch takes while the shop is calm; null before the first. */
  readonly usualMs: number | null;
}

/** What is seen before a batch. */
export interface PaceReading {
  /** Statements that the server is at besides ours. */
  readonly othersRunning: number;
  /** Milliseconds of the batch before; null where there was none. */
  readonly batchMs: number | null;
}

/** Full speed, and nothing known yet. */
export const FIRST_PACE: Pace = { restMs: 0, usualMs: null };

/** The shortest rest that is worth its timer. */
const REST_FIRST_MS = 20;
/** However busy the shop is, a batch is written this often: figures that never come would be wrong for ever. */
export const REST_MAX_MS = 2_000;
/** A batch is slow when it takes so many times the usual, */
const SLOW_TIMES = 4;
/** and no faster than this: below, the times of a calm server differ as much. */
const SLOW_FROM_MS = 50;
/** How much of a new time goes into the usual one; of a slow batch little, or a rush hour would become the rule. */
const CALM_WEIGHT = 0.2;
const SLOW_WEIGHT = 0.02;

/**
 * The pace after a reading: rests double while the shop is busy, by its running statements or by our own time, and fall
 * to a quarter while it is calm.
 */
export function decidePace(before: Pace, reading: PaceReading, busyThreads: number): Pace {
  const { batchMs, othersRunning } = reading;
  const isSlow =
    batchMs !== null && batchMs > SLOW_FROM_MS && batchMs > SLOW_TIMES * (before.usualMs ?? batchMs);
  const usualMs = usualAfter(before.usualMs, batchMs, isSlow);
  if (othersRunning < busyThreads && !isSlow) {
    const restMs = Math.floor(before.restMs / 4);
    return { restMs: restMs < REST_FIRST_MS ? 0 : restMs, usualMs };
  }
  const crowd = Math.max(1, othersRunning / busyThreads);
  const restMs = Math.round(Math.max(REST_FIRST_MS * crowd, before.restMs * 2));
  return { restMs: Math.min(REST_MAX_MS, restMs), usualMs };
}

function usualAfter(usualMs: number | null, batchMs: number | null, isSlow: boolean): number | null {
  if (batchMs === null) return usualMs;
  if (usualMs === null) return batchMs;
  const weight = isSlow ? SLOW_WEIGHT : CALM_WEIGHT;
  return usualMs + (batchMs - usualMs) * weight;
}
