import { hostname, userInfo } from "node:os";
import type { Command } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { UsageError } from "../domain/errors.ts";
import { type Database, openDatabase } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { requireSchema } from "../platform/migrate.ts";
import { type Base, databaseSettings, openBase } from "../wiring.ts";

/** How a command ended: 0 well, 1 a fault was found or the work failed, 2 the line itself was wrong. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Where a command prints. Tests hand in their own, so that a command can be tried without a process. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** True where a person watches, who may like a progress bar. */
  readonly isWatched: boolean;
  /** The command did its work and found something wrong: it ends with 1. */
  readonly fail: () => void;
}

/** Connections that a command needs; the pool of the running sidecar is larger. */
const COMMAND_CONNECTIONS = 4;

/** Options that every command has. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** Options of the commands that change something. */
export interface ActionOptions extends CommonOptions {
  readonly reason: string;
  readonly actor: string;
}

/** Adds `--config` and `--json`. */
export function withCommonOptions(command: Command): Command {
  return command
    .requiredOption("--config <file>", "configuration file (YAML)")
    .option("--json", "print JSON instead of sentences");
}

/**
 * Adds `--reason` and `--actor`: what people do is on record with who and why. Without a default the reason must be
 * given.
 */
export function withActionOptions(command: Command, defaultReason?: string): Command {
  const why = "why; it is kept with the action";
  const reasoned =
    defaultReason === undefined
      ? withCommonOptions(command).requiredOption("--reason <text>", why)
      : withCommonOptions(command).option("--reason <text>", why, defaultReason);
  return reasoned.option("--actor <name>", "who did it", `${userInfo().username}@${hostname()}`);
}

/**
 * Opens the database for one command, with the schema checked, and closes it.
 * @throws SchemaError where the database is not migrated, or is newer than the program.
 */
export async function withDatabase<T>(
  options: CommonOptions,
  work: (db: Database, config: Config) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(options.config);
  const db = openDatabase({ ...databaseSettings(config), connections: COMMAND_CONNECTIONS });
  try {
    await requireSchema(db);
    return await work(db, config);
  } finally {
    await db.destroy();
  }
}

/** A command's output is for its caller, so nothing is logged between. */
const silent: Log = () => undefined;

/** Opens all parts for one command, the ERP and the shop's endpoint too, and closes them. */
export async function withBase<T>(options: CommonOptions, work: (base: Base) => Promise<T>): Promise<T> {
  const base = openBase(await loadConfig(options.config), silent);
  try {
    await requireSchema(base.db);
    return await work(base);
  } finally {
    await base.close();
  }
}

/** Prints a result: one line of JSON with `--json`, else the sentences. */
export function say(
  terminal: Terminal,
  options: CommonOptions,
  json: unknown,
  lines: readonly string[],
): void {
  const text = options.json === true ? JSON.stringify(json) : lines.join("\n");
  if (text !== "") terminal.out(`${text}\n`);
}

/** A text that must be a whole number, as an option of the command line. */
export function parseCount(name: string, text: string, max: number): number {
  const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > max) {
    throw new UsageError(`${name}: "${text}" is not a whole number from 1 to ${String(max)}`);
  }
  return count;
}

/** Plural where it is one: "1 order", "2 orders". */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${String(count)} ${count === 1 ? thing : things}`;
}
