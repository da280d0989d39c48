import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../../support/command.ts";
import { eachServer } from "../../support/each-server.ts";
import { insertJob, jobStates } from "../../support/job-rows.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation } from "../../support/sidecar.ts";
import { World } from "../../support/world.ts";

const ORDER = { customerId: 1, lines: [{ productId: 1, quantity: 1 }], hooks: "off" } as const;

function ownFolder(world: World): string {
  const folder = mkdtempSync(join(tmpdir(), "erpsync-csv-"));
  world.onDispose(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

eachServer("erpsync sync and mapping", (server) => {
  test("a backfill asks once for each order of the span, and leaves alone what the ERP has", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    const ids: number[] = [];
    for (let count = 0; count < 4; count += 1) ids.push((await world.shop().placeOrder(ORDER)).orderId);
    const [old = 0, first = 0, second = 0, exported = 0] = ids;
    await world.pool.query(
      `UPDATE ${world.table("orders")} SET date_add = '2020-01-01 00:00:00' WHERE id_order = ?`,
      [old],
    );
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_mapping")} VALUES
        ('order', ?, 'PS-main-4', '77', NULL, 'sync', UTC_TIMESTAMP(6))`,
      [String(exported)],
    );

    const sync = (...args: readonly string[]) =>
      runCommand(installation, "sync", "orders", "--json", ...args);

    expect(JSON.parse((await sync("--since", "2021-01-01")).out)).toEqual({ asked: 2, known: 1 });
    expect(JSON.parse((await sync("--since", "2021-01-01")).out)).toEqual({ asked: 0, known: 3 });
    expect(JSON.parse((await sync("--orders", `${old},${first}`)).out)).toEqual({ asked: 1, known: 1 });
    const jobs = await world.rows<{ subject: string; requested: number }>(
      `SELECT subject, requested FROM ${world.table("erpsync_job")} ORDER BY subject`,
    );
    expect(jobs).toEqual(
      [old, first, second].map((id) => ({ subject: `order:${id}`, requested: 1 })).sort(bySubject),
    );
    const actions = await world.rows(`SELECT action FROM ${world.table("erpsync_action")}`);
    expect(actions).toEqual([
      { action: "sync.orders" },
      { action: "sync.orders" },
      { action: "sync.orders" },
    ]);
    expect((await sync("--since", "yesterday")).code).toBe(2);
    expect((await sync()).code).toBe(2);
  });

  test("an import frees the jobs that waited for its rows, and an export gives the file back", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    const file = join(ownFolder(world), "products.csv");
    writeFileSync(file, "shop_key,external_id,erp_ref\n1,SKU-1,7001\n2:5,SKU-2,7002\n");
    await insertJob(world, { subject: "order:1", state: "parked", waitsFor: "mapping:product:1:0" });
    await insertJob(world, { subject: "order:2", state: "parked", waitsFor: "mapping:product:9:0" });

    const imported = await runCommand(installation, "mapping", "import", "product", file, "--json");
    const again = await runCommand(installation, "mapping", "import", "product", file, "--json");
    const exported = await runCommand(installation, "mapping", "export", "product");

    expect(JSON.parse(imported.out)).toEqual({ added: 2, changed: 0, same: 0, freed: 1 });
    expect(JSON.parse(again.out)).toEqual({ added: 0, changed: 0, same: 2, freed: 0 });
    expect(await jobStates(world)).toEqual({ "order:1": "ready", "order:2": "parked" });
    expect(exported.out).toBe("shop_key,external_id,erp_ref\n1:0,SKU-1,7001\n2:5,SKU-2,7002\n");
    const copy = join(ownFolder(world), "copy.csv");
    await runCommand(installation, "mapping", "export", "product", copy);
    expect(readFileSync(copy, "utf8")).toBe(exported.out);
  });

  test("a file with a faulty row changes nothing, and each fault names its line", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    const file = join(ownFolder(world), "customers.csv");
    writeFileSync(file, "shop_key,external_id,erp_ref\n9,CUST-9,31\nten,CUST-10,32\n11,CUST-11,\n");

    const { code, err } = await runCommand(installation, "mapping", "import", "customer", file);

    expect(code).toBe(1);
    expect(err).toContain("nothing was imported");
    expect(err).toContain("line 3: shop_key");
    expect(err).toContain("line 4: erp_ref");
    expect(await world.rows(`SELECT * FROM ${world.table("erpsync_mapping")}`)).toEqual([]);
    expect((await runCommand(installation, "mapping", "import", "order", file)).code).toBe(2);
  });
});

function bySubject(a: { readonly subject: string }, b: { readonly subject: string }): number {
  return a.subject < b.subject ? -1 : 1;
}
