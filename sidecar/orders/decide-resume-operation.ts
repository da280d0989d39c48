import type { RetryAdvice } from "../domain/errors.ts";
import type { OperationKind, OperationState } from "../domain/operation.ts";

/** What is known of the last operation of a subject when a worker takes it up. */
export interface LastOperation {
  readonly kind: OperationKind;
  readonly state: OperationState;
  /** True where an answer stayed away at some time, so that the request may have been executed. */
  readonly ambiguous: boolean;
  /** Milliseconds since the request may last have been under way. */
  readonly ageMs: number;
}

/**
 * What to do with it before anything new is planned:
 * - `plan`: plan afresh. Nothing is open, or what is open is an amendment: a newer one overwrites it whether it was
 *   executed or not, and repeating a body that the ERP chokes on would keep the correction from ever being sent. The same
 *   goes for calling an order off and for taking it back.
 * - `look-up`: it may stand in the ERP; a hit acknowledges its stored body.
 * - `send-again`: repeating it is harmless (a command with an id).
 */
export type ResumeOperation = "plan" | "look-up" | "send-again";

/** Decides how an operation that was found is taken up. */
export function decideResumeOperation(last: LastOperation | undefined): ResumeOperation {
  if (last === undefined || last.state === "acknowledged") return "plan";
  // Refused for certain, and no earlier answer is outstanding: nothing stands in the ERP.
  if (last.state === "refused" && !last.ambiguous) return "plan";
  switch (last.kind) {
    case "create":
    case "pay":
    case "credit":
      return "look-up";
    case "amend":
    case "cancel":
    case "withdraw":
      return "plan";
    case "set_status":
    case "set_tracking":
    case "set_invoice":
      return "send-again";
  }
}

/** What to do after a look-up found nothing. */
export type AfterMiss = "plan" | "wait";

/**
 * Decides after a miss. An ERP that enforces the key refuses a second record itself, so what the shop says now is sent
 * at once; a body that differs from the stored one is marked `replaced`, and should the first request win after all,
 * the look-up that follows amends it. The stored body is not repeated: an ERP that chokes on it would get it again for
 * ever, though the shop corrected the order long ago. Without such a key the first request may still be under way: it
 * is waited for, and what then still cannot be found was not executed.
 */
export function decideAfterMiss(
  last: Pick<LastOperation, "ageMs">,
  uniqueKey: boolean,
  settleMs: number,
): AfterMiss {
  return !uniqueKey && last.ageMs < settleMs ? "wait" : "plan";
}

/** True where an amendment or cancellation that was not answered may still be under way. */
export function mayArriveLate(last: LastOperation | undefined, settleMs: number): boolean {
  if (last === undefined || (last.kind !== "amend" && last.kind !== "cancel")) return false;
  return last.state !== "acknowledged" && last.ambiguous && last.ageMs < settleMs;
}

/**
 * True where an error proves that nothing was executed, so that the operation may be planned afresh. A payment, and the
 * taking back of its order, count as refused only where the ERP said no: after an outage both go on where they were.
 */
export function decideRefused(kind: OperationKind, advice: RetryAdvice): boolean {
  return kind === "pay" || kind === "withdraw" ? advice.kind === "park" : advice.kind !== "retry";
}
