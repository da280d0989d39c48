import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keyOf } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { runCommand } from "../../support/command.ts";
import { SidecarInside } from "../../support/in-process.ts";
import type { NetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation } from "../../support/sidecar.ts";
import type { World } from "../../support/world.ts";

const TAX = "kind,country,category,tax_rules_group,subsidiary,from,to,erp_ref";

async function placeFrench(world: World): Promise<number> {
  const placed = await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
  return placed.orderId;
}

interface Parked {
  readonly subject: string;
  readonly state: string;
  readonly waits_for: string | null;
  readonly reason: string | null;
}

const ordersOf = (world: World): Promise<readonly Parked[]> =>
  world.rows<Parked>(
    `SELECT subject, state, waits_for, reason FROM ${world.table("erpsync_job")}
     WHERE subject LIKE 'order:%' ORDER BY subject`,
  );

/** Imports rows of tax entries as people do, and says how many jobs that freed. */
async function importTax(world: World, erp: NetSuiteEmulator, rows: readonly string[]): Promise<number> {
  const installation = await Installation.create(world, { netsuite: erp.settings() });
  const folder = mkdtempSync(join(tmpdir(), "erpsync-csv-"));
  const file = join(folder, "tax.csv");
  writeFileSync(file, `${[TAX, ...rows].join("\n")}\n`);
  const { out, err } = await runCommand(installation, "mapping", "import", "tax", file, "--json");
  rmSync(folder, { recursive: true });
  expect(err).toBe("");
  return (JSON.parse(out) as { freed: number }).freed;
}

const arrived = (erp: NetSuiteEmulator, ids: readonly number[]): readonly number[] =>
  ids.filter((id) => erp.orders().some((order) => order.externalId === keyOf(id)));

describe("an order that lacks an entry", () => {
  test("parks with the very rows to add, and arrives when they are imported, with all that waited for them", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    await importTax(world, erp, ["tax,DE,,,,,,502"]);
    const ids = [await placeFrench(world), await placeFrench(world)];
    await sidecar.workOff();
    expect(arrived(erp, ids)).toEqual([]);
    for (const job of await ordersOf(world)) {
      expect(job).toMatchObject({ state: "parked", waits_for: "mapping:tax" });
      expect(job.reason).toContain("tax,FR,,1,,,,");
      expect(job.reason).toContain("tax,FR,shipping,,,,,");
    }

    // One of the two rows: all go on, still lack the other, and wait again at once without a call to the ERP.
    const calls = erp.calls().length;
    expect(await importTax(world, erp, ["tax,FR,,1,,,,501"])).toBe(2);
    await sidecar.workOff();
    for (const job of await ordersOf(world)) {
      expect(job).toMatchObject({ state: "parked", waits_for: "mapping:tax" });
      expect(job.reason).not.toContain("tax,FR,,1,");
      expect(job.reason).toContain("tax,FR,shipping,,,,,");
    }
    expect(erp.calls().length).toBe(calls);

    expect(await importTax(world, erp, ["tax,FR,shipping,,,,,501"])).toBe(2);
    await sidecar.workOff();
    expect(arrived(erp, ids)).toEqual(ids);
  });

  test("is not parked where its kind has no entry at all", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const ids = [await placeFrench(world)];
    await sidecar.workOff();
    expect(arrived(erp, ids)).toEqual(ids);
  });
});
