import { expect, test } from "vitest";
import { ErpUnavailableError } from "../../../sidecar/erp/port.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { runReconciliations } from "../../../sidecar/stock/reconcile/reconcile-loop.ts";
import {
  insertReconciliation,
  readReconciliation,
  withdrawReconciliation,
} from "../../../sidecar/stock/reconcile/reconcile-statements.ts";
import { undoWrite } from "../../../sidecar/stock/writer/undo.ts";
import { runCommand } from "../../support/command.ts";
import { oneServer } from "../../support/each-server.ts";
import { insertJob } from "../../support/job-rows.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation, itemOf, mapProducts } from "../../support/sidecar.ts";
import { insertMovements, stockRowId } from "../../support/stock-rows.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";
import { ReconcileRig } from "./reconcile-rig.ts";

oneServer("a reconciliation", (server) => {
  test("finds nothing where shop, ledger and ERP agree, and reads every row", async () => {
    await using rig = await ReconcileRig.create(server);

    const { detail, end, record } = await rig.run();

    expect(end).toBe("done");
    expect(record).toMatchObject({ state: "done", compared: 40, waiting: 0, drifted: 0, corrected: 0 });
    expect(detail).toMatchObject({ drifts: [], waiting: [], unknownRows: [] });
    expect(await rig.discrepancies()).toEqual([]);
    expect(rig.log).toMatchObject([{ event: "stock.reconciled", compared: 40, drifted: 0 }]);
  });

  test("corrects what is within the bounds, leaves the rest to people with its probable cause, and can be undone", async () => {
    await using rig = await ReconcileRig.create(server);
    const [small, large, combination] = [
      await stockRowId(rig.world, 1),
      await stockRowId(rig.world, 2),
      await stockRowId(rig.world, 21, 1),
    ];
    const parent = await stockRowId(rig.world, 21);
    rig.erp.set(rig.item(1), 998);
    rig.erp.set(rig.item(2), 990);
    rig.erp.set(rig.item(21, 1), 1_001);
    await insertMovements(rig.world, [
      { row: large, changeId: 1, delta: 10, after: 1_000, cause: "employee", actor: "employee:3" },
    ]);

    const { detail, end, record } = await rig.run();

    expect(end).toBe("done");
    expect(record).toMatchObject({ drifted: 3, corrected: 2 });
    expect([await rig.units(small), await rig.units(large), await rig.units(combination)]).toEqual([
      998, 1_000, 1_001,
    ]);
    expect(await rig.units(parent)).toBe(3_001);
    expect(detail?.drifts.find(({ row }) => row === large)).toMatchObject({
      ...{ shopUnits: 1_000, ledgerUnits: 1_000, targetUnits: 990, leftBecause: "too-many-units" },
      ...{ cause: "employee" },
    });
    expect(await rig.discrepancies()).toMatchObject([
      { kind: "drift", row_id: small, erp_units: 998, resolution: "corrected", open_key: null },
      { kind: "drift", row_id: large, shop_units: 1_000, erp_units: 990, resolution: null },
      { kind: "drift", row_id: combination, erp_units: 1_001, resolution: "corrected" },
    ]);
    const writes = await rig.world.rows<{ id: number; source: string; cause: string }>(
      `SELECT id, source, cause FROM ${rig.world.table("erpsync_stock_write")} WHERE cause = 'correction' ORDER BY id`,
    );
    expect(writes.map(({ source }) => source).sort()).toEqual(
      [`correction:${record.id}:${small}`, `correction:${record.id}:${combination}`].sort(),
    );

    const audit = (): Promise<void> => Promise.resolve();
    for (const { id } of writes) {
      await undoWrite({ writer: rig.writer, audit }, id, { actor: "ada", reason: "a test" });
    }
    expect([await rig.units(small), await rig.units(combination), await rig.units(parent)]).toEqual([
      1_000, 1_000, 3_000,
    ]);
  });

  test("beyond the cap corrects nothing at all and alarms, though each drift alone is within the bounds", async () => {
    await using rig = await ReconcileRig.create(server);
    rig.change = { bounds: { units: 2, share: 0.05, rowsMax: 2, rowsShareMax: 1 } };
    for (const product of [1, 2, 3]) rig.erp.set(rig.item(product), 999);

    const { end, record } = await rig.run();

    expect(end).toBe("capped");
    expect(record).toMatchObject({ state: "capped", drifted: 3, corrected: 0 });
    expect(record.reason).toContain("3 rows would be corrected and 2 may be");
    expect(await rig.world.rows(`SELECT id FROM ${rig.world.table("erpsync_stock_write")}`)).toEqual([]);
    expect((await rig.discrepancies()).map(({ resolution }) => resolution)).toEqual([null, null, null]);
    expect(rig.log).toMatchObject([
      { event: "stock.reconcile_capped", wantedRows: 3, allowedRows: 2 },
      { event: "stock.reconciled", drifted: 3, corrected: 0 },
    ]);

    // One row less is within it: the same bounds let all of them pass.
    rig.erp.set(rig.item(3), 1_000);
    expect((await rig.run()).record).toMatchObject({ state: "done", drifted: 2, corrected: 2 });
    expect((await rig.discrepancies()).map(({ resolution }) => resolution)).toEqual([
      ...["corrected", "corrected", "passed"],
    ]);
  });

  test("a dry run changes nothing and puts nothing on record but what it found", async () => {
    await using rig = await ReconcileRig.create(server);
    rig.erp.set(rig.item(1), 999);

    const { detail, record } = await rig.run({ dryRun: true });

    expect(record).toMatchObject({ state: "done", dryRun: true, drifted: 1, corrected: 0 });
    expect(detail?.drifts).toMatchObject([{ targetUnits: 999, leftBecause: null, cause: "erp_moved" }]);
    expect(await rig.units(await stockRowId(rig.world, 1))).toBe(1_000);
    expect(await rig.discrepancies()).toEqual([]);
  });

  test("where the shop owns its stock the ERP is not read, and a row that the ledger missed is a drift for people", async () => {
    await using rig = await ReconcileRig.create(server);
    const row = await stockRowId(rig.world, 1);
    rig.erp.clear();
    await rig.set(row, 1_001, 1_000);

    const { detail, record } = await rig.run({ owner: "shop" });

    expect(record).toMatchObject({ state: "done", compared: 40, drifted: 1, corrected: 0 });
    expect(detail?.drifts).toMatchObject([
      { row, shopUnits: 1_001, ledgerUnits: 1_000, targetUnits: null, leftBecause: "ledger-differs" },
    ]);
    expect(detail?.drifts[0]?.cause).toBe("ledger_differs");
    // The ledger is asked to look at all rows itself.
    expect(
      await rig.world.rows(
        `SELECT reason, change_id, finished_at FROM ${rig.world.table("erpsync_stock_pass")} WHERE id > 1`,
      ),
    ).toEqual([{ reason: "verify", change_id: null, finished_at: null }]);
    await rig.world.pool.query(`UPDATE ${rig.world.table("erpsync_stock_pass")} SET finished_at = NOW(6)`);
    await rig.follow();
    await rig.run({ owner: "shop" });
    expect(await rig.discrepancies()).toMatchObject([{ kind: "drift", resolution: "passed" }]);
  });

  test("a row that the ledger reads while it is compared is no drift, and one in motion is not compared", async () => {
    await using rig = await ReconcileRig.create(server);
    const [read, moving] = [await stockRowId(rig.world, 1), await stockRowId(rig.world, 2)];
    await rig.set(read, 999, 1_000);
    await rig.set(moving, 999, 1_000);
    const { world } = rig;
    let looks = 0;
    rig.change = {
      ledgerHasRead: async () => {
        looks += 1;
        if (looks === 2) await rig.set(read, 999);
        await world.pool.query(
          `UPDATE ${world.table("erpsync_stock_row")} SET changed_at = UTC_TIMESTAMP(6) + INTERVAL 1 SECOND
           WHERE id_stock_available = ?`,
          [moving],
        );
        return true;
      },
    };

    const { detail, record } = await rig.run({ owner: "shop" });

    expect(record).toMatchObject({ drifted: 0, waiting: 1 });
    expect(detail?.waiting).toEqual([{ row: moving, because: "in motion" }]);
  });

  test("no row is corrected that is not settled, has an order under way, or moved since it was compared", async () => {
    await using rig = await ReconcileRig.create(server);
    const [unsettled, ordered, moved] = [
      await stockRowId(rig.world, 1),
      await stockRowId(rig.world, 2),
      await stockRowId(rig.world, 3),
    ];
    const { world } = rig;
    for (const product of [1, 2, 3]) rig.erp.set(rig.item(product), 998);
    await world.pool.query(
      `UPDATE ${world.table("erpsync_stock_row")} SET unsettled = 1 WHERE id_stock_available = ?`,
      [unsettled],
    );
    await insertJob(world, { subject: "order:7", state: "ready" });
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_stock_line")}
         (id_order_detail, id_stock_available, id_order, factor, whole, units, moved, owed, cause, change_id, announced, first_seen_at, changed_at)
       VALUES (9, ?, 7, 1, 1, 1, -1, 0, 'sale', 1, 1, NOW(6), NOW(6))`,
      [ordered],
    );
    rig.change = {
      apply: async (writes, guard, signal) => {
        // The snapshot writes between the comparison and the correction.
        await rig.set(moved, 998);
        return await rig.apply(writes, guard, signal);
      },
    };

    const { detail, record } = await rig.run();

    expect(record).toMatchObject({ state: "done", drifted: 2, corrected: 0, waiting: 1 });
    expect(detail?.leftToNext).toBe(1);
    expect(detail?.waiting).toEqual([{ row: unsettled, because: "unsettled" }]);
    expect(detail?.drifts).toMatchObject([
      // Of the ERP's 998 one is promised to order 7, so the row should hold 997.
      { row: ordered, targetUnits: 997, leftBecause: "order-under-way", cause: "order_under_way" },
      { row: moved, targetUnits: 998, leftBecause: null },
    ]);
    expect([await rig.units(unsettled), await rig.units(ordered), await rig.units(moved)]).toEqual([
      1_000, 1_000, 998,
    ]);
  });

  test("a run that breaks off behind a correction has it on record, and the next one corrects nothing twice", async () => {
    await using rig = await ReconcileRig.create(server);
    const row = await stockRowId(rig.world, 1);
    rig.erp.set(rig.item(1), 998);
    rig.change = {
      apply: async (...asked) => {
        await rig.apply(...asked);
        throw new TypeError("the answer was lost");
      },
    };

    await expect(rig.run()).rejects.toThrow("the answer was lost");

    expect(await rig.units(row)).toBe(998);
    const made = async (): Promise<readonly object[]> =>
      await rig.world.rows(`SELECT source, delta FROM ${rig.world.table("erpsync_stock_write")}`);
    expect(await made()).toEqual([{ source: `correction:1:${row}`, delta: -2 }]);
    rig.change = {};
    // The ledger has not read it yet: the row differs from it, and is left alone.
    const early = await rig.run();
    expect(early.record).toMatchObject({ corrected: 0 });
    await rig.follow();
    await rig.world.pool.query(`UPDATE ${rig.world.table("erpsync_stock_pass")} SET finished_at = NOW(6)`);
    expect((await rig.run()).record).toMatchObject({ drifted: 0, corrected: 0 });
    expect(await made()).toHaveLength(1);
    expect(await rig.discrepancies()).toMatchObject([{ kind: "drift", row_id: row, resolution: "passed" }]);
    const states = await rig.world.rows(
      `SELECT state FROM ${rig.world.table("erpsync_stock_reconciliation")} ORDER BY id`,
    );
    expect(states).toEqual([{ state: "failed" }, { state: "done" }, { state: "done" }]);
  });

  test("an ERP that is away or names no item fails the run with its reason and corrects nothing", async () => {
    await using rig = await ReconcileRig.create(server);
    rig.erp.clear();
    const empty = await rig.run();
    expect(empty.record).toMatchObject({ state: "failed" });
    expect(empty.record.reason).toContain("E_STOCK_RECONCILIATION: The ERP named no item");
    rig.change = {
      erp: {
        ...rig.deps().erp!,
        port: {
          ...rig.deps().erp!.port,
          readStock: () => Promise.reject(new ErpUnavailableError("maintenance")),
        },
      },
    };
    const away = await rig.run();
    expect(away.record.reason).toBe("E_ERP_UNAVAILABLE: maintenance");
    rig.change = { ledgerHasRead: () => Promise.resolve(false) };
    const behind = await rig.run({ owner: "shop" });
    expect(behind.record.reason).toContain("The ledger did not read on in time");
    expect(rig.log.map(({ event }) => event)).toEqual([
      ...["stock.reconcile_failed", "stock.reconcile_failed", "stock.reconcile_failed"],
    ]);
    expect(await rig.discrepancies()).toEqual([]);
  });
});

oneServer("erpsync reconcile stock", (server) => {
  test("is taken up by the running sidecar, corrects a drift that orders do not explain, and explain tells it", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, {
      netsuite: erp.settings(),
      // One snapshot at the start; from then on only the comparison looks at the ERP.
      stock: {
        ...{ owner: "erp", quietMs: 200, snapshotEveryMs: 86_400_000 },
        correct: { units: 5, share: 0.1, rowsMax: 10, rowsShareMax: 1 },
      },
    });
    await mapProducts(world, erp);
    const rows = await world.rows<{ id_product: number; id_product_attribute: number; quantity: number }>(
      `SELECT id_product, id_product_attribute, quantity FROM ${world.table("stock_available")}`,
    );
    erp.setStock(rows.map((row) => ({ item: itemOf(row), location: "1", onHand: row.quantity })));
    const sidecar = await installation.start("stock.snapshot_applied");
    for (let order = 0; order < 3; order += 1) {
      await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 2, quantity: 1 }] });
    }
    await until(() => erp.orders().length === 3, { what: "the orders in the ERP", timeoutMs: 20_000 });
    // Somebody finds two more on the ERP's shelf.
    erp.setStock([
      { item: itemOf({ id_product: 2, id_product_attribute: 0 }), location: "1", onHand: 1_002 },
    ]);

    const seen = await runCommand(installation, "reconcile", "stock", "--dry-run");
    expect(seen.err).toBe("");
    expect(seen.out).toContain("1 drifted, 0 corrected");
    expect(seen.out).toContain(
      "Product 2, combination 0: shop 997, ledger 997, ERP 999; would be corrected; probable cause: no movement of the shop explains it",
    );
    const { code, out } = await runCommand(
      installation,
      ...["reconcile", "stock", "--reason", "a recount", "--actor", "ada", "--json"],
    );

    expect(code).toBe(0);
    const record = JSON.parse(out) as { id: number };
    expect(record).toMatchObject({ state: "done", drifted: 1, corrected: 1, actor: "ada" });
    const [row] = await world.rows(
      `SELECT quantity FROM ${world.table("stock_available")} WHERE id_product = 2`,
    );
    expect(row).toEqual({ quantity: 999 });
    const told = await until(
      async () => {
        const explained = await runCommand(installation, "stock", "explain", "2");
        return explained.out.includes("999. The shop's row says 999.") ? explained.out : undefined;
      },
      { what: "the correction in the ledger" },
    );
    expect(told).toContain(`reconciliation ${record.id} set it right: The ERP has 999 of item`);
    expect(told.match(/order \d+ \(line \d+\) took 1/g)).toHaveLength(3);
    expect(sidecar.log.filter(({ event }) => event === "stock.reconciled")).toHaveLength(2);
    expect(sidecar.log.filter(({ event }) => event === "loop.failed")).toEqual([]);
    expect(
      await world.rows(`SELECT actor, action, reason FROM ${world.table("erpsync_action")} ORDER BY id`),
    ).toEqual([
      expect.objectContaining({ action: "stock.compare" }),
      { actor: "ada", action: "stock.reconcile", reason: "a recount" },
    ]);
    await sidecar.stop();
  });
});

oneServer("a change that the binlog does not tell", (server) => {
  test("is found by the comparison, adopted by the ledger with its difference on record, and no drift any more", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, {
      netsuite: erp.settings(),
      stock: { quietMs: 200 },
    });
    const sidecar = await installation.start("stock.opened");
    const hidden = await world.connection();
    await hidden.query("SET SESSION sql_log_bin = 0");
    await hidden.query(`UPDATE ${world.table("stock_available")} SET quantity = 993 WHERE id_product = 2`);

    const found = await runCommand(installation, "reconcile", "stock");

    expect(found.out).toContain("1 drifted, 0 corrected");
    expect(found.out).toContain(
      "Product 2, combination 0: shop 993, ledger 1000; not corrected (ledger-differs); probable cause: the shop's row changed and the binlog did not tell it",
    );
    await until(
      async () => {
        const { out } = await runCommand(installation, "stock", "explain", "2");
        return out.includes("changed while nobody watched") && out.includes("993. The shop's row says 993.");
      },
      { what: "the difference in the ledger" },
    );
    const again = await runCommand(installation, "reconcile", "stock");
    expect(again.out).toContain("0 drifted, 0 corrected");
    const kinds = await world.rows(
      `SELECT kind, resolution FROM ${world.table("erpsync_stock_discrepancy")} ORDER BY id`,
    );
    expect(kinds).toEqual([
      { kind: "drift", resolution: "passed" },
      { kind: "gap", resolution: null },
    ]);
    expect(sidecar.log.filter(({ event }) => event === "loop.failed")).toEqual([]);
    await sidecar.stop();
  });
});

oneServer("the comparisons of the schedule", (server) => {
  test("are made when their time has come, once, and are made up for where nobody ran", {
    timeout: 60_000,
  }, async () => {
    await using rig = await ReconcileRig.create(server);
    let aheadMs = 0;
    let isErpAway = true;
    const clock = { ...systemClock, nowMs: () => Date.now() + aheadMs };
    const stop = new AbortController();
    let turns = 0;
    const running = runReconciliations(
      {
        ...rig.deps(),
        clock,
        schedule: "0 3 * * *",
        isErpAway: () => isErpAway,
        alone: (work, signal) => work(signal),
        sleep: async (_ms, signal) => {
          turns += 1;
          await systemSleep(5, signal);
        },
      },
      stop.signal,
    );
    const made = async (): Promise<readonly object[]> =>
      await rig.world.rows(
        `SELECT state, actor FROM ${rig.world.table("erpsync_stock_reconciliation")} ORDER BY id`,
      );
    const afterTurns = async (count: number): Promise<void> => {
      const from = turns;
      await until(() => turns >= from + count, { what: "turns of the loop" });
    };
    try {
      await afterTurns(3);
      expect(await made()).toEqual([]);
      aheadMs = 86_400_000;
      await afterTurns(3);
      expect(await made(), "the ERP is away").toEqual([]);
      isErpAway = false;
      await until(async () => (await made()).length === 1, { what: "the comparison" });
      // As seen by the database it was made just now, so the next is due within a day.
      aheadMs = 0;
      await afterTurns(3);
      expect(await made()).toEqual([{ state: "done", actor: "schedule" }]);
    } finally {
      stop.abort();
      await running;
    }
  });

  test("take up what a person asks for, and end what a process left behind", async () => {
    await using rig = await ReconcileRig.create(server);
    const broken = await insertReconciliation(rig.db, { state: "running", dryRun: false, actor: "schedule" });
    const asked = await insertReconciliation(rig.db, { state: "asked", dryRun: true, actor: "ada" });
    const withdrawn = await insertReconciliation(rig.db, { state: "asked", dryRun: true, actor: "ada" });
    expect(await withdrawReconciliation(rig.db, withdrawn)).toBe(true);
    rig.erp.set(rig.item(1), 999);
    const stop = new AbortController();
    const running = runReconciliations(
      {
        ...rig.deps(),
        schedule: "0 3 * * *",
        isErpAway: () => false,
        alone: (work, signal) => work(signal),
      },
      stop.signal,
    );
    try {
      await until(async () => (await readReconciliation(rig.db, asked))?.state === "done", {
        what: "the comparison that was asked for",
      });
    } finally {
      stop.abort();
      await running;
    }
    expect(await readReconciliation(rig.db, broken)).toMatchObject({
      state: "failed",
      reason: "its process ended in the middle",
    });
    expect(await readReconciliation(rig.db, withdrawn)).toMatchObject({ state: "failed" });
    expect(await rig.units(await stockRowId(rig.world, 1)), "a dry run writes nothing").toBe(1_000);
  });
});
