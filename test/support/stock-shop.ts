// What a shop's stock may look like beside plain products: packs, shared stock, rows of another stock management.
import { stockRowId } from "./stock-rows.ts";
import type { World } from "./world.ts";

/** Makes a pack of a seeded product. Type 0 takes from the pack, 1 from its items, 2 from both, 3 as the shop says. */
export async function makePack(
  world: World,
  pack: {
    readonly productId: number;
    readonly type: 0 | 1 | 2 | 3;
    readonly items: readonly {
      readonly productId: number;
      readonly attributeId?: number;
      readonly quantity: number;
    }[];
    readonly units?: number;
  },
): Promise<void> {
  for (const table of ["product", "product_shop"]) {
    await world.pool.query(`UPDATE ${world.table(table)} SET pack_stock_type = ? WHERE id_product = ?`, [
      pack.type,
      pack.productId,
    ]);
  }
  await world.pool.query(`INSERT INTO ${world.table("pack")} VALUES ?`, [
    pack.items.map((item) => [pack.productId, item.productId, item.attributeId ?? 0, item.quantity]),
  ]);
  if (pack.units !== undefined) await setStock(world, pack.productId, pack.units);
}

/** Sets a quantity by SQL, as a tool that knows nothing of the shop does. */
export async function setStock(
  world: World,
  productId: number,
  quantity: number,
  attributeId = 0,
): Promise<void> {
  await world.pool.query(
    `UPDATE ${world.table("stock_available")} SET quantity = ? WHERE id_product = ? AND id_product_attribute = ?`,
    [quantity, productId, attributeId],
  );
}

/** Adds to a quantity by SQL. */
export async function addStock(
  world: World,
  productId: number,
  delta: number,
  attributeId = 0,
): Promise<void> {
  await world.pool.query(
    `UPDATE ${world.table("stock_available")} SET quantity = quantity + ?
     WHERE id_product = ? AND id_product_attribute = ?`,
    [delta, productId, attributeId],
  );
}

/** What the shop has of a product; undefined where it has no row. */
export async function stockOf(world: World, productId: number, attributeId = 0): Promise<number | undefined> {
  const [row] = await world.rows<{ quantity: number }>(
    `SELECT quantity FROM ${world.table("stock_available")} WHERE id_product = ? AND id_product_attribute = ?`,
    [productId, attributeId],
  );
  return row?.quantity;
}

/** Lets all shops of the group share their stock: rows belong to the group from now on. */
export async function shareStock(world: World): Promise<void> {
  await world.pool.query(
    `UPDATE ${world.table("shop_group")} SET share_stock = 1;
     UPDATE ${world.table("stock_available")} SET id_shop = 0, id_shop_group = 1`,
  );
}

/** Gives a product to the shop's advanced stock management. */
export async function giveAway(world: World, productId: number): Promise<void> {
  await world.pool.query(
    `UPDATE ${world.table("stock_available")} SET depends_on_stock = 1 WHERE id_stock_available = ?`,
    [await stockRowId(world, productId)],
  );
}

/** Deletes a product with its stock, as the shop does: its order lines stay. */
export async function deleteProduct(world: World, productId: number): Promise<void> {
  await world.pool.query(
    `DELETE FROM ${world.table("stock_available")} WHERE id_product = ?;
     DELETE FROM ${world.table("product")} WHERE id_product = ?`,
    [productId, productId],
  );
}

/** The first line of an order. */
export async function lineIdOf(world: World, orderId: number, productId?: number): Promise<number> {
  const rows = await world.rows<{ id: number; product: number }>(
    `SELECT id_order_detail AS id, product_id AS product FROM ${world.table("order_detail")}
     WHERE id_order = ? ORDER BY id_order_detail`,
    [orderId],
  );
  return rows.find(({ product }) => productId === undefined || product === productId)!.id;
}
