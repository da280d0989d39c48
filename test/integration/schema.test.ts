import { readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { openDatabase } from "../../sidecar/platform/database.ts";
import { migrate, migrationFiles, requireSchema } from "../../sidecar/platform/migrate.ts";
import { lockName } from "../../sidecar/platform/named-lock.ts";
import { TABLE_NAMES } from "../../sidecar/platform/schema.ts";
import { eachServer } from "../support/each-server.ts";
import { describeSchema } from "../support/schema-snapshot.ts";
import { migrateWorld } from "../support/sidecar.ts";
import { World } from "../support/world.ts";

/**
 * The schema as all migrations leave it. After a new migration, write it anew and commit both:
 * ERPSYNC_WRITE_SNAPSHOT=1 npx vitest run --project integration test/integration/schema.test.ts
 */
const SNAPSHOT = new URL("../../db/schema.snapshot.sql", import.meta.url);

const HEADER =
  "-- The tables of erpsync as all migrations leave them; test/integration/schema.test.ts compares.\n\n";

function open(world: World) {
  const db = openDatabase({ ...world.settings, connections: 2 });
  world.onDispose(() => db.destroy());
  return db;
}

const migrations = (world: World): string => world.table("erpsync_migration");

test("migrations are numbered without a gap, from 1 on", () => {
  expect(migrationFiles().map(({ id }) => id)).toEqual(migrationFiles().map((_, index) => index + 1));
});

eachServer("the schema", (server) => {
  test("every server ends with the schema that is on record", async () => {
    await using world = await World.create({ server });
    await migrateWorld(world);

    const schema = HEADER + (await describeSchema(world));

    if (process.env["ERPSYNC_WRITE_SNAPSHOT"] === "1") writeFileSync(SNAPSHOT, schema);
    expect(schema).toBe(readFileSync(SNAPSHOT, "utf8"));
  });

  test("the row types name exactly the columns of our tables, and only columns that the shop's tables have", async () => {
    await using world = await World.create({ server });
    await migrateWorld(world);
    const rows = await world.rows<{ table: string; name: string; nullable: string }>(
      `SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS name, IS_NULLABLE AS nullable
       FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ?`,
      [world.database],
    );
    const types = readRowTypes();
    expect([...types.keys()].sort()).toEqual([...TABLE_NAMES].sort());
    for (const [table, columns] of types) {
      const real = new Map(
        rows
          .filter((row) => row.table === `${world.prefix}${table}`)
          .map(({ name, nullable }) => [name, nullable === "YES"]),
      );
      const names = [...columns.keys()];
      if (table.startsWith("erpsync_")) expect(names.sort(), table).toEqual([...real.keys()].sort());
      else
        expect(
          names.filter((name) => !real.has(name)),
          table,
        ).toEqual([]);
      for (const [name, isNullable] of columns) {
        if (table.startsWith("erpsync_"))
          expect(isNullable, `${table}.${name} may be null`).toBe(real.get(name));
      }
    }
  });

  test("a migration that broke off is repeated, and a second run has nothing to do", async () => {
    await using world = await World.create({ server });
    await migrateWorld(world);
    await world.pool.query(`UPDATE ${migrations(world)} SET finished_at = NULL WHERE id = 2`);
    await world.pool.query(`DROP TABLE ${world.table("erpsync_action")}`);
    const db = open(world);
    await expect(requireSchema(db)).rejects.toThrow("0002_identity.sql has not been applied");
    const run = () => migrate(db, world.prefix, lockName(world.database, world.prefix, "migrate"));

    expect(await run()).toEqual(["0002_identity.sql"]);
    expect(await run()).toEqual([]);
    expect(await requireSchema(db)).toBe(migrationFiles().length);
    expect(await world.rows(`SELECT * FROM ${world.table("erpsync_action")}`)).toEqual([]);
  });

  test("a newer schema, and a migration that was changed after it ran, are refused", async () => {
    await using world = await World.create({ server });
    await migrateWorld(world);
    const db = open(world);
    await world.pool.query(`INSERT INTO ${migrations(world)} VALUES (9999, 'x', 'x', NOW(), NOW())`);
    await expect(requireSchema(db)).rejects.toThrow("install the newer version again");
    await expect(migrateWorld(world)).rejects.toThrow("install the newer version again");
    await world.pool.query(`DELETE FROM ${migrations(world)} WHERE id = 9999`);
    await world.pool.query(`UPDATE ${migrations(world)} SET checksum = REPEAT('0', 64) WHERE id = 1`);
    await expect(requireSchema(db)).rejects.toThrow("was changed after it ran here");
  });

  test("two migrators at once run each migration once", async () => {
    await using world = await World.create({ server });
    const [one, two] = [open(world), open(world)];
    const lock = lockName(world.database, world.prefix, "migrate");

    const applied = await Promise.all([one, two].map((db) => migrate(db, world.prefix, lock)));

    expect(applied.flat().sort()).toEqual(migrationFiles().map(({ name }) => name));
    expect(applied.some((names) => names.length === 0)).toBe(true);
  });

  test("no checkout waits for a migration", async () => {
    await using world = await World.create({ server });
    const order = { customerId: 1, lines: [{ productId: 1, quantity: 1 }] } as const;
    await world.shop().placeOrder(order);
    const state = { migrating: true };
    const migration = migrateWorld(world).finally(() => {
      state.migrating = false;
    });
    let longestMs = 0;
    let during = 0;
    do {
      const startedMs = performance.now();
      await world.shop().placeOrder(order);
      longestMs = Math.max(longestMs, performance.now() - startedMs);
      during += 1;
    } while (state.migrating);
    await migration;

    expect(during).toBeGreaterThan(0);
    // A checkout takes some 50 ms here; one that waited for DDL would wait for the lock's five seconds.
    expect(longestMs).toBeLessThan(2_000);
  });
});

/** Table → column → whether its type admits null, from the text of platform/schema.ts. */
function readRowTypes(): ReadonlyMap<string, ReadonlyMap<string, boolean>> {
  const url = new URL("../../sidecar/platform/schema.ts", import.meta.url);
  const source = ts.createSourceFile("schema.ts", readFileSync(url, "utf8"), ts.ScriptTarget.Latest, true);
  const interfaces = new Map<string, ReadonlyMap<string, string>>();
  source.forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node)) return;
    const members = node.members
      .filter(ts.isPropertySignature)
      .map((member) => [member.name.getText(), member.type?.getText() ?? ""] as const);
    interfaces.set(node.name.text, new Map(members));
  });
  const tables = interfaces.get("Tables") ?? new Map<string, string>();
  return new Map(
    [...tables].map(([table, type]) => [
      table,
      new Map([...(interfaces.get(type) ?? [])].map(([name, text]) => [name, isNullable(text)])),
    ]),
  );
}

const isNullable = (type: string): boolean => /\bnull\b|^NullableTime$|^Optional</.test(type);
