import { sql } from "kysely";
import type { DiscrepancyKind, StockCause } from "../../domain/stock.ts";
import { type Database, type Tx, utcNow } from "../../platform/database.ts";
import type { FindingDetail } from "./decide-findings.ts";

/** A movement, or a part of one, with the cause that was found for it. */
export interface ExplainedPart {
  /** The movement that it is, or is a part of. */
  readonly id: number;
  readonly row: number;
  readonly changeId: number;
  readonly delta: number;
  readonly after: number;
  readonly cause: StockCause;
  readonly source: string | null;
  readonly orderId: number | null;
  readonly actor: string | null;
  readonly committedAt: string;
  readonly readAt: string;
}

const columnsOf = (part: ExplainedPart) => ({
  id_stock_available: part.row,
  change_id: part.changeId,
  delta: part.delta,
  quantity_after: part.after,
  cause: part.cause,
  source: part.source,
  id_order: part.orderId,
  actor: part.actor,
  committed_at: part.committedAt,
  read_at: part.readAt,
  explained_at: utcNow,
});

/**
 * Gives movements their causes.
 * Locks: X on the movements until the caller commits.
 * Reads: the primary key.
 */
export async function explainMovements(tx: Tx, movements: readonly ExplainedPart[]): Promise<void> {
  await tx
    .insertInto("erpsync_stock_movement")
    .values(movements.map((movement) => ({ id: movement.id, ...columnsOf(movement) })))
    .onDuplicateKeyUpdate({
      delta: sql`VALUES(delta)`,
      cause: sql`VALUES(cause)`,
      source: sql`VALUES(source)`,
      id_order: sql`VALUES(id_order)`,
      actor: sql`VALUES(actor)`,
      explained_at: utcNow,
    })
    .execute();
}

/**
 * Books further parts of changes; a source that has its movement already is an error.
 * Locks: the new rows until the caller commits.
 * Reads: erpsync_stock_movement_source, for the duplicate.
 */
export async function insertParts(tx: Tx, parts: readonly ExplainedPart[]): Promise<void> {
  await tx.insertInto("erpsync_stock_movement").values(parts.map(columnsOf)).execute();
}

/**
 * Notes that the module told of these orders.
 * Locks: X on the orders' lines.
 * Reads: erpsync_stock_line_order (id_order).
 */
export async function noteAnnounced(tx: Tx, orderIds: readonly number[]): Promise<void> {
  await tx
    .updateTable("erpsync_stock_line")
    .set({ announced: 1 })
    .where("id_order", "in", orderIds)
    .where("announced", "=", 0)
    .execute();
}

/**
 * Marks rows as settled.
 * Locks: X on the rows, which the caller holds already.
 * Reads: the primary key.
 */
export async function markSettled(tx: Tx, rows: readonly number[]): Promise<void> {
  await tx
    .updateTable("erpsync_stock_row")
    .set({ unsettled: 0, unsettled_at: null })
    .where("id_stock_available", "in", rows)
    .execute();
}

/**
 * Notes how far rows of `stock_mvt` have been considered.
 * Locks: X on the rows, which the caller holds already.
 * Reads: the primary key.
 */
export async function noteDeclared(tx: Tx, seen: ReadonlyMap<number, number>): Promise<void> {
  const cases = [...seen].map(([row, id]) => sql`WHEN ${row} THEN ${id}`);
  await tx
    .updateTable("erpsync_stock_row")
    .set({
      mvt_seen: sql<number>`GREATEST(mvt_seen, CASE id_stock_available ${sql.join(cases, sql` `)} ELSE 0 END)`,
    })
    .where("id_stock_available", "in", [...seen.keys()])
    .execute();
}

/**
 * Leaves a row that another stock management keeps to it; its changes are booked and never written.
 * Locks: X on the rows.
 * Reads: the primary keys.
 */
export async function noteUnmanaged(db: Database, rows: readonly number[]): Promise<void> {
  await sql`UPDATE ${sql.table("erpsync_stock_row")} r
    JOIN ${sql.table("stock_available")} s ON s.id_stock_available = r.id_stock_available
    SET r.managed = 1 - LEAST(s.depends_on_stock, 1)
    WHERE r.id_stock_available IN (${sql.join(rows)})`.execute(db);
}

/** Something for a person, as it stands on record while it is open. */
export interface OpenFinding {
  readonly row: number;
  readonly kind: DiscrepancyKind;
  readonly ledgerUnits: number | null;
  readonly detail: FindingDetail;
}

const keyOf = (row: number, kind: DiscrepancyKind): string => `${kind}:${String(row)}`;

/**
 * What is open of these kinds about rows.
 * Locks: none.
 * Reads: erpsync_stock_discrepancy_open (open_key), one look a row and kind.
 */
export async function readOpenFindings(
  tx: Tx,
  wanted: readonly { readonly row: number; readonly kind: DiscrepancyKind }[],
): Promise<readonly { readonly row: number; readonly kind: string; readonly detail: string }[]> {
  return await tx
    .selectFrom("erpsync_stock_discrepancy")
    .where(
      "open_key",
      "in",
      wanted.map(({ kind, row }) => keyOf(row, kind)),
    )
    .select(["id_stock_available as row", "kind", "detail"])
    .execute();
}

/**
 * Puts findings on record. One that is open already gets the new figures and stays as old as it is.
 * Locks: X on the rows until the caller commits.
 * Reads: erpsync_stock_discrepancy_open (open_key), for the duplicate.
 */
export async function upsertFindings(tx: Tx, findings: readonly OpenFinding[]): Promise<void> {
  await tx
    .insertInto("erpsync_stock_discrepancy")
    .values(
      findings.map(({ detail, kind, ledgerUnits, row }) => ({
        kind,
        open_key: keyOf(row, kind),
        id_stock_available: row,
        ledger_units: ledgerUnits,
        detail: JSON.stringify(detail),
        found_at: utcNow,
        resolved_at: null,
      })),
    )
    .onDuplicateKeyUpdate({ ledger_units: sql`VALUES(ledger_units)`, detail: sql`VALUES(detail)` })
    .execute();
}

/**
 * Ends findings that went by themselves. Returns how many were open.
 * Locks: X on the rows.
 * Reads: erpsync_stock_discrepancy_open (open_key), one look each.
 */
export async function endFindings(
  tx: Tx,
  ended: readonly { readonly row: number; readonly kind: DiscrepancyKind }[],
): Promise<number> {
  const result = await tx
    .updateTable("erpsync_stock_discrepancy")
    .set({ open_key: null, resolved_at: utcNow, resolution: "passed" })
    .where(
      "open_key",
      "in",
      ended.map(({ kind, row }) => keyOf(row, kind)),
    )
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * How rows are sold when they are empty: 0 denied, 1 allowed, 2 as the shop says.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readOutOfStock(tx: Tx, rows: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const found = await tx
    .selectFrom("stock_available")
    .where("id_stock_available", "in", rows)
    .select(["id_stock_available", "out_of_stock"])
    .execute();
  return new Map(found.map((row) => [row.id_stock_available, row.out_of_stock]));
}

/**
 * The lines that took from a row last, the latest first.
 * Locks: none.
 * Reads: erpsync_stock_line_changed (id_stock_available, changed_at), backwards, `limit` entries.
 */
export async function readLatestLines(
  tx: Tx,
  row: number,
  limit: number,
): Promise<readonly { readonly orderId: number; readonly detailId: number; readonly units: number }[]> {
  const rows = await tx
    .selectFrom("erpsync_stock_line")
    .where("id_stock_available", "=", row)
    .orderBy("changed_at", "desc")
    .limit(limit)
    .select(["id_order as orderId", "id_order_detail as detailId", "units"])
    .execute();
  return rows.filter(({ units }) => units > 0).sort((a, b) => b.detailId - a.detailId);
}

/** A row that is not settled, and how long until it has been quiet for long enough; 0 or less where it has. */
export interface DueRow {
  readonly row: number;
  readonly inMs: number;
}

/**
 * Rows that are not settled, those that have been quiet for longest first.
 * Locks: none.
 * Reads: erpsync_stock_row_unsettled (unsettled, changed_at), in order.
 */
export async function readUnsettled(
  db: Database,
  quietMs: number,
  except: readonly number[],
  limit: number,
): Promise<readonly DueRow[]> {
  let query = db
    .selectFrom("erpsync_stock_row")
    .where("unsettled", "=", 1)
    .orderBy("changed_at")
    .limit(limit)
    .select("id_stock_available as row")
    .select(
      sql<string>`${quietMs} - TIMESTAMPDIFF(MICROSECOND, changed_at, UTC_TIMESTAMP(6)) / 1000`.as("inMs"),
    );
  if (except.length > 0) query = query.where("id_stock_available", "not in", [...except]);
  const rows = await query.execute();
  return rows.map(({ inMs, row }) => ({ row, inMs: Number(inMs) }));
}

/**
 * Rows that have not been settled for so long, though they may never be quiet.
 * Locks: none.
 * Reads: erpsync_stock_row_unsettled (unsettled, changed_at), all that are not settled.
 */
export async function readOverdue(
  db: Database,
  overdueMs: number,
  except: readonly number[],
  limit: number,
): Promise<readonly number[]> {
  let query = db
    .selectFrom("erpsync_stock_row")
    .where("unsettled", "=", 1)
    .where("unsettled_at", "<=", sql<string>`UTC_TIMESTAMP(6) - INTERVAL ${overdueMs * 1_000} MICROSECOND`)
    .limit(limit)
    .select("id_stock_available as row");
  if (except.length > 0) query = query.where("id_stock_available", "not in", [...except]);
  return (await query.execute()).map(({ row }) => row);
}

/**
 * How many rows are not settled, and what is open for people by kind; for gauges.
 * Locks: none.
 * Reads: erpsync_stock_row_unsettled and erpsync_stock_discrepancy_open, as far as something is open.
 */
export async function countOpen(
  db: Database,
): Promise<{ readonly unsettled: number; readonly findings: ReadonlyMap<string, number> }> {
  const { rows } = await sql<{ kind: string; n: number }>`
    SELECT '' AS kind, COUNT(*) AS n FROM ${sql.table("erpsync_stock_row")} WHERE unsettled = 1
    UNION ALL SELECT kind, COUNT(*) FROM ${sql.table("erpsync_stock_discrepancy")}
    WHERE open_key IS NOT NULL GROUP BY kind`.execute(db);
  return {
    unsettled: rows.find(({ kind }) => kind === "")?.n ?? 0,
    findings: new Map(rows.filter(({ kind }) => kind !== "").map(({ kind, n }) => [kind, n])),
  };
}
