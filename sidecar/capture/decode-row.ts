/** Tables of the shop whose rows name an order by `id_order`. */
export const ORDER_TABLES = [
  "orders",
  "order_history",
  "order_detail",
  "order_carrier",
  "order_slip",
] as const;
export type OrderTable = (typeof ORDER_TABLES)[number];

/**
 * All tables that are tailed, without the shop's prefix. Our own checkpoint is among them so that a transaction of
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

/** What one row event says: ids only, since column values are read again by SQL (names of old rows cannot be trusted). */
export type RowChange =
  | {
      readonly table: "erpsync_outbox";
      readonly ids: readonly number[];
      readonly subjects: readonly string[];
    }
  | { readonly table: OrderTable; readonly kind: RowKind; readonly orderIds: readonly number[] }
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
  const { kind } = event;
  if (table === "erpsync_checkpoint") return { change: { table }, unreadRows: 0 };
  if (table === "erpsync_outbox") return kind === "insert" ? decodeOutbox(event.rows) : NOTHING;
  if (table === "order_payment") {
    const references = collect(event.rows, "order_reference", textOf);
    return { change: { table, kind, references: references.found }, unreadRows: references.missing };
  }
  if (!isOrderTable(table)) return NOTHING;
  const ids = collect(event.rows, "id_order", idOf);
  return { change: { table, kind, orderIds: ids.found }, unreadRows: ids.missing };
}

function isOrderTable(table: string): table is OrderTable {
  return (ORDER_TABLES as readonly string[]).includes(table);
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

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
