import type { Subject } from "./ids.ts";

/**
 * States of a job, and who moves it on:
 * - `ready`: may be claimed now. A worker claims it.
 * - `working`: claimed until its lease ends. Its worker settles it; the rescue readies it when the lease is over.
 * - `held`: waits for the shop (a torn order, a change that has not settled) or for another subject (its customer).
 *   Looked at again at `run_at`; no attempt is spent. The tick, an event or the other subject readies it.
 * - `retrying`: failed; backs off until `run_at`. The tick readies it.
 * - `parked`: the record is refused as it is. A new event, the missing mapping or a person readies it.
 * - `dead`: failed five times. Only a person readies it (`erpsync dlq resubmit`).
 * - `done`: shop and ERP agree. A new event readies it.
 */
export const JOB_STATES = ["ready", "working", "held", "retrying", "parked", "dead", "done"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Lanes are worked apart: one that stands still does not stop another. */
export type Lane = "orders";

/**
 * When a mark wants its subject looked at: `now`; `soon`, once the shop has been quiet about it (a binlog row that
 * a hook normally announces as well); `whole`, a new order that its status row will announce within the second.
 */
export type MarkWhen = "now" | "soon" | "whole";

/** One subject that something happened to. */
export interface Mark {
  readonly subject: Subject;
  readonly when: MarkWhen;
  readonly traceparent: string | null;
  /** True where a person asked for the order to be exported afterwards; it then goes behind what happens now. */
  readonly isBackfill?: boolean;
}

/**
 * A new order's wait for its status row comes before `soon`: its lines and payments, written around it, say nothing
 * about when it is whole, and a look after 2 s would find it torn. `now` wins always: it says that the row is there.
 */
const URGENCY: Readonly<Record<MarkWhen, number>> = { soon: 0, whole: 1, now: 2 };

/** The mark to keep where a subject has two: the more urgent, and of equals the later. */
export function urgentOf(earlier: Mark | undefined, later: Mark): Mark {
  return earlier === undefined || URGENCY[earlier.when] <= URGENCY[later.when] ? later : earlier;
}

/** Milliseconds that a `soon` or `whole` mark waits before it is looked at. */
export const SETTLE_MS = { soon: 2_000, whole: 5_000 } as const;

/** Back-off after the first, second, third and fourth failure, in milliseconds; the fifth is the last. */
export const RETRY_DELAYS_MS = [5_000, 30_000, 120_000, 600_000] as const;

/** What becomes of a job after one more failure. */
export type AfterFailure = { readonly kind: "retry"; readonly delayMs: number } | { readonly kind: "dead" };

/**
 * Decides on the retry after a failure.
 * @param attempts failures so far, this one included; at least 1.
 */
export function decideRetry(attempts: number): AfterFailure {
  const delayMs = RETRY_DELAYS_MS[attempts - 1];
  return delayMs === undefined ? { kind: "dead" } : { kind: "retry", delayMs };
}

/** A held job is looked at every 5 s in its first five minutes, and every 5 minutes later. */
export function decideHeldDelayMs(heldForMs: number): number {
  return heldForMs < 300_000 ? 5_000 : 300_000;
}

/** Milliseconds after which a held order is alarmed. */
export const HELD_ALARM_MS = 60_000;

/** Reasons to be held that people asked for: nobody is alarmed by them. */
export const HELD_BY_WISH: ReadonlySet<string> = new Set(["unpaid"]);

/** What a parked job waits for, where it lacks a mapping. */
export const mappingKey = (kind: string, shopKey: string): string => `mapping:${kind}:${shopKey}`;
