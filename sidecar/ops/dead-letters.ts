import { UsageError } from "../domain/errors.ts";
import type { Database } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { insertActions } from "./action-statements.ts";
import {
  lockResubmittable,
  readActions,
  readAttempts,
  readEffects,
  readJob,
  readOperationsWithBodies,
  releaseJob,
  resubmitJobs,
  type SubjectRecord,
} from "./dead-letter-statements.ts";

/** Jobs of one transaction, so that no event waits long for its job's row. */
const BATCH_JOBS = 500;
/** Operations and attempts that are shown; there are more only where something went wrong for days. */
const SHOWN = 50;

/** Who does something, and why. */
export interface Doer {
  readonly actor: string;
  readonly reason: string;
}

/** Which dead and parked jobs are meant. */
export type Which =
  | { readonly kind: "subjects"; readonly subjects: readonly string[] }
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "all" };

/**
 * Readies dead and parked jobs with their attempts afresh, each with a record of who and why in the same transaction.
 * Others are left as they are. Returns the subjects that were readied.
 */
export async function resubmit(db: Database, which: Which, doer: Doer): Promise<readonly string[]> {
  const done = new Set<string>();
  for (;;) {
    const batch = await inTransaction(db, async (tx) => {
      const subjects = await lockResubmittable(tx, selection(which), BATCH_JOBS);
      if (subjects.length === 0) return subjects;
      await resubmitJobs(tx, subjects);
      await insertActions(
        tx,
        subjects.map((subject) => ({ ...doer, action: "dlq.resubmit", subject })),
      );
      return subjects;
    });
    // A job that died again meanwhile would be found for ever; each is readied once.
    const fresh = batch.filter((subject) => !done.has(subject));
    if (fresh.length === 0) return [...done];
    for (const subject of fresh) done.add(subject);
  }
}

function selection(which: Which): Parameters<typeof lockResubmittable>[1] {
  if (which.kind === "subjects") return { subjects: which.subjects };
  return which.kind === "code" ? { code: which.code } : {};
}

/**
 * Lets a torn order be exported as it stands.
 * @throws UsageError where the order is not held for being torn.
 */
export async function release(db: Database, subject: string, doer: Doer): Promise<void> {
  await inTransaction(db, async (tx) => {
    if (!(await releaseJob(tx, subject))) {
      throw new UsageError(
        `${subject} is not held as torn, so there is nothing to release; see "erpsync dlq list --state held"`,
      );
    }
    await insertActions(tx, [{ ...doer, action: "jobs.release", subject }]);
  });
}

/** All that is on record of a subject, with the bodies that were sent and answered. */
export async function readSubject(db: Database, subject: string): Promise<SubjectRecord> {
  const [job, operations, attempts, effects, actions] = await Promise.all([
    readJob(db, subject),
    readOperationsWithBodies(db, subject, SHOWN),
    readAttempts(db, subject, SHOWN),
    readEffects(db, subject.split(":")[0] ?? "", subject),
    readActions(db, subject),
  ]);
  return { job, operations, attempts, effects, actions };
}
