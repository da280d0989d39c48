import { sql } from "kysely";
import type { ShopCustomerId, ShopOrderId } from "../domain/ids.ts";
import type { Database } from "../platform/database.ts";

/** An order's header with all that hangs on it one to one, as PrestaShop 8.2 stores it. */
export interface OrderRow {
  readonly id_order: number;
  readonly reference: string;
  readonly id_shop_group: number;
  readonly id_shop: number;
  readonly id_customer: number;
  readonly current_state: number;
  readonly secure_key: string;
  readonly payment: string;
  /** Technical name of the payment module. */
  readonly module: string | null;
  readonly conversion_rate: string;
  readonly total_products: string;
  readonly total_products_wt: string;
  readonly total_discounts_tax_excl: string;
  readonly total_discounts_tax_incl: string;
  readonly total_wrapping_tax_excl: string;
  readonly total_wrapping_tax_incl: string;
  readonly total_paid_tax_excl: string;
  readonly total_paid_tax_incl: string;
  readonly total_shipping_tax_excl: string;
  readonly total_shipping_tax_incl: string;
  /** Percent, three decimals. */
  readonly carrier_tax_rate: string;
  /** PS_PRICE_ROUND_MODE and PS_ROUND_TYPE when it was placed. */
  readonly round_mode: number;
  readonly round_type: number;
  readonly date_add: string;
  readonly currency_code: string | null;
  readonly currency_decimals: number | null;
  readonly carrier_name: string | null;
  readonly carrier_reference: number | null;
  /** 1 where a history row exists; without one the order is torn. */
  readonly has_history: number;
  /** 1 where the shop still has the customer's row. */
  readonly customer_exists: number;
}

/**
 * An order's header, currency and carrier; undefined where the order was deleted.
 * Locks: none.
 * Reads: primary keys of orders, currency, carrier and customer, and order_history's index on id_order.
 */
export async function readOrder(db: Database, id: ShopOrderId): Promise<OrderRow | undefined> {
  return await db
    .selectFrom("orders as o")
    .leftJoin("currency as c", "c.id_currency", "o.id_currency")
    .leftJoin("carrier as s", "s.id_carrier", "o.id_carrier")
    .where("o.id_order", "=", id)
    .select([
      "o.id_order",
      "o.reference",
      "o.id_shop_group",
      "o.id_shop",
      "o.id_customer",
      "o.current_state",
      "o.secure_key",
      "o.payment",
      "o.module",
      "o.conversion_rate",
      "o.total_products",
      "o.total_products_wt",
      "o.total_discounts_tax_excl",
      "o.total_discounts_tax_incl",
      "o.total_wrapping_tax_excl",
      "o.total_wrapping_tax_incl",
      "o.total_paid_tax_excl",
      "o.total_paid_tax_incl",
      "o.total_shipping_tax_excl",
      "o.total_shipping_tax_incl",
      "o.carrier_tax_rate",
      "o.round_mode",
      "o.round_type",
      "o.date_add",
      "c.iso_code as currency_code",
      "c.precision as currency_decimals",
      "s.name as carrier_name",
      "s.id_reference as carrier_reference",
    ])
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom("order_history as h")
            .whereRef("h.id_order", "=", "o.id_order")
            .select(sql`1`.as("one")),
        )
        .$castTo<number>()
        .as("has_history"),
    )
    .leftJoin("customer as k", "k.id_customer", "o.id_customer")
    .select(sql<number>`k.id_customer IS NOT NULL`.as("customer_exists"))
    .executeTakeFirst();
}

/** An address row with the ISO codes of its country and state. */
export interface AddressRow {
  /** Which of the order's two addresses it is. */
  readonly role: "billing" | "delivery";
  readonly company: string | null;
  readonly firstname: string;
  readonly lastname: string;
  readonly address1: string;
  readonly address2: string | null;
  readonly postcode: string | null;
  readonly city: string;
  readonly state: string | null;
  readonly country: string | null;
  readonly phone: string | null;
  readonly phone_mobile: string | null;
  readonly vat_number: string | null;
}

/**
 * The order's addresses, one row for each role that has an address.
 * Locks: none.
 * Reads: primary keys of orders, address, country and state.
 */
export async function readOrderAddresses(db: Database, id: ShopOrderId): Promise<readonly AddressRow[]> {
  return await db
    .selectFrom("orders as o")
    .innerJoin("address as a", (join) =>
      join.on((eb) =>
        eb("a.id_address", "in", [eb.ref("o.id_address_invoice"), eb.ref("o.id_address_delivery")]),
      ),
    )
    .leftJoin("country as c", "c.id_country", "a.id_country")
    .leftJoin("state as s", "s.id_state", "a.id_state")
    .where("o.id_order", "=", id)
    .select([
      "a.company",
      "a.firstname",
      "a.lastname",
      "a.address1",
      "a.address2",
      "a.postcode",
      "a.city",
      "s.iso_code as state",
      "c.iso_code as country",
      "a.phone",
      "a.phone_mobile",
      "a.vat_number",
    ])
    .select([
      sql<number>`a.id_address = o.id_address_invoice`.as("bills"),
      sql<number>`a.id_address = o.id_address_delivery`.as("delivers"),
    ])
    .execute()
    .then((rows) =>
      rows.flatMap(({ bills, delivers, ...address }) => [
        ...(bills === 1 ? [{ ...address, role: "billing" as const }] : []),
        ...(delivers === 1 ? [{ ...address, role: "delivery" as const }] : []),
      ]),
    );
}

/** One line of an order. */
export interface OrderLineRow {
  readonly id_order_detail: number;
  readonly product_id: number;
  readonly product_attribute_id: number;
  readonly product_reference: string | null;
  readonly product_name: string;
  readonly product_quantity: number;
  readonly id_customization: number | null;
  readonly id_tax_rules_group: number | null;
  /** 2 where each tax is taken on the price with the taxes before it, else the rates are added up. */
  readonly tax_computation_method: number;
  readonly tax_name: string;
  /** Percent, three decimals; 15.474 stands for a compound of 15.47375. */
  readonly tax_rate: string;
  /** Of one piece, before the group's reduction. */
  readonly ecotax: string;
  readonly ecotax_tax_rate: string;
  /** Percent that the customer's group had off. */
  readonly group_reduction: string;
  readonly unit_price_tax_excl: string;
  readonly unit_price_tax_incl: string;
  readonly total_price_tax_excl: string;
  readonly total_price_tax_incl: string;
  /** The product's default category; null where the shop no longer has the product. */
  readonly category_id: number | null;
}

/**
 * The order's lines in the order of their ids.
 * Locks: none.
 * Reads: order_detail's index on id_order and the primary key of product.
 */
export async function readOrderLines(db: Database, id: ShopOrderId): Promise<readonly OrderLineRow[]> {
  return await db
    .selectFrom("order_detail as d")
    .leftJoin("product as p", "p.id_product", "d.product_id")
    .where("d.id_order", "=", id)
    .orderBy("d.id_order_detail")
    .select([
      "d.id_order_detail",
      "d.product_id",
      "d.product_attribute_id",
      "d.product_reference",
      "d.product_name",
      "d.product_quantity",
      "d.id_customization",
      "d.id_tax_rules_group",
      "d.tax_computation_method",
      "d.tax_name",
      "d.tax_rate",
      "d.ecotax",
      "d.ecotax_tax_rate",
      "d.group_reduction",
      "d.unit_price_tax_excl",
      "d.unit_price_tax_incl",
      "d.total_price_tax_excl",
      "d.total_price_tax_incl",
      "p.id_category_default as category_id",
    ])
    .execute();
}

/** A tax of a line. */
export interface OrderTaxRow {
  readonly id_order_detail: number;
  readonly id_tax: number;
  /** After vouchers and without the ecotax's part: what finance reads in the shop, and no sum to build on. */
  readonly total_amount: string;
  /** Percent, three decimals; null where the shop has deleted the tax. */
  readonly rate: string | null;
  /** In the order's language. */
  readonly name: string | null;
}

/**
 * The taxes of the order's lines, by line and tax.
 * Locks: none.
 * Reads: primary keys of orders, tax and tax_lang, order_detail's index on id_order, order_detail_tax's on the line.
 */
export async function readOrderTaxes(db: Database, id: ShopOrderId): Promise<readonly OrderTaxRow[]> {
  return await db
    .selectFrom("orders as o")
    .innerJoin("order_detail as d", "d.id_order", "o.id_order")
    .innerJoin("order_detail_tax as x", "x.id_order_detail", "d.id_order_detail")
    .leftJoin("tax as t", "t.id_tax", "x.id_tax")
    .leftJoin("tax_lang as n", (join) =>
      join.onRef("n.id_tax", "=", "x.id_tax").onRef("n.id_lang", "=", "o.id_lang"),
    )
    .where("o.id_order", "=", id)
    .orderBy("x.id_order_detail")
    .orderBy("x.id_tax")
    .select(["x.id_order_detail", "x.id_tax", "x.total_amount", "t.rate", "n.name"])
    .execute();
}

/** A voucher of an order. */
export interface OrderDiscountRow {
  readonly name: string;
  readonly free_shipping: number;
  /** Null where the shop has deleted the voucher. */
  readonly code: string | null;
}

/**
 * The order's vouchers in the order of their ids.
 * Locks: none.
 * Reads: order_cart_rule's index on id_order and the primary key of cart_rule.
 */
export async function readOrderDiscounts(
  db: Database,
  id: ShopOrderId,
): Promise<readonly OrderDiscountRow[]> {
  return await db
    .selectFrom("order_cart_rule as r")
    .leftJoin("cart_rule as c", "c.id_cart_rule", "r.id_cart_rule")
    .where("r.id_order", "=", id)
    .where("r.deleted", "=", 0)
    .orderBy("r.id_order_cart_rule")
    .select(["r.name", "r.free_shipping", "c.code"])
    .execute();
}

/** One thing that a customer wrote or uploaded for a product. */
export interface CustomisationRow {
  readonly id_customization: number;
  /** 0 a picture, by its file's name; 1 a text. */
  readonly type: number;
  readonly index: number;
  readonly value: string;
}

/**
 * What the customer had made of the order's products; once more for each line that shares it.
 * Locks: none.
 * Reads: order_detail's index on id_order and the primary key of customized_data.
 */
export async function readOrderCustomisations(
  db: Database,
  id: ShopOrderId,
): Promise<readonly CustomisationRow[]> {
  return await db
    .selectFrom("order_detail as d")
    .innerJoin("customized_data as c", "c.id_customization", "d.id_customization")
    .where("d.id_order", "=", id)
    .where("d.id_customization", ">", 0)
    .orderBy("c.id_customization")
    .orderBy("c.type")
    .orderBy("c.index")
    .select(["c.id_customization", "c.type", "c.index", "c.value"])
    .execute();
}

/** A customer's account. */
export interface CustomerRow {
  readonly id_customer: number;
  readonly email: string;
  readonly firstname: string;
  readonly lastname: string;
  readonly company: string | null;
  /** Of the newest of his addresses that has one; null where none has. */
  readonly vat_number: string | null;
  readonly is_guest: number;
  readonly secure_key: string;
  readonly date_add: string;
}

/**
 * A customer; undefined where it was deleted.
 * Locks: none.
 * Reads: the primary key, and address by its index on id_customer.
 */
export async function readCustomer(db: Database, id: ShopCustomerId): Promise<CustomerRow | undefined> {
  return await db
    .selectFrom("customer")
    .where("id_customer", "=", id)
    .select([
      "id_customer",
      "email",
      "firstname",
      "lastname",
      "company",
      "is_guest",
      "secure_key",
      "date_add",
    ])
    .select((eb) =>
      eb
        .selectFrom("address as a")
        .where("a.id_customer", "=", id)
        .where("a.deleted", "=", 0)
        // psgdpr fills its anonymous customer's address with zeros.
        .where("a.vat_number", "not in", ["", "0000"])
        .orderBy("a.id_address", "desc")
        .limit(1)
        .select("a.vat_number")
        .as("vat_number"),
    )
    .executeTakeFirst();
}
