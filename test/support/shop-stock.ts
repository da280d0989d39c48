import type { Row } from "./order-rows.ts";
import type { PhpProcess } from "./php-process.ts";
import { ORDER_STATE, SHOP_ID } from "./seed.ts";
import { SupportError } from "./support-error.ts";

/** An order that enters one of these gives its stock back. */
export const RESTOCKING_STATES: readonly number[] = [ORDER_STATE.cancelled, ORDER_STATE.paymentError];

/** The columns that the shop's StockAvailable object knows and writes back; two others it never touches. */
export async function stockRow(php: PhpProcess, productId: number, attributeId: number): Promise<Row> {
  const [row] = await php.select(
    `SELECT id_stock_available, id_product, id_product_attribute, id_shop, id_shop_group, quantity,
       depends_on_stock, out_of_stock, location
     FROM ?? WHERE id_product = ? AND id_product_attribute = ? AND id_shop = ?`,
    [php.name("stock_available"), productId, attributeId, SHOP_ID],
  );
  if (row === undefined)
    throw new SupportError(`Product ${productId}, combination ${attributeId} has no stock row.`);
  return row;
}

/** The product's own row, its quantity set to the sum of the combinations as read just now. */
export async function parentStockRow(php: PhpProcess, productId: number): Promise<Row> {
  const [total] = await php.select(
    "SELECT SUM(quantity) AS quantity FROM ?? WHERE id_product = ? AND id_product_attribute <> 0 AND id_shop = ?",
    [php.name("stock_available"), productId, SHOP_ID],
  );
  return { ...(await stockRow(php, productId, 0)), quantity: Number(total?.["quantity"] ?? 0) };
}

/** A product that no order holds gets NULL here, which the shop's lax sql_mode stores as 0. */
export function reservedStatement(php: PhpProcess, orderId: number): [string, unknown[]] {
  const names = ["stock_available", "orders", "order_detail", "order_state"].map((table) => php.name(table));
  return [
    `UPDATE ?? sa SET sa.reserved_quantity = (
       SELECT SUM(od.product_quantity - od.product_quantity_refunded)
       FROM ?? o JOIN ?? od ON od.id_order = o.id_order JOIN ?? os ON os.id_order_state = o.current_state
       WHERE o.id_shop = ? AND os.shipped <> 1 AND (o.valid = 1 OR os.id_order_state NOT IN (?))
         AND od.product_id = sa.id_product AND od.product_attribute_id = sa.id_product_attribute)
     WHERE sa.id_shop = ? AND sa.id_product IN (SELECT product_id FROM ?? WHERE id_order = ?)`,
    [...names, SHOP_ID, RESTOCKING_STATES, SHOP_ID, php.name("order_detail"), orderId],
  ];
}

export function physicalStatement(php: PhpProcess, orderId: number): [string, unknown[]] {
  return [
    `UPDATE ?? sa SET sa.physical_quantity = sa.quantity + sa.reserved_quantity
     WHERE sa.id_shop = ? AND sa.id_product IN (SELECT product_id FROM ?? WHERE id_order = ?)`,
    [php.name("stock_available"), SHOP_ID, php.name("order_detail"), orderId],
  ];
}
