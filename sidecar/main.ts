#!/usr/bin/env node
import { Command } from "commander";
import { loadConfig } from "./config.ts";
import { messageOf, UsageError } from "./domain/errors.ts";
import { openDatabase } from "./platform/database.ts";
import { createLog } from "./platform/log.ts";
import { migrate } from "./platform/migrate.ts";
import { lockName } from "./platform/named-lock.ts";
import { packageVersion } from "./platform/package-root.ts";
import { databaseSettings, openBase, ROLES, type Role, run } from "./wiring.ts";

/** Ends with the signal's drain: the first SIGTERM or SIGINT stops, a second one ends the process at once. */
function stopSignal(onSignal: (name: string) => void): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      onSignal(name);
      stop.abort();
    });
  }
  return stop.signal;
}

function parseRoles(text: string): readonly Role[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !ROLES.some((role) => role === name));
  if (unknown.length > 0)
    throw new UsageError(`--roles: ${unknown.join(", ")} is unknown; roles are ${ROLES.join(", ")}`);
  return ROLES.filter((role) => names.includes(role));
}

const program = new Command("erpsync")
  .description("Keeps a PrestaShop shop and its ERP in agreement.")
  .version(packageVersion())
  .showHelpAfterError();

program
  .command("run")
  .description("run the sidecar; SIGTERM drains")
  .requiredOption("--config <file>", "configuration file (YAML)")
  .option("--roles <list>", "roles of this process, by comma", ROLES.join(","))
  .action(async (options: { config: string; roles: string }) => {
    const roles = parseRoles(options.roles);
    const base = openBase(await loadConfig(options.config));
    const signal = stopSignal((name) => {
      base.log("info", { event: "process.draining", signal: name });
    });
    try {
      await run(base, roles, signal);
    } finally {
      await base.close();
    }
  });

program
  .command("migrate")
  .description("bring the database schema up to date; needs the migration user's grants")
  .requiredOption("--config <file>", "configuration file (YAML)")
  .action(async (options: { config: string }) => {
    const config = await loadConfig(options.config);
    const settings = databaseSettings(config);
    const db = openDatabase(settings);
    try {
      const done = await migrate(
        db,
        settings.prefix,
        lockName(settings.database, settings.prefix, "migrate"),
      );
      process.stdout.write(
        done.length === 0 ? "The schema is up to date.\n" : `Applied ${done.join(", ")}.\n`,
      );
    } finally {
      await db.destroy();
    }
  });

try {
  await program.parseAsync();
} catch (thrown) {
  createLog("error")("error", { event: "process.crashed", message: messageOf(thrown) });
  process.stderr.write(`${messageOf(thrown)}\n`);
  process.exitCode = 1;
}
