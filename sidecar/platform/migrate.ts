import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { SchemaError } from "../domain/errors.ts";
import { type Database, utcNow } from "./database.ts";
import {
  type AppliedMigration,
  decidePending,
  type MigrationFile,
  parseMigration,
  splitStatements,
} from "./decide-migrations.ts";
import { packageRoot } from "./package-root.ts";

/** Seconds that a migration waits for the lock of another one. */
const LOCK_WAIT_S = 60;
/** Seconds that a DDL statement waits for a table's metadata lock, so that no checkout queues up behind it. */
const DDL_WAIT_S = 5;

/** All migrations of this version, in order. */
export function migrationFiles(): readonly MigrationFile[] {
  const folder = join(packageRoot(), "db", "migrations");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      return parseMigration(name, text, createHash("sha256").update(text).digest("hex"));
    });
}

/** The tables that module and sidecar share, as the module's install makes them. */
export function contractStatements(): readonly string[] {
  const file = join(packageRoot(), "prestashop-module", "erpsync", "sql", "install.sql");
  return splitStatements(readFileSync(file, "utf8"));
}

/**
 * Brings the schema up to date and returns the names of what was run. Only one process migrates at a time. Each
 * statement can be repeated, since DDL commits implicitly: a run that broke off is simply run again.
 * @throws SchemaError where the schema is newer than the program or a migration was changed after it ran.
 */
export async function migrate(db: Database, prefix: string, lock: string): Promise<readonly string[]> {
  return await db.connection().execute(async (connection) => {
    const { rows } = await sql<{
      got: number | null;
    }>`SELECT GET_LOCK(${lock}, ${LOCK_WAIT_S}) AS got`.execute(connection);
    if (rows[0]?.got !== 1) {
      throw new SchemaError("Another migration has held the lock for a minute: wait for it, or end it");
    }
    try {
      await sql`SET SESSION lock_wait_timeout = ${DDL_WAIT_S}`.execute(connection);
      await run(connection, prefix, [MIGRATION_TABLE, ...contractStatements()]);
      const pending = decidePending(migrationFiles(), await applied(connection));
      for (const file of pending) await apply(connection, prefix, file);
      return pending.map((file) => file.name);
    } finally {
      await sql`SET SESSION lock_wait_timeout = DEFAULT`.execute(connection);
      await sql`SELECT RELEASE_LOCK(${lock})`.execute(connection);
    }
  });
}

const MIGRATION_TABLE = `CREATE TABLE IF NOT EXISTS \`PREFIX_erpsync_migration\` (
  \`id\` INT UNSIGNED NOT NULL,
  \`name\` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  \`checksum\` CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  \`started_at\` DATETIME(6) NOT NULL,
  \`finished_at\` DATETIME(6) NULL,
  PRIMARY KEY (\`id\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;

async function run(connection: Database, prefix: string, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    await sql.raw(statement.replaceAll("PREFIX_", prefix)).execute(connection);
  }
}

async function apply(connection: Database, prefix: string, file: MigrationFile): Promise<void> {
  const row = {
    id: file.id,
    name: file.name,
    checksum: file.checksum,
    started_at: utcNow,
    finished_at: null,
  };
  await connection.replaceInto("erpsync_migration").values(row).execute();
  await run(connection, prefix, file.statements);
  await connection
    .updateTable("erpsync_migration")
    .set({ finished_at: utcNow })
    .where("id", "=", file.id)
    .execute();
}

async function applied(connection: Database): Promise<readonly AppliedMigration[]> {
  const rows = await connection
    .selectFrom("erpsync_migration")
    .select(["id", "checksum", "finished_at"])
    .orderBy("id")
    .execute();
  return rows.map((row) => ({ id: row.id, checksum: row.checksum, finished: row.finished_at !== null }));
}

/**
 * The schema's version, where it is exactly this program's.
 * @throws SchemaError otherwise; the sidecar then does not start.
 */
export async function requireSchema(db: Database): Promise<number> {
  const rows = await applied(db).catch((thrown: unknown) => {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ER_NO_SUCH_TABLE") return [];
    throw thrown;
  });
  const pending = decidePending(migrationFiles(), rows);
  const first = pending[0];
  if (first !== undefined) {
    throw new SchemaError(
      `Migration ${first.name} has not been applied: run "erpsync migrate --config …" first`,
    );
  }
  return rows.at(-1)?.id ?? 0;
}
