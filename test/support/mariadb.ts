import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import {
  commonOptions,
  type DatabaseServer,
  freePort,
  INIT_FILE_SQL,
  launch,
  ownDirectory,
  removeAbandoned,
} from "./database-server.ts";
import { SupportError } from "./support-error.ts";

const INSTALL_COMMAND = "apt-get install -y --no-install-recommends mariadb-server";

export interface MariadbOptions {
  /** Keep data here and leave them after `stop`; without it a temporary directory is made and removed. */
  readonly dir?: string;
  readonly port?: number;
  /** More server options, e.g. `--binlog-row-image=MINIMAL`; the last one given wins. */
  readonly extra?: readonly string[];
}

/** The path of MariaDB's server, installed by apt first where it is missing and we may. */
export function ensureMariadb(say: (sentence: string) => void = console.error): string {
  const found = findMariadbd();
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) {
    throw new SupportError(`MariaDB's server is missing. Install it as root: ${INSTALL_COMMAND}`);
  }
  say(`MariaDB's server is missing; installing it: ${INSTALL_COMMAND}`);
  // Runlevel 1 keeps the package from starting its own service on the default port.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  for (const words of [["update", "-q"], INSTALL_COMMAND.split(" ").slice(1)]) {
    spawnSync("apt-get", words, { stdio: ["ignore", 2, 2], env });
  }
  const installed = findMariadbd();
  if (installed === undefined)
    throw new SupportError(`The installation failed. Try by hand: ${INSTALL_COMMAND}`);
  return installed;
}

/** A private MariaDB with a ROW binlog, on the loopback only. About a second from the second start on. */
export async function startMariadb(options: MariadbOptions = {}): Promise<DatabaseServer> {
  const mariadbd = ensureMariadb();
  removeAbandoned();
  const dir = options.dir ?? ownDirectory();
  const data = join(dir, "data");
  if (!existsSync(join(data, "mysql"))) {
    mkdirSync(dir, { recursive: true });
    copyDirectory(pristineData(mariadbd), data);
  }
  const initFile = join(dir, "init.sql");
  writeFileSync(initFile, INIT_FILE_SQL);
  const port = options.port ?? (await freePort());
  const socketPath = join(dir, "s.sock");
  const errorLog = join(dir, "error.log");
  return launch({
    kind: "mariadb",
    dir,
    temporary: options.dir === undefined,
    port,
    socketPath,
    errorLog,
    command: [
      mariadbd,
      "--no-defaults",
      ...asRoot(),
      `--datadir=${data}`,
      `--port=${port}`,
      `--socket=${socketPath}`,
      `--log-error=${errorLog}`,
      `--pid-file=${join(dir, "mariadbd.pid")}`,
      `--init-file=${initFile}`,
      ...commonOptions(port),
      "--innodb-log-file-size=48M",
      "--gtid-strict-mode=ON",
      ...(options.extra ?? []),
    ],
  });
}

/** An empty datadir, made once a user and version; a start only copies it. */
function pristineData(mariadbd: string): string {
  const said = spawnSync(mariadbd, ["--version"], { encoding: "utf8" }).stdout;
  const version = /Ver (\S+)/.exec(said)?.[1];
  const pristine = join(tmpdir(), `erpsync-mariadb-${version ?? "unknown"}-${userInfo().uid}`);
  if (existsSync(pristine)) return pristine;
  const fresh = `${pristine}.${process.pid}`;
  const made = spawnSync(
    "mariadb-install-db",
    [
      "--no-defaults",
      ...asRoot(),
      `--datadir=${fresh}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--innodb-log-file-size=48M",
    ],
    { encoding: "utf8" },
  );
  if (made.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new SupportError(`mariadb-install-db failed:\n${made.stdout}${made.stderr}`);
  }
  try {
    renameSync(fresh, pristine);
  } catch {
    // Another process was quicker; both made the same.
    rmSync(fresh, { recursive: true, force: true });
  }
  return pristine;
}

/** `cp -a` keeps holes and is several times as quick as a copy in JavaScript. */
export function copyDirectory(from: string, to: string): void {
  const copied = spawnSync("cp", ["-a", "--reflink=auto", "--sparse=always", from, to], { encoding: "utf8" });
  if (copied.status !== 0) throw new SupportError(`Copying ${from} failed: ${copied.stderr}`);
}

/** The servers refuse to run as root unless told so by name. */
export function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

function findMariadbd(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "mariadbd")).find((path) => existsSync(path));
}
