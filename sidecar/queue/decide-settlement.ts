import { messageOf, type RetryAdvice, SidecarError } from "../domain/errors.ts";
import { decideHeldDelayMs, decideRetry } from "../domain/job.ts";
import type { Claim, Settled } from "./statements.ts";

/** How a stage's work on a claim ended. A stage may also throw; its error's advice then decides. */
export type WorkOutcome =
  /** Shop and ERP agree. `settled` where the acknowledgement settled the job already, in its own transaction. */
  | { readonly kind: "done"; readonly settled: boolean }
  /** Waits for the shop, or for another subject that readies it. No attempt is spent. */
  | {
      readonly kind: "held";
      readonly code: string;
      readonly waitsFor: string | null;
      /** Milliseconds until it is looked at again; by how long it has been held unless told. */
      readonly delayMs?: number;
    };

/** A failure, and the plan that it happened to. */
export interface WorkFailure {
  readonly error:
    | SidecarError
    | { readonly code: string; readonly message: string; readonly advice: RetryAdvice };
  /** Hash of the plan, or null where it failed before there was one. */
  readonly planHash: string | null;
  /** The mapping that would help, for a parked job. */
  readonly waitsFor: string | null;
}

const CLEAN = { code: null, reason: null, waitsFor: null, planHash: null, attempts: 0 } as const;

/** What a finished or held claim settles to. */
export function settleOutcome(claim: Claim, outcome: WorkOutcome): Settled {
  if (outcome.kind === "done") return { ...CLEAN, state: "done", delayMs: 0 };
  return {
    ...CLEAN,
    state: "held",
    delayMs: outcome.delayMs ?? decideHeldDelayMs(claim.heldMs),
    attempts: claim.attempts,
    planHash: claim.planHash,
    code: outcome.code,
    waitsFor: outcome.waitsFor,
  };
}

/** What a claim that nobody worked on settles to: as it was. */
export function settleUntouched(claim: Claim): Settled {
  return { ...CLEAN, state: "ready", delayMs: 0, attempts: claim.attempts, planHash: claim.planHash };
}

/** What a failed claim settles to. A changed plan starts its attempts afresh. */
export function settleFailure(claim: Claim, failure: WorkFailure): Settled {
  const { error, waitsFor } = failure;
  const planHash = failure.planHash ?? claim.planHash;
  const spent = planHash === claim.planHash ? claim.attempts : 0;
  const base = { planHash, code: error.code, reason: error.message, waitsFor };
  switch (error.advice.kind) {
    case "outage":
      return { ...base, state: "ready", delayMs: 0, attempts: spent };
    case "slow-down":
      return { ...base, state: "retrying", delayMs: error.advice.retryAfterMs, attempts: spent };
    case "park":
      return { ...base, state: "parked", delayMs: 0, attempts: spent };
    case "retry": {
      const attempts = spent + 1;
      const next = decideRetry(attempts);
      return next.kind === "dead"
        ? { ...base, state: "dead", delayMs: 0, attempts }
        : { ...base, state: "retrying", delayMs: next.delayMs, attempts };
    }
  }
}

/** Milliseconds that a job waits for a database that was away in the middle of it. */
const DATABASE_AWAY_MS = 2_000;

/**
 * An error as the queue records it. A database that was away costs no attempt; what is neither that nor ours is a
 * bug, and retried until it is dead.
 */
export function asWorkError(
  thrown: unknown,
  isDatabaseAway: (thrown: unknown) => boolean,
): WorkFailure["error"] {
  if (thrown instanceof SidecarError) return thrown;
  if (isDatabaseAway(thrown)) {
    const advice = { kind: "slow-down", retryAfterMs: DATABASE_AWAY_MS } as const;
    return { code: "E_DATABASE_AWAY", message: messageOf(thrown), advice };
  }
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { code: "E_BUG", message, advice: { kind: "retry", suspect: "other" } };
}
