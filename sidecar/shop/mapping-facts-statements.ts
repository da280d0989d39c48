import { sql } from "kysely";
import type { Database } from "../platform/database.ts";

/** A setting of a shop, of a group of shops, or of all. */
export interface ShopSettingRow {
  readonly name: string;
  readonly value: string | null;
  readonly id_shop: number | null;
  readonly id_shop_group: number | null;
}

/**
 * The shops' time zones and whether they tax by the invoice's or the delivery's address.
 * Locks: none.
 * Reads: configuration by its index on name.
 */
export async function readTaxSettings(db: Database): Promise<readonly ShopSettingRow[]> {
  return await db
    .selectFrom("configuration")
    .where("name", "in", ["PS_TIMEZONE", "PS_TAX_ADDRESS_TYPE"])
    .select(["name", "value", "id_shop", "id_shop_group"])
    .execute();
}

/** What mappings are looked up by, of an order's header; null where the shop no longer has what it names. */
export interface MappedOrderRow {
  readonly id_order: number;
  readonly id_shop: number;
  readonly date_add: string;
  readonly current_state: number;
  readonly module: string | null;
  readonly payment: string;
  readonly currency: string | null;
  readonly carrier_reference: number | null;
  readonly billing_country: string | null;
  readonly delivery_country: string | null;
  readonly total_shipping_tax_incl: string;
  readonly total_wrapping_tax_incl: string;
}

/** Where a walk over orders goes on. */
export interface OrderPlace {
  readonly placedAt: string;
  readonly id: number;
}

/**
 * A page of the orders that were placed within the last days, behind a place, the oldest first.
 * Locks: none.
 * Reads: orders' index on date_add, in order; primary keys of currency, carrier, address and country.
 */
export async function pageMappedOrders(
  db: Database,
  days: number,
  after: OrderPlace,
  limit: number,
): Promise<readonly MappedOrderRow[]> {
  return await db
    .selectFrom("orders as o")
    .leftJoin("currency as c", "c.id_currency", "o.id_currency")
    .leftJoin("carrier as s", "s.id_carrier", "o.id_carrier")
    .leftJoin("address as b", "b.id_address", "o.id_address_invoice")
    .leftJoin("country as bc", "bc.id_country", "b.id_country")
    .leftJoin("address as d", "d.id_address", "o.id_address_delivery")
    .leftJoin("country as dc", "dc.id_country", "d.id_country")
    // The shop's time may be half a day beside UTC; a day more does no harm.
    .where("o.date_add", ">=", sql<string>`UTC_TIMESTAMP() - INTERVAL ${days} DAY`)
    .where("o.date_add", ">=", after.placedAt)
    .where((eb) => eb.or([eb("o.date_add", ">", after.placedAt), eb("o.id_order", ">", after.id)]))
    .orderBy("o.date_add")
    .orderBy("o.id_order")
    .limit(limit)
    .select([
      "o.id_order",
      "o.id_shop",
      "o.date_add",
      "o.current_state",
      "o.module",
      "o.payment",
      "o.total_shipping_tax_incl",
      "o.total_wrapping_tax_incl",
      "c.iso_code as currency",
      "s.id_reference as carrier_reference",
      "bc.iso_code as billing_country",
      "dc.iso_code as delivery_country",
    ])
    .execute();
}

/** What a line is taxed by. */
export interface TaxedLineRow {
  readonly id_order: number;
  /** Null where the shop has deleted the product. */
  readonly category_id: number | null;
  readonly id_tax_rules_group: number | null;
}

/**
 * What the lines of orders are taxed by, the same once an order.
 * Locks: none.
 * Reads: order_detail's index on id_order, and product's primary key.
 */
export async function readTaxedLines(
  db: Database,
  orderIds: readonly number[],
): Promise<readonly TaxedLineRow[]> {
  return await db
    .selectFrom("order_detail as l")
    .leftJoin("product as p", "p.id_product", "l.product_id")
    .where("l.id_order", "in", orderIds)
    .distinct()
    .select(["l.id_order", "p.id_category_default as category_id", "l.id_tax_rules_group"])
    .execute();
}
