import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { erpRef } from "../../domain/ids.ts";
import { ErpFailedError, type StockFigure, type StockMark, type StockPage, stockMark } from "../port.ts";
import { encodeCursor, encodeMark } from "./decode-mark.ts";

/** What a page is to hold. */
export interface StockWish {
  readonly kind: "snapshot" | "delta";
  /** For a delta: changes from this moment on. */
  readonly sinceMs: number | undefined;
  /** The mark that the caller has, if any. */
  readonly mark: StockMark | undefined;
  readonly markMs: number;
  /** The last product of the page before; 0 for the first page. */
  readonly after: number;
  readonly isFirst: boolean;
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly startedAtMs: number;
}

const Moment = z.object({
  __class__: z.literal("datetime"),
  year: z.int(),
  month: z.int(),
  day: z.int(),
  hour: z.int(),
  minute: z.int(),
  second: z.int(),
});

const Row = z.object({
  id: z.int().positive(),
  quantity: z.number(),
  changed: Moment.nullish(),
});
const Named = z.object({ id: z.int().positive() });
const Figures = z.object({ figures: z.array(z.unknown()), count: z.int(), more: z.boolean() });

/** The answer of the companion's `shop_figures`. */
export interface RawPage {
  readonly rows: readonly unknown[];
  readonly more: boolean;
}

/** @throws ErpFailedError where the answer is not the whole of a page. */
export function decodeFigures(result: unknown): RawPage {
  const page = Figures.safeParse(result);
  if (!page.success) throw new ErpFailedError("Tryton's answer is not a page of figures");
  const { figures, count, more } = page.data;
  // What is missing must not look like products without a figure.
  if (figures.length !== count || (more && count === 0)) {
    throw new ErpFailedError(`Tryton sent ${String(figures.length)} figures of a page of ${String(count)}`);
  }
  return { rows: figures, more };
}

/**
 * Reads the rows of a page, in the order of their products.
 * @throws DecodeError where a row has not its form or its place; the message names the item.
 */
export function decodeStockPage(page: RawPage, wish: StockWish): StockPage {
  const figures: StockFigure[] = [];
  let last = wish.after;
  for (const [index, row] of page.rows.entries()) {
    const figure = readRow(row, index);
    const product = Number(figure.itemRef);
    if (product <= last)
      throw new DecodeError(`Tryton's stock of item ${figure.itemRef} is not in its place`);
    last = product;
    figures.push(figure);
  }
  // A reading that brought nothing has learnt nothing: the old mark stands.
  const isEmpty = figures.length === 0 && wish.isFirst;
  return {
    figures,
    next: page.more ? encodeCursor({ kind: wish.kind, last, startedAtMs: wish.startedAtMs }) : undefined,
    mark: isEmpty ? wish.mark : stockMark(encodeMark(Math.max(wish.markMs, wish.startedAtMs))),
  };
}

function readRow(row: unknown, index: number): StockFigure {
  const read = Row.safeParse(row);
  if (!read.success) {
    const named = Named.safeParse(row);
    const name = named.success ? `item ${String(named.data.id)}` : `row ${String(index + 1)}`;
    const field = read.error.issues[0]?.path.join(".") ?? "";
    throw new DecodeError(`Tryton's stock of ${name} cannot be read: ${field === "" ? "no row" : field}`);
  }
  const { id, quantity, changed } = read.data;
  // Tryton adds up floats: a millionth is what they may be off by. Adding 0 turns -0 into 0.
  const availableUnits = Math.floor(Math.round(quantity * 1e6) / 1e6) + 0;
  return {
    itemRef: erpRef(String(id)),
    availableUnits,
    changedAt: changed === null || changed === undefined ? undefined : shown(changed),
  };
}

function shown({ year, month, day, hour, minute, second }: z.infer<typeof Moment>): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(year)}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
}
