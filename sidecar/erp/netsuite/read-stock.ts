import type { Clock } from "../../domain/clock.ts";
import { DecodeError } from "../../domain/errors.ts";
import { type ErpCall, ErpRejectedError, type StockPage, type StockQuery } from "../port.ts";
import { decodeStockPage } from "./decode-stock.ts";
import { decodeCursor, decodeMark } from "./decode-stock-mark.ts";
import { encodeStockQuery, type StockWish } from "./encode-stock.ts";
import { type Ask, type Budget, doneOrThrow } from "./exchange.ts";
import type { NetSuiteSettings } from "./settings.ts";

const SUITEQL = "/services/rest/query/v1/suiteql";
/** The most that NetSuite gives at once (Oracle section_156414087576). */
const PAGE_ITEMS = 1_000;

/** One page of figures by SuiteQL. */
export async function readStock(
  ask: Ask,
  parts: { readonly settings: NetSuiteSettings; readonly clock: Clock; readonly budget: Budget },
  query: StockQuery,
  call: ErpCall,
): Promise<StockPage> {
  const wish = readQuery(query, parts.settings);
  const verdict = await ask(
    {
      method: "POST",
      path: `${SUITEQL}?limit=${String(PAGE_ITEMS)}`,
      body: { q: encodeStockQuery(wish, parts.settings) },
      // Without it NetSuite refuses a query.
      prefer: "transient",
    },
    call,
    parts.budget,
  );
  return decodeStockPage(doneOrThrow(verdict), wish, parts.clock.nowMs());
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
