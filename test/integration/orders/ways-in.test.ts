import { describe, expect, test } from "vitest";
import { sweep } from "../../../sidecar/ingest/sweep.ts";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { Wake } from "../../../sidecar/platform/wake.ts";
import { expectAgreement, keyOf, untilArrived, untilQuiet } from "../../fault/agreement.ts";
import { openWorld, placeOrders, Rig } from "../../fault/rig.ts";
import { eachServer, oneServer } from "../../support/each-server.ts";
import type { SidecarProcess } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";
import type { World } from "../../support/world.ts";

async function missedHooks(world: World): Promise<Readonly<Record<string, number>>> {
  const rows = await world.rows<{ cause: string; orders: string }>(
    `SELECT cause, SUM(orders) AS orders FROM ${world.table("erpsync_missed_hook")} GROUP BY cause`,
  );
  return Object.fromEntries(rows.map((row) => [row.cause, Number(row.orders)]));
}

const loopsFailed = (sidecar: SidecarProcess) => sidecar.log.filter((line) => line.event === "loop.failed");

async function firstLine(world: World, orderId: number): Promise<number> {
  const [line] = await world.rows<{ id: number }>(
    `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ? LIMIT 1`,
    [orderId],
  );
  return Number(line?.id);
}

eachServer("orders that no hook announces", (server) => {
  test("arrive by the binlog, and each missed hook is counted once with its cause", async () => {
    await using rig = await Rig.open({ server });
    const sidecar = await rig.start();
    await sidecar.logged("capture.resumed");
    const silent = await placeOrders(rig.world, 20, { hooks: "off" });
    const announced = await placeOrders(rig.world, 20);
    const imported = await rig.world
      .shop()
      .insertOrderBySql({ customerId: 2, lines: [{ productId: 3, quantity: 2 }] });
    const orders = [...silent, ...announced, imported.orderId];
    await untilArrived(rig.erp, orders);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, orders);
    const missed = Object.values(await missedHooks(rig.world)).reduce((sum, count) => sum + count, 0);
    expect(missed).toBe(silent.length + 1);
    expect(loopsFailed(sidecar)).toEqual([]);
  });

  test("while the sidecar is away arrive by sweep and binlog, and each is counted once", async () => {
    await using rig = await Rig.open({ server });
    const first = await rig.start();
    await first.logged("capture.resumed");
    await first.stop();
    const silent = await placeOrders(rig.world, 10, { hooks: "off" });
    const announced = await placeOrders(rig.world, 10);
    const second = await rig.start();
    await untilArrived(rig.erp, [...silent, ...announced]);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, [...silent, ...announced]);
    const missed = Object.values(await missedHooks(rig.world)).reduce((sum, count) => sum + count, 0);
    expect(missed).toBe(silent.length);
    expect(loopsFailed(second)).toEqual([]);
  });

  test("arrive by the sweep where there is no binlog, as do edits without a hook", async () => {
    await using rig = await Rig.open({
      server,
      sidecar: { capture: { mode: "polling", sweepEveryMs: 1_000 } },
    });
    const sidecar = await rig.start();
    const silent = await placeOrders(rig.world, 5, { hooks: "off" });
    const announced = await placeOrders(rig.world, 20);
    const orders = [...silent, ...announced];
    await untilArrived(rig.erp, orders);
    const [first = 0] = silent;
    await untilQuiet(rig.world);
    // The sweep must have seen the order as it was before it can notice that it changed.
    await until(
      async () =>
        (
          await rig.world.rows(`SELECT 1 FROM ${rig.world.table("erpsync_order_seen")} WHERE id_order = ?`, [
            first,
          ])
        ).length > 0,
      { what: "the sweep's memory of the order" },
    );
    await rig.world.shop().editLine({
      orderId: first,
      orderDetailId: await firstLine(rig.world, first),
      quantity: 9,
      hooks: "off",
    });
    await until(
      () => rig.erp.orders().some((order) => order.externalId === keyOf(first) && order.changes > 0),
      {
        what: "the amendment",
        timeoutMs: 20_000,
      },
    );
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, orders);
    expect(loopsFailed(sidecar)).toEqual([]);
  });

  test("are not mistaken for announced ones whose event comes while the sweep looks", async () => {
    const { world } = await openWorld({ server });
    await using _world = world;
    const db = openDatabase({ ...world.settings, connections: 4 });
    world.onDispose(() => db.destroy());
    const missed: number[] = [];
    const silent = await placeOrders(world, 2, { hooks: "off" });
    await sweep(
      {
        db,
        log: () => undefined,
        clock: systemClock,
        wake: new Wake(systemSleep),
        everyMs: 1_000,
        days: 7,
        exportAfterOrder: () => 0,
        stopped: () => false,
        // The outbox was empty a moment ago; now a checkout commits.
        emptyOutbox: async () => {
          await placeOrders(world, 3);
        },
        countMissed: (ids) => Promise.resolve(void missed.push(...ids)),
        onMarked: () => undefined,
      },
      new AbortController().signal,
    );
    expect(missed).toEqual(silent.sort((a, b) => a - b));
  });
});

describe("the first start on a shop with history", () => {
  test("exports nothing that was placed before it, and all that comes after", async () => {
    await using rig = await Rig.open();
    const history = await placeOrders(rig.world, 10);
    const sidecar = await rig.start();
    await sidecar.logged("sweep.finished");
    const orders = await placeOrders(rig.world, 10);
    await untilArrived(rig.erp, orders);
    // An event of an old order is no reason to export it.
    await rig.world.shop().changeStatus({ orderId: history[0] ?? 0, stateId: 3 });
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, orders);
  });

  test("exports the orders after export.afterOrder", async () => {
    await using rig = await Rig.open({ sidecar: { export: { afterOrder: 4 } } });
    const history = await placeOrders(rig.world, 10);
    await rig.start();
    const wanted = history.filter((id) => id > 4);
    await untilArrived(rig.erp, wanted);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, wanted);
  });

  test("exports the orders since export.since", async () => {
    await using rig = await Rig.open({ sidecar: { export: { since: "2026-03-01" } } });
    const history = await placeOrders(rig.world, 6);
    const old = history.filter((id) => id <= 3);
    await rig.world.pool.query(
      `UPDATE ${rig.world.table("orders")} SET date_add = '2026-02-28 23:59:59' WHERE id_order IN (?)`,
      [old],
    );
    await rig.start();
    const wanted = history.filter((id) => id > 3);
    await untilArrived(rig.erp, wanted);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, wanted);
  });
});

describe("a torn order", () => {
  test("is held, alarmed after a minute, and exported only when a person releases it", async () => {
    await using rig = await Rig.open();
    const sidecar = await rig.start();
    const torn = await rig.world.shop().tornOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    const whole = await placeOrders(rig.world, 5);
    await untilArrived(rig.erp, whole);
    const job = async () =>
      (
        await rig.world.rows<{ state: string; reason_code: string; attempts: number }>(
          `SELECT state, reason_code, attempts FROM ${rig.world.table("erpsync_job")} WHERE subject = ?`,
          [`order:${String(torn.orderId)}`],
        )
      )[0];
    await until(async () => (await job())?.state === "held", { what: "the held order" });
    await rig.world.pool.query(
      `UPDATE ${rig.world.table("erpsync_job")} SET held_since = held_since - INTERVAL 61 SECOND,
         run_at = UTC_TIMESTAMP(6) WHERE subject = 'order:${String(torn.orderId)}'`,
    );
    const alarm = await sidecar.logged("job.alarmed");
    expect(alarm).toMatchObject({ subject: `order:${String(torn.orderId)}`, code: "order-torn" });
    expect(await job()).toMatchObject({ reason_code: "order-torn", attempts: 0 });
    await expectAgreement(rig.world, rig.erp, whole);

    const released = await rig.installation.command(
      ...["jobs", "release", `order:${String(torn.orderId)}`, "--reason", "the customer has paid"],
    );
    expect(released).toMatchObject({ code: 0 });
    await untilArrived(rig.erp, [...whole, torn.orderId]);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, [...whole, torn.orderId]);
  });

  test("that becomes whole later is exported by itself", async () => {
    await using rig = await Rig.open();
    await rig.start();
    const torn = await rig.world.shop().tornOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    await until(
      async () =>
        (
          await rig.world.rows(
            `SELECT 1 FROM ${rig.world.table("erpsync_job")} WHERE subject = ? AND state = 'held'`,
            [`order:${String(torn.orderId)}`],
          )
        ).length > 0,
      { what: "the held order" },
    );
    await rig.world.shop(2).changeStatus({ orderId: torn.orderId, stateId: 2 });
    await untilArrived(rig.erp, [torn.orderId]);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, [torn.orderId]);
  });
});

oneServer("20 orders of one new customer at once", (server) => {
  test("make one customer in the ERP, and all arrive", async () => {
    await using rig = await Rig.open({ server });
    rig.erp.faults.add({ kind: "slow", delayMs: 100, match: { method: "POST", path: "/customer" } });
    const sidecar = await rig.start();
    const { customerId } = await rig.world.shop().createCustomer();
    const orders = await placeOrders(rig.world, 20, { processes: 10, customerOf: () => customerId });
    await untilArrived(rig.erp, orders);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, orders);
    expect(rig.erp.customers()).toHaveLength(1);
    const creations = rig.erp
      .calls()
      .filter((call) => call.method === "POST" && call.path.includes("/customer"));
    expect(creations).toHaveLength(1);
    expect(loopsFailed(sidecar)).toEqual([]);
  });

  test("whose customer the ERP refuses wait for it without asking the ERP for each of them", async () => {
    await using rig = await Rig.open({ server });
    const refusal = rig.erp.faults.add({ kind: "reject", match: { method: "POST", path: "/customer" } });
    await rig.start();
    const { customerId } = await rig.world.shop().createCustomer();
    const orders = await placeOrders(rig.world, 20, { processes: 10, customerOf: () => customerId });
    const parked = async (): Promise<boolean> =>
      (await rig.world.rows(`SELECT 1 FROM ${rig.world.table("erpsync_job")} WHERE state = 'parked'`))
        .length > 0;
    await until(parked, { what: "the parked customer" });
    // Three rounds of looks at the held orders.
    for (let round = 0; round < 3; round += 1) {
      await rig.world.pool.query(
        `UPDATE ${rig.world.table("erpsync_job")} SET run_at = UTC_TIMESTAMP(6) WHERE state = 'held'`,
      );
      await until(
        async () =>
          (
            await rig.world.rows(
              `SELECT 1 FROM ${rig.world.table("erpsync_job")}
                WHERE state = 'held' AND run_at <= UTC_TIMESTAMP(6)`,
            )
          ).length === 0,
        { what: "the looks at the held orders" },
      );
      await until(parked, { what: "the parked customer" });
    }
    const creations = rig.erp
      .calls()
      .filter((call) => call.method === "POST" && call.path.includes("/customer"));
    expect(creations.length).toBeLessThanOrEqual(8);
    rig.erp.faults.remove(refusal);
    await rig.world.pool.query(
      `UPDATE ${rig.world.table("erpsync_job")} SET run_at = UTC_TIMESTAMP(6), state = 'ready' WHERE state = 'parked'`,
    );
    await untilArrived(rig.erp, orders);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, orders);
  });
});
