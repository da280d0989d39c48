import { linesOf, sublistOf } from "./netsuite-emulator-fields.ts";
import { checkOrderChange } from "./netsuite-emulator-order-status.ts";
import { invalidContent, Problem, userError } from "./netsuite-emulator-problem.ts";
import { type Account, isJson, type Json, refId, type TaxFeature } from "./netsuite-emulator-rules.ts";
import { checkBody, checkRecord, type RecordType, type RestType } from "./netsuite-emulator-schema.ts";
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
  /** When a person or a client last saved it. What another record makes of it is no change of it. */
  readonly modifiedAtMs: number;
  readonly body: Json;
}

const TRAN_ID_PREFIXES: Readonly<Record<Exclude<RecordType, "customer">, string>> = {
  salesOrder: "SO",
  customerDeposit: "CD",
  creditMemo: "CM",
  itemFulfillment: "IF",
  invoice: "INV",
};

/** The number that people know a transaction by. */
export const tranIdOf = ({ type, id }: StoredRecord): string =>
  `${type === "customer" ? "" : TRAN_ID_PREFIXES[type]}${id}`;

/** The account's records. Every function either commits as a whole or throws a `Problem`. */
export interface RecordStore {
  readonly create: (type: RestType, body: Json, seq: number) => StoredRecord;
  /** `key` is an internal id or `eid:…`. Throws 404 NONEXISTENT_ID. */
  readonly get: (type: RecordType, key: string) => StoredRecord;
  readonly update: (type: RestType, key: string, body: Json, replace: readonly string[]) => StoredRecord;
  /** PUT: creates or updates by external id; the lines of an existing order are added to (section_1545295601). */
  readonly upsert: (type: RestType, key: string, body: Json, seq: number) => StoredRecord;
  readonly remove: (type: RestType, key: string) => void;
  /** Files a record that the account's people made. */
  readonly file: (type: RecordType, body: Json) => StoredRecord;
  /** What becomes of a record by another one. */
  readonly follow: (record: StoredRecord, body: Json) => void;
  /** Sets when these records were last saved. */
  readonly touch: (ids: ReadonlySet<string>, atMs: number) => void;
  /** Closes the books up to that day, `YYYY-MM-DD`, included; undefined opens them all. */
  readonly closeBooks: (until: string | undefined) => void;
  readonly all: (type: RecordType) => readonly StoredRecord[];
  readonly addItems: (ids: readonly string[]) => void;
  /** Items that lie on stock. */
  readonly stockedItems: ReadonlySet<string>;
  /** Decimals of a record's currency. */
  readonly decimalsOf: (record: StoredRecord) => number;
}

/** Told of each record that is created, changed or removed; the side that is missing is undefined. */
export type OnRecord = (before: StoredRecord | undefined, after: StoredRecord | undefined) => void;

/** How the account is made. */
export interface StoreOptions {
  /** False makes an ERP that enforces nothing, to see a test fail. */
  readonly uniqueExternalIds: boolean;
  readonly tax: TaxFeature;
  readonly nowMs: () => number;
}

/** Records that stand in the books, and so in an accounting period. */
const POSTING: ReadonlySet<RecordType> = new Set([
  "customerDeposit",
  "creditMemo",
  "invoice",
  "itemFulfillment",
]);

/** An account as it was seeded. */
export function createRecordStore(seed: Seed, options: StoreOptions, onRecord: OnRecord): RecordStore {
  const tables = createTables(options.uniqueExternalIds);
  const itemIds = new Set(seed.itemIds);
  const currencies = new Map(seed.currencies.map((currency) => [currency.id, currency.decimals]));
  const account: Account = {
    seed,
    itemIds,
    tax: options.tax,
    hasCustomer: (id) => tables.customer.find(id) !== undefined,
    order: (id) => tables.salesOrder.find(id)?.body,
    currencyDecimals: (id) => currencies.get(id),
  };
  let lastId = 600;
  let closedUntil: string | undefined;
  const checkPeriod = (type: RecordType, body: Json): void => {
    const today = new Date(options.nowMs()).toISOString().slice(0, 10);
    if (!POSTING.has(type) || closedUntil === undefined) return;
    if ((typeof body["tranDate"] === "string" ? body["tranDate"] : today) > closedUntil) return;
    throw userError(
      "The transaction date you specified is not within the date range of your accounting period.",
    );
  };
  const get = (type: RecordType, key: string): StoredRecord => {
    const found = tables[type].find(key);
    if (found === undefined) throw nonexistent();
    return found;
  };
  const insert = (type: RecordType, body: Json, seq: number): StoredRecord => {
    checkPeriod(type, body);
    const externalId = typeof body["externalId"] === "string" ? body["externalId"] : "";
    const filed = { type, externalId, createdSeq: seq, changes: 0, modifiedAtMs: options.nowMs() };
    const record = { ...filed, id: String(lastId + 1), body: numbered(body) };
    tables[type].insert(record);
    lastId += 1;
    onRecord(undefined, record);
    return record;
  };
  const create = (type: RestType, body: Json, seq: number): StoredRecord => {
    checkBody(type, body, account);
    checkRecord(type, body, account);
    if (refId(body["orderStatus"]) === "C" || body["orderStatus"] === "C")
      throw userError("A new order cannot be cancelled.");
    if (type !== "customer")
      checkSubsidiary(body, tables.customer.find(refId(body["entity"] ?? body["customer"])));
    return insert(type, body, seq);
  };
  const update = (type: RestType, key: string, body: Json, replace: readonly string[]): StoredRecord => {
    const existing = get(type, key);
    checkBody(type, body, account);
    const merged = merge(existing.body, body, replace);
    checkRecord(type, merged, account);
    checkPeriod(type, existing.body);
    checkPeriod(type, merged);
    if (type === "salesOrder")
      checkOrderChange({ before: existing.body, sent: body, after: merged, replace }, itemIds);
    const modifiedAtMs = options.nowMs();
    const record = { ...existing, body: merged, changes: existing.changes + 1, modifiedAtMs };
    tables[type].replace(record);
    onRecord(existing, record);
    return record;
  };
  return {
    create,
    get,
    update,
    upsert: (type, key, body, seq) =>
      tables[type].find(key) === undefined
        ? create(type, { ...body, externalId: key.replace(/^eid:/, "") }, seq)
        : update(type, key, body, []),
    remove: (type, key) => {
      const record = get(type, key);
      checkPeriod(type, record.body);
      checkDependents(record, tables);
      tables[type].remove(record);
      onRecord(record, undefined);
    },
    file: (type, body) => insert(type, body, 0),
    follow: (record, body) => {
      const followed = { ...record, body };
      tables[record.type].replace(followed);
      onRecord(record, followed);
    },
    touch: (ids, atMs) => {
      for (const table of Object.values(tables)) {
        for (const record of table.all()) {
          if (ids.has(record.id)) table.replace({ ...record, modifiedAtMs: atMs });
        }
      }
    },
    closeBooks: (until) => {
      closedUntil = until;
    },
    all: (type) => tables[type].all(),
    addItems: (ids) => {
      for (const id of ids) itemIds.add(id);
    },
    stockedItems: itemIds,
    decimalsOf: (record) => currencies.get(refId(record.body["currency"])) ?? 2,
  };
}

/** What hangs on an order keeps it from being deleted: its fulfilments, invoices and deposits. */
function checkDependents(record: StoredRecord, tables: Tables): void {
  const dependents = [
    ...tables.itemFulfillment.all(),
    ...tables.invoice.all(),
    ...tables.customerDeposit.all(),
  ];
  if (record.type !== "salesOrder") return;
  if (dependents.some(({ body }) => refId(body["createdFrom"] ?? body["salesOrder"]) === record.id)) {
    throw userError("This record cannot be deleted because it has dependent records.");
  }
}

type Tables = Readonly<Record<RecordType, Table>>;

function createTables(unique: boolean): Tables {
  return {
    customer: createTable("customer", unique),
    salesOrder: createTable("salesOrder", unique),
    customerDeposit: createTable("customerDeposit", unique),
    creditMemo: createTable("creditMemo", unique),
    itemFulfillment: createTable("itemFulfillment", unique),
    invoice: createTable("invoice", unique),
  };
}

/** The records of one type, with their unique keys. */
interface Table {
  readonly find: (key: string) => StoredRecord | undefined;
  readonly insert: (record: StoredRecord) => void;
  readonly replace: (record: StoredRecord) => void;
  readonly remove: (record: StoredRecord) => void;
  readonly all: () => readonly StoredRecord[];
}

function createTable(type: RecordType, uniqueExternalIds: boolean): Table {
  const byId = new Map<string, StoredRecord>();
  const idOf = new Map<string, string>();
  // Customers have unique names too; NetSuite's sentence for both is the same.
  const keysOf = (record: StoredRecord): readonly string[] => [
    ...(record.externalId === "" ? [] : [`eid:${record.externalId}`]),
    ...(typeof record.body["entityId"] === "string" ? [`name:${record.body["entityId"]}`] : []),
  ];
  return {
    find: (key) => byId.get(key.startsWith("eid:") ? (idOf.get(key) ?? "") : key),
    insert: (record) => {
      const keys = keysOf(record);
      if (uniqueExternalIds && keys.some((key) => idOf.has(key))) throw duplicate(type);
      for (const key of keys) idOf.set(key, record.id);
      byId.set(record.id, record);
    },
    replace: (record) => {
      byId.set(record.id, record);
    },
    remove: (record) => {
      for (const key of keysOf(record)) idOf.delete(key);
      byId.delete(record.id);
    },
    all: () => [...byId.values()],
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
function checkSubsidiary(body: Json, customer: StoredRecord | undefined): void {
  if (body["subsidiary"] === undefined) return;
  if (refId(body["subsidiary"]) === refId(customer?.body["subsidiary"])) return;
  throw invalidContent("Invalid Field Value for the following field: subsidiary", "subsidiary");
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
  const body: Json = Object.fromEntries(kept);
  const merged = replace.includes("taxDetails") ? body : { ...body, ...addedDetails(existing, sent) };
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

/** Tax details have no key that they could match by, so those that are sent join those that are there. */
function addedDetails(existing: Json, sent: Json): Json {
  if (!isJson(sent["taxDetails"])) return {};
  return { taxDetails: { items: [...sublistOf(existing, "taxDetails"), ...sublistOf(sent, "taxDetails")] } };
}
