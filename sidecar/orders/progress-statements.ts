import type { ShopOrderId } from "../domain/ids.ts";
import type { Database } from "../platform/database.ts";
import { decodeProgress, type OrderProgress } from "./decode-progress.ts";

/**
 * How far an order has come by the ERP's last word; undefined while it has said nothing. `orderRef` is the record that
 * it spoke of: an order that was withdrawn and made anew has another.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readProgress(db: Database, orderId: ShopOrderId): Promise<OrderProgress | undefined> {
  const row = await db
    .selectFrom("erpsync_progress")
    .select(["erp_ref", "stage", "parcels", "invoice_numbers"])
    .where("id_order", "=", orderId)
    .executeTakeFirst();
  return row === undefined ? undefined : decodeProgress(orderId, row);
}
