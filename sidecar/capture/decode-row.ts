import type { StockRowKeys } from "../domain/stock.ts";

/** Tables of the shop whose rows name an order by `id_order`. */
export const ORDER_TABLES = [
  "orders",
  "order_history",
  "order_detail",
  "order_carrier",
  "order_slip",
] as const;
export type OrderTable = (typeof ORDER_TABLES)[number];

/** Tables that the stock ledger needs: the shop's rows and declarations, and what we wrote and read ourselves. */
export const STOCK_TABLES = [
  "stock_available",
  "stock_mvt",
  "erpsync_stock_write",
  "erpsync_stock_check",
] as const;

/**
 * The tables that are tailed for orders, without the shop's prefix. Our own checkpoint is among them so that a transaction of
 * ours can be told from the shop's; customers are not: their hook and every export of an order read them again, and
 * each login writes them.
 */
export const TAILED_TABLES = [
  ...ORDER_TABLES,
  "order_payment",
  "erpsync_outbox",
  "erpsync_checkpoint",
] as const;

export type RowKind = "insert" | "update" | "delete";

/** One changed row of `stock_available`; see `StockFact`. */
export type StockChange = StockRowKeys & {
  readonly managed: boolean;
  readonly before: number | null;
  readonly after: number | null;
};

/**
 * What one row event says. Ids only, since column values are read again by SQL (names of old rows cannot be trusted);
 * but a stock row's quantities are gone with the next change, so they are taken as they come, and the ledger compares.
 */
export type RowChange =
  | { readonly table: "stock_available"; readonly rows: readonly StockChange[] }
  | {
      readonly table: "stock_mvt" | "erpsync_stock_write" | "erpsync_stock_check";
      readonly ids: readonly number[];
    }
  | {
      readonly table: "erpsync_outbox";
      readonly ids: readonly number[];
      readonly subjects: readonly string[];
    }
  | {
      readonly table: OrderTable;
      readonly kind: RowKind;
      readonly orderIds: readonly number[];
      /** Of inserted order lines the highest id. */
      readonly lastLine?: number;
    }
  | { readonly table: "order_payment"; readonly kind: RowKind; readonly references: readonly string[] }
  | { readonly table: "erpsync_checkpoint" };

/** One row event as the tail hands it over; an update's rows are pairs. */
export interface RowEvent {
  /** With the shop's prefix, as the server names it. */
  readonly table: string;
  readonly kind: RowKind;
  readonly rows: readonly unknown[];
}

/** A decoded row event, and how many of its rows did not say which record they are about. */
export interface DecodedRows {
  readonly change: RowChange | undefined;
  readonly unreadRows: number;
}

const NOTHING: DecodedRows = { change: undefined, unreadRows: 0 };

/** Takes the ids out of a row event; a table that is not tailed gives nothing. */
export function decodeRows(event: RowEvent, prefix: string): DecodedRows {
  if (!event.table.startsWith(prefix)) return NOTHING;
  const table = event.table.slice(prefix.length);
  switch (table) {
    case "erpsync_checkpoint":
      return { change: { table }, unreadRows: 0 };
    case "erpsync_outbox":
      return event.kind === "insert" ? decodeOutbox(event.rows) : NOTHING;
    case "stock_available":
      return decodeStock(event);
    case "stock_mvt":
      return decodeIds(event, table, "id_stock");
    case "erpsync_stock_write":
    case "erpsync_stock_check":
      return decodeIds(event, table, "id");
    case "order_payment":
      return decodePayments(event);
    default:
      return isOrderTable(table) ? decodeOrderRows(event, table) : NOTHING;
  }
}

function decodePayments({ kind, rows }: RowEvent): DecodedRows {
  const references = collect(rows, "order_reference", textOf);
  const change = { table: "order_payment", kind, references: references.found } as const;
  return { change, unreadRows: references.missing };
}

function decodeOrderRows({ kind, rows }: RowEvent, table: OrderTable): DecodedRows {
  const ids = collect(rows, "id_order", idOf);
  const orderIds = ids.found;
  if (table !== "order_detail" || kind !== "insert") {
    return { change: { table, kind, orderIds }, unreadRows: ids.missing };
  }
  const lines = collect(rows, "id_order_detail", idOf);
  const lastLine = lines.found.reduce((last, id) => Math.max(last, id), 0);
  return { change: { table, kind, orderIds, lastLine }, unreadRows: ids.missing };
}

function isOrderTable(table: string): table is OrderTable {
  return (ORDER_TABLES as readonly string[]).includes(table);
}

function decodeIds(
  event: RowEvent,
  table: "stock_mvt" | "erpsync_stock_write" | "erpsync_stock_check",
  column: string,
): DecodedRows {
  if (event.kind !== "insert") return NOTHING;
  const ids = collect(event.rows, column, idOf);
  return { change: { table, ids: ids.found }, unreadRows: ids.missing };
}

/** An update that leaves the quantity as it is (reserved units, location) is no change of the ledger's. */
function decodeStock({ kind, rows }: RowEvent): DecodedRows {
  const decoded = rows.map((row) => {
    const [after, before = after] = imagesOf(row);
    return after === undefined || before === undefined
      ? undefined
      : stockChange(kind === "insert" ? undefined : before, kind === "delete" ? undefined : after);
  });
  const found = decoded.filter((change) => change !== undefined);
  return {
    change: { table: "stock_available", rows: found.filter((change) => change.before !== change.after) },
    unreadRows: decoded.length - found.length,
  };
}

/** Undefined where an image lacks a column, as under binlog_row_image = MINIMAL. */
function stockChange(before: Image | undefined, after: Image | undefined): StockChange | undefined {
  const image = after ?? before;
  if (image === undefined) return undefined;
  const keys = KEY_COLUMNS.map((column) => wholeOf(image[column])).filter((value) => value !== undefined);
  const was = quantityOf(before);
  const is = quantityOf(after);
  if (!isComplete(keys) || was === undefined || is === undefined) return undefined;
  const [row, product, combination, shop, group, depends] = keys;
  return { row, product, combination, shop, group, managed: depends === 0, before: was, after: is };
}

function isComplete(
  keys: readonly number[],
): keys is readonly [number, number, number, number, number, number] {
  return keys.length === KEY_COLUMNS.length;
}

const KEY_COLUMNS = [
  "id_stock_available",
  "id_product",
  "id_product_attribute",
  "id_shop",
  "id_shop_group",
  "depends_on_stock",
] as const;

/** Null where there is no such row; undefined where the image does not say it. */
function quantityOf(image: Image | undefined): number | null | undefined {
  return image === undefined ? null : wholeOf(image["quantity"]);
}

function decodeOutbox(rows: readonly unknown[]): DecodedRows {
  const ids = collect(rows, "id", idOf);
  const subjects = collect(rows, "subject", textOf);
  return {
    change: { table: "erpsync_outbox", ids: ids.found, subjects: subjects.found },
    unreadRows: Math.max(ids.missing, subjects.missing),
  };
}

/** The distinct values of a column over rows and, for updates, over both of their images. */
function collect<T>(rows: readonly unknown[], column: string, read: (value: unknown) => T | undefined) {
  const found = new Set<T>();
  let missing = 0;
  for (const row of rows) {
    const values = imagesOf(row).map((image) => read(image[column]));
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) missing += 1;
    for (const value of known) found.add(value);
  }
  return { found: [...found], missing };
}

type Image = Readonly<Record<string, unknown>>;

/**
 * Both images of an updated row: under binlog_row_image = MINIMAL `after` has null for what did not change, and a
 * row that moves from one order to another concerns both.
 */
function imagesOf(row: unknown): readonly Image[] {
  if (!isImage(row)) return [];
  const { after, before } = row;
  return isImage(after) && isImage(before) ? [after, before] : [row];
}

function isImage(value: unknown): value is Image {
  return typeof value === "object" && value !== null;
}

/** Ids beyond 2^53 come as text; the shop's are INT and the outbox's will not get there. */
function idOf(value: unknown): number | undefined {
  const id = typeof value === "string" ? Number(value) : value;
  return typeof id === "number" && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

function wholeOf(value: unknown): number | undefined {
  const whole = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof whole === "number" && Number.isSafeInteger(whole) ? whole : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
