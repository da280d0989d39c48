import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { Rig } from "../../fault/rig.ts";
import { runCommand } from "../../support/command.ts";
import { oneServer } from "../../support/each-server.ts";
import { until } from "../../support/until.ts";
import type { World } from "../../support/world.ts";

const LINES = [{ productId: 1, quantity: 2 }];

async function place(world: World, more: { readonly reference?: string } = {}): Promise<number> {
  return (await world.shop().placeOrder({ customerId: 1, lines: LINES, ...more })).orderId;
}

const monthOf = async (world: World): Promise<string> => {
  const [row] = await world.rows<{ month: string }>(
    `SELECT DATE_FORMAT(MIN(date_add), '%Y-%m') AS month FROM ${world.table("orders")}`,
  );
  return row?.month ?? "";
};

oneServer("erpsync reconcile orders and report month", (server) => {
  test("compare what a person asks for, list what differs, and make the report that finance signs", {
    timeout: 120_000,
  }, async () => {
    await using rig = await Rig.open({ server, sidecar: { export: { afterOrder: 0 } } });
    const { erp, installation, world } = rig;
    const sidecar = await rig.start();
    const [agreeing, changed] = [await place(world), await place(world, { reference: "=HACKED()" })];
    await until(() => erp.orders().length === 2, { what: "the orders in the ERP", timeoutMs: 20_000 });
    const month = await monthOf(world);

    const before = await runCommand(installation, "report", "month", month);
    expect(before).toMatchObject({ code: 1, err: "" });
    expect(before.out).toContain("2 were not compared as they are now");
    expect(before.out).toContain(`erpsync reconcile orders --month ${month}`);

    const all = ["reconcile", "orders", "--month", month] as const;
    const compared = await runCommand(installation, ...all, "--reason", "month's end", "--actor", "ada");
    expect(compared).toMatchObject({ code: 0, err: "" });
    expect(compared.out).toContain("2 orders compared, 0 differ, 0 left to the next one");
    expect(compared.out).toContain("0 stock discrepancies open");
    expect(await world.rows(`SELECT actor, action, reason FROM ${world.table("erpsync_action")}`)).toEqual([
      { actor: "ada", action: "orders.reconcile", reason: "month's end" },
    ]);
    expect((await runCommand(installation, "reconcile", "differences")).out).toBe("No order differs.\n");

    const signed = await runCommand(installation, "report", "month", month, "--json");
    expect(signed.code).toBe(0);
    expect(JSON.parse(signed.out)).toMatchObject({
      ...{ month, orders: 2, verdicts: { agrees: 2, uncompared: 0 } },
      currencies: [{ currency: "EUR", orders: 2, difference: "0.00" }],
    });

    // An edit that no comparison has seen yet: the report does not vouch for the order any more.
    await world.pool.query(
      `UPDATE ${world.table("orders")} SET total_paid_tax_incl = total_paid_tax_incl + 1 WHERE id_order = ?`,
      [changed],
    );
    const folder = mkdtempSync(join(tmpdir(), "erpsync-report-"));
    world.onDispose(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const file = join(folder, "month.csv");
    expect(await runCommand(installation, "report", "month", month, "--csv", file)).toMatchObject({
      code: 1,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const rows = parse<Record<string, string>>(readFileSync(file, "utf8"), { columns: true });
    expect(rows).toMatchObject([
      { order: String(agreeing), status: "agrees", difference: "0.00", currency: "EUR" },
      { order: String(changed), status: "not compared since it was changed", reference: "'=HACKED()" },
    ]);
    const onTerminal = await runCommand(installation, "report", "month", month, "--csv", "-");
    expect(onTerminal.out).toBe(readFileSync(file, "utf8"));
    expect(onTerminal.err).toContain("1 were not compared as they are now");

    await sidecar.logged("job.parked", 40_000);
    const differing = await runCommand(installation, ...all);
    expect(differing).toMatchObject({ code: 1, err: "" });
    expect(differing.out).toContain("1 differ");
    const listed = await runCommand(installation, "reconcile", "differences");
    expect(listed.code).toBe(1);
    expect(listed.out).toMatch(
      /Order \d+ \(ERP \d+\) differs since .* UTC, last compared .* UTC\n {4}total: /,
    );
    expect(listed.out).toContain("edited in the shop, job parked, E_ORDER_TOTALS");
    const after = await runCommand(installation, "report", "month", month);
    expect(after.out).toContain("1 agree, 1 differ");
    expect(after.out).toContain("the shop has 1.00 more");

    expect(sidecar.log.filter(({ event }) => event === "orders.reconciled")).toHaveLength(2);
    expect(sidecar.log.filter(({ event }) => event === "loop.failed")).toEqual([]);
    await sidecar.stop();
  });

  test("refuse what is no month, and withdraw what nobody takes up", { timeout: 60_000 }, async () => {
    await using rig = await Rig.open({ server });
    const { installation } = rig;
    expect(await runCommand(installation, "report", "month", "october")).toMatchObject({
      ...{ code: 2, err: '"october" is no month; write it as 2026-10\n' },
    });
    const both = ["--days", "3", "--month", "2026-10"];
    expect(await runCommand(installation, "reconcile", "orders", ...both)).toMatchObject({ code: 2 });
    const nobody = await runCommand(installation, "reconcile", "orders");
    expect(nobody).toMatchObject({ code: 2, out: "" });
    expect(nobody.err).toContain("Nobody took it up");
  });
});
