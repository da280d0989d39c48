import type { Database } from "../platform/database.ts";
import {
  readOrderAmounts,
  readReferencePayments,
  readSlipAmounts,
} from "../shop/order-amounts-statements.ts";
import { decodeShopOrders, type ShopOrder } from "./decode-shop-orders.ts";

/** These orders as the shop says them now, by id, with those that share a reference with one of them. */
export async function readShopOrders(
  db: Database,
  orderIds: readonly number[],
): Promise<ReadonlyMap<number, ShopOrder>> {
  if (orderIds.length === 0) return new Map();
  const orders = await readOrderAmounts(db, orderIds);
  if (orders.length === 0) return new Map();
  const references = [...new Set(orders.map((row) => row.reference))];
  const ids = orders.map((row) => row.id_order);
  const [payments, slips] = await Promise.all([
    readReferencePayments(db, references),
    readSlipAmounts(db, ids),
  ]);
  return decodeShopOrders({ orders, payments, slips });
}
