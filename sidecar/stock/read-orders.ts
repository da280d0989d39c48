import type { Database } from "../platform/database.ts";
import {
  decidePortions,
  decideTakes,
  type LineRules,
  type ShopLine,
  type Take,
} from "./decide-line-units.ts";
import { decodeLineRules, SETTINGS } from "./decode-shop-rules.ts";
import {
  readPackItems,
  readShopLines,
  readShopPlaces,
  readShopSettings,
  readStockPlaces,
} from "./line-statements.ts";
import { chunksOf } from "./plan-chunks.ts";

/** Orders of one statement. */
const CHUNK = 500;

/** The lines of some orders as the shop has them now, and the rows from which each of them takes. */
export interface OrderReading {
  readonly orderIds: readonly number[];
  readonly lines: readonly ShopLine[];
  readonly takes: ReadonlyMap<number, readonly Take[]>;
  readonly rules: LineRules;
}

/** Reads orders anew, whatever was told of them: what they take is what the shop says now. */
export async function readOrders(db: Database, orderIds: readonly number[]): Promise<OrderReading> {
  const lines: ShopLine[] = [];
  const takes = new Map<number, readonly Take[]>();
  const rules = decodeLineRules(await readShopSettings(db, SETTINGS), await readShopPlaces(db));
  for (const chunk of chunksOf(orderIds, CHUNK)) {
    const read = await readShopLines(db, chunk);
    for (const [detailId, taken] of await takesOf(db, read, rules)) takes.set(detailId, taken);
    lines.push(...read);
  }
  return { orderIds, lines, takes, rules };
}

async function takesOf(
  db: Database,
  lines: readonly ShopLine[],
  rules: LineRules,
): Promise<ReadonlyMap<number, readonly Take[]>> {
  if (lines.length === 0) return new Map();
  const packs = await readPackItems(db, [...new Set(lines.map(({ product }) => product))]);
  const portions = new Map(
    lines
      .flatMap((line) => decidePortions(line, packs))
      .map(({ combination, product }) => [
        `${String(product)}:${String(combination)}`,
        { product, combination },
      ]),
  );
  const places = await readStockPlaces(db, [...portions.values()]);
  return new Map(lines.map((line) => [line.detailId, decideTakes(line, { packs, places }, rules)]));
}
