import { linesOf, totalsOf } from "./netsuite-emulator-fields.ts";
import { STATUS_NAMES, statusOf } from "./netsuite-emulator-order-status.ts";
import { emptyReply, invalidContent, jsonReply, Problem, type Reply } from "./netsuite-emulator-problem.ts";
import { type RecordStore, type StoredRecord, tranIdOf } from "./netsuite-emulator-records.ts";
import { isJson, type Json } from "./netsuite-emulator-rules.ts";
import type { RestType } from "./netsuite-emulator-schema.ts";
import type { Catalog } from "./netsuite-emulator-sql-values.ts";
import { answerSuiteQl } from "./netsuite-emulator-suiteql.ts";

/** A request behind the door: logged in and inside the pool. */
export interface RestRequest {
  readonly seq: number;
  readonly method: string;
  readonly url: URL;
  readonly contentType: string;
  readonly prefer: string;
  readonly body: string;
}

const RECORD_PATH = /^\/services\/rest\/record\/v1\/(\w+)(?:\/([^/]+))?$/;
const SUITEQL_PATH = "/services/rest/query/v1/suiteql";
const TYPES: Readonly<Record<string, RestType>> = {
  salesorder: "salesOrder",
  customer: "customer",
  customerdeposit: "customerDeposit",
  creditmemo: "creditMemo",
};
/** Query parameters that the REST API Browser names; others are refused. */
const PARAMETERS: ReadonlySet<string> = new Set([
  "replace",
  "expandSubResources",
  "fields",
  "limit",
  "offset",
]);

/** Carries out a request on the records; refusals come back as replies. */
export function answerRest(request: RestRequest, store: RecordStore, catalog: Catalog): Reply {
  try {
    return route(request, store, catalog);
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown.reply;
    throw thrown;
  }
}

function route(request: RestRequest, store: RecordStore, catalog: Catalog): Reply {
  if (request.url.pathname === SUITEQL_PATH) {
    if (request.method !== "POST") throw methodNotAllowed(request.method);
    return answerSuiteQl(request.prefer, request.url, parseBody(request), catalog);
  }
  for (const name of request.url.searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw new Problem(400, "INVALID_REQUEST", `Invalid query parameter: ${name}`);
  }
  const [, typeName = "", key] = RECORD_PATH.exec(request.url.pathname) ?? [];
  const type = TYPES[typeName.toLowerCase()];
  if (type === undefined) throw new Problem(404, "NOT_FOUND", `There is nothing at ${request.url.pathname}`);
  return key === undefined
    ? onCollection(type, request, store)
    : onRecord(type, decodeURIComponent(key), request, store);
}

/** Facts: POST answers 204 with the record's address and nothing else. */
function onCollection(type: RestType, request: RestRequest, store: RecordStore): Reply {
  if (request.method !== "POST") throw methodNotAllowed(request.method);
  return created(store.create(type, parseBody(request), request.seq), request.url);
}

function onRecord(type: RestType, key: string, request: RestRequest, store: RecordStore): Reply {
  switch (request.method) {
    case "GET":
      return jsonReply(
        200,
        shown(store, store.get(type, key), request.url),
        "application/vnd.oracle.resource+json; type=singular",
      );
    case "PATCH": {
      const replace = (request.url.searchParams.get("replace") ?? "").split(",");
      return created(store.update(type, key, parseBody(request), replace), request.url);
    }
    case "PUT":
      // Facts: PUT …/eid:X is the upsert; by internal id there is no PUT.
      if (!key.startsWith("eid:")) throw methodNotAllowed("PUT");
      return created(store.upsert(type, key, parseBody(request), request.seq), request.url);
    case "DELETE":
      store.remove(type, key);
      return emptyReply(204);
    default:
      throw methodNotAllowed(request.method);
  }
}

const methodNotAllowed = (method: string): Problem =>
  new Problem(405, "METHOD_NOT_ALLOWED", `${method} is not allowed here`);

const created = (record: StoredRecord, url: URL): Reply =>
  emptyReply(204, { location: addressOf(record, url) });

const addressOf = (record: StoredRecord, url: URL): string =>
  `${url.origin}/services/rest/record/v1/${record.type}/${record.id}`;

/** Sublists and subrecords are links unless `expandSubResources=true` (section_1545141947). */
function shown(store: RecordStore, record: StoredRecord, url: URL): Json {
  const self = addressOf(record, url);
  const expanded = url.searchParams.get("expandSubResources") === "true";
  const fields = Object.entries(record.body).map(([name, value]) => {
    if (!isJson(value) || value["id"] !== undefined || expanded) return [name, value] as const;
    return [name, { links: [{ rel: "self", href: `${self}/${name}` }] }] as const;
  });
  return {
    links: [{ rel: "self", href: self }],
    id: record.id,
    ...(record.type === "customer" ? {} : { tranId: tranIdOf(record) }),
    ...(record.body["item"] === undefined ? {} : totalsOf(record.body, store.decimalsOf(record))),
    ...Object.fromEntries(fields),
    ...(record.type === "salesOrder" ? statusFields(store, record) : {}),
    ...(record.externalId === "" ? {} : { externalId: record.externalId }),
  };
}

/** An order answers with the status that it has come to, whatever was sent. */
function statusFields(store: RecordStore, record: StoredRecord): Json {
  const status = statusOf(record.body, store.stockedItems);
  const refName = STATUS_NAMES[status];
  return { orderStatus: { id: status, refName }, status: { id: refName, refName } };
}

function parseBody(request: RestRequest): Json {
  if (!request.contentType.includes("json")) {
    throw new Problem(415, "INVALID_REQUEST", "the content type must be application/json");
  }
  let body: unknown;
  try {
    body = JSON.parse(request.body);
  } catch {
    throw new Problem(400, "INVALID_CONTENT", "the body is not JSON");
  }
  if (!isJson(body)) throw invalidContent("the body is not an object", "");
  return body;
}

/** What faults and the log want to know of a request, read without judging it. */
export function peek(
  url: URL,
  body: string,
): { readonly externalId: string; readonly itemIds: readonly string[] } {
  const inPath = /\/eid:([^/]+)$/.exec(decodeURIComponent(url.pathname))?.[1] ?? "";
  try {
    const parsed: unknown = JSON.parse(body);
    if (!isJson(parsed)) return { externalId: inPath, itemIds: [] };
    const externalId = typeof parsed["externalId"] === "string" ? parsed["externalId"] : inPath;
    const itemIds = linesOf(parsed).map((line) => (isJson(line["item"]) ? String(line["item"]["id"]) : ""));
    return { externalId, itemIds };
  } catch {
    return { externalId: inPath, itemIds: [] };
  }
}
