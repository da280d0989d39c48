import { sql } from "kysely";
import { type Mark, SETTLE_MS } from "../domain/job.ts";
import { type Tx, utcNow } from "../platform/database.ts";

const LANE = "orders";

/**
 * Raises the generation of each subject's job, making the job where there is none. Orders and customers only; the
 * caller leaves out other subjects. A `now` mark readies what is held, parked or done; `soon` lets a finished job
 * settle first; a new order (`whole`) starts held until its status row comes. A retrying job keeps its back-off, a
 * working one is readied when it settles, and a dead one stays dead and is flagged.
 * Locks: X on the jobs' rows until the caller commits. Marks are sorted, so that two callers cannot deadlock.
 * Reads: the primary key.
 */
export async function markJobs(tx: Tx, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  const table = sql.table("erpsync_job");
  const rows = [...marks]
    .sort((a, b) => (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0))
    .map((mark) => newJob(mark));
  // The CASEs look at the old state, so `state` is assigned last; `run_at` and the others before it.
  await sql`
    INSERT INTO ${table}
      (subject, lane, state, priority, run_at, reason_code, held_since, traceparent, created_at, updated_at)
    VALUES ${sql.join(rows)}
    ON DUPLICATE KEY UPDATE
      generation = generation + 1,
      run_at = CASE
        WHEN state = 'done' THEN VALUES(run_at)
        WHEN state IN ('held', 'parked') AND VALUES(state) = 'ready' THEN VALUES(run_at)
        ELSE run_at END,
      flagged = IF(state = 'dead', 1, flagged),
      held_since = IF(state = 'done', VALUES(held_since), held_since),
      reason_code = IF(state = 'done', VALUES(reason_code), reason_code),
      traceparent = COALESCE(VALUES(traceparent), traceparent),
      updated_at = VALUES(updated_at),
      state = CASE
        WHEN state = 'done' THEN VALUES(state)
        WHEN state IN ('held', 'parked') AND VALUES(state) = 'ready' THEN 'ready'
        ELSE state END`.execute(tx);
}

function newJob(mark: Mark) {
  const held = mark.when !== "now";
  const delayMs = mark.when === "now" ? 0 : SETTLE_MS[mark.when];
  const reasonCode = mark.when === "whole" ? "order-torn" : mark.when === "soon" ? "settling" : null;
  // Customers go before orders: an order waits for its customer, never the reverse.
  const priority = mark.subject.startsWith("customer:") ? 3 : 5;
  return sql`(${mark.subject}, ${LANE}, ${held ? "held" : "ready"}, ${priority},
    UTC_TIMESTAMP(6) + INTERVAL ${delayMs * 1_000} MICROSECOND, ${reasonCode},
    ${held ? utcNow : null}, ${mark.traceparent}, ${utcNow}, ${utcNow})`;
}

/**
 * Which of these subjects have a job.
 * Locks: none.
 * Reads: the primary key.
 */
export async function knownSubjects(tx: Tx, subjects: readonly string[]): Promise<ReadonlySet<string>> {
  if (subjects.length === 0) return new Set();
  const rows = await tx
    .selectFrom("erpsync_job")
    .select("subject")
    .where("subject", "in", subjects)
    .execute();
  return new Set(rows.map((row) => row.subject));
}
