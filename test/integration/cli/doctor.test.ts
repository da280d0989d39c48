import { expect, test } from "vitest";
import { runCommand } from "../../support/command.ts";
import { eachServer } from "../../support/each-server.ts";
import { grantFromFile } from "../../support/grants.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { startShopEndpoint } from "../../support/shop-endpoint.ts";
import { Installation } from "../../support/sidecar.ts";
import { World } from "../../support/world.ts";

const SECRET = "s".repeat(40);

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly message: string;
  readonly remedy: string;
}

async function examine(installation: Installation): Promise<{
  readonly code: number;
  readonly faults: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly all: readonly Finding[];
}> {
  const { code, out } = await runCommand(installation, "doctor", "--json");
  const { findings } = JSON.parse(out) as { findings: readonly Finding[] };
  const of = (level: string): readonly Finding[] => findings.filter((finding) => finding.level === level);
  return { code, faults: of("fault"), warnings: of("warning"), all: findings };
}

const checks = (findings: readonly Finding[]): readonly string[] => findings.map(({ check }) => check);

eachServer("erpsync doctor", (server) => {
  test("with the rights of db/grants and all set up there is neither fault nor warning", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    await using endpoint = await startShopEndpoint(SECRET);
    const settings = {
      netsuite: erp.settings(),
      shop: { url: endpoint.url },
      http: { apiToken: "t".repeat(32) },
    };
    const installation = await Installation.create(world, settings);
    const database = await grantFromFile(world, "run");
    installation.configure(world, { ...settings, database });

    const { all, code } = await examine(installation);

    expect(all.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(code).toBe(0);
    const human = await runCommand(installation, "doctor");
    expect(human.out).toContain("0 faults, 0 warnings.");
  });

  test("all faults are told at once, each with its remedy", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    await using endpoint = await startShopEndpoint("another secret");
    const settings = { netsuite: erp.settings(), shop: { url: endpoint.url } };
    const installation = await Installation.create(world, settings);
    const database = await grantFromFile(world, "run");
    installation.configure(world, { ...settings, database });
    endpoint.state.aheadMs = 120_000;
    await world.pool.query(
      `REVOKE INSERT, DELETE ON ${world.database}.${world.prefix}erpsync_job FROM '${database.user}'@'127.0.0.1'`,
    );
    await world.pool.query(`DELETE FROM ${world.table("module")} WHERE name = 'erpsync'`);
    await world.pool.query(`DELETE FROM ${world.table("erpsync_migration")} WHERE id = 2`);
    await erp.down();

    const { code, faults } = await examine(installation);

    expect(code).toBe(1);
    expect([...checks(faults)].sort()).toEqual(
      ["schema", "grants", "module", "shop-endpoint", "clock-shop", "erp"].sort(),
    );
    for (const { remedy } of faults) expect(remedy).not.toBe("");
    expect(faults.find(({ check }) => check === "grants")?.remedy).toContain("GRANT INSERT, DELETE");
  });

  test("a database that cannot be reached hides nothing that needs it not, and a wrong key is named", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    await using endpoint = await startShopEndpoint(SECRET);
    endpoint.state.shopKey = "other";
    endpoint.state.losses = { count: 3, byCause: { deadlock: 3 } };
    const settings = { netsuite: erp.settings(), shop: { url: endpoint.url } };
    const installation = await Installation.create(world, settings);
    installation.configure(world, { ...settings, database: { password: "wrong" } });

    const { all, faults, warnings } = await examine(installation);

    expect(checks(faults)).toEqual(["database", "shop-key"]);
    expect(checks(warnings)).toEqual(["losses"]);
    expect(all.filter(({ level }) => level === "skipped").length).toBeGreaterThan(5);
    expect(all.find(({ check }) => check === "erp")?.level).toBe("ok");
  });

  test("polling and a user that may do everything cost a warning, and no fault", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    await using endpoint = await startShopEndpoint(SECRET);
    const installation = await Installation.create(world, {
      netsuite: erp.settings(),
      shop: { url: endpoint.url },
      capture: { mode: "polling" },
      http: { apiToken: "t".repeat(32) },
    });

    const { code, faults, warnings } = await examine(installation);

    expect(faults).toEqual([]);
    expect([...checks(warnings)].sort()).toEqual(["binlog", "grants-excess", "stock-ledger"]);
    expect(warnings[0]?.message ?? "").not.toBe("");
    expect(code).toBe(0);
  });
});

eachServer("erpsync doctor on stock", (server) => {
  test("the shop's settings, a missing token, missing rights and an owner erp without mappings are told", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    await using endpoint = await startShopEndpoint(SECRET);
    const settings = {
      ...{ netsuite: erp.settings(), shop: { url: endpoint.url } },
      stock: { owner: "erp", shopId: 3 },
    };
    const installation = await Installation.create(world, settings);
    const database = await grantFromFile(world, "run");
    installation.configure(world, { ...settings, database });
    await world.pool.query(
      `UPDATE ${world.table("configuration")} SET value = '0'
       WHERE name IN ('ERPSYNC_LOCK_CHECKOUT', 'ERPSYNC_CAPTURE_STOCK', 'PS_STOCK_MANAGEMENT')`,
    );
    await world.pool.query(
      `REVOKE UPDATE (quantity, physical_quantity) ON ${world.database}.${world.prefix}stock_available
       FROM '${database.user}'@'127.0.0.1'`,
    );

    const { code, faults, warnings } = await examine(installation);

    expect(code).toBe(1);
    expect([...checks(faults)].sort()).toEqual(["grants", "stock-mappings", "stock-shop"]);
    expect(faults.find(({ check }) => check === "grants")?.message).toContain("stock_available");
    expect([...checks(warnings)].sort()).toEqual([
      ...["api-token", "stock-declared", "stock-lock", "stock-management"],
    ]);
  });
});

test("every fault of the configuration is a finding, and nothing else is looked at", async () => {
  await using world = await World.create();
  const installation = await Installation.create(world, { netsuite: {}, shop: { secret: "short" } });

  const { code, faults } = await examine(installation);

  expect(code).toBe(1);
  expect(faults.length).toBeGreaterThan(1);
  expect(checks(faults).every((check) => check === "config")).toBe(true);
});
