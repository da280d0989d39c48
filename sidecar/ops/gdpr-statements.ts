import { deflateRawSync, inflateRawSync } from "node:zlib";
import { sql } from "kysely";
import { type Database, type Tx, utcNow } from "../platform/database.ts";

/**
 * Orders of a customer by the shop's word, after `afterId`.
 * Locks: none.
 * Reads: orders by its index on id_customer.
 */
export async function pageOrdersOf(
  db: Database,
  customerId: number,
  afterId: number,
  limit: number,
): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("orders")
    .select("id_order")
    .where("id_customer", "=", customerId)
    .where("id_order", ">", afterId)
    .orderBy("id_order")
    .limit(limit)
    .execute();
  return rows.map((row) => row.id_order);
}

/** A stored operation. */
export interface StoredBody {
  readonly key: string;
  readonly subject: string;
  /** JSON text; undefined where it is not kept any more. */
  readonly body: string | undefined;
}

/**
 * A page of all operations with their bodies, after `afterKey`.
 * Locks: none.
 * Reads: the primary key, in order, `limit` rows.
 */
export async function pageBodies(
  db: Database,
  afterKey: string,
  limit: number,
): Promise<readonly StoredBody[]> {
  const rows = await db
    .selectFrom("erpsync_operation")
    .select(["op_key", "subject", "body"])
    .where("op_key", ">", afterKey)
    .orderBy("op_key")
    .limit(limit)
    .execute();
  return rows.map(storedBody);
}

function storedBody(row: {
  readonly op_key: string;
  readonly subject: string;
  readonly body: Buffer;
}): StoredBody {
  const body = row.body.length === 0 ? undefined : inflateRawSync(row.body).toString("utf8");
  return { key: row.op_key, subject: row.subject, body };
}

/** What the shop calls a customer by. */
export interface CustomerWords {
  readonly email: string;
  readonly words: readonly string[];
}

/**
 * What the shop calls a customer by; undefined where it has deleted him.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readCustomerWords(
  db: Database,
  customerId: number,
): Promise<CustomerWords | undefined> {
  const row = await db
    .selectFrom("customer")
    .select(["email", "firstname", "lastname", "company"])
    .where("id_customer", "=", customerId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { company, email, firstname, lastname } = row;
  return { email, words: present([email, firstname, lastname, `${firstname} ${lastname}`, company]) };
}

/**
 * What the shop's addresses of a customer call him by, deleted ones too.
 * Locks: none.
 * Reads: address by its index on id_customer.
 */
export async function readAddressWords(db: Database, customerId: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("address")
    .select([
      "company",
      "firstname",
      "lastname",
      "address1",
      "address2",
      "phone",
      "phone_mobile",
      "vat_number",
    ])
    .where("id_customer", "=", customerId)
    .execute();
  return rows.flatMap((row) => present([...Object.values(row), `${row.firstname} ${row.lastname}`]));
}

const present = (words: readonly (string | null)[]): readonly string[] =>
  words.flatMap((word) => (word === null || word.trim() === "" ? [] : [word.trim()]));

/**
 * Other accounts and guests of the shop with this e-mail.
 * Locks: none.
 * Reads: customer by its index on email.
 */
export async function accountsWithEmail(
  db: Database,
  email: string,
  customerId: number,
): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("customer")
    .select("id_customer")
    .where("email", "=", email)
    .where("id_customer", "<>", customerId)
    .orderBy("id_customer")
    .limit(100)
    .execute();
  return rows.map((row) => row.id_customer);
}

/**
 * Which of these orders stand in the ERP.
 * Locks: none.
 * Reads: the primary key, one range.
 */
export async function exportedOrders(
  db: Database,
  orderIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const rows = await db
    .selectFrom("erpsync_mapping")
    .select("shop_key")
    .where("kind", "=", "order")
    .where("shop_key", "in", orderIds.map(String))
    .execute();
  return new Set(rows.map((row) => Number(row.shop_key)));
}

/** A recorded action of a person. */
export interface RecordedAction {
  readonly id: number;
  readonly subject: string;
  readonly reason: string;
}

/**
 * A page of all recorded actions, after `afterId`.
 * Locks: none.
 * Reads: the primary key, in order, `limit` rows.
 */
export async function pageActions(
  db: Database,
  afterId: number,
  limit: number,
): Promise<readonly RecordedAction[]> {
  return await db
    .selectFrom("erpsync_action")
    .select(["id", "subject", "reason"])
    .where("id", ">", afterId)
    .orderBy("id")
    .limit(limit)
    .execute();
}

/**
 * Writes an action's reason anew.
 * Locks: X on the row.
 * Reads: the primary key.
 */
export async function rewriteReason(tx: Tx, id: number, reason: string): Promise<void> {
  await tx.updateTable("erpsync_action").set({ reason }).where("id", "=", id).execute();
}

/**
 * Takes a subject's job out of every worker's hands until the caller commits. True while a worker has it: what it is
 * about to record would come after the erasure.
 * Locks: X on the job's row.
 * Reads: the primary key.
 */
export async function lockJob(tx: Tx, subject: string): Promise<boolean> {
  const row = await tx
    .selectFrom("erpsync_job")
    .select(sql<number | null>`state = 'working' AND lease_until > ${utcNow}`.as("is_held"))
    .where("subject", "=", subject)
    .forUpdate()
    .executeTakeFirst();
  return row?.is_held === 1;
}

/**
 * Removes what was sent and answered for a subject; hashes, outcome and times stay. Returns how many attempts had any.
 * Locks: X on the subject's rows.
 * Reads: erpsync_attempt_subject (subject, id).
 */
export async function eraseAttempts(tx: Tx, subject: string, limit: number): Promise<number> {
  const result = await tx
    .updateTable("erpsync_attempt")
    .set({ request: null, answer: null, message: null })
    .where("subject", "=", subject)
    .where((eb) =>
      eb.or([eb("request", "is not", null), eb("answer", "is not", null), eb("message", "is not", null)]),
    )
    .limit(limit)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * The operations of a subject that have a person still, with their bodies.
 * Locks: X on the subject's rows.
 * Reads: erpsync_operation_number (subject, number).
 */
export async function lockUnerased(tx: Tx, subject: string): Promise<readonly StoredBody[]> {
  const rows = await tx
    .selectFrom("erpsync_operation")
    .select(["op_key", "subject", "body"])
    .where("subject", "=", subject)
    .where("erased_at", "is", null)
    .forUpdate()
    .execute();
  return rows.map(storedBody);
}

/**
 * Puts a body without its person in the place of an operation's; its hashes stay. Undefined leaves none.
 * Locks: X on the operation's row.
 * Reads: the primary key.
 */
export async function eraseOperation(tx: Tx, key: string, body: string | undefined): Promise<void> {
  await tx
    .updateTable("erpsync_operation")
    .set({ body: body === undefined ? Buffer.alloc(0) : deflateRawSync(body), erased_at: utcNow })
    .where("op_key", "=", key)
    .execute();
}

/**
 * Removes the sentence of a job, in which the ERP may have quoted a person; its code stays. Returns 1 where it had one.
 * Locks: X on the job's row.
 * Reads: the primary key.
 */
export async function eraseJobReason(tx: Tx, subject: string): Promise<number> {
  const result = await tx
    .updateTable("erpsync_job")
    .set({ reason: null })
    .where("subject", "=", subject)
    .where("reason", "is not", null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Removes the payloads of a subject's events. Returns how many had one.
 * Locks: X on the subject's rows.
 * Reads: erpsync_event_subject (subject, occurred_at).
 */
export async function eraseEvents(tx: Tx, subject: string): Promise<number> {
  const result = await tx
    .updateTable("erpsync_event")
    .set({ payload: null })
    .where("subject", "=", subject)
    .where("payload", "is not", null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Rows of the outbox that carry something about these subjects. Read without a lock: a row that a checkout has not
 * committed yet is nothing to wait for.
 * Locks: none.
 * Reads: the outbox, once; it is empty but when nobody ingests.
 */
export async function outboxRowsOf(db: Database, subjects: readonly string[]): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("erpsync_outbox")
    .select("id")
    .where("subject", "in", subjects)
    .where("payload", "is not", null)
    .execute();
  return rows.map((row) => row.id);
}

/**
 * Removes the payloads of rows of the outbox. Returns how many.
 * Locks: X on the rows; one that is being ingested is waited for.
 * Reads: the primary key.
 */
export async function eraseOutbox(db: Database, ids: readonly number[]): Promise<number> {
  const result = await db
    .updateTable("erpsync_outbox")
    .set({ payload: null })
    .where("id", "in", ids)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}
