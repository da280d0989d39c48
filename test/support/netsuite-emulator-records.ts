import { Problem } from "./netsuite-emulator-problem.ts";
import { type Account, isJson, type Json, refId } from "./netsuite-emulator-rules.ts";
import { checkBody, checkRecord, linesOf, type RecordType } from "./netsuite-emulator-schema.ts";
import type { Seed } from "./netsuite-emulator-seed.ts";

/** A record of the account. */
export interface StoredRecord {
  readonly id: string;
  readonly type: RecordType;
  /** Empty where it was created without one. */
  readonly externalId: string;
  /** Number of the call that created it. */
  readonly createdSeq: number;
  /** How often it was changed since. */
  readonly changes: number;
  readonly body: Json;
}

/** The account's records. Every function either commits as a whole or throws a `Problem`. */
export interface RecordStore {
  readonly create: (type: RecordType, body: Json, seq: number) => StoredRecord;
  /** `key` is an internal id or `eid:…`. Throws 404 NONEXISTENT_ID. */
  readonly get: (type: RecordType, key: string) => StoredRecord;
  readonly update: (type: RecordType, key: string, body: Json, replace: readonly string[]) => StoredRecord;
  /** PUT: creates or updates by external id; the lines of an existing order are added to (section_1545295601). */
  readonly upsert: (type: RecordType, key: string, body: Json, seq: number) => StoredRecord;
  readonly remove: (type: RecordType, key: string) => void;
  readonly all: (type: RecordType) => readonly StoredRecord[];
  readonly addItems: (ids: readonly string[]) => void;
  readonly itemIds: () => readonly string[];
}

/** An account as it was seeded. `uniqueExternalIds: false` makes an ERP that enforces nothing, to see a test fail. */
export function createRecordStore(seed: Seed, uniqueExternalIds: boolean): RecordStore {
  const records = { salesOrder: new Map<string, StoredRecord>(), customer: new Map<string, StoredRecord>() };
  const byExternalId = {
    salesOrder: new Map<string, StoredRecord>(),
    customer: new Map<string, StoredRecord>(),
  };
  const customerNames = new Set<string>();
  const itemIds = new Set(seed.itemIds);
  const currencies = new Map(seed.currencies.map((currency) => [currency.id, currency.decimals]));
  const account: Account = {
    seed,
    itemIds,
    hasCustomer: (id) => records.customer.has(id),
    currencyDecimals: (id) => currencies.get(id),
  };
  let lastId = 600;
  const put = (record: StoredRecord): StoredRecord => {
    records[record.type].set(record.id, record);
    if (record.externalId !== "") byExternalId[record.type].set(record.externalId, record);
    return record;
  };
  const find = (type: RecordType, key: string): StoredRecord | undefined =>
    key.startsWith("eid:") ? byExternalId[type].get(key.slice(4)) : records[type].get(key);
  const get = (type: RecordType, key: string): StoredRecord => {
    const found = find(type, key);
    if (found === undefined) throw nonexistent();
    return found;
  };
  const create = (type: RecordType, body: Json, seq: number): StoredRecord => {
    checkBody(type, body, account);
    checkRecord(type, body, account);
    checkSubsidiary(type, body, records.customer);
    const externalId = typeof body["externalId"] === "string" ? body["externalId"] : "";
    if (uniqueExternalIds && byExternalId[type].has(externalId)) throw duplicate(type);
    const name = typeof body["entityId"] === "string" ? body["entityId"] : "";
    if (type === "customer" && name !== "" && customerNames.has(name)) throw duplicate(type);
    customerNames.add(name);
    lastId += 1;
    return put({ id: String(lastId), type, externalId, createdSeq: seq, changes: 0, body: numbered(body) });
  };
  const update = (type: RecordType, key: string, body: Json, replace: readonly string[]): StoredRecord => {
    const existing = get(type, key);
    checkBody(type, body, account);
    const merged = merge(existing.body, body, replace);
    checkRecord(type, merged, account);
    return put({ ...existing, body: merged, changes: existing.changes + 1 });
  };
  return {
    create,
    get,
    update,
    upsert: (type, key, body, seq) => {
      const externalId = key.replace(/^eid:/, "");
      return find(type, key) === undefined
        ? create(type, { ...body, externalId }, seq)
        : update(type, key, body, []);
    },
    remove: (type, key) => {
      const gone = get(type, key);
      records[type].delete(gone.id);
      byExternalId[type].delete(gone.externalId);
      if (typeof gone.body["entityId"] === "string") customerNames.delete(gone.body["entityId"]);
    },
    all: (type) => [...records[type].values()],
    addItems: (ids) => {
      for (const id of ids) itemIds.add(id);
    },
    itemIds: () => [...itemIds],
  };
}

/** 404 NONEXISTENT_ID (facts). */
const nonexistent = (): Problem =>
  new Problem(
    404,
    "NONEXISTENT_ID",
    "The record instance does not exist. Provide a valid record instance ID.",
  );

/** Facts: a used external id is 400 USER_ERROR, known by its sentence only, and the sentence differs by type. */
const duplicate = (type: RecordType): Problem =>
  new Problem(
    400,
    "USER_ERROR",
    `Error while accessing a resource. This ${type === "customer" ? "entity" : "record"} already exists.`,
  );

/** OneWorld: an order belongs to the subsidiary of its customer. */
function checkSubsidiary(type: RecordType, body: Json, customers: ReadonlyMap<string, StoredRecord>): void {
  if (type !== "salesOrder" || body["subsidiary"] === undefined) return;
  const home = refId(customers.get(refId(body["entity"]))?.body["subsidiary"]);
  if (refId(body["subsidiary"]) !== home) {
    throw new Problem(
      400,
      "INVALID_CONTENT",
      "Invalid Field Value for the following field: subsidiary",
      "subsidiary",
    );
  }
}

/** Gives each line its number, which is the key that later updates match by. */
function numbered(body: Json): Json {
  if (body["item"] === undefined) return body;
  return { ...body, item: { items: linesOf(body).map((line, index) => ({ ...line, line: index + 1 })) } };
}

/**
 * Body fields replace each other, null clears one. Lines with a matching `line` are merged, all others are added,
 * unless the sublist is named in `replace`: then the sent lines are the whole list (section_1545295601).
 */
function merge(existing: Json, sent: Json, replace: readonly string[]): Json {
  const kept = Object.entries({ ...existing, ...sent }).filter(([, value]) => value !== null);
  const merged: Json = Object.fromEntries(kept);
  if (!isJson(sent["item"])) return merged;
  if (replace.includes("item")) return numbered(merged);
  const lines = [...linesOf(existing)];
  for (const line of linesOf(sent)) {
    const index = lines.findIndex((known) => known["line"] === line["line"]);
    if (line["line"] === undefined || index === -1) lines.push(line);
    else lines[index] = { ...lines[index], ...line };
  }
  return numbered({ ...merged, item: { items: lines } });
}
