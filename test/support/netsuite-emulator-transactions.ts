import { linesOf, totalsOf } from "./netsuite-emulator-fields.ts";
import { statusOf } from "./netsuite-emulator-order-status.ts";
import { type RecordStore, type StoredRecord, tranIdOf } from "./netsuite-emulator-records.ts";
import { refId } from "./netsuite-emulator-rules.ts";
import type { RecordType } from "./netsuite-emulator-schema.ts";
import type { Kind, Row, Table } from "./netsuite-emulator-sql-values.ts";

type TransactionType = Exclude<RecordType, "customer">;

/** What SuiteQL calls the types of transactions. */
const TYPES: Readonly<Record<TransactionType, string>> = {
  salesOrder: "SalesOrd",
  customerDeposit: "CustDep",
  creditMemo: "CustCred",
  itemFulfillment: "ItemShip",
  invoice: "CustInvc",
};

const COLUMNS = {
  id: "number",
  externalid: "text",
  type: "text",
  tranid: "text",
  otherrefnum: "text",
  memo: "text",
  status: "text",
  shipcarrier: "text",
  foreigntotal: "number",
  lastmodifieddate: "date",
} as const;

/** A parcel of a fulfilment; its number's id is the account's own. */
interface TrackingRow {
  readonly shipment: number;
  readonly id: number;
  readonly trackingnumber: string;
}

/**
 * The tables of transactions, as public code that runs on real accounts asks them: the links between two transactions
 * are those of their lines, and tracking numbers are records of their own.
 */
export function transactionTables(
  store: RecordStore,
  custom: Readonly<Record<string, Kind>>,
): Readonly<Record<string, Table>> {
  const types = Object.keys(TYPES) as readonly TransactionType[];
  const followers = (): readonly StoredRecord[] => [...store.all("itemFulfillment"), ...store.all("invoice")];
  const keptLinks = new WeakMap<StoredRecord, readonly Row[]>();
  const linksOf = (record: StoredRecord): readonly Row[] => {
    const links = keptLinks.get(record) ?? linkRows(record);
    keptLinks.set(record, links);
    return links;
  };
  const numbers = (): readonly TrackingRow[] => store.all("itemFulfillment").flatMap(trackingOf);
  return {
    transaction: recordTable(
      { ...COLUMNS, ...custom },
      () => types.flatMap((type) => store.all(type)),
      (record) => transactionRow(record, store),
    ),
    previoustransactionlinelink: {
      columns: {
        previousdoc: "number",
        previousline: "number",
        nextdoc: "number",
        nextline: "number",
        linktype: "text",
      },
      rows: () => followers().flatMap(linksOf),
    },
    trackingnumbermap: {
      columns: { transaction: "number", trackingnumber: "number" },
      rows: () => numbers().map(({ shipment, id }) => ({ transaction: shipment, trackingnumber: id })),
    },
    trackingnumber: {
      columns: { id: "number", trackingnumber: "text" },
      rows: () => numbers().map(({ id, trackingnumber }) => ({ id, trackingnumber })),
    },
  };
}

function transactionRow(record: StoredRecord, store: RecordStore): Row {
  return {
    type: TYPES[record.type as TransactionType],
    tranid: tranIdOf(record),
    status:
      record.type === "salesOrder"
        ? statusOf(record.body, store.stockedItems)
        : (textOf(record.body["status"]) ?? "A"),
    shipcarrier: textOf(record.body["shipCarrier"]) ?? null,
    foreigntotal: foreignTotalOf(record, store),
    lastmodifieddate: Math.floor(record.modifiedAtMs / 1_000) * 1_000,
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** A credit takes off, so its total is below 0. */
function foreignTotalOf(record: StoredRecord, store: RecordStore): number {
  if (record.type === "customerDeposit") return Number(record.body["payment"]);
  if (record.body["item"] === undefined) return 0;
  const total = Number(totalsOf(record.body, store.decimalsOf(record))["total"]);
  return record.type === "creditMemo" ? 0 - total : total;
}

const linkRows = (record: StoredRecord): readonly Row[] =>
  linesOf(record.body).map((line) => ({
    previousdoc: Number(refId(record.body["createdFrom"])),
    previousline: Number(line["orderLine"]),
    nextdoc: Number(record.id),
    nextline: Number(line["line"]),
    linktype: record.type === "invoice" ? "OrdBill" : "ShipRcpt",
  }));

function trackingOf({ id, body }: StoredRecord): readonly TrackingRow[] {
  const numbers = Array.isArray(body["trackingNumbers"]) ? body["trackingNumbers"].map(String) : [];
  return numbers.map((trackingnumber, index) => ({
    shipment: Number(id),
    id: Number(id) * 100 + index,
    trackingnumber,
  }));
}

/**
 * A table of records; their text fields are columns, beside what `extra` makes of them. A row is kept as long as its
 * record is the same.
 */
export function recordTable(
  columns: Readonly<Record<string, Kind>>,
  records: () => readonly StoredRecord[],
  extra: (record: StoredRecord) => Row,
): Table {
  const kept = new WeakMap<StoredRecord, Row>();
  const rowOf = (record: StoredRecord): Row => {
    const known = kept.get(record);
    if (known !== undefined) return known;
    const texts = Object.entries(record.body).filter(([, value]) => typeof value === "string");
    const row = {
      ...Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), String(value)])),
      ...extra(record),
      id: Number(record.id),
      externalid: record.externalId === "" ? null : record.externalId,
    };
    kept.set(record, row);
    return row;
  };
  return { columns, rows: () => records().map(rowOf) };
}
