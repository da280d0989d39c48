import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { freePort, ownDirectory, removeAbandoned } from "./database-server.ts";
import { SupportError } from "./support-error.ts";
import { until } from "./until.ts";

const MODULES = [
  "party",
  "product",
  "sale",
  "account",
  "account-invoice",
  "account-payment",
  "account-product",
  "stock",
  "currency",
  "sale-payment",
  "company",
  "country",
];
const INSTALL_COMMAND = [
  "apt-get install -y --no-install-recommends tryton-server tryton-proteus",
  ...MODULES.map((name) => `tryton-modules-${name}`),
].join(" ");

const FOLDER = resolve(import.meta.dirname, "tryton");
const COMPANION = resolve(import.meta.dirname, "../../sidecar/erp/tryton/companion/erpsync");
const PYTHON = "/usr/bin/python3";
const TRYTOND = "/usr/bin/trytond";
const DATABASE = "erp";
const USER = "admin";
const PASSWORD = "erpsync-tests";
const READY_WITHIN_MS = 60_000;

/** What the seed made, by Tryton's ids. */
export interface TrytonSeed {
  /** Two goods that orders may contain, and one that others are copied from. */
  readonly items: readonly [number, number, number];
  readonly services: Readonly<Record<"shipping" | "wrapping" | "discount" | "rounding" | "taxes", number>>;
  /** By rate in per cent. */
  readonly taxes: Readonly<Record<string, number>>;
  readonly fixedTax: number;
  /** Three places below the storage zone of the warehouse. */
  readonly places: readonly [number, number, number];
  readonly supplierLocation: number;
  /** By currency. */
  readonly paymentJournals: Readonly<Record<string, number>>;
}

/** A Tryton of one's own, with a company, taxes, goods and services; it ends with its scope. */
export interface TrytonServer extends AsyncDisposable {
  readonly url: string;
  readonly seed: TrytonSeed;
  /** The section `erp.tryton` of a configuration. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Changes the tables beneath the running server; see test/support/tryton/bench.py. */
  readonly spoil: (command: Readonly<Record<string, unknown>>) => unknown;
  /** Calls a method as the administrator, beside the adapter. */
  readonly rpc: (method: string, params: readonly unknown[]) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Why there can be no Tryton here, in a sentence; undefined where there is one, or it can be installed. */
export function trytonMissing(): string | undefined {
  if (isInstalled()) return undefined;
  if (process.getuid?.() === 0 && hasPackages()) return undefined;
  return `Tryton is missing. Install it as root: ${INSTALL_COMMAND}`;
}

/** Installs Tryton where it is missing, and makes the databases that every start copies: half a minute, once. */
export function prepareTryton(): void {
  ensureTryton();
  seededDatabase();
}

/** A running Tryton on the loopback, with the companion module or without. Two seconds from the second start on. */
export async function startTryton(options: { readonly companion: boolean }): Promise<TrytonServer> {
  ensureTryton();
  removeAbandoned();
  const pristine = join(seededDatabase(), options.companion ? "companion" : "standard");
  const dir = ownDirectory();
  cpSync(join(pristine, `${DATABASE}.sqlite`), join(dir, `${DATABASE}.sqlite`));
  const seed = JSON.parse(readFileSync(join(pristine, "seed.json"), "utf8")) as TrytonSeed;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = startServer(dir, port);
  const killNow = (): void => {
    child.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once("exit", killNow);
  const rpc = await connected(url, child, join(dir, "output.log"));
  const stop = async (): Promise<void> => {
    process.removeListener("exit", killNow);
    child.kill("SIGKILL");
    if (isRunning(child)) await new Promise((done) => child.once("exit", done));
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  return {
    url,
    seed,
    settings: settingsOf(url, seed, options.companion),
    spoil: (command) => spoil(join(dir, `${DATABASE}.sqlite`), command),
    rpc,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Installs Tryton where it is missing and we may. */
function ensureTryton(say: (sentence: string) => void = console.error): void {
  if (isInstalled()) return;
  const missing = trytonMissing();
  if (missing !== undefined) throw new SupportError(missing);
  say(`Tryton is missing; installing it: ${INSTALL_COMMAND}`);
  // Runlevel 1 keeps the package from starting its own service.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  for (const words of [["update", "-q"], INSTALL_COMMAND.split(" ").slice(1)]) {
    spawnSync("apt-get", words, { stdio: ["ignore", 2, 2], env });
  }
  if (!isInstalled()) throw new SupportError(`The installation failed. Try by hand: ${INSTALL_COMMAND}`);
}

const isInstalled = (): boolean =>
  existsSync(TRYTOND) &&
  spawnSync(PYTHON, ["-c", "import proteus, trytond.modules.sale_payment"]).status === 0;

function hasPackages(): boolean {
  const said = spawnSync("apt-cache", ["policy", "tryton-server"], { encoding: "utf8" });
  if (said.status !== 0) return false;
  // A fresh image has no lists yet; the installation begins with an update.
  return said.stdout === "" || said.stdout.includes("Candidate: 6.0.");
}

function settingsOf(url: string, seed: TrytonSeed, companion: boolean): Readonly<Record<string, unknown>> {
  const { services, taxes, fixedTax } = seed;
  return {
    url,
    database: DATABASE,
    user: USER,
    password: PASSWORD,
    companion,
    taxes: Object.fromEntries(Object.entries(taxes).map(([rate, id]) => [rate, String(id)])),
    taxDifference: { productId: String(services.taxes), taxId: String(fixedTax), unit: "0.001" },
    shippingProductId: String(services.shipping),
    wrappingProductId: String(services.wrapping),
    discountProductId: String(services.discount),
    roundingProductId: String(services.rounding),
  };
}

/** Two seeded databases, made once for what they are made of; a start only copies one of them. */
function seededDatabase(): string {
  const cache = join(tmpdir(), `erpsync-tryton-${recipeHash()}-${userInfo().uid}`);
  if (existsSync(cache)) return cache;
  const fresh = `${cache}.${process.pid}`;
  try {
    makeDatabases(fresh);
    renameSync(fresh, cache);
  } catch (thrown) {
    rmSync(fresh, { recursive: true, force: true });
    // Another process was quicker; both made the same.
    if (!existsSync(cache)) throw thrown;
  }
  return cache;
}

/** Tryton's packages, our seed and the companion: whatever changes makes other databases. */
function recipeHash(): string {
  const hash = createHash("sha256");
  const packages = ["tryton-server", ...MODULES.map((name) => `tryton-modules-${name}`)];
  const versions = spawnSync("dpkg-query", ["-W", ...packages], { encoding: "utf8" });
  hash.update(versions.stdout);
  const companion = readdirSync(COMPANION, { recursive: true, encoding: "utf8" }).sort();
  const files = [join(FOLDER, "seed.py"), ...companion.map((name) => join(COMPANION, name))];
  for (const file of files.filter((path) => /\.(py|cfg|xml)$/.test(path))) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

function makeDatabases(folder: string): void {
  const standard = join(folder, "standard");
  const companion = join(folder, "companion");
  mkdirSync(standard, { recursive: true });
  const configuration = configure(standard, 0);
  // SQLite makes no database where there is no file.
  writeFileSync(join(standard, `${DATABASE}.sqlite`), "");
  const modules = ["sale", "sale_payment", "account_payment", "country"];
  admin(standard, ["-u", "ir", "res", ...modules, "--activate-dependencies", "--email", "tests@example.com"]);
  const seeded = python(standard, [join(FOLDER, "seed.py"), configuration]);
  writeFileSync(join(standard, "seed.json"), seeded.trimEnd().split("\n").at(-1) ?? "");
  cpSync(standard, companion, { recursive: true });
  configure(companion, 0);
  admin(companion, ["-u", "erpsync"]);
}

function admin(dir: string, words: readonly string[]): void {
  python(dir, [
    "/usr/bin/trytond-admin",
    "-c",
    join(dir, "trytond.conf"),
    "-d",
    DATABASE,
    "-l",
    "en",
    ...words,
  ]);
}

function python(dir: string, words: readonly string[]): string {
  const ended = spawnSync(PYTHON, [...words], { encoding: "utf8", env: environment(dir) });
  if (ended.status !== 0) {
    throw new SupportError(`${words[0]} failed:\n${ended.stdout.slice(-2_000)}${ended.stderr.slice(-4_000)}`);
  }
  return ended.stdout;
}

/** Without synchronous writes: nobody needs these databases after a power cut. */
function configure(dir: string, port: number): string {
  const path = join(dir, "trytond.conf");
  writeFileSync(
    path,
    [
      "[web]",
      `listen = 127.0.0.1:${port}`,
      "[database]",
      "uri = sqlite://",
      `path = ${dir}`,
      "[queue]",
      "worker = False",
      "",
    ].join("\n"),
  );
  return path;
}

/** Tryton finds modules outside its own folder by the entry points of installed packages: the companion is made one. */
function environment(dir: string): NodeJS.ProcessEnv {
  const site = join(dir, "site");
  const info = join(site, "erpsync_tryton-6.0.0.dist-info");
  if (!existsSync(info)) {
    mkdirSync(info, { recursive: true });
    writeFileSync(join(info, "METADATA"), "Metadata-Version: 2.1\nName: erpsync-tryton\nVersion: 6.0.0\n");
    writeFileSync(join(info, "entry_points.txt"), "[trytond.modules]\nerpsync = erpsync\n");
    symlinkSync(COMPANION, join(site, "erpsync"));
  }
  const passwordFile = join(dir, "password");
  writeFileSync(passwordFile, PASSWORD);
  return {
    ...process.env,
    PYTHONPATH: site,
    PYTHONDONTWRITEBYTECODE: "1",
    TRYTONPASSFILE: passwordFile,
    DB_NAME: DATABASE,
  };
}

function startServer(dir: string, port: number): ChildProcess {
  const configuration = configure(dir, port);
  const command = [PYTHON, TRYTOND, "-c", configuration, "-d", DATABASE];
  // The kernel kills the server when this process dies in a way that runs no exit handler.
  const bound = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;
  const [program = "", ...args] = bound ? ["setpriv", "--pdeathsig", "KILL", ...command] : command;
  const output = openSync(join(dir, "output.log"), "a");
  const child = spawn(program, args, { stdio: ["ignore", output, output], env: environment(dir) });
  child.once("error", () => undefined);
  if (child.pid !== undefined) writeFileSync(join(dir, "server.pid"), String(child.pid));
  child.unref();
  return child;
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Waits until one can log in, and returns the administrator's way to call methods. */
async function connected(url: string, child: ChildProcess, log: string): Promise<TrytonServer["rpc"]> {
  const post = async (body: object, header?: string): Promise<unknown> => {
    const answer = await fetch(`${url}/${DATABASE}/`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(header === undefined ? {} : { authorization: header }),
      },
      body: JSON.stringify({ id: 0, ...body }),
    });
    if (!answer.ok) throw new SupportError(`Tryton answered ${answer.status}: ${await answer.text()}`);
    const said = (await answer.json()) as { readonly result?: unknown; readonly error?: unknown };
    if (said.error !== undefined) throw new SupportError(`Tryton: ${JSON.stringify(said.error)}`);
    return said.result;
  };
  const logIn = async (): Promise<string> => {
    if (!isRunning(child)) throw new SupportError("Tryton has ended");
    const params = [USER, { password: PASSWORD }, "en"];
    const [user, key] = (await post({ method: "common.db.login", params })) as [number, string];
    return `Session ${Buffer.from(`${USER}:${user}:${key}`).toString("base64")}`;
  };
  await until(logIn, { timeoutMs: READY_WITHIN_MS, everyMs: 50, what: "Tryton's first login" }).catch(
    (thrown: unknown) => {
      child.kill("SIGKILL");
      throw new SupportError(`${String(thrown)} Its log ends:\n${readFileSync(log, "utf8").slice(-2_000)}`);
    },
  );
  let session = await logIn();
  const call = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const context = await post({ method: "model.res.user.get_preferences", params: [true, {}] }, session);
    return await post({ method, params: [...params, context] }, session);
  };
  return async (method, params) =>
    // Tests end all sessions as they like.
    await call(method, params).catch(async (thrown: unknown) => {
      if (!String(thrown).includes("answered 401")) throw thrown;
      session = await logIn();
      return await call(method, params);
    });
}

function spoil(database: string, command: Readonly<Record<string, unknown>>): unknown {
  const ended = spawnSync(PYTHON, [join(FOLDER, "bench.py"), database], {
    input: JSON.stringify(command),
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
  });
  if (ended.status !== 0) throw new SupportError(`bench.py failed: ${ended.stderr.slice(-2_000)}`);
  return JSON.parse(ended.stdout) as unknown;
}
