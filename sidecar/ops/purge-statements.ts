import { sql } from "kysely";
import type { Database } from "../platform/database.ts";

/**
 * Full names of the tables of erpsync, with prefix.
 * Locks: none.
 * Reads: the data dictionary.
 */
export async function listOwnTables(db: Database, prefix: string): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT TABLE_NAME AS name FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND LEFT(TABLE_NAME, ${prefix.length + 8}) = ${`${prefix}erpsync_`}
    ORDER BY TABLE_NAME`.execute(db);
  return rows.map((row) => row.name);
}

/**
 * Removes a table.
 * Locks: the table's metadata, exclusively.
 * Reads: nothing.
 */
export async function dropTable(db: Database, name: string): Promise<void> {
  await sql`DROP TABLE IF EXISTS ${sql.id(name)}`.execute(db);
}

/**
 * Removes the module's settings, its secret too. Returns how many rows.
 * Locks: X on the rows, and on those read on the way.
 * Reads: configuration by its index on name.
 */
export async function deleteModuleSettings(db: Database): Promise<number> {
  const result = await db.deleteFrom("configuration").where("name", "like", "ERPSYNC\\_%").executeTakeFirst();
  return Number(result.numDeletedRows);
}
