import type { World } from "./world.ts";

/** A row that the ledger knows, put there as it would have been opened; the shop's row is set to `position`. */
export interface LedgerRow {
  readonly product: number;
  readonly combination?: number;
  readonly opening: number;
  readonly position?: number;
  readonly unsettled?: boolean;
  /** Seconds since the ledger last read something of it; an hour unless told. */
  readonly quietSeconds?: number;
  /** Quantity of the shop's row, where it is not the position. */
  readonly shopUnits?: number;
}

/** Puts a row into the ledger, and sets the shop's to agree with it. Returns its id_stock_available. */
export async function insertLedgerRow(world: World, row: LedgerRow): Promise<number> {
  const { combination = 0, opening, product } = row;
  const position = row.position ?? opening;
  const id = await stockRowId(world, product, combination);
  await world.pool.query(
    `UPDATE ${world.table("stock_available")} SET quantity = ? WHERE id_stock_available = ?`,
    [row.shopUnits ?? position, id],
  );
  await world.pool.query(
    `REPLACE INTO ${world.table("erpsync_stock_row")}
       (id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, managed, opening, opened_at,
        opened_because, position, unsettled, changed_at)
     SELECT id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, 1, ?,
       '2026-11-01 08:00:00', 'first', ?, ?, UTC_TIMESTAMP(6) - INTERVAL ? SECOND
     FROM ${world.table("stock_available")} WHERE id_stock_available = ?`,
    [opening, position, row.unsettled === true ? 1 : 0, row.quietSeconds ?? 3_600, id],
  );
  return id;
}

/** Puts every row of the shop into the ledger, as it stands. */
export async function insertWholeLedger(world: World): Promise<void> {
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_stock_row")}
       (id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, managed, opening, opened_at,
        opened_because, position, changed_at)
     SELECT id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, 1 - depends_on_stock,
       quantity, '2026-11-01 08:00:00', 'first', quantity, UTC_TIMESTAMP(6) - INTERVAL 1 HOUR
     FROM ${world.table("stock_available")}`,
  );
}

export async function stockRowId(world: World, product: number, combination = 0): Promise<number> {
  const [row] = await world.rows<{ id: number }>(
    `SELECT id_stock_available AS id FROM ${world.table("stock_available")}
     WHERE id_product = ? AND id_product_attribute = ?`,
    [product, combination],
  );
  return row!.id;
}

export interface MovementToInsert {
  readonly row: number;
  readonly changeId: number;
  readonly delta: number;
  readonly after: number;
  readonly cause: string;
  readonly source?: string;
  readonly orderId?: number;
  readonly actor?: string;
  readonly at?: string;
}

/** Puts movements on record; their ids are in the order given. */
export async function insertMovements(world: World, movements: readonly MovementToInsert[]): Promise<void> {
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_stock_movement")}
       (id_stock_available, change_id, delta, quantity_after, cause, source, id_order, actor, committed_at, read_at)
     VALUES ?`,
    [
      movements.map((one) => [
        ...[one.row, one.changeId, one.delta, one.after, one.cause, one.source ?? null],
        ...[one.orderId ?? null, one.actor ?? null, one.at ?? "2026-11-21 10:00:00", "2026-11-21 10:00:01"],
      ]),
    ],
  );
}

/** Puts a write of ours on record. Returns its id. */
export async function insertWrite(
  world: World,
  write: {
    readonly row: number;
    readonly source: string;
    readonly delta: number;
    readonly cause: string;
    readonly actor?: string;
    readonly reason?: string;
    readonly undoes?: number;
  },
): Promise<number> {
  const [result] = await world.pool.query(
    `INSERT INTO ${world.table("erpsync_stock_write")}
       (source, id_stock_available, delta, quantity_after, cause, actor, reason, undoes, at)
     VALUES (?, ?, ?, 0, ?, ?, ?, ?, UTC_TIMESTAMP(6))`,
    [
      ...[write.source, write.row, write.delta, write.cause, write.actor ?? "ledger"],
      ...[write.reason ?? "", write.undoes ?? null],
    ],
  );
  return (result as { insertId: number }).insertId;
}

/** Puts an open discrepancy on record. Returns its id. */
export async function insertDiscrepancy(
  world: World,
  found: {
    readonly row: number;
    readonly kind: string;
    readonly shopUnits?: number;
    readonly ledgerUnits?: number;
    readonly erpUnits?: number;
    readonly detail?: object;
  },
): Promise<number> {
  const [result] = await world.pool.query(
    `INSERT INTO ${world.table("erpsync_stock_discrepancy")}
       (kind, open_key, id_stock_available, shop_units, ledger_units, erp_units, detail, found_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, '2026-11-21 03:30:00')`,
    [
      ...[found.kind, `${found.kind}:${found.row}`, found.row, found.shopUnits ?? null],
      ...[found.ledgerUnits ?? null, found.erpUnits ?? null, JSON.stringify(found.detail ?? {})],
    ],
  );
  return (result as { insertId: number }).insertId;
}

/** Says that the ledger stands: its first pass is over. */
export async function insertFinishedPass(world: World): Promise<void> {
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_stock_pass")} (reason, begun_at, finished_at)
     VALUES ('first', '2026-11-01 08:00:00', '2026-11-01 08:00:01')`,
  );
}
