import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../support/netsuite-emulator.ts";
import { Installation, itemOf, type SidecarProcess } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { freshShop } from "./fresh-shop.ts";
import type { RealShop } from "./real-shop.ts";

/** "Processing in progress" of a fresh shop: it sends a mail, but here mails are off. */
const STATE_AFTER_EXPORT = 3;

let shop: RealShop;
let erp: NetSuiteEmulator;
let installation: Installation;
let sidecar: SidecarProcess;

async function mapProducts(): Promise<void> {
  const rows = (await shop.rows(
    "SELECT DISTINCT id_product, id_product_attribute FROM {stock_available}",
  )) as { id_product: number; id_product_attribute: number }[];
  erp.addItems(rows.map(itemOf));
  for (const row of rows) {
    await shop.rows(
      "INSERT INTO {erpsync_mapping} VALUES ('product', ?, ?, ?, NULL, 'import', UTC_TIMESTAMP(6))",
      [`${row.id_product}:${row.id_product_attribute}`, `ITEM-${itemOf(row)}`, itemOf(row)],
    );
  }
}

beforeAll(async () => {
  shop = await freshShop();
  erp = await startNetSuiteEmulator();
  installation = await Installation.create(shop, {
    netsuite: erp.settings(),
    shop: { url: shop.url, secret: await shop.setting("ERPSYNC_SECRET") },
    export: { stateAfterExport: STATE_AFTER_EXPORT },
  });
  await mapProducts();
  sidecar = await installation.start("erp.port_held");
  await sidecar.logged("capture.resumed");
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await erp.close();
});

/** External ids of the ERP's orders for these orders of the shop. */
function inErp(orders: readonly { readonly id_order: number }[]): readonly string[] {
  const wanted = new Set(orders.map((order) => `PS-main-${order.id_order}`));
  return erp.orders().flatMap((order) => (wanted.has(order.externalId) ? [order.externalId] : []));
}

describe("a real shop with the module and the sidecar", () => {
  test("200 orders from 8 PHP processes at once each stand in the ERP exactly once", async () => {
    const batches = await Promise.all(Array.from({ length: 8 }, () => shop.placeOrders(25)));
    const placed = batches.flat();
    expect(placed).toHaveLength(200);
    await until(() => inErp(placed).length >= 200, { what: "200 orders in the ERP", timeoutMs: 60_000 });
    expect(new Set(inErp(placed)).size).toBe(200);
    expect(inErp(placed)).toHaveLength(200);
    expect(erp.duplicates()).toEqual([]);
    expect(await shop.count("SELECT COUNT(*) FROM {erpsync_missed_hook}")).toBe(0);
  });

  test("an exported order gets the configured state in the shop, once, and its confirmation for the back office", async () => {
    const [placed] = await shop.placeOrders(1);
    const order = placed?.id_order ?? 0;
    const state = "SELECT current_state FROM {orders} WHERE id_order = ?";
    await until(async () => (await shop.count(state, [order])) === STATE_AFTER_EXPORT, {
      what: "the order's state in the shop",
      timeoutMs: 30_000,
    });
    await until(
      async () => (await shop.count("SELECT COUNT(*) FROM {erpsync_job} WHERE state NOT IN ('done')")) === 0,
      { what: "an empty queue", timeoutMs: 60_000 },
    );
    const histories = "SELECT COUNT(*) FROM {order_history} WHERE id_order = ? AND id_order_state = ?";
    expect(await shop.count(histories, [order, STATE_AFTER_EXPORT])).toBe(1);
    const [confirmation] = await shop.rows("SELECT * FROM {erpsync_confirmation} WHERE id_order = ?", [
      order,
    ]);
    expect(confirmation).toMatchObject({ erp: "netsuite", external_id: `PS-main-${order}` });
  });

  test("an order that the ERP has is never sent again by what its status or its confirmation brings", () => {
    const creates = erp.calls().filter((call) => call.method === "POST" && call.path.endsWith("/salesOrder"));
    const accepted = creates.filter((call) => call.status === 204);
    expect(accepted).toHaveLength(erp.orders().length);
    expect(erp.calls().filter((call) => call.method === "PATCH")).toEqual([]);
  });

  test("an order placed while the sidecar is down arrives when it is back, and one is not enough to kill it", async () => {
    await sidecar.kill9();
    const placed = await shop.placeOrders(3);
    expect(inErp(placed)).toEqual([]);
    sidecar = await installation.start("erp.port_held");
    await until(() => inErp(placed).length === 3, { what: "the orders of the outage", timeoutMs: 30_000 });
    expect(erp.duplicates()).toEqual([]);
  });

  test("with the module disabled every order still arrives, and the missed hooks are counted by cause", async () => {
    await shop.rows(
      "DELETE FROM {module_shop} WHERE id_module = (SELECT id_module FROM {module} WHERE name = 'erpsync')",
    );
    const placed = await shop.placeOrders(2);
    await until(() => inErp(placed).length === 2, { what: "the unannounced orders", timeoutMs: 60_000 });
    const missed = await shop.rows("SELECT cause, orders FROM {erpsync_missed_hook}");
    expect(missed).toEqual([{ cause: "module-disabled", orders: 2 }]);
    await shop.module("uninstall");
    await shop.module("install");
  });

  test("purge leaves no trace of erpsync in the shop, and refuses while a sidecar runs", async () => {
    const words = ["purge", "--yes", "--reason", "the shop is given up"] as const;
    const refused = await installation.command(...words);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain("stop it first");
    expect(await shop.rows("SHOW TABLES LIKE '%erpsync\\_%'")).not.toEqual([]);
    await sidecar.stop();
    await shop.module("uninstall");
    expect(await installation.command(...words)).toMatchObject({ code: 0 });
    expect(await shop.rows("SHOW TABLES LIKE '%erpsync\\_%'")).toEqual([]);
    expect(await shop.rows("SELECT name FROM {configuration} WHERE name LIKE 'ERPSYNC\\_%'")).toEqual([]);
    const traces =
      "SELECT COUNT(*) FROM {module} m LEFT JOIN {hook_module} h USING (id_module) WHERE m.name = 'erpsync'";
    expect(await shop.count(traces)).toBe(0);
    expect(existsSync(installation.stateFile)).toBe(false);
    // The next run, and the tests of the module, begin with an installed one.
    await shop.module("install");
  });
});
