/** The reading of progress, page by page; what holds for every ERP is in test/contract/progress-kit.ts. */
import { describe, expect, test } from "vitest";
import { DecodeError } from "../../../../sidecar/domain/errors.ts";
import type { ErpProgress } from "../../../../sidecar/domain/progress.ts";
import type { OrderStatus } from "../../../../sidecar/erp/netsuite/decode-order-state.ts";
import type { QueryPage } from "../../../../sidecar/erp/netsuite/decode-page.ts";
import {
  decodeProgress,
  type MadeDocument,
  type Tracking,
} from "../../../../sidecar/erp/netsuite/decode-progress.ts";
import {
  decodeProgressCursor,
  decodeProgressMark,
  encodeProgressCursor,
} from "../../../../sidecar/erp/netsuite/decode-progress-mark.ts";
import { readProgress } from "../../../../sidecar/erp/netsuite/read-progress.ts";
import { ErpFailedError, progressMark } from "../../../../sidecar/erp/port.ts";
import { parseSelect } from "../../../support/netsuite-emulator-sql.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const page = (rows: readonly unknown[] = [], hasMore = false): QueryPage => ({
  items: [...rows],
  count: rows.length,
  hasMore,
});
const orderRow = (id: number, changedat: string, change: object = {}): object => ({
  id: String(id),
  externalid: `PS-main-${String(id)}`,
  status: "B",
  changedat,
  ...change,
});

/** Answers by what is asked, and keeps the questions; each has to be one that the emulator can read. */
function answering(answers: {
  readonly saved?: QueryPage;
  readonly followed?: QueryPage;
  readonly documents?: (sql: string) => QueryPage;
  readonly trackings?: (sql: string) => QueryPage;
}): { readonly query: (sql: string) => Promise<QueryPage>; readonly asked: string[] } {
  const asked: string[] = [];
  const answer = (sql: string): QueryPage => {
    if (sql.includes("trackingnumbermap")) return answers.trackings?.(sql) ?? page();
    if (sql.includes("IN (") && sql.startsWith("SELECT link.")) return answers.documents?.(sql) ?? page();
    return (sql.includes("INNER JOIN") ? answers.followed : answers.saved) ?? page();
  };
  return {
    asked,
    query: (sql) => {
      parseSelect(sql, []);
      asked.push(sql);
      return Promise.resolve(answer(sql));
    },
  };
}
const FIRST = { changedSince: undefined, after: undefined };

test("the first reading goes back seven days, wherever on earth the account is", async () => {
  const { query, asked } = answering({});
  expect(await readProgress(query, FIRST, NOW_MS)).toEqual({ orders: [], next: undefined, mark: undefined });
  expect(asked).toHaveLength(2);
  for (const sql of asked) {
    expect(sql).toContain("changedat >= '20261113210000'");
    expect(sql).toContain("TO_DATE('20261112', 'YYYYMMDD')");
  }
});

test("a reading from a mark begins two hours before it, and goes on behind the place where a page ended", async () => {
  const { query, asked } = answering({});
  const after = encodeProgressCursor({ time: "20261121090000", order: 7, mark: "20261121100000" });
  const read = await readProgress(query, { changedSince: progressMark("20261121010000"), after }, NOW_MS);
  for (const sql of asked) {
    expect(sql).toContain("WHERE changedat >= '20261120230000' AND");
    expect(sql).toContain("(changedat > '20261121090000' OR (changedat = '20261121090000' AND id > 7))");
  }
  expect(read.mark).toBe("20261121100000");
});

test("orders that were saved and orders that were shipped come in one order of time and id", async () => {
  const { query } = answering({
    saved: page([orderRow(5, "20261121090000"), orderRow(9, "20261121090001")]),
    followed: page([orderRow(3, "20261121090001"), orderRow(4, "20261121090002")]),
  });
  const { orders, next, mark } = await readProgress(query, FIRST, NOW_MS);
  expect(orders.map(({ orderRef }) => orderRef)).toEqual(["5", "3", "9", "4"]);
  expect({ next, mark }).toEqual({ next: undefined, mark: "20261121090002" });
});

test("a page ends at one place of both, so that what it leaves out of one comes with the next", async () => {
  const many = (first: number): readonly object[] =>
    Array.from({ length: 150 }, (_, index) => orderRow(first + index, "20261121090000"));
  const { query } = answering({ saved: page(many(1)), followed: page(many(151)) });
  const { orders, next } = await readProgress(query, FIRST, NOW_MS);
  expect(orders).toHaveLength(200);
  expect(next).toBe("change 20261121090000.200, read 20261121090000");
});

test("an order that was saved and shipped is told once on a page", async () => {
  const { query } = answering({
    saved: page([orderRow(5, "20261121090000")]),
    followed: page([orderRow(5, "20261121090005", { status: "D" })]),
  });
  const { orders } = await readProgress(query, FIRST, NOW_MS);
  expect(orders).toMatchObject([{ orderRef: "5", stage: "partly-shipped" }]);
});

test("orders under a key that is none of an order are left out, and a page of them has a next one", async () => {
  const strangers = ["PS-main-7-PAY-1", "PS-Main-7", "PS-main-0", "PS-main"].map((externalid, index) =>
    orderRow(index + 1, "20261121090000", { externalid }),
  );
  const { query, asked } = answering({ saved: page(strangers, true) });
  const { orders, next } = await readProgress(query, FIRST, NOW_MS);
  expect(orders).toEqual([]);
  expect(next).toBe("change 20261121090000.4, read 20261121090000");
  expect(asked).toHaveLength(2);
});

test("a change of the future is told and never becomes the mark", async () => {
  const { query } = answering({
    saved: page([orderRow(5, "20261121090000"), orderRow(6, "20990101000000")]),
  });
  const { orders, mark } = await readProgress(query, FIRST, NOW_MS);
  expect(orders).toHaveLength(2);
  expect(mark).toBe("20261121090000");
});

test("what fills more than a page is asked for in halves, and one that fills it alone fails", async () => {
  const saved = page([1, 2, 3].map((id) => orderRow(id, "20261121090000")));
  const documents = (sql: string): QueryPage => {
    const ids = /previousdoc IN \(([^)]*)\)/.exec(sql)?.[1]?.split(", ") ?? [];
    const rows = ids.map((id) =>
      document(Number(id), 100 + Number(id), { type: "CustInvc", tranid: `INV${id}` }),
    );
    return page(rows, ids.length > 1);
  };
  const { orders } = await readProgress(answering({ saved, documents }).query, FIRST, NOW_MS);
  expect(orders.map(({ invoiceNumbers }) => invoiceNumbers)).toEqual([["INV1"], ["INV2"], ["INV3"]]);
  const full = answering({ saved, documents: () => page([document(1, 101)], true) });
  await expect(readProgress(full.query, FIRST, NOW_MS)).rejects.toThrow(ErpFailedError);
});

test.each([
  { field: "id", value: "x" },
  { field: "status", value: "Z" },
  { field: "changedat", value: "11/21/2026" },
  { field: "externalid", value: undefined },
])("a row with $field $value is refused by name", async ({ field, value }) => {
  const { query } = answering({ saved: page([orderRow(5, "20261121090000", { [field]: value })]) });
  await expect(readProgress(query, FIRST, NOW_MS)).rejects.toThrow(DecodeError);
  await expect(readProgress(query, FIRST, NOW_MS)).rejects.toThrow(field);
});

test.each(["", "2026", "20261121090000' OR 1 = 1", "change 1.2, read 3"])(
  "%j is neither mark nor cursor",
  (text) => {
    expect(() => decodeProgressMark(text)).toThrow(DecodeError);
    expect(() => decodeProgressCursor(text)).toThrow(DecodeError);
  },
);

const document = (salesorder: number, id: number, change: object = {}): MadeDocument => ({
  salesorder,
  id,
  type: "ItemShip",
  status: "C",
  tranid: `IF${String(id)}`,
  shipcarrier: "UPS",
  ...change,
});

describe("what is told of an order", () => {
  const told = (
    status: OrderStatus,
    documents: readonly MadeDocument[] = [],
    trackings: readonly Tracking[] = [],
  ): ErpProgress =>
    decodeProgress(
      { order: 5, externalId: "PS-main-5" as ErpProgress["orderExternalId"], status, time: "20261121090000" },
      documents,
      trackings,
    );

  test.each<[OrderStatus, string, string]>([
    ["A", "open", "open"],
    ["B", "open", "open"],
    ["C", "cancelled", "cancelled"],
    ["D", "partly-shipped", "partly-shipped"],
    ["E", "partly-shipped", "partly-shipped"],
    ["F", "shipped", "shipped"],
    ["G", "invoiced", "invoiced"],
    ["H", "cancelled", "closed"],
  ])("status %s is %s, and %s once something has left", (status, before, after) => {
    expect([told(status).stage, told(status, [document(5, 20)]).stage]).toEqual([before, after]);
  });

  test("a parcel for each tracking number, the first one under the fulfilment's own name", () => {
    const documents = [document(5, 21), document(5, 20), document(6, 19)];
    const trackings = [
      { fulfilment: 20, id: 8, trackingnumber: "B" },
      { fulfilment: 20, id: 3, trackingnumber: "A" },
      { fulfilment: 19, id: 1, trackingnumber: "other" },
    ];
    expect(told("F", documents, trackings).parcels).toEqual([
      { ref: "20", trackingNumber: "A", carrier: "UPS" },
      { ref: "20-2", trackingNumber: "B", carrier: "UPS" },
      { ref: "21", trackingNumber: "", carrier: "UPS" },
    ]);
  });

  test("a number that comes later is one of the same parcel, and no longer than the shop can hold", () => {
    const late = { fulfilment: 20, id: 8, trackingnumber: "9".repeat(80) };
    const [before, after] = [told("F", [document(5, 20)]), told("F", [document(5, 20)], [late])];
    expect(after.parcels[0]?.ref).toBe(before.parcels[0]?.ref);
    expect(after.parcels[0]?.trackingNumber).toHaveLength(64);
  });

  test("what is picked or packed has not left, and an invoice or a cash sale tells its number", () => {
    const documents = [
      document(5, 20, { status: "A" }),
      document(5, 21, { status: "B" }),
      document(5, 23, { type: "CashSale", tranid: "CS9" }),
      document(5, 22, { type: "CustInvc", tranid: "INV8" }),
    ];
    expect(told("D", documents)).toMatchObject({ parcels: [], invoiceNumbers: ["INV8", "CS9"] });
  });
});
