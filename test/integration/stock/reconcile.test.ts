import { expect, test } from "vitest";
import { ErpUnavailableError } from "../../../sidecar/erp/port.ts";
import { undoWrite } from "../../../sidecar/stock/undo.ts";
import { eachServer } from "../../support/each-server.ts";
import { insertJob } from "../../support/job-rows.ts";
import { insertMovements, stockRowId } from "../../support/stock-rows.ts";
import { ReconcileRig } from "./reconcile-rig.ts";

eachServer("a reconciliation", (server) => {
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
