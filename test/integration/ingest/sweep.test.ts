import { sql } from "kysely";
import { expect, test } from "vitest";
import { type SweepDeps, sweep } from "../../../sidecar/ingest/sweep.ts";
import { hashOrders, lastOrderBefore } from "../../../sidecar/ingest/sweep-statements.ts";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { Wake } from "../../../sidecar/platform/wake.ts";
import type { ServerAddress } from "../../support/database-server.ts";
import { eachServer } from "../../support/each-server.ts";
import { migrateWorld } from "../../support/sidecar.ts";
import { World } from "../../support/world.ts";

async function openShop(server: ServerAddress) {
  const world = await World.create({ server });
  await migrateWorld(world);
  const db = openDatabase({ ...world.settings, connections: 4 });
  world.onDispose(() => db.destroy());
  const placed = await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
  return { world, db, orderId: placed.orderId };
}

eachServer("a sweep", (server) => {
  test("sees a change of each column that the export reads", async () => {
    const { world, db, orderId } = await openShop(server);
    await using _world = world;
    const hash = async () => (await hashOrders(db, orderId - 1, 1))[0]?.hash;
    const address = `id_address IN (SELECT id_address_delivery FROM ${world.table("orders")})`;
    let before = await hash();
    for (const [table, change, where] of [
      ["orders", "conversion_rate = 1.25", "1"],
      ["order_detail", "product_reference = 'other'", "1"],
      ["order_detail", "product_name = 'other'", "1"],
      ["order_detail", "total_price_tax_excl = 1.25", "1"],
      ["address", "phone = '1'", address],
      ["address", "phone_mobile = '1'", address],
      ["address", "vat_number = '1'", address],
    ] as const) {
      await world.pool.query(`UPDATE ${world.table(table)} SET ${change} WHERE ${where}`);
      const after = await hash();
      expect(after, change).not.toBe(before);
      before = after;
    }
  });

  test("looks for orders without a job only after those that the last one knew, less those that commit late", async () => {
    const { world, db, orderId } = await openShop(server);
    await using _world = world;
    const missed: number[] = [];
    const deps: SweepDeps = {
      db,
      log: () => undefined,
      clock: systemClock,
      wake: new Wake(systemSleep),
      everyMs: 1_000,
      days: 7,
      exportAfterOrder: () => 0,
      stopped: () => false,
      emptyOutbox: async () => {
        await world.pool.query(`DELETE FROM ${world.table("erpsync_outbox")}`);
      },
      countMissed: (ids) => Promise.resolve(void missed.push(...ids)),
      onMarked: () => undefined,
    };
    const { signal } = new AbortController();
    expect(await sweep(deps, signal, orderId)).toBe(0);
    expect(missed).toEqual([]);
    expect(await sweep(deps, signal)).toBe(0);
    expect(missed).toEqual([orderId]);
    await world.pool.query(`UPDATE ${world.table("orders")} SET id_order = 9000 WHERE id_order = ?`, [
      orderId,
    ]);
    expect(await sweep(deps, signal)).toBe(4_000);
  });

  test("takes the latest order before a time, and none where there is none", async () => {
    const { world, db, orderId } = await openShop(server);
    await using _world = world;
    expect(await lastOrderBefore(db, "2099-01-01 00:00:00")).toBe(orderId);
    expect(await lastOrderBefore(db, "1999-01-01 00:00:00")).toBe(0);
  });

  test("reads the server's statistics of now and not of yesterday", async () => {
    const { world, db } = await openShop(server);
    await using _world = world;
    const { rows } = await sql<{ mode: string }>`SELECT @@SESSION.sql_mode AS mode`.execute(db);
    expect(rows[0]?.mode).toContain("STRICT_ALL_TABLES");
    if (server.kind !== "mysql") return;
    const expiry = await sql<{ s: number }>`SELECT @@SESSION.information_schema_stats_expiry AS s`.execute(
      db,
    );
    expect(Number(expiry.rows[0]?.s)).toBe(0);
  });
});
