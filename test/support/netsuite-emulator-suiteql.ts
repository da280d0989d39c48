import { jsonReply, Problem, type Reply } from "./netsuite-emulator-problem.ts";
import type { RecordStore, StoredRecord } from "./netsuite-emulator-records.ts";
import { isJson } from "./netsuite-emulator-rules.ts";

type Row = Readonly<Record<string, string>>;
type Test = (row: Row) => boolean;

/** Facts: page 1,000, cap 100,000. */
const PAGE_ROWS_MAX = 1_000;
const ROWS_MAX = 100_000;

const QUERY =
  /^\s*select\s+(?<columns>[\w\s,]+?)\s+from\s+(?<table>transaction|customer|item)(?:\s+where\s+(?<where>.+?))?(?:\s+order\s+by\s+(?<by>\w+)(?:\s+asc)?)?\s*;?\s*$/is;
const CONDITION = /^\s*(?<column>\w+)\s*(?<operator>=|>=|>|like|in)\s*(?<value>.+?)\s*$/is;

/** Answers a query. The dialect is what lookups by external id need: =, >, >=, LIKE, IN, AND, ORDER BY one column. */
export function answerSuiteQl(
  prefer: string,
  url: URL,
  body: unknown,
  store: RecordStore,
  itemIds: readonly string[],
): Reply {
  // Facts: without `Prefer: transient` SuiteQL is refused.
  if (!/\btransient\b/.test(prefer)) throw invalidRequest("the header Prefer: transient is missing");
  if (!isJson(body) || typeof body["q"] !== "string") throw invalidRequest("the body has no q");
  const limit = pageNumber(url, "limit", PAGE_ROWS_MAX);
  const offset = pageNumber(url, "offset", 0);
  if (limit < 1 || limit > PAGE_ROWS_MAX) throw invalidRequest("limit must be from 1 to 1000");
  const parameters = Array.isArray(body["params"]) ? body["params"].map(String) : [];
  const found = run(body["q"], parameters, store, itemIds).slice(0, ROWS_MAX);
  const page = found.slice(offset, offset + limit);
  return jsonReply(
    200,
    {
      links: [{ rel: "self", href: url.href }],
      count: page.length,
      hasMore: offset + page.length < found.length,
      items: page.map((row) => ({ links: [], ...row })),
      offset,
      totalResults: found.length,
    },
    "application/vnd.oracle.resource+json; type=collection",
  );
}

function run(
  query: string,
  parameters: readonly string[],
  store: RecordStore,
  itemIds: readonly string[],
): readonly Row[] {
  const parts = QUERY.exec(query)?.groups;
  if (parts === undefined) throw invalidRequest(`Invalid or unsupported search: ${query}`);
  const left = [...parameters];
  const tests = (parts["where"] ?? "")
    .split(/\s+and\s+/i)
    .filter((condition) => condition !== "")
    .map((condition) => parseCondition(condition, left));
  const columns = (parts["columns"] ?? "").split(",").map((column) => column.trim().toLowerCase());
  const by = (parts["by"] ?? "id").toLowerCase();
  return rowsOf((parts["table"] ?? "").toLowerCase(), store, itemIds)
    .filter((row) => tests.every((test) => test(row)))
    .sort((a, b) => compare(a[by] ?? "", b[by] ?? ""))
    .map((row) => Object.fromEntries(columns.flatMap((name) => (row[name] ? [[name, row[name]]] : []))));
}

function parseCondition(condition: string, parameters: string[]): Test {
  const parts = CONDITION.exec(condition)?.groups;
  if (parts === undefined) throw invalidRequest(`Invalid or unsupported condition: ${condition}`);
  const column = (parts["column"] ?? "").toLowerCase();
  const values = (parts["value"] ?? "")
    .replace(/^\(|\)$/g, "")
    .split(",")
    .map((value) => literal(value.trim(), parameters));
  const [value = ""] = values;
  switch ((parts["operator"] ?? "").toLowerCase()) {
    case "in":
      return (row) => values.includes(row[column] ?? "");
    case "like": {
      const pattern = value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("%", ".*");
      return (row) => new RegExp(`^${pattern}$`, "i").test(row[column] ?? "");
    }
    case ">":
      return (row) => compare(row[column] ?? "", value) > 0;
    case ">=":
      return (row) => compare(row[column] ?? "", value) >= 0;
    default:
      return (row) => row[column] === value;
  }
}

function literal(text: string, parameters: string[]): string {
  if (text === "?") {
    const value = parameters.shift();
    if (value === undefined) throw invalidRequest("there are fewer params than question marks");
    return value;
  }
  const quoted = /^'(.*)'$/.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replaceAll("''", "'");
  if (/^\d+$/.test(text)) return text;
  throw invalidRequest(`Invalid or unsupported value: ${text}`);
}

/** Rows as SuiteQL shows them: names in small letters, values as text, nulls left out. */
function rowsOf(table: string, store: RecordStore, itemIds: readonly string[]): readonly Row[] {
  if (table === "item") return itemIds.map((id) => ({ id, itemid: `ITEM-${id}` }));
  const type = table === "customer" ? "customer" : "salesOrder";
  return store.all(type).map((record) => ({
    id: record.id,
    externalid: record.externalId,
    ...(type === "salesOrder" ? { type: "SalesOrd", tranid: `SO${record.id}` } : {}),
    ...plainFields(record),
  }));
}

function plainFields(record: StoredRecord): Row {
  const fields = Object.entries(record.body).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** Whole numbers compare as numbers, all else as text. */
function compare(a: string, b: string): number {
  if (/^\d+$/.test(a) && /^\d+$/.test(b)) return Number(a) - Number(b);
  return a < b ? -1 : a > b ? 1 : 0;
}

function pageNumber(url: URL, name: string, otherwise: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,6}$/.test(text)) throw invalidRequest(`${name} is not a number`);
  return Number(text);
}

const invalidRequest = (detail: string): Problem => new Problem(400, "INVALID_REQUEST", detail);
