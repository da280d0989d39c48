import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { erpRef } from "../../domain/ids.ts";
import type { StockFigure, StockPage } from "../port.ts";
import { digits, type QueryPage } from "./decode-page.ts";
import { type Cursor, encodeCursor, encodeMark, type Mark } from "./decode-stock-mark.ts";
import { type AccountTime, latestPossible, NEVER, shownTime } from "./decode-time.ts";
import type { StockWish } from "./encode-stock.ts";

const Row = z.object({
  item: digits(/^[1-9][0-9]{0,14}$/),
  // Oracle writes a half as `.5`.
  available: digits(/^-?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]+)$/),
  changedat: z.string().regex(/^[0-9]{14}$/),
});

/** As much of a row that cannot be read as it takes to name it. */
const Named = z.object({ item: z.union([z.string().max(40), z.number()]) });

interface ReadRow {
  readonly item: number;
  readonly time: AccountTime;
  readonly figure: StockFigure;
}

/**
 * Reads a page of the query of `encodeStockQuery`. `nowMs` is only used to tell a change of the future, which would
 * otherwise become the mark and hide all that changes before it.
 * @throws DecodeError where a row has not its form or its place; the message names the item.
 */
export function decodeStockPage(page: QueryPage, wish: StockWish, nowMs: number): StockPage {
  const rows = page.items.map(readRow);
  checkOrder(rows, wish);
  const mark = markOf(rows, wish, latestPossible(nowMs));
  const last = rows.at(-1);
  return {
    figures: rows.map((row) => row.figure),
    next: page.hasMore && last !== undefined ? encodeCursor(cursorAt(last, wish, mark)) : undefined,
    mark: mark.item === 0 ? undefined : encodeMark(mark),
  };
}

function readRow(row: unknown, index: number): ReadRow {
  const parsed = Row.safeParse(row);
  if (!parsed.success) {
    const named = Named.safeParse(row);
    const name = named.success ? `item ${String(named.data.item)}` : `row ${String(index + 1)}`;
    const field = parsed.error.issues[0]?.path.join(".") ?? "";
    throw new DecodeError(`NetSuite's stock of ${name} cannot be read: ${field === "" ? "no row" : field}`);
  }
  const { item, available, changedat } = parsed.data;
  // Adding 0 turns -0 into 0.
  const availableUnits = Math.floor(Number(available)) + 0;
  return {
    item: Number(item),
    time: changedat,
    figure: { itemRef: erpRef(item), availableUnits, changedAt: checkedTime(changedat, item) },
  };
}

function checkedTime(time: AccountTime, item: string): string | undefined {
  if (time === NEVER) return undefined;
  const shown = shownTime(time);
  const read = new Date(`${shown.replace(" ", "T")}Z`);
  if (Number.isNaN(read.getTime()) || read.toISOString().slice(0, 10) !== shown.slice(0, 10)) {
    throw new DecodeError(`NetSuite's stock of item ${item} changed at no moment: ${shown}`);
  }
  return shown;
}

/** Rows in another order than the asked one would make the next page skip some, or come again for ever. */
function checkOrder(rows: readonly ReadRow[], wish: StockWish): void {
  // The order of a snapshot is that of a delta in which everything changed at the same time.
  const place = (row: Pick<ReadRow, "time" | "item">): Pick<ReadRow, "time" | "item"> =>
    wish.changedSince === undefined ? { time: NEVER, item: row.item } : row;
  let last = place({ item: 0, time: NEVER, ...wish.after });
  for (const row of rows) {
    const next = place(row);
    if (next.time < last.time || (next.time === last.time && next.item <= last.item)) {
      throw new DecodeError(`NetSuite's stock of item ${row.figure.itemRef} is not in its place`);
    }
    last = next;
  }
}

function markOf(rows: readonly ReadRow[], wish: StockWish, latest: AccountTime): Mark {
  let { time, item } = wish.after?.mark ?? wish.changedSince ?? { time: NEVER, item: 0 };
  for (const row of rows) {
    if (row.time > time && row.time <= latest) time = row.time;
    if (row.item > item) item = row.item;
  }
  return { time, item };
}

function cursorAt(last: ReadRow, wish: StockWish, mark: Mark): Cursor {
  return wish.changedSince === undefined
    ? { kind: "snapshot", item: last.item, mark }
    : { kind: "delta", time: last.time, item: last.item, mark };
}
