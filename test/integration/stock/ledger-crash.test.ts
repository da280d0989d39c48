// The ledger's process dies between any two statements: of a pass, of booking, of settling, of its own writes.
import { expect, test } from "vitest";
import { oneServer } from "../../support/each-server.ts";
import { SidecarInside } from "../../support/in-process.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { combinationIds } from "../../support/seed.ts";
import { expectStockLaws } from "../../support/stock-laws.ts";
import { stockOf } from "../../support/stock-shop.ts";
import { until } from "../../support/until.ts";
import type { World } from "../../support/world.ts";
import { CaptureRun } from "../capture/rig.ts";
import { stockWorld } from "./ledger-rig.ts";

const COMBINED = 2;
const SEED = { simpleProducts: 1, combinedProducts: 1, combinationsEach: 2, stockUnits: 1_000 };
const [RED = 0] = combinationIds(COMBINED, SEED);
/** A run takes about a hundred statements; the sweep ends at the first that survives. */
const STEPS_MAX = 400;

/** A stale pair of checkouts, an order by SQL on a combination, and an employee: all sorts of work for the ledger. */
async function work(world: World): Promise<void> {
  const [first, second] = [world.shop(1), world.shop(2)];
  let isDone = false;
  first.beforeStep = async (step) => {
    if (step !== "line-stock" || isDone) return;
    isDone = true;
    await second.placeOrder({ customerId: 2, lines: [{ productId: 1, quantity: 2 }] });
  };
  await first.placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
  first.beforeStep = undefined;
  await second.insertOrderBySql({
    customerId: 2,
    lines: [{ productId: COMBINED, attributeId: RED, quantity: 1 }],
  });
  await second.moveStock({ productId: 1, deltaUnits: 3 });
}

/** Waits until capture has handed over all that was committed before this call. */
async function handedOver(world: World): Promise<void> {
  const [made] = await world.pool.query(
    `INSERT INTO ${world.table("erpsync_stock_check")} (pass, last_order_detail, observed, created_at)
     VALUES (0, 0, '{}', UTC_TIMESTAMP(6))`,
  );
  const fact = `[{"kind":"check","ids":[${(made as { insertId: number }).insertId}]}]`;
  await until(
    async () =>
      (await world.rows(`SELECT 1 FROM ${world.table("erpsync_stock_inbox")} WHERE facts = ?`, [fact]))
        .length > 0,
    { what: "capture to hand over", everyMs: 2 },
  );
}

/** Its own writes come back through the binlog as well. */
async function rest(world: World, sidecar: SidecarInside): Promise<void> {
  for (let times = 0; times < 2; times += 1) {
    await handedOver(world);
    await sidecar.keepStock();
  }
}

/** Lets a process work until it is done or dead, and returns whether it lived. Its connections end with it. */
async function lives(sidecar: SidecarInside): Promise<boolean> {
  await sidecar.keepStock().catch((thrown: unknown) => {
    if (!sidecar.dead) throw thrown;
  });
  const { dead } = sidecar;
  await sidecar[Symbol.asyncDispose]();
  return !dead;
}

oneServer("a ledger that dies between any two statements", (server) => {
  test("leaves nothing that its successor does not book once and put right once", {
    timeout: 240_000,
  }, async () => {
    await using world = await stockWorld({ server, seed: SEED });
    await using erp = await startNetSuiteEmulator();
    await using capture = new CaptureRun(world, { onStock: () => undefined });
    await capture.untilTailing();
    await using opener = new SidecarInside(world, erp);
    await rest(world, opener);
    let rounds = 0;
    for (let dieAtStep = 1; dieAtStep <= STEPS_MAX; dieAtStep += 1) {
      await work(world);
      rounds += 1;
      await handedOver(world);
      await using doomed = new SidecarInside(world, erp, { dieAtStep });
      const hasSurvived = await lives(doomed);
      await using heir = new SidecarInside(world, erp);
      await rest(world, heir);

      expect(heir.log.filter(({ event }) => event === "loop.failed")).toEqual([]);
      await expectStockLaws(world);
      expect(await stockOf(world, 1)).toBe(1_000);
      expect(await stockOf(world, COMBINED, RED)).toBe(1_000 - rounds);
      if (hasSurvived) break;
    }
    expect(rounds).toBeGreaterThan(40);
    expect(rounds).toBeLessThan(STEPS_MAX);
  });

  test("leaves a pass that its successor ends, with every row as it stands", {
    timeout: 240_000,
  }, async () => {
    await using erp = await startNetSuiteEmulator();
    let hasSurvived = false;
    let dieAtStep = 1;
    for (; !hasSurvived && dieAtStep <= STEPS_MAX; dieAtStep += 3) {
      await using world = await stockWorld({ server, seed: SEED });
      await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
      await using capture = new CaptureRun(world, { onStock: () => undefined });
      await capture.untilTailing();
      await handedOver(world);
      await using doomed = new SidecarInside(world, erp, { dieAtStep });
      hasSurvived = await lives(doomed);
      await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
      await using heir = new SidecarInside(world, erp);
      await rest(world, heir);

      await expectStockLaws(world);
      expect(await stockOf(world, 1)).toBe(998);
    }
    expect(hasSurvived).toBe(true);
    expect(dieAtStep).toBeGreaterThan(15);
  });
});
