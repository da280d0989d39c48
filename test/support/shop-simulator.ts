// Longer than most files here: one class is one PHP process, and its methods read in the order of PrestaShop's
// own code, statement by statement.
import { randomBytes, randomUUID } from "node:crypto";
import mysql from "mysql2/promise";
import type { CheckoutStepName } from "./checkout-steps.ts";
import {
  fromMicros,
  type PricedLine,
  type PricedOrder,
  priceLine,
  priceOrder,
  type Rounding,
  type RoundType,
  toMicros,
} from "./price-order.ts";
import {
  CARRIER_ID,
  CURRENCIES,
  type CurrencyIso,
  LANG_ID,
  ORDER_STATE,
  SEED_DEFAULTS,
  SHOP_GROUP_ID,
  SHOP_ID,
} from "./seed.ts";
import { SupportError } from "./support-error.ts";
import type { World } from "./world.ts";

export interface LineToOrder {
  readonly productId: number;
  /** A combination; without it, or 0, the product itself. */
  readonly attributeId?: number;
  readonly quantity: number;
}

export interface OrderToPlace {
  readonly customerId: number;
  readonly lines: readonly LineToOrder[];
  /** Paid at once (payment accepted, with payment and invoice), or awaiting a bank wire. */
  readonly paid?: boolean;
  readonly currency?: CurrencyIso;
  /** Off: the module is disabled or its hooks are not registered, and nothing announces the order. */
  readonly hooks?: "on" | "off";
  /** The PHP process dies right after this step; placeOrder then throws `PhpProcessDied`. */
  readonly dieAfter?: CheckoutStepName;
  /** Several orders of one split cart share their reference. */
  readonly reference?: string;
}

export interface PlacedOrder {
  readonly orderId: number;
  readonly reference: string;
  /** `process.hrtime.bigint()` when the COMMIT of the orders row had returned. */
  readonly placedAt: bigint;
  /** `process.hrtime.bigint()` when the COMMIT that made it whole (the history row's) had returned. */
  readonly wholeAt: bigint;
}

/** Thrown where `dieAfter` asked for it; the server has lost the connection, open transaction and all. */
export class PhpProcessDied extends SupportError {
  override readonly name = "SupportError";
  readonly orderId: number;
  readonly reference: string;

  constructor(step: CheckoutStepName, orderId: number, reference: string) {
    super(`The simulated PHP process died after "${step}" of order ${orderId}, as the test asked.`);
    this.orderId = orderId;
    this.reference = reference;
  }
}

export type ChangeCause = "line" | "payment" | "carrier" | "address" | "slip";

type Value = string | number | null;
type Row = Record<string, Value>;

/** Where one checkout stands; `placeOrder` hands it from step to step. */
interface Checkout {
  readonly order: OrderToPlace;
  readonly hooks: boolean;
  readonly paid: boolean;
  readonly stateId: number;
  readonly taxId: number;
  readonly taxName: string;
  readonly priced: PricedOrder;
  orderId: number;
  row: Row;
}

/** What the back office's cleaner empties. */
const ORDER_TABLES = [
  ["cart", "cart_product", "cart_cart_rule", "orders", "order_carrier", "order_cart_rule", "order_detail"],
  ["order_detail_tax", "order_history", "order_invoice", "order_invoice_payment", "order_invoice_tax"],
  ["order_message", "order_payment", "order_return", "order_slip", "order_slip_detail"],
].flat();
const SHIPPING_TAX_EXCL = toMicros(7);
const NO_DATE = "0000-00-00 00:00:00";
const PAID_STATES: readonly number[] = [
  ORDER_STATE.paymentAccepted,
  ORDER_STATE.processing,
  ORDER_STATE.shipped,
  ORDER_STATE.delivered,
  ORDER_STATE.remotePayment,
];
const RESTOCKING_STATES: readonly number[] = [ORDER_STATE.cancelled, ORDER_STATE.paymentError];
const SHIPPED_STATES: readonly number[] = [ORDER_STATE.shipped, ORDER_STATE.delivered];

/**
 * A PHP process of the shop: one connection, no transaction but the module's, stale reads and absolute
 * writes where PrestaShop has them. Two simulators race as two customers do.
 */
export class ShopSimulator {
  readonly #world: World;
  #connection: mysql.Connection | undefined;
  /** One trace a process, one span an event, as the module has it. */
  #traceId = "";
  /** The steps of the last `placeOrder`, for comparison with `expectedSteps`. */
  trace: CheckoutStepName[] = [];
  /** Awaited before each step of a checkout; a test holds a simulator there while another one works. */
  beforeStep: ((step: CheckoutStepName) => unknown) | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Places an order as `PaymentModule::validateOrder` does. The steps are those of `CHECKOUT_STEPS`. */
  async placeOrder(order: OrderToPlace): Promise<PlacedOrder> {
    this.trace = [];
    const reference = order.reference ?? randomReference();
    const checkout = await this.#prepare(order, reference);

    await this.#insertOrder(checkout);
    const placedAt = process.hrtime.bigint();
    await this.#step(checkout, "cart-prices", "DELETE FROM ?? WHERE id_cart = ?", [
      this.#name("specific_price"),
      checkout.row["id_cart"] ?? 0,
    ]);
    for (const [index, line] of order.lines.entries()) await this.#insertLine(checkout, line, index);
    await this.#insertCarrier(checkout);
    const paymentId = checkout.paid ? await this.#insertPayment(checkout) : 0;
    if (checkout.paid) await this.#countSales(checkout);
    await this.#changeState(checkout, paymentId);
    const wholeAt = await this.#insertHistory(checkout);
    await this.#finish(checkout);
    return { orderId: checkout.orderId, reference, placedAt, wholeAt };
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
    const checkout = await this.#prepare(order, reference);
    checkout.row["current_state"] = checkout.stateId;
    checkout.row["valid"] = checkout.paid ? 1 : 0;
    checkout.orderId = await this.#insert("orders", checkout.row);
    const placedAt = process.hrtime.bigint();
    for (const [index, line] of order.lines.entries()) {
      await this.#insert("order_detail", await this.#lineRow(checkout, line, index, line.quantity));
    }
    await this.#insert("order_history", historyRow(checkout.orderId, checkout.stateId));
    return { orderId: checkout.orderId, reference, placedAt, wholeAt: process.hrtime.bigint() };
  }

  /** The back office changes a line's quantity: the line, its tax, the stock and the order's totals. */
  async editLine(edit: {
    readonly orderId: number;
    readonly orderDetailId: number;
    readonly quantity: number;
    readonly hooks?: "on" | "off";
  }): Promise<void> {
    const hooks = edit.hooks !== "off";
    const order = await this.#load("orders", "id_order", edit.orderId);
    const line = await this.#load("order_detail", "id_order_detail", edit.orderDetailId);
    const before = Number(line["product_quantity"]);
    const priced = reprice(line, edit.quantity, roundingOf(order));
    Object.assign(line, {
      product_quantity: edit.quantity,
      total_price_tax_excl: fromMicros(priced.totalTaxExcl),
      total_price_tax_incl: fromMicros(priced.totalTaxIncl),
    });
    await this.#update("order_detail", "id_order_detail", line);
    if (hooks) await this.#orderChanged(edit.orderId, "line");
    await this.#query("UPDATE ?? SET total_amount = ? WHERE id_order_detail = ?", [
      this.#name("order_detail_tax"),
      fromMicros(priced.totalTax),
      edit.orderDetailId,
    ]);
    await this.moveStock({
      productId: Number(line["product_id"]),
      attributeId: Number(line["product_attribute_id"]),
      deltaUnits: before - edit.quantity,
      hooks: edit.hooks ?? "on",
      writer: "AdminOrders",
    });
    await this.#recalculate(order);
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
    const order = await this.#load("orders", "id_order", edit.orderId);
    const address = await this.#load("address", "id_address", Number(order["id_address_delivery"]));
    const customerSubject = `customer:${String(order["id_customer"])}`;
    if (edit.inPlace === true) {
      await this.#update("address", "id_address", { ...address, ...edit.fields, date_upd: shopTime() });
      if (hooks) await this.#announce("customer.changed", customerSubject, null);
      return { addressId: Number(address["id_address"]) };
    }
    const copy: Row = { ...address, ...edit.fields, date_add: shopTime(), date_upd: shopTime() };
    delete copy["id_address"];
    const addressId = await this.#insert("address", copy);
    await this.#update("address", "id_address", { ...address, deleted: 1, date_upd: shopTime() });
    if (hooks) await this.#announce("customer.changed", customerSubject, null);
    await this.#update("orders", "id_order", {
      ...order,
      id_address_delivery: addressId,
      id_address_invoice: addressId,
      date_upd: shopTime(),
    });
    if (hooks) await this.#orderChanged(edit.orderId, "address");
    return { addressId };
  }

  /** `OrderHistory::changeIdOrderState` and the history row; cancelled and error states give the stock back. */
  async changeStatus(change: {
    readonly orderId: number;
    readonly stateId: number;
    readonly hooks?: "on" | "off";
  }): Promise<{ readonly historyId: number; readonly wholeAt: bigint }> {
    const hooks = change.hooks !== "off";
    const order = await this.#load("orders", "id_order", change.orderId);
    const oldState = Number(order["current_state"]);
    const back = RESTOCKING_STATES.includes(change.stateId) && !RESTOCKING_STATES.includes(oldState);
    const again = RESTOCKING_STATES.includes(oldState) && PAID_STATES.includes(change.stateId);
    const lines = await this.#select("SELECT * FROM ?? WHERE id_order = ?", [
      this.#name("order_detail"),
      change.orderId,
    ]);
    for (const line of lines) {
      if (!back && !again) break;
      await this.moveStock({
        productId: Number(line["product_id"]),
        attributeId: Number(line["product_attribute_id"]),
        deltaUnits: Number(line["product_quantity"]) * (back ? 1 : -1),
        hooks: change.hooks ?? "on",
        writer: "AdminOrders",
      });
    }
    Object.assign(order, {
      current_state: change.stateId,
      valid: PAID_STATES.includes(change.stateId) ? 1 : 0,
      date_upd: shopTime(),
    });
    if (SHIPPED_STATES.includes(change.stateId)) order["delivery_date"] = shopTime();
    await this.#update("orders", "id_order", order);
    await this.#recomputeQuantities(change.orderId);

    if (hooks) await this.#query("START TRANSACTION");
    const historyId = await this.#insert("order_history", historyRow(change.orderId, change.stateId));
    if (hooks) {
      await this.#announceStatus(change.orderId, change.stateId, historyId);
      await this.#query("COMMIT");
    }
    const wholeAt = process.hrtime.bigint();
    await this.#update("orders", "id_order", order);
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
    const order = await this.#load("orders", "id_order", payment.orderId);
    const open = toMicros(String(order["total_paid"])) - toMicros(String(order["total_paid_real"]));
    const amount = payment.amount === undefined ? open : toMicros(payment.amount);
    const paymentId = await this.#insert(
      "order_payment",
      paymentRow(order, amount, payment.method ?? "Bank transfer"),
    );
    if (payment.hooks !== "off") await this.#orderChanged(payment.orderId, "payment");
    order["total_paid_real"] = fromMicros(toMicros(String(order["total_paid_real"])) + amount);
    await this.#update("orders", "id_order", { ...order, date_upd: shopTime() });
    return { paymentId };
  }

  /** A tracking number, as the back office or the sidecar's own command sets it. */
  async setTrackingNumber(
    orderId: number,
    trackingNumber: string,
    hooks: "on" | "off" = "on",
  ): Promise<void> {
    const carrier = await this.#load("order_carrier", "id_order", orderId);
    await this.#update("order_carrier", "id_order_carrier", { ...carrier, tracking_number: trackingNumber });
    if (hooks === "on") await this.#orderChanged(orderId, "carrier");
  }

  /** A credit slip for units of one line, without restocking. */
  async addSlip(slip: {
    readonly orderId: number;
    readonly orderDetailId: number;
    readonly quantity: number;
    readonly hooks?: "on" | "off";
  }): Promise<{ readonly slipId: number }> {
    const order = await this.#load("orders", "id_order", slip.orderId);
    const line = await this.#load("order_detail", "id_order_detail", slip.orderDetailId);
    const priced = reprice(line, slip.quantity, roundingOf(order));
    const slipId = await this.#insert("order_slip", {
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
    if (slip.hooks !== "off") await this.#orderChanged(slip.orderId, "slip");
    await this.#insert("order_slip_detail", {
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
    await this.#update("order_detail", "id_order_detail", line);
    if (slip.hooks !== "off") await this.#orderChanged(slip.orderId, "line");
    return { slipId };
  }

  /** Stock changed by something else than a checkout: read, then an absolute write, then the hook. */
  async moveStock(move: {
    readonly productId: number;
    readonly attributeId?: number;
    readonly deltaUnits: number;
    readonly hooks?: "on" | "off";
    readonly writer?: string;
  }): Promise<void> {
    const attributeId = move.attributeId ?? 0;
    const hooks = move.hooks !== "off";
    const writer = move.writer ?? "AdminProducts";
    const row = await this.#stockRow(move.productId, attributeId);
    const after = Number(row["quantity"]) + move.deltaUnits;
    await this.#update("stock_available", "id_stock_available", { ...row, quantity: after });
    if (attributeId !== 0) {
      const parent = await this.#parentStockRow(move.productId);
      await this.#update("stock_available", "id_stock_available", parent);
      if (hooks) await this.#stockMoved(move.productId, 0, null, Number(parent["quantity"]), writer);
    }
    if (hooks) await this.#stockMoved(move.productId, attributeId, move.deltaUnits, after, writer);
  }

  /** A new customer with one address in France, as the registration form writes them. */
  async createCustomer(fields: Readonly<Record<string, string | number>> = {}): Promise<{
    readonly customerId: number;
    readonly addressId: number;
  }> {
    const now = shopTime();
    const customerId = await this.#insert("customer", {
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
    await this.#insert("customer_group", { id_customer: customerId, id_group: 3 });
    const addressId = await this.#insert("address", {
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
    const customer = await this.#load("customer", "id_customer", customerId);
    await this.#update("customer", "id_customer", { ...customer, ...fields, date_upd: shopTime() });
    if (hooks === "on") await this.#announce("customer.changed", `customer:${customerId}`, null);
  }

  /** Edits a product as its back-office page does; the price is in the default currency, without tax. */
  async editProduct(
    productId: number,
    fields: { readonly price: string },
    hooks: "on" | "off" = "on",
  ): Promise<void> {
    for (const table of ["product", "product_shop"]) {
      await this.#query("UPDATE ?? SET price = ?, date_upd = ? WHERE id_product = ?", [
        this.#name(table),
        fields.price,
        shopTime(),
        productId,
      ]);
    }
    if (hooks === "on") await this.#announce("product.changed", `product:${productId}`, null);
  }

  /** The back office's cleaner: empties the order tables by TRUNCATE, so that their ids start again at 1. */
  async clearOrders(): Promise<void> {
    for (const table of ORDER_TABLES) await this.#query("TRUNCATE TABLE ??", [this.#name(table)]);
  }

  /** The process ends as after its last byte of output; the next call starts a new one. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.end();
  }

  // ── The checkout ──

  async #prepare(order: OrderToPlace, reference: string): Promise<Checkout> {
    const currency = CURRENCIES[order.currency ?? "EUR"];
    const customer = await this.#load("customer", "id_customer", order.customerId);
    const [place] = await this.#select(
      `SELECT a.id_address, t.id_tax, t.rate, n.name AS tax_name FROM ?? a
       LEFT JOIN ?? r ON r.id_country = a.id_country AND r.id_tax_rules_group = 1 LEFT JOIN ?? t ON t.id_tax = r.id_tax
       LEFT JOIN ?? n ON n.id_tax = t.id_tax AND n.id_lang = 1
       WHERE a.id_customer = ? AND a.deleted = 0 ORDER BY a.id_address LIMIT 1`,
      [...["address", "tax_rule", "tax", "tax_lang"].map((table) => this.#name(table)), order.customerId],
    );
    if (place === undefined)
      throw new SupportError(`Customer ${order.customerId} has no address to deliver to.`);
    const toPrice = [];
    for (const line of order.lines) {
      const price = await this.#priceOf(line);
      toPrice.push({ unitTaxExcl: Math.round(price * currency.conversionRate), quantity: line.quantity });
    }
    const taxPercent = Number(place["rate"] ?? 0);
    const roundType = this.#world.seed.roundType ?? SEED_DEFAULTS.roundType;
    const shippingTaxExcl = SHIPPING_TAX_EXCL * currency.conversionRate;
    const rounding = { currencyDecimals: currency.decimals, roundType };
    const priced = priceOrder(toPrice, shippingTaxExcl, taxPercent, rounding);
    const addressId = Number(place["id_address"]);
    const cartId = await this.#insertCart(order, customer, addressId, currency.id);
    const paid = order.paid ?? false;
    return {
      order,
      hooks: order.hooks !== "off",
      paid,
      stateId: paid ? ORDER_STATE.paymentAccepted : ORDER_STATE.awaitingWire,
      taxId: Number(place["id_tax"] ?? 0),
      taxName: String(place["tax_name"] ?? ""),
      priced,
      orderId: 0,
      row: {
        reference,
        id_shop_group: SHOP_GROUP_ID,
        id_shop: SHOP_ID,
        id_carrier: CARRIER_ID,
        id_lang: LANG_ID,
        id_customer: order.customerId,
        id_cart: cartId,
        id_currency: currency.id,
        id_address_delivery: addressId,
        id_address_invoice: addressId,
        current_state: 0,
        secure_key: customer["secure_key"] ?? "",
        payment: paid ? "Card" : "Bank transfer",
        conversion_rate: currency.conversionRate,
        module: paid ? "ps_checkout" : "ps_wirepayment",
        recyclable: 0,
        gift: 0,
        gift_message: null,
        mobile_theme: 0,
        total_discounts: "0",
        total_discounts_tax_incl: "0",
        total_discounts_tax_excl: "0",
        ...moneyColumns(priced),
        total_paid_real: "0",
        carrier_tax_rate: taxPercent,
        total_wrapping: "0",
        total_wrapping_tax_incl: "0",
        total_wrapping_tax_excl: "0",
        round_mode: 2,
        round_type: roundType,
        invoice_number: 0,
        delivery_number: 0,
        invoice_date: NO_DATE,
        delivery_date: NO_DATE,
        valid: 0,
        date_add: shopTime(),
        date_upd: shopTime(),
        note: null,
      },
    };
  }

  async #insertCart(
    order: OrderToPlace,
    customer: Row,
    addressId: number,
    currencyId: number,
  ): Promise<number> {
    const now = shopTime();
    const cartId = await this.#insert("cart", {
      id_shop_group: SHOP_GROUP_ID,
      id_shop: SHOP_ID,
      id_carrier: CARRIER_ID,
      delivery_option: JSON.stringify({ [addressId]: `${CARRIER_ID},` }),
      id_lang: LANG_ID,
      id_address_delivery: addressId,
      id_address_invoice: addressId,
      id_currency: currencyId,
      id_customer: order.customerId,
      id_guest: 0,
      secure_key: customer["secure_key"] ?? "",
      date_add: now,
      date_upd: now,
    });
    for (const line of order.lines) {
      await this.#insert("cart_product", {
        id_cart: cartId,
        id_product: line.productId,
        id_address_delivery: addressId,
        id_shop: SHOP_ID,
        id_product_attribute: line.attributeId ?? 0,
        quantity: line.quantity,
        date_add: now,
      });
    }
    return cartId;
  }

  async #insertOrder(checkout: Checkout): Promise<void> {
    if (checkout.hooks) await this.#step(checkout, "order-begin", "START TRANSACTION");
    checkout.orderId = await this.#stepInsert(checkout, "order", "orders", checkout.row);
    checkout.row = { id_order: checkout.orderId, ...checkout.row };
    if (!checkout.hooks) return;
    await this.#step(
      checkout,
      "order-event",
      ...this.#event("order.placed", `order:${checkout.orderId}`, null),
    );
    await this.#step(checkout, "order-commit", "COMMIT");
  }

  async #insertLine(checkout: Checkout, line: LineToOrder, index: number): Promise<void> {
    const attributeId = line.attributeId ?? 0;
    const stock = await this.#stockRow(line.productId, attributeId);
    const inStock = Number(stock["quantity"]);
    stock["quantity"] = inStock - line.quantity;
    await this.#stepUpdate(checkout, "line-stock", "stock_available", "id_stock_available", stock);
    if (attributeId !== 0) {
      const parent = await this.#parentStockRow(line.productId);
      await this.#stepUpdate(checkout, "line-parent-stock", "stock_available", "id_stock_available", parent);
    }
    const [product] = await this.#select("SELECT cache_default_attribute FROM ?? WHERE id_product = ?", [
      this.#name("product"),
      line.productId,
    ]);
    const defaultAttribute = product?.["cache_default_attribute"] ?? 0;
    const setDefault = "UPDATE ?? SET cache_default_attribute = ? WHERE id_product = ?";
    await this.#step(checkout, "line-product-shop", setDefault, [
      this.#name("product_shop"),
      defaultAttribute,
      line.productId,
    ]);
    await this.#step(checkout, "line-product", setDefault, [
      this.#name("product"),
      defaultAttribute,
      line.productId,
    ]);
    const row = await this.#lineRow(checkout, line, index, Math.min(inStock, line.quantity));
    const lineId = await this.#stepInsert(checkout, "line", "order_detail", row);
    const priced = checkout.priced.lines[index];
    if (checkout.taxId === 0 || priced === undefined) return;
    await this.#stepInsert(checkout, "line-tax", "order_detail_tax", taxRow(lineId, checkout.taxId, priced));
  }

  async #insertCarrier(checkout: Checkout): Promise<void> {
    await this.#stepInsert(checkout, "carrier", "order_carrier", {
      id_order: checkout.orderId,
      id_carrier: CARRIER_ID,
      id_order_invoice: 0,
      weight: (checkout.order.lines.reduce((units, line) => units + line.quantity, 0) * 0.3).toFixed(6),
      shipping_cost_tax_excl: fromMicros(checkout.priced.shippingTaxExcl),
      shipping_cost_tax_incl: fromMicros(checkout.priced.shippingTaxIncl),
      tracking_number: "",
      date_add: shopTime(),
    });
  }

  async #insertPayment(checkout: Checkout): Promise<number> {
    const paid = checkout.priced.paidTaxIncl;
    const paymentId = await this.#stepInsert(
      checkout,
      "payment",
      "order_payment",
      paymentRow(checkout.row, paid, String(checkout.row["payment"])),
    );
    checkout.row["total_paid_real"] = fromMicros(paid);
    await this.#stepUpdate(checkout, "payment-order", "orders", "id_order", checkout.row);
    return paymentId;
  }

  async #countSales(checkout: Checkout): Promise<void> {
    for (const line of checkout.order.lines) {
      await this.#step(
        checkout,
        "sale",
        `INSERT INTO ?? (id_product, quantity, sale_nbr, date_upd) VALUES (?, ?, 1, NOW())
         ON DUPLICATE KEY UPDATE quantity = quantity + ?, sale_nbr = sale_nbr + 1, date_upd = NOW()`,
        [this.#name("product_sale"), line.productId, line.quantity, line.quantity],
      );
    }
  }

  async #changeState(checkout: Checkout, paymentId: number): Promise<void> {
    checkout.row["current_state"] = checkout.stateId;
    checkout.row["valid"] = checkout.paid ? 1 : 0;
    await this.#stepUpdate(checkout, "state-order", "orders", "id_order", checkout.row);
    if (checkout.paid) await this.#insertInvoice(checkout, paymentId);
    await this.#step(checkout, "state-reserved", ...this.#reservedSql(checkout.orderId));
    await this.#step(checkout, "state-physical", ...this.#physicalSql(checkout.orderId));
  }

  async #insertInvoice(checkout: Checkout, paymentId: number): Promise<void> {
    const { orderId, priced } = checkout;
    const date = shopTime();
    const invoiceId = await this.#stepInsert(
      checkout,
      "invoice",
      "order_invoice",
      invoiceRow(orderId, priced, date),
    );
    if (checkout.taxId !== 0) {
      await this.#stepInsert(checkout, "invoice-tax", "order_invoice_tax", {
        id_order_invoice: invoiceId,
        type: "shipping",
        id_tax: checkout.taxId,
        amount: fromMicros(priced.shippingTaxIncl - priced.shippingTaxExcl),
      });
    }
    const [last] = await this.#select("SELECT MAX(number) + 1 AS number FROM ??", [
      this.#name("order_invoice"),
    ]);
    const number = Number(last?.["number"] ?? 1);
    await this.#step(checkout, "invoice-number", "UPDATE ?? SET number = ? WHERE id_order_invoice = ?", [
      this.#name("order_invoice"),
      number,
      invoiceId,
    ]);
    const setInvoice = "UPDATE ?? SET id_order_invoice = ? WHERE id_order = ?";
    await this.#step(checkout, "invoice-carrier", setInvoice, [
      this.#name("order_carrier"),
      invoiceId,
      orderId,
    ]);
    await this.#step(checkout, "invoice-lines", setInvoice, [this.#name("order_detail"), invoiceId, orderId]);
    await this.#stepInsert(checkout, "invoice-payment", "order_invoice_payment", {
      id_order_invoice: invoiceId,
      id_order_payment: paymentId,
      id_order: orderId,
    });
    await this.#step(checkout, "invoice-cart-rule", setInvoice, [
      this.#name("order_cart_rule"),
      invoiceId,
      orderId,
    ]);
    checkout.row["invoice_number"] = number;
    checkout.row["invoice_date"] = date;
    await this.#stepUpdate(checkout, "invoice-order", "orders", "id_order", checkout.row);
  }

  async #insertHistory(checkout: Checkout): Promise<bigint> {
    const { orderId, stateId } = checkout;
    if (checkout.hooks) await this.#step(checkout, "history-begin", "START TRANSACTION");
    const historyId = await this.#stepInsert(
      checkout,
      "history",
      "order_history",
      historyRow(orderId, stateId),
    );
    if (checkout.hooks) {
      const payload = { id_order_state: stateId, id_order_history: historyId };
      await this.#step(
        checkout,
        "history-event",
        ...this.#event("order.status_changed", `order:${orderId}`, payload),
      );
      await this.#step(checkout, "history-commit", "COMMIT");
    }
    const wholeAt = process.hrtime.bigint();
    await this.#stepUpdate(checkout, "history-order", "orders", "id_order", checkout.row);
    return wholeAt;
  }

  async #finish(checkout: Checkout): Promise<void> {
    const { orderId, taxId, priced } = checkout;
    if (taxId !== 0) {
      const lines = await this.#select(
        "SELECT id_order_detail FROM ?? WHERE id_order = ? ORDER BY id_order_detail",
        [this.#name("order_detail"), orderId],
      );
      const ids = lines.map((line) => Number(line["id_order_detail"]));
      const taxes = this.#name("order_detail_tax");
      await this.#step(checkout, "final-tax-delete", "DELETE FROM ?? WHERE id_order_detail IN (?)", [
        taxes,
        ids,
      ]);
      await this.#step(
        checkout,
        "final-tax",
        "INSERT INTO ?? (id_order_detail, id_tax, unit_amount, total_amount) VALUES ?",
        [
          taxes,
          priced.lines.map((line, index) => [
            ids[index] ?? 0,
            taxId,
            fromMicros(line.unitTax),
            fromMicros(line.totalTax),
          ]),
        ],
      );
    }
    await this.#step(checkout, "final-reserved", ...this.#reservedSql(orderId));
    await this.#step(checkout, "final-physical", ...this.#physicalSql(orderId));
  }

  // ── Rows ──

  async #priceOf(line: LineToOrder): Promise<number> {
    const [row] = await this.#select(
      `SELECT p.price + COALESCE(a.price, 0) AS price FROM ?? p
       LEFT JOIN ?? a ON a.id_product = p.id_product AND a.id_product_attribute = ? WHERE p.id_product = ?`,
      [
        this.#name("product_shop"),
        this.#name("product_attribute_shop"),
        line.attributeId ?? 0,
        line.productId,
      ],
    );
    if (row === undefined) throw new SupportError(`There is no product ${line.productId} in the seed.`);
    return toMicros(String(row["price"]));
  }

  async #lineRow(checkout: Checkout, line: LineToOrder, index: number, inStock: number): Promise<Row> {
    const priced = checkout.priced.lines[index];
    if (priced === undefined) throw new SupportError(`Line ${index} has no price.`);
    const [product] = await this.#select(
      `SELECT l.name, p.ean13, p.weight, p.wholesale_price, COALESCE(a.reference, p.reference) AS reference FROM ?? p
       JOIN ?? l ON l.id_product = p.id_product AND l.id_lang = ?
       LEFT JOIN ?? a ON a.id_product_attribute = ? WHERE p.id_product = ?`,
      [
        this.#name("product"),
        this.#name("product_lang"),
        LANG_ID,
        this.#name("product_attribute"),
        line.attributeId ?? 0,
        line.productId,
      ],
    );
    return {
      id_order: checkout.orderId,
      id_order_invoice: 0,
      id_warehouse: 0,
      id_shop: SHOP_ID,
      product_id: line.productId,
      product_attribute_id: line.attributeId ?? 0,
      id_customization: 0,
      product_name: product?.["name"] ?? "",
      product_quantity: line.quantity,
      product_quantity_in_stock: inStock,
      product_quantity_return: 0,
      product_quantity_refunded: 0,
      product_quantity_reinjected: 0,
      reduction_percent: 0,
      reduction_amount: 0,
      reduction_amount_tax_incl: 0,
      reduction_amount_tax_excl: 0,
      group_reduction: 0,
      product_quantity_discount: 0,
      product_isbn: "",
      product_upc: "",
      product_mpn: "",
      product_supplier_reference: "",
      total_shipping_price_tax_excl: 0,
      total_shipping_price_tax_incl: 0,
      purchase_supplier_price: product?.["wholesale_price"] ?? 0,
      total_refunded_tax_excl: 0,
      total_refunded_tax_incl: 0,
      product_price: fromMicros(priced.unitTaxExcl),
      product_ean13: product?.["ean13"] ?? null,
      product_reference: product?.["reference"] ?? null,
      product_weight: product?.["weight"] ?? 0,
      id_tax_rules_group: 1,
      tax_computation_method: 0,
      tax_name: checkout.taxName.slice(0, 16),
      tax_rate: checkout.row["carrier_tax_rate"] ?? 0,
      ecotax: 0,
      ecotax_tax_rate: 0,
      discount_quantity_applied: 0,
      download_hash: "",
      download_nb: 0,
      download_deadline: NO_DATE,
      total_price_tax_incl: fromMicros(priced.totalTaxIncl),
      total_price_tax_excl: fromMicros(priced.totalTaxExcl),
      unit_price_tax_incl: fromMicros(priced.unitTaxIncl),
      unit_price_tax_excl: fromMicros(priced.unitTaxExcl),
      original_product_price: fromMicros(priced.unitTaxExcl),
      original_wholesale_price: product?.["wholesale_price"] ?? 0,
    };
  }

  /** The columns that the shop's StockAvailable object knows and writes back; two others it never touches. */
  async #stockRow(productId: number, attributeId: number): Promise<Row> {
    const [row] = await this.#select(
      `SELECT id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, quantity,
         depends_on_stock, out_of_stock, location
       FROM ?? WHERE id_product = ? AND id_product_attribute = ? AND id_shop = ?`,
      [this.#name("stock_available"), productId, attributeId, SHOP_ID],
    );
    if (row === undefined)
      throw new SupportError(`Product ${productId}, combination ${attributeId} has no stock row.`);
    return row;
  }

  /** The product's own row, its quantity set to the sum of the combinations as read just now. */
  async #parentStockRow(productId: number): Promise<Row> {
    const [total] = await this.#select(
      "SELECT SUM(quantity) AS quantity FROM ?? WHERE id_product = ? AND id_product_attribute <> 0 AND id_shop = ?",
      [this.#name("stock_available"), productId, SHOP_ID],
    );
    return { ...(await this.#stockRow(productId, 0)), quantity: Number(total?.["quantity"] ?? 0) };
  }

  async #recalculate(order: Row): Promise<void> {
    const [sums] = await this.#select(
      "SELECT SUM(total_price_tax_excl) AS te, SUM(total_price_tax_incl) AS ti FROM ?? WHERE id_order = ?",
      [this.#name("order_detail"), order["id_order"] ?? 0],
    );
    const productsTaxExcl = toMicros(String(sums?.["te"] ?? 0));
    const productsTaxIncl = toMicros(String(sums?.["ti"] ?? 0));
    const shippingTaxExcl = toMicros(String(order["total_shipping_tax_excl"]));
    const shippingTaxIncl = toMicros(String(order["total_shipping_tax_incl"]));
    Object.assign(
      order,
      moneyColumns({
        productsTaxExcl,
        productsTaxIncl,
        shippingTaxExcl,
        shippingTaxIncl,
        paidTaxExcl: productsTaxExcl + shippingTaxExcl,
        paidTaxIncl: productsTaxIncl + shippingTaxIncl,
      }),
      { date_upd: shopTime() },
    );
    await this.#update("orders", "id_order", order);
  }

  async #recomputeQuantities(orderId: number): Promise<void> {
    await this.#query(...this.#reservedSql(orderId));
    await this.#query(...this.#physicalSql(orderId));
  }

  /** A product that no order holds gets NULL here, which the shop's lax sql_mode stores as 0. */
  #reservedSql(orderId: number): [string, unknown[]] {
    const names = ["stock_available", "orders", "order_detail", "order_state"].map((table) =>
      this.#name(table),
    );
    return [
      `UPDATE ?? sa SET sa.reserved_quantity = (
         SELECT SUM(od.product_quantity - od.product_quantity_refunded)
         FROM ?? o JOIN ?? od ON od.id_order = o.id_order JOIN ?? os ON os.id_order_state = o.current_state
         WHERE o.id_shop = ? AND os.shipped <> 1 AND (o.valid = 1 OR os.id_order_state NOT IN (?))
           AND od.product_id = sa.id_product AND od.product_attribute_id = sa.id_product_attribute)
       WHERE sa.id_shop = ? AND sa.id_product IN (SELECT product_id FROM ?? WHERE id_order = ?)`,
      [...names, SHOP_ID, RESTOCKING_STATES, SHOP_ID, this.#name("order_detail"), orderId],
    ];
  }

  #physicalSql(orderId: number): [string, unknown[]] {
    return [
      `UPDATE ?? sa SET sa.physical_quantity = sa.quantity + sa.reserved_quantity
       WHERE sa.id_shop = ? AND sa.id_product IN (SELECT product_id FROM ?? WHERE id_order = ?)`,
      [this.#name("stock_available"), SHOP_ID, this.#name("order_detail"), orderId],
    ];
  }

  // ── The module ──

  #event(type: string, subject: string, payload: object | null): [string, unknown[]] {
    const trace = `00-${this.#traceId}-${randomBytes(8).toString("hex")}-01`;
    return [
      `INSERT INTO ?? (event_id, type, version, subject, id_shop, occurred_at, traceparent, payload)
       VALUES (?, ?, 1, ?, ?, UTC_TIMESTAMP(6), ?, ?)`,
      [
        this.#name("erpsync_outbox"),
        randomUUID(),
        type,
        subject,
        SHOP_ID,
        trace,
        payload === null ? null : JSON.stringify(payload),
      ],
    ];
  }

  async #announce(type: string, subject: string, payload: object | null): Promise<void> {
    await this.#query(...this.#event(type, subject, payload));
  }

  async #announceStatus(orderId: number, stateId: number, historyId: number): Promise<void> {
    const payload = { id_order_state: stateId, id_order_history: historyId };
    await this.#announce("order.status_changed", `order:${orderId}`, payload);
  }

  async #orderChanged(orderId: number, cause: ChangeCause): Promise<void> {
    await this.#announce("order.changed", `order:${orderId}`, { cause });
  }

  async #stockMoved(
    productId: number,
    attributeId: number,
    delta: number | null,
    after: number,
    writer: string,
  ): Promise<void> {
    await this.#announce("stock.moved", `stock:${productId}:${attributeId}:${SHOP_ID}`, {
      delta,
      after,
      writer,
    });
  }

  // ── Statements ──

  async #step(
    checkout: Checkout,
    step: CheckoutStepName,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<mysql.ResultSetHeader> {
    await this.beforeStep?.(step);
    const result = await this.#query(sql, values);
    this.trace.push(step);
    if (step === "order") checkout.orderId = result.insertId;
    if (checkout.order.dieAfter === step) {
      this.#connection?.destroy();
      this.#connection = undefined;
      throw new PhpProcessDied(step, checkout.orderId, String(checkout.row["reference"]));
    }
    return result;
  }

  async #stepInsert(checkout: Checkout, step: CheckoutStepName, table: string, row: Row): Promise<number> {
    const result = await this.#step(checkout, step, "INSERT INTO ?? SET ?", [this.#name(table), row]);
    return result.insertId;
  }

  async #stepUpdate(
    checkout: Checkout,
    step: CheckoutStepName,
    table: string,
    key: string,
    row: Row,
  ): Promise<void> {
    await this.#step(checkout, step, "UPDATE ?? SET ? WHERE ?? = ?", [this.#name(table), row, key, row[key]]);
  }

  async #insert(table: string, row: Row): Promise<number> {
    const result = await this.#query("INSERT INTO ?? SET ?", [this.#name(table), row]);
    return result.insertId;
  }

  /** Every column, as ObjectModel writes it: what another process changed since the read is lost. */
  async #update(table: string, key: string, row: Row): Promise<void> {
    await this.#query("UPDATE ?? SET ? WHERE ?? = ?", [this.#name(table), row, key, row[key]]);
  }

  async #load(table: string, key: string, id: number): Promise<Row> {
    const [row] = await this.#select("SELECT * FROM ?? WHERE ?? = ? LIMIT 1", [this.#name(table), key, id]);
    if (row === undefined) throw new SupportError(`There is no ${table} with ${key} = ${id}.`);
    return row;
  }

  async #select(sql: string, values: readonly unknown[]): Promise<Row[]> {
    const connection = await this.#connect();
    const [rows] = await connection.query<mysql.RowDataPacket[]>(sql, [...values]);
    return rows;
  }

  async #query(sql: string, values: readonly unknown[] = []): Promise<mysql.ResultSetHeader> {
    const connection = await this.#connect();
    const [result] = await connection.query<mysql.ResultSetHeader>(sql, [...values]);
    return result;
  }

  async #connect(): Promise<mysql.Connection> {
    if (this.#connection === undefined) {
      this.#connection = await this.#world.connection();
      this.#traceId = randomBytes(16).toString("hex");
      // PrestaShop's first statement on each connection: zero dates and missing defaults are accepted.
      await this.#connection.query("SET SESSION sql_mode = ''");
    }
    return this.#connection;
  }

  #name(table: string): string {
    return this.#world.prefix + table;
  }
}

/** The shop's own clock: PHP writes local time, here that of Paris. */
function shopTime(): string {
  return new Date().toLocaleString("sv-SE", { timeZone: "Europe/Paris" });
}

/** Nine capital letters, as the shop makes them. */
function randomReference(): string {
  return Array.from(randomBytes(9), (byte) => String.fromCharCode(65 + (byte % 26))).join("");
}

function moneyColumns(priced: Omit<PricedOrder, "lines">): Row {
  return {
    total_paid: fromMicros(priced.paidTaxIncl),
    total_paid_tax_incl: fromMicros(priced.paidTaxIncl),
    total_paid_tax_excl: fromMicros(priced.paidTaxExcl),
    total_products: fromMicros(priced.productsTaxExcl),
    total_products_wt: fromMicros(priced.productsTaxIncl),
    total_shipping: fromMicros(priced.shippingTaxIncl),
    total_shipping_tax_incl: fromMicros(priced.shippingTaxIncl),
    total_shipping_tax_excl: fromMicros(priced.shippingTaxExcl),
  };
}

function historyRow(orderId: number, stateId: number): Row {
  return { id_employee: 0, id_order: orderId, id_order_state: stateId, date_add: shopTime() };
}

function paymentRow(order: Row, amount: number, method: string): Row {
  return {
    order_reference: order["reference"] ?? "",
    id_currency: order["id_currency"] ?? 1,
    amount: fromMicros(amount),
    payment_method: method,
    conversion_rate: 1,
    transaction_id: "",
    card_number: "",
    card_brand: "",
    card_expiration: "",
    card_holder: "",
    date_add: shopTime(),
    id_employee: null,
  };
}

function taxRow(lineId: number, taxId: number, priced: PricedLine): Row {
  return {
    id_order_detail: lineId,
    id_tax: taxId,
    unit_amount: fromMicros(priced.unitTax),
    total_amount: fromMicros(priced.totalTax),
  };
}

function invoiceRow(orderId: number, priced: PricedOrder, date: string): Row {
  return {
    id_order: orderId,
    number: 0,
    delivery_number: 0,
    delivery_date: NO_DATE,
    total_discount_tax_excl: "0",
    total_discount_tax_incl: "0",
    total_wrapping_tax_excl: "0",
    total_wrapping_tax_incl: "0",
    total_paid_tax_excl: fromMicros(priced.paidTaxExcl),
    total_paid_tax_incl: fromMicros(priced.paidTaxIncl),
    total_products: fromMicros(priced.productsTaxExcl),
    total_products_wt: fromMicros(priced.productsTaxIncl),
    total_shipping_tax_excl: fromMicros(priced.shippingTaxExcl),
    total_shipping_tax_incl: fromMicros(priced.shippingTaxIncl),
    shipping_tax_computation_method: 0,
    shop_address: "",
    note: "",
    date_add: date,
  };
}

/** A line's money for another quantity; its tax is what its own unit prices say. */
function reprice(line: Row, quantity: number, rounding: Rounding): PricedLine {
  const unitTaxExcl = toMicros(String(line["unit_price_tax_excl"]));
  const unitTaxIncl = toMicros(String(line["unit_price_tax_incl"]));
  const taxPercent = unitTaxExcl === 0 ? 0 : Math.round((unitTaxIncl / unitTaxExcl - 1) * 100_000) / 1_000;
  return priceLine({ unitTaxExcl, quantity }, taxPercent, rounding);
}

function roundingOf(order: Row): Rounding {
  const currency = Object.values(CURRENCIES).find(({ id }) => id === order["id_currency"]);
  return { currencyDecimals: currency?.decimals ?? 2, roundType: Number(order["round_type"]) as RoundType };
}
