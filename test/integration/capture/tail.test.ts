import { expect, test } from "vitest";
import { eachServer } from "../../support/each-server.ts";
import { ShopSimulator } from "../../support/shop-simulator.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";
import { addSidecarTables, CaptureRun, jobState } from "./rig.ts";

eachServer("the tail", (server) => {
  test("an announced order's outbox rows are handed over in commit order", async () => {
    await using world = await World.create({ server });
    await addSidecarTables(world);
    const shop = new ShopSimulator(world);
    await using capture = new CaptureRun(world);
    await capture.untilTailing();
    await shop.placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    const rows = await world.rows<{ id: number }>(
      `SELECT id FROM ${world.table("erpsync_outbox")} ORDER BY id`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(2);
    await until(() => capture.outboxIds.length >= rows.length, { what: "the outbox rows" });
    expect(capture.outboxIds).toEqual(rows.map((row) => row.id));
  });

  test("an order that no hook announced is due as soon as its status row is there, and counted", async () => {
    await using world = await World.create({ server });
    await addSidecarTables(world);
    const shop = new ShopSimulator(world);
    await using capture = new CaptureRun(world);
    await capture.untilTailing();
    const { orderId } = await shop.placeOrder({
      customerId: 1,
      lines: [{ productId: 1, quantity: 1 }],
      hooks: "off",
    });
    await until(async () => (await jobState(world, `order:${String(orderId)}`)) === "ready", {
      what: "the job to be ready",
    });
    const counted = await world.rows(
      `SELECT cause, orders, last_order FROM ${world.table("erpsync_missed_hook")}`,
    );
    expect(counted).toEqual([{ cause: "hook-failed-or-sql", orders: 1, last_order: orderId }]);
    expect(capture.named("hook.missed")).toHaveLength(1);
    expect(capture.outboxIds).toEqual([]);
  });
});
