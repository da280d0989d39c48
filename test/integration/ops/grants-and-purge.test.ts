import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { runCommand } from "../../support/command.ts";
import { eachServer } from "../../support/each-server.ts";
import { grantFromFile } from "../../support/grants.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation, mapProducts } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

const ownTables = async (world: World): Promise<readonly string[]> =>
  (
    await world.rows<{ name: string }>(
      "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME LIKE ?",
      [world.database, `${world.prefix}erpsync\\_%`],
    )
  ).map(({ name }) => name);

eachServer("least rights, and purge", (server) => {
  test("the rights of db/grants are enough to migrate, to bring an order to the ERP, and to purge", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const settings = { netsuite: erp.settings() };
    const installation = await Installation.create(world, settings);
    for (const table of await ownTables(world)) await world.pool.query("DROP TABLE ??", [table]);
    const migration = await grantFromFile(world, "migrate");

    installation.configure(world, { ...settings, database: migration });
    expect(await runCommand(installation, "migrate")).toMatchObject({ code: 0, err: "" });
    await mapProducts(world, erp);
    installation.configure(world, { ...settings, database: await grantFromFile(world, "run") });
    const sidecar = await installation.start("capture.leading");
    await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    await until(() => erp.orders().length === 1, { what: "the order in the ERP", timeoutMs: 20_000 });
    expect(sidecar.log.filter(({ event }) => event === "loop.failed")).toEqual([]);

    const purge = ["purge", "--reason", "the test ends", "--yes"];
    installation.configure(world, { ...settings, database: migration });
    const refused = await runCommand(installation, ...purge);
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringContaining("A sidecar is running") as string,
    });
    await sidecar.stop();
    expect((await runCommand(installation, ...purge.slice(0, -1))).code).toBe(2);
    expect(existsSync(installation.stateFile)).toBe(true);
    await world.pool.query(
      `INSERT INTO ${world.table("configuration")} (name, value, date_add, date_upd)
       VALUES ('ERPSYNC_SECRET', 'x', NOW(), NOW()), ('ERPSYNCX', 'not ours', NOW(), NOW())`,
    );

    expect(await runCommand(installation, ...purge)).toMatchObject({ code: 0, err: "" });

    expect(await ownTables(world)).toEqual([]);
    expect(existsSync(installation.stateFile)).toBe(false);
    const left = await world.rows(
      `SELECT name FROM ${world.table("configuration")} WHERE name LIKE 'ERPSYNC%'`,
    );
    expect(left).toEqual([{ name: "ERPSYNCX" }]);
  });

  test("the rights of a running sidecar are too few to change the shop or its schema", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    await Installation.create(world, { netsuite: erp.settings() });
    const connection = await world.connection(await grantFromFile(world, "run"));

    for (const statement of [
      `UPDATE ${world.table("orders")} SET payment = 'x'`,
      `DELETE FROM ${world.table("customer")}`,
      `SELECT passwd FROM ${world.table("employee")}`,
      `DROP TABLE ${world.table("erpsync_job")}`,
      `INSERT INTO ${world.table("erpsync_migration")} VALUES (9, 'x', 'x', NOW(), NOW())`,
    ]) {
      await expect(connection.query(statement), statement).rejects.toThrow(/denied|exist/);
    }
  });
});
