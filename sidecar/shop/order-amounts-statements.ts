import type { Database } from "../platform/database.ts";

/** What an order comes to, of many orders at once. */
export interface OrderAmountsRow {
  readonly id_order: number;
  readonly reference: string;
  readonly id_customer: number;
  readonly current_state: number;
  /** Units of the order's currency for one unit of the shop's default one. */
  readonly conversion_rate: string;
  readonly total_paid_tax_excl: string;
  readonly total_paid_tax_incl: string;
  /** Null where the shop has deleted the currency. */
  readonly currency_code: string | null;
  readonly currency_decimals: number | null;
}

/**
 * These orders and all that share a reference with one of them, in the order of their ids.
 * Locks: none.
 * Reads: primary keys of orders and currency, and orders' index on reference.
 */
export async function readOrderAmounts(
  db: Database,
  orderIds: readonly number[],
): Promise<readonly OrderAmountsRow[]> {
  return await db
    .selectFrom("orders as o")
    .innerJoin("orders as s", "s.reference", "o.reference")
    .leftJoin("currency as c", "c.id_currency", "s.id_currency")
    .where("o.id_order", "in", orderIds)
    .distinct()
    .orderBy("s.id_order")
    .select([
      "s.id_order",
      "s.reference",
      "s.id_customer",
      "s.current_state",
      "s.conversion_rate",
      "s.total_paid_tax_excl",
      "s.total_paid_tax_incl",
      "c.iso_code as currency_code",
      "c.precision as currency_decimals",
    ])
    .execute();
}

/** A payment of a reference. */
export interface ReferencePaymentRow {
  readonly order_reference: string;
  readonly amount: string;
  /** Units of the payment's currency for one unit of the shop's default one; of no matter where it is the order's own. */
  readonly conversion_rate: string;
  readonly currency_code: string | null;
}

/**
 * The payments of these references.
 * Locks: none.
 * Reads: order_payment's index on order_reference, and the primary key of currency.
 */
export async function readReferencePayments(
  db: Database,
  references: readonly string[],
): Promise<readonly ReferencePaymentRow[]> {
  const rows = await db
    .selectFrom("order_payment as p")
    .leftJoin("currency as c", "c.id_currency", "p.id_currency")
    .where("p.order_reference", "in", references)
    .select(["p.order_reference", "p.amount", "p.conversion_rate", "c.iso_code as currency_code"])
    .execute();
  return rows.map((row) => ({ ...row, order_reference: row.order_reference ?? "" }));
}

/** What a credit slip gives back. */
export interface SlipAmountsRow {
  readonly id_order: number;
  /** Null in slips of old versions, which have `amount` alone. */
  readonly total_products_tax_incl: string | null;
  readonly total_shipping_tax_incl: string | null;
  readonly amount: string;
}

/**
 * The credit slips of these orders.
 * Locks: none.
 * Reads: order_slip's index on id_order.
 */
export async function readSlipAmounts(
  db: Database,
  orderIds: readonly number[],
): Promise<readonly SlipAmountsRow[]> {
  return await db
    .selectFrom("order_slip")
    .where("id_order", "in", orderIds)
    .select(["id_order", "total_products_tax_incl", "total_shipping_tax_incl", "amount"])
    .execute();
}
