import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { stringify } from "yaml";
import { openDatabase } from "../../sidecar/platform/database.ts";
import { migrate } from "../../sidecar/platform/migrate.ts";
import { lockName } from "../../sidecar/platform/named-lock.ts";
import type { NetSuiteEmulator } from "./netsuite-emulator.ts";
import { SupportError } from "./support-error.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** One line of the sidecar's log. */
export interface LogLine {
  readonly event: string;
  readonly level: number;
  readonly [field: string]: unknown;
}

/** The shop that an installation stands beside: a world, or a real one. */
export type Beside = Pick<World, "settings" | "onDispose">;

export interface SidecarOptions {
  readonly roles?: string;
  /** Where NetSuite is; an emulator's settings, perhaps with the address of a proxy. Another ERP stands in `erp`. */
  readonly netsuite?: object;
  /** Merged into the sections of the configuration. */
  readonly shop?: object;
  readonly database?: object;
  readonly capture?: object;
  readonly export?: object;
  readonly orders?: object;
  readonly erp?: object;
  readonly stock?: object;
  readonly http?: object;
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * An installation of the sidecar: its configuration and state file in a folder of its own, and the schema migrated.
 * Its processes are started, killed and started again; all end with the world.
 */
export class Installation {
  readonly configFile: string;
  readonly stateFile: string;
  readonly #processes: SidecarProcess[] = [];

  private constructor(folder: string) {
    this.configFile = join(folder, "erpsync.yaml");
    this.stateFile = join(folder, "state.json");
  }

  static async create(world: Beside, options: SidecarOptions): Promise<Installation> {
    const folder = mkdtempSync(join(tmpdir(), "erpsync-sidecar-"));
    const installation = new Installation(folder);
    world.onDispose(async () => {
      for (const process of installation.#processes) await process.kill9();
      rmSync(folder, { recursive: true, force: true });
    });
    installation.configure(world, options);
    await migrateWorld(world);
    return installation;
  }

  /** Writes the configuration; processes that start later read it. */
  configure(world: Beside, options: SidecarOptions): void {
    const { host, port, user, password, database, prefix } = world.settings;
    const content = {
      shop: { key: "main", url: "http://127.0.0.1:9/", secret: "s".repeat(40), ...options.shop },
      database: { host, port, user, password, name: database, prefix, ...options.database },
      capture: options.capture ?? {},
      export: options.export ?? {},
      orders: options.orders ?? {},
      erp: {
        adapter: "netsuite",
        ...options.erp,
        ...(options.netsuite === undefined ? {} : { netsuite: options.netsuite }),
      },
      stock: options.stock ?? {},
      http: { port: 0, ...options.http },
      stateFile: this.stateFile,
    };
    writeFileSync(this.configFile, stringify(content));
  }

  /** Starts a process and waits until it says that it runs, unless `ready` is another event or null. */
  async start(
    ready: string | null = "process.started",
    options: Partial<SidecarOptions> = {},
  ): Promise<SidecarProcess> {
    const roles = options.roles === undefined ? [] : ["--roles", options.roles];
    const process = new SidecarProcess(
      ["run", "--config", this.configFile, ...roles],
      options.environment ?? {},
    );
    this.#processes.push(process);
    if (ready !== null) await process.logged(ready);
    return process;
  }

  /** Runs one command of the command line to its end. */
  async command(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const process = new SidecarProcess([...args, "--config", this.configFile], {});
    this.#processes.push(process);
    const code = await process.exited;
    return { code, out: process.out, err: process.err };
  }
}

/** A process of the sidecar, built (`npm test` builds first) or else from its sources. */
export class SidecarProcess {
  readonly log: LogLine[] = [];
  readonly exited: Promise<number>;
  out = "";
  err = "";
  readonly #child: ChildProcess;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const built = join(ROOT, "dist/sidecar/main.js");
    const entry =
      process.env["ERPSYNC_TEST_BUILT"] === "1" && existsSync(built)
        ? [built]
        : ["--import", "tsx", join(ROOT, "sidecar/main.ts")];
    this.#child = spawn(process.execPath, [...entry, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: ROOT,
      env: { ...process.env, ...environment },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new SupportError("The sidecar was started without pipes.");
    createInterface({ input: stdout }).on("line", (line) => {
      this.out += `${line}\n`;
      if (line.startsWith("{")) this.log.push(JSON.parse(line) as LogLine);
    });
    stderr.on("data", (chunk: Buffer) => {
      this.err += chunk.toString();
    });
    this.exited = new Promise((done) => {
      this.#child.on("exit", (code, signal) => {
        done(code ?? (signal === null ? 1 : 128));
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits for a log event, also one that was logged before. */
  async logged(event: string, timeoutMs = 20_000): Promise<LogLine> {
    return await until(
      () => {
        const line = this.log.find((entry) => entry.event === event);
        if (line === undefined && !this.running)
          throw new SupportError(`The sidecar ended: ${this.err || this.out}`);
        return line;
      },
      { what: `the sidecar's event ${event}`, timeoutMs },
    );
  }

  async kill9(): Promise<void> {
    if (this.running) this.#child.kill("SIGKILL");
    await this.exited;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number> {
    if (this.running) this.#child.kill("SIGTERM");
    return await this.exited;
  }
}

/** Brings the world's schema up to date, as `erpsync migrate` does. */
export async function migrateWorld(world: Beside): Promise<void> {
  const { database, prefix } = world.settings;
  const db = openDatabase({ ...world.settings, connections: 2 });
  try {
    await migrate(db, prefix, lockName(database, prefix, "migrate"));
  } finally {
    await db.destroy();
  }
}

/** Maps every product and combination of the seed to an item of the emulator, but those in `except`. */
export async function mapProducts(
  world: World,
  erp: NetSuiteEmulator,
  except: readonly string[] = [],
): Promise<void> {
  const rows = await world.rows<{ id_product: number; id_product_attribute: number }>(
    `SELECT DISTINCT id_product, id_product_attribute FROM ${world.table("stock_available")}`,
  );
  const keys = rows.map((row) => ({
    key: `${row.id_product}:${row.id_product_attribute}`,
    item: itemOf(row),
  }));
  erp.addItems(keys.map(({ item }) => item));
  const values = keys
    .filter(({ key }) => !except.includes(key))
    .map(({ key, item }) => ["product", key, `ITEM-${item}`, item, "import", "2026-01-01 00:00:00"]);
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_mapping")} (kind, shop_key, external_id, erp_ref, origin, updated_at) VALUES ?`,
    [values],
  );
}

/** The emulator's item for a product of the seed. */
export function itemOf(row: { readonly id_product: number; readonly id_product_attribute: number }): string {
  return String(100_000 + row.id_product * 1_000 + row.id_product_attribute);
}
