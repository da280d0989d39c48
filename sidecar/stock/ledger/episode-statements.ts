import { sql } from "kysely";
import type { StockRowKeys } from "../../domain/stock.ts";
import type { Database, Tx } from "../../platform/database.ts";
import type { LineCause } from "./decide-lines.ts";

/** Of a table that grows for ever only so many of the newest entries are looked at for what happened lately. */
const LATELY_ROWS = 50_000;
/** Outbox rows that nobody has ingested yet and that may tell of what is open now. */
const OUTBOX_ROWS = 2_000;

/** A row of the ledger as it stands under our lock. */
export interface OpenRow extends StockRowKeys {
  readonly managed: boolean;
  readonly position: number;
  readonly isClosed: boolean;
  readonly isUnsettled: boolean;
  /** Nothing of it was read for so long. */
  readonly isQuiet: boolean;
  /** It has been open for so long, though it is never quiet. */
  readonly isOverdue: boolean;
  readonly lastDeclared: number;
  readonly linesAfter: number;
  readonly linesOrder: number;
  readonly linesAt: string | null;
}

/**
 * Rows of the ledger, for who is going to settle them.
 * Locks: X on the rows until the caller commits; in ascending order, so that two callers cannot deadlock.
 * Reads: the primary key.
 */
export async function lockOpenRows(
  tx: Tx,
  ids: readonly number[],
  { overdueMs, quietMs }: { readonly overdueMs: number; readonly quietMs: number },
): Promise<readonly OpenRow[]> {
  const before = (ms: number) => sql<string>`UTC_TIMESTAMP(6) - INTERVAL ${ms * 1_000} MICROSECOND`;
  const rows = await tx
    .selectFrom("erpsync_stock_row")
    .where("id_stock_available", "in", ids)
    .orderBy("id_stock_available")
    .select(["id_stock_available", "id_product", "id_product_attribute", "id_shop", "id_shop_group"])
    .select(["managed", "position", "closed_at", "unsettled", "mvt_seen"])
    .select(["lines_after", "lines_order", "lines_at"])
    .select(sql<number>`changed_at <= ${before(quietMs)}`.as("is_quiet"))
    .select(sql<number>`COALESCE(unsettled_at <= ${before(overdueMs)}, 0)`.as("is_overdue"))
    .forUpdate()
    .execute();
  return rows.map((row) => ({
    row: row.id_stock_available,
    product: row.id_product,
    combination: row.id_product_attribute,
    shop: row.id_shop,
    group: row.id_shop_group,
    managed: row.managed === 1,
    position: row.position,
    isClosed: row.closed_at !== null,
    isUnsettled: row.unsettled === 1,
    isQuiet: row.is_quiet === 1,
    isOverdue: row.is_overdue === 1,
    lastDeclared: row.mvt_seen,
    linesAfter: row.lines_after,
    linesOrder: row.lines_order,
    linesAt: row.lines_at,
  }));
}

/**
 * What the shop has of rows now; a row that is gone is left out.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readQuantities(tx: Tx, rows: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const found = await tx
    .selectFrom("stock_available")
    .where("id_stock_available", "in", rows)
    .select(["id_stock_available as row", "quantity"])
    .execute();
  return new Map(found.map(({ quantity, row }) => [row, quantity]));
}

/** A movement that may still be attributed. */
export interface OpenMovement {
  readonly id: number;
  readonly row: number;
  readonly changeId: number;
  readonly delta: number;
  readonly after: number;
  readonly ageMs: number;
  readonly committedAt: string;
  readonly readAt: string;
}

const ageMs = (column: "read_at" | "changed_at") =>
  sql<string>`TIMESTAMPDIFF(MICROSECOND, ${sql.ref(column)}, UTC_TIMESTAMP(6)) / 1000`;

const MOVEMENT = [
  "id",
  "id_stock_available as row",
  "change_id as changeId",
  "delta",
  "quantity_after as after",
  "committed_at as committedAt",
  "read_at as readAt",
] as const;

/**
 * Movements without a cause, row by row in the order of the binlog.
 * Locks: none.
 * Reads: erpsync_stock_movement_cause (cause, id_stock_available, id), one range a row, in order.
 */
export async function readPending(
  tx: Tx,
  rows: readonly number[],
  limit: number,
): Promise<readonly OpenMovement[]> {
  const found = await tx
    .selectFrom("erpsync_stock_movement")
    .where("cause", "=", "pending")
    .where("id_stock_available", "in", rows)
    .orderBy("id_stock_available")
    .orderBy("id")
    .limit(limit)
    .select(MOVEMENT)
    .select(ageMs("read_at").as("ageMs"))
    .execute();
  return found.map((row) => ({ ...row, ageMs: Number(row.ageMs) }));
}

/** Adopted changes of one look that may still find their cause; a row that a script writes has them by thousands. */
const LATE_MAX = 500;

/** The id from which on the newest entries of the ledger's movements are; for what happened lately. */
const latelyMovement = (rows: number) =>
  sql<number>`(SELECT COALESCE(MAX(l.id), 0) - ${rows} FROM ${sql.table("erpsync_stock_movement")} l)`;

/**
 * Movements that were adopted as unexplained within the last minute, the newest of them.
 * Locks: none.
 * Reads: erpsync_stock_movement_cause (cause, id_stock_available, id), the newest part of one range a row.
 */
export async function readLate(tx: Tx, rows: readonly number[]): Promise<readonly OpenMovement[]> {
  const found = await tx
    .selectFrom("erpsync_stock_movement")
    .where("cause", "=", "unexplained")
    .where("id_stock_available", "in", rows)
    .where("id", ">", latelyMovement(LATELY_ROWS))
    .where("read_at", ">", sql<string>`UTC_TIMESTAMP(6) - INTERVAL 60 SECOND`)
    .orderBy("id", "desc")
    .limit(LATE_MAX)
    .select(MOVEMENT)
    .select(ageMs("read_at").as("ageMs"))
    .execute();
  return found.map((row) => ({ ...row, ageMs: Number(row.ageMs) })).reverse();
}

/**
 * What stale writes threw away and no repair has put back.
 * Locks: none.
 * Reads: erpsync_stock_movement_cause, one range a row; erpsync_stock_write_source, one look each.
 */
export async function readLosses(
  tx: Tx,
  rows: readonly number[],
): Promise<
  readonly {
    readonly row: number;
    readonly movementId: number;
    readonly delta: number;
    readonly ageMs: number;
  }[]
> {
  const found = await sql<{ row: number; movementId: number; delta: number; ageMs: string }>`
    SELECT m.id_stock_available AS ${sql.ref("row")}, m.id AS movementId, m.delta,
      TIMESTAMPDIFF(MICROSECOND, m.read_at, UTC_TIMESTAMP(6)) / 1000 AS ageMs
    FROM ${sql.table("erpsync_stock_movement")} m
    WHERE m.cause = 'overwrite' AND m.id_stock_available IN (${sql.join(rows)})
      AND NOT EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_write")} w
        WHERE w.source = CONVERT(CONCAT('repair:', m.id) USING ascii))
    ORDER BY m.id`.execute(tx);
  return found.rows.map((row) => ({ ...row, ageMs: Number(row.ageMs) }));
}

/** A line that owes units, or is owed some. */
export interface OpenLine {
  readonly detailId: number;
  readonly row: number;
  readonly orderId: number;
  readonly owed: number;
  readonly whole: number;
  readonly cause: LineCause;
  readonly changeId: number;
  readonly isAnnounced: boolean;
  readonly isDoubtful: boolean;
  /** No movement of it was ever booked or dropped. */
  readonly isNew: boolean;
  readonly firstSeenAt: string;
  readonly ageMs: number;
}

/**
 * Lines that owe something, or are owed it, row by row.
 * Locks: none.
 * Reads: erpsync_stock_line_row (id_stock_available, owed), two ranges a row.
 */
export async function readOwedLines(
  tx: Tx,
  rows: readonly number[],
  limit: number,
): Promise<readonly OpenLine[]> {
  const found = await tx
    .selectFrom("erpsync_stock_line")
    .where("id_stock_available", "in", rows)
    .where("owed", "<>", 0)
    .orderBy("id_stock_available")
    .limit(limit)
    .select(["id_order_detail as detailId", "id_stock_available as row", "id_order as orderId", "owed"])
    .select(["whole", "cause", "change_id as changeId", "announced", "doubtful", "moved", "settled"])
    .select("first_seen_at as firstSeenAt")
    .select(ageMs("changed_at").as("ageMs"))
    .execute();
  return found
    .map(({ announced, doubtful, moved, settled, ...line }) => ({
      ...line,
      cause: line.cause as LineCause,
      isAnnounced: announced === 1,
      isDoubtful: doubtful === 1,
      isNew: moved === 0 && settled === 0,
      ageMs: Number(line.ageMs),
    }))
    .sort((a, b) => a.changeId - b.changeId || a.detailId - b.detailId);
}

/**
 * Lines that owe nothing and that changed within the last minute.
 * Locks: none.
 * Reads: erpsync_stock_line_changed (id_stock_available, changed_at), one range a row.
 */
export async function readPassingLines(
  tx: Tx,
  rows: readonly number[],
  limit: number,
): Promise<
  readonly {
    readonly row: number;
    readonly detailId: number;
    readonly orderId: number;
    readonly units: number;
  }[]
> {
  return await tx
    .selectFrom("erpsync_stock_line")
    .where("id_stock_available", "in", rows)
    .where("changed_at", ">", sql<string>`UTC_TIMESTAMP(6) - INTERVAL 60 SECOND`)
    .where("owed", "=", 0)
    .limit(limit)
    .select(["id_stock_available as row", "id_order_detail as detailId", "id_order as orderId"])
    .select("whole as units")
    .execute();
}

/**
 * Orders whose placing the module told of. Both its outbox and what was ingested of it are looked at in one statement,
 * so that an event on its way from the one to the other is not missed.
 * Locks: none.
 * Reads: erpsync_event_subject (subject, occurred_at); the newest rows of the outbox by primary key.
 */
export async function readAnnounced(db: Database, orderIds: readonly number[]): Promise<ReadonlySet<number>> {
  const subjects = orderIds.map((id) => `order:${String(id)}`);
  const { rows } = await sql<{ subject: string }>`
    SELECT subject FROM ${sql.table("erpsync_event")}
    WHERE subject IN (${sql.join(subjects)}) AND type = 'order.placed'
    UNION SELECT o.subject FROM (SELECT subject, type FROM ${sql.table("erpsync_outbox")}
      ORDER BY id DESC LIMIT ${OUTBOX_ROWS}) o
    WHERE o.type = 'order.placed' AND o.subject IN (${sql.join(subjects)})`.execute(db);
  return new Set(rows.map(({ subject }) => Number(subject.slice("order:".length))));
}

/** A row of `stock_mvt`. */
export interface DeclaredMovement {
  readonly id: number;
  readonly row: number;
  readonly delta: number;
  readonly orderId: number | null;
  readonly employee: number;
}

/**
 * Movements that the shop declared of rows after those that were considered.
 * Locks: none.
 * Reads: stock_mvt by its index on id_stock, whose entries are in the order of the primary key; one range a row.
 */
export async function readDeclaredMovements(
  tx: Tx,
  after: ReadonlyMap<number, number>,
): Promise<readonly DeclaredMovement[]> {
  const rows = await tx
    .selectFrom("stock_mvt")
    .where((eb) =>
      eb.or([...after].map(([row, seen]) => eb("id_stock", "=", row).and("id_stock_mvt", ">", seen))),
    )
    .orderBy("id_stock_mvt")
    .select(["id_stock_mvt", "id_stock", "id_order", "id_employee", "physical_quantity", "sign"])
    .execute();
  return rows.map((row) => ({
    id: row.id_stock_mvt,
    row: row.id_stock,
    // The sign is right where the reason is not (PrestaShop 8.2.1).
    delta: row.physical_quantity * row.sign,
    orderId: row.id_order,
    employee: row.id_employee,
  }));
}

/** An event of the module that tells of a stock movement. */
export interface DeclaredEvent {
  readonly eventId: string;
  readonly subject: string;
  readonly payload: string | null;
}

/**
 * What the module told of these subjects since a time; its outbox and what was ingested of it, in one statement.
 * Locks: none.
 * Reads: erpsync_event_subject (subject, occurred_at), one range each; the newest rows of the outbox by primary key.
 */
export async function readDeclaredEvents(
  tx: Tx,
  subjects: readonly string[],
  since: string,
): Promise<readonly DeclaredEvent[]> {
  const { rows } = await sql<DeclaredEvent>`
    SELECT event_id AS eventId, subject, payload FROM ${sql.table("erpsync_event")}
    WHERE subject IN (${sql.join(subjects)}) AND occurred_at >= ${since} AND type = 'stock.moved'
    UNION SELECT o.event_id, o.subject, o.payload
    FROM (SELECT event_id, type, subject, occurred_at, payload FROM ${sql.table("erpsync_outbox")}
      ORDER BY id DESC LIMIT ${OUTBOX_ROWS}) o
    WHERE o.type = 'stock.moved' AND o.subject IN (${sql.join(subjects)}) AND o.occurred_at >= ${since}`.execute(
    tx,
  );
  return rows;
}

/**
 * Which of these sources have a movement already.
 * Locks: none.
 * Reads: erpsync_stock_movement_source, covering.
 */
export async function readBookedSources(tx: Tx, sources: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx
    .selectFrom("erpsync_stock_movement")
    .where("source", "in", sources)
    .select("source")
    .execute();
  return new Set(rows.flatMap(({ source }) => (source === null ? [] : [source])));
}

/** A movement that we made for a line because the shop had not, lately. */
export interface OwnSaleRow {
  readonly writeId: number;
  readonly row: number;
  readonly delta: number;
  readonly orderId: number;
  /** The shop made it too, and ours is to be taken back. */
  readonly hasTwin: boolean;
  readonly ageMs: number;
}

/**
 * Sales that we booked ourselves within the last hour for orders that no hook announced, and that were not taken back.
 * Locks: none.
 * Reads: erpsync_stock_write_row (id_stock_available, id), the newest part of one range a row; erpsync_stock_write_undoes,
 * erpsync_stock_line_order and erpsync_stock_movement_source, one look each.
 */
export async function readOwnSales(tx: Tx, rows: readonly number[]): Promise<readonly OwnSaleRow[]> {
  const write = sql.table("erpsync_stock_write");
  const { rows: found } = await sql<Omit<OwnSaleRow, "hasTwin" | "ageMs"> & { twin: number; ageMs: string }>`
    SELECT w.id AS writeId, w.id_stock_available AS ${sql.ref("row")}, w.delta, w.id_order AS orderId,
      TIMESTAMPDIFF(MICROSECOND, w.at, UTC_TIMESTAMP(6)) / 1000 AS ageMs,
      EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_movement")} t
        WHERE t.source = CONVERT(CONCAT('twin:', w.id) USING ascii)) AS twin
    FROM ${write} w
    WHERE w.id_stock_available IN (${sql.join(rows)}) AND w.cause = 'sale' AND w.id_order IS NOT NULL
      AND w.id > (SELECT COALESCE(MAX(l.id), 0) - ${LATELY_ROWS} FROM ${write} l)
      AND w.at > UTC_TIMESTAMP(6) - INTERVAL 1 HOUR
      AND NOT EXISTS (SELECT 1 FROM ${write} u WHERE u.undoes = w.id)
      AND EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_line")} o
        WHERE o.id_order = w.id_order AND o.id_stock_available = w.id_stock_available AND o.announced = 0)`.execute(
    tx,
  );
  return found.map(({ twin, ...sale }) => ({ ...sale, ageMs: Number(sale.ageMs), hasTwin: twin === 1 }));
}

/**
 * How many times rows were repaired within the last minute; what was repaired at once is one time.
 * Locks: none.
 * Reads: erpsync_stock_write_row (id_stock_available, id), the newest part of one range a row.
 */
export async function countRepairs(tx: Tx, rows: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const write = sql.table("erpsync_stock_write");
  const { rows: found } = await sql<{ row: number; repairs: number }>`
    SELECT w.id_stock_available AS ${sql.ref("row")}, COUNT(DISTINCT w.at) AS repairs
    FROM ${write} w
    WHERE w.id_stock_available IN (${sql.join(rows)}) AND w.cause = 'repair'
      AND w.id > (SELECT COALESCE(MAX(l.id), 0) - ${LATELY_ROWS} FROM ${write} l)
      AND w.at > UTC_TIMESTAMP(6) - INTERVAL 60 SECOND
    GROUP BY w.id_stock_available`.execute(tx);
  return new Map(found.map(({ repairs, row }) => [row, repairs]));
}

/** What the combinations of a product come to in one shop, or in one group that shares its stock. */
export interface FamilySum {
  readonly product: number;
  readonly shop: number;
  readonly group: number;
  readonly units: number;
}

/**
 * The sums of products' combinations, as the ledger has them.
 * Locks: none.
 * Reads: erpsync_stock_row_product (id_product, id_product_attribute), one range a product.
 */
export async function sumCombinations(tx: Tx, products: readonly number[]): Promise<readonly FamilySum[]> {
  const rows = await tx
    .selectFrom("erpsync_stock_row")
    .where("id_product", "in", products)
    .where("id_product_attribute", ">", 0)
    .where("closed_at", "is", null)
    .groupBy(["id_product", "id_shop", "id_shop_group"])
    .select(["id_product as product", "id_shop as shop", "id_shop_group as group"])
    .select(({ fn }) => fn.sum<string>("position").as("units"))
    .execute();
  return rows.map((row) => ({ ...row, units: Number(row.units) }));
}

/**
 * The place of the last change of each row that was read.
 * Locks: none.
 * Reads: erpsync_stock_movement_row (id_stock_available, id), the last entry of each row.
 */
export async function readLastChanges(tx: Tx, rows: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const movement = sql.table("erpsync_stock_movement");
  const { rows: found } = await sql<{ row: number; changeId: number | null }>`
    SELECT r.id_stock_available AS ${sql.ref("row")}, (SELECT m.change_id FROM ${movement} m
      WHERE m.id_stock_available = r.id_stock_available ORDER BY m.id DESC LIMIT 1) AS changeId
    FROM ${sql.table("erpsync_stock_row")} r WHERE r.id_stock_available IN (${sql.join(rows)})`.execute(tx);
  return new Map(found.map(({ changeId, row }) => [row, changeId ?? 0]));
}

/**
 * Quantities that a row had before one of its movements, the latest last; at most `limit` of them.
 * Locks: none.
 * Reads: erpsync_stock_movement_row (id_stock_available, id), backwards, `limit` entries a row.
 */
export async function readEarlier(
  tx: Tx,
  before: ReadonlyMap<number, number>,
  limit: number,
): Promise<readonly { readonly row: number; readonly after: number; readonly delta: number }[]> {
  const parts = [...before].map(
    ([
      row,
      id,
    ]) => sql`(SELECT id, id_stock_available AS ${sql.ref("row")}, quantity_after AS ${sql.ref("after")}, delta
      FROM ${sql.table("erpsync_stock_movement")}
      WHERE id_stock_available = ${row} AND id < ${id} ORDER BY id DESC LIMIT ${limit})`,
  );
  const { rows } = await sql<{ row: number; after: number; delta: number }>`
    SELECT e.* FROM (${sql.join(parts, sql` UNION ALL `)}) e ORDER BY e.id`.execute(tx);
  return rows;
}
