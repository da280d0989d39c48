import { sql } from "kysely";
import type { Subject } from "../domain/ids.ts";
import type { Lane } from "../domain/job.ts";
import { type Database, type Tx, utcIn, utcNow } from "../platform/database.ts";

/** A job in the hands of one worker until its lease ends. */
export interface Claim {
  readonly subject: Subject;
  readonly token: string;
  readonly attempts: number;
  /** Hash of the plan that the attempts were spent on. */
  readonly planHash: string | null;
  readonly requested: boolean;
  readonly released: boolean;
  /** How long the job has been held, in milliseconds; 0 where it is not. */
  readonly heldMs: number;
  readonly alarmed: boolean;
  readonly traceparent: string | null;
  /** Milliseconds from the subject's last event in the shop to the claim; undefined where no event told of it. */
  readonly eventAgeMs: number | undefined;
  /** When it was claimed, on the worker's monotonic clock. */
  readonly claimedAtMs: number;
}

/** A ready job that the caller has locked; with a token it is a claim. */
export type ReadyJob = Omit<Claim, "token" | "claimedAtMs">;

interface ReadyRow {
  readonly subject: string;
  readonly attempts: number;
  readonly plan_hash: string | null;
  readonly requested: number;
  readonly released: number;
  readonly alarmed_at: string | null;
  readonly traceparent: string | null;
  readonly held_us: number | null;
  readonly event_us: number | null;
}

/**
 * The ready jobs for the caller, first by priority, with what their claims say. The index is forced: the rows' other
 * columns make it look dear, and with a sort instead the first worker locks every ready row and the second gets none
 * (MariaDB 10.11 and MySQL 9.7 both did so with 40 jobs).
 * Locks: X on the rows returned; rows that another worker holds are skipped, never waited for. The events are read
 * without a lock.
 * Reads: erpsync_job_claim (lane, state, priority, run_at, subject), in order, no sort; for each job the primary key
 * and the end of erpsync_event_subject.
 */
export async function lockReadyJobs(tx: Tx, lane: Lane, limit: number): Promise<readonly ReadyJob[]> {
  const { rows } = await sql<ReadyRow>`
    SELECT ${claimColumns()}
    FROM ${sql.table("erpsync_job")} FORCE INDEX (erpsync_job_claim)
    WHERE lane = ${lane} AND state = 'ready'
    ORDER BY priority, run_at, subject
    LIMIT ${limit}
    FOR UPDATE SKIP LOCKED`.execute(tx);
  return rows.map(readyJob);
}

/**
 * Those of these jobs that are ready, for the transaction that has just marked them.
 * Locks: X on the rows, which the caller holds already. The events are read without a lock.
 * Reads: the primary key, and for each job the end of erpsync_event_subject.
 */
export async function lockMarkedJobs(
  tx: Tx,
  lane: Lane,
  subjects: readonly string[],
): Promise<readonly ReadyJob[]> {
  const { rows } = await sql<ReadyRow>`
    SELECT ${claimColumns()}
    FROM ${sql.table("erpsync_job")}
    WHERE subject IN (${sql.join(subjects)}) AND lane = ${lane} AND state = 'ready'
    FOR UPDATE`.execute(tx);
  return rows.map(readyJob);
}

function claimColumns() {
  return sql`subject, attempts, plan_hash, requested, released, alarmed_at, traceparent,
      TIMESTAMPDIFF(MICROSECOND, held_since, UTC_TIMESTAMP(6)) AS held_us,
      (SELECT TIMESTAMPDIFF(MICROSECOND, MAX(e.occurred_at), UTC_TIMESTAMP(6))
        FROM ${sql.table("erpsync_event")} e WHERE e.subject = ${sql.table("erpsync_job")}.subject) AS event_us`;
}

function readyJob(row: ReadyRow): ReadyJob {
  return {
    subject: row.subject as Subject,
    attempts: row.attempts,
    planHash: row.plan_hash,
    requested: row.requested === 1,
    released: row.released === 1,
    heldMs: Math.max(0, Math.round((row.held_us ?? 0) / 1_000)),
    alarmed: row.alarmed_at !== null,
    traceparent: row.traceparent,
    eventAgeMs: row.event_us === null ? undefined : Math.max(0, row.event_us / 1_000),
  };
}

/**
 * Marks locked jobs as claimed.
 * Locks: X on the rows, which the caller holds already.
 * Reads: the primary key.
 */
export async function stampClaims(
  tx: Tx,
  subjects: readonly string[],
  claim: { readonly token: string; readonly by: string; readonly leaseMs: number },
): Promise<void> {
  await tx
    .updateTable("erpsync_job")
    .set((eb) => ({
      state: "working",
      claim_token: claim.token,
      claimed_by: claim.by,
      claimed_generation: eb.ref("generation"),
      lease_until: utcIn(claim.leaseMs),
      waits_for: null,
    }))
    .where("subject", "in", subjects)
    .execute();
}

/**
 * Prolongs a claim; false where it was lost, and the worker must then do nothing more.
 * Locks: X on the job's row.
 * Reads: the primary key.
 */
export async function renewLease(db: Database, claim: Claim, leaseMs: number): Promise<boolean> {
  const result = await db
    .updateTable("erpsync_job")
    .set({ lease_until: utcIn(leaseMs) })
    .where("subject", "=", claim.subject)
    .where("claim_token", "=", claim.token)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Characters of a reason that are kept; TEXT holds four times as many bytes. */
const REASON_LENGTH_MAX = 4_000;

/** How a claim ends; see `settleJob`. */
export interface Settled {
  /** The state where nothing happened meanwhile; where the generation moved, the job is ready again. */
  readonly state: "done" | "held" | "retrying" | "parked" | "dead" | "ready";
  readonly delayMs: number;
  readonly attempts: number;
  readonly planHash: string | null;
  readonly code: string | null;
  readonly reason: string | null;
  readonly waitsFor: string | null;
}

/**
 * Ends a claim. A generation that moved since the claim readies a job that was about to be done, held or parked; a
 * retrying job keeps its back-off and a dead one is flagged. False where the claim was lost.
 * Locks: X on the job's row.
 * Reads: the primary key.
 */
export async function settleJob(db: Database, claim: Claim, settled: Settled): Promise<boolean> {
  const moved = sql<boolean>`generation <> claimed_generation`;
  const readies = ["done", "held", "parked"].includes(settled.state);
  const result = await db
    .updateTable("erpsync_job")
    // MySQL assigns from left to right; nothing below reads a column that was assigned before it.
    .set({
      state: readies ? sql<string>`IF(${moved}, 'ready', ${settled.state})` : settled.state,
      run_at: utcIn(settled.delayMs),
      attempts: settled.attempts,
      plan_hash: settled.planHash,
      reason_code: settled.code,
      // An ERP can answer more than the column holds; a job that could not be settled would go round for ever.
      reason: settled.reason?.slice(0, REASON_LENGTH_MAX) ?? null,
      waits_for: settled.waitsFor,
      held_since: settled.state === "held" ? sql<string>`COALESCE(held_since, UTC_TIMESTAMP(6))` : null,
      alarmed_at: settled.state === "held" ? sql<string>`alarmed_at` : null,
      flagged: settled.state === "dead" ? sql<number>`${moved}` : 0,
      claim_token: null,
      claimed_by: null,
      lease_until: null,
      updated_at: utcNow,
    })
    .where("subject", "=", claim.subject)
    .where("claim_token", "=", claim.token)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/**
 * Readies jobs whose time has come. Returns how many.
 * Locks: X on the rows that are due; no gap under READ COMMITTED.
 * Reads: erpsync_job_due (lane, state, run_at), two ranges.
 */
export async function readyDueJobs(db: Database, lane: Lane): Promise<number> {
  const result = await db
    .updateTable("erpsync_job")
    .set({ state: "ready" })
    .where("lane", "=", lane)
    .where("state", "in", ["held", "retrying"])
    .where("run_at", "<=", utcNow)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Readies the jobs that wait for a subject or a mapping. Returns how many.
 * Locks: X on the waiting jobs.
 * Reads: erpsync_job_waits (waits_for).
 */
export async function readyWaitingJobs(db: Database, waitsFor: readonly string[]): Promise<number> {
  if (waitsFor.length === 0) return 0;
  const result = await db
    .updateTable("erpsync_job")
    .set({ state: "ready", run_at: utcNow, waits_for: null, updated_at: utcNow })
    .where("waits_for", "in", waitsFor)
    .where("state", "in", ["held", "parked"])
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Takes jobs back from workers that are gone. `all` is for the one who holds the ERP port: then no other worker is
 * alive, and every claim that stands is an orphan.
 * Locks: X on the orphaned jobs.
 * Reads: erpsync_job_lease (state, lease_until).
 */
export async function rescueJobs(db: Database, all: boolean): Promise<number> {
  const orphans = db
    .updateTable("erpsync_job")
    .set({ state: "ready", claim_token: null, claimed_by: null, lease_until: null, updated_at: utcNow })
    .where("state", "=", "working");
  const result = await (all ? orphans : orphans.where("lease_until", "<", utcNow)).executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Makes every job that is being worked ready again once it settles, because what it read may have changed.
 * Locks: X on the working jobs.
 * Reads: erpsync_job_lease (state, lease_until).
 */
export async function raiseWorkingGenerations(tx: Tx): Promise<void> {
  await tx
    .updateTable("erpsync_job")
    .set((eb) => ({ generation: eb("generation", "+", 1) }))
    .where("state", "=", "working")
    .execute();
}

/**
 * Gives back the attempt that these jobs spent while nobody knew yet that the ERP as a whole was away, also where it
 * was the fifth, or where the outage itself readied the job meanwhile.
 * Locks: X on the jobs' rows.
 * Reads: the primary key.
 */
export async function refundAttempts(db: Database, subjects: readonly string[]): Promise<void> {
  await db
    .updateTable("erpsync_job")
    .set((eb) => ({
      attempts: eb("attempts", "-", 1),
      run_at: utcNow,
      state: sql<string>`IF(state = 'dead', 'retrying', state)`,
    }))
    .where("subject", "in", subjects)
    .where("state", "in", ["retrying", "ready", "dead"])
    .where("attempts", ">", 0)
    .execute();
}

/**
 * Remembers that a held job was alarmed, so that it is alarmed once.
 * Locks: X on the job's row.
 * Reads: the primary key.
 */
export async function noteAlarm(db: Database, claim: Claim): Promise<void> {
  await db
    .updateTable("erpsync_job")
    .set({ alarmed_at: utcNow })
    .where("subject", "=", claim.subject)
    .where("claim_token", "=", claim.token)
    .execute();
}

/**
 * Jobs by state.
 * Locks: none.
 * Reads: erpsync_job_lease (state, …), covering; about 0.3 s a million jobs.
 */
export async function countJobs(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom("erpsync_job")
    .select(["state", sql<number>`COUNT(*)`.as("jobs")])
    .groupBy("state")
    .execute();
  return new Map(rows.map((row) => [row.state, row.jobs]));
}
