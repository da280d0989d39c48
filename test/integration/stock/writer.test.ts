import { sql } from "kysely";
import { expect, test } from "vitest";
import type { StockWrite } from "../../../sidecar/domain/stock.ts";
import { closeConnection, openDatabase } from "../../../sidecar/platform/database.ts";
import { applyToProduct, applyWrites } from "../../../sidecar/stock/writer/stock-writer.ts";
import { eachServer } from "../../support/each-server.ts";
import { until } from "../../support/until.ts";
import {
  afterEach,
  holders,
  killConnectionsOf,
  NEVER,
  openPool,
  productLock,
  putPosition,
  quantities,
  records,
  rowsOf,
  stockWorld,
  untilFree,
  waiters,
  write,
  writerOf,
} from "./writer-rig.ts";

const NOW = "2026-11-20 10:00:00";

eachServer("the stock writer", (server) => {
  test("moves a row with its parent, physical units, record, order line and announcement in one transaction", async () => {
    await using world = await stockWorld(server);
    const [parent, child, second] = await rowsOf(world, 3);
    await world.pool.query(
      `UPDATE ${world.table("stock_available")} SET quantity = -1, reserved_quantity = 7, location = 'A3' WHERE id_stock_available = ?`,
      [child!.id_stock_available],
    );
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_stock_line")} SET id_order_detail = 77, id_stock_available = ?, id_order = 9,
         factor = 1, whole = 3, units = 3, moved = 0, settled = 0, owed = 3, cause = 'sale', change_id = 1, announced = 1, first_seen_at = NOW(6), changed_at = NOW(6)`,
      [child!.id_stock_available],
    );

    const source = `line:77:${child!.id_stock_available}#1000`;
    const sale = { cause: "sale", orderId: 9, actor: "ledger" } as const;
    const outcomes = await applyWrites(
      writerOf(world),
      [
        write(child!.id_stock_available, -3, source, sale),
        write(second!.id_stock_available, -100, "channel:pos:1"),
        write(child!.id_stock_available, 9, "channel:pos:2"),
      ],
      "none",
      NEVER,
    );

    expect(outcomes).toEqual([
      { kind: "written", id: 1, quantityAfter: -4 },
      { kind: "written", id: 2, quantityAfter: 0 },
      { kind: "written", id: 3, quantityAfter: 5 },
    ]);
    expect(await rowsOf(world, 3)).toMatchObject([
      { quantity: 105, physical_quantity: 105 },
      { quantity: 5, physical_quantity: 12, reserved_quantity: 7, location: "A3" },
      { quantity: 0, physical_quantity: 0 },
      { quantity: 100 },
    ]);
    expect(await records(world)).toMatchObject([
      { id: 1, source, delta: -3, quantity_after: -4, cause: "sale", id_order: 9, actor: "ledger" },
      { id: 2, source: "channel:pos:1", delta: -100, quantity_after: 0, cause: "channel" },
      { id: 3, source: "channel:pos:2", delta: 9, quantity_after: 5 },
      {
        id: 4,
        id_stock_available: parent!.id_stock_available,
        source: `parent:${source}`,
        delta: -195,
        quantity_after: 105,
        cause: "parent",
      },
    ]);
    const lines = await world.rows(`SELECT moved, owed FROM ${world.table("erpsync_stock_line")}`);
    expect(lines).toEqual([{ moved: -3, owed: 0 }]);
    const announced = await world.rows(
      `SELECT id_stock_available AS id, attempts FROM ${world.table("erpsync_stock_announcement")}`,
    );
    expect(announced).toEqual([{ id: child!.id_stock_available, attempts: 0 }]);
    expect(await holders(world, [3])).toEqual([null]);
  });

  test("writes a source once, whether it is asked for again later, in one call or six times at once", async () => {
    await using world = await stockWorld(server);
    const [row] = await rowsOf(world, 1);
    const request = write(row!.id_stock_available, -2, "channel:pos:1");
    const pools = [1, 2, 3].map(() => writerOf(world));
    const asked = Array.from({ length: 6 }, (_, index) => pools[index % 3]!);

    const first = await Promise.all(asked.map((deps) => applyWrites(deps, [request], "none", NEVER)));
    // A round that met another at work comes back, as every caller does.
    const last = await Promise.all(
      asked.map((deps) =>
        until(
          async () => {
            const [outcome] = await applyWrites(deps, [request], "none", NEVER);
            return outcome?.kind === "busy" ? undefined : outcome;
          },
          { what: "an answer" },
        ),
      ),
    );

    expect(first.flat().filter((outcome) => outcome.kind === "written")).toHaveLength(1);
    expect(last).toEqual(asked.map(() => ({ kind: "known", id: 1 })));
    expect(await quantities(world, 1)).toEqual([98]);
    expect(await records(world)).toHaveLength(1);
  });

  test("writes a source once though others write it beside the lock at the same moment, on different rows", async () => {
    await using world = await stockWorld(server);
    const [[one], [two]] = await Promise.all([rowsOf(world, 1), rowsOf(world, 2)]);
    for (let round = 0; round < 10; round += 1) {
      const source = `channel:pos:${round}`;
      const requests = [one!, two!].map((row) => write(row.id_stock_available, -1, source));
      const done = await Promise.all(
        requests.map((request) => applyToProduct(writerOf(world), [request], "none", "overtake")),
      );
      expect(
        done
          .flat()
          .map(({ kind }) => kind)
          .sort(),
      ).toEqual(["known", "written"]);
    }
    expect([...(await quantities(world, 1)), ...(await quantities(world, 2))].reduce((a, b) => a + b)).toBe(
      190,
    );
  });

  test("leaves a product to the next round at once while a checkout holds its lock, and writes the others", async () => {
    await using world = await stockWorld(server);
    const [[one], [two]] = await Promise.all([rowsOf(world, 1), rowsOf(world, 2)]);
    const requests = [one!, two!].map((row) => write(row.id_stock_available, -1, `s:${row.id_product}`));
    const checkout = await world.connection();
    await checkout.query("SELECT GET_LOCK(?, 0)", [productLock(world, 1)]);
    const deps = writerOf(world);

    expect(await applyWrites(deps, requests, "none", NEVER)).toMatchObject([
      { kind: "busy" },
      { kind: "written" },
    ]);
    // The checkout still holds it, so nothing was waited for.
    expect(await holders(world, [1, 2])).toEqual([checkout.threadId, null]);
    await checkout.query("SELECT RELEASE_LOCK(?)", [productLock(world, 1)]);
    expect(await applyWrites(deps, requests, "none", NEVER)).toMatchObject([
      { kind: "written" },
      { kind: "known" },
    ]);
    expect(await quantities(world, 1)).toEqual([99]);
  });

  test("leaves a product to the next round at once while a statement holds one of its rows, and writes the others", async () => {
    await using world = await stockWorld(server);
    const [[, child, sibling], [two]] = await Promise.all([rowsOf(world, 3), rowsOf(world, 2)]);
    const requests = [child!, two!].map((row) => write(row.id_stock_available, -1, `s:${row.id_product}`));
    const shop = await world.connection();
    await shop.query("START TRANSACTION");
    await shop.query(
      `UPDATE ${world.table("stock_available")} SET quantity = 50 WHERE id_stock_available = ?`,
      [sibling!.id_stock_available],
    );

    const deps = writerOf(world);
    expect(await applyWrites(deps, requests, "none", NEVER)).toMatchObject([
      { kind: "busy" },
      { kind: "written" },
    ]);
    await shop.query("COMMIT");
    expect(await applyWrites(deps, requests.slice(0, 1), "none", NEVER)).toMatchObject([{ kind: "written" }]);
    expect(await quantities(world, 3)).toEqual([249, 99, 50, 100]);
  });

  test("writes no row that is not ours, is not there, or is a parent, but knows what it wrote before", async () => {
    await using world = await stockWorld(server);
    const [[one], [two], [parent, child]] = await Promise.all([
      rowsOf(world, 1),
      rowsOf(world, 2),
      rowsOf(world, 3),
    ]);
    const stock = world.table("stock_available");
    const deps = writerOf(world);
    const earlier = write(two!.id_stock_available, 1, "s:earlier");
    await applyWrites(deps, [earlier], "none", NEVER);
    await world.pool.query(`UPDATE ${stock} SET depends_on_stock = 1 WHERE id_stock_available = ?`, [
      one!.id_stock_available,
    ]);
    await world.pool.query(`DELETE FROM ${stock} WHERE id_stock_available = ?`, [two!.id_stock_available]);

    const outcomes = await applyWrites(
      deps,
      [
        write(one!.id_stock_available, 1, "s:1"),
        earlier,
        write(two!.id_stock_available, 1, "s:2"),
        write(parent!.id_stock_available, 1, "s:3"),
        write(child!.id_stock_available, 1, "s:4"),
      ],
      "none",
      NEVER,
    );

    expect(outcomes.map(({ kind }) => kind)).toEqual(["gone", "known", "gone", "gone", "written"]);
    expect(await quantities(world, 1)).toEqual([100]);
    expect(await quantities(world, 3)).toEqual([301, 101, 100, 100]);
  });

  test("waits with what the ledger has not read yet, and under `settled` with what it still owes", async () => {
    await using world = await stockWorld(server);
    const [row] = await rowsOf(world, 1);
    const id = row!.id_stock_available;
    const deps = writerOf(world);
    const outcome = async (guard: "read" | "settled"): Promise<string | undefined> =>
      (await applyWrites(deps, [write(id, 1, `s:${guard}`)], guard, NEVER))[0]?.kind;

    expect(await outcome("read")).toBe("unread");
    await putPosition(world, id, 99);
    expect(await outcome("read")).toBe("unread");
    await putPosition(world, id, 100, 1);
    expect(await outcome("settled")).toBe("unread");
    expect(await outcome("read")).toBe("written");
    await putPosition(world, id, 101, 0);
    expect(await outcome("settled")).toBe("written");
    expect(await quantities(world, 1)).toEqual([102]);
    expect(await records(world)).toHaveLength(2);
  });

  test("writes nothing while writing is stopped, by this process's word or the database's", async () => {
    await using world = await stockWorld(server);
    const [row] = await rowsOf(world, 1);
    const request = write(row!.id_stock_available, 1, "s:1");
    const deps = writerOf(world);
    const kinds = async (more: object): Promise<string | undefined> =>
      (await applyWrites({ ...deps, ...more }, [request], "none", NEVER))[0]?.kind;

    expect(await kinds({ stopped: () => true })).toBe("busy");
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_identity")} VALUES (1, 'i', '', 'shop.test/', 0, 0, 0, 'restored', 'a test', NOW(6))`,
    );
    expect(await kinds({})).toBe("busy");
    expect(await records(world)).toEqual([]);
    await world.pool.query(`UPDATE ${world.table("erpsync_identity")} SET stopped_code = NULL`);
    expect(await kinds({})).toBe("written");
  });

  test("does nothing more after the signal, and says so of what is left", async () => {
    await using world = await stockWorld(server);
    const [row] = await rowsOf(world, 1);
    const request = write(row!.id_stock_available, 1, "s:1");
    expect(await applyWrites(writerOf(world), [request], "none", AbortSignal.abort())).toEqual([
      { kind: "busy" },
    ]);
    expect(await records(world)).toEqual([]);
  });

  test("that dies after any of its statements leaves all of a batch or nothing, and every lock free", async () => {
    await using world = await stockWorld(server);
    const [, child] = await rowsOf(world, 3);
    const [simple] = await rowsOf(world, 1);
    await putPosition(world, child!.id_stock_available, 100);
    await putPosition(world, simple!.id_stock_available, 100);
    const as = await world.createUser([`ALL PRIVILEGES ON ${world.database}.*`]);
    const lines = Array.from({ length: 40 }, (_, index) => [index + 1, child!.id_stock_available]);
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_stock_line")} (id_order_detail, id_stock_available, id_order, factor, whole,
         units, moved, settled, owed, cause, change_id, announced, first_seen_at, changed_at) VALUES ?`,
      [lines.map((line) => [...line, 1, 1, 1, 1, 0, 0, 1, "sale", 1, 1, NOW, NOW])],
    );
    let statements = 0;
    for (let dies = 1; ; dies += 1) {
      const before = await records(world);
      const id = child!.id_stock_available;
      const requests = [
        write(id, -1, `line:${dies}:${id}#1000`, { cause: "sale" }),
        write(simple!.id_stock_available, -1, `s:${dies}`),
      ];
      const state = { isDead: false };
      const db = afterEach(openPool(world, as), async (number) => {
        statements = Math.max(statements, number);
        if (number !== dies) return;
        state.isDead = true;
        await killConnectionsOf(world, as.user);
      });
      const outcomes = await applyWrites(writerOf(world, db), requests, "none", NEVER).catch(() => "died");
      await killConnectionsOf(world, as.user);
      await untilFree(world, [1, 3]);
      const made = (await records(world)).slice(before.length);
      expect([0, 3]).toContain(made.length);
      if (outcomes !== "died") expect(made).toHaveLength(3);
      const again = await applyWrites(writerOf(world), requests, "none", NEVER);
      expect(again.map(({ kind }) => kind)).toEqual(
        made.length === 0 ? ["written", "written"] : ["known", "known"],
      );
      const [moved] = await world.rows(
        `SELECT -SUM(moved) AS units, SUM(owed) AS owed FROM ${world.table("erpsync_stock_line")}`,
      );
      expect([Number(moved?.["units"]), Number(moved?.["owed"])]).toEqual([dies, 40 - dies]);
      const [parent, first] = await quantities(world, 3);
      expect([parent, first]).toEqual([300 - dies, 100 - dies]);
      expect(await quantities(world, 1)).toEqual([100 - dies]);
      expect(await records(world)).toHaveLength(before.length + 3);
      if (!state.isDead) break;
    }
    // Look-ups, locks, rows, counts, sources, stop, records, quantities, lines, ids and release.
    expect(statements).toBeGreaterThanOrEqual(12);
  });

  test("that dies at its COMMIT has written all of the batch or nothing, and its next round says which", async () => {
    await using world = await stockWorld(server);
    const [row] = await rowsOf(world, 1);
    const as = await world.createUser([`ALL PRIVILEGES ON ${world.database}.*`]);
    for (let round = 1; round <= 10; round += 1) {
      const request = write(row!.id_stock_available, -1, `s:${round}`);
      const killed: Promise<void>[] = [];
      const db = openDatabase(
        { ...world.settings, ...as, connections: 2 },
        {
          onQuery: ({ query }) => {
            // The statements before, the COMMIT itself and what follows run on while the kill is on its way.
            const isLast = round % 2 === 0 ? /^commit/i.test(query.sql) : /^update/i.test(query.sql);
            if (isLast) killed.push(killConnectionsOf(world, as.user));
          },
        },
      );
      await applyWrites(writerOf(world, db), [request], "none", NEVER).catch(() => undefined);
      await Promise.all(killed);
      await db.destroy();
      await untilFree(world, [1]);
      const made = await records(world);
      const again = await applyWrites(writerOf(world), [request], "none", NEVER);
      expect(again).toMatchObject([{ kind: made.length === round ? "known" : "written" }]);
      expect(await quantities(world, 1)).toEqual([100 - round]);
    }
  });

  test("never deadlocks with another process's overlapping batches, nor with the shop's own statements", async () => {
    await using world = await stockWorld(server);
    const products = [1, 2, 3, 4];
    const rows = (await Promise.all(products.map((id) => rowsOf(world, id))))
      .flat()
      .filter((row) => row.id_product < 3 || row.id_product_attribute > 0);
    const stop = { now: false };
    const faults: string[] = [];
    // In the other order than ours, row by row: who waited for it with rows in hand would deadlock with it.
    const shop = async (): Promise<void> => {
      const connection = await world.connection();
      while (!stop.now) {
        await connection.query("START TRANSACTION");
        for (const product of [4, 3, 2, 1]) {
          await connection
            .query(
              `UPDATE ${world.table("stock_available")} SET reserved_quantity = reserved_quantity + 1 WHERE id_product = ?`,
              [product],
            )
            .catch((thrown: unknown) => faults.push(String(thrown)));
        }
        await connection.query("COMMIT");
      }
    };
    const writer = async (name: string, delta: number): Promise<void> => {
      const db = openDatabase(
        { ...world.settings, connections: 2 },
        {
          onQuery: (event) => {
            if (event.level === "error") faults.push(String(event.error));
          },
        },
      );
      world.onDispose(() => db.destroy());
      const deps = writerOf(world, db);
      for (let round = 0; round < 15; round += 1) {
        const requests = rows.map((row) =>
          write(row.id_stock_available, delta, `${name}:${round}:${row.id_stock_available}`),
        );
        let left: readonly StockWrite[] = round % 2 === 0 ? requests : requests.reverse();
        while (left.length > 0) {
          const outcomes = await applyWrites(deps, left, "none", NEVER);
          left = left.filter((_, index) => outcomes[index]?.kind === "busy");
        }
      }
    };

    const selling = shop();
    await Promise.all([writer("a", -1), writer("b", 2), writer("c", -2)]);
    stop.now = true;
    await selling;

    expect(faults).toEqual([]);
    for (const product of [3, 4]) {
      expect(await quantities(world, product)).toEqual([255, 85, 85, 85]);
    }
    expect([...(await quantities(world, 1)), ...(await quantities(world, 2))]).toEqual([85, 85]);
  });

  test("waits in line for one product where it is told to, and overtakes a lock where it is told to", async () => {
    await using world = await stockWorld(server);
    const [row] = await rowsOf(world, 1);
    const request = (source: string) => [write(row!.id_stock_available, -1, source)];
    const checkout = await world.connection();
    const deps = writerOf(world);
    await checkout.query("SELECT GET_LOCK(?, 0)", [productLock(world, 1)]);

    const overtaking = await applyToProduct(deps, request("s:overtakes"), "none", "overtake");
    const impatient = await applyToProduct(deps, request("s:impatient"), "none", { waitSeconds: 1 });
    const waiting = applyToProduct(deps, request("s:patient"), "none", { waitSeconds: 30 });
    await until(async () => (await waiters(world)) > 0, { what: "the one that waits in line" });
    await checkout.query("SELECT RELEASE_LOCK(?)", [productLock(world, 1)]);

    expect([overtaking[0]?.kind, impatient[0]?.kind, (await waiting)[0]?.kind]).toEqual([
      "written",
      "busy",
      "written",
    ]);
    expect(await holders(world, [1])).toEqual([null]);
  });

  test("holds no lock after the server interrupted its wait in line", async () => {
    await using world = await stockWorld(server);
    const [row] = await rowsOf(world, 1);
    const as = await world.createUser([`ALL PRIVILEGES ON ${world.database}.*`]);
    const deps = writerOf(world, openPool(world, as));
    const checkout = await world.connection();
    await checkout.query("SELECT GET_LOCK(?, 0)", [productLock(world, 1)]);
    const interrupt = async (): Promise<void> => {
      const found = await world.rows<{ id: number }>(
        "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ? AND COMMAND = 'Query'",
        [as.user],
      );
      for (const { id } of found) await world.pool.query("KILL QUERY ?", [id]);
    };

    const request = [write(row!.id_stock_available, -1, "s:1")];
    const waiting = applyToProduct(deps, request, "none", { waitSeconds: 30 }).catch(() => "interrupted");
    await until(async () => (await waiters(world)) > 0, { what: "the one that waits in line" });
    await interrupt();
    expect(["interrupted", [{ kind: "busy" }]]).toContainEqual(await waiting);
    await checkout.query("SELECT RELEASE_LOCK(?)", [productLock(world, 1)]);
    await untilFree(world, [1]);
    expect(await records(world)).toEqual([]);
    expect(await applyWrites(deps, request, "none", NEVER)).toMatchObject([{ kind: "written" }]);
  });

  test("leaves the locks of others alone, those on its own connection too", async () => {
    await using world = await stockWorld(server);
    const [row] = await rowsOf(world, 1);
    const db = openPool(world, {}, 1);
    const mine = `${world.database}.mine`;
    const others = `${world.database}.others`;
    await sql`SELECT GET_LOCK(${mine}, 0)`.execute(db);
    const other = await world.connection();
    await other.query("SELECT GET_LOCK(?, 0)", [others]);

    const request = write(row!.id_stock_available, -1, "s:1");
    expect(await applyWrites(writerOf(world, db), [request], "none", NEVER)).toMatchObject([
      { kind: "written" },
    ]);

    const [held] = await world.rows("SELECT IS_USED_LOCK(?) IS NOT NULL AS mine, IS_USED_LOCK(?) AS others", [
      mine,
      others,
    ]);
    expect(held).toEqual({ mine: 1, others: other.threadId });
    expect(await holders(world, [1])).toEqual([null]);
  });

  test("can end a connection with its locks, and its pool makes a new one", async () => {
    await using world = await stockWorld(server);
    const db = openPool(world, {}, 1);
    const name = productLock(world, 1);
    await db.connection().execute(async (connection) => {
      await sql`SELECT GET_LOCK(${name}, 0)`.execute(connection);
      expect(await holders(world, [1])).not.toEqual([null]);
      await closeConnection(connection);
    });
    await untilFree(world, [1]);
    await until(() => sql`SELECT 1`.execute(db), { what: "a new connection" });
  });
});
