import type { Clock } from "../../domain/clock.ts";
import { ErpFailedError, ErpRejectedError, type StockPage, type StockQuery } from "../port.ts";
import { decodeCursor, decodeMark, OVERLAP_MS } from "./decode-mark.ts";
import { decodeIds, decodeRows } from "./decode-record.ts";
import { decodeFigures, decodeStockPage, type RawPage, type StockWish } from "./decode-stock.ts";
import { encodeDate, encodeDatetime } from "./encode-values.ts";
import { type Ask, doneOrThrow, type Errand } from "./exchange.ts";
import type { TrytonSettings } from "./settings.ts";

interface Parts {
  readonly ask: Ask;
  readonly settings: TrytonSettings;
  readonly clock: Clock;
}

const PAGE_ITEMS = 1_000;

/** One page of figures. */
export async function readStock(parts: Parts, query: StockQuery, errand: Errand): Promise<StockPage> {
  const wish = readQuery(query, parts);
  const page = parts.settings.companion
    ? await figuresOfCompanion(parts, wish, errand)
    : await figuresOfProducts(parts, wish, errand);
  return decodeStockPage(page, wish);
}

function readQuery(query: StockQuery, { settings, clock }: Parts): StockWish {
  const { changedSince, after, partition } = query;
  const kind = changedSince === undefined ? "snapshot" : "delta";
  const cursor = after === undefined ? undefined : decodeCursor(after, kind);
  const startedAtMs = cursor?.startedAtMs ?? Math.floor(clock.nowMs());
  const markMs = changedSince === undefined ? 0 : decodeMark(changedSince);
  return {
    kind,
    mark: changedSince,
    markMs,
    // A mark of a clock that was ahead must not hide what changes now.
    sinceMs: kind === "snapshot" ? undefined : Math.min(markMs, startedAtMs) - OVERLAP_MS,
    after: cursor?.last ?? 0,
    isFirst: cursor === undefined,
    ...rangeOf(partition, settings),
    startedAtMs,
  };
}

function rangeOf(
  partition: string | undefined,
  { stockPartitions }: TrytonSettings,
): Pick<StockWish, "first" | "last"> {
  if (partition === undefined) return { first: undefined, last: undefined };
  const range = Object.hasOwn(stockPartitions, partition) ? stockPartitions[partition] : undefined;
  if (range === undefined) {
    throw new ErpRejectedError(`erp.tryton.stockPartitions has no partition "${partition}"`);
  }
  const { fromProduct, toProduct } = range;
  return { first: Number(fromProduct), last: toProduct === undefined ? undefined : Number(toProduct) };
}

async function figuresOfCompanion(
  { ask, settings }: Parts,
  wish: StockWish,
  errand: Errand,
): Promise<RawPage> {
  const query = {
    locations: settings.stockLocations.map(Number),
    after: wish.after,
    first: wish.first ?? null,
    last: wish.last ?? null,
    since: wish.sinceMs === undefined ? null : encodeDatetime(wish.sinceMs),
  };
  return decodeFigures(doneOrThrow(await ask("model.product.product.shop_figures", [query], errand)));
}

/** What Tryton's own methods can tell: on hand less assigned. Each page is a search for ids and a reading of them. */
async function figuresOfProducts(parts: Parts, wish: StockWish, errand: Errand): Promise<RawPage> {
  const { ask, clock } = parts;
  const locations = await locationIds(parts, errand);
  const { ids, more } =
    wish.kind === "snapshot"
      ? await nextProducts(ask, wish, errand)
      : await nextMoved(ask, wish, locations, errand);
  if (ids.length === 0) return { rows: [], more: false };
  const today = new Date(clock.nowMs()).toISOString();
  const context = { locations, with_childs: true, stock_date_end: encodeDate(today), stock_assign: true };
  const read = await ask("model.product.product.read", [ids, ["quantity"]], errand, context);
  const rows = [...decodeRows(doneOrThrow(read), "figures")].sort((a, b) => a.id - b.id);
  if (rows.length !== ids.length) {
    throw new ErpFailedError(`Tryton sent ${String(rows.length)} figures of ${String(ids.length)}`);
  }
  return { rows, more };
}

interface NextPage {
  readonly ids: readonly number[];
  readonly more: boolean;
}

async function nextProducts(ask: Ask, wish: StockWish, errand: Errand): Promise<NextPage> {
  const domain = [["type", "=", "goods"], ...between("id", wish)];
  const params = [domain, 0, PAGE_ITEMS + 1, [["id", "ASC"]]];
  const ids = decodeIds(doneOrThrow(await ask("model.product.product.search", params, errand)), "products");
  return { ids: ids.slice(0, PAGE_ITEMS), more: ids.length > PAGE_ITEMS };
}

/** The next products of which a move was written since. Several moves of one product are one figure. */
async function nextMoved(
  ask: Ask,
  wish: StockWish,
  locations: readonly number[],
  errand: Errand,
): Promise<NextPage> {
  const since = encodeDatetime(wish.sinceMs ?? 0);
  const domain = [
    [
      "OR",
      ["write_date", ">=", since],
      [
        ["write_date", "=", null],
        ["create_date", ">=", since],
      ],
    ],
    [
      "OR",
      ["from_location", "child_of", locations, "parent"],
      ["to_location", "child_of", locations, "parent"],
    ],
    ["product.active", "=", true],
    ["product.type", "=", "goods"],
    ...between("product", wish),
  ];
  const params = [domain, 0, PAGE_ITEMS + 1, [["product.id", "ASC"]], ["product"]];
  const rows = decodeRows(doneOrThrow(await ask("model.stock.move.search_read", params, errand)), "moves");
  const products = rows.map((row) => Number(row["product"]));
  const more = rows.length > PAGE_ITEMS;
  // Of the last product there may be more moves; its figure is the whole one all the same.
  const ids = [...new Set(more ? products.slice(0, PAGE_ITEMS) : products)];
  return { ids, more };
}

function between(field: string, wish: StockWish): readonly (readonly unknown[])[] {
  return [
    [field, ">", wish.after],
    ...(wish.first === undefined ? [] : [[field, ">=", wish.first]]),
    ...(wish.last === undefined ? [] : [[field, "<=", wish.last]]),
  ];
}

async function locationIds({ ask, settings }: Parts, errand: Errand): Promise<readonly number[]> {
  if (settings.stockLocations.length > 0) return settings.stockLocations.map(Number);
  const params = [[["type", "=", "warehouse"]], 0, null, [["id", "ASC"]], ["storage_location"]];
  const found = doneOrThrow(await ask("model.stock.location.search_read", params, errand));
  return decodeRows(found, "warehouses").map((row) => Number(row["storage_location"]));
}
