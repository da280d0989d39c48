import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import mysql from "mysql2/promise";
import type { ServerAddress } from "./database-server.ts";
import { type SeedOptions, seedSql } from "./seed.ts";
import { ShopSimulator } from "./shop-simulator.ts";
import { SupportError } from "./support-error.ts";

const SHOP_SCHEMA = new URL("shop-schema.sql", import.meta.url);
const MODULE_SCHEMA = new URL("../../prestashop-module/erpsync/sql/install.sql", import.meta.url);

const SERVER_GONE = new Set(["ECONNREFUSED", "ECONNRESET", "PROTOCOL_CONNECTION_LOST"]);

export interface WorldOptions {
  /** A server, or the kind of one that vitest's globalSetup started; without it the first of them. */
  readonly server?: ServerAddress | ServerAddress["kind"];
  readonly prefix?: string;
  readonly seed?: SeedOptions;
  /** Without the module's tables when false, as a shop before the installation. */
  readonly module?: boolean;
}

/** What a client of the world's database needs; the user is the server's root. */
export interface DatabaseSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly prefix: string;
}

/**
 * A shop of one's own: a database with the shop's tables, the module's tables and a seed, which ends with
 * its scope (`await using world = await World.create()`). Tests that run side by side never meet.
 */
export class World implements AsyncDisposable {
  readonly server: ServerAddress;
  readonly database: string;
  readonly prefix: string;
  readonly seed: SeedOptions;
  /** Root's pool on the world's database; takes several statements at once, dates come as strings. */
  readonly pool: mysql.Pool;
  readonly #shops = new Map<number, ShopSimulator>();
  readonly #cleanups: (() => unknown)[] = [];

  private constructor(server: ServerAddress, database: string, options: WorldOptions) {
    this.server = server;
    this.database = database;
    this.prefix = options.prefix ?? "ps_";
    this.seed = options.seed ?? {};
    this.pool = mysql.createPool({ ...this.#driverOptions(), connectionLimit: 10 });
  }

  static async create(options: WorldOptions = {}): Promise<World> {
    const { server: wanted } = options;
    // Vitest cannot be imported outside its workers, and the demo lives in a world too.
    const server =
      typeof wanted === "object" ? wanted : (await import("./each-server.ts")).runningServer(wanted);
    const world = new World(server, `erpsync_test_${randomBytes(6).toString("hex")}`, options);
    await world.#createDatabase(options.module ?? true);
    return world;
  }

  get settings(): DatabaseSettings {
    return {
      host: this.server.host,
      port: this.server.port,
      user: this.server.rootUser,
      password: this.server.rootPassword,
      database: this.database,
      prefix: this.prefix,
    };
  }

  /** A table's full name, quoted: world.table("orders") → `ps_orders`. */
  table(name: string): string {
    return mysql.escapeId(this.prefix + name);
  }

  /** A connection of its own, as one PHP process or one worker has; it is closed with the world. */
  async connection(options: mysql.ConnectionOptions = {}): Promise<mysql.Connection> {
    const connection = await mysql.createConnection({ ...this.#driverOptions(), ...options });
    // A server that is killed on purpose must not end the test run.
    connection.on("error", () => undefined);
    this.onDispose(() => {
      connection.destroy();
    });
    return connection;
  }

  /** The rows of a query by root; `?` and `??` are filled in by the driver. */
  async rows<Row extends object = Record<string, unknown>>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const [rows] = await this.pool.query<mysql.RowDataPacket[]>(sql, [...values]);
    return rows as unknown as Row[];
  }

  /**
   * A database user with these grants and no more, e.g. `["SELECT ON `db`.*", "REPLICATION SLAVE ON *.*"]`;
   * dropped with the world.
   */
  async createUser(grants: readonly string[]): Promise<{ readonly user: string; readonly password: string }> {
    const user = `erpsync_${randomBytes(6).toString("hex")}`;
    const password = randomBytes(12).toString("hex");
    await this.pool.query("CREATE USER ?@'127.0.0.1' IDENTIFIED BY ?", [user, password]);
    this.onDispose(() => this.pool.query("DROP USER IF EXISTS ?@'127.0.0.1'", [user]));
    for (const grant of grants) await this.pool.query(`GRANT ${grant} TO ?@'127.0.0.1'`, [user]);
    return { user, password };
  }

  /** The n-th PHP process of this shop; the same number is the same process and connection. */
  shop(number = 1): ShopSimulator {
    const shop = this.#shops.get(number) ?? new ShopSimulator(this);
    this.#shops.set(number, shop);
    return shop;
  }

  /** Runs when the world ends, last registered first; the database is dropped after all of them. */
  onDispose(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const faults: unknown[] = [];
    const attempt = async (cleanup: () => unknown): Promise<void> => {
      try {
        await cleanup();
      } catch (error) {
        // A test that killed its server has nothing left to drop.
        if (!SERVER_GONE.has((error as NodeJS.ErrnoException).code ?? "")) faults.push(error);
      }
    };
    for (const cleanup of this.#cleanups.reverse()) await attempt(cleanup);
    await attempt(() => this.pool.query("DROP DATABASE IF EXISTS ??", [this.database]));
    await attempt(() => this.pool.end());
    if (faults.length > 0) throw new AggregateError(faults, "The world did not end cleanly.");
  }

  #driverOptions(): mysql.ConnectionOptions {
    return {
      host: this.server.host,
      port: this.server.port,
      user: this.server.rootUser,
      password: this.server.rootPassword,
      database: this.database,
      dateStrings: true,
      supportBigNumbers: true,
      multipleStatements: true,
      timezone: "Z",
    };
  }

  async #createDatabase(withModule: boolean): Promise<void> {
    const connection = await mysql.createConnection({ ...this.#driverOptions(), database: "" });
    try {
      // The opening state stays out of the binlog: what a test reads there is what the test did.
      await connection.query(
        [
          "SET SESSION sql_mode = '', sql_log_bin = 0",
          `CREATE DATABASE ${this.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
          `USE ${this.database}`,
          withPrefix(readFileSync(SHOP_SCHEMA, "utf8"), this.prefix),
          withModule ? withPrefix(readFileSync(MODULE_SCHEMA, "utf8"), this.prefix) : "",
          "START TRANSACTION",
          seedSql(this.prefix, this.seed),
          "COMMIT",
        ]
          .filter((statement) => statement !== "")
          .map((statement) => statement.replace(/;\s*$/, ""))
          .join(";\n"),
      );
    } catch (error) {
      // The driver's own error carries the whole text of the schema.
      throw new SupportError(`Making the shop's database failed: ${(error as Error).message}`);
    } finally {
      await connection.end();
    }
  }
}

/** The shop's SQL files write PREFIX_ for the table prefix. */
export function withPrefix(sql: string, prefix: string): string {
  return sql.replaceAll("PREFIX_", prefix);
}
