import { jsonReply, Problem, type Reply } from "./netsuite-emulator-problem.ts";
import type { RecordStore } from "./netsuite-emulator-records.ts";
import { isJson } from "./netsuite-emulator-rules.ts";
import type { Seed } from "./netsuite-emulator-seed.ts";
import { parseSelect } from "./netsuite-emulator-sql.ts";
import { runSelect } from "./netsuite-emulator-sql-run.ts";
import type { Catalog, Kind } from "./netsuite-emulator-sql-values.ts";
import type { StockStore } from "./netsuite-emulator-stock.ts";
import { recordTable, transactionTables } from "./netsuite-emulator-transactions.ts";

/** Facts: page 1,000, cap 100,000; and Collection Paging (section_156414087576): at most 1,000 pages. */
const PAGE_ROWS_MAX = 1_000;
const ROWS_MAX = 100_000;
const PAGES_MAX = 1_000;

/** Answers a query; its dialect is `parseSelect`'s, its tables are `catalogOf`'s. */
export function answerSuiteQl(prefer: string, url: URL, body: unknown, catalog: Catalog): Reply {
  // Facts: without `Prefer: transient` SuiteQL is refused.
  if (!/\btransient\b/.test(prefer)) throw invalidRequest("the header Prefer: transient is missing");
  if (!isJson(body) || typeof body["q"] !== "string") throw invalidRequest("the body has no q");
  const { limit, offset } = pageOf(url);
  const parameters = Array.isArray(body["params"]) ? body["params"].map(String) : [];
  const found = runSelect(parseSelect(body["q"], parameters), catalog);
  const total = Math.min(found.total, ROWS_MAX);
  const page = found.page(offset, Math.min(limit, total - offset));
  return jsonReply(
    200,
    {
      links: [{ rel: "self", href: url.href }],
      count: page.length,
      hasMore: offset + page.length < total,
      items: page.map((row) => ({ links: [], ...row })),
      offset,
      totalResults: total,
    },
    "application/vnd.oracle.resource+json; type=collection",
  );
}

/** What queries can be asked of. Columns and kinds are those that lookups and stock need; others are unknown. */
export function catalogOf(
  store: RecordStore,
  stock: StockStore,
  seed: Seed,
  utcOffsetMinutes: number,
): Catalog {
  return {
    utcOffsetMinutes,
    tables: {
      ...transactionTables(store, customColumns(seed, "custbody_")),
      customer: recordTable(
        { ...CUSTOMER_COLUMNS, ...customColumns(seed, "custentity_") },
        () => store.all("customer"),
        () => ({}),
      ),
      item: {
        columns: { id: "number", itemid: "text" },
        rows: () => [...store.stockedItems].map((id) => ({ id: Number(id), itemid: `ITEM-${id}` })),
      },
      aggregateitemlocation: stock.table,
    },
  };
}

const CUSTOMER_COLUMNS = {
  id: "number",
  externalid: "text",
  entityid: "text",
  email: "text",
  firstname: "text",
  lastname: "text",
  companyname: "text",
  phone: "text",
  comments: "text",
} as const;

const customColumns = (seed: Seed, prefix: string): Readonly<Record<string, Kind>> =>
  Object.fromEntries(
    seed.customFields.filter((name) => name.startsWith(prefix)).map((name) => [name, "text" as const]),
  );

function pageOf(url: URL): { readonly limit: number; readonly offset: number } {
  for (const name of url.searchParams.keys()) {
    if (name !== "limit" && name !== "offset") throw invalidParameter(name, "There is no such parameter.");
  }
  const limit = pageNumber(url, "limit", PAGE_ROWS_MAX);
  const offset = pageNumber(url, "offset", 0);
  if (limit < 1 || limit > PAGE_ROWS_MAX) {
    throw invalidParameter("limit", "Provide a value from 1 to 1000.");
  }
  if (offset % limit !== 0) throw invalidParameter("offset", "Provide a value divisible by limit.");
  if (offset >= ROWS_MAX || offset / limit >= PAGES_MAX) {
    throw invalidParameter("offset", "There are at most 1000 pages and 100000 results.");
  }
  return { limit, offset };
}

function pageNumber(url: URL, name: string, otherwise: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,6}$/.test(text)) throw invalidParameter(name, "Provide a whole number.");
  return Number(text);
}

const invalidParameter = (name: string, remedy: string): Problem =>
  new Problem(
    400,
    "INVALID_PARAMETER",
    `Invalid value for the query parameter ${name}. ${remedy}`,
    undefined,
    name,
  );

const invalidRequest = (detail: string): Problem => new Problem(400, "INVALID_REQUEST", detail);
