import type mysql from "mysql2/promise";
import type { CheckoutStepName } from "./checkout-steps.ts";
import { eventStatement } from "./module-events.ts";
import {
  historyRow,
  invoiceRow,
  type LineToOrder,
  lineRow,
  orderRow,
  paymentRow,
  type Row,
  shopTime,
  taxRow,
} from "./order-rows.ts";
import type { PhpProcess } from "./php-process.ts";
import {
  fromMicros,
  type Micros,
  type PricedOrder,
  priceOrder,
  type RoundType,
  toMicros,
} from "./price-order.ts";
import {
  CARRIER_ID,
  CURRENCIES,
  type CurrencyIso,
  LANG_ID,
  ORDER_STATE,
  SHOP_GROUP_ID,
  SHOP_ID,
} from "./seed.ts";
import { moveUnits, physicalStatement, reservedStatement } from "./shop-stock.ts";
import { SupportError } from "./support-error.ts";

export interface OrderToPlace {
  readonly customerId: number;
  readonly lines: readonly LineToOrder[];
  /** Paid at once (payment accepted, with payment and invoice), or awaiting a bank wire. */
  readonly paid?: boolean;
  readonly currency?: CurrencyIso;
  /** Off: the module is disabled or its hooks are not registered, and nothing announces the order. */
  readonly hooks?: "on" | "off";
  /** The module holds the cart's products while their stock is taken; without, checkouts race as PrestaShop's do. */
  readonly lock?: boolean;
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
  readonly orderId: number;
  readonly reference: string;

  constructor(step: CheckoutStepName, orderId: number, reference: string) {
    super(`The simulated PHP process died after "${step}" of order ${orderId}, as the test asked.`);
    this.orderId = orderId;
    this.reference = reference;
  }
}

/** What a checkout knows before its first statement: the cart is filled and priced. */
export interface Prepared {
  readonly order: OrderToPlace;
  readonly paid: boolean;
  readonly stateId: number;
  readonly taxId: number;
  readonly taxName: string;
  readonly taxPercent: number;
  readonly priced: PricedOrder;
  readonly row: Row;
}

const SHIPPING_TAX_EXCL: Micros = toMicros(7);
const PRODUCT_WEIGHT_KG = 0.3;

/** One run of `PaymentModule::validateOrder`. The steps are those of `CHECKOUT_STEPS`, in their order. */
export class Checkout {
  readonly trace: CheckoutStepName[] = [];
  readonly #php: PhpProcess;
  readonly #beforeStep: ((step: CheckoutStepName) => unknown) | undefined;
  readonly order: OrderToPlace;
  readonly hooks: boolean;
  readonly paid: boolean;
  readonly stateId: number;
  readonly taxId: number;
  readonly taxName: string;
  readonly taxPercent: number;
  readonly priced: PricedOrder;
  orderId = 0;
  row: Row;

  constructor(php: PhpProcess, prepared: Prepared, beforeStep?: (step: CheckoutStepName) => unknown) {
    this.#php = php;
    this.#beforeStep = beforeStep;
    this.order = prepared.order;
    this.hooks = prepared.order.hooks !== "off";
    this.paid = prepared.paid;
    this.stateId = prepared.stateId;
    this.taxId = prepared.taxId;
    this.taxName = prepared.taxName;
    this.taxPercent = prepared.taxPercent;
    this.priced = prepared.priced;
    this.row = prepared.row;
  }

  async run(): Promise<PlacedOrder> {
    const locks = this.order.lock === true ? this.#locks() : [];
    for (const name of locks) await this.#php.query("DO GET_LOCK(?, 2)", [name]);
    await this.#insertOrder();
    const placedAt = process.hrtime.bigint();
    const { id_cart: cartId = 0, reference } = this.row;
    await this.#step("cart-prices", "DELETE FROM ?? WHERE id_cart = ?", [
      this.#php.name("specific_price"),
      cartId,
    ]);
    for (const [index, line] of this.order.lines.entries()) await this.#insertLine(line, index);
    for (const name of locks) await this.#php.query("DO RELEASE_LOCK(?)", [name]);
    await this.#insertCarrier();
    const paymentId = this.paid ? await this.#insertPayment() : 0;
    if (this.paid) await this.#countSales();
    await this.#changeState(paymentId);
    const wholeAt = await this.#insertHistory();
    await this.#finish();
    return { orderId: this.orderId, reference: String(reference), placedAt, wholeAt };
  }

  /** In ascending order of the products, so that two carts never wait for each other. */
  #locks(): readonly string[] {
    const products = [...new Set(this.order.lines.map((line) => line.productId))].sort((a, b) => a - b);
    return products.map((id) => this.#php.productLock(id));
  }

  async #insertOrder(): Promise<void> {
    if (this.hooks) await this.#step("order-begin", "START TRANSACTION");
    this.orderId = await this.#stepInsert("order", "orders", this.row);
    this.row = { id_order: this.orderId, ...this.row };
    if (!this.hooks) return;
    await this.#step(
      "order-event",
      ...eventStatement(this.#php, "order.placed", `order:${this.orderId}`, null),
    );
    await this.#step("order-commit", "COMMIT");
  }

  async #insertLine(line: LineToOrder, index: number): Promise<void> {
    const attributeId = line.attributeId ?? 0;
    const moved = { productId: line.productId, attributeId, delta: -line.quantity };
    const stock = await moveUnits(this.#php, moved, async (row, of) => {
      const step = of === "row" ? "line-stock" : "line-parent-stock";
      await this.#stepUpdate(step, "stock_available", "id_stock_available", row);
    });
    const inStock = Number(stock["quantity"]);
    const [product] = await this.#php.select("SELECT cache_default_attribute FROM ?? WHERE id_product = ?", [
      this.#php.name("product"),
      line.productId,
    ]);
    const defaultAttribute = product?.["cache_default_attribute"] ?? 0;
    const setDefault = "UPDATE ?? SET cache_default_attribute = ? WHERE id_product = ?";
    await this.#step("line-product-shop", setDefault, [
      this.#php.name("product_shop"),
      defaultAttribute,
      line.productId,
    ]);
    const combined = attributeId === 0 ? {} : { product_type: "combinations" };
    await this.#step("line-product", "UPDATE ?? SET ? WHERE id_product = ?", [
      this.#php.name("product"),
      { cache_default_attribute: defaultAttribute, ...combined },
      line.productId,
    ]);
    const row = await lineOf(this.#php, this, line, index, Math.min(inStock, line.quantity));
    const lineId = await this.#stepInsert("line", "order_detail", row);
    const priced = this.priced.lines[index];
    if (this.taxId === 0 || priced === undefined) return;
    await this.#stepInsert("line-tax", "order_detail_tax", taxRow(lineId, this.taxId, priced));
  }

  async #insertCarrier(): Promise<void> {
    await this.#stepInsert("carrier", "order_carrier", {
      id_order: this.orderId,
      id_carrier: CARRIER_ID,
      id_order_invoice: 0,
      weight: (unitsOf(this.order) * PRODUCT_WEIGHT_KG).toFixed(6),
      shipping_cost_tax_excl: fromMicros(this.priced.shippingTaxExcl),
      shipping_cost_tax_incl: fromMicros(this.priced.shippingTaxIncl),
      tracking_number: "",
      date_add: shopTime(),
    });
  }

  async #insertPayment(): Promise<number> {
    const paid = this.priced.paidTaxIncl;
    const paymentId = await this.#stepInsert(
      "payment",
      "order_payment",
      paymentRow(this.row, paid, String(this.row["payment"])),
    );
    this.row["total_paid_real"] = fromMicros(paid);
    await this.#stepUpdate("payment-order", "orders", "id_order", this.row);
    return paymentId;
  }

  async #countSales(): Promise<void> {
    for (const line of this.order.lines) {
      await this.#step(
        "sale",
        `INSERT INTO ?? (id_product, quantity, sale_nbr, date_upd) VALUES (?, ?, 1, NOW())
         ON DUPLICATE KEY UPDATE quantity = quantity + ?, sale_nbr = sale_nbr + 1, date_upd = NOW()`,
        [this.#php.name("product_sale"), line.productId, line.quantity, line.quantity],
      );
    }
  }

  async #changeState(paymentId: number): Promise<void> {
    this.row["current_state"] = this.stateId;
    this.row["valid"] = this.paid ? 1 : 0;
    await this.#stepUpdate("state-order", "orders", "id_order", this.row);
    if (this.paid) await this.#insertInvoice(paymentId);
    await this.#step("state-reserved", ...reservedStatement(this.#php, this.orderId));
    await this.#step("state-physical", ...physicalStatement(this.#php, this.orderId));
  }

  async #insertInvoice(paymentId: number): Promise<void> {
    const { orderId, priced } = this;
    const date = shopTime();
    const invoiceId = await this.#stepInsert("invoice", "order_invoice", invoiceRow(orderId, priced, date));
    if (this.taxId !== 0) {
      await this.#stepInsert("invoice-tax", "order_invoice_tax", {
        id_order_invoice: invoiceId,
        type: "shipping",
        id_tax: this.taxId,
        amount: fromMicros(priced.shippingTaxIncl - priced.shippingTaxExcl),
      });
    }
    const [last] = await this.#php.select("SELECT MAX(number) + 1 AS number FROM ??", [
      this.#php.name("order_invoice"),
    ]);
    const number = Number(last?.["number"] ?? 1);
    await this.#step("invoice-number", "UPDATE ?? SET number = ? WHERE id_order_invoice = ?", [
      this.#php.name("order_invoice"),
      number,
      invoiceId,
    ]);
    const setInvoice = "UPDATE ?? SET id_order_invoice = ? WHERE id_order = ?";
    const carrier = {
      ...(await this.#php.load("order_carrier", "id_order", orderId)),
      id_order_invoice: invoiceId,
    };
    await this.#stepUpdate("invoice-carrier", "order_carrier", "id_order_carrier", carrier);
    await this.#step("invoice-lines", setInvoice, [this.#php.name("order_detail"), invoiceId, orderId]);
    await this.#stepInsert("invoice-payment", "order_invoice_payment", {
      id_order_invoice: invoiceId,
      id_order_payment: paymentId,
      id_order: orderId,
    });
    await this.#step("invoice-cart-rule", setInvoice, [
      this.#php.name("order_cart_rule"),
      invoiceId,
      orderId,
    ]);
    this.row["invoice_number"] = number;
    this.row["invoice_date"] = date;
    await this.#stepUpdate("invoice-order", "orders", "id_order", this.row);
  }

  async #insertHistory(): Promise<bigint> {
    const { orderId, stateId } = this;
    if (this.hooks) await this.#step("history-begin", "START TRANSACTION");
    const historyId = await this.#stepInsert("history", "order_history", historyRow(orderId, stateId));
    if (this.hooks) {
      const payload = { id_order_state: stateId, id_order_history: historyId };
      await this.#step(
        "history-event",
        ...eventStatement(this.#php, "order.status_changed", `order:${orderId}`, payload),
      );
      await this.#step("history-commit", "COMMIT");
    }
    const wholeAt = process.hrtime.bigint();
    await this.#stepUpdate("history-order", "orders", "id_order", this.row);
    return wholeAt;
  }

  async #finish(): Promise<void> {
    const { orderId, taxId, priced } = this;
    if (taxId !== 0) {
      const lines = await this.#php.select(
        "SELECT id_order_detail FROM ?? WHERE id_order = ? ORDER BY id_order_detail",
        [this.#php.name("order_detail"), orderId],
      );
      const ids = lines.map((line) => Number(line["id_order_detail"]));
      const taxes = this.#php.name("order_detail_tax");
      await this.#step("final-tax-delete", "DELETE FROM ?? WHERE id_order_detail IN (?)", [taxes, ids]);
      await this.#step(
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
    await this.#step("final-reserved", ...reservedStatement(this.#php, orderId));
    await this.#step("final-physical", ...physicalStatement(this.#php, orderId));
  }

  async #step(
    step: CheckoutStepName,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<mysql.ResultSetHeader> {
    await this.#beforeStep?.(step);
    const result = await this.#php.query(sql, values);
    this.trace.push(step);
    if (step === "order") this.orderId = result.insertId;
    if (this.order.dieAfter === step) {
      this.#php.die();
      throw new PhpProcessDied(step, this.orderId, String(this.row["reference"]));
    }
    return result;
  }

  async #stepInsert(step: CheckoutStepName, table: string, row: Row): Promise<number> {
    const result = await this.#step(step, "INSERT INTO ?? SET ?", [this.#php.name(table), row]);
    return result.insertId;
  }

  async #stepUpdate(step: CheckoutStepName, table: string, key: string, row: Row): Promise<void> {
    await this.#step(step, "UPDATE ?? SET ? WHERE ?? = ?", [this.#php.name(table), row, key, row[key]]);
  }
}

/** Fills a cart and prices it, as the customer's earlier requests did. */
export async function prepareCheckout(
  php: PhpProcess,
  order: OrderToPlace,
  reference: string,
): Promise<Prepared> {
  const currency = CURRENCIES[order.currency ?? "EUR"];
  const customer = await php.load("customer", "id_customer", order.customerId);
  const place = await deliveryPlace(php, order.customerId);
  const lines = [];
  for (const line of order.lines) {
    const price = await priceOf(php, line);
    lines.push({ unitTaxExcl: Math.round(price * currency.conversionRate), quantity: line.quantity });
  }
  const roundType = await roundTypeOf(php);
  const taxPercent = Number(place["rate"] ?? 0);
  const shippingTaxExcl = SHIPPING_TAX_EXCL * currency.conversionRate;
  const priced = priceOrder(lines, shippingTaxExcl, taxPercent, {
    currencyDecimals: currency.decimals,
    roundType,
  });
  const addressId = Number(place["id_address"]);
  const secureKey = customer["secure_key"] ?? "";
  const cartId = await insertCart(php, order, customer, addressId, currency.id);
  const paid = order.paid ?? false;
  const { customerId } = order;
  return {
    order,
    paid,
    stateId: paid ? ORDER_STATE.paymentAccepted : ORDER_STATE.awaitingWire,
    taxId: Number(place["id_tax"] ?? 0),
    taxName: String(place["tax_name"] ?? ""),
    taxPercent,
    priced,
    row: orderRow({
      reference,
      customerId,
      secureKey,
      cartId,
      addressId,
      currency,
      paid,
      taxPercent,
      roundType,
      priced,
    }),
  };
}

/** The order_detail row of one line. */
export async function lineOf(
  php: PhpProcess,
  checkout: Pick<Checkout, "orderId" | "taxName" | "taxPercent" | "priced">,
  line: LineToOrder,
  index: number,
  inStockUnits: number,
): Promise<Row> {
  const priced = checkout.priced.lines[index];
  const [product] = await php.select(
    `SELECT l.name, p.ean13, p.weight, p.wholesale_price, COALESCE(a.reference, p.reference) AS reference FROM ?? p
     JOIN ?? l ON l.id_product = p.id_product AND l.id_lang = ?
     LEFT JOIN ?? a ON a.id_product_attribute = ? WHERE p.id_product = ?`,
    [
      php.name("product"),
      php.name("product_lang"),
      LANG_ID,
      php.name("product_attribute"),
      line.attributeId ?? 0,
      line.productId,
    ],
  );
  if (product === undefined || priced === undefined)
    throw new SupportError(`Line ${index} names no product.`);
  const { orderId, taxName, taxPercent } = checkout;
  return lineRow({ orderId, line, inStockUnits, taxName, taxPercent, priced }, product);
}

async function deliveryPlace(php: PhpProcess, customerId: number): Promise<Row> {
  const [place] = await php.select(
    `SELECT a.id_address, t.id_tax, t.rate, n.name AS tax_name FROM ?? a
     LEFT JOIN ?? r ON r.id_country = a.id_country AND r.id_tax_rules_group = 1
     LEFT JOIN ?? t ON t.id_tax = r.id_tax LEFT JOIN ?? n ON n.id_tax = t.id_tax AND n.id_lang = ?
     WHERE a.id_customer = ? AND a.deleted = 0 ORDER BY a.id_address LIMIT 1`,
    [...["address", "tax_rule", "tax", "tax_lang"].map((table) => php.name(table)), LANG_ID, customerId],
  );
  if (place === undefined) throw new SupportError(`Customer ${customerId} has no address to deliver to.`);
  return place;
}

async function roundTypeOf(php: PhpProcess): Promise<RoundType> {
  const setting = "SELECT value FROM ?? WHERE name = 'PS_ROUND_TYPE'";
  const [row] = await php.select(setting, [php.name("configuration")]);
  return Number(row?.["value"] ?? 2) as RoundType;
}

async function priceOf(php: PhpProcess, line: LineToOrder): Promise<number> {
  const [row] = await php.select(
    `SELECT p.price + COALESCE(a.price, 0) AS price FROM ?? p
     LEFT JOIN ?? a ON a.id_product = p.id_product AND a.id_product_attribute = ? WHERE p.id_product = ?`,
    [php.name("product_shop"), php.name("product_attribute_shop"), line.attributeId ?? 0, line.productId],
  );
  if (row === undefined) throw new SupportError(`There is no product ${line.productId} in the seed.`);
  return toMicros(String(row["price"]));
}

async function insertCart(
  php: PhpProcess,
  order: OrderToPlace,
  customer: Row,
  addressId: number,
  currencyId: number,
): Promise<number> {
  const now = shopTime();
  const cartId = await php.insert("cart", {
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
    await php.insert("cart_product", {
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

function unitsOf(order: OrderToPlace): number {
  return order.lines.reduce((units, line) => units + line.quantity, 0);
}
