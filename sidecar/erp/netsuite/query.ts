import type { ErpCall } from "../port.ts";
import { decodePage, type QueryPage } from "./decode-page.ts";
import { type Ask, type Budget, doneOrThrow } from "./exchange.ts";

const SUITEQL = "/services/rest/query/v1/suiteql";
/** The most rows that NetSuite gives at once (Oracle section_156414087576). */
export const PAGE_ROWS_MAX = 1_000;

/** Asks for the first rows of a query; pages go on by keys in the query itself, never by offset. */
export type Query = (sql: string, rowsMax?: number) => Promise<QueryPage>;

/** Queries of one operation, which share its budget. */
export function createQuery(ask: Ask, call: ErpCall, budget: Budget): Query {
  return async (sql, rowsMax = PAGE_ROWS_MAX) => {
    const path = `${SUITEQL}?limit=${String(rowsMax)}`;
    // Without `Prefer: transient` NetSuite refuses a query.
    const verdict = await ask({ method: "POST", path, body: { q: sql }, prefer: "transient" }, call, budget);
    return decodePage(doneOrThrow(verdict));
  };
}
