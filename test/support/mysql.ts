import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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
import { asRoot, copyDirectory } from "./mariadb.ts";
import { SupportError } from "./support-error.ts";

const DEFAULT_CHROOT = "/var/cache/erpsync/mysql-chroot";
const PACKAGES = ["mysql-server-core", "mysql-client-core"];

export interface MysqlOptions {
  readonly port?: number;
  readonly extra?: readonly string[];
}

/**
 * Where a real MySQL lies: on the PATH, or in a directory to `chroot` into, since Debian's stable release has
 * MariaDB only and calls it `mysqld` too.
 */
export interface MysqlInstallation {
  readonly root: string;
  readonly mysqld: string;
  readonly version: string;
}

/** The MySQL of this machine, or undefined; nothing is installed. */
export function findMysql(): MysqlInstallation | undefined {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"]) {
    const found = inspect("/", join(folder, "mysqld"));
    if (found !== undefined) return found;
  }
  return process.getuid?.() === 0 ? inspect(chrootDirectory(), "/usr/sbin/mysqld") : undefined;
}

/** A private MySQL with GTIDs and a ROW binlog, on the loopback only; undefined where there is none to be had. */
export async function startMysql(options: MysqlOptions = {}): Promise<DatabaseServer | undefined> {
  const mysql = findMysql();
  if (mysql === undefined) return undefined;
  const parent = join(mysql.root, "var/tmp");
  removeAbandoned(parent);
  const dir = ownDirectory(parent);
  const inside = mysql.root === "/" ? dir : dir.slice(mysql.root.length);
  copyDirectory(pristineData(mysql), join(dir, "data"));
  // Without the file the server makes a UUID of its own, which its GTIDs need.
  rmSync(join(dir, "data/auto.cnf"), { force: true });
  writeFileSync(join(dir, "init.sql"), INIT_FILE_SQL);
  const port = options.port ?? (await freePort());
  return launch({
    kind: "mysql",
    dir,
    temporary: true,
    port,
    socketPath: join(dir, "s.sock"),
    errorLog: join(dir, "error.log"),
    command: [
      ...inChroot(mysql.root),
      mysql.mysqld,
      "--no-defaults",
      ...asRoot(),
      `--datadir=${inside}/data`,
      `--port=${port}`,
      `--socket=${inside}/s.sock`,
      `--log-error=${inside}/error.log`,
      `--pid-file=${inside}/mysqld.pid`,
      `--init-file=${inside}/init.sql`,
      ...commonOptions(port),
      "--secure-file-priv=NULL",
      "--mysqlx=OFF",
      "--gtid-mode=ON",
      "--enforce-gtid-consistency=ON",
      "--innodb-redo-log-capacity=64M",
      ...(options.extra ?? []),
    ],
  });
}

/**
 * Makes the chroot that `findMysql` looks for, once a machine: Debian's unstable release has MySQL itself.
 * For CI; needs root. Says what it does, and throws with the reason where it cannot.
 */
export function ensureMysqlChroot(say: (sentence: string) => void = console.error): MysqlInstallation {
  const there = findMysql();
  if (there !== undefined) return there;
  if (process.getuid?.() !== 0)
    throw new SupportError("A MySQL chroot needs root; run it as root or set ERPSYNC_MYSQL_CHROOT.");
  const target = chrootDirectory();
  const building = `${target}.building-${process.pid}`;
  say(`Making a MySQL chroot in ${target}; about half a minute.`);
  if (spawnSync("debootstrap", ["--version"]).status !== 0) {
    run("apt-get", ["update", "-q"]);
    run("apt-get", ["install", "-y", "--no-install-recommends", "debootstrap"]);
  }
  mkdirSync(building, { recursive: true });
  try {
    run("debootstrap", ["--variant=minbase", "sid", building, debianMirror()]);
    lendNetworkSettings(building);
    run("chroot", [building, "apt-get", "update", "-q"]);
    run("chroot", [building, "apt-get", "install", "-y", "-q", "--no-install-recommends", ...PACKAGES]);
    renameSync(building, target);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  const made = inspect(target, "/usr/sbin/mysqld");
  if (made === undefined)
    throw new SupportError(`The chroot ${target} holds no MySQL; remove it and try again.`);
  return made;
}

function chrootDirectory(): string {
  return process.env["ERPSYNC_MYSQL_CHROOT"] ?? DEFAULT_CHROOT;
}

function inspect(root: string, mysqld: string): MysqlInstallation | undefined {
  if (!existsSync(join(root, mysqld))) return undefined;
  const [program = "", ...args] = [...inChroot(root), mysqld, "--no-defaults", "--version"];
  const said = spawnSync(program, args, { encoding: "utf8" }).stdout;
  const version = /Ver (\S+)/.exec(said)?.[1];
  return version === undefined || said.includes("MariaDB") ? undefined : { root, mysqld, version };
}

function inChroot(root: string): readonly string[] {
  // A directory for temporary files that is named out here is none in there.
  return root === "/" ? [] : ["env", "-u", "TMPDIR", "chroot", root];
}

/** An empty datadir inside the chroot, made once a version: initializing takes MySQL seconds. */
function pristineData(mysql: MysqlInstallation): string {
  const inside = `/var/tmp/erpsync-mysql-${mysql.version}-${process.getuid?.() ?? 0}`;
  const pristine = join(mysql.root, inside);
  if (existsSync(pristine)) return pristine;
  const fresh = `${inside}.${process.pid}`;
  const [program = "", ...args] = [
    ...inChroot(mysql.root),
    mysql.mysqld,
    "--no-defaults",
    ...asRoot(),
    "--initialize-insecure",
    "--innodb-redo-log-capacity=64M",
    `--datadir=${fresh}`,
  ];
  const made = spawnSync(program, args, { encoding: "utf8" });
  if (made.status !== 0) {
    rmSync(join(mysql.root, fresh), { recursive: true, force: true });
    throw new SupportError(`Initializing MySQL failed:\n${made.stdout}${made.stderr}`);
  }
  try {
    renameSync(join(mysql.root, fresh), pristine);
  } catch {
    // Another process was quicker; both made the same.
    rmSync(join(mysql.root, fresh), { recursive: true, force: true });
  }
  return pristine;
}

/** The mirror that this machine's own apt uses, in either format of its sources. */
function debianMirror(): string {
  const folder = "/etc/apt/sources.list.d";
  const files = [
    "/etc/apt/sources.list",
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ];
  for (const file of files.filter((path) => existsSync(path))) {
    const uri = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(
      readFileSync(file, "utf8"),
    );
    if (uri?.[1] !== undefined) return uri[1];
  }
  throw new SupportError("No Debian mirror in this machine's apt sources; MySQL cannot be fetched.");
}

/** Names and proxies as the machine has them, so that apt inside the chroot reaches what apt outside reaches. */
function lendNetworkSettings(root: string): void {
  copyFileSync("/etc/resolv.conf", join(root, "etc/resolv.conf"));
  const folder = "/etc/apt/apt.conf.d";
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (readFileSync(join(folder, name), "utf8").includes("Acquire::"))
      copyFileSync(join(folder, name), join(root, folder, name));
  }
  if (existsSync("/etc/apt/apt.conf")) copyFileSync("/etc/apt/apt.conf", join(root, "etc/apt/apt.conf"));
}

function run(program: string, args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1", LC_ALL: "C" };
  const ran = spawnSync(program, args, { encoding: "utf8", env, maxBuffer: 64 * 1024 * 1024 });
  if (ran.status !== 0) {
    throw new SupportError(`${program} ${args.join(" ")} failed:\n${(ran.stdout + ran.stderr).slice(-2000)}`);
  }
}
