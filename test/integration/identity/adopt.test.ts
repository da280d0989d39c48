import { expect, test } from "vitest";
import { runCommand } from "../../support/command.ts";
import { eachServer } from "../../support/each-server.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { ShopDump } from "../../support/shop-dump.ts";
import { Installation, mapProducts } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

const ORDER = { customerId: 1, lines: [{ productId: 1, quantity: 1 }] } as const;

async function place(world: World, count: number): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let placed = 0; placed < count; placed += 1) ids.push((await world.shop().placeOrder(ORDER)).orderId);
  return ids;
}

const arrived = (erp: NetSuiteEmulator, count: number) =>
  until(() => erp.orders().length >= count, { what: `${count} orders in the ERP`, timeoutMs: 40_000 });

/** Waits until nothing is left to be done, so that what a test then counts stays so. */
const settled = (world: World) =>
  until(
    async () => {
      const rows = await world.rows(
        `SELECT subject FROM ${world.table("erpsync_job")} WHERE state NOT IN ('done') LIMIT 1`,
      );
      return rows.length === 0;
    },
    { what: "all jobs done", timeoutMs: 30_000 },
  );

const keys = (erp: NetSuiteEmulator): readonly string[] => erp.orders().map((order) => order.externalId);

const contents = (erp: NetSuiteEmulator): ReadonlyMap<string, string> =>
  new Map(erp.orders().map((order) => [order.externalId, JSON.stringify(order.body)]));

const adopt = (installation: Installation, how: "--restored" | "--moved", ...more: readonly string[]) =>
  runCommand(installation, "adopt", how, "--reason", "the test says so", ...more);

/** Milliseconds of a test here: it starts two or three processes, and a running one looks each 15 s. */
const TEST_MS = 180_000;

eachServer("a shop that is not the one last seen", (server) => {
  test("after a restore nothing is written; adopted, new orders arrive and none of the old is overwritten", {
    timeout: TEST_MS,
  }, async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    await mapProducts(world, erp);
    let sidecar = await installation.start();
    await place(world, 2);
    await arrived(erp, 2);
    await settled(world);
    await sidecar.kill9();
    // In the dump, and exported only after it: the restored database does not know that the ERP has it.
    const [forgotten = 0] = await place(world, 1);
    const dump = await ShopDump.take(world);
    sidecar = await installation.start();
    await place(world, 10);
    await arrived(erp, 13);
    await settled(world);
    // The highest order is in the state file within a second of its export.
    await until(async () => (await highWater(world)) >= forgotten + 10, {
      what: "the mark of the last order",
    });
    expect(await sidecar.stop()).toBe(0);
    const before = contents(erp);

    await dump.restore();
    const reused = await place(world, 10);
    expect(reused[0]).toBe(forgotten + 1);
    sidecar = await installation.start("identity.stopped");
    const stop = await sidecar.logged("identity.stopped");
    expect(stop["code"]).toBe("restored");
    expect((await runCommand(installation, "status")).out).toContain("STOPPED (restored)");
    expect(contents(erp)).toEqual(before);

    const { code, err, out } = await adopt(installation, "--restored", "--json");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toMatchObject({
      epoch: 2,
      orders: {
        proven: 2,
        found: [forgotten],
        strangers: expect.any(Array) as number[],
        firstId: forgotten + 1,
      },
      customers: { proven: 1, strangers: [] },
    });
    await arrived(erp, 23);
    await settled(world);

    expect(keys(erp).slice(13).sort()).toEqual(reused.map((id) => `PS-main-${id}-E2`).sort());
    for (const [key, body] of before) expect(contents(erp).get(key)).toBe(body);
    expect(erp.duplicates()).toEqual([]);
    const [line] = await world.rows<{ id: number }>(
      `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ?`,
      [forgotten],
    );
    await world.shop().editLine({ orderId: forgotten, orderDetailId: line?.id ?? 0, quantity: 3 });
    await until(() => contents(erp).get(`PS-main-${forgotten}`) !== before.get(`PS-main-${forgotten}`), {
      what: "the amendment of the order that was found again",
    });
    expect(erp.orders()).toHaveLength(23);
  });

  test("after the orders were cleared, an id that comes back is a new order, and the log keeps the old one", {
    timeout: TEST_MS,
  }, async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    await mapProducts(world, erp);
    let sidecar = await installation.start();
    await place(world, 3);
    await arrived(erp, 3);
    await settled(world);
    await until(async () => (await highWater(world)) >= 3, { what: "the mark of the last order" });
    await sidecar.stop();
    const before = contents(erp);

    await world.shop().clearOrders();
    expect(await place(world, 2)).toEqual([1, 2]);
    sidecar = await installation.start("identity.stopped");
    await sidecar.kill9();

    // The ERP had shipped the namesakes; the new orders must not be shown their parcels.
    for (const id of [1, 2, 3]) {
      await world.pool.query(
        `INSERT INTO ${world.table("erpsync_progress")} VALUES (?, '1', 'shipped', '[]', '[]', '', UTC_TIMESTAMP(6));
         INSERT INTO ${world.table("erpsync_parcel")} VALUES (?, 'S1', ?, 'T1')`,
        [id, id, id],
      );
    }

    // A crash in the last step of the adoption leaves the stop, and the adoption can be repeated.
    await rename(world, "erpsync_action", "erpsync_action_gone");
    expect((await adopt(installation, "--restored")).code).toBe(1);
    await rename(world, "erpsync_action_gone", "erpsync_action");
    expect((await runCommand(installation, "status")).out).toContain("STOPPED (restored)");
    const adopted = await adopt(installation, "--restored", "--json");
    expect(adopted.err).toBe("");
    const { epoch } = JSON.parse(adopted.out) as { epoch: number };
    expect(JSON.parse(adopted.out)).toMatchObject({ orders: { firstId: 1 }, customers: { strangers: [] } });

    sidecar = await installation.start();
    await arrived(erp, 5);
    const passes = `SELECT reason, finished_at IS NULL AS open FROM ${world.table("erpsync_stock_pass")} ORDER BY id`;
    await until(
      async () => {
        const last = (await world.rows<{ reason: string; open: number }>(passes)).at(-1);
        return last?.reason === "restored" && last.open === 0;
      },
      { what: "the ledger to have read all rows anew", timeoutMs: 20_000 },
    );
    // Order 3 is placed only now: what its namesake left must be out of its way too.
    await place(world, 1);
    await arrived(erp, 6);
    await settled(world);
    expect(keys(erp).slice(3).sort()).toEqual([1, 2, 3].map((id) => `PS-main-${id}-E${epoch}`));
    for (const [key, body] of before) expect(contents(erp).get(key)).toBe(body);
    const kept = await world.rows<{ subject: string }>(
      `SELECT DISTINCT subject FROM ${world.table("erpsync_operation")} WHERE subject LIKE 'order:%' ORDER BY subject`,
    );
    expect(kept.map(({ subject }) => subject)).toEqual(
      ["order:1", "order:1@1", "order:2", "order:2@1", "order:3", "order:3@1"].sort(),
    );
    const confirmed = await world.rows(
      `SELECT external_id FROM ${world.table("erpsync_confirmation")} ORDER BY id_order`,
    );
    expect(confirmed).toEqual([1, 2, 3].map((id) => ({ external_id: `PS-main-${id}-E${epoch}` })));
    for (const table of ["erpsync_progress", "erpsync_parcel"]) {
      expect(await world.rows(`SELECT id_order FROM ${world.table(table)}`), table).toEqual([]);
    }
  });

  test("a clone at another address writes nothing until a person says that the shop moved", {
    timeout: TEST_MS,
  }, async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    await mapProducts(world, erp);
    let sidecar = await installation.start();
    await place(world, 1);
    await arrived(erp, 1);
    await settled(world);
    await sidecar.stop();
    expect((await adopt(installation, "--moved")).code).toBe(2);

    await world.pool.query(`UPDATE ${world.table("shop_url")} SET domain = 'staging.example.com'`);
    await place(world, 1);
    sidecar = await installation.start("identity.stopped");
    expect((await sidecar.logged("identity.stopped"))["code"]).toBe("moved");
    await sidecar.stop();
    expect(erp.orders()).toHaveLength(1);

    expect(await adopt(installation, "--moved")).toMatchObject({ code: 0, err: "" });
    await installation.start();
    await arrived(erp, 2);
    expect(keys(erp)).toEqual(["PS-main-1", "PS-main-2"]);
    const actions = await world.rows(`SELECT action, reason FROM ${world.table("erpsync_action")}`);
    expect(actions).toEqual([{ action: "adopt.moved", reason: "the test says so" }]);
  });
});

async function highWater(world: World): Promise<number> {
  const [row] = await world.rows<{ high: number }>(
    `SELECT order_high_water AS high FROM ${world.table("erpsync_identity")}`,
  );
  return row?.high ?? 0;
}

async function rename(world: World, from: string, to: string): Promise<void> {
  await world.pool.query(`RENAME TABLE ${world.table(from)} TO ${world.table(to)}`);
}
