import type { Clock, Sleep } from "../domain/clock.ts";
import type { Database } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { insertActions } from "./action-statements.ts";
import type { Doer } from "./dead-letters.ts";
import { scrubbed } from "./decide-scrubbed.ts";
import { type BodyRules, findTraces, type Traces } from "./gdpr-find.ts";
import {
  eraseAttempts,
  eraseEvents,
  eraseJobReason,
  eraseOperation,
  eraseOutbox,
  lockJob,
  lockUnerased,
  outboxRowsOf,
  pageActions,
  rewriteReason,
} from "./gdpr-statements.ts";

/** Attempts of one transaction; an order has a few, one that failed for days has hundreds. */
const BATCH_ATTEMPTS = 200;
const PAGE_ACTIONS = 500;
/** Milliseconds that subjects in a worker's hands are waited for: longer than a lease. */
const PATIENCE_MS = 120_000;
const PAUSE_MS = 250;

export interface EraseDeps {
  readonly db: Database;
  readonly bodies: BodyRules;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** How long subjects in a worker's hands are waited for; two minutes unless told. */
  readonly patienceMs?: number;
}

/** Rows that had personal data, and have none any more. */
export interface ErasedRows {
  readonly operations: number;
  readonly attempts: number;
  readonly jobs: number;
  readonly events: number;
  readonly outbox: number;
  readonly actions: number;
}

/** What was done for whom, by whom, and what is left; it names nobody. */
export interface Receipt {
  readonly customer: number;
  readonly actor: string;
  readonly reason: string;
  /** Subjects that were looked at: the customer and his orders. */
  readonly subjects: readonly string[];
  readonly erased: ErasedRows;
  /** Subjects that a worker had in its hands all the time: the command has to be run again. */
  readonly busy: readonly string[];
  /** His orders that are not in the ERP: they go there as the shop has them then. */
  readonly notInErp: readonly number[];
  /** Other accounts and guests of the shop with his e-mail, which are erased by their own ids. */
  readonly sameEmail: readonly number[];
}

const NOTHING: ErasedRows = { operations: 0, attempts: 0, jobs: 0, events: 0, outbox: 0, actions: 0 };

/**
 * Removes what tells of a customer from all that is kept of him and of his orders. Each subject is erased in a few small
 * transactions, the operations last, because they tell whose orders these are: wherever it breaks off, another run finds
 * what is left. Hashes, outcomes, times and the ids in the ERP stay as evidence. Repeating it changes nothing more.
 */
export async function eraseCustomer(deps: EraseDeps, customerId: number, doer: Doer): Promise<Receipt> {
  const { db } = deps;
  const traces = await findTraces(db, deps.bodies, customerId);
  const reason = scrubbed(doer.reason, traces.words);
  const about = { actor: doer.actor, subject: `customer:${String(customerId)}` };
  // Before anything else, so that an erasure that breaks off is on record too.
  await inTransaction(db, (tx) => insertActions(tx, [{ ...about, action: "gdpr.erase", reason }]));
  const actions = await scrubActions(db, traces);
  const { busy, rows } = await eraseSubjects(deps, traces.subjects);
  const receipt: Receipt = {
    customer: customerId,
    actor: doer.actor,
    reason,
    subjects: traces.subjects,
    erased: { ...rows, actions },
    busy,
    notInErp: traces.notInErp,
    sameEmail: traces.sameEmail,
  };
  const told = JSON.stringify({ erased: receipt.erased, busy: busy.length });
  await inTransaction(db, (tx) => insertActions(tx, [{ ...about, action: "gdpr.receipt", reason: told }]));
  return receipt;
}

/**
 * People may have written the name into a reason. Where the action is about somebody else, a single word may be that
 * one's name too; so there only addresses, numbers and full names go.
 */
async function scrubActions(db: Database, { subjects, words }: Traces): Promise<number> {
  const own = new Set(subjects);
  const distinct = words.filter((word) => /[^\p{L}]/u.test(word));
  let changed = 0;
  let afterId = 0;
  for (;;) {
    const page = await pageActions(db, afterId, PAGE_ACTIONS);
    const last = page.at(-1);
    if (last === undefined) return changed;
    for (const { id, reason, subject } of page) {
      const clean = scrubbed(reason, own.has(subject) ? words : distinct);
      if (clean === reason) continue;
      await inTransaction(db, (tx) => rewriteReason(tx, id, clean));
      changed += 1;
    }
    afterId = last.id;
  }
}

async function eraseSubjects(
  deps: EraseDeps,
  subjects: readonly string[],
): Promise<{ readonly busy: readonly string[]; readonly rows: ErasedRows }> {
  const untilMs = deps.clock.monotonicMs() + (deps.patienceMs ?? PATIENCE_MS);
  let rows = { ...NOTHING, outbox: await eraseOutboxOf(deps.db, subjects) };
  let left = subjects;
  for (;;) {
    const busy: string[] = [];
    for (const subject of left) {
      const erased = await eraseSubject(deps, subject);
      if (erased === "busy") busy.push(subject);
      else rows = sum(rows, erased);
    }
    if (busy.length === 0 || deps.clock.monotonicMs() >= untilMs) return { busy, rows };
    left = busy;
    await deps.sleep(PAUSE_MS);
  }
}

async function eraseOutboxOf(db: Database, subjects: readonly string[]): Promise<number> {
  const ids = await outboxRowsOf(db, subjects);
  return ids.length === 0 ? 0 : await eraseOutbox(db, ids);
}

async function eraseSubject(deps: EraseDeps, subject: string): Promise<ErasedRows | "busy"> {
  let rows = NOTHING;
  for (;;) {
    const step = await inTransaction(deps.db, async (tx) => {
      if (await lockJob(tx, subject)) return "busy" as const;
      const attempts = await eraseAttempts(tx, subject, BATCH_ATTEMPTS);
      if (attempts === BATCH_ATTEMPTS) return { rows: { ...NOTHING, attempts }, isLast: false };
      const events = await eraseEvents(tx, subject);
      const jobs = await eraseJobReason(tx, subject);
      const kept = await lockUnerased(tx, subject);
      for (const { body, key } of kept) {
        await eraseOperation(tx, key, body === undefined ? undefined : deps.bodies.erased(body));
      }
      return { rows: { ...NOTHING, attempts, events, jobs, operations: kept.length }, isLast: true };
    });
    if (step === "busy") return "busy";
    rows = sum(rows, step.rows);
    if (step.isLast) return rows;
  }
}

function sum(a: ErasedRows, b: ErasedRows): ErasedRows {
  return {
    operations: a.operations + b.operations,
    attempts: a.attempts + b.attempts,
    jobs: a.jobs + b.jobs,
    events: a.events + b.events,
    outbox: a.outbox + b.outbox,
    actions: a.actions + b.actions,
  };
}
