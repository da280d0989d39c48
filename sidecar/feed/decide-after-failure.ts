import { DecodeError, type SidecarError } from "../domain/errors.ts";
import { ErpRejectedError } from "../erp/port.ts";

/** The first pause after a failure; each further one doubles it. */
const FIRST_MS = 5_000;
/** The longest pause between two tries. */
const LONGEST_MS = 600_000;
/** An ERP that refuses the question is asked again so seldom, in case its rights or its settings have changed. */
const REFUSED_MS = 3_600_000;
/** Failures of one page in a row after which the reading begins anew: its cursor may have died in the ERP. */
const PAGE_FAILURES_MAX = 5;

/** What to do after a failure. */
export type AfterFailure =
  /** `restart` gives the reading up, and the next one begins at the stored mark. */
  | { readonly kind: "again"; readonly pauseMs: number; readonly restart: boolean }
  /** The question itself is refused, as by an adapter that does not carry it. */
  | { readonly kind: "refused"; readonly pauseMs: number };

/**
 * Decides on a failed page.
 * @param failures of it in a row, this one included.
 */
export function decideAfterFailure(error: SidecarError, failures: number): AfterFailure {
  if (error instanceof ErpRejectedError) return { kind: "refused", pauseMs: REFUSED_MS };
  const { advice } = error;
  switch (advice.kind) {
    case "slow-down":
      return { kind: "again", pauseMs: advice.retryAfterMs, restart: false };
    case "outage":
      return { kind: "again", pauseMs: backOffMs(failures), restart: false };
    case "park":
    case "retry":
      return { kind: "again", pauseMs: backOffMs(failures), restart: isStale(error, failures) };
  }
}

/** A page that cannot be read may be one of a cursor that cannot be trusted, as in a circle of pages. */
function isStale(error: SidecarError, failures: number): boolean {
  return error instanceof DecodeError || failures >= PAGE_FAILURES_MAX;
}

function backOffMs(failures: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 10), LONGEST_MS);
}
