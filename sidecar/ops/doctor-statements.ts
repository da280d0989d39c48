import { sql } from "kysely";
import type { Database } from "../platform/database.ts";

/**
 * Some of the server's variables and counters by lower-case name; one that the server does not know is missing.
 * Locks: none.
 * Reads: no table.
 */
export async function readServerFacts(db: Database): Promise<Readonly<Record<string, string>>> {
  const { rows } = await sql<{ Variable_name: string; Value: string }>`
    SHOW GLOBAL VARIABLES WHERE Variable_name IN
      ('binlog_expire_logs_seconds', 'expire_logs_days', 'max_connections', 'max_user_connections')`.execute(
    db,
  );
  return Object.fromEntries(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
}

/**
 * The most connections that the server had at once since it started.
 * Locks: none.
 * Reads: no table.
 */
export async function readMostConnections(db: Database): Promise<number> {
  const { rows } = await sql<{ Value: string }>`
    SHOW GLOBAL STATUS LIKE 'Max_used_connections'`.execute(db);
  return Number(rows[0]?.Value ?? 0);
}

/**
 * The database's clock, UTC, as `YYYY-MM-DD HH:MM:SS.ffffff`.
 * Locks: none.
 * Reads: no table.
 */
export async function readDatabaseTime(db: Database): Promise<string> {
  const { rows } = await sql<{ now: string }>`
    SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%d %H:%i:%s.%f') AS now`.execute(db);
  return rows[0]?.now ?? "";
}

/**
 * Settings of the shop that hold for all shops, by name; one that is not set is missing.
 * Locks: none.
 * Reads: configuration by its key on name.
 */
export async function readSettings(
  db: Database,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const rows = await db
    .selectFrom("configuration")
    .where("name", "in", [...names])
    .where("id_shop", "is", null)
    .where("id_shop_group", "is", null)
    .select(["name", "value"])
    .execute();
  return Object.fromEntries(rows.map(({ name, value }) => [name, value ?? ""]));
}

/**
 * Whether a product is mapped to an item of the ERP, and whether there is such a shop.
 * Locks: none.
 * Reads: the primary keys, an entry of each.
 */
export async function readStockBasis(
  db: Database,
  shopId: number,
): Promise<{ readonly hasMappings: boolean; readonly shopExists: boolean }> {
  const { rows } = await sql<{ mapped: number; there: number }>`
    SELECT EXISTS (SELECT 1 FROM ${sql.table("erpsync_mapping")} WHERE kind = 'product') AS mapped,
      EXISTS (SELECT 1 FROM ${sql.table("shop")} WHERE id_shop = ${shopId}) AS there`.execute(db);
  return { hasMappings: rows[0]?.mapped === 1, shopExists: rows[0]?.there === 1 };
}

/** What a table right lets one do. */
export type Right = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

/** Why a right cannot be used. */
export type Refusal = "denied" | "no-table";

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ER_TABLEACCESS_DENIED_ERROR: "denied",
  ER_COLUMNACCESS_DENIED_ERROR: "denied",
  ER_NO_SUCH_TABLE: "no-table",
};

/**
 * Tries a right on a table by a statement that changes nothing; undefined where we have it. Rights come by user,
 * role, database and pattern: to try is surer than to read grants.
 * Locks: none but, for an INSERT, the table's counter for an instant.
 * Reads: no row.
 */
export async function tryRight(
  db: Database,
  right: Right,
  table: string,
  column: string,
): Promise<Refusal | undefined> {
  const name = sql.table(table);
  const statements = {
    SELECT: sql`SELECT 1 FROM ${name} LIMIT 0`,
    INSERT: sql`INSERT INTO ${name} SELECT * FROM ${name} WHERE 1 = 0`,
    UPDATE: sql`UPDATE ${name} SET ${sql.id(column)} = 1 WHERE 1 = 0`,
    DELETE: sql`DELETE FROM ${name} WHERE 1 = 0`,
  } as const;
  try {
    await statements[right].execute(db);
    return undefined;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
    const refusal = REFUSALS[code];
    if (refusal === undefined) throw thrown;
    return refusal;
  }
}
