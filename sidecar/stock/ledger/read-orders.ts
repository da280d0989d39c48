import { chunksOf } from "../../domain/chunks.ts";
import type { StockSubject } from "../../domain/stock.ts";
import type { Database } from "../../platform/database.ts";
import {
  decidePortions,
  decideTakes,
  type LineRules,
  type ShopLine,
  type Take,
} from "./decide-line-units.ts";
import { decodeLineRules, SETTINGS } from "./decode-shop-rules.ts";
import { readAnnounced } from "./episode-statements.ts";
import {
  readPackItems,
  readShopLines,
  readShopPlaces,
  readShopSettings,
  readStockPlaces,
} from "./line-statements.ts";

/** Orders of one statement. */
const CHUNK = 500;

/** The lines of some orders as the shop has them now, and the rows from which each of them takes. */
export interface OrderReading {
  readonly orderIds: readonly number[];
  readonly lines: readonly ShopLine[];
  readonly takes: ReadonlyMap<number, readonly Take[]>;
  /** Orders of which a hook of the module told. */
  readonly announced: ReadonlySet<number>;
  readonly rules: LineRules;
}

/** Reads orders anew, whatever was told of them: what they take is what the shop says now. */
export async function readOrders(db: Database, orderIds: readonly number[]): Promise<OrderReading> {
  const lines: ShopLine[] = [];
  const takes = new Map<number, readonly Take[]>();
  const announced = new Set<number>();
  const [first = [], ...more] = chunksOf(orderIds, CHUNK);
  // Each look waits for the server; those that need nothing of each other wait together.
  const [settings, shops, ofFirst] = await Promise.all([
    readShopSettings(db, SETTINGS),
    readShopPlaces(db),
    readShopLines(db, first),
  ]);
  const rules = decodeLineRules(settings, shops);
  for (const [nth, chunk] of [first, ...more].entries()) {
    const read = nth === 0 ? ofFirst : await readShopLines(db, chunk);
    const [taken, told] = await Promise.all([takesOf(db, read, rules), readAnnounced(db, chunk)]);
    for (const [detailId, rows] of taken) takes.set(detailId, rows);
    for (const orderId of told) announced.add(orderId);
    lines.push(...read);
  }
  return { orderIds, lines, takes, announced, rules };
}

async function takesOf(
  db: Database,
  lines: readonly ShopLine[],
  rules: LineRules,
): Promise<ReadonlyMap<number, readonly Take[]>> {
  if (lines.length === 0) return new Map();
  // Few lines are of packs, so the places of what was sold are asked for without waiting for what packs are made of.
  const sold = subjectsOf(lines);
  const [packs, places] = await Promise.all([
    readPackItems(db, [...new Set(lines.map(({ product }) => product))]),
    readStockPlaces(db, [...sold.values()]),
  ]);
  const items = subjectsOf(lines.flatMap((line) => decidePortions(line, packs)));
  for (const known of sold.keys()) items.delete(known);
  const more = items.size === 0 ? [] : await readStockPlaces(db, [...items.values()]);
  const all = { packs, places: [...places, ...more] };
  return new Map(lines.map((line) => [line.detailId, decideTakes(line, all, rules)]));
}

function subjectsOf(parts: readonly StockSubject[]): Map<string, StockSubject> {
  return new Map(
    parts.map(({ combination, product }) => [
      `${String(product)}:${String(combination)}`,
      { product, combination },
    ]),
  );
}
