import { sql } from "kysely";
import type { ObservedChunk, ObservedRow, PassReason } from "../../domain/stock.ts";
import { type Database, type Tx, utcNow } from "../../platform/database.ts";
import type { Pass } from "./decide-pass.ts";

/**
 * The passes that are not finished, the newest first; more than one only where one began while another was under way.
 * Locks: none.
 * Reads: erpsync_stock_pass_open (finished_at, id), backwards.
 */
export async function readOpenPasses(db: Database): Promise<readonly Pass[]> {
  const rows = await db
    .selectFrom("erpsync_stock_pass")
    .where("finished_at", "is", null)
    .orderBy("id", "desc")
    .select(["id", "reason", "change_id as changeId", "next_order as nextOrder"])
    .select(["next_row as nextRow", "begun_at as begunAt"])
    .execute();
  return rows.map((row) => ({ ...row, reason: row.reason as PassReason }));
}

/**
 * Whether the ledger is to be opened by itself: there was never a pass, though the binlog is read on from a checkpoint,
 * as after an update from a version without ledger.
 * Locks: none.
 * Reads: the first entries of the primary keys.
 */
export async function lacksFirstPass(db: Database): Promise<boolean> {
  const { rows } = await sql<{ lacks: number }>`
    SELECT NOT EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_pass")})
      AND NOT EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_inbox")})
      AND EXISTS (SELECT 1 FROM ${sql.table("erpsync_checkpoint")}) AS lacks`.execute(db);
  return rows[0]?.lacks === 1;
}

/**
 * Asks for a pass, or begins one where its place in the binlog is given.
 * Locks: the new row until the caller commits.
 * Reads: no table.
 */
export async function insertPass(db: Database, reason: PassReason, changeId: number | null): Promise<void> {
  await db
    .insertInto("erpsync_stock_pass")
    .values({ reason, change_id: changeId, begun_at: utcNow, finished_at: null })
    .execute();
}

/**
 * Gives a pass that was asked for its place in the binlog.
 * Locks: X on the row.
 * Reads: the primary key.
 */
export async function beginPass(
  tx: Tx,
  pass: { readonly id: number; readonly reason: PassReason },
  changeId: number,
): Promise<void> {
  await tx
    .updateTable("erpsync_stock_pass")
    .set({ change_id: changeId, reason: pass.reason, begun_at: utcNow })
    .where("id", "=", pass.id)
    .execute();
}

/**
 * Ends the passes that are not finished, up to and with this one. Returns how many.
 * Locks: X on the rows.
 * Reads: erpsync_stock_pass_open (finished_at, id).
 */
export async function finishPasses(tx: Tx, upToId: number): Promise<number> {
  const result = await tx
    .updateTable("erpsync_stock_pass")
    .set({ finished_at: utcNow })
    .where("finished_at", "is", null)
    .where("id", "<=", upToId)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Notes how far a pass is.
 * Locks: X on the row until the caller commits.
 * Reads: the primary key.
 */
export async function notePass(
  tx: Tx,
  id: number,
  next: { readonly nextOrder: number | null } | { readonly nextRow: number },
): Promise<void> {
  const change = "nextRow" in next ? { next_row: next.nextRow } : { next_order: next.nextOrder };
  await tx.updateTable("erpsync_stock_pass").set(change).where("id", "=", id).execute();
}

/**
 * What a finished pass came to: rows that the ledger knows, and differences found since the pass began.
 * Locks: none.
 * Reads: erpsync_stock_row by primary key, all of it; erpsync_stock_discrepancy_found (found_at), one range.
 */
export async function countPass(
  db: Database,
  id: number,
): Promise<{ readonly rows: number; readonly differing: number }> {
  const { rows } = await sql<{ n: number; differing: number }>`
    SELECT (SELECT COUNT(*) FROM ${sql.table("erpsync_stock_row")} WHERE closed_at IS NULL) AS n,
      (SELECT COUNT(*) FROM ${sql.table("erpsync_stock_discrepancy")} WHERE kind = 'gap' AND found_at >=
        (SELECT begun_at FROM ${sql.table("erpsync_stock_pass")} WHERE id = ${id})) AS differing`.execute(db);
  return { rows: rows[0]?.n ?? 0, differing: rows[0]?.differing ?? 0 };
}

/**
 * The next stock rows of the shop, by id.
 * Locks: none.
 * Reads: the primary key, in order.
 */
export async function pageStockRows(
  db: Database,
  afterId: number,
  limit: number,
): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("stock_available")
    .where("id_stock_available", ">", afterId)
    .orderBy("id_stock_available")
    .limit(limit)
    .select("id_stock_available as id")
    .execute();
  return rows.map(({ id }) => id);
}

/**
 * Open rows of the ledger after one id, up to another.
 * Locks: none.
 * Reads: the primary key, one range.
 */
export async function readOpenRowIds(
  db: Database,
  afterId: number,
  upToId: number,
): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("erpsync_stock_row")
    .where("id_stock_available", ">", afterId)
    .where("id_stock_available", "<=", upToId)
    .where("closed_at", "is", null)
    .select("id_stock_available as id")
    .execute();
  return rows.map(({ id }) => id);
}

const OBSERVED = [
  "id_stock_available as row",
  "id_product as product",
  "id_product_attribute as combination",
  "id_shop as shop",
  "id_shop_group as group",
  "quantity",
  "depends_on_stock",
] as const;

/**
 * Stock rows as they are, held until the check that tells of them is committed. Whoever waited here while holding others
 * could deadlock with a statement of the shop that writes several products at once, so rows in use are left out.
 * Locks: X on the rows returned until the caller commits; rows that another holds are skipped, never waited for.
 * Reads: the primary key.
 */
export async function lockFreeRows(tx: Tx, ids: readonly number[]): Promise<readonly ObservedRow[]> {
  const rows = await tx
    .selectFrom("stock_available")
    .where("id_stock_available", "in", ids)
    .select(OBSERVED)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(({ depends_on_stock, ...row }) => ({ ...row, managed: depends_on_stock === 0 }));
}

/**
 * One stock row as it is, for who holds no other; undefined where it is gone.
 * Locks: X on the row until the caller commits; waits for whoever holds it.
 * Reads: the primary key.
 */
export async function lockRow(tx: Tx, id: number): Promise<ObservedRow | undefined> {
  const row = await tx
    .selectFrom("stock_available")
    .where("id_stock_available", "=", id)
    .select(OBSERVED)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { depends_on_stock, ...rest } = row;
  return { ...rest, managed: depends_on_stock === 0 };
}

/** The highest ids of the shop's tables; 0 where they are empty. */
export interface HighestIds {
  readonly lastLine: number;
  readonly lastOrder: number;
  readonly lastDeclared: number;
}

/**
 * The highest order line, order and declared movement of the shop.
 * Locks: none.
 * Reads: the last entries of the primary keys.
 */
export async function readHighest(db: Database): Promise<HighestIds> {
  const { rows } = await sql<{ line: number | null; placed: number | null; declared: number | null }>`
    SELECT (SELECT MAX(id_order_detail) FROM ${sql.table("order_detail")}) AS line,
      (SELECT MAX(id_order) FROM ${sql.table("orders")}) AS placed,
      (SELECT MAX(id_stock_mvt) FROM ${sql.table("stock_mvt")}) AS declared`.execute(db);
  const [highest] = rows;
  return {
    lastLine: highest?.line ?? 0,
    lastOrder: highest?.placed ?? 0,
    lastDeclared: highest?.declared ?? 0,
  };
}

/**
 * Notes what was observed under locks; the place of this row in the binlog is the place of the observation.
 * Locks: the new row until the caller commits.
 * Reads: no table.
 */
export async function insertCheck(
  tx: Tx,
  check: { readonly pass: number; readonly lastLine: number; readonly observed: ObservedChunk },
): Promise<void> {
  await tx
    .insertInto("erpsync_stock_check")
    .values({
      pass: check.pass,
      last_order_detail: check.lastLine,
      observed: JSON.stringify(check.observed),
      created_at: utcNow,
    })
    .execute();
}

/** A check as it was written, with its pass. */
export interface RawCheck {
  readonly id: number;
  readonly pass: number;
  readonly lastLine: number;
  readonly observed: string;
  /** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
  readonly madeAt: string;
  /** Null where the pass is gone, or the check only marks its place. */
  readonly reason: PassReason | null;
  readonly changeId: number | null;
}

/**
 * Checks that the binlog told of.
 * Locks: none.
 * Reads: the primary keys.
 */
export async function readChecks(tx: Tx, ids: readonly number[]): Promise<readonly RawCheck[]> {
  const rows = await tx
    .selectFrom("erpsync_stock_check as c")
    .leftJoin("erpsync_stock_pass as p", "p.id", "c.pass")
    .where("c.id", "in", ids)
    .orderBy("c.id")
    .select([
      "c.id",
      "c.pass",
      "c.last_order_detail as lastLine",
      "c.observed",
      "c.created_at as madeAt",
      "p.reason",
      "p.change_id as changeId",
    ])
    .execute();
  return rows.map((row) => ({ ...row, reason: row.reason as PassReason | null }));
}

/**
 * Removes checks that are booked.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteChecks(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx.deleteFrom("erpsync_stock_check").where("id", "in", ids).execute();
}

/**
 * How many checks of a pass are still to be read from the binlog.
 * Locks: none.
 * Reads: all checks, a handful.
 */
export async function countChecks(db: Database, pass: number): Promise<number> {
  const row = await db
    .selectFrom("erpsync_stock_check")
    .where("pass", "=", pass)
    .select(sql<number>`COUNT(*)`.as("checks"))
    .executeTakeFirstOrThrow();
  return row.checks;
}

/**
 * Drops what lines on these rows owe, up to a line: it is in the figures that were just observed. Where the row has
 * changes that are not attributed yet it may be in them instead, and the line is only marked.
 * Locks: X on the lines of the rows that owe something.
 * Reads: erpsync_stock_line_row (id_stock_available, owed), two ranges a row; erpsync_stock_movement_cause (cause, row).
 */
export async function resetLines(
  tx: Tx,
  rows: readonly number[],
  lastLine: number,
  before: number,
): Promise<void> {
  const line = sql.table("erpsync_stock_line");
  const hasOpen = sql`EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_movement")} m
    WHERE m.cause = 'pending' AND m.id_stock_available = ${line}.id_stock_available)`;
  // Assigned from left to right: what is owed is used before it is set.
  await sql`UPDATE ${line}
    SET doubtful = ${hasOpen}, settled = IF(doubtful = 1, settled, settled - owed),
      owed = IF(doubtful = 1, owed, 0), changed_at = UTC_TIMESTAMP(6)
    WHERE id_stock_available IN (${sql.join(rows)}) AND owed <> 0
      AND (id_order_detail <= ${lastLine} OR change_id < ${before})`.execute(tx);
}

/**
 * Forgets lines above the highest that the shop has: their orders are gone, and the ids come back. Returns how many.
 * Locks: X on up to `limit` rows.
 * Reads: the primary key, one range.
 */
export async function forgetLinesAfter(tx: Tx, lastLine: number, limit: number): Promise<number> {
  const result = await tx
    .deleteFrom("erpsync_stock_line")
    .where("id_order_detail", ">", lastLine)
    .orderBy("id_order_detail")
    .limit(limit)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/**
 * The next orders whose lines are taken in: those of the last `days`.
 * Locks: none.
 * Reads: orders by primary key in order, from the last one older than that by the index on date_add. A day more or less
 * does not matter, so shop time may be compared with UTC.
 */
export async function pageRecentOrders(
  db: Database,
  fromId: number,
  days: number,
  limit: number,
): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("orders")
    .where("id_order", ">=", fromId)
    .where("id_order", ">", (eb) =>
      eb.fn.coalesce(
        eb
          .selectFrom("orders")
          .where("date_add", "<", sql<string>`UTC_TIMESTAMP() - INTERVAL ${days} DAY`)
          .orderBy("date_add", "desc")
          .orderBy("id_order", "desc")
          .limit(1)
          .select("id_order"),
        sql<number>`0`,
      ),
    )
    .orderBy("id_order")
    .limit(limit)
    .select("id_order as id")
    .execute();
  return rows.map(({ id }) => id);
}
