import { inflateRawSync } from "node:zlib";
import { type SelectQueryBuilder, sql } from "kysely";
import { type Database, type Tx, utcNow } from "../platform/database.ts";
import type { Tables } from "../platform/schema.ts";

/** Which jobs a list shows; without a code all of the states. */
export interface JobFilter {
  readonly states: readonly string[];
  readonly code?: string;
}

/** A job that does not go on by itself, or not yet. */
export interface StuckJob {
  readonly subject: string;
  readonly state: string;
  readonly attempts: number;
  readonly code: string | null;
  readonly reason: string | null;
  readonly waitsFor: string | null;
  /** UTC. */
  readonly updatedAt: string;
  /** UTC; the next look, for held and retrying jobs. */
  readonly runAt: string;
  /** Something happened to a dead job's subject since. */
  readonly flagged: boolean;
}

function matching<O>(query: SelectQueryBuilder<Tables, "erpsync_job", O>, filter: JobFilter) {
  const inStates = query.where("state", "in", filter.states);
  return filter.code === undefined ? inStates : inStates.where("reason_code", "=", filter.code);
}

/**
 * Jobs of some states, the longest unchanged first.
 * Locks: none.
 * Reads: erpsync_job_lease (state, …), then the rows of these states, which are sorted.
 */
export async function listJobs(db: Database, filter: JobFilter, limit: number): Promise<readonly StuckJob[]> {
  const rows = await matching(
    db
      .selectFrom("erpsync_job")
      .select(["subject", "state", "attempts", "reason_code", "reason", "waits_for"])
      .select(["updated_at", "run_at", "flagged"]),
    filter,
  )
    .orderBy("updated_at")
    .orderBy("subject")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    subject: row.subject,
    state: row.state,
    attempts: row.attempts,
    code: row.reason_code,
    reason: row.reason,
    waitsFor: row.waits_for,
    updatedAt: row.updated_at,
    runAt: row.run_at,
    flagged: row.flagged === 1,
  }));
}

/** Dead and parked jobs are a person's business; nothing else is touched by a resubmission. */
const RESUBMITTED = ["dead", "parked"] as const;

/**
 * The subjects of dead and parked jobs, locked for the caller. Pass `subjects`, `code`, or neither for all of them.
 * Locks: X on the rows returned; a row that is being marked is waited for.
 * Reads: the primary key where subjects are given, else erpsync_job_lease (state, …).
 */
export async function lockResubmittable(
  tx: Tx,
  which: { readonly subjects?: readonly string[]; readonly code?: string },
  limit: number,
): Promise<readonly string[]> {
  let query = tx.selectFrom("erpsync_job").select("subject").where("state", "in", RESUBMITTED);
  if (which.subjects !== undefined) query = query.where("subject", "in", which.subjects);
  if (which.code !== undefined) query = query.where("reason_code", "=", which.code);
  const rows = await query.orderBy("subject").limit(limit).forUpdate().execute();
  return rows.map((row) => row.subject);
}

/**
 * Readies locked jobs with their attempts afresh.
 * Locks: X on the rows, which the caller holds already.
 * Reads: the primary key.
 */
export async function resubmitJobs(tx: Tx, subjects: readonly string[]): Promise<void> {
  await tx
    .updateTable("erpsync_job")
    .set({
      state: "ready",
      attempts: 0,
      plan_hash: null,
      run_at: utcNow,
      waits_for: null,
      flagged: 0,
      updated_at: utcNow,
    })
    .where("subject", "in", subjects)
    .where("state", "in", RESUBMITTED)
    .execute();
}

/**
 * Releases a torn order that is held: a person says that it is to be exported as it stands. False where the job is
 * not held for being torn.
 * Locks: X on the job's row.
 * Reads: the primary key.
 */
export async function releaseJob(tx: Tx, subject: string): Promise<boolean> {
  const result = await tx
    .updateTable("erpsync_job")
    .set({ released: 1, state: "ready", run_at: utcNow, updated_at: utcNow })
    .where("subject", "=", subject)
    .where("state", "=", "held")
    .where("reason_code", "=", "order-torn")
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** All that is on record of a subject. */
export interface SubjectRecord {
  readonly job: Readonly<Record<string, unknown>> | undefined;
  readonly operations: readonly Readonly<Record<string, unknown>>[];
  readonly attempts: readonly Readonly<Record<string, unknown>>[];
  readonly effects: readonly Readonly<Record<string, unknown>>[];
  readonly actions: readonly Readonly<Record<string, unknown>>[];
}

/**
 * The job of a subject, as it is.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readJob(db: Database, subject: string): Promise<SubjectRecord["job"]> {
  return await db.selectFrom("erpsync_job").selectAll().where("subject", "=", subject).executeTakeFirst();
}

/**
 * The operations of a subject with their bodies, the newest first.
 * Locks: none.
 * Reads: erpsync_operation_number (subject, number), backwards.
 */
export async function readOperationsWithBodies(
  db: Database,
  subject: string,
  limit: number,
): Promise<SubjectRecord["operations"]> {
  const rows = await db
    .selectFrom("erpsync_operation")
    .selectAll()
    .where("subject", "=", subject)
    .orderBy("number", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, body: inflated(row.body) }));
}

/**
 * The exchanges of a subject with what was sent and answered, the newest first.
 * Locks: none.
 * Reads: erpsync_attempt_subject (subject, id), backwards.
 */
export async function readAttempts(
  db: Database,
  subject: string,
  limit: number,
): Promise<SubjectRecord["attempts"]> {
  const rows = await db
    .selectFrom("erpsync_attempt")
    .selectAll()
    .where("subject", "=", subject)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, request: inflated(row.request), answer: inflated(row.answer) }));
}

/**
 * The effects that a subject had in the other system.
 * Locks: none.
 * Reads: erpsync_operation_number for the external ids, then erpsync_sync_log_effect (resource, external_id).
 */
export async function readEffects(
  db: Database,
  resource: string,
  subject: string,
): Promise<SubjectRecord["effects"]> {
  return await db
    .selectFrom("erpsync_sync_log")
    .selectAll()
    .where("resource", "=", resource)
    .where("external_id", "in", (eb) =>
      eb.selectFrom("erpsync_operation").select("external_id").where("subject", "=", subject),
    )
    .orderBy("id")
    .execute();
}

/**
 * What people did about a subject.
 * Locks: none.
 * Reads: erpsync_action_subject (subject, id).
 */
export async function readActions(db: Database, subject: string): Promise<SubjectRecord["actions"]> {
  return await db
    .selectFrom("erpsync_action")
    .selectAll()
    .where("subject", "=", subject)
    .orderBy("id")
    .execute();
}

/**
 * How many jobs a filter matches.
 * Locks: none.
 * Reads: erpsync_job_lease (state, …).
 */
export async function countMatching(db: Database, filter: JobFilter): Promise<number> {
  const row = await matching(
    db.selectFrom("erpsync_job").select(sql<number>`COUNT(*)`.as("jobs")),
    filter,
  ).executeTakeFirstOrThrow();
  return row.jobs;
}

/** Bodies are JSON but for answers of proxies; null where it was pruned after 90 days. */
function inflated(body: Buffer | null): unknown {
  // Pruned after 90 days.
  if (body === null || body.length === 0) return null;
  const text = inflateRawSync(body).toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
