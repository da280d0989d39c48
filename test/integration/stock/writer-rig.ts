import type { KyselyPlugin } from "kysely";
import type { StockWrite } from "../../../sidecar/domain/stock.ts";
import { type Database, openDatabase } from "../../../sidecar/platform/database.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { lockName } from "../../../sidecar/platform/named-lock.ts";
import type { WriterDeps } from "../../../sidecar/stock/writer/stock-writer.ts";
import type { ServerAddress } from "../../support/database-server.ts";
import { migrateWorld } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

export const NEVER = new AbortController().signal;

/** Two simple products (1, 2) and two with three combinations each (3, 4), 100 units a row. */
const SEED = { simpleProducts: 2, combinedProducts: 2, combinationsEach: 3, stockUnits: 100, customers: 8 };

/** A row of the shop's stock as a test looks at it. */
export interface StockRow {
  readonly id_stock_available: number;
  readonly id_product: number;
  readonly id_product_attribute: number;
  readonly quantity: number;
  readonly physical_quantity: number;
  readonly reserved_quantity: number;
}

/** A shop with the schema of the sidecar. */
export async function stockWorld(server: ServerAddress): Promise<World> {
  const world = await World.create({ server, seed: SEED });
  await migrateWorld(world);
  return world;
}

/** A pool of one more process of the sidecar, which ends with the world. */
export function openPool(world: World, as: object = {}, connections = 4): Database {
  const db = openDatabase({ ...world.settings, ...as, connections });
  world.onDispose(() => db.destroy());
  return db;
}

/** What the writer of such a process works with. */
export function writerOf(world: World, db = openPool(world)): WriterDeps {
  return { db, settings: world.settings, stopped: () => false, metrics: createMetrics() };
}

/** The rows of a product, its parent row first. */
export async function rowsOf(world: World, product: number): Promise<StockRow[]> {
  return await world.rows<StockRow>(
    `SELECT * FROM ${world.table("stock_available")} WHERE id_product = ? ORDER BY id_product_attribute`,
    [product],
  );
}

export const quantities = async (world: World, product: number): Promise<readonly number[]> =>
  (await rowsOf(world, product)).map((row) => row.quantity);

/** Every record of a write, without its time. */
export async function records(world: World): Promise<Record<string, unknown>[]> {
  const rows = await world.rows(`SELECT * FROM ${world.table("erpsync_stock_write")} ORDER BY id`);
  return rows.map(({ at: _at, ...row }) => row);
}

export function write(
  row: number,
  delta: number,
  source: string,
  more: Partial<StockWrite> = {},
): StockWrite {
  return {
    row,
    delta,
    source,
    cause: "channel",
    orderId: null,
    actor: "pos",
    reason: "a test",
    undoes: null,
    ...more,
  };
}

/** The ledger's row of a stock row. */
export async function putPosition(world: World, row: number, position: number, unsettled = 0): Promise<void> {
  await world.pool.query(
    `REPLACE INTO ${world.table("erpsync_stock_row")}
       (id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, managed, opening, opened_at,
        opened_because, position, unsettled, changed_at)
     SELECT id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, 1, 0, NOW(6), 'first', ?, ?, NOW(6)
     FROM ${world.table("stock_available")} WHERE id_stock_available = ?`,
    [position, unsettled, row],
  );
}

/** The lock of a product, as the module and we name it. */
export function productLock(world: World, product: number): string {
  return lockName(world.database, world.prefix, `stock.${product}`);
}

/** Who holds the lock of each of these products; null for free ones. */
export async function holders(
  world: World,
  products: readonly number[],
): Promise<readonly (number | null)[]> {
  return await Promise.all(
    products.map(async (product) => {
      const [row] = await world.rows<{ id: number | null }>("SELECT IS_USED_LOCK(?) AS id", [
        productLock(world, product),
      ]);
      return row?.id ?? null;
    }),
  );
}

/** Calls `onStatement` after each statement but BEGIN and COMMIT, with its number from 1, and waits for it. */
export function afterEach(db: Database, onStatement: (number: number) => Promise<void>): Database {
  let count = 0;
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      count += 1;
      await onStatement(count);
      return result;
    },
  };
  return db.withPlugin(plugin);
}

/** Kills every connection of a user of the database, and waits until the server has forgotten them. */
export async function killConnectionsOf(world: World, user: string): Promise<void> {
  const find = () =>
    world.rows<{ id: number }>("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ?", [user]);
  for (const { id } of await find()) await world.pool.query("KILL ?", [id]).catch(() => undefined);
  await until(async () => (await find()).length === 0, { what: "the end of the killed connections" });
}

/** Waits until the locks of these products are free; a server may free those of the dead a moment after it forgot them. */
export async function untilFree(world: World, products: readonly number[]): Promise<void> {
  await until(async () => (await holders(world, products)).every((holder) => holder === null), {
    what: "the end of the locks",
  });
}

/** How many connections of this world wait for a named lock. */
export async function waiters(world: World): Promise<number> {
  const found = await world.rows(
    "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = ? AND STATE = 'User lock'",
    [world.database],
  );
  return found.length;
}
