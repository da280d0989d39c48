import { type Row, shopTime } from "./order-rows.ts";
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

/** One item of a pack, and which of pack and items are taken from: 0 the pack, 1 its items, 2 both. */
interface PackItem {
  readonly pack: number;
  readonly type: number;
  readonly product: number;
  readonly attribute: number;
  readonly quantity: number;
}

async function packItems(php: PhpProcess, where: string, values: readonly unknown[]): Promise<PackItem[]> {
  const rows = await php.select(
    `SELECT k.id_product_pack, k.id_product_item, k.id_product_attribute_item, k.quantity,
       IF(s.pack_stock_type = 3, c.value, s.pack_stock_type) AS type
     FROM ?? k JOIN ?? s ON s.id_product = k.id_product_pack AND s.id_shop = ?
     JOIN ?? c ON c.name = 'PS_PACK_STOCK_TYPE' WHERE ${where}`,
    [
      ...["pack", "product_shop"].map((name) => php.name(name)),
      SHOP_ID,
      php.name("configuration"),
      ...values,
    ],
  );
  return rows.map((row) => ({
    pack: Number(row["id_product_pack"]),
    type: Number(row["type"]),
    product: Number(row["id_product_item"]),
    attribute: Number(row["id_product_attribute_item"]),
    quantity: Number(row["quantity"]),
  }));
}

export async function isPack(php: PhpProcess, productId: number): Promise<boolean> {
  return (await packItems(php, "k.id_product_pack = ?", [productId])).length > 0;
}

/** Writes one row of stock; a parent is the row of a product whose combination was just written. */
export type StockUpdate = (row: Row, of: "row" | "parent") => Promise<void>;

/**
 * Moves units of a product as `StockManager::updateQuantity` does: each row is read, added to in PHP and written as an
 * absolute value. A pack takes from itself, from its items, or from both; a combination's product follows as the sum; and
 * packs that follow their items are lowered to what an item that was sold allows. Returns the product's own row before.
 */
export async function moveUnits(
  php: PhpProcess,
  { attributeId, delta, productId }: { productId: number; attributeId: number; delta: number },
  update: StockUpdate,
): Promise<Row> {
  const before = await stockRow(php, productId, attributeId);
  const after = { ...before, quantity: Number(before["quantity"]) + delta };
  const items = await packItems(php, "k.id_product_pack = ?", [productId]);
  const type = items[0]?.type ?? 0;
  for (const item of type === 0 ? [] : items) {
    const row = await stockRow(php, item.product, item.attribute);
    const quantity = Number(row["quantity"]) + delta * item.quantity;
    await update({ ...row, quantity }, "row");
    if (item.attribute !== 0) await update(await parentStockRow(php, item.product), "parent");
  }
  if (type !== 1) await update(after, "row");
  if (attributeId !== 0) await update(await parentStockRow(php, productId), "parent");
  if (items.length === 0 && delta < 0) await lowerPacks(php, productId, attributeId, after.quantity, update);
  return before;
}

async function lowerPacks(
  php: PhpProcess,
  productId: number,
  attributeId: number,
  left: number,
  update: StockUpdate,
): Promise<void> {
  const where = "k.id_product_item = ? AND k.id_product_attribute_item = ?";
  for (const { pack, quantity, type } of await packItems(php, where, [productId, attributeId])) {
    const row = await stockRow(php, pack, 0);
    const most = Math.max(0, Math.floor(left / quantity));
    if (type === 2 && Number(row["quantity"]) > most) await update({ ...row, quantity: most }, "row");
  }
}

/** A row of `stock_mvt` as the back office writes it after the stock row itself. */
export function movementRow(
  stockId: unknown,
  delta: number,
  of: { readonly orderId: number | null; readonly reason: number },
): Row {
  return {
    id_stock: Number(stockId),
    id_order: of.orderId,
    id_stock_mvt_reason: of.reason,
    id_employee: 1,
    physical_quantity: Math.abs(delta),
    sign: Math.sign(delta),
    date_add: shopTime(),
  };
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
