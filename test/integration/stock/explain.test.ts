import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import { openHistories } from "../../../sidecar/stock/history/explain.ts";
import { runCommand } from "../../support/command.ts";
import { oneServer } from "../../support/each-server.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation, migrateWorld } from "../../support/sidecar.ts";
import {
  insertDiscrepancy,
  insertLedgerRow,
  insertMovements,
  insertWrite,
} from "../../support/stock-rows.ts";
import { World } from "../../support/world.ts";

oneServer("erpsync stock explain", (server) => {
  test("tells every movement of a row with its cause, and closes with the law", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    const row = await insertLedgerRow(world, { product: 5, opening: 50, position: 41 });
    await insertMovements(world, [
      {
        row,
        changeId: 1000,
        delta: -2,
        after: 48,
        cause: "sale",
        source: `line:7:${row}#1000`,
        orderId: 1042,
      },
      { row, changeId: 2000, delta: -5, after: 43, cause: "employee", source: "mvt:9", actor: "employee:3" },
      { row, changeId: 3000, delta: -3, after: 40, cause: "snapshot", source: `snapshot:17:${row}` },
      {
        row,
        changeId: 4000,
        delta: -1,
        after: 40,
        cause: "sale",
        source: `line:8:${row}#4000`,
        orderId: 1043,
      },
      { row, changeId: 5000, delta: 1, after: 40, cause: "unexplained" },
      { row, changeId: 6000, delta: -1, after: 39, cause: "repair", source: "repair:9" },
      { row, changeId: 7000, delta: 1, after: 40, cause: "undo", source: "undo:1", actor: "ada" },
      { row, changeId: 8000, delta: 0, after: 40, cause: "pending" },
      // The other part of the change 4000, booked when the change was explained.
      { row, changeId: 4000, delta: 1, after: 40, cause: "overwrite", orderId: 1043 },
    ]);
    const snapshot = await insertWrite(world, {
      ...{ row, source: `snapshot:17:${row}`, delta: -3, cause: "snapshot", reason: "the ERP said 40" },
    });
    const repair = await insertWrite(world, { row, source: "repair:9", delta: -1, cause: "repair" });
    await insertWrite(world, {
      ...{
        row,
        source: "undo:1",
        delta: 3,
        cause: "undo",
        actor: "ada",
        reason: "wrong depot",
        undoes: snapshot,
      },
    });
    await insertDiscrepancy(world, { row, kind: "unexplained", detail: { units: 1 } });
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_stock_line")}
         (id_order_detail, id_stock_available, id_order, factor, whole, units, moved, owed, cause, change_id, announced, first_seen_at, changed_at)
       VALUES (9, ?, 1044, 1, 1, 1, 0, 1, 'sale', 9000, 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`,
      [row],
    );

    const told = await runCommand(installation, "stock", "explain", "5");

    expect(told.out.split("\n")).toEqual([
      `Product 5, shop 1 (stock row ${row})`,
      "  2026-11-01 08:00:00 UTC  opened with 50 (as it stood when the ledger began)",
      "  2026-11-21 10:00:00 UTC      -2 →     48  order 1042 (line 7) took 2",
      "  2026-11-21 10:00:00 UTC      -5 →     43  employee 3 changed it (stock movement 9)",
      `  2026-11-21 10:00:00 UTC      -3 →     40  ERP snapshot 17 set it: the ERP said 40 (write ${snapshot}, undone by write ${snapshot + 2})`,
      "  2026-11-21 10:00:00 UTC      -1 →     40  order 1043 (line 8) took 1",
      `  2026-11-21 10:00:00 UTC      +1 →     40  a stale write of order 1043 threw away -1; erpsync put it back (write ${repair}, can be undone)`,
      "  2026-11-21 10:00:00 UTC      +1 →     40  nobody declared this change; it was adopted",
      `  2026-11-21 10:00:00 UTC      -1 →     39  erpsync put back -1 that a stale write threw away (write ${repair}, can be undone)`,
      `  2026-11-21 10:00:00 UTC      +1 →     40  write ${snapshot} was taken back by ada: wrong depot (write ${snapshot + 2})`,
      "  2026-11-21 10:00:00 UTC       0 →     40  not explained yet: the row is still in motion",
      "  Owed: order 1044 (line 9) has still to take 1.",
      "  Discrepancy 1  unexplained  changed, and nobody declared it (found 2026-11-21 03:30:00 UTC)",
      "      +1 units",
      "  50 at the opening, -9 by 9 movements: 41. The shop's row says 41.",
      "",
    ]);
    expect(told.code).toBe(0);
  });

  test("tells the latest movements, sums the earlier ones, and says where the shop differs", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    const row = await insertLedgerRow(world, {
      product: 21,
      combination: 1,
      opening: 9,
      position: 6,
      shopUnits: 4,
    });
    await insertMovements(world, [
      { row, changeId: 1, delta: -2, after: 7, cause: "sale", at: "2026-11-20 10:00:00" },
      { row, changeId: 2, delta: 1, after: 8, cause: "cancellation", at: "2026-11-20 11:00:00" },
      { row, changeId: 3, delta: -2, after: 6, cause: "sale", at: "2026-11-21 10:00:00" },
    ]);
    const explain = (...args: readonly string[]) =>
      runCommand(installation, "stock", "explain", "21", "--combination", "1", ...args);

    const limited = (await explain("--limit", "1")).out;
    expect(limited).toContain("… 2 earlier movements: -1 in all (");
    expect(limited).toContain("9 at the opening, -3 by 3 movements: 6. The shop's row says 4: either they");
    const since = JSON.parse((await explain("--since", "2026-11-20 10:30:00", "--json")).out) as {
      rows: readonly { earlier: readonly object[]; movements: readonly object[]; balance: object }[];
    };
    expect(since.rows).toMatchObject([
      {
        ...{ product: 21, combination: 1, shop: 1, opening: { units: 9, because: "first" } },
        earlier: [{ cause: "sale", movements: 1, units: -2 }],
        movements: [
          { delta: 1, after: 8 },
          { delta: -2, after: 6 },
        ],
        balance: { opening: 9, units: -3, position: 6, shopUnits: 4, isBehind: false },
      },
    ]);
    const later = (await explain("--since", "2026-11-22")).out;
    expect(later).toContain("… 3 earlier movements: -3 in all");
    expect((await runCommand(installation, "stock", "explain", "21", "--shop", "2")).out).toContain(
      "Product 21, shop 2 has no stock row.",
    );
    expect((await runCommand(installation, "stock", "explain", "21")).out).toContain(
      "The ledger does not know this row yet.",
    );
    expect((await runCommand(installation, "stock", "explain", "x")).code).toBe(2);
    expect((await explain("--since", "yesterday")).code).toBe(2);
  });
});

const AT = "2026-11-21 10:00:00";

oneServer("a row with a million movements", (server) => {
  test("is told page by page, in order and without growth of memory", { timeout: 180_000 }, async () => {
    await using world = await World.create({ server });
    await migrateWorld(world);
    const row = await insertLedgerRow(world, { product: 5, opening: 0, position: 1_000_000 });
    const writing = await world.connection();
    // Nobody reads them from the binlog.
    await writing.query("SET SESSION sql_log_bin = 0");
    for (let from = 1; from <= 1_000_000; from += 10_000) {
      const values = Array.from({ length: 10_000 }, (_, n) => [
        row,
        from + n,
        1,
        from + n,
        "channel",
        AT,
        AT,
      ]);
      await writing.query(
        `INSERT INTO ${world.table("erpsync_stock_movement")}
           (id_stock_available, change_id, delta, quantity_after, cause, committed_at, read_at) VALUES ?`,
        [values],
      );
    }
    const db = openDatabase({ ...world.settings, connections: 2 });
    try {
      const [history] = await openHistories(db, { product: 5 }, { limit: 10_000_000 });
      let told = 0;
      let misplaced = 0;
      let largest = 0;
      let earlyBytes = 0;
      for await (const page of history!.movements()) {
        for (const movement of page) {
          told += 1;
          if (movement.after !== told) misplaced += 1;
        }
        largest = Math.max(largest, page.length);
        if (earlyBytes === 0 && told > 100_000) earlyBytes = heapBytes();
      }
      expect({ told, misplaced }).toEqual({ told: 1_000_000, misplaced: 0 });
      expect(largest).toBeLessThan(2_000);
      expect(heapBytes() - earlyBytes).toBeLessThan(5 * 1_048_576);
      expect((await history!.tail()).balance).toMatchObject({ movements: 1_000_000, units: 1_000_000 });
      const startedMs = performance.now();
      const [last] = await openHistories(db, { product: 5 }, { limit: 200 });
      for await (const page of last!.movements()) expect(page).toHaveLength(200);
      expect(last!.head.earlier).toEqual([{ cause: "channel", movements: 999_800, units: 999_800 }]);
      expect(performance.now() - startedMs).toBeLessThan(20_000);
    } finally {
      await db.destroy();
    }
  });
});

/** What is left of the heap when all that can go has gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
