import { expect, test } from "vitest";
import { ShopCommandError } from "../../../sidecar/domain/errors.ts";
import type { HttpSend } from "../../../sidecar/erp/port.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { Wake } from "../../../sidecar/platform/wake.ts";
import { type AnnounceStock, createShopCommands } from "../../../sidecar/shop/commands.ts";
import { runAnnouncements } from "../../../sidecar/stock/writer/announcements.ts";
import { applyWrites } from "../../../sidecar/stock/writer/stock-writer.ts";
import { eachServer } from "../../support/each-server.ts";
import { until } from "../../support/until.ts";
import type { World } from "../../support/world.ts";
import { NEVER, openPool, rowsOf, stockWorld, write, writerOf } from "./writer-rig.ts";

/** A shop without stock, and the row of product 1 in it. */
async function emptyWorld(server: Parameters<typeof stockWorld>[0]): Promise<World> {
  const world = await stockWorld(server);
  await world.pool.query(`UPDATE ${world.table("stock_available")} SET quantity = 0`);
  return world;
}

interface Announcer extends AsyncDisposable {
  readonly wake: Wake;
  readonly logged: LogEvent[];
}

/** The loop of one process, which ends with its scope. */
function startAnnouncer(world: World, announce: AnnounceStock, commandMs = 1_000): Announcer {
  const wake = new Wake(systemSleep);
  const logged: LogEvent[] = [];
  const end = new AbortController();
  const log = (_level: unknown, event: LogEvent): void => {
    logged.push(event);
  };
  const deps = { db: openPool(world), log, wake, announce, commandMs, stopped: () => false };
  const running = runAnnouncements(deps, end.signal);
  return {
    wake,
    logged,
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await running;
    },
  };
}

const waiting = (world: World) =>
  world.rows<{ id: number; attempts: number }>(
    `SELECT id_stock_available AS id, attempts FROM ${world.table("erpsync_stock_announcement")} ORDER BY 1`,
  );

const makeDue = (world: World) =>
  world.pool.query(`UPDATE ${world.table("erpsync_stock_announcement")} SET run_at = UTC_TIMESTAMP(6)`);

eachServer("announcements of stock", (server) => {
  test("tell the module of what came back from zero by a write of ours, as it understands it", async () => {
    await using world = await emptyWorld(server);
    const [parent, child] = await rowsOf(world, 3);
    const bodies: unknown[] = [];
    const send: HttpSend = ({ body = "" }) => {
      bodies.push(JSON.parse(body));
      const { commands } = JSON.parse(body) as { commands: readonly { readonly id: string }[] };
      const results = commands.map(({ id }) => ({ id, outcome: "done", data: { products: [] } }));
      return Promise.resolve({
        kind: "answered",
        status: 200,
        headers: {},
        body: JSON.stringify({ results }),
      });
    };
    const settings = { shopUrl: "http://shop.test/", secret: "s".repeat(40), timeoutMs: 1_000 };
    const { announceStock } = createShopCommands(settings, send, systemClock);
    await using announcer = startAnnouncer(world, announceStock);
    const onRevived = (): void => {
      announcer.wake.ring();
    };

    const back = write(child!.id_stock_available, 4, "channel:pos:1");
    await applyWrites({ ...writerOf(world), onRevived }, [back], "none", NEVER);

    await until(() => bodies.length > 0, { what: "the command" });
    const key = { id_product: 3, id_shop: 1, quantity: 4 };
    expect(bodies).toMatchObject([
      {
        commands: [
          {
            type: "stock.announce",
            products: [
              { ...key, id_product_attribute: 0 },
              { ...key, id_product_attribute: child!.id_product_attribute },
            ],
          },
        ],
      },
    ]);
    expect(parent?.id_product_attribute).toBe(0);
    await until(async () => (await waiting(world)).length === 0, { what: "the end of the announcement" });
  });

  test("are repeated under the same id after a failure, and dropped with a line in the log after the fifth", async () => {
    await using world = await emptyWorld(server);
    const [row] = await rowsOf(world, 1);
    const asked: string[] = [];
    await using announcer = startAnnouncer(world, ({ commandId }) => {
      asked.push(commandId);
      return Promise.reject(new ShopCommandError("The shop is away"));
    });
    await applyWrites(writerOf(world), [write(row!.id_stock_available, 4, "s:1")], "none", NEVER);

    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await makeDue(world);
      announcer.wake.ring();
      await until(() => asked.length === attempt, { what: `attempt ${attempt}` });
      if (attempt < 5)
        expect(await waiting(world)).toEqual([{ id: row!.id_stock_available, attempts: attempt }]);
    }

    await until(async () => (await waiting(world)).length === 0, { what: "the end of the announcement" });
    expect(new Set(asked).size).toBe(1);
    expect(announcer.logged).toEqual([
      {
        event: "stock.announcement_dropped",
        rows: [row!.id_stock_available],
        attempts: 5,
        code: "E_SHOP_COMMAND",
      },
    ]);
  });

  test("are dropped at once where the module does not know the command", async () => {
    await using world = await emptyWorld(server);
    const [row] = await rowsOf(world, 1);
    const send: HttpSend = ({ body = "" }) => {
      const { commands } = JSON.parse(body) as { commands: readonly { readonly id: string }[] };
      const results = commands.map(({ id }) => ({
        id,
        outcome: "rejected",
        code: "unknown_command",
        reason: "",
      }));
      return Promise.resolve({
        kind: "answered",
        status: 200,
        headers: {},
        body: JSON.stringify({ results }),
      });
    };
    const settings = { shopUrl: "http://shop.test/", secret: "s".repeat(40), timeoutMs: 1_000 };
    await using announcer = startAnnouncer(
      world,
      createShopCommands(settings, send, systemClock).announceStock,
    );
    await applyWrites(writerOf(world), [write(row!.id_stock_available, 4, "s:1")], "none", NEVER);
    announcer.wake.ring();
    await until(() => announcer.logged.length > 0, { what: "the line in the log" });
    expect(await waiting(world)).toEqual([]);
  });

  test("leave out what is sold again, and wait for nothing else", async () => {
    await using world = await emptyWorld(server);
    const [[one], [two]] = await Promise.all([rowsOf(world, 1), rowsOf(world, 2)]);
    const products: number[] = [];
    const rows = [one!, two!].map((row) => row.id_stock_available);
    const back = rows.map((row) => write(row, 4, `s:${row}`));
    await applyWrites(writerOf(world), back, "none", NEVER);
    await world.pool.query(`UPDATE ${world.table("stock_available")} SET quantity = 0 WHERE id_product = 1`);

    await using _announcer = startAnnouncer(world, (command) => {
      products.push(...command.products.map(({ product }) => product));
      return Promise.resolve();
    });

    await until(async () => (await waiting(world)).length === 0, { what: "the end of the announcements" });
    expect(products).toEqual([2]);
  });

  test("that are asked for anew while they are made are made again", async () => {
    await using world = await emptyWorld(server);
    const [row] = await rowsOf(world, 1);
    const id = row!.id_stock_available;
    const deps = writerOf(world);
    const asked: string[] = [];
    await using announcer = startAnnouncer(world, async ({ commandId }) => {
      asked.push(commandId);
      if (asked.length > 1) return;
      await applyWrites(deps, [write(id, -4, "s:sold")], "none", NEVER);
      await applyWrites(deps, [write(id, 3, "s:back")], "none", NEVER);
    });
    await applyWrites(deps, [write(id, 4, "s:1")], "none", NEVER);
    announcer.wake.ring();

    await until(async () => asked.length === 2 && (await waiting(world)).length === 0, {
      what: "the second announcement",
    });
    expect(new Set(asked).size).toBe(2);
  });

  test("are made once by two processes at a time", async () => {
    await using world = await emptyWorld(server);
    const [row] = await rowsOf(world, 1);
    let asked = 0;
    const announce = async (): Promise<void> => {
      asked += 1;
      await systemSleep(50);
    };
    await applyWrites(writerOf(world), [write(row!.id_stock_available, 4, "s:1")], "none", NEVER);
    await using _one = startAnnouncer(world, announce, 30_000);
    await using _two = startAnnouncer(world, announce, 30_000);
    await until(async () => (await waiting(world)).length === 0, { what: "the end of the announcement" });
    expect(asked).toBe(1);
  });
});
