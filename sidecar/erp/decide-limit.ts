/** How many calls may be in flight at present, between 1 and the configured limit. */
export interface LimitState {
  readonly limit: number;
  /** When the limit was last lowered, on the monotonic clock; the start where it never was. */
  readonly loweredAtMs: number;
  /** The climb counts from here: the last 429, or the last step up. */
  readonly climbFromMs: number;
}

/** The limits of the limit. */
export interface LimitRule {
  /** The configured limit, which is never exceeded. */
  readonly limitMax: number;
  /** The limit grows by one after this long without a 429. */
  readonly climbEveryMs: number;
}

/** The state to start with. */
export const fullLimit = (rule: LimitRule, nowMs: number): LimitState => ({
  limit: rule.limitMax,
  loweredAtMs: nowMs,
  climbFromMs: nowMs,
});

/**
 * The state after a 429: half the limit, and at least 1. A burst of calls that were under way together counts once: a
 * call that began before the last lowering tells nothing about the lowered limit, it only keeps it from rising.
 */
export function decideThrottled(state: LimitState, callStartedAtMs: number, nowMs: number): LimitState {
  if (callStartedAtMs < state.loweredAtMs) return { ...state, climbFromMs: nowMs };
  return { limit: Math.max(1, Math.floor(state.limit / 2)), loweredAtMs: nowMs, climbFromMs: nowMs };
}

/** The state as it is now: one more call for each full interval that passed without a 429. */
export function decideClimb(state: LimitState, rule: LimitRule, nowMs: number): LimitState {
  const steps = Math.floor((nowMs - state.climbFromMs) / rule.climbEveryMs);
  if (steps < 1 || state.limit >= rule.limitMax) return state;
  return {
    ...state,
    limit: Math.min(rule.limitMax, state.limit + steps),
    climbFromMs: state.climbFromMs + steps * rule.climbEveryMs,
  };
}
