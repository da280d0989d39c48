import { sql } from "kysely";
import type { Subject } from "../domain/ids.ts";
import { type Mark, SETTLE_MS } from "../domain/job.ts";
import { type Database, type Tx, utcNow } from "../platform/database.ts";

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
      run_at = IF(state IN ('done', 'parked') OR (state = 'held' AND VALUES(state) = 'ready'), VALUES(run_at), run_at),
      priority = IF(state = 'done', VALUES(priority), LEAST(priority, VALUES(priority))),
      flagged = IF(state = 'dead', 1, flagged),
      held_since = IF(state IN ('done', 'parked'), VALUES(held_since), held_since),
      reason_code = IF(state = 'done', VALUES(reason_code), reason_code),
      traceparent = COALESCE(VALUES(traceparent), traceparent),
      updated_at = VALUES(updated_at),
      state = IF(state IN ('done', 'parked') OR (state = 'held' AND VALUES(state) = 'ready'), VALUES(state), state)`.execute(
    tx,
  );
}

function newJob(mark: Mark) {
  const held = mark.when !== "now";
  const delayMs = mark.when === "now" ? 0 : SETTLE_MS[mark.when];
  const reasonCode = mark.when === "whole" ? "order-torn" : mark.when === "soon" ? "settling" : null;
  return sql`(${mark.subject}, ${LANE}, ${held ? "held" : "ready"}, ${priorityOf(mark)},
    UTC_TIMESTAMP(6) + INTERVAL ${delayMs * 1_000} MICROSECOND, ${reasonCode},
    ${held ? utcNow : null}, ${mark.traceparent}, ${utcNow}, ${utcNow})`;
}

/**
 * 0 goes first. A customer that an order waits for goes before orders (see `requireJob`); an edited customer waits for
 * nobody, and a backfill of years must not stand before the order of this minute.
 */
function priorityOf(mark: Mark): number {
  if (mark.isBackfill === true) return 8;
  return mark.subject.startsWith("customer:") ? 7 : 5;
}

/**
 * Sees to it that a subject which another waits for is worked: its job is made, or readied where it was done, and goes
 * before orders. One that is being worked looks again, because the waiting may have begun behind its back. One that is
 * parked, dead or backs off stays so: waiting for it is no reason to try it again.
 * Locks: X on the job's row.
 * Reads: the primary key.
 */
export async function requireJob(db: Database, subject: Subject): Promise<void> {
  await sql`
    INSERT INTO ${sql.table("erpsync_job")} (subject, lane, state, priority, run_at, created_at, updated_at)
    VALUES (${subject}, ${LANE}, 'ready', 3, ${utcNow}, ${utcNow}, ${utcNow})
    ON DUPLICATE KEY UPDATE
      generation = IF(state IN ('done', 'working'), generation + 1, generation),
      run_at = IF(state = 'done', VALUES(run_at), run_at),
      priority = LEAST(priority, 3),
      state = IF(state = 'done', 'ready', state)`.execute(db);
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

/**
 * Which of these subjects got their job from the caller's own transaction: its marks hold their rows, and whoever came
 * second has raised the generation. So of several that find the same order, one counts it.
 * Locks: none.
 * Reads: the primary key.
 */
export async function newlyMarked(tx: Tx, subjects: readonly string[]): Promise<ReadonlySet<string>> {
  if (subjects.length === 0) return new Set();
  const rows = await tx
    .selectFrom("erpsync_job")
    .select("subject")
    .where("subject", "in", subjects)
    .where("generation", "=", 1)
    .execute();
  return new Set(rows.map((row) => row.subject));
}
