/** The present time. Only `platform/system-clock.ts` reads the machine's; tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly nowMs: () => number;
  /** Milliseconds on a clock that never jumps; only differences have meaning. */
  readonly monotonicMs: () => number;
}

/** A source of chance, so that jitter can be replayed in a test. */
export interface Random {
  /** A number from 0 (inclusive) to 1 (exclusive). */
  readonly roll: () => number;
}

/** Resolves after `ms` milliseconds, or at once (without an error) when the signal is aborted. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;
