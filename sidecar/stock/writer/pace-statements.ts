import { sql } from "kysely";
import type { Database } from "../../platform/database.ts";

/**
 * How many threads the server is running now: this connection's among them, and on MySQL the event scheduler's (2 on an
 * idle MySQL 9.7, 1 on an idle MariaDB 10.11).
 * Locks: none.
 * Reads: no table.
 */
export async function readThreadsRunning(db: Database): Promise<number> {
  const { rows } = await sql<{ Value: string }>`SHOW GLOBAL STATUS LIKE 'Threads_running'`.execute(db);
  return Number(rows[0]?.Value ?? 1);
}
