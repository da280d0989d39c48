import { expect, test } from "vitest";
import { eachServer } from "../../support/each-server.ts";
import { expectStockLaws } from "../../support/stock-laws.ts";
import { LedgerRun, movementsOf, stockWorld } from "./ledger-rig.ts";

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
});
