import { rm } from "node:fs/promises";
import type { Command } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { messageOf, UsageError } from "../domain/errors.ts";
import { isLockHeld } from "../ops/lock-statements.ts";
import { deleteModuleSettings, dropTable, listOwnTables } from "../ops/purge-statements.ts";
import { type Database, openDatabase } from "../platform/database.ts";
import { lockName } from "../platform/named-lock.ts";
import { databaseSettings } from "../wiring.ts";
import { type ActionOptions, counted, say, type Terminal, withActionOptions } from "./command-line.ts";

interface PurgeOptions extends ActionOptions {
  readonly yes?: boolean;
}

/** `erpsync purge`. */
export function registerPurge(program: Command, terminal: Terminal): void {
  withActionOptions(program.command("purge"))
    .description("remove every table of erpsync, its log included; needs the migration user's grants")
    .option("--yes", "yes, mappings and the whole record go for good")
    .action(async (options: PurgeOptions) => {
      if (options.yes !== true) {
        throw new UsageError(
          "This removes mappings and the whole record for good. Uninstall the module, then add --yes",
        );
      }
      const config = await loadConfig(options.config);
      const db = openDatabase({ ...databaseSettings(config), connections: 2 });
      try {
        await requireNobody(db, config);
        const left = await purge(db, config);
        say(terminal, options, left, sentences(left));
        if (left.settings === "left") terminal.fail();
      } finally {
        await db.destroy();
      }
    });
}

/** A running sidecar would make the tables of an installed module fill again, or fail without end. */
async function requireNobody(db: Database, config: Config): Promise<void> {
  const settings = databaseSettings(config);
  const names = ["erp-port", "capture", "stock-ledger"].map((what) =>
    lockName(settings.database, settings.prefix, what),
  );
  const held = await Promise.all(names.map((name) => isLockHeld(db, name)));
  if (held.includes(true)) throw new UsageError("A sidecar is running: stop it first");
}

interface Purged {
  readonly tables: readonly string[];
  /** Rows of the module's settings that were removed; `left` where this user may not. */
  readonly settings: number | "left";
  readonly why: string;
}

async function purge(db: Database, config: Config): Promise<Purged> {
  const tables = await listOwnTables(db, config.database.prefix);
  // The identity goes last: a purge that breaks off can be repeated, and the file never remembers alone.
  await rm(config.stateFile, { force: true });
  for (const table of tables) await dropTable(db, table);
  try {
    return { tables, settings: await deleteModuleSettings(db), why: "" };
  } catch (thrown) {
    return { tables, settings: "left", why: messageOf(thrown) };
  }
}

function sentences({ settings, tables, why }: Purged): readonly string[] {
  const removed = `${counted(tables.length, "table")} and the state file removed.`;
  return settings === "left"
    ? [
        removed,
        `The module's settings (ERPSYNC_…) are left, because ${why}. Uninstall the module, or grant DELETE.`,
      ]
    : [removed, `${counted(settings, "setting")} of the module removed.`];
}
