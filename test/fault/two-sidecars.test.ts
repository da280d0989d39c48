import { expect, test } from "vitest";
import { oneServer } from "../support/each-server.ts";
import type { SidecarProcess } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { expectAgreement, untilArrived, untilQuiet } from "./agreement.ts";
import { placeOrders, Rig } from "./rig.ts";

const LIMIT = 8;
const bad = (sidecar: SidecarProcess) =>
  sidecar.log.filter((line) => line.event === "loop.failed" || line["code"] === "E_BUG");

oneServer("two sidecars at once", (server) => {
  test("make no second order and never more than eight calls, also when the working one is killed", async () => {
    await using rig = await Rig.open({ server });
    const { erp, world } = rig;
    erp.faults.add({ kind: "slow", delayMs: 25 });
    const first = await rig.start();
    await until(() => first.log.some((line) => line.event === "erp.port_held" && line["holder"] === "us"), {
      what: "the first one's hold on the ERP port",
    });
    const second = await rig.start();
    let placed = 0;
    const placing = placeOrders(world, 200, { processes: 4, onPlaced: () => (placed += 1) });
    placing.catch(() => undefined);
    await until(() => erp.orders().length >= 40, { what: "the first orders in the ERP", timeoutMs: 30_000 });
    await first.kill9();
    const before = erp.orders().length;
    await until(() => erp.orders().length > before + 10, {
      what: "the second one at work",
      timeoutMs: 30_000,
    });
    const third = await rig.start();
    const orders = await placing;
    expect(placed).toBe(200);
    await untilArrived(erp, orders);
    await untilQuiet(world);
    await expectAgreement(world, erp, orders);
    expect(erp.maxInFlight()).toBeLessThanOrEqual(LIMIT);
    expect([...bad(second), ...bad(third)]).toEqual([]);
    expect(await second.stop()).toBe(0);
    expect(await third.stop()).toBe(0);
  });

  test("take an outbox whose rows are all there twice, and a batch that is replayed, for what it is", async () => {
    await using rig = await Rig.open({ server });
    const { erp, world } = rig;
    const starting = await rig.start();
    // The first start decides what is history.
    await starting.stop();
    const orders = await placeOrders(world, 60);
    const copy = `INSERT INTO ${world.table("erpsync_outbox")}
      (event_id, type, version, subject, id_shop, occurred_at, traceparent, payload)
      SELECT event_id, type, version, subject, id_shop, occurred_at, traceparent, payload FROM `;
    await world.pool.query(`${copy} (SELECT * FROM ${world.table("erpsync_outbox")}) AS twice`);
    const [first, second] = await Promise.all([rig.start(), rig.start()]);
    await untilArrived(erp, orders);
    await untilQuiet(world);
    const creations = () => erp.calls().filter((call) => call.method === "POST").length;
    const seen = creations();
    // The same batch again, after all is done.
    await world.pool.query(`${copy} ${world.table("erpsync_event")}`);
    await untilQuiet(world);
    expect(creations()).toBe(seen);
    await expectAgreement(world, erp, orders);
    expect([...bad(first), ...bad(second)]).toEqual([]);
  });

  test("make no second order and exceed no limit when the working one loses its hold on the ERP port but lives on", async () => {
    await using rig = await Rig.open({ server });
    const { erp, world } = rig;
    erp.faults.add({ kind: "slow", delayMs: 500 });
    const first = await rig.start();
    await until(() => first.log.some((line) => line.event === "erp.port_held" && line["holder"] === "us"), {
      what: "the first one's hold on the ERP port",
    });
    const second = await rig.start();
    await until(
      () => second.log.some((line) => line.event === "erp.port_held" && line["holder"] === "another"),
      {
        what: "the second one's standby",
      },
    );
    const orders = await placeOrders(world, 40);
    await until(() => erp.inFlight() >= LIMIT, { what: "an ERP with all calls taken", timeoutMs: 20_000 });
    const [holder] = await world.rows<{ id: number | null }>(
      `SELECT IS_USED_LOCK(CONCAT('erpsync.', LEFT(SHA2(CONCAT(?, '\n', ?), 256), 12), '.erp-port')) AS id`,
      [world.database, world.prefix],
    );
    await world.pool.query("KILL ?", [holder?.id]);
    await untilArrived(erp, orders, 60_000);
    erp.faults.clear();
    await untilQuiet(world);
    await expectAgreement(world, erp, orders);
    // The old holder aborts at once; the new one waits a second, in which the ERP ends what it still executes.
    expect(erp.maxInFlight()).toBeLessThanOrEqual(LIMIT);
  });
});

oneServer("SIGTERM under load", (server) => {
  test("drains within 30 s with exit code 0, and a restart loses nothing", async () => {
    await using rig = await Rig.open({ server });
    const { erp, world } = rig;
    erp.faults.add({ kind: "slow", delayMs: 300 });
    const sidecar = await rig.start();
    const placing = placeOrders(world, 100, { processes: 4 });
    placing.catch(() => undefined);
    await until(() => erp.inFlight() >= 4 && erp.orders().length >= 5, {
      what: "an ERP at work",
      timeoutMs: 30_000,
    });
    const startedMs = performance.now();
    expect(await sidecar.stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(30_000);
    // Drained means that nothing was left in doubt: every call was answered and acknowledged.
    const [left] = await world.rows<{ open: number; working: number }>(
      `SELECT (SELECT COUNT(*) FROM ${world.table("erpsync_operation")} WHERE state = 'open') AS open,
              (SELECT COUNT(*) FROM ${world.table("erpsync_job")} WHERE state = 'working') AS working`,
    );
    expect(left).toEqual({ open: 0, working: 0 });
    expect(erp.calls().filter((call) => call.status === 0)).toEqual([]);
    const heir = await rig.start();
    const orders = await placing;
    await untilArrived(erp, orders);
    await untilQuiet(world);
    await expectAgreement(world, erp, orders);
    expect([...bad(sidecar), ...bad(heir)]).toEqual([]);
    expect(heir.log.filter((line) => line.event === "job.rescued")).toEqual([]);
  });

  test("ends calls that hang within 30 s, and what they left is looked up by the next process", async () => {
    await using rig = await Rig.open({ server });
    const { erp, world } = rig;
    const hang = erp.faults.add({
      kind: "hang-after-commit",
      match: { method: "POST", path: "/salesOrder" },
    });
    const sidecar = await rig.start();
    const orders = await placeOrders(world, 4);
    await untilArrived(erp, orders);
    const startedMs = performance.now();
    expect(await sidecar.stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(30_000);
    erp.faults.remove(hang);
    await rig.start();
    await untilQuiet(world, 90_000);
    await expectAgreement(world, erp, orders);
  });
});
