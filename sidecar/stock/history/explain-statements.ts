import { type RawBuilder, sql } from "kysely";
import type { Database } from "../../platform/database.ts";
import type { Movement, OwnWrite } from "./encode-movement.ts";

/** Which rows of `stock_available` are asked for. */
export interface WhichRows {
  readonly product: number;
  /** 0 for the product's own row; all of them where it is left out. */
  readonly combination?: number;
  /** The rows that this shop sells from, shared ones of its group too; all of them where it is left out. */
  readonly shop?: number;
}

/** Keys of a row, as the shop has it. */
export interface ExplainedRow {
  readonly row: number;
  readonly product: number;
  readonly combination: number;
  /** 0 where the group shares its stock. */
  readonly shop: number;
  readonly group: number;
}

/** How the ledger opened a row. */
export interface Opening {
  readonly units: number;
  /** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
  readonly at: string;
  readonly because: string;
  /** False for `depends_on_stock`: booked, never written. */
  readonly isManaged: boolean;
  readonly isUnsettled: boolean;
  readonly closedAt: string | null;
}

/** Both sides of the law, as one statement saw them. */
export interface Balance {
  readonly opening: number;
  readonly movements: number;
  /** Sum of all movements. */
  readonly units: number;
  readonly position: number;
  /** What the shop's row says; null where the shop deleted it. */
  readonly shopUnits: number | null;
  /** The binlog told something that is not booked yet. */
  readonly isBehind: boolean;
}

/** Units that an order line still has to move. */
export interface OwedUnits {
  readonly orderId: number;
  readonly detailId: number;
  /** > 0 to be taken, < 0 to be put back. */
  readonly owed: number;
}

/** Of the shop's group that shares its stock, and of the shop itself. */
const ofShop = (shop: number): RawBuilder<boolean> =>
  sql<boolean>`(id_shop = ${shop} OR (id_shop = 0 AND id_shop_group =
    (SELECT s.id_shop_group FROM ${sql.table("shop")} AS s WHERE s.id_shop = ${shop})))`;

/**
 * Rows of a product that the ledger knows, those of deleted rows too, in the order of their combinations.
 * Locks: none.
 * Reads: erpsync_stock_row_product (id_product, id_product_attribute).
 */
export async function readLedgerRows(db: Database, which: WhichRows): Promise<readonly ExplainedRow[]> {
  const rows = await db
    .selectFrom("erpsync_stock_row")
    .where("id_product", "=", which.product)
    .$if(which.combination !== undefined, (query) =>
      query.where("id_product_attribute", "=", which.combination ?? 0),
    )
    .$if(which.shop !== undefined, (query) => query.where(ofShop(which.shop ?? 0)))
    .orderBy("id_product_attribute")
    .orderBy("id_stock_available")
    .select(["id_stock_available", "id_product", "id_product_attribute", "id_shop", "id_shop_group"])
    .execute();
  return rows.map(keysOf);
}

/**
 * Rows of a product that the shop has, whether or not the ledger knows them.
 * Locks: none.
 * Reads: product_sqlstock (id_product, …) of the shop.
 */
export async function readShopRows(db: Database, which: WhichRows): Promise<readonly ExplainedRow[]> {
  const rows = await db
    .selectFrom("stock_available")
    .where("id_product", "=", which.product)
    .$if(which.combination !== undefined, (query) =>
      query.where("id_product_attribute", "=", which.combination ?? 0),
    )
    .$if(which.shop !== undefined, (query) => query.where(ofShop(which.shop ?? 0)))
    .orderBy("id_product_attribute")
    .orderBy("id_stock_available")
    .select(["id_stock_available", "id_product", "id_product_attribute", "id_shop", "id_shop_group"])
    .execute();
  return rows.map(keysOf);
}

function keysOf(row: {
  readonly id_stock_available: number;
  readonly id_product: number;
  readonly id_product_attribute: number;
  readonly id_shop: number;
  readonly id_shop_group: number;
}): ExplainedRow {
  return {
    row: row.id_stock_available,
    product: row.id_product,
    combination: row.id_product_attribute,
    shop: row.id_shop,
    group: row.id_shop_group,
  };
}

/**
 * How the ledger opened a row; undefined where it does not know it.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readOpening(db: Database, row: number): Promise<Opening | undefined> {
  const found = await db
    .selectFrom("erpsync_stock_row")
    .where("id_stock_available", "=", row)
    .select(["opening", "opened_at", "opened_because", "managed", "unsettled", "closed_at"])
    .executeTakeFirst();
  if (found === undefined) return undefined;
  return {
    units: found.opening,
    at: found.opened_at,
    because: found.opened_because,
    isManaged: found.managed === 1,
    isUnsettled: found.unsettled === 1,
    closedAt: found.closed_at,
  };
}

/**
 * Opening, sum of all movements, position and the shop's quantity, of one moment.
 * Locks: none.
 * Reads: the primary keys of both rows, erpsync_stock_movement_row (id_stock_available, id), all of the row's.
 */
export async function readBalance(db: Database, row: number): Promise<Balance | undefined> {
  const found = await db
    .selectFrom("erpsync_stock_row")
    .leftJoin("stock_available", "stock_available.id_stock_available", "erpsync_stock_row.id_stock_available")
    .where("erpsync_stock_row.id_stock_available", "=", row)
    .select(["erpsync_stock_row.opening", "erpsync_stock_row.position", "stock_available.quantity"])
    .select((eb) => [
      eb
        .selectFrom("erpsync_stock_movement")
        .where("erpsync_stock_movement.id_stock_available", "=", row)
        .select(sql<string>`CONCAT(COUNT(*), ' ', COALESCE(SUM(delta), 0))`.as("all"))
        .as("moved"),
      eb.exists(eb.selectFrom("erpsync_stock_inbox").select("erpsync_stock_inbox.id")).as("behind"),
    ])
    .executeTakeFirst();
  if (found === undefined) return undefined;
  const [movements = 0, units = 0] = (found.moved ?? "0 0").split(" ").map(Number);
  return {
    opening: found.opening,
    movements,
    units,
    position: found.position,
    shopUnits: found.quantity,
    isBehind: Number(found.behind) === 1,
  };
}

/**
 * Id of the movement from which on the last `limit` of a row are told; 0 where there are not more.
 * Locks: none.
 * Reads: erpsync_stock_movement_row (id_stock_available, id), backwards, `limit` entries of the index alone.
 */
export async function findWindowStart(db: Database, row: number, limit: number): Promise<number> {
  const found = await db
    .selectFrom("erpsync_stock_movement")
    .where("id_stock_available", "=", row)
    .orderBy("id", "desc")
    .limit(1)
    .offset(limit - 1)
    .select("id")
    .executeTakeFirst();
  return found?.id ?? 0;
}

/**
 * Id of the first movement of a row that was committed at this UTC time or later; undefined where there is none.
 * Locks: none.
 * Reads: erpsync_stock_movement_row (id_stock_available, id), from the front up to the first hit.
 */
export async function findFirstSince(db: Database, row: number, since: string): Promise<number | undefined> {
  const found = await db
    .selectFrom("erpsync_stock_movement")
    .where("id_stock_available", "=", row)
    .where("committed_at", ">=", since)
    .orderBy("id")
    .limit(1)
    .select("id")
    .executeTakeFirst();
  return found?.id;
}

/**
 * What the movements before `beforeId` add up to, by cause.
 * Locks: none.
 * Reads: erpsync_stock_movement_row (id_stock_available, id), one range.
 */
export async function sumMovementsBefore(
  db: Database,
  row: number,
  beforeId: number,
): Promise<readonly { readonly cause: string; readonly movements: number; readonly units: number }[]> {
  const rows = await db
    .selectFrom("erpsync_stock_movement")
    .where("id_stock_available", "=", row)
    .where("id", "<", beforeId)
    .groupBy("cause")
    .select("cause")
    .select((eb) => [eb.fn.countAll().as("movements"), eb.fn.sum("delta").as("units")])
    .execute();
  return rows.map(({ cause, movements, units }) => ({
    ...{ cause, movements: Number(movements), units: Number(units) },
  }));
}

/**
 * The next movements of a row from `fromId` on, in the order in which they were booked.
 * Locks: none.
 * Reads: erpsync_stock_movement_row (id_stock_available, id), `limit` rows. It is forced: of a row with many movements
 * MariaDB would read all of them up to the page for each page, and MySQL all other rows' too.
 */
export async function pageMovements(
  db: Database,
  row: number,
  fromId: number,
  limit: number,
): Promise<readonly Movement[]> {
  const { rows } = await sql<Movement>`
    SELECT id, change_id AS changeId, delta, quantity_after AS \`after\`, cause, source, id_order AS orderId, actor,
      committed_at AS at
    FROM ${sql.table("erpsync_stock_movement")} FORCE INDEX (erpsync_stock_movement_row)
    WHERE id_stock_available = ${row} AND id >= ${fromId}
    ORDER BY id
    LIMIT ${limit}`.execute(db);
  return rows;
}

/**
 * Our own writes with these sources, each with the write that took it back.
 * Locks: none.
 * Reads: erpsync_stock_write_source (source), erpsync_stock_write_undoes (undoes).
 */
export async function readWritesBySource(
  db: Database,
  sources: readonly string[],
): Promise<ReadonlyMap<string, OwnWrite>> {
  const rows = await db
    .selectFrom("erpsync_stock_write")
    .leftJoin("erpsync_stock_write as undo", "undo.undoes", "erpsync_stock_write.id")
    .where("erpsync_stock_write.source", "in", [...sources])
    .select([
      ...(["erpsync_stock_write.id", "erpsync_stock_write.source", "erpsync_stock_write.reason"] as const),
      ...(["erpsync_stock_write.actor", "erpsync_stock_write.undoes", "undo.id as undone_by"] as const),
    ])
    .execute();
  return new Map(
    rows.map((found) => [
      found.source,
      {
        id: found.id,
        actor: found.actor,
        reason: found.reason,
        undoes: found.undoes,
        undoneBy: found.undone_by,
      },
    ]),
  );
}

/**
 * Lines that a row still owes, or that owe it, the lowest order first.
 * Locks: none.
 * Reads: erpsync_stock_line_row (id_stock_available, owed), two ranges.
 */
export async function readOwed(db: Database, row: number, limit: number): Promise<readonly OwedUnits[]> {
  const rows = await db
    .selectFrom("erpsync_stock_line")
    .where("id_stock_available", "=", row)
    .where("owed", "<>", 0)
    .orderBy("id_order")
    .orderBy("id_order_detail")
    .limit(limit)
    .select(["id_order", "id_order_detail", "owed"])
    .execute();
  return rows.map((found) => ({
    orderId: found.id_order,
    detailId: found.id_order_detail,
    owed: found.owed,
  }));
}
