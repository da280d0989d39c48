import { sql } from "kysely";
import type { ShopCustomerId, ShopOrderId } from "../domain/ids.ts";
import type { Database } from "../platform/database.ts";

/** An order's header with all that hangs on it one to one, as PrestaShop 8.2 stores it. */
export interface OrderRow {
  readonly id_order: number;
  readonly reference: string;
  readonly id_shop: number;
  readonly id_customer: number;
  readonly current_state: number;
  readonly secure_key: string;
  readonly payment: string;
  readonly conversion_rate: string;
  readonly total_paid_tax_excl: string;
  readonly total_paid_tax_incl: string;
  readonly total_shipping_tax_excl: string;
  readonly total_shipping_tax_incl: string;
  readonly date_add: string;
  readonly currency_code: string | null;
  readonly currency_decimals: number | null;
  readonly carrier_name: string | null;
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
      "o.id_shop",
      "o.id_customer",
      "o.current_state",
      "o.secure_key",
      "o.payment",
      "o.conversion_rate",
      "o.total_paid_tax_excl",
      "o.total_paid_tax_incl",
      "o.total_shipping_tax_excl",
      "o.total_shipping_tax_incl",
      "o.date_add",
      "c.iso_code as currency_code",
      "c.precision as currency_decimals",
      "s.name as carrier_name",
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
  readonly unit_price_tax_excl: string;
  readonly total_price_tax_excl: string;
  readonly total_price_tax_incl: string;
}

/**
 * The order's lines in the order of their ids.
 * Locks: none.
 * Reads: order_detail's index on id_order.
 */
export async function readOrderLines(db: Database, id: ShopOrderId): Promise<readonly OrderLineRow[]> {
  return await db
    .selectFrom("order_detail")
    .where("id_order", "=", id)
    .orderBy("id_order_detail")
    .select([
      "id_order_detail",
      "product_id",
      "product_attribute_id",
      "product_reference",
      "product_name",
      "product_quantity",
      "unit_price_tax_excl",
      "total_price_tax_excl",
      "total_price_tax_incl",
    ])
    .execute();
}

/** A customer's account. */
export interface CustomerRow {
  readonly id_customer: number;
  readonly email: string;
  readonly firstname: string;
  readonly lastname: string;
  readonly company: string | null;
  readonly is_guest: number;
  readonly secure_key: string;
  readonly date_add: string;
}

/**
 * A customer; undefined where it was deleted.
 * Locks: none.
 * Reads: the primary key.
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
    .executeTakeFirst();
}
