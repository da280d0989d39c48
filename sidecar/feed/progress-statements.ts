import { deflateRawSync } from "node:zlib";
import { sha256 } from "../domain/fingerprint.ts";
import { type ErpRef, type ExternalId, parseSubject, type ShopOrderId, shopOrderId } from "../domain/ids.ts";
import type { ErpProgress } from "../domain/progress.ts";
import { type ErpExchange, type ProgressMark, progressMark } from "../erp/port.ts";
import { type Database, type Tx, utcNow } from "../platform/database.ts";
import type { KnownOrder } from "./decide-progress-page.ts";
import type { ProgressRow } from "./encode-progress.ts";

/**
 * Where a feed goes on; undefined the first time.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readCursor(db: Database, feed: string): Promise<ProgressMark | undefined> {
  const row = await db
    .selectFrom("erpsync_cursor")
    .select("mark")
    .where("feed", "=", feed)
    .executeTakeFirst();
  return row === undefined ? undefined : progressMark(row.mark);
}

/**
 * Moves a feed on from where the reading began; false, with nothing done, where it stands elsewhere by now: the
 * database was restored meanwhile, or another process reads too.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function moveCursor(
  tx: Tx,
  feed: string,
  from: ProgressMark | undefined,
  to: ProgressMark,
): Promise<boolean> {
  if (from === undefined) {
    const row = { feed, mark: to, updated_at: utcNow };
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto("erpsync_cursor")
      .ignore()
      .values(row)
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }
  const { numUpdatedRows } = await tx
    .updateTable("erpsync_cursor")
    .set({ mark: to, updated_at: utcNow })
    .where("feed", "=", feed)
    .where("mark", "=", from)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/**
 * Orders of these keys whose creation waits for its answer: the ERP may have them, though nobody here knows their
 * records yet.
 * Locks: none.
 * Reads: erpsync_operation_external (external_id).
 */
export async function findOrdersUnderWay(
  tx: Tx,
  externalIds: readonly ExternalId[],
): Promise<readonly KnownOrder[]> {
  if (externalIds.length === 0) return [];
  const rows = await tx
    .selectFrom("erpsync_operation")
    .select(["subject", "external_id"])
    .where("external_id", "in", externalIds)
    .where("kind", "=", "create")
    .where("state", "=", "open")
    .execute();
  return rows.flatMap(({ external_id, subject }) => {
    const parsed = parseSubject(subject);
    if (parsed.kind !== "order") return [];
    return [{ orderId: parsed.id, externalId: external_id as ExternalId, ref: undefined }];
  });
}

/**
 * Orders that stand in the ERP as these records.
 * Locks: none.
 * Reads: erpsync_mapping_ref (kind, erp_ref).
 */
export async function findOrders(
  tx: Tx,
  progress: readonly Pick<ErpProgress, "orderRef" | "orderExternalId">[],
): Promise<readonly KnownOrder[]> {
  if (progress.length === 0) return [];
  const externalIds = progress.map(({ orderExternalId }) => orderExternalId);
  const rows = await tx
    .selectFrom("erpsync_mapping")
    .select(["shop_key", "external_id", "erp_ref"])
    .where("kind", "=", "order")
    .where(
      "erp_ref",
      "in",
      progress.map(({ orderRef }) => orderRef),
    )
    .where("external_id", "in", externalIds)
    .execute();
  return rows.map((row) => ({
    orderId: shopOrderId(Number(row.shop_key)),
    externalId: row.external_id as ExternalId,
    ref: row.erp_ref as ErpRef,
  }));
}

/**
 * Content hashes on record, by order.
 * Locks: none; one process an installation writes them.
 * Reads: the primary key.
 */
export async function readHashes(
  tx: Tx,
  orderIds: readonly ShopOrderId[],
): Promise<ReadonlyMap<ShopOrderId, string>> {
  if (orderIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom("erpsync_progress")
    .select(["id_order", "content_hash"])
    .where("id_order", "in", orderIds)
    .execute();
  return new Map(rows.map((row) => [shopOrderId(row.id_order), row.content_hash]));
}

/**
 * Writes what the ERP says of orders now.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function upsertProgress(tx: Tx, rows: readonly ProgressRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .replaceInto("erpsync_progress")
    .values(rows.map((row) => ({ ...row, changed_at: utcNow })))
    .execute();
}

/** One exchange of a reading, as it is recorded. */
export interface PageAttempt {
  /** `ok`, or the code of the error that it ended in. */
  readonly outcome: string;
  readonly message: string | null;
  readonly exchange: ErpExchange;
  /** What is kept of the answer; readings overlap, and the same orders a thousand times a day are no evidence. */
  readonly answer: string;
  /** `host:pid`. */
  readonly actor: string;
}

/**
 * Records the exchanges of a page: the request whole, of the answer a summary and the hash of what came.
 * Locks: none but the new rows.
 * Reads: nothing.
 */
export async function insertPageAttempts(
  db: Database,
  feed: string,
  attempts: readonly PageAttempt[],
): Promise<void> {
  if (attempts.length === 0) return;
  await db
    .insertInto("erpsync_attempt")
    .values(
      attempts.map(({ actor, answer, exchange, message, outcome }) => ({
        subject: feed,
        op_key: null,
        direction: "to_erp",
        purpose: "read_progress",
        outcome,
        message: message?.slice(0, 4_000) ?? null,
        method: exchange.method,
        path: exchange.path.slice(0, 512),
        status: exchange.status,
        request: deflateRawSync(exchange.request),
        request_hash: sha256(exchange.request),
        answer: deflateRawSync(answer),
        answer_hash: sha256(exchange.answer),
        took_ms: Math.round(exchange.tookMs),
        actor,
        ended_at: utcNow,
      })),
    )
    .execute();
}
