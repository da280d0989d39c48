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
 * - `plan`: nothing is open; plan afresh (a refused body may be replaced).
 * - `look-up`: it may stand in the ERP; a hit acknowledges its stored body.
 * - `send-again`: repeating it is harmless (an amendment, a command with an id).
 */
export type ResumeOperation = "plan" | "look-up" | "send-again";

/** Decides how an operation that was found is taken up. */
export function decideResumeOperation(last: LastOperation | undefined): ResumeOperation {
  if (last === undefined || last.state === "acknowledged") return "plan";
  // Refused for certain, and no earlier answer is outstanding: nothing stands in the ERP.
  if (last.state === "refused" && !last.ambiguous) return "plan";
  return last.kind === "create" ? "look-up" : "send-again";
}

/** What to do after a look-up found nothing. */
export type AfterMiss = "send-stored" | "plan" | "wait";

/**
 * Decides after a miss. An ERP that enforces the key refuses a second record itself, so the stored body is sent
 * again; one that was refused since may be planned afresh. Without such a key the first request may still be under
 * way: it is waited for, and what then still cannot be found was not executed.
 */
export function decideAfterMiss(last: LastOperation, uniqueKey: boolean, settleMs: number): AfterMiss {
  if (!uniqueKey && last.ageMs < settleMs) return "wait";
  return last.state === "refused" ? "plan" : "send-stored";
}
