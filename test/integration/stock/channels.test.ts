import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { WritingStoppedError } from "../../../sidecar/domain/errors.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { type MoveStock, openChannels } from "../../../sidecar/stock/writer/channel-movements.ts";
import { type ChannelMovement, decodeMovements } from "../../../sidecar/stock/writer/decode-movements.ts";
import { runCommand } from "../../support/command.ts";
import { oneServer } from "../../support/each-server.ts";
import { grantFromFile } from "../../support/grants.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";
import type { World } from "../../support/world.ts";
import {
  afterEach,
  holders,
  killConnectionsOf,
  openPool,
  productLock,
  quantities,
  records,
  rowsOf,
  stockWorld,
  untilFree,
  waiters,
  writerOf,
} from "./writer-rig.ts";

const TOKEN = "t".repeat(40);

function channels(world: World, more: { repairs?: boolean; as?: object } = {}): MoveStock {
  return openChannels({
    writer: writerOf(world, openPool(world, more.as)),
    shopId: 1,
    repairs: more.repairs ?? false,
    clock: systemClock,
    sleep: systemSleep,
  });
}

/** A movement of product 1, as a channel sends it. */
const sold = (key: string, units: number, more: object = {}): ChannelMovement =>
  decodeMovements({ key, channel: "pos-lyon", product: 1, units, ...more }).movements[0]!;

oneServer("movements of other channels", (server) => {
  test("are exactly right at once, 200 of them during 100 checkouts that hold the same product", async () => {
    await using world = await stockWorld(server);
    const [, child] = await rowsOf(world, 3);
    const combination = child!.id_product_attribute;
    const stock = world.table("stock_available");
    await world.pool.query(`UPDATE ${stock} SET quantity = 1000 WHERE id_stock_available = ?`, [
      child!.id_stock_available,
    ]);
    const line = { productId: 3, attributeId: combination, quantity: 1 };
    const sell = async (number: number): Promise<void> => {
      for (let order = 0; order < 25; order += 1) {
        await world.shop(number).placeOrder({ customerId: number, lines: [line], lock: true });
      }
    };
    const move = channels(world);
    const answers: string[] = [];
    const deliver = async (from: number): Promise<void> => {
      for (let number = from; number < from + 100; number += 1) {
        const delivery = sold(`d${number}`, 1, { product: 3, combination });
        answers.push(...(await move([delivery])).map(({ outcome }) => outcome));
      }
    };

    await Promise.all([...[1, 2, 3, 4].map(sell), deliver(0), deliver(100)]);

    expect(answers.filter((outcome) => outcome !== "written")).toEqual([]);
    expect(await quantities(world, 3)).toEqual([1300, 1100, 100, 100]);
    expect(await holders(world, [3])).toEqual([null]);
  }, 120_000);

  test("move the stock once for their key, and the same key says the same again", async () => {
    await using world = await stockWorld(server);
    const as = await grantFromFile(world, "run");
    const move = channels(world, { as });
    const once = [sold("778", -2)];

    const [first] = await move(once);
    expect(first).toEqual({
      channel: "pos-lyon",
      key: "778",
      outcome: "written",
      write: 1,
      quantityAfter: 98,
    });
    expect(await move([sold("779", -1)])).toMatchObject([{ outcome: "written", quantityAfter: 97 }]);
    expect(await move(once)).toEqual([{ ...first, outcome: "known" }]);
    const crowd = await Promise.all(
      Array.from({ length: 6 }, () => channels(world)([sold("780", -5), sold("780", -5)])),
    );
    const outcomes = crowd.flat().map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "written")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "known")).toHaveLength(11);
    expect(await quantities(world, 1)).toEqual([92]);
    expect(await records(world)).toMatchObject([
      { source: "channel:pos-lyon:778", actor: "pos-lyon", cause: "channel", delta: -2 },
      { delta: -1 },
      { delta: -5 },
    ]);
  });

  test("with a key that was used for something else are told so, and nothing is done for them", async () => {
    await using world = await stockWorld(server);
    const move = channels(world);
    await move([sold("778", -2)]);

    const answers = await move([
      sold("778", -3),
      sold("778", -2, { product: 2 }),
      sold("778", -2, { channel: "pos-paris" }),
      sold("900", -1),
      sold("900", -4),
    ]);

    expect(answers.map(({ outcome }) => outcome)).toEqual([
      "conflict",
      "conflict",
      "written",
      "written",
      "conflict",
    ]);
    expect(await quantities(world, 1)).toEqual([95]);
    expect(await quantities(world, 2)).toEqual([100]);
  });

  test("that cannot be made are refused one by one, and the others stand", async () => {
    await using world = await stockWorld(server);
    await world.pool.query(
      `UPDATE ${world.table("stock_available")} SET depends_on_stock = 1 WHERE id_product = 2`,
    );
    await world.pool.query(
      `UPDATE ${world.table("product")} SET reference = 'TWIN' WHERE id_product IN (1, 2)`,
    );
    const nameless = (key: string, reference: string): ChannelMovement =>
      decodeMovements({ key, channel: "pos-lyon", reference, units: -1 }).movements[0]!;

    const answers = await channels(world)([
      sold("1", -1),
      sold("2", -1, { product: 2 }),
      sold("3", -1, { product: 3 }),
      sold("4", -1, { product: 99 }),
      sold("5", -1, { shop: 9 }),
      nameless("6", "SKU-0003-2"),
      nameless("7", "TWIN"),
      nameless("8", "SKU-9999"),
      sold("9", 1),
      sold("10", -1),
    ]);

    expect(answers.map((answer) => ("fault" in answer ? answer.fault.code : answer.outcome))).toEqual([
      "written",
      "not_managed",
      "combination_needed",
      "unknown_product",
      "unknown_shop",
      "written",
      "ambiguous_reference",
      "unknown_reference",
      "written",
      "written",
    ]);
    expect(await quantities(world, 1)).toEqual([99]);
    expect(await quantities(world, 3)).toEqual([299, 100, 99, 100]);
  });

  test("of a product whose checkout never ends are left undone without a ledger, and overtake it with one", async () => {
    await using world = await stockWorld(server);
    const checkout = await world.connection();
    await checkout.query("SELECT GET_LOCK(?, 0)", [productLock(world, 1)]);
    const movements = [sold("778", -2), sold("779", -1, { product: 2 })];

    expect(await channels(world)(movements)).toMatchObject([
      { outcome: "busy", fault: { code: "busy" } },
      { outcome: "written" },
    ]);
    expect(await quantities(world, 1)).toEqual([100]);
    expect(await channels(world, { repairs: true })(movements)).toMatchObject([
      { outcome: "written", quantityAfter: 98 },
      { outcome: "known" },
    ]);
    expect(await holders(world, [1])).toEqual([checkout.threadId]);
  });

  test("wait for a checkout that ends in time, in line with the next one", async () => {
    await using world = await stockWorld(server);
    const checkout = await world.connection();
    await checkout.query("SELECT GET_LOCK(?, 0)", [productLock(world, 1)]);
    const moving = channels(world)([sold("778", -2)]);
    await until(async () => (await waiters(world)) > 0, { what: "the movement that waits in line" });
    await checkout.query("SELECT RELEASE_LOCK(?)", [productLock(world, 1)]);
    expect(await moving).toMatchObject([{ outcome: "written" }]);
  });

  test("are refused as a whole while writing is stopped", async () => {
    await using world = await stockWorld(server);
    const writer = { ...writerOf(world), stopped: () => true };
    const deps = { writer, shopId: 1, repairs: false, clock: systemClock, sleep: systemSleep };
    await expect(openChannels(deps)([sold("778", -2)])).rejects.toBeInstanceOf(WritingStoppedError);
    expect(await records(world)).toEqual([]);
  });

  test("whose process died at any statement are made once when they are sent again", async () => {
    await using world = await stockWorld(server);
    const as = await world.createUser([`ALL PRIVILEGES ON ${world.database}.*`]);
    for (let dies = 1; dies <= 16; dies += 1) {
      const movements = [sold(`a${dies}`, -1), sold(`b${dies}`, -1, { product: 2 })];
      const db = afterEach(openPool(world, as), async (number) => {
        if (number === dies) await killConnectionsOf(world, as.user);
      });
      const clocks = { clock: systemClock, sleep: systemSleep };
      const move = openChannels({ writer: writerOf(world, db), shopId: 1, repairs: false, ...clocks });
      await move(movements).catch(() => undefined);
      await untilFree(world, [1, 2]);
      const again = await channels(world)(movements);
      expect(again.every(({ outcome }) => outcome === "written" || outcome === "known")).toBe(true);
      expect([await quantities(world, 1), await quantities(world, 2)]).toEqual([[100 - dies], [100 - dies]]);
    }
  });

  test("come in by the API, which needs the token, and by the command line", async () => {
    await using world = await stockWorld(server);
    await using erp = await startNetSuiteEmulator();
    const options = { netsuite: erp.settings(), http: { apiToken: TOKEN } };
    const installation = await Installation.create(world, options);
    const sidecar = await installation.start("http.listening", { roles: "ops" });
    const { address } = await sidecar.logged("http.listening");
    const post = async (body: object, token = TOKEN) => {
      const answer = await fetch(`${String(address)}/api/stock/movements`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    };
    const movement = { key: "778", channel: "pos-lyon", product: 1, units: -2 };

    expect((await post(movement, "wrong")).status).toBe(403);
    expect(await post({ ...movement, units: 0 })).toMatchObject({
      status: 400,
      body: { error: { code: "E_USAGE" } },
    });
    expect(await post(movement)).toMatchObject({
      status: 200,
      body: { outcome: "written", quantityAfter: 98 },
    });
    expect(await post(movement)).toMatchObject({
      status: 200,
      body: { outcome: "known", quantityAfter: 98 },
    });
    expect(await post({ ...movement, units: -3 })).toMatchObject({
      status: 409,
      body: { outcome: "conflict", error: { code: "key_used" } },
    });
    expect(await post({ movements: [movement, { ...movement, key: "779", product: 99 }] })).toMatchObject({
      status: 207,
      body: {
        movements: [
          { status: 200, outcome: "known" },
          { status: 404, outcome: "refused" },
        ],
      },
    });

    const byHand = ["--channel", "market", "--key", "A/1", "--reason", "delivery", "--actor", "ada"];
    const moved = await runCommand(
      installation,
      ...["stock", "move", "--reference", "SKU-0003-2", "--units", "7", ...byHand, "--json"],
    );
    expect([moved.code, JSON.parse(moved.out)]).toMatchObject([
      0,
      { outcome: "written", quantityAfter: 107 },
    ]);
    const file = join(dirname(installation.configFile), "movements.json");
    writeFileSync(file, JSON.stringify({ movements: [movement, { ...movement, key: "780", product: 99 }] }));
    const many = await runCommand(installation, "stock", "move", "--file", file);
    expect(many.code).toBe(1);
    expect(many.out).toContain("pos-lyon 778: was moved before by write 1; the shop then had 98.");
    expect(many.out).toContain("Product 99 has no stock in shop 1.");
    expect((await runCommand(installation, "stock", "move", "--units", "1", ...byHand)).code).toBe(2);
    expect(await quantities(world, 3)).toEqual([307, 100, 107, 100]);
    const actions = await world.rows(
      `SELECT actor, action, subject, reason FROM ${world.table("erpsync_action")}`,
    );
    expect(actions).toEqual([
      { actor: "ada", action: "stock.move", subject: "stock-write:2", reason: "delivery" },
    ]);
  });

  test("are taken back by a person once, by their id and with the parent", async () => {
    await using world = await stockWorld(server);
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    const [, child] = await rowsOf(world, 3);
    await channels(world)([sold("778", -60, { product: 3, combination: child!.id_product_attribute })]);
    await channels(world)([sold("779", 5, { product: 3, combination: child!.id_product_attribute })]);
    const undo = (id: string, ...more: readonly string[]) =>
      runCommand(installation, "stock", "undo", id, "--actor", "ada", ...more);
    const why = ["--reason", "sent twice"];

    expect((await undo("1")).code).toBe(2);
    const parent = await undo("2", ...why);
    expect(parent.code).toBe(2);
    expect(parent.err).toContain("undo the write that it followed, 1,");
    expect((await undo("99", ...why)).err).toContain("There is no write 99");
    expect(await records(world)).toHaveLength(4);

    const undone = await undo("1", ...why);
    expect([undone.code, undone.out]).toEqual([
      0,
      `Write 1 is taken back: +60 on stock row ${child!.id_stock_available}, which now has 105 (write 5).\n`,
    ]);
    expect(await quantities(world, 3)).toEqual([305, 105, 100, 100]);
    expect((await undo("1", ...why)).out).toContain("taken back before, by write 5; nothing was done");
    expect((await records(world)).slice(4)).toMatchObject([
      { source: "undo:1", cause: "undo", delta: 60, undoes: 1, actor: "ada", reason: "sent twice" },
      { source: "parent:undo:1", cause: "parent", undoes: null },
    ]);
    const again = await undo("5", ...why);
    expect(again.out).toContain("-60");
    expect(await quantities(world, 3)).toEqual([245, 45, 100, 100]);
    const actions = await world.rows(`SELECT action, subject FROM ${world.table("erpsync_action")}`);
    expect(actions).toEqual([
      { action: "stock.undo", subject: "stock-write:1" },
      { action: "stock.undo", subject: "stock-write:5" },
    ]);
  });
});
