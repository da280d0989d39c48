import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { SupportError } from "../../support/support-error.ts";
import type { World } from "../../support/world.ts";

const MAIN = resolve(import.meta.dirname, "../../../dist/sidecar/main.js");
/** Tells the process's own high-water mark when it ends. */
const TELL_PEAK = `data:text/javascript,${encodeURIComponent(
  'import fs from "node:fs"; process.on("exit", () => fs.writeSync(2, fs.readFileSync("/proc/self/status", "utf8")));',
)}`;

/** An ERP that nobody calls. */
export const UNUSED_NETSUITE = {
  account: "0000000",
  auth: { kind: "tba", consumerKey: "b", consumerSecret: "b", tokenId: "b", tokenSecret: "b" },
  baseUrl: "http://127.0.0.1:9/",
  currencies: { EUR: "1" },
};

/** A command that was run to its end, with what it took. */
export interface MeasuredCommand {
  readonly out: string;
  readonly tookMs: number;
  readonly peakRssBytes: number;
}

/** Runs a command of the built command line in a process of its own. */
export async function measureCommand(args: readonly string[]): Promise<MeasuredCommand> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["--import", TELL_PEAK, MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  const tookMs = performance.now() - startedMs;
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(err)?.[1];
  if (kibibytes === undefined || child.exitCode === 2) throw new SupportError(`${args.join(" ")}: ${err}`);
  return { out, tookMs, peakRssBytes: Number(kibibytes) * 1024 };
}

/** Copies the first row of a table many times, with expressions of the number `s.seq` in the place of some columns. */
export async function copyRows(
  world: World,
  table: string,
  count: number,
  change: Readonly<Record<string, string>>,
): Promise<void> {
  const fields = await world.rows<{ Field: string }>(`SHOW COLUMNS FROM ${world.table(table)}`);
  const columns = fields.map(({ Field }) => `\`${Field}\``).join();
  const values = fields.map(({ Field }) => change[Field] ?? `b.\`${Field}\``).join();
  const connection = await world.connection();
  // As PHP writes: dates of nothing are zeros.
  await connection.query("SET SESSION sql_mode = ''");
  await connection.query(
    `INSERT INTO ${world.table(table)} (${columns})
     SELECT ${values} FROM (SELECT * FROM ${world.table(table)} LIMIT 1) b JOIN seq_1_to_${count} s`,
  );
  await connection.end();
}
