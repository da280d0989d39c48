import type { World } from "./world.ts";

/** What changes when orders are placed and exported; the catalogue is left out, because no test changes it. */
const DUMPED = /^(orders$|order_|cart|customer|address|stock_available|erpsync_)/;

/** A copy of the shop's changing tables, to put the shop back to. */
export class ShopDump {
  readonly #world: World;
  readonly #database: string;
  readonly #tables: readonly string[];

  private constructor(world: World, database: string, tables: readonly string[]) {
    this.#world = world;
    this.#database = database;
    this.#tables = tables;
  }

  /** Copies the tables into a database of its own, which ends with the world. */
  static async take(world: World): Promise<ShopDump> {
    const rows = await world.rows<{ name: string }>(
      "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?",
      [world.database],
    );
    const tables = rows
      .map(({ name }) => name)
      .filter((name) => DUMPED.test(name.slice(world.prefix.length)));
    const database = `${world.database}_dump`;
    world.onDispose(() => world.pool.query("DROP DATABASE IF EXISTS ??", [database]));
    await world.pool.query("CREATE DATABASE ??", [database]);
    const dump = new ShopDump(world, database, tables);
    for (const table of tables) {
      await dump.#run("CREATE TABLE ??.?? AS SELECT * FROM ??.??", [database, table, world.database, table]);
    }
    return dump;
  }

  /** Puts every table back, the counters of their ids included. */
  async restore(): Promise<void> {
    for (const table of this.#tables) {
      const here = [this.#world.database, table];
      const [row] = await this.#world.rows("SELECT EXISTS (SELECT 1 FROM ??.??) AS filled", here);
      if (row?.["filled"] === 1) await this.#run("TRUNCATE TABLE ??.??", here);
      await this.#run("INSERT INTO ??.?? SELECT * FROM ??.??", [...here, this.#database, table]);
    }
  }

  /** As a dump is read back: zero dates and ids of 0 stay what they are. */
  async #run(statement: string, values: readonly string[]): Promise<void> {
    const connection = await this.#world.pool.getConnection();
    try {
      await connection.query("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
      await connection.query(statement, [...values]);
    } finally {
      connection.release();
    }
  }
}
