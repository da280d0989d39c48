import type { Cursor, Mark } from "./decode-stock-mark.ts";
import { type AccountTime, earlier, NEVER } from "./decode-time.ts";
import type { NetSuiteSettings } from "./settings.ts";

/** Items between these ids, both included. */
export type ItemRange = NetSuiteSettings["stockPartitions"][string];

/** What a page is to hold. */
export interface StockWish {
  /** Undefined for a snapshot. */
  readonly changedSince: Mark | undefined;
  /** Undefined for the first page. */
  readonly after: Cursor | undefined;
  /** Undefined for all items. */
  readonly range: ItemRange | undefined;
}

/** A day in milliseconds. */
const DAY_MS = 86_400_000;

/**
 * The figure of each item over the locations. Changes are compared as text that SuiteQL makes itself: whatever
 * precision the column has, the value that a page ended with is the value that the next page is compared with.
 * A location where an item never had stock has no quantity (NULL), and counts as none.
 */
function figures(locations: readonly string[]): string {
  const where = locations.length === 0 ? "" : ` WHERE location IN (${locations.join(", ")})`;
  return (
    "SELECT item, SUM(NVL(quantityavailable, 0)) AS available, " +
    `NVL(TO_CHAR(MAX(lastquantityavailablechange), 'YYYYMMDDHH24MISS'), '${NEVER}') AS changedat ` +
    `FROM aggregateItemLocation${where} GROUP BY item`
  );
}

/**
 * The SuiteQL of one page. A snapshot goes on by item, a delta by change and item: never by offset, so that rows which
 * change between two pages push no other over the edge. All that is written into it is digits.
 */
export function encodeStockQuery(
  wish: StockWish,
  settings: Pick<NetSuiteSettings, "stockLocations">,
): string {
  const conditions = [
    ...inRange(wish.range),
    ...(wish.changedSince === undefined ? [] : changedSince(wish.changedSince)),
    ...(wish.after === undefined ? [] : after(wish.after)),
  ];
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  const order = wish.changedSince === undefined ? "item" : "changedat, item";
  return `SELECT item, available, changedat FROM (${figures(settings.stockLocations)}) figures${where} ORDER BY ${order}`;
}

function inRange(range: ItemRange | undefined): readonly string[] {
  if (range === undefined) return [];
  return [`item >= ${range.fromItem}`, ...(range.toItem === undefined ? [] : [`item <= ${range.toItem}`])];
}

/** An item that never changed is in no delta, unless it was not there when the mark was made. */
function changedSince(mark: Mark): readonly string[] {
  return [
    `(changedat >= '${overlapStart(mark.time)}' OR (changedat = '${NEVER}' AND item > ${String(mark.item)}))`,
  ];
}

function after(cursor: Cursor): readonly string[] {
  const item = String(cursor.item);
  if (cursor.kind === "snapshot") return [`item > ${item}`];
  return [`(changedat > '${cursor.time}' OR (changedat = '${cursor.time}' AND item > ${item}))`];
}

/**
 * From where a delta reads: the beginning of the day before the mark's. The column may know days only, and then all
 * changes of a day look as old as its midnight; the day before is for changes that became visible late.
 */
function overlapStart(time: AccountTime): AccountTime {
  return time === NEVER ? NEVER : `${earlier(time, DAY_MS).slice(0, 8)}000000`;
}
