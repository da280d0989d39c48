// Writers that overtake each other, and stock that is sold twice.
import { expect, test } from "vitest";
import { systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { eachServer } from "../../support/each-server.ts";
import { combinationIds, ORDER_STATE } from "../../support/seed.ts";
import { expectStockLaws } from "../../support/stock-laws.ts";
import { addStock, setStock, stockOf } from "../../support/stock-shop.ts";
import type { World } from "../../support/world.ts";
import { causesOf, discrepanciesOf, LedgerRun, movementsOf, stockWorld } from "./ledger-rig.ts";

const COMBINED = 21;
const [RED = 0] = combinationIds(COMBINED);

/** Lets so many processes check out one product, all reading the stock before the first of them writes it. */
async function placeAtOnce(world: World, processes: number, order: { productId: number; quantity: number }) {
  let waiting = 0;
  let go: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    go = resolve;
  });
  const shops = Array.from({ length: processes }, (_, n) => world.shop(n + 1));
  for (const shop of shops) {
    shop.beforeStep = async (step) => {
      if (step !== "line-stock") return;
      waiting += 1;
      if (waiting === processes) go();
      await all;
    };
  }
  const placed = await Promise.all(
    shops.map((shop, n) => shop.placeOrder({ customerId: n + 1, lines: [order] })),
  );
  for (const shop of shops) shop.beforeStep = undefined;
  return placed;
}

eachServer("the ledger", (server) => {
  test("makes the decrements that stale checkouts lost, each once", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    await placeAtOnce(world, 6, { productId: 1, quantity: 2 });
    expect(await stockOf(world, 1)).toBe(998);

    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(988);
    expect(await causesOf(world, 1)).toEqual(Array(6).fill("sale -2"));
    await expectStockLaws(world);
  });

  test("is exact after eight processes placed orders as they came, within three seconds of quiet", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world, { quietMs: 2_000, rules: { repairsMax: 100 } });
    await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        for (let placed = 0; placed < 8; placed += 1) {
          await world.shop(n + 1).placeOrder({
            customerId: n + 1,
            lines: [
              { productId: 1, quantity: 1 },
              { productId: COMBINED, attributeId: RED, quantity: 1 },
            ],
          });
        }
      }),
    );
    const quietMs = performance.now();

    await ledger.until(
      async () => (await stockOf(world, 1)) === 936 && (await stockOf(world, COMBINED, RED)) === 936,
      "exact stock",
    );
    const tookMs = performance.now() - quietMs;
    await ledger.rested();

    expect(tookMs).toBeLessThan(3_500);
    expect(await stockOf(world, 1)).toBe(936);
    await expectStockLaws(world);
  });

  test("puts back what a stale write of an employee threw away", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    const employee = world.shop(2);
    employee.beforeMove = async () => {
      await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 3 }] });
    };
    await employee.moveStock({ productId: 1, deltaUnits: 10 });
    expect(await stockOf(world, 1)).toBe(1_010);

    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(1_007);
    expect(await causesOf(world, 1)).toEqual(["sale -3", "employee +10", "overwrite +3", "repair -3"]);
    await expectStockLaws(world);
  });

  test("repairs again what is overwritten again, up to a limit, and then alarms a person", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world, { rules: { repairsMax: 2 } });
    for (let times = 1; times <= 3; times += 1) {
      const employee = world.shop(2);
      employee.beforeMove = async () => {
        await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
      };
      await employee.moveStock({ productId: 1, deltaUnits: 5 });
      if (times < 3) await ledger.rested();
    }
    await ledger.until(() => ledger.named("stock.repair_limit").length > 0, "the alarm");

    expect(await discrepanciesOf(world, 1)).toEqual([{ kind: "repair_limit", units: -1, orders: [] }]);
    expect((await causesOf(world, 1)).filter((cause) => cause.startsWith("repair"))).toHaveLength(2);
    expect(await stockOf(world, 1)).toBe(1_013);
  });

  test("sees an oversell within a second of the sale, names its orders, and ends it when the stock is back", async () => {
    await using world = await stockWorld({ server });
    await setStock(world, 1, 1);
    await using ledger = await LedgerRun.start(world, { quietMs: 2_000 });
    await placeAtOnce(world, 4, { productId: 1, quantity: 1 });
    const soldMs = performance.now();

    await ledger.until(
      async () => (await discrepanciesOf(world, 1)).some(({ units }) => units === 3),
      "the oversell",
    );
    expect(performance.now() - soldMs).toBeLessThan(1_000);

    expect(ledger.named("stock.oversold")).toHaveLength(1);
    const lines = await world.rows<{ id_order: number }>(
      `SELECT id_order FROM ${world.table("order_detail")} ORDER BY id_order_detail DESC LIMIT 3`,
    );
    const latest = lines.map((line) => line.id_order);
    expect(await discrepanciesOf(world, 1)).toEqual([{ kind: "oversell", units: 3, orders: latest }]);

    await ledger.rested();
    expect(await stockOf(world, 1)).toBe(-3);
    await world.shop().cancel(latest[0] ?? 0);
    await world.shop().moveStock({ productId: 1, deltaUnits: 2 });
    await ledger.rested();

    expect(await discrepanciesOf(world, 1)).toEqual([]);
    const [ended] = await world.rows(`SELECT resolution FROM ${world.table("erpsync_stock_discrepancy")}`);
    expect(ended).toEqual({ resolution: "passed" });
    await expectStockLaws(world);
  });

  test("alarms nobody about a row that may be sold when it is empty, nor about one that a person set below 0", async () => {
    await using world = await stockWorld({ server });
    await world.pool.query(
      `UPDATE ${world.table("stock_available")} SET out_of_stock = 1 WHERE id_product = 1`,
    );
    await setStock(world, 1, 1);
    await using ledger = await LedgerRun.start(world);
    await placeAtOnce(world, 3, { productId: 1, quantity: 1 });
    await addStock(world, 2, -1_005);

    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(-2);
    expect(await stockOf(world, 2)).toBe(-5);
    expect(ledger.named("stock.oversold")).toEqual([]);
    expect(await discrepanciesOf(world, 1)).toEqual([]);
  });

  test("finds the sum of the combinations again where the product's row lost a step", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    const [, blue = 0] = combinationIds(COMBINED);
    const first = world.shop(1);
    const second = world.shop(2);
    // The second sells between the first one's sum and its write of it.
    let isDone = false;
    first.beforeStep = async (step) => {
      if (step !== "line-parent-stock" || isDone) return;
      isDone = true;
      await second.placeOrder({
        customerId: 2,
        lines: [{ productId: COMBINED, attributeId: blue, quantity: 5 }],
      });
    };
    await first.placeOrder({
      customerId: 1,
      lines: [{ productId: COMBINED, attributeId: RED, quantity: 1 }],
    });
    expect(await stockOf(world, COMBINED)).toBe(2_999);

    await ledger.rested();

    expect(await stockOf(world, COMBINED)).toBe(2_994);
    await expectStockLaws(world);
  });

  test("decrements nothing twice when an order is placed, edited and cancelled faster than a row gets quiet", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world, { quietMs: 1_000 });
    const shop = world.shop();
    const { orderId } = await shop.placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 4 }] });
    await shop.cancel(orderId);
    const other = await shop.placeOrder({
      customerId: 2,
      lines: [{ productId: 1, quantity: 2 }],
      paid: true,
    });
    await shop.cancel(other.orderId);
    await shop.changeStatus({ orderId: other.orderId, stateId: ORDER_STATE.paymentAccepted });

    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(998);
    await expectStockLaws(world);
  });

  test("books other rows while one is being settled, and what comes about that one when it is", async () => {
    let isDeciding = false;
    let goOn: () => void = () => undefined;
    const mayWrite = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world, {
      beforeWrites: async () => {
        isDeciding = true;
        await mayWrite;
      },
    });
    await world.shop().insertOrderBySql({ customerId: 1, lines: [{ productId: 1, quantity: 4 }] });
    await ledger.until(() => isDeciding, "the missing movement to be decided on");

    await addStock(world, 2, 5);
    await ledger.until(async () => (await movementsOf(world, 2)).length === 1, "the other row to be booked");
    await addStock(world, 1, 7);
    await addStock(world, 2, 5);
    // What must not happen cannot be waited for: both would be booked within a tenth of this, as the other one was.
    await systemSleep(500);
    const [ofOne, ofOther] = [await movementsOf(world, 1), await movementsOf(world, 2)];
    goOn();
    await ledger.rested();

    expect(ofOne).toEqual([]);
    // Facts are booked in the order of the binlog, so what comes after that one waits as well.
    expect(ofOther).toHaveLength(1);
    expect(await causesOf(world, 1)).toEqual(["unexplained +7", "sale -4"]);
    expect(await stockOf(world, 1)).toBe(1_003);
    await expectStockLaws(world, { mayBeUnexplained: true });
  });
});
