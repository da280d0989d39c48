import { randomBytes } from "node:crypto";
import type mysql from "mysql2/promise";
import { lockName } from "../../sidecar/platform/named-lock.ts";
import type { Row } from "./order-rows.ts";
import { SupportError } from "./support-error.ts";
import type { World } from "./world.ts";

/** How often a statement is repeated that the server sacrificed to another of the shop's. */
const DEADLOCKS_MAX = 3;

const isDeadlock = (thrown: unknown): boolean =>
  thrown instanceof Error && "code" in thrown && thrown.code === "ER_LOCK_DEADLOCK";

/** One PHP process of the shop: one connection, opened at the first statement, and no transaction of its own. */
export class PhpProcess {
  readonly #world: World;
  #connection: mysql.Connection | undefined;
  #traceId = "";
  #isInTransaction = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** The W3C trace of this process; the module gives each event a span of its own in it. */
  get traceId(): string {
    return this.#traceId;
  }

  /** Killed: the server rolls back what was open. The next statement is another process. */
  die(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#isInTransaction = false;
  }

  /** Ends as after its last byte of output. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.end();
  }

  /** A table with the shop's prefix. */
  name(table: string): string {
    return this.#world.prefix + table;
  }

  /** The lock of a product, as the module names it. */
  productLock(productId: number): string {
    return lockName(this.#world.database, this.#world.prefix, `stock.${productId}`);
  }

  /**
   * PrestaShop's own statements deadlock with each other now and then (an INSERT of a line with the UPDATE that sums up
   * what is reserved), and its customer then tries again. Outside of a transaction only the statement was lost, so it is
   * repeated here: the tests are about what becomes of orders that were placed.
   */
  async query(sql: string, values: readonly unknown[] = []): Promise<mysql.ResultSetHeader> {
    for (let again = DEADLOCKS_MAX; ; again -= 1) {
      try {
        return await this.#query(sql, values);
      } catch (thrown) {
        if (again === 0 || this.#isInTransaction || !isDeadlock(thrown)) throw thrown;
      }
    }
  }

  async #query(sql: string, values: readonly unknown[]): Promise<mysql.ResultSetHeader> {
    const connection = await this.#connect();
    const [result] = await connection.query<mysql.ResultSetHeader>(sql, [...values]);
    if (sql === "START TRANSACTION") this.#isInTransaction = true;
    if (sql === "COMMIT" || sql === "ROLLBACK") this.#isInTransaction = false;
    return result;
  }

  async select(sql: string, values: readonly unknown[]): Promise<Row[]> {
    const connection = await this.#connect();
    const [rows] = await connection.query<mysql.RowDataPacket[]>(sql, [...values]);
    return rows;
  }

  async insert(table: string, row: Row): Promise<number> {
    const result = await this.query("INSERT INTO ?? SET ?", [this.name(table), row]);
    return result.insertId;
  }

  /** Every column, as ObjectModel writes it: what another process changed since the read is lost. */
  async update(table: string, key: string, row: Row): Promise<void> {
    await this.query("UPDATE ?? SET ? WHERE ?? = ?", [this.name(table), row, key, row[key]]);
  }

  async load(table: string, key: string, id: number): Promise<Row> {
    const [row] = await this.select("SELECT * FROM ?? WHERE ?? = ? LIMIT 1", [this.name(table), key, id]);
    if (row === undefined) throw new SupportError(`There is no ${table} with ${key} = ${id}.`);
    return row;
  }

  async #connect(): Promise<mysql.Connection> {
    if (this.#connection === undefined) {
      const connection = await this.#world.connection();
      // A connection that the server dropped is replaced at the next statement, as PrestaShop's Db does it.
      connection.on("error", () => {
        if (this.#connection === connection) this.#connection = undefined;
      });
      this.#connection = connection;
      this.#traceId = randomBytes(16).toString("hex");
      // PrestaShop's first statement on each connection: zero dates and missing defaults are accepted.
      await connection.query("SET SESSION sql_mode = ''");
      return connection;
    }
    return this.#connection;
  }
}
