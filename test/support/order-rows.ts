// Whole rows as PrestaShop's ObjectModel writes them: every column, NULL and empty where it has them so.
import {
  fromMicros,
  type Micros,
  type PricedLine,
  type PricedOrder,
  priceLine,
  type Rounding,
  type RoundType,
  toMicros,
} from "./price-order.ts";
import { CARRIER_ID, CURRENCIES, LANG_ID, SHOP_GROUP_ID, SHOP_ID } from "./seed.ts";

export type Value = string | number | null;
export type Row = Record<string, Value>;

/** What PrestaShop writes for a moment that has not come. */
export const NO_DATE = "0000-00-00 00:00:00";

export interface LineToOrder {
  readonly productId: number;
  /** A combination; without it, or 0, the product itself. */
  readonly attributeId?: number;
  readonly quantity: number;
}

export interface OrderHeader {
  readonly reference: string;
  readonly customerId: number;
  readonly secureKey: Value;
  readonly cartId: number;
  readonly addressId: number;
  readonly currency: { readonly id: number; readonly conversionRate: number };
  readonly paid: boolean;
  readonly taxPercent: number;
  readonly roundType: RoundType;
  readonly priced: PricedOrder;
}

/** The shop's own clock: PHP writes local time, here that of Paris. */
export function shopTime(): string {
  return new Date().toLocaleString("sv-SE", { timeZone: "Europe/Paris" });
}

/** The orders row as it is first inserted: state 0, nothing paid, no invoice. */
export function orderRow(header: OrderHeader): Row {
  return {
    reference: header.reference,
    id_shop_group: SHOP_GROUP_ID,
    id_shop: SHOP_ID,
    id_carrier: CARRIER_ID,
    id_lang: LANG_ID,
    id_customer: header.customerId,
    id_cart: header.cartId,
    id_currency: header.currency.id,
    id_address_delivery: header.addressId,
    id_address_invoice: header.addressId,
    current_state: 0,
    secure_key: header.secureKey,
    payment: header.paid ? "Card" : "Bank transfer",
    conversion_rate: header.currency.conversionRate,
    module: header.paid ? "ps_checkout" : "ps_wirepayment",
    recyclable: 0,
    gift: 0,
    gift_message: null,
    mobile_theme: 0,
    total_discounts: "0",
    total_discounts_tax_incl: "0",
    total_discounts_tax_excl: "0",
    ...moneyColumns(header.priced),
    total_paid_real: "0",
    carrier_tax_rate: header.taxPercent,
    total_wrapping: "0",
    total_wrapping_tax_incl: "0",
    total_wrapping_tax_excl: "0",
    round_mode: 2,
    round_type: header.roundType,
    invoice_number: 0,
    delivery_number: 0,
    invoice_date: NO_DATE,
    delivery_date: NO_DATE,
    valid: 0,
    date_add: shopTime(),
    date_upd: shopTime(),
    note: null,
  };
}

export interface OrderLine {
  readonly orderId: number;
  readonly line: LineToOrder;
  readonly inStockUnits: number;
  readonly taxName: string;
  readonly taxPercent: number;
  readonly priced: PricedLine;
}

/** An order_detail row; `product` has name, ean13, weight, wholesale_price and reference. */
export function lineRow(about: OrderLine, product: Row): Row {
  return {
    id_order: about.orderId,
    id_order_invoice: 0,
    id_warehouse: 0,
    id_shop: SHOP_ID,
    product_id: about.line.productId,
    product_attribute_id: about.line.attributeId ?? 0,
    id_customization: 0,
    product_name: product["name"] ?? "",
    product_quantity: about.line.quantity,
    product_quantity_in_stock: about.inStockUnits,
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
    purchase_supplier_price: product["wholesale_price"] ?? 0,
    total_refunded_tax_excl: 0,
    total_refunded_tax_incl: 0,
    product_price: fromMicros(about.priced.unitTaxExcl),
    product_ean13: product["ean13"] ?? null,
    product_reference: product["reference"] ?? null,
    product_weight: product["weight"] ?? 0,
    id_tax_rules_group: 1,
    tax_computation_method: 0,
    tax_name: about.taxName.slice(0, 16),
    tax_rate: about.taxPercent,
    ecotax: 0,
    ecotax_tax_rate: 0,
    discount_quantity_applied: 0,
    download_hash: "",
    download_nb: 0,
    download_deadline: NO_DATE,
    total_price_tax_incl: fromMicros(about.priced.totalTaxIncl),
    total_price_tax_excl: fromMicros(about.priced.totalTaxExcl),
    unit_price_tax_incl: fromMicros(about.priced.unitTaxIncl),
    unit_price_tax_excl: fromMicros(about.priced.unitTaxExcl),
    original_product_price: fromMicros(about.priced.unitTaxExcl),
    original_wholesale_price: product["wholesale_price"] ?? 0,
  };
}

export function moneyColumns(priced: Omit<PricedOrder, "lines">): Row {
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

export function historyRow(orderId: number, stateId: number): Row {
  return { id_employee: 0, id_order: orderId, id_order_state: stateId, date_add: shopTime() };
}

export function paymentRow(order: Row, amount: Micros, method: string): Row {
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

export function taxRow(lineId: number, taxId: number, priced: PricedLine): Row {
  return {
    id_order_detail: lineId,
    id_tax: taxId,
    unit_amount: fromMicros(priced.unitTax),
    total_amount: fromMicros(priced.totalTax),
  };
}

export function invoiceRow(orderId: number, priced: PricedOrder, date: string): Row {
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
export function reprice(line: Row, quantity: number, rounding: Rounding): PricedLine {
  const unitTaxExcl = toMicros(String(line["unit_price_tax_excl"]));
  const unitTaxIncl = toMicros(String(line["unit_price_tax_incl"]));
  const taxPercent = unitTaxExcl === 0 ? 0 : Math.round((unitTaxIncl / unitTaxExcl - 1) * 100_000) / 1_000;
  return priceLine({ unitTaxExcl, quantity }, taxPercent, rounding);
}

export function roundingOf(order: Row): Rounding {
  const currency = Object.values(CURRENCIES).find(({ id }) => id === order["id_currency"]);
  return { currencyDecimals: currency?.decimals ?? 2, roundType: Number(order["round_type"]) as RoundType };
}
