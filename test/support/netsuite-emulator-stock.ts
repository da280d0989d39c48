import { linesOf } from "./netsuite-emulator-fields.ts";
import { openOf } from "./netsuite-emulator-order-status.ts";
import type { StoredRecord } from "./netsuite-emulator-records.ts";
import { type Json, refId } from "./netsuite-emulator-rules.ts";
import type { Row, Table } from "./netsuite-emulator-sql-values.ts";
import { SupportError } from "./support-error.ts";

/** A figure to set. */
export interface StockSetting {
  readonly item: string;
  readonly location: string;
  /** What lies there; null for a location that never had any, whose quantities NetSuite leaves empty. */
  readonly onHand: number | null;
  /**
   * When it changed, in milliseconds; null for a row that never changed. Unless told, now where the available quantity
   * is another than before. A moment of the past makes a change that becomes visible late.
   */
  readonly changedAtMs?: number | null;
}

/** Items with stock at every given location. */
export interface StockSeed {
  readonly firstItem: number;
  readonly items: number;
  /** All locations of the account unless told. */
  readonly locations?: readonly string[];
  /** Pieces of each item at each location; `seededUnits` unless told. */
  readonly onHand?: number;
  readonly changedAtMs?: number | null;
}

/**
 * What queries see: `all` as it is; `empty` nothing, as a role that lost a permission; `half` every second item only;
 * `frozen` all as it was when this was set.
 */
export type StockView = "all" | "empty" | "half" | "frozen";

/** A row of `aggregateItemLocation`. */
export interface StockRow extends Row {
  readonly item: number;
  readonly location: number;
  readonly quantityonhand: number | null;
  readonly quantitycommitted: number | null;
  readonly quantitybackordered: number | null;
  readonly quantityavailable: number | null;
  readonly lastquantityavailablechange: number | null;
}

/** The account's stock by item and location. */
export interface StockStore {
  readonly set: (settings: readonly StockSetting[]) => void;
  readonly seed: (seed: StockSeed) => void;
  /** Takes the rows of these items away, as if there had been none. */
  readonly remove: (items: readonly string[]) => void;
  readonly clear: () => void;
  readonly view: (view: StockView) => void;
  readonly rows: (item?: string) => readonly StockRow[];
  /**
   * Takes the place of an order's former lines by its present ones; undefined where it is new or gone. A credit memo puts
   * its items back (bridgehead_4337971641).
   */
  readonly commit: (before: StoredRecord | undefined, after: StoredRecord | undefined) => void;
  /** So many pieces come to a place, or leave it; nothing where the account keeps no stock of the item there. */
  readonly move: (item: string, location: string, units: number) => void;
  readonly table: Table;
}

/** What the stock depends on. */
export interface StockOptions {
  readonly locationIds: readonly string[];
  readonly nowMs: () => number;
  /** Whether a change is known to the second or by its day only (facts: the column may have day precision). */
  readonly precision: "second" | "day";
  readonly utcOffsetMinutes: number;
  /** Items that have stock become items of the account. */
  readonly addItems: (ids: readonly string[]) => void;
  /** False for items that never lie anywhere, such as charges and discounts: an order takes nothing of them. */
  readonly isStocked: (item: string) => boolean;
}

const DAY_MS = 86_400_000;

/** Pieces that `StockSeed` puts at a location: 0 to 46, other ones at each. */
export const seededUnits = (item: number, location: string): number =>
  (item * 7 + Number(location) * 13) % 47;

const COLUMNS = {
  item: "number",
  location: "number",
  quantityonhand: "number",
  quantitycommitted: "number",
  quantitybackordered: "number",
  quantityavailable: "number",
  lastquantityavailablechange: "date",
} as const;

/** An account without any stock. */
export function createStockStore(options: StockOptions): StockStore {
  const items = new Map<number, Map<number, StockRow>>();
  const demands = new Map<string, number>();
  const locations = new Set(options.locationIds.map(Number));
  const kept = createKept((item) => visible(item));
  let view: StockView = "all";
  let frozen: ReadonlyMap<number, readonly StockRow[]> = new Map();

  const actual = (item: number): readonly StockRow[] => [...(items.get(item)?.values() ?? [])];
  const visible = (item: number): readonly StockRow[] => {
    if (view === "frozen") return frozen.get(item) ?? [];
    return view === "all" || (view === "half" && item % 2 === 0) ? actual(item) : [];
  };
  const put = (item: number, location: number, onHand: number | null, changedAtMs?: number | null): void => {
    const rows = items.get(item) ?? new Map<number, StockRow>();
    const before = rows.get(location);
    const row = rowOf(item, location, onHand, demands.get(`${String(item)}/${String(location)}`) ?? 0);
    const moved = row.quantityavailable !== (before?.quantityavailable ?? null);
    const changed = changedAtMs === undefined && moved ? options.nowMs() : changedAtMs;
    const at = changed === undefined ? (before?.lastquantityavailablechange ?? null) : changed;
    rows.set(location, { ...row, lastquantityavailablechange: at === null ? null : rounded(at, options) });
    items.set(item, rows);
    kept.changed(item);
  };
  const demand = (order: StoredRecord | undefined, sign: 1 | -1): void => {
    for (const { item, location, quantity } of committedLines(order, options.isStocked)) {
      const key = `${String(item)}/${String(location)}`;
      demands.set(key, (demands.get(key) ?? 0) + sign * quantity);
      const row = items.get(item)?.get(location);
      if (row !== undefined) put(item, location, row.quantityonhand);
    }
  };
  const move = (item: number, location: number, units: number): void => {
    const row = items.get(item)?.get(location);
    if (row !== undefined) put(item, location, (row.quantityonhand ?? 0) + units);
  };
  const requireLocation = (location: string): number => {
    if (!locations.has(Number(location))) throw new SupportError(`the account has no location ${location}`);
    return Number(location);
  };
  const allItems = (): readonly number[] => [...items.keys()].sort((a, b) => a - b);
  return {
    set: (settings) => {
      for (const { item, location, onHand, changedAtMs } of settings) {
        put(Number(item), requireLocation(location), onHand, changedAtMs);
      }
      options.addItems(settings.map(({ item }) => item));
    },
    seed: ({ firstItem, items: count, locations: at = options.locationIds, onHand, changedAtMs }) => {
      for (let item = firstItem; item < firstItem + count; item += 1) {
        for (const location of at) {
          put(item, requireLocation(location), onHand ?? seededUnits(item, location), changedAtMs);
        }
      }
      options.addItems(Array.from({ length: count }, (_, index) => String(firstItem + index)));
    },
    remove: (gone) => {
      for (const item of gone.map(Number)) {
        items.delete(item);
        kept.changed(item);
      }
    },
    clear: () => {
      items.clear();
      kept.forget();
    },
    view: (next) => {
      if (next === "frozen") frozen = new Map(allItems().map((item) => [item, visible(item)]));
      view = next;
      kept.forget();
    },
    rows: (item) => (item === undefined ? allItems().flatMap(actual) : actual(Number(item))),
    commit: (before, after) => {
      demand(before, -1);
      demand(after, 1);
      for (const { item, location, quantity } of creditedLines(before)) move(item, location, 0 - quantity);
      for (const { item, location, quantity } of creditedLines(after)) move(item, location, quantity);
    },
    move: (item, location, units) => {
      move(Number(item), Number(location), units);
    },
    table: {
      columns: COLUMNS,
      rows: () => (view === "frozen" ? [...frozen.keys()] : allItems()).flatMap(visible),
      groups: {
        column: "item",
        make: (key, make) =>
          kept.rows(key, () => (view === "frozen" ? [...frozen.keys()] : allItems()), make),
      },
    },
  };
}

/**
 * `quantityavailable` is what lies there less what is committed, and no more can be committed than lies there: the rest
 * of an order is back-ordered and takes nothing away. So it is below zero only where more was shipped than there was.
 */
function rowOf(item: number, location: number, onHand: number | null, demand: number): StockRow {
  const committed = Math.min(demand, Math.max(0, onHand ?? 0));
  const empty = onHand === null && demand === 0;
  return {
    item,
    location,
    quantityonhand: onHand,
    quantitycommitted: empty ? null : committed,
    quantitybackordered: empty ? null : demand - committed,
    quantityavailable: empty ? null : Number(((onHand ?? 0) - committed).toFixed(8)),
    lastquantityavailablechange: null,
  };
}

function rounded(ms: number, { precision, utcOffsetMinutes }: StockOptions): number {
  if (precision === "second") return Math.floor(ms / 1_000) * 1_000;
  const offsetMs = utcOffsetMinutes * 60_000;
  return Math.floor((ms + offsetMs) / DAY_MS) * DAY_MS - offsetMs;
}

interface CommittedLine {
  readonly item: number;
  readonly location: number;
  readonly quantity: number;
}

/**
 * What an order takes: approved (B) it commits its lines, each at its own location or the order's, as soon as it is
 * saved; pending approval (A, and where no status was sent), or without a location, it commits nothing. What was shipped
 * or closed is committed no longer.
 */
function committedLines(
  order: StoredRecord | undefined,
  isStocked: StockOptions["isStocked"],
): readonly CommittedLine[] {
  const status = order?.body["orderStatus"];
  if (order?.type !== "salesOrder" || (refId(status) || String(status)) !== "B") return [];
  return placedLines(order).flatMap(({ line, item, location }) => {
    if (!isStocked(item) || location === "") return [];
    return [{ item: Number(item), location: Number(location), quantity: openOf(line) }];
  });
}

function creditedLines(record: StoredRecord | undefined): readonly CommittedLine[] {
  if (record?.type !== "creditMemo") return [];
  return placedLines(record).flatMap(({ line, item, location }) =>
    location === ""
      ? []
      : [{ item: Number(item), location: Number(location), quantity: Number(line["quantity"] ?? 0) }],
  );
}

/** Lines with their item and where it lies, which is the line's own place or that of the whole record. */
const placedLines = ({
  body,
}: StoredRecord): readonly { readonly line: Json; readonly item: string; readonly location: string }[] =>
  linesOf(body).map((line) => ({
    line,
    item: refId(line["item"]),
    location: refId(line["location"]) || refId(body["location"]),
  }));

type Make = (rows: readonly StockRow[]) => Row | undefined;

/** What queries made of each item's rows, made anew where these have changed since. */
function createKept(rowsOf: (item: number) => readonly StockRow[]): {
  readonly changed: (item: number) => void;
  readonly forget: () => void;
  readonly rows: (key: string, items: () => readonly number[], make: Make) => readonly Row[];
} {
  interface Entry {
    readonly rows: Map<number, Row>;
    readonly stale: Set<number>;
    list: readonly Row[];
  }
  const entries = new Map<string, Entry>();
  const begin = (items: readonly number[]): Entry => ({ rows: new Map(), stale: new Set(items), list: [] });
  return {
    changed: (item) => {
      for (const { stale } of entries.values()) stale.add(item);
    },
    forget: () => {
      entries.clear();
    },
    rows: (key, items, make) => {
      const entry = entries.get(key) ?? begin(items());
      entries.set(key, entry);
      if (entry.stale.size === 0) return entry.list;
      for (const item of entry.stale) {
        const row = make(rowsOf(item));
        if (row === undefined) entry.rows.delete(item);
        else entry.rows.set(item, row);
      }
      entry.stale.clear();
      entry.list = [...entry.rows].sort(([a], [b]) => a - b).map(([, row]) => row);
      return entry.list;
    },
  };
}
