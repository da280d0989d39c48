import { inflateRawSync } from "node:zlib";
import { sql } from "kysely";
import { customerFingerprint, orderFingerprint } from "../domain/fingerprint.ts";
import { type Database, type Tx, utcNow } from "../platform/database.ts";

/** The two kinds of records that are exported under ids of the shop. */
export type AdoptedKind = "order" | "customer";

/** A record of the shop with the traces that its id has in our tables. */
export interface TracedRecord {
  readonly id: number;
  readonly fingerprint: string;
  readonly mapping: { readonly fingerprint: string | null; readonly isOlder: boolean } | undefined;
  readonly hasOperations: boolean;
  /** Stored body of the operation that is still open; undefined where none is. */
  readonly openBody: string | undefined;
}

/** Hours that shop time may be behind UTC. */
const BEHIND_UTC_H = 12;

/**
 * Orders after `afterId` that are exported or have traces: those of the export's scope, and older ones with a mapping
 * or operations.
 * Locks: none.
 * Reads: orders by primary key, in order; mapping and operations by their keys, one look an order.
 */
export async function pageOrders(
  db: Database,
  afterId: number,
  exportAfterOrder: number,
  limit: number,
): Promise<readonly TracedRecord[]> {
  const subject = sql`CONVERT(CONCAT('order:', r.id_order) USING ascii)`;
  const { rows } = await sql<RawRecord & { readonly reference: string }>`
    SELECT r.id_order AS id, r.reference, r.secure_key, r.date_add, ${traceColumns(subject, sql`r.date_add`)}
    FROM ${sql.table("orders")} r
    LEFT JOIN ${sql.table("erpsync_mapping")} m
      ON m.kind = 'order' AND m.shop_key = CONVERT(CONCAT('', r.id_order) USING ascii)
    WHERE r.id_order > ${afterId}
    HAVING id > ${exportAfterOrder} OR mapped = 1 OR operations > 0
    ORDER BY id LIMIT ${limit}`.execute(db);
  return rows.map((row) => traced(row, orderFingerprint(row)));
}

/**
 * Customers after `afterId` that are exported or have traces: those with an order of the export's scope, and others
 * with a mapping or operations.
 * Locks: none.
 * Reads: customer by primary key, in order; orders by their index on id_customer; mapping and operations by their keys.
 */
export async function pageCustomers(
  db: Database,
  afterId: number,
  exportAfterOrder: number,
  limit: number,
): Promise<readonly TracedRecord[]> {
  const subject = sql`CONVERT(CONCAT('customer:', r.id_customer) USING ascii)`;
  const { rows } = await sql<RawRecord>`
    SELECT r.id_customer AS id, r.secure_key, r.date_add, ${traceColumns(subject, sql`r.date_add`)},
      EXISTS (SELECT 1 FROM ${sql.table("orders")} x
        WHERE x.id_customer = r.id_customer AND x.id_order > ${exportAfterOrder}) AS ordered
    FROM ${sql.table("customer")} r
    LEFT JOIN ${sql.table("erpsync_mapping")} m
      ON m.kind = 'customer' AND m.shop_key = CONVERT(CONCAT('', r.id_customer) USING ascii)
    WHERE r.id_customer > ${afterId}
    HAVING ordered = 1 OR mapped = 1 OR operations > 0
    ORDER BY id LIMIT ${limit}`.execute(db);
  return rows.map((row) => traced(row, customerFingerprint(row)));
}

const traceColumns = (subject: ReturnType<typeof sql>, added: ReturnType<typeof sql>) => sql`
  m.shop_key IS NOT NULL AS mapped, m.fingerprint,
  TIMESTAMPADD(HOUR, ${BEHIND_UTC_H}, ${added}) <= m.updated_at AS is_older,
  (SELECT COUNT(*) FROM ${sql.table("erpsync_operation")} p WHERE p.subject = ${subject}) AS operations,
  (SELECT p.body FROM ${sql.table("erpsync_operation")} p
    WHERE p.subject = ${subject} AND p.state <> 'acknowledged' ORDER BY p.number DESC LIMIT 1) AS open_body`;

interface RawRecord {
  readonly id: number;
  readonly secure_key: string;
  readonly date_add: string;
  readonly mapped: number;
  readonly fingerprint: string | null;
  readonly is_older: number | null;
  readonly operations: number;
  readonly open_body: Buffer | null;
}

function traced(row: RawRecord, fingerprint: string): TracedRecord {
  return {
    id: row.id,
    fingerprint,
    mapping: row.mapped === 1 ? { fingerprint: row.fingerprint, isOlder: row.is_older === 1 } : undefined,
    hasOperations: row.operations > 0,
    openBody: row.open_body === null ? undefined : inflateRawSync(row.open_body).toString("utf8"),
  };
}

/**
 * Ids from `fromId` on that have traces in our tables, whether the shop has such a record or not.
 * Locks: none.
 * Reads: all mappings of the kind and all operations; once an adoption.
 */
export async function pageTraces(
  db: Database,
  kind: AdoptedKind,
  fromId: number,
  limit: number,
): Promise<readonly number[]> {
  const { rows } = await sql<{ readonly id: number }>`
    SELECT t.id FROM (
      SELECT CAST(shop_key AS UNSIGNED) AS id FROM ${sql.table("erpsync_mapping")} WHERE kind = ${kind}
      UNION
      SELECT CAST(SUBSTRING(subject, ${kind.length + 2}) AS UNSIGNED) FROM ${sql.table("erpsync_operation")}
      WHERE subject LIKE ${`${kind}:%`} AND subject NOT LIKE '%@%'
    ) t
    WHERE t.id >= ${fromId} ORDER BY t.id LIMIT ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

/**
 * Renames the operations of subjects to `<subject>@<epoch>`, so that they stay on record and are nobody's any more.
 * Locks: X on the rows.
 * Reads: erpsync_operation_number (subject, number).
 */
export async function retireOperations(tx: Tx, subjects: readonly string[], epoch: number): Promise<void> {
  // Assignments go from left to right: the key is made of the old subject.
  await sql`
    UPDATE ${sql.table("erpsync_operation")}
    SET op_key = CONCAT(subject, '@', ${epoch}, '#', number), subject = CONCAT(subject, '@', ${epoch})
    WHERE subject IN (${sql.join(subjects)})`.execute(tx);
}

/**
 * Renames the attempts of subjects in the same way.
 * Locks: X on the rows.
 * Reads: erpsync_attempt_subject (subject, id).
 */
export async function retireAttempts(tx: Tx, subjects: readonly string[], epoch: number): Promise<void> {
  await sql`
    UPDATE ${sql.table("erpsync_attempt")}
    SET op_key = CONCAT(subject, '@', ${epoch}, SUBSTRING(op_key, LENGTH(subject) + 1)),
      subject = CONCAT(subject, '@', ${epoch})
    WHERE subject IN (${sql.join(subjects)})`.execute(tx);
}

/**
 * Renames the shop's commands of subjects in the same way: a new order's first command would otherwise be taken for
 * one that was carried out long ago.
 * Locks: X on the rows.
 * Reads: all commands; once a batch of an adoption.
 */
export async function retireCommands(tx: Tx, subjects: readonly string[], epoch: number): Promise<void> {
  await sql`
    UPDATE ${sql.table("erpsync_command")}
    SET command_id = CONCAT(SUBSTRING_INDEX(command_id, '#', 1), '@', ${epoch}, '#',
      SUBSTRING_INDEX(command_id, '#', -1))
    WHERE SUBSTRING_INDEX(command_id, '#', 1) IN (${sql.join(subjects)})`.execute(tx);
}

/**
 * Removes the mappings of ids that came back; the sync log keeps what they were.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteMappings(tx: Tx, kind: AdoptedKind, ids: readonly number[]): Promise<void> {
  await tx
    .deleteFrom("erpsync_mapping")
    .where("kind", "=", kind)
    .where("shop_key", "in", ids.map(String))
    .execute();
}

/**
 * Removes what the back office shows of the order that had the id before.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteConfirmations(tx: Tx, orderIds: readonly number[]): Promise<void> {
  await tx.deleteFrom("erpsync_confirmation").where("id_order", "in", orderIds).execute();
}

/**
 * Removes what the ERP said of the orders that had the ids before.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteProgress(tx: Tx, orderIds: readonly number[]): Promise<void> {
  await tx.deleteFrom("erpsync_progress").where("id_order", "in", orderIds).execute();
}

/**
 * Removes what the module remembers of the parcels of the orders that had the ids before.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteParcels(tx: Tx, orderIds: readonly number[]): Promise<void> {
  await tx.deleteFrom("erpsync_parcel").where("id_order", "in", orderIds).execute();
}

/**
 * Starts the jobs of subjects afresh: nothing that was decided for the old record holds for the new one. Jobs of
 * records that the shop does not have are done.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function resetJobs(tx: Tx, subjects: readonly string[], state: "ready" | "done"): Promise<void> {
  if (subjects.length === 0) return;
  await tx
    .updateTable("erpsync_job")
    .set((eb) => ({
      state,
      generation: eb("generation", "+", 1),
      attempts: 0,
      plan_hash: null,
      run_at: utcNow,
      waits_for: null,
      reason_code: null,
      reason: null,
      held_since: null,
      alarmed_at: null,
      requested: 0,
      released: 0,
      flagged: 0,
      claim_token: null,
      claimed_by: null,
      lease_until: null,
      updated_at: utcNow,
    }))
    .where("subject", "in", subjects)
    .execute();
}

/**
 * Readies what was parked because its id had come back. Returns how many.
 * Locks: X on the rows.
 * Reads: erpsync_job_lease (state, …).
 */
export async function readyStrangers(tx: Tx): Promise<number> {
  const result = await tx
    .updateTable("erpsync_job")
    .set({ state: "ready", attempts: 0, plan_hash: null, run_at: utcNow, updated_at: utcNow })
    .where("state", "=", "parked")
    .where("reason_code", "=", "E_IDENTITY")
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Asks the stock ledger, where one is kept, to read all rows and lines anew: ids of orders and lines may come back.
 * Locks: S on the pass that it finds, X on the new row.
 * Reads: the first entry of the primary key.
 */
export async function askForStockPass(tx: Tx): Promise<void> {
  const pass = sql.table("erpsync_stock_pass");
  await sql`INSERT INTO ${pass} (reason, begun_at)
    SELECT 'restored', UTC_TIMESTAMP(6) FROM DUAL WHERE EXISTS (SELECT 1 FROM ${pass} p)`.execute(tx);
}

/**
 * Claims whose lease has not ended: calls that may still be under way.
 * Locks: none.
 * Reads: erpsync_job_lease (state, lease_until).
 */
export async function countClaims(db: Database): Promise<number> {
  const row = await db
    .selectFrom("erpsync_job")
    .where("state", "=", "working")
    .where("lease_until", ">", utcNow)
    .select(sql<number>`COUNT(*)`.as("jobs"))
    .executeTakeFirstOrThrow();
  return row.jobs;
}

/**
 * The lowest order that counts as history (it is not above `exportAfterOrder`) but was placed after `shopTime`.
 * Locks: none.
 * Reads: the index of orders on date_add.
 */
export async function lowestOrderAfter(
  db: Database,
  exportAfterOrder: number,
  shopTime: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom("orders")
    .where("id_order", "<=", exportAfterOrder)
    .where("date_add", ">", shopTime)
    .select(({ fn }) => fn.min("id_order").as("id"))
    .executeTakeFirst();
  return row?.id ?? undefined;
}

/**
 * When the first epoch began, UTC, and the shop's time zone; undefined before the first start.
 * Locks: none.
 * Reads: erpsync_epoch by primary key, configuration by its index on name.
 */
export async function readFirstStart(
  db: Database,
): Promise<{ readonly openedAt: string; readonly timeZone: string | undefined } | undefined> {
  const row = await db
    .selectFrom("erpsync_epoch")
    .where("number", "=", 1)
    .select("opened_at")
    .select((eb) =>
      eb
        .selectFrom("configuration")
        .select("value")
        .where("name", "=", "PS_TIMEZONE")
        .orderBy("id_shop")
        .limit(1)
        .as("time_zone"),
    )
    .executeTakeFirst();
  return row === undefined ? undefined : { openedAt: row.opened_at, timeZone: row.time_zone ?? undefined };
}
