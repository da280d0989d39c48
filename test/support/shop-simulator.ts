import { randomBytes } from "node:crypto";
import {
  Checkout,
  lineOf,
  type OrderToPlace,
  PhpProcessDied,
  type PlacedOrder,
  prepareCheckout,
} from "./checkout.ts";
import type { CheckoutStepName } from "./checkout-steps.ts";
import { announce, announceOrderChanged, announceStockMoved } from "./module-events.ts";
import {
  historyRow,
  moneyColumns,
  paymentRow,
  type Row,
  reprice,
  roundingOf,
  shopTime,
} from "./order-rows.ts";
import { PhpProcess } from "./php-process.ts";
import { fromMicros, type Micros, roundTo, toMicros } from "./price-order.ts";
import { LANG_ID, ORDER_STATE, SHOP_GROUP_ID, SHOP_ID } from "./seed.ts";
import {
  isPack,
  movementRow,
  moveUnits,
  physicalStatement,
  RESTOCKING_STATES,
  reservedStatement,
} from "./shop-stock.ts";
import { SupportError } from "./support-error.ts";
import type { World } from "./world.ts";

/** What the back office's cleaner empties. */
const ORDER_TABLES = [
  ["cart", "cart_product", "cart_cart_rule", "orders", "order_carrier", "order_cart_rule", "order_detail"],
  ["order_detail_tax", "order_history", "order_invoice", "order_invoice_payment", "order_invoice_tax"],
  ["order_message", "order_payment", "order_return", "order_slip", "order_slip_detail"],
].flat();
const PAID_STATES: readonly number[] = [
  ORDER_STATE.paymentAccepted,
  ORDER_STATE.processing,
  ORDER_STATE.shipped,
  ORDER_STATE.delivered,
  ORDER_STATE.remotePayment,
];
const SHIPPED_STATES: readonly number[] = [ORDER_STATE.shipped, ORDER_STATE.delivered];

/**
 * A PHP process of the shop: one connection, no transaction but the module's, stale reads and absolute
 * writes where PrestaShop has them. Two simulators race as two customers do.
 */
export class ShopSimulator {
  readonly #php: PhpProcess;
  /** The steps of the last `placeOrder`, for comparison with `expectedSteps`. */
  trace: readonly CheckoutStepName[] = [];
  /** Awaited before each step of a checkout; a test holds a simulator there while another one works. */
  beforeStep: ((step: CheckoutStepName) => unknown) | undefined;
  /** Awaited before each row that `moveStock` writes, once it was read. */
  beforeMove: ((row: Row) => unknown) | undefined;

  constructor(world: World) {
    this.#php = new PhpProcess(world);
  }

  /** Places an order as `PaymentModule::validateOrder` does. */
  async placeOrder(order: OrderToPlace): Promise<PlacedOrder> {
    const reference = order.reference ?? randomReference();
    const prepared = await prepareCheckout(this.#php, order, reference);
    const checkout = new Checkout(this.#php, prepared, this.beforeStep);
    this.trace = checkout.trace;
    return checkout.run();
  }

  /** An order whose PHP process died in the middle: `current_state` 0, stock taken, no history row. */
  async tornOrder(order: OrderToPlace): Promise<{ readonly orderId: number; readonly reference: string }> {
    try {
      await this.placeOrder({ dieAfter: "carrier", ...order });
    } catch (error) {
      if (error instanceof PhpProcessDied) return { orderId: error.orderId, reference: error.reference };
      throw error;
    }
    throw new SupportError(
      "The order was not torn: its dieAfter names a step that this order does not take.",
    );
  }

  /** An order that an import writes by SQL: order, lines and history, without hooks and without moving stock. */
  async insertOrderBySql(order: Omit<OrderToPlace, "hooks" | "dieAfter">): Promise<PlacedOrder> {
    const reference = order.reference ?? randomReference();
    const prepared = await prepareCheckout(this.#php, order, reference);
    const { stateId, paid } = prepared;
    const row = { ...prepared.row, current_state: stateId, valid: paid ? 1 : 0 };
    const orderId = await this.#php.insert("orders", row);
    const placedAt = process.hrtime.bigint();
    for (const [index, line] of order.lines.entries()) {
      const detail = await lineOf(this.#php, { ...prepared, orderId }, line, index, line.quantity);
      await this.#php.insert("order_detail", detail);
    }
    await this.#php.insert("order_history", historyRow(orderId, stateId));
    return { orderId, reference, placedAt, wholeAt: process.hrtime.bigint() };
  }

  /** The back office changes a line's quantity: the line, its tax, the stock and the order's totals. */
  async editLine(edit: {
    readonly orderId: number;
    readonly orderDetailId: number;
    readonly quantity: number;
    readonly hooks?: "on" | "off";
  }): Promise<void> {
    const hooks = edit.hooks !== "off";
    const order = await this.#php.load("orders", "id_order", edit.orderId);
    const line = await this.#php.load("order_detail", "id_order_detail", edit.orderDetailId);
    const before = Number(line["product_quantity"]);
    const priced = reprice(line, edit.quantity, roundingOf(order));
    Object.assign(line, {
      product_quantity: edit.quantity,
      total_price_tax_excl: fromMicros(priced.totalTaxExcl),
      total_price_tax_incl: fromMicros(priced.totalTaxIncl),
    });
    await this.#php.update("order_detail", "id_order_detail", line);
    if (hooks) await announceOrderChanged(this.#php, edit.orderId, "line");
    await this.#php.query("UPDATE ?? SET total_amount = ? WHERE id_order_detail = ?", [
      this.#php.name("order_detail_tax"),
      fromMicros(priced.totalTax),
      edit.orderDetailId,
    ]);
    await this.moveStock({
      ...ofLine(line),
      deltaUnits: before - edit.quantity,
      ...edit,
      writer: "AdminOrders",
    });
    await this.#recalculate(order);
  }

  /** The back office deletes a line: the line, the order's totals, then all its units go back, refunded ones too. */
  async deleteLine(line: {
    readonly orderId: number;
    readonly orderDetailId: number;
    readonly hooks?: "on" | "off";
  }): Promise<void> {
    const row = await this.#php.load("order_detail", "id_order_detail", line.orderDetailId);
    await this.#php.query("DELETE FROM ?? WHERE id_order_detail = ?", [
      this.#php.name("order_detail"),
      line.orderDetailId,
    ]);
    if (line.hooks !== "off") await announceOrderChanged(this.#php, line.orderId, "line");
    await this.#recalculate(await this.#php.load("orders", "id_order", line.orderId));
    const deltaUnits = Number(row["product_quantity"]);
    await this.moveStock({ ...ofLine(row), deltaUnits, ...line, writer: "AdminOrders" });
  }

  /** A partial refund with restock: the units go back first, and the line that explains it is written last. */
  async refund(refund: {
    readonly orderId: number;
    readonly orderDetailId: number;
    readonly quantity: number;
    readonly hooks?: "on" | "off";
  }): Promise<void> {
    const line = await this.#php.load("order_detail", "id_order_detail", refund.orderDetailId);
    await this.moveStock({ ...ofLine(line), deltaUnits: refund.quantity, ...refund, writer: "AdminOrders" });
    await this.addSlip(refund);
    const now = await this.#php.load("order_detail", "id_order_detail", refund.orderDetailId);
    const reinjected = Number(now["product_quantity_reinjected"]) + refund.quantity;
    await this.#php.update("order_detail", "id_order_detail", {
      ...now,
      product_quantity_reinjected: reinjected,
    });
    if (refund.hooks !== "off") await announceOrderChanged(this.#php, refund.orderId, "line");
  }

  /**
   * The back office edits the delivery and invoice address of an order. An address in use is replaced by a
   * copy and marked deleted; with `inPlace` the row itself changes, as an import or the webservice does it.
   */
  async editAddress(edit: {
    readonly orderId: number;
    readonly fields: Readonly<Record<string, string | number>>;
    readonly inPlace?: boolean;
    readonly hooks?: "on" | "off";
  }): Promise<{ readonly addressId: number }> {
    const hooks = edit.hooks !== "off";
    const order = await this.#php.load("orders", "id_order", edit.orderId);
    const address = await this.#php.load("address", "id_address", Number(order["id_address_delivery"]));
    const customerSubject = `customer:${String(order["id_customer"])}`;
    if (edit.inPlace === true) {
      await this.#php.update("address", "id_address", { ...address, ...edit.fields, date_upd: shopTime() });
      if (hooks) await announce(this.#php, "customer.changed", customerSubject, null);
      return { addressId: Number(address["id_address"]) };
    }
    const copy: Row = { ...address, ...edit.fields, date_add: shopTime(), date_upd: shopTime() };
    delete copy["id_address"];
    const addressId = await this.#php.insert("address", copy);
    await this.#php.update("address", "id_address", { ...address, deleted: 1, date_upd: shopTime() });
    if (hooks) await announce(this.#php, "customer.changed", customerSubject, null);
    await this.#php.update("orders", "id_order", {
      ...order,
      id_address_delivery: addressId,
      id_address_invoice: addressId,
      date_upd: shopTime(),
    });
    if (hooks) await announceOrderChanged(this.#php, edit.orderId, "address");
    return { addressId };
  }

  /** `OrderHistory::changeIdOrderState` and the history row; cancelled and error states give the stock back. */
  async changeStatus(change: {
    readonly orderId: number;
    readonly stateId: number;
    readonly hooks?: "on" | "off";
  }): Promise<{ readonly historyId: number; readonly wholeAt: bigint }> {
    const hooks = change.hooks !== "off";
    const order = await this.#php.load("orders", "id_order", change.orderId);
    await this.#restock(order, change);
    Object.assign(order, {
      current_state: change.stateId,
      valid: PAID_STATES.includes(change.stateId) ? 1 : 0,
      date_upd: shopTime(),
    });
    if (SHIPPED_STATES.includes(change.stateId)) order["delivery_date"] = shopTime();
    await this.#php.update("orders", "id_order", order);
    await this.#recomputeQuantities(change.orderId);

    if (hooks) await this.#php.query("START TRANSACTION");
    const historyId = await this.#php.insert("order_history", historyRow(change.orderId, change.stateId));
    if (hooks) {
      await announce(this.#php, "order.status_changed", `order:${change.orderId}`, {
        id_order_state: change.stateId,
        id_order_history: historyId,
      });
      await this.#php.query("COMMIT");
    }
    const wholeAt = process.hrtime.bigint();
    await this.#php.update("orders", "id_order", order);
    return { historyId, wholeAt };
  }

  async cancel(orderId: number, hooks: "on" | "off" = "on"): Promise<void> {
    await this.changeStatus({ orderId, stateId: ORDER_STATE.cancelled, hooks });
  }

  /** A payment entered by hand; without an amount, what is still to be paid. */
  async addPayment(payment: {
    readonly orderId: number;
    readonly amount?: string;
    readonly method?: string;
    readonly hooks?: "on" | "off";
  }): Promise<{ readonly paymentId: number }> {
    const order = await this.#php.load("orders", "id_order", payment.orderId);
    const open = toMicros(String(order["total_paid"])) - toMicros(String(order["total_paid_real"]));
    const amount = payment.amount === undefined ? open : toMicros(payment.amount);
    const paymentId = await this.#php.insert(
      "order_payment",
      paymentRow(order, amount, payment.method ?? "Bank transfer"),
    );
    if (payment.hooks !== "off") await announceOrderChanged(this.#php, payment.orderId, "payment");
    order["total_paid_real"] = fromMicros(toMicros(String(order["total_paid_real"])) + amount);
    await this.#php.update("orders", "id_order", { ...order, date_upd: shopTime() });
    return { paymentId };
  }

  /** A tracking number, as the back office or the sidecar's own command sets it. */
  async setTrackingNumber(
    orderId: number,
    trackingNumber: string,
    hooks: "on" | "off" = "on",
  ): Promise<void> {
    const carrier = await this.#php.load("order_carrier", "id_order", orderId);
    await this.#php.update("order_carrier", "id_order_carrier", {
      ...carrier,
      tracking_number: trackingNumber,
    });
    if (hooks === "on") await announceOrderChanged(this.#php, orderId, "carrier");
  }

  /** A credit slip for units of one line, without restocking. */
  async addSlip(slip: {
    readonly orderId: number;
    readonly orderDetailId: number;
    readonly quantity: number;
    readonly hooks?: "on" | "off";
  }): Promise<{ readonly slipId: number }> {
    const order = await this.#php.load("orders", "id_order", slip.orderId);
    const line = await this.#php.load("order_detail", "id_order_detail", slip.orderDetailId);
    const priced = reprice(line, slip.quantity, roundingOf(order));
    const slipId = await this.#php.insert("order_slip", {
      conversion_rate: order["conversion_rate"] ?? 1,
      id_customer: order["id_customer"] ?? 0,
      id_order: slip.orderId,
      total_products_tax_excl: fromMicros(priced.totalTaxExcl),
      total_products_tax_incl: fromMicros(priced.totalTaxIncl),
      total_shipping_tax_excl: "0",
      total_shipping_tax_incl: "0",
      shipping_cost: 0,
      amount: fromMicros(priced.totalTaxIncl),
      shipping_cost_amount: "0",
      partial: 1,
      order_slip_type: 0,
      date_add: shopTime(),
      date_upd: shopTime(),
    });
    if (slip.hooks !== "off") await announceOrderChanged(this.#php, slip.orderId, "slip");
    await this.#php.insert("order_slip_detail", {
      id_order_slip: slipId,
      id_order_detail: slip.orderDetailId,
      product_quantity: slip.quantity,
      unit_price_tax_excl: fromMicros(priced.unitTaxExcl),
      unit_price_tax_incl: fromMicros(priced.unitTaxIncl),
      total_price_tax_excl: fromMicros(priced.totalTaxExcl),
      total_price_tax_incl: fromMicros(priced.totalTaxIncl),
      amount_tax_excl: fromMicros(priced.totalTaxExcl),
      amount_tax_incl: fromMicros(priced.totalTaxIncl),
    });
    line["product_quantity_refunded"] = Number(line["product_quantity_refunded"]) + slip.quantity;
    await this.#php.update("order_detail", "id_order_detail", line);
    if (slip.hooks !== "off") await announceOrderChanged(this.#php, slip.orderId, "line");
    return { slipId };
  }

  /** Stock changed by something else than a checkout: read, then an absolute write, then the hook. */
  async moveStock(move: {
    readonly productId: number;
    readonly attributeId?: number;
    readonly deltaUnits: number;
    readonly hooks?: "on" | "off";
    readonly writer?: string;
    /** The order that it is for; the back office then writes a `stock_mvt` as well. */
    readonly orderId?: number;
  }): Promise<void> {
    const { attributeId = 0, productId, writer = "AdminProducts" } = move;
    const written: Row[] = [];
    const delta = move.deltaUnits;
    const before = await moveUnits(this.#php, { productId, attributeId, delta }, async (row) => {
      await this.beforeMove?.(row);
      await this.#php.update("stock_available", "id_stock_available", row);
      written.push(row);
    });
    if (move.orderId !== undefined) {
      const of = { orderId: move.orderId, reason: 10 };
      await this.#php.insert("stock_mvt", movementRow(before["id_stock_available"], delta, of));
    }
    if (move.hooks === "off") return;
    for (const row of written.reverse()) {
      const isOwn = row["id_stock_available"] === before["id_stock_available"];
      await announceStockMoved(
        this.#php,
        { productId: Number(row["id_product"]), attributeId: Number(row["id_product_attribute"]) },
        { delta: isOwn ? delta : null, after: Number(row["quantity"]), writer },
      );
    }
  }

  /** Cancelled and error states give the units back; a paid state takes them again. */
  async #restock(
    order: Row,
    change: { readonly stateId: number; readonly hooks?: "on" | "off" },
  ): Promise<void> {
    const oldState = Number(order["current_state"]);
    const back = RESTOCKING_STATES.includes(change.stateId) && !RESTOCKING_STATES.includes(oldState);
    const again = RESTOCKING_STATES.includes(oldState) && PAID_STATES.includes(change.stateId);
    if (!back && !again) return;
    const isPaid = PAID_STATES.includes(oldState) || again;
    const lines = await this.#php.select("SELECT * FROM ?? WHERE id_order = ?", [
      this.#php.name("order_detail"),
      order["id_order"] ?? 0,
    ]);
    for (const line of lines) {
      const moved = ofLine(line);
      // Packs of paid orders, and products that are gone, are left as they are.
      if ((isPaid && (await isPack(this.#php, moved.productId))) || !(await this.#hasStock(moved))) continue;
      const deltaUnits = Number(line["product_quantity"]) * (back ? 1 : -1);
      await this.moveStock({ ...moved, deltaUnits, hooks: change.hooks ?? "on", writer: "AdminOrders" });
    }
  }

  async #hasStock({ attributeId, productId }: { productId: number; attributeId: number }): Promise<boolean> {
    const rows = await this.#php.select(
      "SELECT 1 FROM ?? WHERE id_product = ? AND id_product_attribute = ?",
      [this.#php.name("stock_available"), productId, attributeId],
    );
    return rows.length > 0;
  }

  /** A new customer with one address in France, as the registration form writes them. */
  async createCustomer(fields: Readonly<Record<string, string | number>> = {}): Promise<{
    readonly customerId: number;
    readonly addressId: number;
  }> {
    const now = shopTime();
    const customerId = await this.#php.insert("customer", {
      id_shop_group: SHOP_GROUP_ID,
      id_shop: SHOP_ID,
      id_gender: 1,
      id_default_group: 3,
      id_lang: LANG_ID,
      firstname: "Noor",
      lastname: "Newcomer",
      email: `noor.${randomBytes(4).toString("hex")}@example.com`,
      passwd: "",
      secure_key: randomBytes(16).toString("hex"),
      active: 1,
      date_add: now,
      date_upd: now,
      ...fields,
    });
    await this.#php.insert("customer_group", { id_customer: customerId, id_group: 3 });
    const addressId = await this.#php.insert("address", {
      id_country: 8,
      id_state: 0,
      id_customer: customerId,
      alias: "My address",
      lastname: "Newcomer",
      firstname: "Noor",
      address1: "1 New street",
      postcode: "69002",
      city: "Lyon",
      date_add: now,
      date_upd: now,
    });
    return { customerId, addressId };
  }

  /** Edits the customer's own record. */
  async editCustomer(
    customerId: number,
    fields: Readonly<Record<string, string | number>>,
    hooks: "on" | "off" = "on",
  ): Promise<void> {
    const customer = await this.#php.load("customer", "id_customer", customerId);
    await this.#php.update("customer", "id_customer", { ...customer, ...fields, date_upd: shopTime() });
    if (hooks === "on") await announce(this.#php, "customer.changed", `customer:${customerId}`, null);
  }

  /**
   * The customer edits his address in his account. As orders use it, it is marked deleted and copied; orders that were
   * placed with it keep it, and the next one gets the copy.
   */
  async editAddressBook(
    customerId: number,
    fields: Readonly<Record<string, string | number>>,
  ): Promise<{ readonly addressId: number }> {
    const [address] = await this.#php.select(
      "SELECT * FROM ?? WHERE id_customer = ? AND deleted = 0 ORDER BY id_address LIMIT 1",
      [this.#php.name("address"), customerId],
    );
    if (address === undefined) throw new SupportError(`Customer ${customerId} has no address to edit.`);
    const copy: Row = { ...address, ...fields, date_add: shopTime(), date_upd: shopTime() };
    delete copy["id_address"];
    await this.#php.update("address", "id_address", { ...address, deleted: 1, date_upd: shopTime() });
    await announce(this.#php, "customer.changed", `customer:${customerId}`, null);
    return { addressId: await this.#php.insert("address", copy) };
  }

  /** Edits a product as its back-office page does; the price is in the default currency, without tax. */
  async editProduct(
    productId: number,
    fields: { readonly price: string },
    hooks: "on" | "off" = "on",
  ): Promise<void> {
    for (const table of ["product", "product_shop"]) {
      await this.#php.query("UPDATE ?? SET price = ?, date_upd = ? WHERE id_product = ?", [
        this.#php.name(table),
        fields.price,
        shopTime(),
        productId,
      ]);
    }
    if (hooks === "on") await announce(this.#php, "product.changed", `product:${productId}`, null);
  }

  /** The back office's cleaner: empties the order tables by TRUNCATE, so that their ids start again at 1. */
  async clearOrders(): Promise<void> {
    for (const table of ORDER_TABLES) await this.#php.query("TRUNCATE TABLE ??", [this.#php.name(table)]);
  }

  /** The process ends as after its last byte of output; the next call starts a new one. */
  async close(): Promise<void> {
    await this.#php.close();
  }

  /** The total sums unrounded lines, except where each piece is rounded. */
  async #recalculate(order: Row): Promise<void> {
    const { currencyDecimals, roundType } = roundingOf(order);
    const unit = (side: string): string => {
      const price = `unit_price_tax_${side}`;
      return `product_quantity * ${roundType === 1 ? `ROUND(${price}, ${String(currencyDecimals)})` : price}`;
    };
    const [sums] = await this.#php.select(
      `SELECT SUM(total_price_tax_excl) AS te, SUM(total_price_tax_incl) AS ti, SUM(${unit("excl")}) AS exact_te,
              SUM(${unit("incl")}) AS exact_ti FROM ?? WHERE id_order = ?`,
      [this.#php.name("order_detail"), order["id_order"] ?? 0],
    );
    const sum = (name: string): Micros => roundTo(toMicros(String(sums?.[name] ?? 0)), currencyDecimals);
    const productsTaxExcl = sum("te");
    const productsTaxIncl = sum("ti");
    const shippingTaxExcl = toMicros(String(order["total_shipping_tax_excl"]));
    const shippingTaxIncl = toMicros(String(order["total_shipping_tax_incl"]));
    Object.assign(
      order,
      moneyColumns({
        productsTaxExcl,
        productsTaxIncl,
        shippingTaxExcl,
        shippingTaxIncl,
        paidTaxExcl: sum("exact_te") + shippingTaxExcl,
        paidTaxIncl: sum("exact_ti") + shippingTaxIncl,
      }),
      { date_upd: shopTime() },
    );
    await this.#php.update("orders", "id_order", order);
  }

  async #recomputeQuantities(orderId: number): Promise<void> {
    await this.#php.query(...reservedStatement(this.#php, orderId));
    await this.#php.query(...physicalStatement(this.#php, orderId));
  }
}

/** The product of an order line. */
function ofLine(line: Row): { readonly productId: number; readonly attributeId: number } {
  return { productId: Number(line["product_id"]), attributeId: Number(line["product_attribute_id"]) };
}

/** Nine capital letters, as the shop makes them. */
function randomReference(): string {
  return Array.from(randomBytes(9), (byte) => String.fromCharCode(65 + (byte % 26))).join("");
}
