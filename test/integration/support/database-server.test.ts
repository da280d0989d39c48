import mysql from "mysql2/promise";
import { describe, expect, inject, it } from "vitest";
import type { DatabaseServer, ServerAddress } from "../../support/database-server.ts";
import { eachServer } from "../../support/each-server.ts";
import { startMariadb } from "../../support/mariadb.ts";
import { startMysql } from "../../support/mysql.ts";
import { SupportError } from "../../support/support-error.ts";
import { World } from "../../support/world.ts";

async function start(kind: ServerAddress["kind"]): Promise<DatabaseServer> {
  const server = kind === "mariadb" ? await startMariadb() : await startMysql();
  if (server === undefined) throw new SupportError("This run has no MySQL.");
  return server;
}

async function ask(server: ServerAddress, sql: string): Promise<mysql.RowDataPacket[]> {
  const { host, port, rootUser, rootPassword } = server;
  const connection = await mysql.createConnection({ host, port, user: rootUser, password: rootPassword });
  const [rows] = await connection.query<mysql.RowDataPacket[]>(sql);
  await connection.end();
  return rows;
}

describe.each(inject("servers").map(({ kind }) => ({ kind })))("A private $kind", ({ kind }) => {
  it("keeps what was committed through kill -9 and answers on the same port again", async () => {
    await using server = await start(kind);
    await ask(server, "CREATE DATABASE kept");
    await ask(server, "CREATE TABLE kept.t (a INT)");
    await ask(server, "INSERT INTO kept.t VALUES (7)");
    await server.kill9();
    expect(server.pid()).toBeUndefined();
    await expect(ask(server, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await server.restart();
    expect(await ask(server, "SELECT a FROM kept.t")).toEqual([{ a: 7 }]);
  });
});

eachServer("The servers of a run", (server) => {
  it("write a binlog that the tail can read: rows, whole, with their names", async () => {
    const names = ["log_bin", "binlog_format", "binlog_row_image", "binlog_row_metadata", "sync_binlog"];
    const rows = await ask(
      server,
      `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(", ")})`,
    );
    const found = Object.fromEntries(
      rows.map((row): [string, unknown] => [String(row["Variable_name"]), row["Value"]]),
    );
    expect(found).toEqual({
      log_bin: "ON",
      binlog_format: "ROW",
      binlog_row_image: "FULL",
      binlog_row_metadata: "FULL",
      sync_binlog: "1",
    });
  });

  it("give each world a database of its own and drop it with the world", async () => {
    const worlds = await Promise.all([World.create({ server }), World.create({ server, prefix: "shop_" })]);
    const names = worlds.map((world) => world.database);
    expect(new Set(names).size).toBe(2);
    expect(await worlds[1].rows("SELECT id_shop FROM shop_shop")).toEqual([{ id_shop: 1 }]);
    for (const world of worlds) await world[Symbol.asyncDispose]();
    const left = await ask(server, `SHOW DATABASES WHERE \`Database\` IN ('${names.join("', '")}')`);
    expect(left).toEqual([]);
  });

  it("let a user do what it was granted and nothing else", async () => {
    await using world = await World.create({ server });
    const credentials = await world.createUser([`SELECT ON \`${world.database}\`.${world.table("orders")}`]);
    const connection = await world.connection(credentials);
    await connection.query(`SELECT * FROM ${world.table("orders")}`);
    await expect(connection.query(`SELECT * FROM ${world.table("customer")}`)).rejects.toMatchObject({
      errno: 1142,
    });
  });
});
