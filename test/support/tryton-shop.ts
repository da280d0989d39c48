import type { TrytonServer } from "./tryton.ts";
import type { World } from "./world.ts";

/** Every product of the shop is an item of Tryton; which one is no matter here. */
export async function mapAllProducts(world: World, tryton: TrytonServer): Promise<void> {
  const rows = await world.rows<{ id_product: number; id_product_attribute: number }>(
    `SELECT DISTINCT id_product, id_product_attribute FROM ${world.table("stock_available")}`,
  );
  const [first, second] = tryton.seed.items;
  const values = rows.map(({ id_product, id_product_attribute }) => {
    const key = `${id_product}:${id_product_attribute}`;
    return ["product", key, `ITEM-${key}`, id_product % 2 === 0 ? first : second, "import", "2026-01-01"];
  });
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_mapping")} (kind, shop_key, external_id, erp_ref, origin, updated_at) VALUES ?`,
    [values],
  );
}
