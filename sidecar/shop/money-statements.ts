import type { ShopOrderId } from "../domain/ids.ts";
import type { Database } from "../platform/database.ts";

/** A payment of the order's reference, which the orders of a split cart share. */
export interface PaymentRow {
  readonly id_order_payment: number;
  readonly amount: string;
  readonly payment_method: string;
  readonly transaction_id: string | null;
  /** Units of the payment's currency for one unit of the shop's default one; 1 where it is the order's own. */
  readonly conversion_rate: string;
  readonly date_add: string;
  readonly currency_code: string | null;
  readonly currency_decimals: number | null;
}

/**
 * The payments of an order's reference in the order of their ids.
 * Locks: none.
 * Reads: primary keys of orders and currency, and order_payment's index on order_reference.
 */
export async function readOrderPayments(db: Database, id: ShopOrderId): Promise<readonly PaymentRow[]> {
  return await db
    .selectFrom("orders as o")
    .innerJoin("order_payment as p", "p.order_reference", "o.reference")
    .leftJoin("currency as c", "c.id_currency", "p.id_currency")
    .where("o.id_order", "=", id)
    .orderBy("p.id_order_payment")
    .select([
      "p.id_order_payment",
      "p.amount",
      "p.payment_method",
      "p.transaction_id",
      "p.conversion_rate",
      "p.date_add",
      "c.iso_code as currency_code",
      "c.precision as currency_decimals",
    ])
    .execute();
}

/** An order of a split cart, this one included. */
export interface SiblingRow {
  readonly id_order: number;
  readonly total_paid_tax_incl: string;
}

/**
 * The orders that share an order's reference, itself among them, in the order of their ids.
 * Locks: none.
 * Reads: the primary key of orders and its index on reference.
 */
export async function readSiblings(db: Database, id: ShopOrderId): Promise<readonly SiblingRow[]> {
  return await db
    .selectFrom("orders as o")
    .innerJoin("orders as s", "s.reference", "o.reference")
    .where("o.id_order", "=", id)
    .orderBy("s.id_order")
    .select(["s.id_order", "s.total_paid_tax_incl"])
    .execute();
}

/** A credit slip of an order. */
export interface SlipRow {
  readonly id_order_slip: number;
  readonly total_products_tax_excl: string | null;
  readonly total_products_tax_incl: string | null;
  readonly total_shipping_tax_excl: string | null;
  readonly total_shipping_tax_incl: string | null;
  /** The products' sum on one of both tax sides, or an amount that a person chose. */
  readonly amount: string;
  readonly date_add: string;
}

/**
 * The credit slips of an order in the order of their ids.
 * Locks: none.
 * Reads: order_slip's index on id_order.
 */
export async function readSlips(db: Database, id: ShopOrderId): Promise<readonly SlipRow[]> {
  return await db
    .selectFrom("order_slip")
    .where("id_order", "=", id)
    .orderBy("id_order_slip")
    .select([
      "id_order_slip",
      "total_products_tax_excl",
      "total_products_tax_incl",
      "total_shipping_tax_excl",
      "total_shipping_tax_incl",
      "amount",
      "date_add",
    ])
    .execute();
}

/** What a credit slip gives back of one line of the order. */
export interface SlipLineRow {
  readonly id_order_slip: number;
  readonly id_order_detail: number;
  readonly product_quantity: number;
  readonly unit_price_tax_excl: string | null;
  readonly unit_price_tax_incl: string | null;
  readonly total_price_tax_excl: string | null;
  readonly total_price_tax_incl: string | null;
}

/**
 * The lines of all credit slips of an order, by slip and line.
 * Locks: none.
 * Reads: order_slip's index on id_order, order_slip_detail by its primary key.
 */
export async function readSlipLines(db: Database, id: ShopOrderId): Promise<readonly SlipLineRow[]> {
  return await db
    .selectFrom("order_slip as s")
    .innerJoin("order_slip_detail as d", "d.id_order_slip", "s.id_order_slip")
    .where("s.id_order", "=", id)
    .orderBy("d.id_order_slip")
    .orderBy("d.id_order_detail")
    .select([
      "d.id_order_slip",
      "d.id_order_detail",
      "d.product_quantity",
      "d.unit_price_tax_excl",
      "d.unit_price_tax_incl",
      "d.total_price_tax_excl",
      "d.total_price_tax_incl",
    ])
    .execute();
}

/**
 * Numbers of an order's invoices, the oldest first; those without a number yet are left out.
 * Locks: none.
 * Reads: order_invoice's index on id_order.
 */
export async function readInvoiceNumbers(db: Database, id: ShopOrderId): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("order_invoice")
    .where("id_order", "=", id)
    .where("number", ">", 0)
    .orderBy("id_order_invoice")
    .select("number")
    .execute();
  return rows.map(({ number }) => number);
}
