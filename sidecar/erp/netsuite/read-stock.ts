import type { Clock } from "../../domain/clock.ts";
import { DecodeError } from "../../domain/errors.ts";
import { type ErpCall, ErpRejectedError, type StockPage, type StockQuery } from "../port.ts";
import { decodeStockPage } from "./decode-stock.ts";
import { decodeCursor, decodeMark } from "./decode-stock-mark.ts";
import { encodeStockQuery, type StockWish } from "./encode-stock.ts";
import type { Ask, Budget } from "./exchange.ts";
import { createQuery } from "./query.ts";
import type { NetSuiteSettings } from "./settings.ts";

/** One page of figures by SuiteQL. */
export async function readStock(
  ask: Ask,
  parts: { readonly settings: NetSuiteSettings; readonly clock: Clock; readonly budget: Budget },
  query: StockQuery,
  call: ErpCall,
): Promise<StockPage> {
  const wish = readQuery(query, parts.settings);
  const page = await createQuery(ask, call, parts.budget)(encodeStockQuery(wish, parts.settings));
  return decodeStockPage(page, wish, parts.clock.nowMs());
}

function readQuery(query: StockQuery, settings: NetSuiteSettings): StockWish {
  const { changedSince, after, partition } = query;
  const cursor = after === undefined ? undefined : decodeCursor(after);
  if (cursor !== undefined && (cursor.kind === "delta") !== (changedSince !== undefined)) {
    throw new DecodeError(`"${after ?? ""}" is the cursor of another reading of NetSuite's stock`);
  }
  if (partition !== undefined && !Object.hasOwn(settings.stockPartitions, partition)) {
    throw new ErpRejectedError(`erp.netsuite.stockPartitions has no partition "${partition}"`);
  }
  return {
    changedSince: changedSince === undefined ? undefined : decodeMark(changedSince),
    after: cursor,
    range: partition === undefined ? undefined : settings.stockPartitions[partition],
  };
}
