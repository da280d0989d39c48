import { ClaimLostError } from "../domain/errors.ts";
import type { Database, Tx } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { type Claim, readyWaitingJobs } from "../queue/statements.ts";
import { type Attempt, insertAttempts } from "./attempt-statements.ts";
import { type Mapping, upsertMappings } from "./mapping-statements.ts";
import {
  acknowledgeOperation,
  type Intent,
  insertSyncLog,
  settleInAcknowledgement,
  upsertConfirmation,
} from "./operation-statements.ts";
import { mappingKey } from "./plan-record.ts";

/** All that is known once the ERP has a record. */
export interface Acknowledgement {
  readonly claim: Claim;
  readonly intent: Intent;
  /** Shop id to ERP id; its kind says whether it is an order or a customer. */
  readonly mapping: Mapping;
  /** Hash of what stands in the ERP now, as far as that is certain. */
  readonly bodyHash: string;
  readonly attempts: readonly Attempt[];
  /** True where nothing more is to be done in this claim. */
  readonly settle: boolean;
  readonly leaseMs: number;
  /** The order that the back office shows the confirmation on. */
  readonly orderId: number | undefined;
  readonly erpName: string;
}

/**
 * Commits mapping, operation, sync log, attempts, confirmation and job at once: after a crash either all of it is
 * known or the operation is still open, and is looked up.
 * @throws ClaimLostError where another worker may have the job by now; nothing is then written.
 */
export async function acknowledge(db: Database, done: Acknowledgement): Promise<void> {
  const { claim, intent, mapping, bodyHash, orderId, erpName } = done;
  await inTransaction(db, async (tx) => {
    if (!(await settleInAcknowledgement(tx, claim, done.settle, done.leaseMs))) {
      throw new ClaimLostError(`The claim on ${claim.subject} was lost before its acknowledgement`);
    }
    await acknowledgeOperation(tx, intent.key, mapping.ref, bodyHash);
    await upsertMappings(tx, [mapping]);
    await book(tx, mapping.kind, intent, mapping.ref, bodyHash);
    await insertAttempts(tx, done.attempts);
    if (orderId !== undefined) {
      await upsertConfirmation(tx, {
        orderId,
        erp: erpName,
        externalId: intent.externalId,
        ref: mapping.ref,
      });
    }
    if (mapping.kind === "customer") {
      await readyWaitingJobs(tx, [claim.subject, mappingKey("customer", mapping.shopKey)]);
    }
  });
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
