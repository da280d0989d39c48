/** The reading of stock as the account is set up; what holds for every ERP is in test/contract/stock-kit.ts. */
import { afterAll, describe, expect, test } from "vitest";
import { open, settings } from "../../../../sidecar/erp/netsuite/adapter.ts";
import type { ErpCall, ErpPort, StockFigure, StockMark } from "../../../../sidecar/erp/port.ts";
import { createHttp } from "../../../../sidecar/platform/http.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../../../support/netsuite-emulator.ts";

const http = createHttp({ connections: 2 });
afterAll(() => http.close());
const call: ErpCall = { signal: new AbortController().signal, priority: 6, note: () => undefined };
const START_MS = Date.UTC(2026, 10, 21, 6, 30);

function openPort(emulator: NetSuiteEmulator, nowMs: () => number, change: object = {}): ErpPort {
  const section = settings.parse({ ...emulator.settings("tba"), ...change });
  return open(section, { http: http.send, clock: { nowMs, monotonicMs: () => performance.now() } });
}

async function read(
  port: ErpPort,
  changedSince?: StockMark,
): Promise<{ readonly figures: readonly StockFigure[]; readonly mark: StockMark | undefined }> {
  const figures: StockFigure[] = [];
  let page = await port.readStock({ changedSince, after: undefined }, call);
  figures.push(...page.figures);
  while (page.next !== undefined) {
    page = await port.readStock({ changedSince, after: page.next }, call);
    figures.push(...page.figures);
  }
  return { figures, mark: page.mark };
}

describe.each([
  { stockPrecision: "second" as const, utcOffsetMinutes: -600 },
  { stockPrecision: "second" as const, utcOffsetMinutes: 840 },
  { stockPrecision: "day" as const, utcOffsetMinutes: -600 },
  { stockPrecision: "day" as const, utcOffsetMinutes: 840 },
])("with changes known to the $stockPrecision, $utcOffsetMinutes minutes from UTC", (account) => {
  test("every hour's changes are in that hour's delta, over three days and however late they become visible", async () => {
    let nowMs = START_MS;
    await using emulator = await startNetSuiteEmulator({ ...account, nowMs: () => nowMs });
    const port = openPort(emulator, () => nowMs);
    emulator.seedStock({ firstItem: 1, items: 1_500, onHand: 1, changedAtMs: nowMs - 10 * 86_400_000 });
    let { mark } = await read(port);
    for (let hour = 0; hour < 72; hour += 1) {
      nowMs += 3_600_000;
      const units = 10 + hour;
      emulator.setStock([
        { item: String(1 + hour), location: "1", onHand: units },
        { item: String(1_000 + hour), location: "1", onHand: units, changedAtMs: nowMs - 86_400_000 + 1_000 },
      ]);
      const delta = await read(port, mark);
      mark = delta.mark;
      const found = new Map(
        delta.figures.map(({ itemRef, availableUnits }) => [String(itemRef), availableUnits]),
      );
      expect([hour, found.get(String(1 + hour)), found.get(String(1_000 + hour))]).toEqual([
        hour,
        units + 2,
        units + 2,
      ]);
    }
    // Two days' changes, not the whole catalogue.
    expect((await read(port, mark)).figures.length).toBeLessThan(200);
  });

  test("the moment of a change is told in the account's own time zone and precision", async () => {
    await using emulator = await startNetSuiteEmulator({ ...account, nowMs: () => START_MS });
    emulator.setStock([{ item: "1", location: "1", onHand: 1 }]);
    const [figure] = (await read(openPort(emulator, () => START_MS))).figures;
    const local = new Date(START_MS + account.utcOffsetMinutes * 60_000).toISOString();
    const time = account.stockPrecision === "day" ? "00:00:00" : local.slice(11, 19);
    expect(figure?.changedAt).toBe(`${local.slice(0, 10)} ${time}`);
  });
});

test("an item whose locations never had any is there with nothing available, not unreadable", async () => {
  await using emulator = await startNetSuiteEmulator();
  emulator.setStock([{ item: "1", location: "1", onHand: null }]);
  const { figures } = await read(openPort(emulator, Date.now));
  expect(figures).toEqual([{ itemRef: "1", availableUnits: 0, changedAt: undefined }]);
});

describe("that orders are counted in the figure is said only where it is sure", () => {
  test.each([
    ["approved orders at a location that is summed", { locationId: "1", stockLocations: ["1", "2"] }, true],
    ["approved orders where all locations are summed", { locationId: "1" }, true],
    ["orders pending approval", { locationId: "1", orderStatus: "A" }, false],
    ["orders at a location that is not summed", { locationId: "3", stockLocations: ["1", "2"] }, false],
    ["orders whose location NetSuite chooses", { locationId: undefined }, false],
    ["an account that commits later", { locationId: "1", stockCommitsAtEntry: false }, false],
  ])("%s", async (_name, change, expected) => {
    await using emulator = await startNetSuiteEmulator();
    expect(openPort(emulator, Date.now, change).capabilities.stockCountsOrders).toBe(expected);
  });
});

test("a page is asked for as a transient query of 1,000 rows", async () => {
  await using emulator = await startNetSuiteEmulator();
  await read(openPort(emulator, Date.now));
  const [asked] = emulator.calls();
  expect(asked).toMatchObject({
    method: "POST",
    path: "/services/rest/query/v1/suiteql?limit=1000",
    status: 200,
  });
});
