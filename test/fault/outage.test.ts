import { describe, expect, test } from "vitest";
import { SidecarInside, VirtualClock } from "../support/in-process.ts";
import type { NetSuiteEmulator } from "../support/netsuite-emulator.ts";
import { until } from "../support/until.ts";
import type { World } from "../support/world.ts";
import { expectAgreement, jobStates } from "./agreement.ts";
import { openWorld, placeOrders } from "./rig.ts";

const HOURS_4_MS = 4 * 3_600_000;
const STEP_MS = 120_000;

/** The ways in which an ERP as a whole is away. */
const AWAY = [
  {
    how: "refuses connections",
    down: (erp: NetSuiteEmulator) => erp.down(),
    up: (erp: NetSuiteEmulator) => erp.up(),
  },
  ...(
    [
      ["says that it is under maintenance", { kind: "maintenance" }],
      ["answers 503 with a page of HTML", { kind: "html", status: 503 }],
      ["answers everything with a 500", { kind: "server-error" }],
      ["breaks every connection", { kind: "cut-before" }],
    ] as const
  ).map(([how, fault]) => ({
    how,
    down: (erp: NetSuiteEmulator) => Promise.resolve(void erp.faults.add(fault)),
    up: (erp: NetSuiteEmulator) => Promise.resolve(erp.faults.clear()),
  })),
];

async function spentAttempts(world: World): Promise<number> {
  const [row] = await world.rows<{ spent: string | null }>(
    `SELECT SUM(attempts) AS spent FROM ${world.table("erpsync_job")} WHERE state <> 'done'`,
  );
  return Number(row?.spent ?? 0);
}

/** Lets hours pass in steps that are longer than the longest pause between two probes. */
async function pass(world: World, sidecar: SidecarInside, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    await sidecar.advance(STEP_MS);
    // A step is longer than a lease: a job in work would be taken from its own worker at the next one.
    await until(async () => ((await jobStates(world))["working"] ?? 0) === 0, {
      what: "the end of the work",
    });
  }
}

describe.each(AWAY)("an ERP that $how for four hours", ({ down, up }) => {
  test("costs no order an attempt, and all are drained when it is back", async () => {
    const clock = new VirtualClock();
    const { world, erp } = await openWorld({ emulator: { nowMs: clock.nowMs } });
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { clock });
    // The ERP goes away in the middle of the work.
    erp.faults.add({ kind: "slow", delayMs: 30 });
    const before = await placeOrders(world, 30);
    await sidecar.ingest();
    sidecar.start();
    await until(() => erp.orders().length >= 5, { what: "the first orders in the ERP" });
    await down(erp);
    const during = await placeOrders(world, 30);
    await sidecar.ingest();
    sidecar.ring();
    await until(() => sidecar.worker.breaker.state === "open", { what: "the open breaker" });
    await pass(world, sidecar, HOURS_4_MS);
    expect(sidecar.worker.breaker.state).toBe("open");
    expect(await jobStates(world)).not.toHaveProperty("dead");
    expect(await spentAttempts(world)).toBe(0);

    await up(erp);
    erp.faults.clear();
    erp.resetLog();
    await sidecar.advance(STEP_MS);
    await sidecar.workOff();
    // What a lost answer left in doubt before the outage was recognised backs off for its first five seconds.
    await sidecar.advance(6_000);
    await sidecar.workOff();
    await expectAgreement(world, erp, [...before, ...during]);
    expect(erp.maxInFlight()).toBeLessThanOrEqual(8);
    expect(sidecar.log.filter((line) => line.event === "loop.failed")).toEqual([]);
  });

  test("does not kill the only order that there is", async () => {
    const clock = new VirtualClock();
    const { world, erp } = await openWorld({ emulator: { nowMs: clock.nowMs } });
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { clock });
    await sidecar.ingest();
    sidecar.start();
    await down(erp);
    const orders = await placeOrders(world, 1);
    await sidecar.ingest();
    sidecar.ring();
    await until(() => sidecar.log.length > 0, { what: "the first failure" });
    await pass(world, sidecar, HOURS_4_MS / 4);
    expect(await jobStates(world)).not.toHaveProperty("dead");
    await up(erp);
    await sidecar.advance(15 * STEP_MS);
    await sidecar.workOff();
    await sidecar.advance(15 * STEP_MS);
    await sidecar.workOff();
    await expectAgreement(world, erp, orders);
  });
});

describe("orders with failures of their own", () => {
  test("are not killed by an outage that begins with their fifth", async () => {
    const clock = new VirtualClock();
    const { world, erp } = await openWorld({ emulator: { nowMs: clock.nowMs } });
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { clock });
    const orders = await placeOrders(world, 3);
    const failing = erp.faults.add({ kind: "server-error", match: { method: "POST", path: "/salesOrder" } });
    await sidecar.workOff();
    // As after four failures of their own, the last one ten minutes ago.
    await world.pool.query(
      `UPDATE ${world.table("erpsync_job")} SET attempts = 4 WHERE subject LIKE 'order:%';`,
    );
    erp.faults.remove(failing);
    erp.faults.add({ kind: "server-error" });
    await sidecar.advance(700_000);
    await until(() => sidecar.worker.breaker.state === "open", { what: "the open breaker" });
    await pass(world, sidecar, 10 * STEP_MS);
    expect(await jobStates(world)).not.toHaveProperty("dead");
    erp.faults.clear();
    await sidecar.advance(STEP_MS);
    await sidecar.workOff();
    await sidecar.advance(700_000);
    await sidecar.workOff();
    await expectAgreement(world, erp, orders);
  });

  test("that each get a 500 for ever are dead after five attempts each, also when they are three and alone", async () => {
    const clock = new VirtualClock();
    const { world, erp } = await openWorld({ emulator: { nowMs: clock.nowMs } });
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { clock });
    const good = await placeOrders(world, 9);
    await sidecar.workOff();
    const bad = await placeOrders(world, 3);
    for (const id of bad) {
      erp.faults.add({
        kind: "server-error",
        match: { externalId: `PS-main-${String(id)}`, method: "POST" },
      });
    }
    await sidecar.ingest();
    sidecar.ring();
    // Half a day; the shop sells on meanwhile.
    const later: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      await pass(world, sidecar, 5 * STEP_MS);
      later.push(...(await placeOrders(world, 1)));
      await sidecar.ingest();
      sidecar.ring();
      await pass(world, sidecar, 2 * STEP_MS);
    }
    await until(async () => (await jobStates(world))["dead"] === 3, {
      what: "the three bad orders among the dead",
    });
    // The last sale of the day may just be on its way.
    await sidecar.advance(STEP_MS);
    await sidecar.workOff();
    await expectAgreement(world, erp, [...good, ...later]);
    const calls = erp.calls().filter((call) => bad.some((id) => call.externalId === `PS-main-${String(id)}`));
    expect(calls.length).toBeLessThan(3 * 5 * 4);
  });
});
