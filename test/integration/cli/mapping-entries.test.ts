import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { MappingCheck } from "../../../sidecar/orders/mapping-check.ts";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import { pageMappedOrders } from "../../../sidecar/shop/mapping-facts-statements.ts";
import { type CommandEnd, runCommand } from "../../support/command.ts";
import { oneServer } from "../../support/each-server.ts";
import { insertJob, jobStates } from "../../support/job-rows.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation } from "../../support/sidecar.ts";
import { World } from "../../support/world.ts";

const TAX = "kind,country,category,tax_rules_group,subsidiary,from,to,erp_ref";

/** A shop with the commands on it, and a folder for files. */
class Shop {
  readonly world: World;
  readonly #installation: Installation;
  readonly #folder = mkdtempSync(join(tmpdir(), "erpsync-csv-"));

  constructor(world: World, installation: Installation) {
    this.world = world;
    this.#installation = installation;
    world.onDispose(() => {
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  mapping(...args: readonly string[]): Promise<CommandEnd> {
    return runCommand(this.#installation, "mapping", ...args);
  }

  import(kind: string, rows: readonly string[], ...options: readonly string[]): Promise<CommandEnd> {
    return this.importAs(`${kind}.csv`, kind, rows, ...options);
  }

  async importAs(
    name: string,
    kind: string,
    rows: readonly string[],
    ...options: readonly string[]
  ): Promise<CommandEnd> {
    const file = join(this.#folder, name);
    writeFileSync(file, `${rows.join("\n")}\n`);
    return await this.mapping("import", kind, file, ...options);
  }

  async check(...options: readonly string[]): Promise<MappingCheck & { readonly code: number }> {
    const { code, out } = await this.mapping("check", "--json", ...options);
    return { ...(JSON.parse(out) as MappingCheck), code };
  }
}

async function openShop(server: World["server"]): Promise<AsyncDisposable & { readonly shop: Shop }> {
  const world = await World.create({ server });
  const erp = await startNetSuiteEmulator();
  const installation = await Installation.create(world, { netsuite: erp.settings() });
  return {
    shop: new Shop(world, installation),
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await erp[Symbol.asyncDispose]();
    },
  };
}

oneServer("erpsync mapping with entries", (server) => {
  test("an export gives an import back, whatever stands in its fields", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    const files = {
      tax: [
        TAX,
        "tax,,,,,,,ZERO",
        "tax,FR,,12,,2026-01-01,2026-12-31,FR20",
        'tax,FR,shipping,,"S, 1",,,"""20"""',
      ],
      payment: ["kind,module,method,subsidiary,erp_ref", 'payment,mollie,"Carte, à débit | différé",,P1'],
      subsidiary: ["kind,shop,country,erp_ref", "subsidiary,,DE,S2", "subsidiary,1,,S1"],
      carrier: ["kind,carrier,subsidiary,erp_ref", "carrier,2,,C2"],
      state: ["kind,state,erp_ref", "state,5,delivered"],
      currency: ["kind,currency,erp_ref", "currency,EUR,1"],
    };
    for (const [kind, rows] of Object.entries(files)) {
      const { code, out } = await shop.import(kind, rows, "--json");
      expect([code, JSON.parse(out)]).toMatchObject([0, { added: rows.length - 1, changed: 0, same: 0 }]);
      expect((await shop.mapping("export", kind)).out).toBe(`${rows.join("\n")}\n`);
      const again = await shop.import(kind, rows, "--json");
      expect(JSON.parse(again.out)).toMatchObject({ added: 0, changed: 0, same: rows.length - 1 });
    }
    const actions = await shop.world.rows(
      `SELECT subject FROM ${shop.world.table("erpsync_action")} WHERE action = 'mapping.import' ORDER BY id`,
    );
    expect(actions).toEqual(Object.keys(files).map((subject) => ({ subject })));
  });

  test("an import frees all jobs that wait for its kind, and no others", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    await insertJob(shop.world, { subject: "order:1", state: "parked", waitsFor: "mapping:tax" });
    await insertJob(shop.world, { subject: "order:2", state: "parked", waitsFor: "mapping:tax" });
    await insertJob(shop.world, { subject: "order:3", state: "parked", waitsFor: "mapping:carrier" });
    await insertJob(shop.world, { subject: "order:4", state: "dead", waitsFor: "mapping:tax" });

    const imported = await shop.import("tax", [TAX, "tax,FR,,,,,,20"], "--json");

    expect(JSON.parse(imported.out)).toMatchObject({ added: 1, freed: 2 });
    const states = { "order:1": "ready", "order:2": "ready", "order:3": "parked", "order:4": "dead" };
    expect(await jobStates(shop.world)).toEqual(states);
  });

  test("an import that would overlap what stands changes nothing and frees nobody", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    await shop.import("tax", [TAX, "tax,FR,,,,,,20", "tax,DE,,,,,,19"]);
    await insertJob(shop.world, { subject: "order:1", state: "parked", waitsFor: "mapping:tax" });
    const before = (await shop.mapping("export", "tax")).out;

    const refused = await shop.import("tax", [TAX, "tax,IT,,,,,,22", "tax,FR,,,,2027-01-01,,21"]);

    expect(refused.code).toBe(1);
    expect(refused.err).toContain("line 3: tax,FR,,,,2027-01-01,,21 holds on days of an entry that stands");
    expect((await shop.mapping("export", "tax")).out).toBe(before);
    expect(await jobStates(shop.world)).toEqual({ "order:1": "parked" });
  });

  test("of two imports at once that share a day one is refused, whichever comes first", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    const imports = await Promise.all(
      ["tax,FR,,,,,2026-12-31,20", "tax,FR,,,,2026-07-01,,21", "tax,FR,,,,2026-12-01,,22"].map((row, n) =>
        shop.importAs(`file-${n}.csv`, "tax", [TAX, row]),
      ),
    );
    expect(imports.map(({ code }) => code).sort()).toEqual([0, 1, 1]);
    expect((await shop.mapping("export", "tax")).out.trimEnd().split("\n")).toHaveLength(2);
  });

  test("a VAT change is two rows: the old one ends, the new one begins; days between them are told", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    await shop.import("tax", [TAX, "tax,FR,,,,,,20"]);

    const changed = await shop.import("tax", [TAX, "tax,FR,,,,,2026-12-31,20", "tax,FR,,,,2027-02-01,,21"]);

    expect(changed.out).toContain("1 entry added, 1 changed, 0 removed, 0 the same; 0 waiting jobs freed.");
    expect(changed.out).toContain("  2027-01-01 to 2027-01-31: tax,FR,,,,2027-01-01,2027-01-31,");
  });

  test("a whole list replaces what stood, and that is not offered for products", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    await shop.import("tax", [TAX, "tax,FR,,,,,,20", "tax,DE,,,,,,19"]);
    const replaced = await shop.import(
      "tax",
      [TAX, "tax,DE,,,,,,19", "tax,IT,,,,,,22"],
      "--replace",
      "--json",
    );
    expect(JSON.parse(replaced.out)).toMatchObject({ added: 1, same: 1, removed: 1 });
    expect((await shop.mapping("export", "tax")).out).toBe(`${TAX}\ntax,DE,,,,,,19\ntax,IT,,,,,,22\n`);
    const products = ["shop_key,external_id,erp_ref", "1,SKU-1,7001"];
    expect((await shop.import("product", products, "--replace")).code).toBe(2);
  });

  test("5,000 entries are imported, exported and found", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    const rows = Array.from({ length: 5_000 }, (_, n) => `tax,FR,${n},,,,,T${n}`);
    const imported = await shop.import("tax", [TAX, ...rows], "--json");
    expect(JSON.parse(imported.out)).toMatchObject({ added: 5_000 });
    const exported = (await shop.mapping("export", "tax")).out.trimEnd().split("\n");
    expect(exported.slice(1).sort()).toEqual([...rows].sort());
  });

  test("the check names the rows that orders lack with their counts, and nothing once they are there", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    const { world } = shop;
    const orders: number[] = [];
    // Customers are in France, Germany and the United States in turn.
    for (const customerId of [1, 2, 1, 3]) {
      const line = { productId: 1, quantity: 1 };
      orders.push((await world.shop().placeOrder({ customerId, lines: [line] })).orderId);
    }
    const [, , , last = 0] = orders;
    await world.pool.query(
      `UPDATE ${world.table("orders")} SET date_add = UTC_TIMESTAMP() - INTERVAL 40 DAY, total_shipping_tax_incl = 0`,
    );
    expect(await shop.check()).toMatchObject({ code: 0, orders: 4, lacking: 0, missing: [] });

    await shop.import("tax", [TAX, "tax,DE,,,,,,19"]);
    expect(await shop.check()).toMatchObject({
      ...{ code: 1, orders: 4, lacking: 3 },
      missing: [
        { row: "tax,FR,,1,,,,", orders: 2, firstOrder: orders[0], lastOrder: orders[2] },
        { row: "tax,US,,1,,,,", orders: 1, firstOrder: last, lastOrder: last },
      ],
    });
    expect(await shop.check("--days", "30")).toMatchObject({ code: 0, orders: 0 });
    const { out } = await shop.mapping("check");
    expect(out).toContain("4 orders of the last 90 days: 3 without a mapping entry.");
    expect(out).toContain(`  tax,US,,1,,,,   (1 order, ${last} to ${last})`);

    await shop.import("tax", [TAX, "tax,FR,,1,,,,20", "tax,US,,1,,,,0"]);
    expect(await shop.check()).toMatchObject({ code: 0, lacking: 0, missing: [] });
    expect(await shop.check("--kinds", "currency")).toMatchObject({
      missing: [{ row: "currency,EUR,", orders: 4 }],
    });
    // No order waits for a state, so states are told on demand only, also where some are mapped.
    await shop.import("state", ["kind,state,erp_ref", "state,99,x"]);
    expect(await shop.check()).toMatchObject({ code: 0, lacking: 0 });
    expect(await shop.check("--kinds", "state")).toMatchObject({ code: 1, lacking: 4 });
    expect((await shop.mapping("check", "--kinds", "colours")).code).toBe(2);
  });

  test("a walk over orders page by page meets each once, also those of one second", async () => {
    await using world = await World.create({ server });
    const placed: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      const lines = [{ productId: 1, quantity: 1 }];
      placed.push((await world.shop().placeOrder({ customerId: 1, lines })).orderId);
    }
    // The last is older than the others, which share their second.
    await world.pool.query(
      `UPDATE ${world.table("orders")} SET date_add = UTC_TIMESTAMP() - INTERVAL IF(id_order = ?, 3, 2) DAY`,
      [placed.at(-1)],
    );
    const db = openDatabase({ ...world.settings, connections: 1 });
    world.onDispose(() => db.destroy());
    const met: number[] = [];
    let after = { placedAt: "1000-01-01 00:00:00", id: 0 };
    for (;;) {
      const [row, ...more] = await pageMappedOrders(db, 90, after, 1);
      expect(more).toEqual([]);
      if (row === undefined) break;
      met.push(row.id_order);
      after = { placedAt: row.date_add, id: row.id_order };
    }
    expect(met).toEqual([placed.at(-1), ...placed.slice(0, -1)]);
  });

  test("an order of the last minutes of a year is looked up by its country's clock and the shop's setting", async () => {
    await using opened = await openShop(server);
    const { shop } = opened;
    const { world } = shop;
    const placed = await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    const portugal = 900;
    await world.pool.query(
      `INSERT INTO ${world.table("country")} (id_country, id_zone, iso_code, call_prefix, active, contains_states,
         display_tax_label) VALUES (?, 1, 'PT', 351, 1, 0, 1)`,
      [portugal],
    );
    await world.pool.query(
      `UPDATE ${world.table("address")} SET id_country = ? WHERE id_address =
         (SELECT id_address_delivery FROM ${world.table("orders")} WHERE id_order = ?)`,
      [portugal, placed.orderId],
    );
    // The shop is in Paris: it is still the old year in Lisbon.
    await world.pool.query(
      `UPDATE ${world.table("orders")} SET date_add = '2026-01-01 00:30:00', total_shipping_tax_incl = 0`,
    );
    await shop.import("tax", [TAX, "tax,PT,,,,2026-01-01,,23"]);
    const wide = ["--days", "3660"] as const;
    expect((await shop.check(...wide)).missing.map(({ row }) => row)).toEqual(["tax,PT,,1,,,,"]);
    await world.pool.query(
      `UPDATE ${world.table("configuration")} SET value = 'Europe/Lisbon' WHERE name = 'PS_TIMEZONE'`,
    );
    expect(await shop.check(...wide)).toMatchObject({ orders: 1, lacking: 0 });
  });
});
