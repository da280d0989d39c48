import type { Command } from "commander";
import { loadConfig } from "../config.ts";
import { openDatabase } from "../platform/database.ts";
import { migrate } from "../platform/migrate.ts";
import { lockName } from "../platform/named-lock.ts";
import { databaseSettings } from "../wiring.ts";
import { type CommonOptions, say, type Terminal, withCommonOptions } from "./command-line.ts";

/** `erpsync migrate`. */
export function registerMigrate(program: Command, terminal: Terminal): void {
  withCommonOptions(program.command("migrate"))
    .description("bring the database schema up to date; needs the migration user's grants (db/grants)")
    .action(async (options: CommonOptions) => {
      const settings = databaseSettings(await loadConfig(options.config));
      // Changing a large table takes as long as it takes.
      const db = openDatabase({ ...settings, connections: 2, statementTimeoutMs: 0 });
      try {
        const lock = lockName(settings.database, settings.prefix, "migrate");
        const applied = await migrate(db, settings.prefix, lock);
        say(terminal, options, { applied }, [
          applied.length === 0 ? "The schema is up to date." : `Applied ${applied.join(", ")}.`,
        ]);
      } finally {
        await db.destroy();
      }
    });
}
