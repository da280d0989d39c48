import { expect, test } from "vitest";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { runOrderReconciliations } from "../../../sidecar/reconcile/order-reconcile-loop.ts";
import { insertOrderRun, readOrderRun, withdrawOrderRun } from "../../../sidecar/reconcile/run-statements.ts";
import { oneServer } from "../../support/each-server.ts";
import { until } from "../../support/until.ts";
import { OrderRig } from "./rig.ts";

oneServer("the comparisons of orders of the schedule", (server) => {
  test("are made when their time has come, once, not while the ERP is away, and are made up for", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    let aheadMs = 0;
    let isErpAway = true;
    let turns = 0;
    rig.change = {
      clock: { ...systemClock, nowMs: () => Date.now() + aheadMs },
      schedule: "0 3 * * *",
      isErpAway: () => isErpAway,
      sleep: async (_ms, signal) => {
        turns += 1;
        await systemSleep(5, signal);
      },
    };
    const stop = new AbortController();
    const running = runOrderReconciliations(rig.deps(), stop.signal);
    const made = async (): Promise<readonly object[]> =>
      await rig.world.rows(
        `SELECT state, scope, actor FROM ${rig.world.table("erpsync_order_reconciliation")} ORDER BY id`,
      );
    const afterTurns = async (count: number): Promise<void> => {
      const from = turns;
      await until(() => turns >= from + count, { what: "turns of the loop" });
    };
    try {
      await afterTurns(3);
      expect(await made()).toEqual([]);
      aheadMs = 86_400_000;
      await afterTurns(3);
      expect(await made(), "the ERP is away").toEqual([]);
      isErpAway = false;
      await until(async () => (await made()).length === 1, { what: "the comparison" });
      // As seen by the database it was made just now, so the next is due within a day.
      aheadMs = 0;
      await afterTurns(3);
      expect(await made()).toEqual([{ state: "done", scope: "3", actor: "schedule" }]);
    } finally {
      stop.abort();
      await running;
    }
  });

  test("take up what a person asks for also where none is scheduled, and end what a process left behind", async () => {
    await using rig = await OrderRig.create(server);
    const broken = await insertOrderRun(rig.db, { state: "running", scope: "3", actor: "schedule" });
    const withdrawn = await insertOrderRun(rig.db, { state: "asked", scope: "3", actor: "ada" });
    expect(await withdrawOrderRun(rig.db, withdrawn)).toBe(true);
    const asked = await insertOrderRun(rig.db, { state: "asked", scope: "2026-10", actor: "ada" });
    const strange = await insertOrderRun(rig.db, { state: "asked", scope: "all", actor: "ada" });
    rig.change = { days: 0 };
    const stop = new AbortController();
    const running = runOrderReconciliations(rig.deps(), stop.signal);
    try {
      await until(async () => (await readOrderRun(rig.db, strange))?.state === "failed", {
        what: "what was asked for last",
      });
    } finally {
      stop.abort();
      await running;
    }
    expect(await readOrderRun(rig.db, asked)).toMatchObject({ state: "done", compared: 0 });
    expect(await readOrderRun(rig.db, broken)).toMatchObject({
      ...{ state: "failed", reason: "its process ended in the middle" },
    });
    expect(await readOrderRun(rig.db, withdrawn)).toMatchObject({ state: "failed" });
  });
});
