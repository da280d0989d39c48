import { deflateRawSync, inflateRawSync } from "node:zlib";
import { sql } from "kysely";
import type { ErpRef, ExternalId, OperationKey, Subject } from "../domain/ids.ts";
import type { CarriedMoney, OperationKind, OperationState } from "../domain/operation.ts";
import { type Database, type Tx, utcIn, utcNow } from "../platform/database.ts";
import type { Claim } from "../queue/statements.ts";
import type { LastOperation } from "./decide-resume-operation.ts";

/** An operation without its body. */
export interface OperationRow extends LastOperation {
  readonly key: OperationKey;
  readonly number: number;
  readonly externalId: ExternalId;
  readonly bodyHash: string;
  /** Hash of an order without its person; null for other records, and where nobody knows what stands in the ERP. */
  readonly contentHash: string | null;
  /** The person was taken out of its body on request. */
  readonly erased: boolean;
  readonly replaced: boolean;
  /** State of the order in the shop when its creation was planned; undefined for other operations. */
  readonly shopState: number | undefined;
  /** What of its money the ERP took when its creation was planned; undefined for other operations. */
  readonly money: CarriedMoney | undefined;
}

const BITS = { payments: 1, paymentsDue: 2, credits: 4 } as const;

const encodeMoney = (money: CarriedMoney): number =>
  Object.entries(BITS).reduce((sum, [name, bit]) => sum + (money[name as keyof CarriedMoney] ? bit : 0), 0);

const decodeMoney = (bits: number): CarriedMoney => ({
  payments: (bits & BITS.payments) !== 0,
  paymentsDue: (bits & BITS.paymentsDue) !== 0,
  credits: (bits & BITS.credits) !== 0,
});

/**
 * The subject's operations, the newest first; at most 50, which is more than the planner looks back.
 * Locks: none.
 * Reads: erpsync_operation_number (subject, number), backwards.
 */
export async function readOperations(db: Database, subject: Subject): Promise<readonly OperationRow[]> {
  const rows = await db
    .selectFrom("erpsync_operation")
    .where("subject", "=", subject)
    .orderBy("number", "desc")
    .limit(50)
    .select([
      "op_key",
      "number",
      "kind",
      "external_id",
      "state",
      "body_hash",
      "content_hash",
      "erased_at",
      "ambiguous_at",
      "replaced",
      "shop_state",
      "money",
    ])
    .select(
      sql<number>`TIMESTAMPDIFF(MICROSECOND, GREATEST(COALESCE(sent_at, created_at), COALESCE(ambiguous_at, created_at)), UTC_TIMESTAMP(6))`.as(
        "age_us",
      ),
    )
    .execute();
  return rows.map((row) => ({
    key: row.op_key as OperationKey,
    number: row.number,
    kind: row.kind as OperationKind,
    externalId: row.external_id as ExternalId,
    state: row.state as OperationState,
    bodyHash: row.body_hash,
    contentHash: row.content_hash,
    erased: row.erased_at !== null,
    ambiguous: row.ambiguous_at !== null,
    replaced: row.replaced === 1,
    shopState: row.shop_state ?? undefined,
    money: row.money === null ? undefined : decodeMoney(row.money),
    ageMs: Math.round(row.age_us / 1_000),
  }));
}

/**
 * The stored body of an operation, as JSON text.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readOperationBody(db: Database, key: OperationKey): Promise<string> {
  const row = await db
    .selectFrom("erpsync_operation")
    .where("op_key", "=", key)
    .select("body")
    .executeTakeFirstOrThrow();
  return inflateRawSync(row.body).toString("utf8");
}

/** An operation that is about to be carried out. */
export interface Intent {
  readonly key: OperationKey;
  readonly subject: Subject;
  readonly number: number;
  readonly kind: OperationKind;
  readonly externalId: ExternalId;
  /** JSON text. */
  readonly body: string;
  readonly bodyHash: string;
  readonly contentHash: string | null;
  /** State of the order in the shop, where this creates an order. */
  readonly shopState: number | null;
  /** What of its money the ERP takes, where this creates an order. */
  readonly money: CarriedMoney | null;
}

/**
 * Records an intent before its call. Where the same number was refused before, the newer body takes its place.
 * Locks: X on the operation's row.
 * Reads: the primary key.
 */
export async function insertIntent(tx: Tx, intent: Intent): Promise<void> {
  const row = rowOf(intent);
  await tx
    .insertInto("erpsync_operation")
    .values({ ...row, created_at: utcNow, sent_at: utcNow })
    .onDuplicateKeyUpdate(replacing(row))
    .execute();
}

/**
 * The same in one statement that is its own transaction, where the claim still holds, its lease lasts for `leaseMs`
 * from now and writing is not stopped; otherwise false, and nothing is recorded. Three round trips less before the
 * ERP's wire.
 * Locks: X on the job's row and the operation's row, in this order; the identity is read without a lock.
 * Reads: the primary keys of the three.
 */
export async function insertFreshIntent(
  db: Database,
  claim: Claim,
  intent: Intent,
  leaseMs: number,
): Promise<boolean> {
  const row = rowOf(intent);
  const columns = Object.keys(row) as (keyof typeof row)[];
  const result = await db
    .insertInto("erpsync_operation")
    .columns([...columns, "created_at", "sent_at"])
    .expression((eb) =>
      eb
        .selectFrom("erpsync_job")
        .select([
          ...columns.map((column) => eb.val(row[column]).as(column)),
          utcNow.as("created_at"),
          utcNow.as("sent_at"),
        ])
        .where("subject", "=", claim.subject)
        .where("claim_token", "=", claim.token)
        .where("lease_until", ">=", utcIn(leaseMs))
        .where((e) =>
          e.not(
            e.exists(e.selectFrom("erpsync_identity").select("id").where("stopped_code", "is not", null)),
          ),
        )
        .forUpdate(),
    )
    .onDuplicateKeyUpdate(replacing(row))
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

function rowOf(intent: Intent) {
  return {
    op_key: intent.key,
    subject: intent.subject,
    number: intent.number,
    kind: intent.kind,
    external_id: intent.externalId,
    state: "open",
    body: deflateRawSync(intent.body),
    body_hash: intent.bodyHash,
    content_hash: intent.contentHash,
    erased_at: null,
    shop_state: intent.shopState,
    money: intent.money === null ? null : encodeMoney(intent.money),
  } as const;
}

function replacing(row: ReturnType<typeof rowOf>) {
  return {
    // Another kind of operation takes the place of one whose answer stayed away: that one's doubt is not its own. Before
    // the kind itself, since MySQL assigns from left to right.
    ambiguous_at: sql<string | null>`IF(kind = ${row.kind}, ambiguous_at, NULL)`,
    kind: row.kind,
    external_id: row.external_id,
    replaced: sql<number>`IF(body_hash = ${row.body_hash}, replaced, 1)`,
    state: row.state,
    body: row.body,
    body_hash: row.body_hash,
    content_hash: row.content_hash,
    erased_at: row.erased_at,
    sent_at: utcNow,
    shop_state: row.shop_state,
    money: row.money,
  };
}

/**
 * Whether writing is stopped, as the database says and not as this process last heard. A stop that is being written
 * is waited for.
 * Locks: S on the one row of erpsync_identity, until the caller commits.
 * Reads: the primary key.
 */
export async function isWritingStopped(tx: Tx): Promise<boolean> {
  const row = await tx
    .selectFrom("erpsync_identity")
    .where("id", "=", 1)
    .select("stopped_code")
    .modifyEnd(sql`LOCK IN SHARE MODE`)
    .executeTakeFirst();
  return row !== undefined && row.stopped_code !== null;
}

/**
 * Notes that an operation was refused for certain (`refused`), or that its answer stayed away (`ambiguous`).
 * Locks: X on the operation's row.
 * Reads: the primary key.
 */
export async function noteOperationFailure(
  db: Database,
  key: OperationKey,
  what: "refused" | "ambiguous",
): Promise<void> {
  await db
    .updateTable("erpsync_operation")
    .set(what === "refused" ? { state: "refused" } : { ambiguous_at: utcNow })
    .where("op_key", "=", key)
    .where("state", "<>", "acknowledged")
    .execute();
}

/** A body whose like nobody ever has: what stands in the ERP is not known, so the next plan amends it. */
export const UNKNOWN_BODY_HASH = "0".repeat(64);

/**
 * Acknowledges an operation.
 * Locks: X on the operation's row.
 * Reads: the primary key.
 */
export async function acknowledgeOperation(
  tx: Tx,
  key: OperationKey,
  ref: ErpRef | null,
  bodyHash: string,
): Promise<void> {
  await tx
    .updateTable("erpsync_operation")
    .set({
      state: "acknowledged",
      erp_ref: ref,
      body_hash: bodyHash,
      ...(bodyHash === UNKNOWN_BODY_HASH ? { content_hash: null } : {}),
      acknowledged_at: utcNow,
    })
    .where("op_key", "=", key)
    .execute();
}

/**
 * Books the effect; a second booking of the same effect changes nothing.
 * Locks: X on the new row.
 * Reads: erpsync_sync_log_effect.
 */
export async function insertSyncLog(
  tx: Tx,
  row: {
    readonly resource: string;
    readonly externalId: string;
    readonly operation: OperationKind;
    readonly key: OperationKey;
    readonly ref: string;
    readonly bodyHash: string;
  },
): Promise<void> {
  await tx
    .insertInto("erpsync_sync_log")
    .values({
      resource: row.resource,
      external_id: row.externalId,
      operation: row.operation,
      source_event_id: row.key,
      erp_ref: row.ref,
      body_hash: row.bodyHash,
      at: utcNow,
    })
    .onDuplicateKeyUpdate({ erp_ref: row.ref })
    .execute();
}

/**
 * Ends the claim within the acknowledgement, or, where more is to be done, only checks and prolongs it. A generation
 * that moved readies the job again. False where the claim was lost; the caller then rolls back.
 * Locks: X on the job's row.
 * Reads: the primary key.
 */
export async function settleInAcknowledgement(
  tx: Tx,
  claim: Claim,
  settle: boolean,
  leaseMs: number,
): Promise<boolean> {
  const result = await tx
    .updateTable("erpsync_job")
    .set(
      settle
        ? {
            state: sql<string>`IF(generation = claimed_generation, 'done', 'ready')`,
            run_at: utcNow,
            attempts: 0,
            plan_hash: null,
            reason_code: null,
            reason: null,
            held_since: null,
            alarmed_at: null,
            claim_token: null,
            claimed_by: null,
            lease_until: null,
            updated_at: utcNow,
          }
        : { lease_until: utcIn(leaseMs), updated_at: utcNow },
    )
    .where("subject", "=", claim.subject)
    .where("claim_token", "=", claim.token)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/**
 * Writes the row that the back office shows on the order's page.
 * Locks: X on the row.
 * Reads: the primary key.
 */
export async function upsertConfirmation(
  tx: Tx,
  row: { readonly orderId: number; readonly erp: string; readonly externalId: string; readonly ref: string },
): Promise<void> {
  const values = { erp: row.erp, external_id: row.externalId, erp_ref: row.ref, confirmed_at: utcNow };
  await tx
    .insertInto("erpsync_confirmation")
    .values({ id_order: row.orderId, ...values })
    .onDuplicateKeyUpdate(values)
    .execute();
}

/**
 * Removes that row, because the order was taken out of the ERP again.
 * Locks: X on the row.
 * Reads: the primary key.
 */
export async function deleteConfirmation(tx: Tx, orderId: number): Promise<void> {
  await tx.deleteFrom("erpsync_confirmation").where("id_order", "=", orderId).execute();
}
