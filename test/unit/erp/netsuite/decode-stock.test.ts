import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../../../../sidecar/domain/errors.ts";
import type { Answer } from "../../../../sidecar/erp/netsuite/decode-answer.ts";
import { decodePage } from "../../../../sidecar/erp/netsuite/decode-page.ts";
import { decodeStockPage } from "../../../../sidecar/erp/netsuite/decode-stock.ts";
import { NEVER } from "../../../../sidecar/erp/netsuite/decode-time.ts";
import type { StockWish } from "../../../../sidecar/erp/netsuite/encode-stock.ts";
import { ErpFailedError, type StockPage } from "../../../../sidecar/erp/port.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const SNAPSHOT: StockWish = { changedSince: undefined, after: undefined, range: undefined };
const MARK = { time: "20261120080000", item: 50 };
const DELTA: StockWish = { ...SNAPSHOT, changedSince: MARK };

const answered = (body: unknown): Answer => ({
  kind: "answered",
  status: 200,
  headers: {},
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const row = (item: string, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  links: [],
  item,
  available: "5",
  changedat: "20261121040000",
  ...change,
});
const read = (items: readonly unknown[], wish = SNAPSHOT, hasMore = false): StockPage =>
  decodeStockPage(
    decodePage(answered({ links: [], count: items.length, hasMore, items, offset: 0 })),
    wish,
    NOW_MS,
  );

test("a figure is read with its item and the moment of its change", () => {
  expect(read([row("17")])).toEqual({
    figures: [{ itemRef: "17", availableUnits: 5, changedAt: "2026-11-21 04:00:00" }],
    next: undefined,
    mark: "20261121040000.17",
  });
  expect(read([row("17", { changedat: NEVER })]).figures[0]?.changedAt).toBeUndefined();
});

test.each<[unknown, number]>([
  ["0", 0],
  [-0.5, -1],
  ["-0", 0],
  ["12", 12],
  ["-3", -3],
  ["2.5", 2],
  [".5", 0],
  ["-.5", -1],
  ["-2.000001", -3],
  ["3.", 3],
])("%s available are %i whole units", (available, units) => {
  expect(read([row("17", { available })]).figures[0]?.availableUnits).toBe(units);
});

describe("what is no figure is never taken for one, and the item is named", () => {
  test.each<[string, unknown]>([
    ["no quantity", row("17", { available: undefined })],
    ["an empty quantity", row("17", { available: "" })],
    ["a sign alone", row("17", { available: "-" })],
    ["a point alone", row("17", { available: "." })],
    ["words", row("17", { available: "n/a" })],
    ["null", row("17", { available: null })],
    ["a truth value", row("17", { available: true })],
    ["a number beyond all stock", row("17", { available: 1e21 })],
    ["an exponent", row("17", { available: "1e3" })],
    ["a decimal comma", row("17", { available: "1,5" })],
    ["infinity", row("17", { available: "Infinity" })],
    ["more digits than a number holds", row("17", { available: "9999999999999999" })],
    ["no moment", row("17", { changedat: undefined })],
    ["a date as people write it", row("17", { changedat: "11/21/2026" })],
    ["a day that does not exist", row("17", { changedat: "20261131000000" })],
    ["an hour that does not exist", row("17", { changedat: "20261121250000" })],
  ])("%s", (_name, spoilt) => {
    expect(() => read([row("16"), spoilt, row("18")])).toThrow(DecodeError);
    expect(() => read([row("16"), spoilt, row("18")])).toThrow(/item 17/);
  });

  test.each([["no item", row("17", { item: undefined })] as const, ["no row at all", "17"] as const])(
    "%s: by its place",
    (_name, spoilt) => {
      expect(() => read([row("16"), spoilt])).toThrow(/row 2/);
    },
  );

  test.each(["0", "-17", "017", "17a", "x".repeat(500)])("the item %j", (item) => {
    expect(() => read([row(item)])).toThrow(DecodeError);
    const message = String(
      (() => {
        try {
          return read([row(item)]);
        } catch (thrown) {
          return thrown;
        }
      })(),
    );
    expect(message.length).toBeLessThan(120);
  });
});

test.each<[string, unknown]>([
  ["a page of HTML", "<html>"],
  ["another object", { id: "5" }],
  ["fewer rows than it says", { count: 2, hasMore: false, items: [row("1")] }],
  ["more rows than it says", { count: 0, hasMore: false, items: [row("1")] }],
  ["more to come behind nothing", { count: 0, hasMore: true, items: [] }],
])("%s is no page", (_name, body) => {
  expect(() => decodeStockPage(decodePage(answered(body)), SNAPSHOT, NOW_MS)).toThrow(ErpFailedError);
});

describe("rows must come in the order that was asked for", () => {
  const at = (item: string, changedat: string): unknown => row(item, { changedat });
  test.each<[string, readonly unknown[], StockWish]>([
    ["an item twice", [row("5"), row("5")], SNAPSHOT],
    ["a lower item", [row("5"), row("4")], SNAPSHOT],
    [
      "an item of the page before",
      [row("5")],
      { ...SNAPSHOT, after: { kind: "snapshot", item: 5, mark: MARK } },
    ],
    ["an earlier change", [at("5", "20261121000000"), at("6", "20261120000000")], DELTA],
    [
      "equal changes out of their items' order",
      [at("6", "20261121000000"), at("5", "20261121000000")],
      DELTA,
    ],
    [
      "a change of the page before",
      [at("5", "20261121000000")],
      { ...DELTA, after: { kind: "delta", time: "20261121000000", item: 5, mark: MARK } },
    ],
  ])("%s is refused", (_name, items, wish) => {
    expect(() => read(items, wish)).toThrow(/not in its place/);
  });

  test("a delta may go back to a lower item with a later change, a snapshot to an earlier change", () => {
    expect(read([at("6", "20261120000000"), at("5", "20261121000000")], DELTA).figures).toHaveLength(2);
    expect(read([at("5", "20261121000000"), at("6", "20261120000000")]).figures).toHaveLength(2);
  });
});

describe("the mark", () => {
  const times = (...all: readonly string[]): readonly unknown[] =>
    all.map((changedat, index) => row(String(index + 1), { changedat }));

  test("is the latest change and the highest item so far", () => {
    expect(read(times("20261120040000", "20261121040000", "20261119040000")).mark).toBe("20261121040000.3");
  });

  test("never goes back, neither behind the given one nor behind the page before", () => {
    expect(read([row("7", { changedat: "20261119230000" })], DELTA).mark).toBe("20261120080000.50");
    const after = {
      kind: "delta",
      time: "20261119230000",
      item: 6,
      mark: { time: "20261121000000", item: 90 },
    } as const;
    expect(read([row("7", { changedat: "20261119230000" })], { ...DELTA, after }).mark).toBe(
      "20261121000000.90",
    );
    expect(read([], DELTA).mark).toBe("20261120080000.50");
  });

  test("does not follow a change of the future, however far the account's time zone is ahead", () => {
    expect(read(times("20261122020000", "20261122040000")).mark).toBe("20261122020000.2");
  });

  test("is there as soon as an item was seen, though none ever changed", () => {
    expect(read(times(NEVER)).mark).toBe("00000000000000.1");
    expect(read([]).mark).toBeUndefined();
  });
});

test("the next page begins where this one ended, and takes the mark along", () => {
  expect(read([row("7")], SNAPSHOT, true).next).toBe("item 7, read 20261121040000.7");
  expect(read([row("7")], DELTA, true).next).toBe("change 20261121040000.7, read 20261121040000.50");
});

test("no answer whatever makes a figure of what NetSuite did not send", () => {
  const text = fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom("5", "n/a", "", "1e3"));
  fc.assert(
    fc.property(text, text, text, (item, available, changedat) => {
      let page: StockPage;
      try {
        page = read([{ item, available, changedat }]);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(DecodeError);
        return;
      }
      expect(page.figures).toEqual([
        expect.objectContaining({ itemRef: item, availableUnits: Math.floor(Number(available)) + 0 }),
      ]);
    }),
  );
});
