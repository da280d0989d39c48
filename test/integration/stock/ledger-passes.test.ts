// Walks over all rows: the ledger opens, opens anew after a gap, and finds what the binlog did not tell.
import { expect, test } from "vitest";
import { oneServer } from "../../support/each-server.ts";
import { combinationIds } from "../../support/seed.ts";
import { expectStockLaws } from "../../support/stock-laws.ts";
import { stockRowId } from "../../support/stock-rows.ts";
import { addStock, deleteProduct, giveAway, lineIdOf, setStock, stockOf } from "../../support/stock-shop.ts";
import type { World } from "../../support/world.ts";
import { causesOf, discrepanciesOf, LedgerRun, movementsOf, stockWorld } from "./ledger-rig.ts";

const COMBINED = 21;
const [RED = 0] = combinationIds(COMBINED);
const ONE = { customerId: 1, lines: [{ productId: 1, quantity: 1 }] } as const;

/** Statements that the binlog does not hold, as under sql_log_bin = 0 or while it was purged. */
async function unseen(world: World, sql: string, values: readonly unknown[] = []): Promise<void> {
  const connection = await world.connection();
  await connection.query("SET SESSION sql_log_bin = 0");
  await connection.query(sql, [...values]);
  await connection.end();
}

/** Forgets where the tail was: what happened since is a gap. */
async function loseThePlace(world: World): Promise<void> {
  await world.pool.query(`UPDATE ${world.table("erpsync_checkpoint")} SET server = 'another', gtid_set = ''`);
}

async function askForPass(world: World, reason: string): Promise<void> {
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_stock_pass")} (reason, begun_at) VALUES (?, UTC_TIMESTAMP(6))`,
    [reason],
  );
}

oneServer("the ledger", (server) => {
  test("opens while the shop sells, and is exact from then on", { timeout: 120_000 }, async () => {
    await using world = await stockWorld({ server, seed: { simpleProducts: 600, stockUnits: 500 } });
    const sellWhile = (goesOn: (sold: number) => boolean): Promise<readonly number[]> =>
      Promise.all(
        [1, 2, 3].map(async (process) => {
          let sold = 0;
          for (; goesOn(sold); sold += 1) {
            const productId = 1 + ((sold * 7 + process) % 590);
            const lines = [productId, 599].map((id) => ({ productId: id, quantity: 1 }));
            await world.shop(process).placeOrder({ customerId: process, lines });
          }
          return sold;
        }),
      );
    let isOpen = false;
    const selling = sellWhile((sold) => !isOpen || sold < 5);
    await using ledger = await LedgerRun.start(world, { rules: { repairsMax: 100 } });
    isOpen = true;
    await selling;
    await ledger.rested();
    // What the shop lost before the opening is in the opening; nobody can know it.
    const opened = (await stockOf(world, 599)) ?? 0;
    await expectStockLaws(world);

    const sold = await sellWhile((count) => count < 15);
    await ledger.rested();

    expect(ledger.named("stock.opened")).toMatchObject([{ reason: "first", differing: 0 }]);
    expect(await stockOf(world, 599)).toBe(opened - sold.reduce((sum, one) => sum + one, 0));
    await expectStockLaws(world);
  });

  test("takes in the orders of before, so that what becomes of them is understood", async () => {
    await using world = await stockWorld({ server });
    const { orderId } = await world.shop().placeOrder({ ...ONE, paid: true });
    await using ledger = await LedgerRun.start(world);
    expect(await causesOf(world, 1)).toEqual([]);

    await world.shop().cancel(orderId);
    await ledger.rested();

    expect(await causesOf(world, 1)).toEqual(["cancellation +1"]);
    expect(await stockOf(world, 1)).toBe(1_000);
    await expectStockLaws(world);
  });

  test("leaves alone what an order of before is, even if it is older than what was taken in", async () => {
    await using world = await stockWorld({ server });
    const { orderId } = await world.shop().placeOrder(ONE);
    await world.pool.query(`UPDATE ${world.table("orders")} SET date_add = '2020-01-01 10:00:00'`);
    await using ledger = await LedgerRun.start(world);
    await world.shop().changeStatus({ orderId, stateId: 4 });

    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(999);
    expect(await causesOf(world, 1)).toEqual([]);
    await expectStockLaws(world);
  });

  test("opens anew after a gap, with the difference on record, and takes no order twice", async () => {
    await using world = await stockWorld({ server });
    const before = await LedgerRun.start(world);
    const { orderId } = await world
      .shop()
      .placeOrder({ customerId: 1, lines: [{ productId: 2, quantity: 4 }] });
    await before.rested();
    await before.stop();
    await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 3 }] });
    await world.shop().editLine({ orderId, orderDetailId: await lineIdOf(world, orderId), quantity: 6 });
    await setStock(world, 3, 1_234);
    await world.pool.query(`DELETE FROM ${world.table("stock_available")} WHERE id_product = 5`);
    await loseThePlace(world);

    await using ledger = await LedgerRun.start(world);
    await ledger.rested();

    expect(await causesOf(world, 1)).toEqual(["gap -3"]);
    expect(await causesOf(world, 2)).toEqual(["sale -4", "gap -2"]);
    expect(await causesOf(world, 3)).toEqual(["gap +234"]);
    expect(await causesOf(world, 5)).toEqual(["deleted -1000"]);
    expect(await discrepanciesOf(world, 3)).toEqual([{ kind: "gap", units: 234, orders: [] }]);
    expect(ledger.named("stock.opened")).toMatchObject([{ reason: "gap", differing: 3 }]);
    await expectStockLaws(world);

    // What was edited in the gap and what was sold in it is understood afterwards.
    await world.shop().cancel(orderId);
    await ledger.rested();
    expect(await causesOf(world, 2)).toEqual(["sale -4", "gap -2", "cancellation +6"]);
    await expectStockLaws(world);
  });

  test("keeps apart what was sold in a gap and what is sold while it is closed", {
    timeout: 120_000,
  }, async () => {
    await using world = await stockWorld({ server, seed: { simpleProducts: 400 } });
    const before = await LedgerRun.start(world);
    await before.stop();
    const shop = world.shop();
    for (let n = 1; n <= 5; n += 1)
      await shop.placeOrder({ customerId: 1, lines: [{ productId: n, quantity: 2 }] });
    await loseThePlace(world);
    const state = { isOpen: false };
    const selling = (async () => {
      for (let n = 0; !state.isOpen || n < 5; n += 1) {
        await world.shop(2).placeOrder({ customerId: 2, lines: [{ productId: 1 + (n % 400), quantity: 1 }] });
      }
    })();
    await using ledger = await LedgerRun.start(world);
    state.isOpen = true;
    await selling;

    await ledger.rested();

    await expectStockLaws(world);
  });

  test("mends a broken chain at the next change of the row, and says so", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    await unseen(
      world,
      `UPDATE ${world.table("stock_available")} SET quantity = quantity - 30 WHERE id_product = 1`,
    );
    await world.shop().placeOrder(ONE);

    await ledger.rested();

    expect(await causesOf(world, 1)).toEqual(["gap -30", "sale -1"]);
    expect(await discrepanciesOf(world, 1)).toEqual([{ kind: "gap", units: -30, orders: [] }]);
    await expectStockLaws(world);
  });

  test("finds what the binlog did not tell when it verifies itself, without touching lines", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    const { orderId } = await world.shop().placeOrder(ONE);
    await unseen(world, `UPDATE ${world.table("stock_available")} SET quantity = 7 WHERE id_product = 3`);
    await unseen(world, `DELETE FROM ${world.table("stock_available")} WHERE id_product = 4`);
    await askForPass(world, "verify");
    await ledger.until(() => ledger.named("stock.opened").length === 2, "the pass to end");
    await ledger.rested();

    expect(await causesOf(world, 3)).toEqual(["gap -993"]);
    expect(await causesOf(world, 4)).toEqual(["deleted -1000"]);
    expect(await discrepanciesOf(world, 3)).toEqual([{ kind: "gap", units: -993, orders: [] }]);
    expect(await movementsOf(world, 1)).toMatchObject([{ cause: "sale", id_order: orderId }]);
    await expectStockLaws(world);
  });

  test("goes on with a pass where a process left it, and books nothing twice over a restart", async () => {
    await using world = await stockWorld({ server, seed: { simpleProducts: 900 } });
    const first = LedgerRun.launch(world);
    await first.until(
      async () =>
        (await world.rows(`SELECT 1 FROM ${world.table("erpsync_stock_pass")} WHERE next_row > 0`)).length >
        0,
      "the pass to be under way",
    );
    await first.stop();
    await world.shop().placeOrder(ONE);
    const second = await LedgerRun.start(world);
    await world.shop().placeOrder(ONE);
    await second.stop();
    await world.shop().placeOrder(ONE);

    await using ledger = await LedgerRun.start(world);
    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(997);
    const [passes] = await world.rows(`SELECT COUNT(*) AS n FROM ${world.table("erpsync_stock_pass")}`);
    expect(passes).toEqual({ n: 1 });
    await expectStockLaws(world);
  });

  test("takes an inbox row that it cannot read for a gap, and goes on", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_stock_inbox")} (committed_at, facts) VALUES (UTC_TIMESTAMP(3), '[{"kind":"news"}]')`,
    );
    await world.shop().placeOrder(ONE);
    await ledger.until(() => ledger.named("stock.opened").length === 2, "the pass to end");
    await ledger.rested();

    expect(ledger.named("stock.gap")).toHaveLength(1);
    expect(await stockOf(world, 1)).toBe(999);
    await expectStockLaws(world);
  });

  test("forgets lines whose orders were cleared, because their ids come back", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    for (let n = 1; n <= 3; n += 1) {
      await world.shop().placeOrder({ customerId: 1, lines: [{ productId: n, quantity: 5 }] });
    }
    await ledger.rested();
    await world.shop().clearOrders();
    await askForPass(world, "restored");
    await ledger.until(() => ledger.named("stock.opened").length === 2, "the pass to end");
    const { orderId } = await world
      .shop()
      .placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 2 }] });
    await ledger.rested();

    expect(orderId).toBe(1);
    expect(await causesOf(world, 1)).toEqual(["sale -5", "sale -2"]);
    expect(await stockOf(world, 1)).toBe(993);
    await world.pool.query(`DELETE FROM ${world.table("erpsync_stock_movement")} WHERE id < 0`);
    const lines = await world.rows(
      `SELECT id_order_detail AS id, units, moved, owed FROM ${world.table("erpsync_stock_line")}`,
    );
    expect(lines).toEqual([{ id: 1, units: 2, moved: -2, owed: 0 }]);
  });

  test("books a row that comes, goes, and comes again under its old id", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    const stock = world.table("stock_available");
    const id = await stockRowId(world, 1);
    await world.shop().placeOrder(ONE);
    await ledger.rested();
    await world.pool.query(`DELETE FROM ${stock} WHERE id_stock_available = ?`, [id]);
    const insert = `INSERT INTO ${stock} (id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, quantity)
      VALUES (?, ?, 0, 1, 0, ?)`;
    await world.pool.query(insert, [id, 1, 50]);
    await world.pool.query(insert, [9_000, 777, 8]);
    await world.shop().placeOrder(ONE);
    await ledger.rested();

    expect(await causesOf(world, 1)).toEqual(["sale -1", "deleted -999", "opening +50", "sale -1"]);
    const [fresh] = await world.rows(
      `SELECT opening, opened_because FROM ${world.table("erpsync_stock_row")} WHERE id_stock_available = 9000`,
    );
    expect(fresh).toEqual({ opening: 8, opened_because: "new" });
    await expectStockLaws(world);
  });

  test("survives an import that empties the table and fills it with other products", async () => {
    await using world = await stockWorld({ server, seed: { simpleProducts: 5, combinedProducts: 0 } });
    await using ledger = await LedgerRun.start(world);
    const { orderId } = await world.shop().placeOrder(ONE);
    await ledger.rested();
    const stock = world.table("stock_available");
    await world.pool.query(`TRUNCATE TABLE ${stock}`);
    await world.pool.query(
      `INSERT INTO ${stock} (id_product, id_product_attribute, id_shop, id_shop_group, quantity)
       VALUES (3, 0, 1, 0, 30), (2, 0, 1, 0, 20), (1, 0, 1, 0, 10)`,
    );
    await world.shop().changeStatus({ orderId, stateId: 4 });
    await askForPass(world, "verify");
    await ledger.until(() => ledger.named("stock.opened").length === 2, "the pass to end");
    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(10);
    expect(ledger.named("stock.repaired")).toEqual([]);
    await expectStockLaws(world);
  });

  test("leaves rows of another stock management and lines of deleted products alone", async () => {
    await using world = await stockWorld({ server });
    await giveAway(world, 2);
    await using ledger = await LedgerRun.start(world);
    await world.shop().insertOrderBySql({ customerId: 1, lines: [{ productId: 2, quantity: 3 }] });
    await addStock(world, 2, 5);
    const { orderId } = await world.shop().placeOrder({
      customerId: 1,
      lines: [
        { productId: 3, quantity: 2 },
        { productId: COMBINED, attributeId: RED, quantity: 1 },
      ],
    });
    await ledger.rested();
    await deleteProduct(world, 3);
    await world.pool.query(`DELETE FROM ${world.table("stock_available")} WHERE id_product_attribute = ?`, [
      RED,
    ]);
    await world.shop().cancel(orderId);
    await ledger.rested();

    expect(await stockOf(world, 2)).toBe(1_005);
    expect(await causesOf(world, 2)).toEqual(["employee +5"]);
    expect(await causesOf(world, 3)).toEqual(["sale -2", "deleted -998"]);
    expect(await causesOf(world, COMBINED, RED)).toEqual(["sale -1", "deleted -999"]);
    expect(await stockOf(world, COMBINED)).toBe(2_000);
    await expectStockLaws(world);
  });

  test("writes nothing while writing is stopped, and all that is missing afterwards", async () => {
    await using world = await stockWorld({ server });
    let isStopped = true;
    await using ledger = await LedgerRun.start(world, { stopped: () => isStopped });
    await world.shop().insertOrderBySql({ customerId: 1, lines: [{ productId: 1, quantity: 3 }] });
    await ledger.booked();
    await ledger.until(async () => {
      const rows = `SELECT 1 FROM ${world.table("erpsync_stock_row")} WHERE unsettled = 1 AND changed_at < UTC_TIMESTAMP(6) - INTERVAL 1 SECOND`;
      return (await world.rows(rows)).length > 0;
    }, "the row to be quiet");
    expect(await stockOf(world, 1)).toBe(1_000);
    isStopped = false;

    await ledger.rested();

    expect(await causesOf(world, 1)).toEqual(["sale -3"]);
    await expectStockLaws(world);
  });
});
