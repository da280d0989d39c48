import { expect, test } from "vitest";
import { keyOf, untilQuiet } from "../fault/agreement.ts";
import { placeOrders } from "../fault/rig.ts";
import { oneServer } from "../support/each-server.ts";
import { Installation } from "../support/sidecar.ts";
import { startTryton, type TrytonServer, trytonMissing } from "../support/tryton.ts";
import { mapAllProducts } from "../support/tryton-shop.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

interface Sale {
  readonly id: number;
  readonly reference: string;
  readonly state: string;
  readonly untaxed_amount: { readonly decimal: string };
  readonly total_amount: { readonly decimal: string };
  readonly "currency.": { readonly code: string };
}

const missing = trytonMissing();

oneServer("the sidecar on a Tryton of its own", (server) => {
  test.skipIf(missing !== undefined)(`is tried only where there is one: ${missing ?? "it is here"}`, () => {
    expect(missing).toBeUndefined();
  });

  test.skipIf(missing !== undefined).each([{ companion: true }, { companion: false }])(
    "brings each order there once, and its totals are the shop's, companion: $companion",
    async ({ companion }) => {
      await using tryton = await startTryton({ companion });
      await using world = await World.create({ server, seed: { stockUnits: 100_000, customers: 9 } });
      const installation = await Installation.create(world, {
        erp: { adapter: "tryton", limit: 4, tryton: tryton.settings },
      });
      await mapAllProducts(world, tryton);
      const sidecar = await installation.start();
      const early = await placeOrders(world, 12);
      const yen = await world
        .shop()
        .placeOrder({ customerId: 1, lines: [{ productId: 4, quantity: 3 }], currency: "JPY" });
      const orders = [...early, yen.orderId];
      await until(async () => (await sales(tryton)).length >= orders.length, {
        what: "all orders in Tryton",
        timeoutMs: 60_000,
      });
      await untilQuiet(world);
      const found = await sales(tryton);
      expect(found.map(({ reference }) => reference).sort()).toEqual(orders.map(keyOf).sort());
      expect(new Set(found.map(({ state }) => state))).toEqual(new Set(["quotation"]));
      expect(totalsInTryton(found)).toEqual(await totalsInShop(world, orders));
      expect(sidecar.log.filter(({ event }) => event === "job.parked")).toEqual([]);
    },
  );
});

async function sales(tryton: TrytonServer): Promise<readonly Sale[]> {
  const fields = ["reference", "state", "untaxed_amount", "total_amount", "currency.code"];
  const params = [[["reference", "like", "PS-main-%"]], 0, null, [["id", "ASC"]], fields];
  return (await tryton.rpc("model.sale.sale.search_read", params)) as readonly Sale[];
}

type Totals = Readonly<Record<string, readonly [string, number, number]>>;

const totalsInTryton = (found: readonly Sale[]): Totals =>
  Object.fromEntries(
    found.map((sale) => [
      sale.reference,
      [sale["currency."].code, Number(sale.untaxed_amount.decimal), Number(sale.total_amount.decimal)],
    ]),
  );

async function totalsInShop(world: World, orders: readonly number[]): Promise<Totals> {
  const rows = await world.rows<{ id_order: number; iso_code: string; excl: string; incl: string }>(
    `SELECT o.id_order, c.iso_code, o.total_paid_tax_excl AS excl, o.total_paid_tax_incl AS incl
       FROM ${world.table("orders")} o JOIN ${world.table("currency")} c ON c.id_currency = o.id_currency
      WHERE o.id_order IN (?)`,
    [orders],
  );
  return Object.fromEntries(
    rows.map((row) => [keyOf(row.id_order), [row.iso_code, Number(row.excl), Number(row.incl)]]),
  );
}
