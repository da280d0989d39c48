import { sql } from "kysely";
import type { OwnCause, PassReason, StockSubject } from "../../domain/stock.ts";
import { type Database, isPairOf, type Tx, utcNow } from "../../platform/database.ts";
import type { BookedWrite, Broken, LedgerRow, NewMovement } from "./decide-booking.ts";

/** Facts of one transaction of the shop as they wait in the inbox. */
export interface InboxRow {
  readonly id: number;
  /** `YYYY-MM-DD HH:MM:SS.fff`, UTC. */
  readonly committedAt: string;
  readonly facts: string;
}

/** What an idle ledger asks. */
export interface LedgerState {
  readonly hasFacts: boolean;
  readonly hasPass: boolean;
  /** One of the passes is of a sort after which rows may stand elsewhere. */
  readonly isResetting: boolean;
  /** There was never a pass, though the binlog is read: an installation from before the ledger. */
  readonly lacksPass: boolean;
  readonly hasUnsettled: boolean;
}

/**
 * Whether there is anything to do at all: one query for an idle ledger.
 * Locks: none.
 * Reads: the first entries of the inbox, of erpsync_stock_pass_open, of erpsync_stock_row_unsettled and of the checkpoint.
 */
export async function readLedgerState(db: Database): Promise<LedgerState> {
  const pass = sql.table("erpsync_stock_pass");
  const { rows } = await sql<Record<"facts" | "open" | "resetting" | "lacking" | "unsettled", number>>`
    SELECT EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_inbox")}) AS facts,
      EXISTS (SELECT 1 FROM ${pass} WHERE finished_at IS NULL) AS open,
      EXISTS (SELECT 1 FROM ${pass} WHERE finished_at IS NULL AND reason <> 'verify') AS resetting,
      NOT EXISTS (SELECT 1 FROM ${pass}) AND EXISTS (SELECT 1 FROM ${sql.table("erpsync_checkpoint")}) AS lacking,
      EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_row")} WHERE unsettled = 1) AS unsettled`.execute(db);
  const [state] = rows;
  return {
    hasFacts: state?.facts === 1,
    hasPass: state?.open === 1,
    isResetting: state?.resetting === 1,
    lacksPass: state?.lacking === 1,
    hasUnsettled: state?.unsettled === 1,
  };
}

/**
 * The oldest facts that are not booked. Only the leader of capture writes them, one transaction after another, so none
 * with a lower id comes later.
 * Locks: none.
 * Reads: the primary key, in order.
 */
export async function readInbox(db: Database, limit: number): Promise<readonly InboxRow[]> {
  return await db
    .selectFrom("erpsync_stock_inbox")
    .select(["id", "committed_at as committedAt", "facts"])
    .orderBy("id")
    .limit(limit)
    .execute();
}

/**
 * Takes facts out of the inbox, in the transaction that books them. Returns how many were there: fewer than were read
 * means that another process is booking them.
 * Locks: X on the rows until the caller commits.
 * Reads: the primary key.
 */
export async function takeInbox(tx: Tx, ids: readonly number[]): Promise<number> {
  const result = await tx.deleteFrom("erpsync_stock_inbox").where("id", "in", ids).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/**
 * Puts a mark into the inbox and returns its id: the place of what does not come from the binlog.
 * Locks: the new row until the caller commits.
 * Reads: no table.
 */
export async function insertInboxMark(tx: Tx): Promise<number> {
  const result = await tx
    .insertInto("erpsync_stock_inbox")
    .values({ committed_at: utcNow, facts: "[]" })
    .executeTakeFirstOrThrow();
  return Number(result.insertId ?? 0);
}

const ROW_COLUMNS = [
  "id_stock_available",
  "id_product",
  "id_product_attribute",
  "id_shop",
  "id_shop_group",
  "managed",
  "opening",
  "opened_at",
  "opened_because",
  "position",
  "mvt_seen",
  "lines_after",
  "lines_order",
  "lines_at",
  "lines_from",
  "closed_at",
] as const;

/**
 * Rows of the ledger by id.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readLedgerRows(db: Database, ids: readonly number[]): Promise<readonly LedgerRow[]> {
  const rows = await db
    .selectFrom("erpsync_stock_row")
    .where("id_stock_available", "in", ids)
    .select(ROW_COLUMNS)
    .execute();
  return rows.map(ledgerRow);
}

interface RawRow {
  readonly id_stock_available: number;
  readonly id_product: number;
  readonly id_product_attribute: number;
  readonly id_shop: number;
  readonly id_shop_group: number;
  readonly managed: number;
  readonly opening: number;
  readonly opened_at: string;
  readonly opened_because: string;
  readonly position: number;
  readonly mvt_seen: number;
  readonly lines_after: number;
  readonly lines_order: number;
  readonly lines_at: string | null;
  readonly lines_from: number;
  readonly closed_at: string | null;
}

function ledgerRow(row: RawRow): LedgerRow {
  return {
    row: row.id_stock_available,
    product: row.id_product,
    combination: row.id_product_attribute,
    shop: row.id_shop,
    group: row.id_shop_group,
    managed: row.managed === 1,
    opening: row.opening,
    openedAt: row.opened_at,
    openedBecause: row.opened_because,
    position: row.position,
    lastDeclared: row.mvt_seen,
    linesAfter: row.lines_after,
    linesOrder: row.lines_order,
    linesAt: row.lines_at,
    linesFrom: row.lines_from,
    closedAt: row.closed_at,
  };
}

/**
 * Writes rows of the ledger as they are now; those that are new join. Those that are touched are not settled any more;
 * of the others that stays as it is.
 * Locks: X on the rows until the caller commits.
 * Reads: the primary key.
 */
export async function upsertLedgerRows(
  tx: Tx,
  rows: readonly LedgerRow[],
  touched: ReadonlySet<number> = NONE,
): Promise<void> {
  await tx
    .insertInto("erpsync_stock_row")
    .values(
      rows.map((row) => ({
        id_stock_available: row.row,
        id_product: row.product,
        id_product_attribute: row.combination,
        id_shop: row.shop,
        id_shop_group: row.group,
        managed: row.managed ? 1 : 0,
        opening: row.opening,
        opened_at: row.openedAt,
        opened_because: row.openedBecause,
        position: row.position,
        unsettled: touched.has(row.row) ? 1 : 0,
        unsettled_at: touched.has(row.row) ? utcNow : null,
        changed_at: utcNow,
        mvt_seen: row.lastDeclared,
        lines_after: row.linesAfter,
        lines_order: row.linesOrder,
        lines_at: row.linesAt,
        lines_from: row.linesFrom,
        closed_at: row.closedAt,
      })),
    )
    .onDuplicateKeyUpdate({
      id_product: sql`VALUES(id_product)`,
      id_product_attribute: sql`VALUES(id_product_attribute)`,
      id_shop: sql`VALUES(id_shop)`,
      id_shop_group: sql`VALUES(id_shop_group)`,
      managed: sql`VALUES(managed)`,
      position: sql`VALUES(position)`,
      lines_after: sql`VALUES(lines_after)`,
      lines_order: sql`VALUES(lines_order)`,
      lines_at: sql`VALUES(lines_at)`,
      lines_from: sql`VALUES(lines_from)`,
      closed_at: sql`VALUES(closed_at)`,
      // Assigned from left to right: the times first, while the flag is still what it was.
      unsettled_at: sql`IF(unsettled = 1, unsettled_at, VALUES(unsettled_at))`,
      changed_at: sql`IF(VALUES(unsettled) = 1, VALUES(changed_at), changed_at)`,
      unsettled: sql`GREATEST(unsettled, VALUES(unsettled))`,
    })
    .execute();
}

const NONE: ReadonlySet<number> = new Set();

/**
 * Marks rows as not settled: something of them was read that has to be attributed, and the row is not quiet.
 * Locks: X on the rows until the caller commits.
 * Reads: the primary key.
 */
export async function touchRows(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx
    .updateTable("erpsync_stock_row")
    // Assigned from left to right: the time first, while the flag is still what it was.
    .set({
      unsettled_at: sql<string>`IF(unsettled = 1, unsettled_at, UTC_TIMESTAMP(6))`,
      unsettled: 1,
      changed_at: utcNow,
    })
    .where("id_stock_available", "in", ids)
    .execute();
}

/**
 * Marks those of these rows as not settled from which a line has still to take something, or that have to get it back.
 * Locks: X on the rows until the caller commits.
 * Reads: the primary key; erpsync_stock_line_row (id_stock_available, owed), two ranges a row.
 */
export async function touchOwing(tx: Tx, ids: readonly number[]): Promise<void> {
  const row = sql.table("erpsync_stock_row");
  await sql`UPDATE ${row}
    SET unsettled_at = IF(unsettled = 1, unsettled_at, UTC_TIMESTAMP(6)), unsettled = 1, changed_at = UTC_TIMESTAMP(6)
    WHERE id_stock_available IN (${sql.join(ids)})
      AND EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_line")} l
        WHERE l.id_stock_available = ${row}.id_stock_available AND l.owed <> 0)`.execute(tx);
}

/**
 * Rows of these products that follow their combinations: the rows of the products themselves.
 * Locks: none.
 * Reads: erpsync_stock_row_product (id_product, id_product_attribute).
 */
export async function readParentRows(
  db: Database,
  products: readonly number[],
): Promise<readonly LedgerRow[]> {
  const rows = await db
    .selectFrom("erpsync_stock_row")
    .where("id_product", "in", products)
    .where("id_product_attribute", "=", 0)
    .where("closed_at", "is", null)
    .select(ROW_COLUMNS)
    .execute();
  return rows.map(ledgerRow);
}

/**
 * Open rows of products and combinations, in all shops.
 * Locks: none.
 * Reads: erpsync_stock_row_product (id_product, id_product_attribute), one range each.
 */
export async function readRowsOfSubjects(
  db: Database,
  subjects: readonly StockSubject[],
): Promise<readonly LedgerRow[]> {
  const rows = await db
    .selectFrom("erpsync_stock_row")
    .where(
      isPairOf(
        "id_product",
        "id_product_attribute",
        subjects.map(({ combination, product }) => [product, combination]),
      ),
    )
    .where("closed_at", "is", null)
    .select(ROW_COLUMNS)
    .execute();
  return rows.map(ledgerRow);
}

/**
 * Books movements.
 * Locks: the new rows until the caller commits.
 * Reads: erpsync_stock_movement_source, for the duplicate.
 */
export async function insertMovements(tx: Tx, movements: readonly NewMovement[]): Promise<void> {
  await tx
    .insertInto("erpsync_stock_movement")
    .values(
      movements.map((movement) => ({
        id_stock_available: movement.row,
        change_id: movement.changeId,
        delta: movement.delta,
        quantity_after: movement.after,
        cause: movement.cause,
        source: movement.source,
        id_order: movement.orderId,
        actor: movement.actor,
        committed_at: movement.committedAt,
        read_at: utcNow,
        explained_at: movement.cause === "pending" ? null : utcNow,
      })),
    )
    .execute();
}

/**
 * Our own writes by id, as the binlog told of them.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readOwnWrites(tx: Tx, ids: readonly number[]): Promise<readonly BookedWrite[]> {
  const rows = await tx
    .selectFrom("erpsync_stock_write")
    .where("id", "in", ids)
    .select(["id", "source", "id_stock_available as row", "delta", "cause", "id_order as orderId", "actor"])
    .execute();
  return rows.map((row) => ({ ...row, cause: row.cause as OwnCause }));
}

/**
 * Puts differences between the binlog's tale and what stood in the shop on record, one open a row.
 * Locks: X on the rows until the caller commits.
 * Reads: erpsync_stock_discrepancy_open (open_key), for the duplicate.
 */
export async function upsertBroken(
  tx: Tx,
  broken: readonly Broken[],
  reason: PassReason | "change",
): Promise<void> {
  await tx
    .insertInto("erpsync_stock_discrepancy")
    .values(
      broken.map(({ ledgerUnits, row, shopUnits }) => ({
        kind: "gap",
        open_key: `gap:${String(row)}`,
        id_stock_available: row,
        shop_units: shopUnits,
        ledger_units: ledgerUnits,
        detail: JSON.stringify({ units: shopUnits - ledgerUnits, cause: reason }),
        found_at: utcNow,
      })),
    )
    .onDuplicateKeyUpdate({
      shop_units: sql`VALUES(shop_units)`,
      ledger_units: sql`VALUES(ledger_units)`,
      detail: sql`VALUES(detail)`,
    })
    .execute();
}
