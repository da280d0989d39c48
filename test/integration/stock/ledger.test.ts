// What the shop does to its stock, and what the ledger makes of it.
import { expect, test } from "vitest";
import { eachServer } from "../../support/each-server.ts";
import { combinationIds, ORDER_STATE } from "../../support/seed.ts";
import { expectStockLaws } from "../../support/stock-laws.ts";
import { addStock, lineIdOf, makePack, setStock, shareStock, stockOf } from "../../support/stock-shop.ts";
import { causesOf, discrepanciesOf, LedgerRun, movementsOf, stockWorld } from "./ledger-rig.ts";

const COMBINED = 21;
const [RED = 0, BLUE = 0] = combinationIds(COMBINED);

eachServer("the ledger", (server) => {
  test("books what an order takes as the sale of its line", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    const { orderId } = await world.shop().placeOrder({
      customerId: 1,
      lines: [{ productId: 1, quantity: 2 }],
    });

    await ledger.rested();

    expect(await movementsOf(world, 1)).toEqual([
      { delta: -2, cause: "sale", id_order: orderId, actor: null },
    ]);
    await expectStockLaws(world);
  });

  test("books a combination's sale on its own row, and the product's row as their sum", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    await world.shop().placeOrder({
      customerId: 1,
      lines: [
        { productId: COMBINED, attributeId: RED, quantity: 2 },
        { productId: COMBINED, attributeId: BLUE, quantity: 1 },
      ],
    });

    await ledger.rested();

    expect(await causesOf(world, COMBINED, RED)).toEqual(["sale -2"]);
    expect(await causesOf(world, COMBINED, BLUE)).toEqual(["sale -1"]);
    expect(await causesOf(world, COMBINED)).toEqual(["parent -2", "parent -1"]);
    await expectStockLaws(world);
  });

  test.each([
    { type: 0, pack: ["sale -2"], item: [], ofThree: [] },
    { type: 1, pack: [], item: ["sale -2"], ofThree: ["sale -6"] },
    { type: 2, pack: ["sale -2"], item: ["sale -2"], ofThree: ["sale -6"] },
  ] as const)("books a pack of type $type from the rows that its type says", async (given) => {
    await using world = await stockWorld({ server });
    const items = [
      { productId: 2, quantity: 1 },
      { productId: COMBINED, attributeId: RED, quantity: 3 },
    ];
    await makePack(world, { productId: 1, type: given.type, items });
    await using ledger = await LedgerRun.start(world);
    const { orderId } = await world.shop().placeOrder({
      customerId: 1,
      lines: [{ productId: 1, quantity: 2 }],
    });
    await ledger.rested();
    expect(await causesOf(world, 1)).toEqual(given.pack);
    expect(await causesOf(world, 2)).toEqual(given.item);
    expect(await causesOf(world, COMBINED, RED)).toEqual(given.ofThree);
    await expectStockLaws(world);

    // Awaiting its payment, so the shop gives all of it back.
    await world.shop().cancel(orderId);
    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(1_000);
    expect(await stockOf(world, 2)).toBe(1_000);
    expect(await stockOf(world, COMBINED, RED)).toBe(1_000);
    await expectStockLaws(world);
  });

  test("takes a pack that the shop's own setting decides for what that says", async () => {
    await using world = await stockWorld({ server });
    await makePack(world, { productId: 1, type: 3, items: [{ productId: 2, quantity: 4 }] });
    await world.pool.query(
      `UPDATE ${world.table("configuration")} SET value = '1' WHERE name = 'PS_PACK_STOCK_TYPE'`,
    );
    await using ledger = await LedgerRun.start(world);
    await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });

    await ledger.rested();

    expect(await causesOf(world, 1)).toEqual([]);
    expect(await causesOf(world, 2)).toEqual(["sale -4"]);
    await expectStockLaws(world);
  });

  test("knows a pack that its items lowered from one that was sold", async () => {
    await using world = await stockWorld({ server });
    await makePack(world, { productId: 1, type: 2, items: [{ productId: 2, quantity: 2 }], units: 500 });
    await using ledger = await LedgerRun.start(world);
    await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 2, quantity: 10 }] });

    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(495);
    expect(await causesOf(world, 1)).toEqual(["pack -5"]);
    await expectStockLaws(world);
  });

  test.each(["report", "apply"] as const)(
    "finds what the shop forgets to put back when a paid pack is cancelled (%s)",
    async (forgottenRestock) => {
      await using world = await stockWorld({ server });
      await makePack(world, { productId: 1, type: 2, items: [{ productId: 2, quantity: 2 }] });
      await using ledger = await LedgerRun.start(world, { rules: { forgottenRestock } });
      const order = { customerId: 1, lines: [{ productId: 1, quantity: 3 }], paid: true };
      const { orderId } = await world.shop().placeOrder(order);
      await ledger.rested();

      await world.shop().cancel(orderId);
      await ledger.rested();

      const isApplied = forgottenRestock === "apply";
      expect(await stockOf(world, 1)).toBe(isApplied ? 1_000 : 997);
      expect(await stockOf(world, 2)).toBe(isApplied ? 1_000 : 994);
      const forgotten = isApplied ? [] : [{ kind: "forgotten_restock", units: 3, orders: [orderId] }];
      expect(await discrepanciesOf(world, 1)).toEqual(forgotten);
      await expectStockLaws(world);

      // Paid again: what was given back is taken again, what was not is not taken twice.
      await world.shop().changeStatus({ orderId, stateId: ORDER_STATE.paymentAccepted });
      await ledger.rested();

      expect(await stockOf(world, 1)).toBe(997);
      expect(await stockOf(world, 2)).toBe(994);
      await expectStockLaws(world);
    },
  );

  test("follows a line that is edited, refunded, deleted, and an order that is cancelled and paid again", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    const shop = world.shop();
    const lines = [
      { productId: 1, quantity: 3 },
      { productId: 2, quantity: 5 },
      { productId: 3, quantity: 1 },
      { productId: COMBINED, attributeId: RED, quantity: 4 },
    ];
    const { orderId } = await shop.placeOrder({ customerId: 1, lines, paid: true });
    await ledger.rested();

    await shop.editLine({ orderId, orderDetailId: await lineIdOf(world, orderId, 1), quantity: 5 });
    await shop.editLine({ orderId, orderDetailId: await lineIdOf(world, orderId, COMBINED), quantity: 1 });
    await ledger.rested();
    await shop.refund({ orderId, orderDetailId: await lineIdOf(world, orderId, 2), quantity: 2 });
    await ledger.rested();
    await shop.deleteLine({ orderId, orderDetailId: await lineIdOf(world, orderId, 3) });
    await ledger.rested();

    expect(await causesOf(world, 1)).toEqual(["sale -3", "edit -2"]);
    expect(await causesOf(world, COMBINED, RED)).toEqual(["sale -4", "edit +3"]);
    expect(await causesOf(world, 2)).toEqual(["sale -5", "return +2"]);
    expect(await causesOf(world, 3)).toEqual(["sale -1", "edit +1"]);
    await expectStockLaws(world);

    await shop.cancel(orderId);
    await ledger.rested();
    await shop.changeStatus({ orderId, stateId: ORDER_STATE.paymentAccepted });
    await ledger.rested();

    expect(await causesOf(world, 1)).toEqual(["sale -3", "edit -2", "cancellation +5", "cancellation -5"]);
    // The shop takes the whole line again, the refunded units as well; that is for a person, like all that it forgets.
    expect(await stockOf(world, 2)).toBe(995);
    expect(await discrepanciesOf(world, 2)).toEqual([
      { kind: "forgotten_restock", units: 2, orders: [orderId] },
    ]);
    await expectStockLaws(world);
  });

  test("takes back what the shop puts back twice: a refunded line that is deleted", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    const shop = world.shop();
    const { orderId } = await shop.placeOrder({
      customerId: 1,
      lines: [{ productId: 1, quantity: 5 }],
      paid: true,
    });
    const orderDetailId = await lineIdOf(world, orderId);
    await shop.refund({ orderId, orderDetailId, quantity: 2 });
    await ledger.rested();

    await shop.deleteLine({ orderId, orderDetailId });
    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(1_000);
    await expectStockLaws(world);
  });

  test("takes what an order that was written by SQL did not take, at once and once", async () => {
    await using world = await stockWorld({ server });
    // A row that is never quiet for so long: only what is done at once is seen.
    await using ledger = await LedgerRun.start(world, { quietMs: 60_000 });
    const order = { customerId: 1, lines: [{ productId: COMBINED, attributeId: RED, quantity: 2 }] };
    const { orderId } = await world.shop().insertOrderBySql(order);

    await ledger.booked();
    await ledger.until(async () => (await stockOf(world, COMBINED, RED)) === 998, "the decrement");
    await world.shop().changeStatus({ orderId, stateId: ORDER_STATE.paymentAccepted });
    await ledger.booked();
    await ledger.booked();

    expect(await causesOf(world, COMBINED, RED)).toEqual(["sale -2"]);
    expect(await stockOf(world, COMBINED)).toBe(2_998);
  });

  test("takes its own decrement back where the import was only slow", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    await world.shop().insertOrderBySql({ customerId: 1, lines: [{ productId: 1, quantity: 2 }] });
    await ledger.until(async () => (await stockOf(world, 1)) === 998, "the decrement");
    await addStock(world, 1, -2);

    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(998);
    expect(await causesOf(world, 1)).toEqual(["sale -2", "sale -2", "undo +2"]);
    await expectStockLaws(world);
  });

  test("adopts what nobody explains, reports it once, and never reverts it", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    await setStock(world, 1, 1_007);
    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(1_007);
    expect(await causesOf(world, 1)).toEqual(["unexplained +7"]);
    expect(await discrepanciesOf(world, 1)).toEqual([{ kind: "unexplained", units: 7, orders: [] }]);
    expect(ledger.named("stock.unexplained")).toHaveLength(1);
    await expectStockLaws(world, { mayBeUnexplained: true });
  });

  test("explains an adopted change after all when its line comes late", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    await addStock(world, 1, -2);
    await ledger.rested();
    expect(await causesOf(world, 1)).toEqual(["unexplained -2"]);

    await world.shop().insertOrderBySql({ customerId: 1, lines: [{ productId: 1, quantity: 2 }] });
    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(998);
    expect(await causesOf(world, 1)).toEqual(["sale -2"]);
    expect(await discrepanciesOf(world, 1)).toEqual([]);
    await expectStockLaws(world);
  });

  test("knows who changed a quantity by what he declared", async () => {
    await using world = await stockWorld({ server });
    await using ledger = await LedgerRun.start(world);
    await world.shop().moveStock({ productId: 1, deltaUnits: 40 });
    await world.shop().moveStock({ productId: COMBINED, attributeId: BLUE, deltaUnits: -3 });

    await ledger.rested();

    expect(await movementsOf(world, 1)).toEqual([
      { delta: 40, cause: "employee", id_order: null, actor: "AdminProducts" },
    ]);
    expect(await causesOf(world, COMBINED, BLUE)).toEqual(["employee -3"]);
    expect(await causesOf(world, COMBINED)).toEqual(["parent -3"]);
    await expectStockLaws(world);
  });

  test("keeps the stock that a group of shops shares", async () => {
    await using world = await stockWorld({ server });
    await shareStock(world);
    await using ledger = await LedgerRun.start(world);
    await world.shop().insertOrderBySql({ customerId: 1, lines: [{ productId: 1, quantity: 2 }] });
    await ledger.rested();

    expect(await stockOf(world, 1)).toBe(998);
    expect(await causesOf(world, 1)).toEqual(["sale -2"]);
    await expectStockLaws(world);
  });
});
