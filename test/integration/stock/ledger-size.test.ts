// What is larger than one look of the ledger, or one statement of capture.
import { expect, test } from "vitest";
import { oneServer } from "../../support/each-server.ts";
import { startMariadb } from "../../support/mariadb.ts";
import { expectStockLaws } from "../../support/stock-laws.ts";
import { stockOf } from "../../support/stock-shop.ts";
import { causesOf, LedgerRun, movementsOf, stockWorld } from "./ledger-rig.ts";

/** More than the changes that one look takes of a row. */
const ORDERS = 230;
/** So many rows that what is told of them is larger than the server's packet below. */
const ROWS = 9_000;
const PACKET_BYTES = 1024 * 1024;

oneServer("the ledger", (server) => {
  test("explains more sales of a row than one look takes, and makes none of them again", {
    timeout: 120_000,
  }, async () => {
    await using world = await stockWorld({ server });
    const before = await LedgerRun.start(world);
    await before.stop();
    for (let n = 0; n < ORDERS; n += 1) {
      await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    }

    await using ledger = await LedgerRun.start(world);
    await ledger.rested();

    const movements = await movementsOf(world, 1);
    expect(new Set(movements.map(({ cause, delta }) => `${cause} ${delta}`))).toEqual(new Set(["sale -1"]));
    expect(movements).toHaveLength(ORDERS);
    expect(await stockOf(world, 1)).toBe(1_000 - ORDERS);
    await expectStockLaws(world);
  });

  test("books one statement that changed more rows than a packet holds", { timeout: 120_000 }, async () => {
    // A server of its own, because the size of a packet is a setting of the whole server.
    await using small = await startMariadb();
    await using world = await stockWorld({
      server: small,
      seed: { simpleProducts: ROWS, combinedProducts: 0 },
    });
    await world.pool.query("SET GLOBAL max_allowed_packet = ?", [PACKET_BYTES]);
    await using ledger = await LedgerRun.start(world);
    await world.pool.query(`UPDATE ${world.table("stock_available")} SET quantity = quantity + 5`);
    await ledger.until(async () => (await causesOf(world, ROWS)).length > 0, "the last row to be booked");
    await ledger.rested(60_000);
    expect(await causesOf(world, 1)).toEqual(["unexplained +5"]);
    expect(await causesOf(world, ROWS)).toEqual(["unexplained +5"]);
  });
});
