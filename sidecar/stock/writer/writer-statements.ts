import { sql } from "kysely";
import { type Database, type Tx, utcNow } from "../../platform/database.ts";
import type { LedgerPosition, LineMove, LockedRow, WriteRecord } from "./decide-writes.ts";

/**
 * The products that stock rows belong to.
 * Locks: none.
 * Reads: the primary key.
 */
export async function productsOfRows(
  db: Database,
  rows: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const found = await db
    .selectFrom("stock_available")
    .select(["id_stock_available", "id_product"])
    .where("id_stock_available", "in", rows)
    .execute();
  return new Map(found.map((row) => [row.id_stock_available, row.id_product]));
}

/**
 * How many stock rows products have, those of all shops and combinations.
 * Locks: none.
 * Reads: the shop's index on id_product, without the rows.
 */
export async function countStockRows(
  db: Database,
  products: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const found = await db
    .selectFrom("stock_available")
    .select(["id_product", sql<number>`COUNT(*)`.as("rows")])
    .where("id_product", "in", products)
    .groupBy("id_product")
    .execute();
  return new Map(found.map((row) => [row.id_product, row.rows]));
}

/**
 * Tries to take named locks in the order given; true for each that this connection now has. Only a single one may be
 * waited for: who waits while holding others could wait for ever.
 * Locks: the named locks, no row.
 * Reads: no table.
 */
export async function takeProductLocks(
  connection: Database,
  names: readonly string[],
  waitSeconds: number,
): Promise<readonly boolean[]> {
  const columns = names.map(
    (name, index) => sql`GET_LOCK(${name}, ${waitSeconds}) AS ${sql.ref(`l${String(index)}`)}`,
  );
  const { rows } = await sql<Record<string, number | null>>`SELECT ${sql.join(columns)}`.execute(connection);
  return names.map((_, index) => rows[0]?.[`l${String(index)}`] === 1);
}

/**
 * Gives named locks back, these and no others.
 * Locks: frees the named locks.
 * Reads: no table.
 */
export async function freeProductLocks(connection: Database, names: readonly string[]): Promise<void> {
  const columns = names.map((name, index) => sql`RELEASE_LOCK(${name}) AS ${sql.ref(`l${String(index)}`)}`);
  await sql`SELECT ${sql.join(columns)}`.execute(connection);
}

/**
 * Whether writing is stopped, as the database says. A stop that is being written is waited for.
 * Locks: S on the one row of erpsync_identity, until the caller commits.
 * Reads: the primary key.
 */
export async function isStockWritingStopped(tx: Tx): Promise<boolean> {
  const row = await tx
    .selectFrom("erpsync_identity")
    .where("id", "=", 1)
    .select("stopped_code")
    .modifyEnd(sql`LOCK IN SHARE MODE`)
    .executeTakeFirst();
  return row !== undefined && row.stopped_code !== null;
}

/**
 * The stock rows of products that nobody else holds. Who waited here could deadlock with a statement of the shop that
 * writes several products at once, and it might be the shop's that the server sacrifices.
 * Locks: X on the rows returned until the caller commits; rows that another holds are skipped, never waited for.
 * Reads: the shop's index on id_product.
 */
export async function lockStockRows(tx: Tx, products: readonly number[]): Promise<readonly LockedRow[]> {
  const rows = await tx
    .selectFrom("stock_available")
    .select([
      "id_stock_available as row",
      "id_product as product",
      "id_product_attribute as combination",
      "id_shop as shop",
      "id_shop_group as group",
      "quantity",
      "depends_on_stock",
    ])
    .where("id_product", "in", products)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(({ depends_on_stock, ...row }) => ({ ...row, managed: depends_on_stock === 0 }));
}

/**
 * The ledger's positions of open rows.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readPositions(
  tx: Tx,
  rows: readonly number[],
): Promise<ReadonlyMap<number, LedgerPosition>> {
  const found = await tx
    .selectFrom("erpsync_stock_row")
    .select(["id_stock_available", "position", "unsettled"])
    .where("id_stock_available", "in", rows)
    .where("closed_at", "is", null)
    .execute();
  return new Map(
    found.map((row) => [
      row.id_stock_available,
      { position: row.position, isUnsettled: row.unsettled !== 0 },
    ]),
  );
}

/**
 * Sources that were written before, with the ids of their records; 0 where the ledger booked the shop's own change
 * for one.
 * Locks: none.
 * Reads: erpsync_stock_write_source and erpsync_stock_movement_source, covering.
 */
export async function findSources(
  db: Database,
  sources: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = await db
    .selectFrom("erpsync_stock_movement")
    .where("source", "in", sources)
    .select(["source", sql<number>`CAST(0 AS UNSIGNED)`.as("id")])
    .unionAll(db.selectFrom("erpsync_stock_write").where("source", "in", sources).select(["source", "id"]))
    .execute();
  // A write that the ledger has booked is in both, and its record counts.
  const ids = new Map<string, number>();
  for (const { source, id } of found)
    if (source !== null) ids.set(source, Math.max(id, ids.get(source) ?? 0));
  return ids;
}

/**
 * Records writes, in the transaction that makes them.
 * Locks: the new rows until the caller commits; a source that another is just writing is waited for.
 * Reads: erpsync_stock_write_source, for the duplicate.
 */
export async function insertWrites(tx: Tx, records: readonly WriteRecord[]): Promise<void> {
  await tx
    .insertInto("erpsync_stock_write")
    .values(
      records.map((record) => ({
        source: record.source,
        id_stock_available: record.row,
        delta: record.delta,
        quantity_after: record.quantityAfter,
        cause: record.cause,
        id_order: record.orderId,
        actor: record.actor.slice(0, 96),
        reason: record.reason,
        undoes: record.undoes,
        at: utcNow,
      })),
    )
    .execute();
}

/**
 * Moves stock rows by these units; the shop's physical quantity follows.
 * Locks: X on the rows, which the caller holds already.
 * Reads: the primary key.
 */
export async function moveQuantities(tx: Tx, changes: ReadonlyMap<number, number>): Promise<void> {
  const cases = [...changes].map(([row, delta]) => sql`WHEN ${row} THEN ${delta}`);
  await tx
    .updateTable("stock_available")
    // Both servers assign from left to right: the second reads what the first has set.
    .set({
      quantity: sql<number>`quantity + CASE id_stock_available ${sql.join(cases, sql` `)} ELSE 0 END`,
      physical_quantity: sql<number>`quantity + reserved_quantity`,
    })
    .where("id_stock_available", "in", [...changes.keys()])
    .execute();
}

/**
 * Notes at order lines what was moved for them.
 * Locks: X on the lines' rows until the caller commits.
 * Reads: the primary key, one range a line.
 */
export async function moveLines(tx: Tx, lines: readonly LineMove[]): Promise<void> {
  const cases = lines.map(
    ({ detail, row, delta }) =>
      sql`WHEN id_order_detail = ${detail} AND id_stock_available = ${row} THEN ${delta}`,
  );
  await tx
    .updateTable("erpsync_stock_line")
    .set({
      moved: sql<number>`moved + CASE ${sql.join(cases, sql` `)} ELSE 0 END`,
      owed: sql<number>`units + moved + settled`,
      changed_at: utcNow,
    })
    .where((eb) =>
      eb.or(
        lines.map(({ detail, row }) =>
          eb("id_order_detail", "=", detail).and("id_stock_available", "=", row),
        ),
      ),
    )
    .execute();
}

/**
 * Asks for these rows to be announced to the shop; one that waits already begins anew.
 * Locks: X on the rows of the announcements until the caller commits.
 * Reads: the primary key.
 */
export async function askAnnouncements(tx: Tx, rows: readonly number[]): Promise<void> {
  await tx
    .insertInto("erpsync_stock_announcement")
    .values(rows.map((row) => ({ id_stock_available: row, attempts: 0, run_at: utcNow })))
    .onDuplicateKeyUpdate({ attempts: 0, run_at: utcNow })
    .execute();
}
