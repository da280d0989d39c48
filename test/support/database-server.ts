import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import mysql from "mysql2/promise";
import { SupportError } from "./support-error.ts";

/** What a client needs to reach a server; survives a structured clone, so vitest can hand it to its workers. */
export interface ServerAddress {
  readonly kind: "mariadb" | "mysql";
  /** As the server says it, e.g. `10.11.19-MariaDB-log`. */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly socketPath: string;
  readonly rootUser: string;
  readonly rootPassword: string;
}

/** A private server that belongs to this process and ends with it. */
export interface DatabaseServer extends ServerAddress, AsyncDisposable {
  /** Where data, socket, binlog and the error log lie. */
  readonly dir: string;
  readonly errorLog: string;
  readonly pid: () => number | undefined;
  /** SIGKILL, and wait until the process is gone. The data stay. */
  readonly kill9: () => Promise<void>;
  /** Starts again on the same port and data, after `kill9` or out of a running state (then it ends it in good order). */
  readonly restart: () => Promise<void>;
  /** Ends the server; removes its files if the directory was ours to choose. */
  readonly stop: () => Promise<void>;
}

export interface ServerRecipe {
  readonly kind: "mariadb" | "mysql";
  readonly dir: string;
  /** Remove `dir` when the server stops. */
  readonly temporary: boolean;
  readonly port: number;
  /** Command and arguments that run in the foreground; `setpriv` is put before them where it exists. */
  readonly command: readonly string[];
  readonly socketPath: string;
  readonly errorLog: string;
}

export const ROOT_USER = "erpsync_root";
export const ROOT_PASSWORD = "erpsync";
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;
const READY_POLL_MS = 20;
const DIR_PREFIX = "erpsync-db-";

/** Statements that a server runs at each start, one a line; none of them goes to the binlog. */
export const INIT_FILE_SQL = [
  "SET sql_log_bin = 0;",
  `CREATE USER IF NOT EXISTS '${ROOT_USER}'@'127.0.0.1' IDENTIFIED BY '${ROOT_PASSWORD}';`,
  `GRANT ALL PRIVILEGES ON *.* TO '${ROOT_USER}'@'127.0.0.1' WITH GRANT OPTION;`,
  "",
].join("\n");

/** Options that MariaDB and MySQL share: everything the tail needs, and small memory. */
export function commonOptions(serverId: number): readonly string[] {
  return [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    `--server-id=${serverId}`,
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
    "--sync-binlog=1",
    "--innodb-buffer-pool-size=64M",
    "--max-connections=400",
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
  ];
}

/** A port on the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      if (address === null || typeof address === "string") reject(new SupportError("No TCP port to be had."));
      else resolve(address.port);
    });
  });
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** A directory of our own under `parent`, marked with this process as its owner. */
export function ownDirectory(parent: string = tmpdir()): string {
  const dir = join(parent, `${DIR_PREFIX}${process.pid}-${Math.random().toString(36).slice(2, 8)}`);
  mkdirSync(dir, { recursive: true });
  return dir;
}

/**
 * Ends servers and removes directories whose owner died without its exit handlers (kill -9, power).
 * Only processes whose command line names the abandoned directory are touched.
 */
export function removeAbandoned(parent: string = tmpdir()): void {
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const owner = new RegExp(`^${DIR_PREFIX}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const dir = join(parent, name);
    const pidFile = join(dir, "server.pid");
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0;
    if (pid > 0 && isAlive(pid) && commandLine(pid).includes(name)) process.kill(pid, "SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Starts the server that the recipe describes and waits until it answers. */
export async function launch(recipe: ServerRecipe): Promise<DatabaseServer> {
  let child = spawnServer(recipe);
  let version = await untilReady(recipe, child);

  const killNow = (): void => {
    child.kill("SIGKILL");
    if (recipe.temporary) rmSync(recipe.dir, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once("exit", killNow);

  const kill9 = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited(child);
  };
  const endInGoodOrder = async (): Promise<void> => {
    child.kill("SIGTERM");
    const ended = await Promise.race([
      exited(child).then(() => true),
      delay(STOP_WITHIN_MS, false, { ref: false }),
    ]);
    if (!ended) await kill9();
  };
  const stop = async (): Promise<void> => {
    process.removeListener("exit", killNow);
    if (recipe.temporary) {
      await kill9();
      rmSync(recipe.dir, { recursive: true, force: true, maxRetries: 3 });
    } else {
      await endInGoodOrder();
    }
  };
  return {
    kind: recipe.kind,
    get version() {
      return version;
    },
    host: "127.0.0.1",
    port: recipe.port,
    socketPath: recipe.socketPath,
    rootUser: ROOT_USER,
    rootPassword: ROOT_PASSWORD,
    dir: recipe.dir,
    errorLog: recipe.errorLog,
    pid: () => (isRunning(child) ? child.pid : undefined),
    kill9,
    restart: async () => {
      await endInGoodOrder();
      child = spawnServer(recipe);
      version = await untilReady(recipe, child);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The plain fields of a server, for a process that only connects to it. */
export function addressOf(server: ServerAddress): ServerAddress {
  const { kind, version, host, port, socketPath, rootUser, rootPassword } = server;
  return { kind, version, host, port, socketPath, rootUser, rootPassword };
}

function spawnServer(recipe: ServerRecipe): ChildProcess {
  // The kernel kills the server when this process dies in a way that runs no exit handler.
  const words = hasSetpriv() ? ["setpriv", "--pdeathsig", "KILL", ...recipe.command] : [...recipe.command];
  const [program = "", ...args] = words;
  const output = openSync(join(recipe.dir, "output.log"), "a");
  const child = spawn(program, args, { stdio: ["ignore", output, output] });
  child.once("error", () => undefined);
  if (child.pid !== undefined) writeFileSync(join(recipe.dir, "server.pid"), String(child.pid));
  child.unref();
  return child;
}

async function untilReady(recipe: ServerRecipe, child: ChildProcess): Promise<string> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  let last: unknown;
  while (performance.now() < deadlineMs) {
    if (!isRunning(child)) break;
    try {
      const connection = await mysql.createConnection({
        host: "127.0.0.1",
        port: recipe.port,
        user: ROOT_USER,
        password: ROOT_PASSWORD,
      });
      const [rows] = await connection.query<mysql.RowDataPacket[]>("SELECT VERSION() AS version");
      await connection.end();
      return String(rows[0]?.["version"]);
    } catch (error) {
      last = error;
      await delay(READY_POLL_MS);
    }
  }
  child.kill("SIGKILL");
  const log = existsSync(recipe.errorLog) ? readFileSync(recipe.errorLog, "utf8").slice(-2000) : "";
  throw new SupportError(
    `${recipe.kind} did not answer on port ${recipe.port} (${String(last)}). Its log ends:\n${log}`,
  );
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function exited(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  child.ref();
  await new Promise((resolve) => child.once("exit", resolve));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

let setprivFound: boolean | undefined;
function hasSetpriv(): boolean {
  setprivFound ??= spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;
  return setprivFound;
}
