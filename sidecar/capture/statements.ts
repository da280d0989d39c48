import { sql } from "kysely";
import { type ShopOrderId, shopOrderId } from "../domain/ids.ts";
import type { StockFact } from "../domain/stock.ts";
import { type Database, type Tx, utcNow } from "../platform/database.ts";
import { type ServerVariables, SOURCE_VARIABLES } from "./check-source.ts";
import type { MissedCause, ModuleState } from "./decide-missed-cause.ts";
import type { Checkpoint } from "./decide-resume.ts";

const CHECKPOINT = "binlog";
const MODULE = "erpsync";

/**
 * The global variables that say whether and how the binlog can be tailed.
 * Locks: none.
 * Reads: no table.
 */
export async function readVariables(db: Database): Promise<ServerVariables> {
  const { rows } = await sql<{ Variable_name: string; Value: string }>`
    SHOW GLOBAL VARIABLES WHERE Variable_name IN (${sql.join(SOURCE_VARIABLES)})`.execute(db);
  return Object.fromEntries(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
}

/**
 * Our own grants as the server writes them.
 * Locks: none.
 * Reads: no table.
 */
export async function readGrants(db: Database): Promise<readonly string[]> {
  const { rows } = await sql<Record<string, string>>`SHOW GRANTS`.execute(db);
  return rows.flatMap((row) => Object.values(row));
}

/**
 * The files of the binlog, oldest first. Needs BINLOG MONITOR (MariaDB) or REPLICATION CLIENT (MySQL).
 * Locks: none.
 * Reads: no table.
 */
export async function readBinaryLogs(
  db: Database,
): Promise<readonly { readonly file: string; readonly sizeBytes: number }[]> {
  const { rows } = await sql<{ Log_name: string; File_size: number | string }>`SHOW BINARY LOGS`.execute(db);
  return rows.map((row) => ({ file: row.Log_name, sizeBytes: Number(row.File_size) }));
}

/** What a server executed, and what of it is in no binlog file any more. */
export interface GtidState {
  readonly executed: string;
  readonly purged: string;
}

/**
 * MySQL's GTID sets; `SHOW VARIABLES` would cut long ones.
 * Locks: none.
 * Reads: no table.
 */
export async function readMysqlGtids(db: Database): Promise<GtidState> {
  const { rows } = await sql<GtidState>`
    SELECT @@GLOBAL.gtid_executed AS executed, @@GLOBAL.gtid_purged AS purged`.execute(db);
  return { executed: rows[0]?.executed ?? "", purged: rows[0]?.purged ?? "" };
}

/**
 * MariaDB's GTID position, and the one that its oldest binlog file begins with.
 * Locks: none.
 * Reads: no table.
 */
export async function readMariadbGtids(db: Database, oldestFile: string): Promise<GtidState> {
  const { rows } = await sql<{ executed: string; purged: string | null }>`
    SELECT @@GLOBAL.gtid_binlog_pos AS executed, BINLOG_GTID_POS(${oldestFile}, 4) AS purged`.execute(db);
  return { executed: rows[0]?.executed ?? "", purged: rows[0]?.purged ?? "" };
}

/**
 * Where the tail stopped; undefined before the first start.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readCheckpoint(db: Database): Promise<Checkpoint | undefined> {
  const row = await db
    .selectFrom("erpsync_checkpoint")
    .select(["server", "file", "position", "gtid_set"])
    .where("name", "=", CHECKPOINT)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { server: row.server, file: row.file, position: row.position, gtidSet: row.gtid_set };
}

/**
 * Records where the tail is, in the transaction of the effects of what was read.
 * Locks: X on the checkpoint's row until the caller commits.
 * Reads: the primary key.
 */
export async function writeCheckpoint(db: Database, at: Checkpoint): Promise<void> {
  const place = {
    server: at.server,
    file: at.file,
    position: at.position,
    gtid_set: at.gtidSet,
    updated_at: utcNow,
  };
  await db
    .insertInto("erpsync_checkpoint")
    .values({ name: CHECKPOINT, ...place })
    .onDuplicateKeyUpdate(place)
    .execute();
}

/** Facts of one transaction of the shop, or of a part of a large one. */
export interface StockFacts {
  /** Unix milliseconds, by the binlog. */
  readonly committedAtMs: number;
  readonly facts: readonly StockFact[];
}

/**
 * Hands facts over to the stock ledger, in the transaction of the checkpoint; their ids are in the order of the binlog,
 * because only the leader writes them.
 * Locks: the new rows until the caller commits.
 * Reads: no table.
 */
export async function insertStockFacts(tx: Tx, transactions: readonly StockFacts[]): Promise<void> {
  await tx
    .insertInto("erpsync_stock_inbox")
    .values(
      transactions.map(({ committedAtMs, facts }) => ({
        committed_at: new Date(committedAtMs).toISOString().slice(0, 23).replace("T", " "),
        facts: JSON.stringify(facts),
      })),
    )
    .execute();
}

/**
 * Notes for a ledger that is kept again later that it missed what is tailed without it.
 * Locks: S on the pass and the inbox row that it finds, X on the new row; nothing where the ledger was never kept or
 * knows already.
 * Reads: the primary keys' first rows.
 */
export async function noteLedgerOff(db: Database): Promise<void> {
  await sql`INSERT INTO ${sql.table("erpsync_stock_inbox")} (committed_at, facts)
    SELECT UTC_TIMESTAMP(3), '[{"kind":"gap","reason":"gap"}]' FROM DUAL
    WHERE EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_pass")} LIMIT 1)
      AND NOT EXISTS (SELECT 1 FROM ${sql.table("erpsync_stock_inbox")} LIMIT 1)`.execute(db);
}

/**
 * Waits up to `waitSeconds` for the lock; true when this connection has it. It is freed when the connection dies.
 * Locks: the named lock, no row.
 * Reads: no table.
 */
export async function takeLeaderLock(db: Database, name: string, waitSeconds: number): Promise<boolean> {
  const { rows } = await sql<{ taken: number | null }>`
    SELECT GET_LOCK(${name}, ${waitSeconds}) AS taken`.execute(db);
  return rows[0]?.taken === 1;
}

/**
 * True while this very connection holds the lock.
 * Locks: none.
 * Reads: no table.
 */
export async function holdsLeaderLock(db: Database, name: string): Promise<boolean> {
  const { rows } = await sql<{ ours: number | null }>`
    SELECT IS_USED_LOCK(${name}) = CONNECTION_ID() AS ours`.execute(db);
  return rows[0]?.ours === 1;
}

/**
 * Counts orders that no hook announced, by UTC day and cause.
 * Locks: X on the day's row of the cause until the caller commits.
 * Reads: the primary key.
 */
export async function countMissedHooks(
  tx: Tx,
  cause: MissedCause,
  orderIds: readonly ShopOrderId[],
): Promise<void> {
  const lastOrder = orderIds.reduce((last, id) => Math.max(last, id), 0);
  await tx
    .insertInto("erpsync_missed_hook")
    .values({ day: sql<string>`UTC_DATE()`, cause, orders: orderIds.length, last_order: lastOrder })
    .onDuplicateKeyUpdate({
      orders: sql<number>`orders + ${orderIds.length}`,
      last_order: sql<number>`GREATEST(last_order, ${lastOrder})`,
    })
    .execute();
}

/**
 * What the shop's tables say of our module. PrestaShop disables a module by taking its rows out of `module_shop`;
 * `active` is the older way.
 * Locks: none.
 * Reads: `module` by its unique name; `hook_module` by (id_module, …), `hook` and `module_shop` by primary key.
 */
export async function readModuleState(db: Database): Promise<ModuleState> {
  // Raw, because the prefix that the builder adds to table names would go to aliases too.
  const { rows } = await sql<{ active: number; in_a_shop: number; hook: string | null }>`
    SELECT m.active, h.name AS hook,
      EXISTS (SELECT 1 FROM ${sql.table("module_shop")} ms WHERE ms.id_module = m.id_module) AS in_a_shop
    FROM ${sql.table("module")} m
    LEFT JOIN ${sql.table("hook_module")} hm ON hm.id_module = m.id_module
    LEFT JOIN ${sql.table("hook")} h ON h.id_hook = hm.id_hook
    WHERE m.name = ${MODULE}`.execute(db);
  return {
    installed: rows.length > 0,
    active: rows.some((row) => row.active === 1 && row.in_a_shop === 1),
    hooks: rows.flatMap((row) => (row.hook === null ? [] : [row.hook])),
  };
}

/**
 * The orders of these references; a reference has several where a cart was split.
 * Locks: none.
 * Reads: `orders` by its key on reference.
 */
export async function findOrdersByReference(
  tx: Tx,
  references: readonly string[],
): Promise<readonly ShopOrderId[]> {
  const rows = await tx
    .selectFrom("orders")
    .select("id_order")
    .where("reference", "in", references)
    .execute();
  return rows.map((row) => shopOrderId(row.id_order));
}
