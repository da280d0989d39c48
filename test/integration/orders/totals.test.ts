import { expect, test } from "vitest";
import { shopOrderId } from "../../../sidecar/domain/ids.ts";
import { decodeOrder } from "../../../sidecar/orders/decode-order.ts";
import { readOrderRows } from "../../../sidecar/orders/order-record.ts";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import { systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { expectAgreement } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { SidecarInside } from "../../support/in-process.ts";
import type { World } from "../../support/world.ts";

async function place(world: World): Promise<number> {
  const lines = [
    { productId: 1, quantity: 3 },
    { productId: 2, quantity: 1 },
  ];
  return (await world.shop().placeOrder({ customerId: 1, lines })).orderId;
}

async function job(world: World, orderId: number): Promise<Readonly<Record<string, unknown>> | undefined> {
  const [row] = await world.rows(
    `SELECT state, reason_code, reason FROM ${world.table("erpsync_job")} WHERE subject = ?`,
    [`order:${String(orderId)}`],
  );
  return row;
}

test("an order whose header did not follow its line is held, parks with the sentence, and goes once it is right", async () => {
  const { world, erp } = await openWorld();
  await using _world = world;
  await using sidecar = new SidecarInside(world, erp);
  const orderId = await place(world);
  const move = (units: number): Promise<unknown> =>
    world.pool.query(
      `UPDATE ${world.table("orders")} SET total_products_wt = total_products_wt + ? WHERE id_order = ?`,
      [units, orderId],
    );
  await move(1);
  await sidecar.workOff();
  expect(await job(world, orderId)).toMatchObject({ state: "held", reason_code: "amounts-differ" });
  for (const waitMs of [6_000, 11_000]) {
    await sidecar.advance(waitMs);
    await sidecar.workOff();
  }
  const parked = await job(world, orderId);
  expect(parked).toMatchObject({ state: "parked", reason_code: "E_ORDER_TOTALS" });
  expect(parked?.["reason"]).toContain("products with tax");
  expect(erp.orders()).toEqual([]);
  await move(-1);
  const [line] = await world.rows<{ id: number }>(
    `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ? LIMIT 1`,
    [orderId],
  );
  await world.shop().editLine({ orderId, orderDetailId: Number(line?.id), quantity: 2 });
  await sidecar.workOff();
  await expectAgreement(world, erp, [orderId]);
});

test("vouchers, categories, customisations and taxes are read with the order, each in its own place", async () => {
  const { world } = await openWorld();
  await using _world = world;
  const orderId = await place(world);
  const [line, other] = await world.rows<{ id: number; product: number }>(
    `SELECT id_order_detail AS id, product_id AS product FROM ${world.table("order_detail")}
      WHERE id_order = ? ORDER BY id_order_detail`,
    [orderId],
  );
  const set = (sql: string, values: readonly (string | number)[]): Promise<unknown> =>
    world.pool.query(sql, [...values]);
  await set(`UPDATE ${world.table("product")} SET id_category_default = 12 WHERE id_product = ?`, [
    line?.product ?? 0,
  ]);
  await set(`DELETE FROM ${world.table("product")} WHERE id_product = ?`, [other?.product ?? 0]);
  await set(`UPDATE ${world.table("order_detail")} SET id_customization = 77 WHERE id_order_detail = ?`, [
    line?.id ?? 0,
  ]);
  await set(
    `INSERT INTO ${world.table("customized_data")} (id_customization, type, \`index\`, value)
     VALUES (77, 1, 2, 'For Zoë'), (77, 0, 1, 'a1b2c3'), (78, 1, 1, 'of another')`,
    [],
  );
  await set(
    `INSERT INTO ${world.table("cart_rule")} (id_cart_rule, date_from, date_to, code, date_add, date_upd)
     VALUES (5, '2026-01-01', '2027-01-01', 'SUMMER', '2026-01-01', '2026-01-01')`,
    [],
  );
  await set(
    `INSERT INTO ${world.table("order_cart_rule")} (id_order, id_cart_rule, name, value, value_tax_excl, free_shipping, deleted)
     VALUES (?, 5, 'Summer', 1.2, 1, 0, 0), (?, 6, 'Gone from the shop', 0, 0, 0, 0), (?, 5, 'Taken off', 9, 9, 0, 1)`,
    [orderId, orderId, orderId],
  );
  await set(
    `UPDATE ${world.table("orders")} SET total_discounts_tax_excl = 1, total_discounts_tax_incl = 1.2,
            total_paid_tax_excl = total_paid_tax_excl - 1, total_paid_tax_incl = total_paid_tax_incl - 1.2
      WHERE id_order = ?`,
    [orderId],
  );
  const db = openDatabase({ ...world.settings, connections: 2 });
  const rows = await readOrderRows(db, shopOrderId(orderId), systemSleep);
  await db.destroy();
  if (rows === undefined) throw new Error("the order is gone");
  const decoded = decodeOrder(rows, 0);
  if (decoded.kind === "mismatch") throw new Error(decoded.sentence);
  const { order } = decoded;
  expect(order.lines.map((entry) => [entry.categoryId, entry.customisation])).toEqual([
    [12, "picture a1b2c3; For Zoë"],
    [0, ""],
  ]);
  expect(order.discounts).toEqual([
    { name: "Summer", code: "SUMMER", freeShipping: false },
    { name: "Gone from the shop", code: "", freeShipping: false },
  ]);
  expect(order.discountsTaxInclMinor).toBe(120);
  expect(order.lines[0]?.taxes).toMatchObject([{ taxId: 1, ratePercent: "20.000" }]);
  expect(order.paymentModule).toMatch(/^ps_/);
  expect(order.carrierReference).toBeGreaterThan(0);
});

test("taxes that the shop is just writing anew are looked for again, and an import may have none", async () => {
  const { world } = await openWorld();
  await using _world = world;
  const orderId = await place(world);
  const tax = world.table("order_detail_tax");
  const kept = await world.rows(
    `SELECT x.* FROM ${tax} x JOIN ${world.table("order_detail")} d USING (id_order_detail) WHERE d.id_order = ?`,
    [orderId],
  );
  const takeAway = `DELETE x FROM ${tax} x JOIN ${world.table("order_detail")} d USING (id_order_detail)
    WHERE d.id_order = ?`;
  await world.pool.query(takeAway, [orderId]);
  const db = openDatabase({ ...world.settings, connections: 4 });
  let looks = 0;
  const rows = await readOrderRows(db, shopOrderId(orderId), async () => {
    looks += 1;
    if (looks < 2) return;
    const values = kept.map((row) => Object.values(row));
    await world.pool.query(`INSERT INTO ${tax} (??) VALUES ?`, [Object.keys(kept[0] ?? {}), values]);
  });
  await world.pool.query(takeAway, [orderId]);
  const none = await readOrderRows(db, shopOrderId(orderId), () => Promise.resolve());
  await db.destroy();

  expect(kept).toHaveLength(2);
  expect(rows?.taxes).toHaveLength(2);
  expect(looks).toBe(2);
  expect(none?.taxes).toEqual([]);
});
