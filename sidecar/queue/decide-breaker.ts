/**
 * The breaker of a lane. While it is open no job is claimed; only the probe, a read, is sent. It opens at once when
 * the ERP as a whole is away (connection, login, maintenance), and when three different subjects failed with no
 * success between. One order that always gets a 500 is one subject: it pays its own attempts and blocks nobody. Three
 * such orders open the breaker once for nothing: each gets that attempt back and is remembered as accused. Whoever
 * fails again though the ERP could be read meanwhile pays, whether or not a new order fails beside it; otherwise an
 * inflow of bad orders would keep all of them alive for ever.
 */
export type Breaker =
  | { readonly state: "closed"; readonly failed: readonly string[]; readonly accused: readonly string[] }
  | {
      readonly state: "open";
      readonly reason: string;
      readonly probes: number;
      readonly probeAtMs: number;
      /** Subjects that failed at or around its opening, which had their attempt back; none where the ERP as a whole was away. */
      readonly accused: readonly string[];
    };

/** What the breaker hears. */
export type BreakerEvent =
  | { readonly kind: "success" }
  /** A call failed, and the reason may be the record or the ERP. */
  | { readonly kind: "failure"; readonly subject: string; readonly reason: string }
  /** The ERP as a whole is away. */
  | { readonly kind: "outage"; readonly reason: string }
  | { readonly kind: "probe-failed"; readonly reason: string };

/** The next state, and the subjects whose spent attempt is given back because the ERP as a whole was the cause. */
export interface BreakerDecision {
  readonly breaker: Breaker;
  readonly refund: readonly string[];
}

export const CLOSED: Breaker = { state: "closed", failed: [], accused: [] };
/** Different subjects that must fail in a row. */
export const FAILED_SUBJECTS = 3;
/** Accused subjects that are remembered; more than this fail only where the ERP takes no writes at all. */
const ACCUSED_MAX = 100;
const PROBE_FIRST_MS = 1_000;
const PROBE_MAX_MS = 15_000;

/** Milliseconds until the next probe, after this many failed ones: 1 s, 2 s, 4 s … 15 s. */
export function probeDelayMs(probes: number): number {
  return Math.min(PROBE_MAX_MS, PROBE_FIRST_MS * 2 ** Math.min(probes, 10));
}

function open(reason: string, nowMs: number, probes: number, accused: readonly string[]): Breaker {
  return { state: "open", reason, probes, probeAtMs: nowMs + probeDelayMs(probes), accused };
}

/** Decides the breaker's next state. `nowMs` is on the monotonic clock. */
export function decideBreaker(breaker: Breaker, event: BreakerEvent, nowMs: number): BreakerDecision {
  switch (event.kind) {
    case "success":
      return { breaker: { state: "closed", failed: [], accused: breaker.accused }, refund: [] };
    case "probe-failed":
      // The ERP itself was away, so nobody is accused any more.
      return breaker.state === "open"
        ? { breaker: open(event.reason, nowMs, breaker.probes + 1, []), refund: [] }
        : { breaker, refund: [] };
    case "outage":
      return breaker.state === "open"
        ? { breaker, refund: [] }
        : { breaker: open(event.reason, nowMs, 0, []), refund: breaker.failed };
    case "failure":
      return breaker.state === "open"
        ? failWhileOpen(breaker, event.subject)
        : countFailure(breaker, event, nowMs);
  }
}

/** A call that was under way when the breaker opened; where failures had opened it, it is accused like them. */
function failWhileOpen(breaker: Extract<Breaker, { state: "open" }>, subject: string): BreakerDecision {
  if (breaker.accused.includes(subject)) return { breaker, refund: [] };
  const accused = breaker.accused.length === 0 ? [] : accuse(breaker.accused, [subject]);
  return { breaker: { ...breaker, accused }, refund: [subject] };
}

function accuse(accused: readonly string[], failed: readonly string[]): readonly string[] {
  return [...new Set([...accused, ...failed])].slice(-ACCUSED_MAX);
}

function countFailure(
  breaker: Extract<Breaker, { state: "closed" }>,
  event: Extract<BreakerEvent, { kind: "failure" }>,
  nowMs: number,
): BreakerDecision {
  const failed = [...new Set([...breaker.failed, event.subject])];
  if (failed.length < FAILED_SUBJECTS) return { breaker: { ...breaker, failed }, refund: [] };
  return {
    breaker: open(event.reason, nowMs, 0, accuse(breaker.accused, failed)),
    refund: failed.filter((subject) => !breaker.accused.includes(subject)),
  };
}
