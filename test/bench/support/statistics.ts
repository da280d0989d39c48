/** The smallest sample that a share `p` of all samples does not exceed (nearest rank). */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle sample, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** An interval that holds the true median, and how surely. */
export interface MedianInterval {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

/**
 * The narrowest pair of order statistics that holds the median with at least 95 % confidence, whatever the
 * distribution: the chance that the median lies below the k-th of n samples is that of fewer than k heads in n tosses.
 * With fewer than six samples not even the extremes reach that, and their own confidence is told.
 */
export function medianInterval(samples: readonly number[]): MedianInterval {
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  let best: MedianInterval = { low: Number.NaN, high: Number.NaN, confidence: 0 };
  for (let k = 1; k <= Math.ceil(n / 2); k += 1) {
    const confidence = 1 - 2 * headsBelow(k, n);
    if (k > 1 && confidence < 0.95) break;
    best = { low: sorted[k - 1] ?? Number.NaN, high: sorted[n - k] ?? Number.NaN, confidence };
  }
  return best;
}

/** The chance of fewer than `k` heads in `n` tosses. */
function headsBelow(k: number, n: number): number {
  let term = 0.5 ** n;
  let sum = 0;
  for (let heads = 0; heads < k; heads += 1) {
    sum += term;
    term = (term * (n - heads)) / (heads + 1);
  }
  return sum;
}
