// The feed of a running sidecar: its schedule, what people ask of it, and what a killed process leaves.
import { expect, test } from "vitest";
import { type CommandEnd, runCommand } from "../../support/command.ts";
import { oneServer } from "../../support/each-server.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation, itemOf, mapProducts } from "../../support/sidecar.ts";
import { expectStockLaws } from "../../support/stock-laws.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

const PRODUCTS = 12;
const item = (product: number): string => itemOf({ id_product: product, id_product_attribute: 0 });

async function quantities(world: World): Promise<readonly number[]> {
  const rows = await world.rows<{ quantity: number }>(
    `SELECT quantity FROM ${world.table("stock_available")} ORDER BY id_product`,
  );
  return rows.map(({ quantity }) => quantity);
}

const available = (erp: NetSuiteEmulator, product: number): number =>
  erp.stock(item(product)).reduce((sum, row) => sum + (row.quantityavailable ?? 0), 0);

function setAll(erp: NetSuiteEmulator, onHand: number): void {
  for (let product = 1; product <= PRODUCTS; product += 1) {
    erp.setStock([{ item: item(product), location: "1", onHand }]);
  }
}

async function open(server: World["server"], stock: object) {
  const world = await World.create({
    server,
    seed: { simpleProducts: PRODUCTS, combinedProducts: 0, stockUnits: 100 },
  });
  const erp = await startNetSuiteEmulator();
  world.onDispose(() => erp.close());
  const installation = await Installation.create(world, {
    netsuite: erp.settings(),
    stock: { owner: "erp", snapshotEveryMs: 1_000, quietMs: 300, ...stock },
  });
  await mapProducts(world, erp);
  setAll(erp, 100);
  const command = (...args: readonly string[]): Promise<CommandEnd> =>
    runCommand(installation, "stock", ...args);
  return { world, erp, installation, command };
}

async function lastSnapshot(world: World, state: string) {
  const rows = await world.rows<{ id: number; state: string; reason: string | null }>(
    `SELECT id, state, reason FROM ${world.table("erpsync_stock_snapshot")} ORDER BY id DESC LIMIT 1`,
  );
  return rows.find((row) => row.state === state);
}

oneServer("a running sidecar whose ERP owns the stock", (server) => {
  test("brings its figures on schedule while orders come, and ends where the ERP is", {
    timeout: 120_000,
  }, async () => {
    const { erp, installation, world } = await open(server, { holdShare: 1 });
    await using _ = world;
    const sidecar = await installation.start();
    await sidecar.logged("stock.snapshot_applied");
    for (let turn = 0; turn < 12; turn += 1) {
      const lines = [1, 2, 3].map((product) => ({ productId: product + (turn % 4), quantity: 1 }));
      await world.shop().placeOrder({ customerId: (turn % 4) + 1, lines });
      erp.setStock([{ item: item(1 + (turn % PRODUCTS)), location: "1", onHand: 90 + turn }]);
    }
    await until(
      async () => {
        const shop = await quantities(world);
        return (
          erp.orders().length === 12 && shop.every((units, index) => units === available(erp, index + 1))
        );
      },
      { what: "the ERP's figures in the shop", timeoutMs: 60_000, everyMs: 200 },
    );
    expect(await sidecar.stop()).toBe(0);
    await installation.start(null, { roles: "capture" }).then(async (capture) => {
      await capture.logged("capture.leading");
      await until(
        async () => {
          const open = await world.rows(
            `SELECT 1 FROM ${world.table("erpsync_stock_row")} WHERE unsettled = 1
               UNION ALL SELECT 1 FROM ${world.table("erpsync_stock_inbox")} LIMIT 1`,
          );
          return open.length === 0;
        },
        { what: "the ledger to rest", timeoutMs: 30_000 },
      );
    });
    await expectStockLaws(world);
  });

  test("holds what looks wrong until a person judges it by the command line", {
    timeout: 120_000,
  }, async () => {
    const { command, erp, installation, world } = await open(server, {});
    await using _ = world;
    const sidecar = await installation.start();
    await sidecar.logged("stock.snapshot_applied");
    expect((await command("buffer", "set", "1", "7")).out).toBe("Product 1: 7 units kept back.\n");
    const now = await command("snapshot", "now");
    expect(now).toMatchObject({ code: 0, err: "" });
    expect(now.out).toMatch(/^\d+ {2}.* UTC {2}full {2}APPLIED: 12 items, 1 row written\n$/);
    expect((await quantities(world)).slice(0, 2)).toEqual([93, 100]);

    setAll(erp, 60);
    const held = await sidecar.logged("stock.snapshot_held");
    expect(held).toMatchObject({ level: 50, code: "moves-too-much" });
    const id = String(held["snapshot"]);
    const list = await command("snapshot", "list", "--limit", "1");
    expect(list.out).toContain("HELD: 12 items, 0 rows written");
    expect(list.out).toContain("12 of 12 rows (100 %) would move");
    const refused = await command("snapshot", "now");
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain("A reading is held");
    expect((await quantities(world)).slice(0, 2)).toEqual([93, 100]);

    const released = await command("snapshot", "release", id, "--reason", "stock-taking", "--actor", "ada");
    expect(released.code).toBe(0);
    await until(async () => (await quantities(world))[1] === 60, { what: "the released figures" });
    expect(await quantities(world)).toEqual([53, ...Array.from({ length: 11 }, () => 60)]);
    expect((await command("snapshot", "reject", id, "--reason", "late")).code).toBe(2);
    expect((await command("buffer", "list")).out).toBe("Product 1: 7 units kept back.\n");
    expect((await command("buffer", "remove", "1")).code).toBe(0);
    expect((await command("buffer", "remove", "1")).code).toBe(2);
    const actions = await world.rows<{ action: string; actor: string }>(
      `SELECT action, actor FROM ${world.table("erpsync_action")} ORDER BY id`,
    );
    expect(actions.map(({ action }) => action)).toEqual([
      "stock.buffer.set",
      "stock.snapshot.release",
      "stock.buffer.remove",
    ]);
    await until(async () => (await quantities(world))[0] === 60, { what: "what the buffer kept back" });
  });

  test("ends what a killed process was reading, and reads on", { timeout: 120_000 }, async () => {
    const { erp, installation, world } = await open(server, {});
    await using _ = world;
    const slow = erp.faults.add({ kind: "slow", delayMs: 60_000, match: { path: "/suiteql" } });
    const first = await installation.start();
    await until(async () => await lastSnapshot(world, "running"), { what: "a reading that runs" });
    await first.kill9();
    erp.faults.remove(slow);
    const second = await installation.start();
    await second.logged("stock.snapshot_applied");
    const rows = await world.rows<{ state: string; reason: string | null }>(
      `SELECT state, reason FROM ${world.table("erpsync_stock_snapshot")} ORDER BY id LIMIT 2`,
    );
    expect(rows[0]).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/^The process ended/) as string,
    });
    expect(rows[1]?.state).toBe("applied");
  });
});
