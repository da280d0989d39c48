import { describe, expect, test } from "vitest";
import { open, settings } from "../../sidecar/erp/tryton/adapter.ts";
import { createHttp } from "../../sidecar/platform/http.ts";
import { systemClock } from "../../sidecar/platform/system-clock.ts";
import { jobStates, keyOf } from "../fault/agreement.ts";
import type { ServerAddress } from "../support/database-server.ts";
import { oneServer } from "../support/each-server.ts";
import { type InProcessOptions, SidecarInside } from "../support/in-process.ts";
import { startNetSuiteEmulator } from "../support/netsuite-emulator.ts";
import { migrateWorld } from "../support/sidecar.ts";
import { startTryton, type TrytonServer, trytonMissing } from "../support/tryton.ts";
import { startTrytonFront, type TrytonFront } from "../support/tryton-front.ts";
import { carryingPayments } from "../support/tryton-life.ts";
import { mapAllProducts } from "../support/tryton-shop.ts";
import { World } from "../support/world.ts";

const missing = trytonMissing();
/** The process dies at one step in so many; the adapter's own steps are tried one by one in tryton-money.test.ts. */
const STRIDE = 7;

/** A shop, a Tryton behind a proxy, and processes of the sidecar between them that can be ended at any step. */
interface Between {
  readonly world: World;
  readonly tryton: TrytonServer;
  readonly front: TrytonFront;
  readonly start: (options?: InProcessOptions) => SidecarInside;
}

async function openBetween(server: ServerAddress, companion: boolean): Promise<Between> {
  const world = await World.create({ server, seed: { stockUnits: 100_000, customers: 9 } });
  await migrateWorld(world);
  const tryton = await startTryton({ companion });
  const front = await startTrytonFront(tryton.url, 100);
  await mapAllProducts(world, tryton);
  const http = createHttp({ connections: 9 });
  const section = { ...tryton.settings, ...carryingPayments(tryton), url: front.url };
  const port = open(settings.parse(section), { http: http.send, clock: systemClock });
  // The process is put together for NetSuite, and then is given Tryton in its place.
  const unused = await startNetSuiteEmulator();
  world.onDispose(async () => {
    await http.close();
    await unused.close();
    await front.close();
    await tryton.stop();
  });
  const start = (options: InProcessOptions = {}): SidecarInside =>
    new SidecarInside(world, unused, { ...options, uniqueKey: companion, wrapErp: () => port });
  return { world, tryton, front, start };
}

async function placePaid({ world }: Between): Promise<number> {
  const lines = [{ productId: 1, quantity: 1 }];
  return (await world.shop().placeOrder({ customerId: 1, lines, paid: true })).orderId;
}

/** Work that is taken up by another process, which is given the time that back-offs, leases and look-ups ask for. */
async function inherit({ world, start }: Between): Promise<void> {
  await using heir = start();
  await heir.workOff();
  for (const waitMs of [6_000, 61_000]) {
    const states = await jobStates(world);
    if (Object.keys(states).every((state) => state === "done")) return;
    await heir.advance(waitMs);
    await heir.workOff();
  }
}

interface Row {
  readonly id: number;
  readonly [field: string]: unknown;
}

async function read(
  { tryton }: Between,
  model: string,
  domain: unknown,
  fields: string[],
): Promise<readonly Row[]> {
  const params = [domain, 0, null, [["id", "ASC"]], fields];
  return (await tryton.rpc(`model.${model}.search_read`, params)) as readonly Row[];
}

/** What stands in Tryton: each order by its key, with the keys and amounts of the payments that hang on it. */
async function standing(between: Between): Promise<readonly string[]> {
  const sales = await read(between, "sale.sale", [["reference", "like", "PS-main-%"]], ["reference"]);
  const fields = ["description", "amount", "origin"];
  const payments = await read(between, "account.payment", [["state", "!=", "failed"]], fields);
  const lines = payments.map(({ description, amount, origin }) => {
    const sale = sales.find(({ id }) => origin === `sale.sale,${id}`);
    const { decimal } = amount as { readonly decimal: string };
    return `${String(sale?.["reference"])} ${String(description).split(" ", 1)[0]} ${Number(decimal).toFixed(2)}`;
  });
  return [...sales.map(({ reference }) => String(reference)), ...lines].sort();
}

/** What should stand there by what the shop says. */
async function wanted({ world }: Between): Promise<readonly string[]> {
  const rows = await world.rows<{ id_order: number; id_order_payment: number; amount: string }>(
    `SELECT o.id_order, p.id_order_payment, p.amount FROM ${world.table("orders")} o
       JOIN ${world.table("order_payment")} p ON p.order_reference = o.reference`,
  );
  const lines = rows.map(({ id_order, id_order_payment, amount }) => {
    const key = keyOf(id_order);
    return `${key} ${key}-PAY-${String(id_order_payment)} ${Number(amount).toFixed(2)}`;
  });
  return [...rows.map(({ id_order }) => keyOf(id_order)), ...lines].sort();
}

oneServer(`an order and its payment in a Tryton of one's own (${missing ?? "it is here"})`, (server) => {
  describe.skipIf(missing !== undefined).each([true, false])("companion: %s", (companion) => {
    test("are both there once, wherever the process dies on the way", { timeout: 240_000 }, async () => {
      const between = await openBetween(server, companion);
      await using _world = between.world;
      let deaths = 0;
      for (let dieAtStep = 1; ; dieAtStep += STRIDE) {
        await placePaid(between);
        await using doomed = between.start({ dieAtStep });
        await doomed.workOff().catch((thrown: unknown) => {
          if (!doomed.dead) throw thrown;
        });
        await inherit(between);
        if (!doomed.dead) break;
        deaths += 1;
      }
      expect(deaths).toBeGreaterThan(5);
      expect(await standing(between)).toEqual(await wanted(between));
    });

    test("are neither there where it refuses the payment, and both once it takes it", async () => {
      const between = await openBetween(server, companion);
      await using _world = between.world;
      await using sidecar = between.start();
      const orderId = await placePaid(between);
      between.front.mishap({ kind: "reject", methods: /account\.payment\.create$|\.shop_import$/ });
      await sidecar.workOff();
      expect(await standing(between)).toEqual([]);
      expect(await jobStates(between.world)).toMatchObject({ parked: 1 });
      await between.world.shop().changeStatus({ orderId, stateId: 3 });
      await sidecar.workOff();
      expect(await standing(between)).toEqual(await wanted(between));
    });
  });
});
