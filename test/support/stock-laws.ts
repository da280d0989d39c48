import { expect } from "vitest";
import type { World } from "./world.ts";

/**
 * The laws of the stock ledger, to be asked when it is at rest: opening + movements is the position, and the position is
 * the shop's row; a product's row is the sum of its combinations; what each order line moved is what it takes, but for
 * what was in the opening or was let go; nothing is booked twice; nothing is open.
 */
export async function expectStockLaws(
  world: World,
  options: { readonly mayBeUnexplained?: boolean } = {},
): Promise<void> {
  const [row, movement, line, stock, write] = (
    [
      "erpsync_stock_row",
      "erpsync_stock_movement",
      "erpsync_stock_line",
      "stock_available",
      "erpsync_stock_write",
    ] as const
  ).map((table) => world.table(table));
  expect(
    await world.rows(
      `SELECT r.id_stock_available, r.opening, r.position, COALESCE(SUM(m.delta), 0) AS moved
       FROM ${row} r LEFT JOIN ${movement} m ON m.id_stock_available = r.id_stock_available
       GROUP BY r.id_stock_available, r.opening, r.position HAVING r.opening + moved <> r.position`,
    ),
    "opening + movements = position",
  ).toEqual([]);
  expect(
    await world.rows(
      `SELECT s.id_stock_available, s.quantity, r.position FROM ${stock} s
       LEFT JOIN ${row} r ON r.id_stock_available = s.id_stock_available AND r.closed_at IS NULL
       WHERE r.position IS NULL OR r.position <> s.quantity`,
    ),
    "position = row",
  ).toEqual([]);
  expect(
    await world.rows(
      `SELECT p.id_stock_available, p.quantity, SUM(c.quantity) AS children FROM ${stock} p
       JOIN ${stock} c ON c.id_product = p.id_product AND c.id_product_attribute > 0
         AND c.id_shop = p.id_shop AND c.id_shop_group = p.id_shop_group
       WHERE p.id_product_attribute = 0 GROUP BY p.id_stock_available, p.quantity HAVING p.quantity <> children`,
    ),
    "product = sum of its combinations",
  ).toEqual([]);
  expect(
    await world.rows(
      `SELECT l.id_order_detail, l.id_stock_available, l.units, l.moved, l.settled, l.owed,
         COALESCE(SUM(m.delta), 0) AS booked
       FROM ${line} l LEFT JOIN ${movement} m ON m.id_stock_available = l.id_stock_available
         AND m.source LIKE CONCAT('line:', l.id_order_detail, ':', l.id_stock_available, '#%')
       GROUP BY l.id_order_detail, l.id_stock_available, l.units, l.moved, l.settled, l.owed
       HAVING booked <> l.moved OR l.units + l.moved + l.settled <> l.owed OR l.owed <> 0`,
    ),
    "movements of a line = what it takes",
  ).toEqual([]);
  expect(
    await world.rows(
      `SELECT m.source FROM ${movement} m WHERE m.source IS NOT NULL GROUP BY m.source HAVING COUNT(*) > 1`,
    ),
    "each source is booked once",
  ).toEqual([]);
  expect(
    await world.rows(
      `SELECT w.source FROM ${write} w LEFT JOIN ${movement} m ON m.source = w.source AND m.delta = w.delta
       WHERE m.id IS NULL`,
    ),
    "each write of ours has its movement",
  ).toEqual([]);
  const open = options.mayBeUnexplained === true ? "('pending')" : "('pending', 'unexplained')";
  expect(
    await world.rows(`SELECT id, id_stock_available, delta, cause FROM ${movement} WHERE cause IN ${open}`),
    "every movement has a cause",
  ).toEqual([]);
  expect(
    await world.rows(`SELECT id_stock_available FROM ${row} WHERE unsettled <> 0`),
    "nothing is open",
  ).toEqual([]);
}
