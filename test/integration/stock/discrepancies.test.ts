import { expect, test } from "vitest";
import { stockRoutes } from "../../../sidecar/api-stock.ts";
import { loadConfig } from "../../../sidecar/config.ts";
import { startOpsServer } from "../../../sidecar/ops/http-server.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { openBase } from "../../../sidecar/wiring.ts";
import { runCommand } from "../../support/command.ts";
import { eachServer } from "../../support/each-server.ts";
import { insertJob } from "../../support/job-rows.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation } from "../../support/sidecar.ts";
import { insertDiscrepancy, insertMovements, insertWrite, stockRowId } from "../../support/stock-rows.ts";
import { ReconcileRig } from "./reconcile-rig.ts";

const TOKEN = "t".repeat(32);

/** A shop with a drift that a comparison found: the row has 1,000, the ERP says 990. */
async function driftedShop(server: Parameters<typeof ReconcileRig.create>[0]) {
  const rig = await ReconcileRig.create(server);
  const erp = await startNetSuiteEmulator();
  rig.world.onDispose(() => erp[Symbol.asyncDispose]());
  const installation = await Installation.create(rig.world, {
    netsuite: erp.settings(),
    stock: { owner: "erp" },
    http: { apiToken: TOKEN },
  });
  rig.erp.set(rig.item(2), 990);
  const row = await stockRowId(rig.world, 2);
  await insertMovements(rig.world, [
    { row, changeId: 1, delta: 10, after: 1_000, cause: "employee", actor: "employee:3" },
  ]);
  await rig.run();
  return { rig, installation, row };
}

const resolveLine = (id: number, side: string): readonly string[] => [
  ...["stock", "resolve", String(id), "--side", side, "--reason", "counted", "--actor", "ada"],
];

eachServer("erpsync stock discrepancies and resolve", (server) => {
  test("a drift is listed with both sides' figures, its probable cause and the row's last movements", async () => {
    const { rig, installation, row } = await driftedShop(server);
    await using _ = rig;
    await insertDiscrepancy(rig.world, { row, kind: "oversell", detail: { orders: [7, 8], units: 2 } });

    const { out } = await runCommand(installation, "stock", "discrepancies", "--kind", "drift");

    expect(out.split("\n").slice(0, 3)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Discrepancy 1 {2}drift {2}product 2, combination 0, stock row ${row}: the sides differ \\(found .* UTC\\)$`,
        ),
      ),
      `    shop 1000, ledger 1000, ERP 990 (The ERP has 990 of item ${rig.item(2)}); probable cause: employee:3 changed it in the shop, which the ERP does not hear of (+10, 2026-11-21 10:00:00 UTC); not corrected: too-many-units`,
      "    2026-11-21 10:00:00 UTC  +10 → 1000  employee 3 changed it",
    ]);
    const all = JSON.parse(
      (await runCommand(installation, "stock", "discrepancies", "--json")).out,
    ) as object[];
    expect(all).toMatchObject([
      { kind: "oversell", detail: { orders: [7, 8], units: 2 } },
      { kind: "drift", product: 2, shopUnits: 1_000, erpUnits: 990, detail: { cause: "employee" } },
    ]);
    expect((await runCommand(installation, "stock", "discrepancies", "--kind", "sort")).code).toBe(2);
  });

  test("the ERP's side is written as a difference that can be undone, is on record, and is chosen once", async () => {
    const { rig, installation, row } = await driftedShop(server);
    await using _ = rig;
    // Sold since: both sides hear of it, so the difference stays ten.
    await insertMovements(rig.world, [
      { row, changeId: 2, delta: -3, after: 997, cause: "sale", orderId: 9 },
    ]);
    await rig.set(row, 997);

    const resolved = await runCommand(installation, ...resolveLine(1, "erp"), "--json");

    expect(resolved.err).toBe("");
    expect(JSON.parse(resolved.out)).toEqual({ id: 1, side: "erp", writeId: 1, remains: null });
    expect(await rig.units(row)).toBe(987);
    expect(await rig.discrepancies()).toMatchObject([{ resolution: "erp", open_key: null }]);
    expect(
      await rig.world.rows(`SELECT actor, action, subject, reason FROM ${rig.world.table("erpsync_action")}`),
    ).toEqual([
      {
        ...{ actor: "ada", action: "stock.resolve", subject: "discrepancy:1" },
        reason: "counted; the ERP's figure was taken",
      },
    ]);
    const again = await runCommand(installation, ...resolveLine(1, "shop"));
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining("was resolved at") as string });
    await rig.follow();
    const undone = await runCommand(
      installation,
      ...["stock", "undo", "1", "--reason", "wrong side", "--actor", "ada"],
    );
    expect(undone.code).toBe(0);
    expect(await rig.units(row)).toBe(997);
  });

  test("the shop's side leaves the row alone and says what is to be changed in the ERP", async () => {
    const { rig, installation, row } = await driftedShop(server);
    await using _ = rig;

    const { code, out } = await runCommand(installation, ...resolveLine(1, "shop"));

    expect(code).toBe(0);
    expect(out).toContain(
      "the shop's figure stays; the ERP's figure is to be changed by a person: by +10, before the next snapshot sets the shop's row to it.",
    );
    expect(await rig.units(row)).toBe(1_000);
    expect(await rig.discrepancies()).toMatchObject([{ resolution: "shop" }]);
    const [action] = await rig.world.rows(`SELECT reason FROM ${rig.world.table("erpsync_action")}`);
    expect(action).toMatchObject({ reason: expect.stringMatching(/^counted; the ERP's figure/) as string });
  });

  test("a row that is not settled, has an order under way or was moved otherwise since is refused with the reason", async () => {
    const { rig, installation, row } = await driftedShop(server);
    await using _ = rig;
    const { world } = rig;
    const refused = async (): Promise<string> => {
      const { code, err } = await runCommand(installation, ...resolveLine(1, "erp"));
      expect(code).toBe(2);
      return err;
    };
    const flag = (unsettled: number): Promise<unknown> =>
      world.pool.query(
        `UPDATE ${world.table("erpsync_stock_row")} SET unsettled = ? WHERE id_stock_available = ?`,
        [unsettled, row],
      );

    await flag(1);
    expect(await refused()).toContain("is in motion");
    await flag(0);
    await insertJob(world, { subject: "order:7", state: "ready" });
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_stock_line")}
         (id_order_detail, id_stock_available, id_order, factor, whole, units, moved, owed, cause, change_id, announced, first_seen_at, changed_at)
       VALUES (9, ?, 7, 1, 1, 1, -1, 0, 'sale', 1, 1, NOW(6), NOW(6))`,
      [row],
    );
    expect(await refused()).toContain("Order 7 takes from the stock row");
    await world.pool.query(`UPDATE ${world.table("erpsync_job")} SET state = 'dead'`);
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_operation")}
         (op_key, subject, number, kind, external_id, state, body, body_hash, created_at)
       VALUES ('order:7#1', 'order:7', 1, 'create', 'PS-main-7', 'open', '', '', NOW(6))`,
    );
    expect(await refused()).toContain("Order 7 takes from the stock row");
    await world.pool.query(`DELETE FROM ${world.table("erpsync_operation")}`);
    await insertMovements(world, [{ row, changeId: 2, delta: -10, after: 990, cause: "snapshot" }]);
    expect(await refused()).toContain("was moved since it was compared (snapshot)");
    expect(await rig.units(row)).toBe(1_000);
    expect((await rig.discrepancies())[0]).toMatchObject({ resolution: null });
    const gap = await insertDiscrepancy(world, { row, kind: "gap", shopUnits: 3 });
    const none = await runCommand(installation, ...resolveLine(gap, "erp"));
    expect(none.err).toContain("holds no figure of the ERP");
    expect((await runCommand(installation, ...resolveLine(99, "erp"))).err).toContain(
      "There is no discrepancy 99",
    );
    expect((await runCommand(installation, ...resolveLine(1, "ours"))).code).toBe(2);
  });

  test("a choice whose process died between its write and its record is carried to its end, and written once", async () => {
    const { rig, installation, row } = await driftedShop(server);
    await using _ = rig;
    const write = await insertWrite(rig.world, {
      row,
      source: "discrepancy:1",
      delta: -10,
      cause: "correction",
    });
    await rig.set(row, 990);
    await insertMovements(rig.world, [
      { row, changeId: 2, delta: -10, after: 990, cause: "correction", source: "discrepancy:1" },
    ]);

    const { out } = await runCommand(installation, ...resolveLine(1, "erp"));

    expect(out).toContain(`write ${write}`);
    expect(await rig.units(row)).toBe(990);
    expect(await rig.discrepancies()).toMatchObject([{ resolution: "erp" }]);
  });

  test("the API tells the same and takes a choice from who has the token", async () => {
    const { rig, installation, row } = await driftedShop(server);
    await using _ = rig;
    const base = openBase(await loadConfig(installation.configFile), () => undefined);
    const ops = await startOpsServer({
      ...{ host: "127.0.0.1", port: 0, metrics: createMetrics(), log: () => undefined, apiToken: TOKEN },
      readiness: () => Promise.resolve({ ready: true, reasons: [] }),
      refresh: () => Promise.resolve(),
      live: () => {
        throw new TypeError("not asked");
      },
      apiRoutes: stockRoutes(base),
    });
    const call = async (path: string, body?: object): Promise<{ status: number; body: object }> => {
      const answer = await fetch(`${ops.address}/api${path}`, {
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: (await answer.json()) as object };
    };
    try {
      expect((await fetch(`${ops.address}/api/stock/discrepancies`)).status).toBe(401);
      expect(await call("/stock/discrepancies?kind=drift")).toMatchObject({
        status: 200,
        body: { discrepancies: [{ id: 1, product: 2, erpUnits: 990, movements: [{ delta: 10 }] }] },
      });
      expect(await call("/stock/explain/2?limit=10")).toMatchObject({
        status: 200,
        body: { product: 2, rows: [{ row, movements: [{ says: "employee 3 changed it" }] }] },
      });
      expect((await call("/stock/explain/999")).status).toBe(404);
      expect((await call("/stock/explain/x?limit=0")).status).toBe(400);
      expect(await call("/stock/discrepancies/1/resolve", { side: "both" })).toMatchObject({
        status: 400,
        body: { error: { message: expect.stringContaining("body.reason") as string } },
      });
      const choice = { side: "erp", reason: "counted", actor: "ada" };
      // Nothing is written before the shop's identity was checked.
      expect((await call("/stock/discrepancies/1/resolve", choice)).status).toBe(503);
      await base.guard.check();
      expect(await call("/stock/discrepancies/1/resolve", choice)).toEqual({
        status: 200,
        body: { id: 1, side: "erp", writeId: 1, remains: null },
      });
      expect(await rig.units(row)).toBe(990);
      expect((await call("/stock/discrepancies/1/resolve", choice)).status).toBe(400);
    } finally {
      await ops.close();
      await base.close();
    }
  });
});
