import { ClaimLostError } from "../domain/errors.ts";
import type { ErpRef } from "../domain/ids.ts";
import { mappingKey } from "../domain/job.ts";
import type { Database, Tx } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { type Claim, readyWaitingJobs } from "../queue/statements.ts";
import { type Attempt, insertAttempts } from "./attempt-statements.ts";
import { deleteMapping, upsertMappings } from "./mapping-statements.ts";
import {
  acknowledgeOperation,
  deleteConfirmation,
  type Intent,
  insertSyncLog,
  settleInAcknowledgement,
  upsertConfirmation,
} from "./operation-statements.ts";

import type { Outcome } from "./record.ts";

/** All that is known once the ERP has done an operation. */
export interface Acknowledgement {
  readonly claim: Claim;
  readonly intent: Intent;
  /** The record that it was done to. */
  readonly ref: ErpRef;
  readonly outcome: Outcome;
  /** Hash of what stands in the ERP now, as far as that is certain. */
  readonly bodyHash: string;
  readonly attempts: readonly Attempt[];
  /** True where nothing more is to be done in this claim. */
  readonly settle: boolean;
  readonly leaseMs: number;
  readonly erpName: string;
}

/**
 * Commits mapping, operation, sync log, attempts, confirmation and job at once: after a crash either all of it is
 * known or the operation is still open, and is looked up.
 * @throws ClaimLostError where another worker may have the job by now; nothing is then written.
 */
export async function acknowledge(db: Database, done: Acknowledgement): Promise<void> {
  const { claim, intent, ref, outcome, bodyHash } = done;
  await inTransaction(db, async (tx) => {
    if (!(await settleInAcknowledgement(tx, claim, done.settle, done.leaseMs))) {
      throw new ClaimLostError(`The claim on ${claim.subject} was lost before its acknowledgement`);
    }
    await acknowledgeOperation(tx, intent.key, ref, bodyHash);
    await upsertMappings(tx, outcome.mappings);
    await book(tx, outcome.resource, intent, ref, bodyHash);
    await insertAttempts(tx, done.attempts);
    await confirm(tx, done);
    if (outcome.resource === "customer") {
      const keys = outcome.mappings.map(({ shopKey }) => mappingKey("customer", shopKey));
      await readyWaitingJobs(tx, [claim.subject, ...keys]);
    }
  });
}

/** What the back office shows of the order follows what the ERP has. */
async function confirm(tx: Tx, { intent, ref, outcome, erpName }: Acknowledgement): Promise<void> {
  const { confirmedOrder: orderId, forgotten } = outcome;
  if (orderId !== undefined) {
    await upsertConfirmation(tx, { orderId, erp: erpName, externalId: intent.externalId, ref });
  }
  if (forgotten === undefined) return;
  await deleteMapping(tx, forgotten.kind, forgotten.shopKey);
  if (forgotten.kind === "order") await deleteConfirmation(tx, Number(forgotten.shopKey));
}

/** Books an effect in the sync log; the same effect twice is booked once. */
export async function book(
  tx: Tx,
  resource: string,
  intent: Intent,
  ref: string,
  bodyHash: string,
): Promise<void> {
  const { externalId, key, kind: operation } = intent;
  await insertSyncLog(tx, { resource, externalId, operation, key, ref, bodyHash });
}
