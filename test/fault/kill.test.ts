import type mysql from "mysql2/promise";
import { expect, test } from "vitest";
import { eachServer } from "../support/each-server.ts";
import type { SidecarProcess } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import type { World } from "../support/world.ts";
import { expectAgreement, untilArrived, untilQuiet } from "./agreement.ts";
import { placeOrders, Rig } from "./rig.ts";

const ORDERS = 200;

interface Stage {
  readonly name: string;
  /** Makes the sidecar stop at the stage, or nothing where it passes by often enough. */
  readonly arm: (rig: Rig) => Promise<() => Promise<void>>;
  /** True when, by what database and ERP show, a process is at this very stage. */
  readonly reached: (rig: Rig) => Promise<boolean>;
  readonly roles?: string;
}

/** Blocks whoever next touches the table, until the returned function is called. */
async function blockTable({ world }: Rig, name: string): Promise<() => Promise<void>> {
  const connection: mysql.Connection = await world.connection();
  await connection.query(`LOCK TABLES ${world.table(name)} WRITE`);
  return () => connection.end();
}

const count = async (world: World, sql: string): Promise<number> =>
  (await world.rows<{ n: number }>(`SELECT COUNT(*) AS n FROM ${sql}`))[0]?.n ?? 0;

/** Creations on their way: external ids of operations that are open in the database. */
async function openKeys(
  world: World,
  kind: "order" | "customer" | "%" = "order",
): Promise<readonly string[]> {
  const rows = await world.rows<{ key: string }>(
    `SELECT external_id AS \`key\` FROM ${world.table("erpsync_operation")}
      WHERE state = 'open' AND kind = 'create' AND subject LIKE ?`,
    [`${kind}:%`],
  );
  return rows.map((row) => row.key);
}

const creations = (rig: Rig) =>
  rig.erp.calls().filter((call) => call.method === "POST" && call.path.includes("/salesOrder"));
const inErp = (rig: Rig): ReadonlySet<string> => new Set(rig.erp.orders().map((order) => order.externalId));
const nothing = () => Promise.resolve(() => Promise.resolve());

/** A fault of the ERP that holds the calls that it meets; removed, it lets later calls pass. */
const fault =
  (add: Parameters<Rig["erp"]["faults"]["add"]>[0]) =>
  (rig: Rig): Promise<() => Promise<void>> => {
    const id = rig.erp.faults.add(add);
    return Promise.resolve(() => {
      rig.erp.faults.remove(id);
      return Promise.resolve();
    });
  };

const STAGES: readonly Stage[] = [
  {
    name: "after the ingest's commit, before a claim",
    // A process that only captures commits the ingest and never claims.
    roles: "capture",
    arm: nothing,
    reached: async ({ world }) =>
      (await count(world, `${world.table("erpsync_job")} WHERE state = 'ready'`)) > 0 &&
      (await count(world, `${world.table("erpsync_job")} WHERE state = 'working'`)) === 0,
  },
  {
    name: "after the claim, before the intent",
    arm: (rig) => blockTable(rig, "erpsync_operation"),
    reached: async ({ world }) =>
      (await count(world, `${world.table("erpsync_job")} WHERE state = 'working'`)) > 0,
  },
  {
    name: "after the intent's commit, before the call",
    // A new process has no token yet; while it waits for one, no call has left it.
    arm: fault({ kind: "slow", delayMs: 3_600_000, match: { path: "/oauth2/v1/token" } }),
    reached: async (rig) => {
      const called = new Set(rig.erp.calls().map((call) => call.externalId));
      return (await openKeys(rig.world, "%")).some((key) => !called.has(key));
    },
  },
  {
    name: "while the call is in the ERP",
    arm: fault({ kind: "slow", delayMs: 700, match: { method: "POST", path: "/salesOrder" } }),
    reached: async (rig) => {
      const there = inErp(rig);
      const underWay = creations(rig).filter((call) => call.endedAtMs === 0 && !there.has(call.externalId));
      return underWay.length > 0 && (await openKeys(rig.world)).length > 0;
    },
  },
  {
    name: "after the ERP's commit, before its answer",
    arm: fault({ kind: "hang-after-commit", match: { method: "POST", path: "/salesOrder" } }),
    reached: async (rig) => {
      const there = inErp(rig);
      const unanswered = creations(rig).filter((call) => call.endedAtMs === 0 && there.has(call.externalId));
      const open = new Set(await openKeys(rig.world));
      return unanswered.some((call) => open.has(call.externalId));
    },
  },
  {
    name: "after the answer, before the acknowledgement's commit",
    arm: (rig) => blockTable(rig, "erpsync_sync_log"),
    reached: async (rig) => {
      const answered = new Set(
        creations(rig).flatMap((call) => (call.status === 204 ? [call.externalId] : [])),
      );
      return (await openKeys(rig.world)).some((key) => answered.has(key));
    },
  },
  {
    name: "after the acknowledgement",
    arm: nothing,
    reached: async ({ world }) =>
      (await count(world, `${world.table("erpsync_sync_log")} WHERE resource = 'order'`)) >= 20,
  },
];

eachServer("kill -9 of the sidecar", (server) => {
  test("at every stage while 200 orders are placed leaves each of them in the ERP exactly once", async () => {
    await using rig = await Rig.open({ server });
    const first = await rig.start();
    // The first start decides what is history, so it comes before the first order.
    await first.kill9();
    const placed: number[] = [];
    let allowed = 25;
    const placing = placeOrders(rig.world, ORDERS, {
      processes: 4,
      onPlaced: (id) => placed.push(id),
      gate: () => until(() => placed.length < allowed, { what: "the next stage", timeoutMs: 90_000 }),
    });
    placing.catch(() => undefined);
    const hit: string[] = [];
    for (const stage of STAGES) {
      const disarm = await stage.arm(rig);
      const doomed = await rig.start(stage.roles === undefined ? {} : { roles: stage.roles });
      // What was armed holds the process at the stage, so it is there when it dies.
      await until(() => stage.reached(rig), { what: `a process ${stage.name}`, timeoutMs: 30_000 });
      await doomed.kill9();
      hit.push(stage.name);
      await disarm();
      allowed += 25;
    }
    expect(hit).toEqual(STAGES.map((stage) => stage.name));
    const last = await rig.start();
    allowed = Number.POSITIVE_INFINITY;
    const orders = await placing;
    await untilArrived(rig.erp, orders);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, orders);
    expect(orders).toHaveLength(ORDERS);
    expectCleanLog(last);
    expect(await last.stop()).toBe(0);
  });

  test("at random moments while 200 orders are placed leaves each of them in the ERP exactly once", async () => {
    await using rig = await Rig.open({ server });
    // A little slow, so that most moments find a call on the wire.
    rig.erp.faults.add({ kind: "slow", delayMs: 20 });
    let sidecar = await rig.start();
    const placed: number[] = [];
    const placing = placeOrders(rig.world, ORDERS, { processes: 4, onPlaced: (id) => placed.push(id) });
    placing.catch(() => undefined);
    const dice = seeded(20_261_121);
    for (let kill = 1; kill <= 4; kill += 1) {
      // The moment is a number of calls that the ERP has seen since the start of the process.
      const seen = rig.erp.calls().length;
      const calls = 1 + Math.floor(dice() * 60);
      await until(() => rig.erp.calls().length >= seen + calls, { what: "the moment", timeoutMs: 30_000 });
      await sidecar.kill9();
      sidecar = await rig.start();
    }
    const orders = await placing;
    await untilArrived(rig.erp, orders);
    await untilQuiet(rig.world);
    await expectAgreement(rig.world, rig.erp, orders);
    expect(rig.erp.maxInFlight()).toBeLessThanOrEqual(8);
    expectCleanLog(sidecar);
    expect(await sidecar.stop()).toBe(0);
  });
});

/** No loop failed, nothing is a bug, and no hook was missed: all orders were announced. */
function expectCleanLog(sidecar: SidecarProcess): void {
  const bad = sidecar.log.filter(
    (line) => line.event === "loop.failed" || line.event === "hook.missed" || line["code"] === "E_BUG",
  );
  expect(bad).toEqual([]);
}

/** Mulberry32: the same chances in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
