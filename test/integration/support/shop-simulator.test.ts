import { expect, it } from "vitest";
import { PhpProcessDied } from "../../support/checkout.ts";
import { expectedSteps } from "../../support/checkout-steps.ts";
import { eachServer } from "../../support/each-server.ts";
import { combinationIds, ORDER_STATE } from "../../support/seed.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

const COMBINED_PRODUCT = 21;
const [COMBINATION = 0] = combinationIds(COMBINED_PRODUCT);

async function stockOf(world: World, productId: number, attributeId = 0): Promise<number> {
  const [row] = await world.rows<{ quantity: number }>(
    `SELECT quantity FROM ${world.table("stock_available")} WHERE id_product = ? AND id_product_attribute = ?`,
    [productId, attributeId],
  );
  return Number(row?.quantity);
}

async function events(world: World): Promise<readonly string[]> {
  const rows = await world.rows<{ type: string; subject: string }>(
    `SELECT type, subject FROM ${world.table("erpsync_outbox")} ORDER BY id`,
  );
  return rows.map((row) => `${row.type} ${row.subject}`);
}

eachServer("A simulated shop", (server) => {
  it("writes a paid order of two lines whole, with stock, payment, invoice and two events", async () => {
    await using world = await World.create({ server });
    const { orderId, placedAt, wholeAt } = await world.shop().placeOrder({
      customerId: 1,
      paid: true,
      lines: [
        { productId: 3, quantity: 2 },
        { productId: COMBINED_PRODUCT, attributeId: COMBINATION, quantity: 5 },
      ],
    });
    expect(wholeAt).toBeGreaterThan(placedAt);
    const [order] = await world.rows(`SELECT * FROM ${world.table("orders")} WHERE id_order = ?`, [orderId]);
    expect(order).toMatchObject({
      current_state: ORDER_STATE.paymentAccepted,
      valid: 1,
      id_customer: 1,
      // 2 × 13.90 + 5 × 31.90 without tax; 20 % tax on each unit, then on 7.00 of shipping.
      total_products: "187.300000",
      total_products_wt: "224.760000",
      total_shipping_tax_incl: "8.400000",
      total_paid: "233.160000",
      total_paid_real: "233.160000",
      invoice_number: 1,
    });
    const [taxes] = await world.rows<{ tax: string }>(
      `SELECT SUM(total_amount) AS tax FROM ${world.table("order_detail_tax")}`,
    );
    expect(taxes?.tax).toBe("37.460000");
    expect(await events(world)).toEqual([
      `order.placed order:${orderId}`,
      `order.status_changed order:${orderId}`,
    ]);
    expect(await stockOf(world, 3)).toBe(998);
    expect(await stockOf(world, COMBINED_PRODUCT, COMBINATION)).toBe(995);
    expect(await stockOf(world, COMBINED_PRODUCT)).toBe(2995);
  });

  it.each([
    { paid: true, hooks: "on", customerId: 1 },
    { paid: false, hooks: "on", customerId: 2 },
    { paid: false, hooks: "off", customerId: 3 },
  ] as const)("takes the steps of the list, in their order (paid $paid, hooks $hooks)", async (variant) => {
    await using world = await World.create({ server });
    const shop = world.shop();
    await shop.placeOrder({
      ...variant,
      lines: [
        { productId: COMBINED_PRODUCT, attributeId: COMBINATION, quantity: 1 },
        { productId: 1, quantity: 1 },
      ],
    });
    // Customer 3 lives in the United States, where the seed has no tax.
    const shape = { paid: variant.paid, hooks: variant.hooks === "on", taxed: variant.customerId !== 3 };
    expect(shop.trace).toEqual(expectedSteps({ ...shape, combinations: [true, false] }));
  });

  it("leaves a torn order when its process dies: stock taken, state 0, no history", async () => {
    await using world = await World.create({ server });
    const { orderId } = await world
      .shop()
      .tornOrder({ customerId: 1, lines: [{ productId: 1, quantity: 4 }] });
    const [order] = await world.rows(
      `SELECT o.current_state, h.id_order_history FROM ${world.table("orders")} o
       LEFT JOIN ${world.table("order_history")} h ON h.id_order = o.id_order WHERE o.id_order = ?`,
      [orderId],
    );
    expect(order).toEqual({ current_state: 0, id_order_history: null });
    expect(await stockOf(world, 1)).toBe(996);
    expect(await events(world)).toEqual([`order.placed order:${orderId}`]);
  });

  it("leaves neither order nor event when the process dies inside the module's transaction", async () => {
    await using world = await World.create({ server });
    const shop = world.shop();
    const placing = shop.placeOrder({
      customerId: 1,
      lines: [{ productId: 1, quantity: 1 }],
      dieAfter: "order",
    });
    await expect(placing).rejects.toBeInstanceOf(PhpProcessDied);
    const orders = world.table("orders");
    await until(async () => (await world.rows(`SELECT id_order FROM ${orders} FOR UPDATE`)).length === 0, {
      what: "the dead process's transaction to be rolled back",
    });
    expect(await events(world)).toEqual([]);
    const { orderId } = await shop.placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    expect(await events(world)).toHaveLength(2);
    expect(orderId).toBeGreaterThan(1);
  });

  it("loses a decrement when two checkouts read the same quantity, as the real shop does", async () => {
    await using world = await World.create({ server });
    const [slow, quick] = [world.shop(1), world.shop(2)];
    const order = { customerId: 1, lines: [{ productId: 5, quantity: 10 }] };
    slow.beforeStep = async (step) => {
      if (step === "line-stock") await quick.placeOrder(order);
    };
    await slow.placeOrder(order);
    const [sold] = await world.rows(
      `SELECT SUM(product_quantity) AS units FROM ${world.table("order_detail")}`,
    );
    expect(sold).toEqual({ units: "20" });
    expect(await stockOf(world, 5)).toBe(990);
  });

  it("announces what the back office does to an order, and gives cancelled stock back", async () => {
    await using world = await World.create({ server });
    const shop = world.shop();
    const { orderId } = await shop.placeOrder({ customerId: 1, lines: [{ productId: 7, quantity: 3 }] });
    await world.pool.query(`DELETE FROM ${world.table("erpsync_outbox")}`);
    const [line] = await world.rows<{ id_order_detail: number }>(
      `SELECT id_order_detail FROM ${world.table("order_detail")} WHERE id_order = ?`,
      [orderId],
    );
    const orderDetailId = line?.id_order_detail ?? 0;

    await shop.editLine({ orderId, orderDetailId, quantity: 1 });
    await shop.editAddress({ orderId, fields: { city: "Nantes" } });
    await shop.addPayment({ orderId });
    await shop.setTrackingNumber(orderId, "1Z999");
    await shop.addSlip({ orderId, orderDetailId, quantity: 1 });
    await shop.cancel(orderId);

    expect(await events(world)).toEqual([
      `order.changed order:${orderId}`,
      "stock.moved stock:7:0:1",
      "customer.changed customer:1",
      `order.changed order:${orderId}`,
      `order.changed order:${orderId}`,
      `order.changed order:${orderId}`,
      `order.changed order:${orderId}`,
      `order.changed order:${orderId}`,
      "stock.moved stock:7:0:1",
      `order.status_changed order:${orderId}`,
    ]);
    const [order] = await world.rows(
      `SELECT current_state, total_paid, total_paid_real, a.city FROM ${world.table("orders")} o
       JOIN ${world.table("address")} a ON a.id_address = o.id_address_delivery WHERE id_order = ?`,
      [orderId],
    );
    // One unit of 17.90 and 7.00 of shipping, 20 % tax on both.
    expect(order).toEqual({
      current_state: ORDER_STATE.cancelled,
      total_paid: "29.880000",
      total_paid_real: "29.880000",
      city: "Nantes",
    });
    expect(await stockOf(world, 7)).toBe(1000);
  });

  it("imports an order by SQL without a word from the module", async () => {
    await using world = await World.create({ server });
    const { orderId } = await world
      .shop()
      .insertOrderBySql({ customerId: 1, lines: [{ productId: 2, quantity: 2 }] });
    expect(await events(world)).toEqual([]);
    expect(await stockOf(world, 2)).toBe(1000);
    const history = await world.rows(`SELECT * FROM ${world.table("order_history")} WHERE id_order = ?`, [
      orderId,
    ]);
    expect(history).toHaveLength(1);
  });

  it("hands out the first id again after its orders were cleared", async () => {
    await using world = await World.create({ server });
    const shop = world.shop();
    const order = { customerId: 1, lines: [{ productId: 1, quantity: 1 }] };
    const before = await shop.placeOrder(order);
    await shop.clearOrders();
    const after = await shop.placeOrder(order);
    expect(after.orderId).toBe(before.orderId);
    expect(after.reference).not.toBe(before.reference);
  });

  it("prices a yen order without decimals", async () => {
    await using world = await World.create({ server });
    const { orderId } = await world.shop().placeOrder({
      customerId: 1,
      currency: "JPY",
      lines: [{ productId: 1, quantity: 3 }],
    });
    const [order] = await world.rows(
      `SELECT id_currency, total_products_wt, total_paid FROM ${world.table("orders")} WHERE id_order = ?`,
      [orderId],
    );
    // 11.90 × 160 = 1,904; with tax 2,284.8, three of them 6,854.4; shipping 1,120 and 1,344.
    expect(order).toEqual({ id_currency: 3, total_products_wt: "6854.000000", total_paid: "8198.000000" });
  });
});
