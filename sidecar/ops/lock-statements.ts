import { sql } from "kysely";
import type { Database } from "../platform/database.ts";

/**
 * Whether any connection holds the named lock.
 * Locks: none.
 * Reads: no table.
 */
export async function isLockHeld(db: Database, name: string): Promise<boolean> {
  const { rows } = await sql<{ holder: number | null }>`SELECT IS_USED_LOCK(${name}) AS holder`.execute(db);
  return (rows[0]?.holder ?? null) !== null;
}
