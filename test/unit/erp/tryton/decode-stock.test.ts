import { describe, expect, test } from "vitest";
import { DecodeError } from "../../../../sidecar/domain/errors.ts";
import { ErpFailedError, stockMark } from "../../../../sidecar/erp/port.ts";
import {
  decodeCursor,
  decodeMark,
  encodeCursor,
  encodeMark,
} from "../../../../sidecar/erp/tryton/decode-mark.ts";
import {
  decodeFigures,
  decodeStockPage,
  type StockWish,
} from "../../../../sidecar/erp/tryton/decode-stock.ts";

const BEGAN_MS = 1_795_000_000_000;

const wish = (change: Partial<StockWish> = {}): StockWish => ({
  kind: "snapshot",
  sinceMs: undefined,
  mark: undefined,
  markMs: 0,
  after: 0,
  isFirst: true,
  first: undefined,
  last: undefined,
  startedAtMs: BEGAN_MS,
  ...change,
});
const page = (rows: readonly unknown[], more = false) => ({ rows, more });

describe("a page of Tryton's stock", () => {
  test.each([
    [2.5, 2],
    [-0.5, -1],
    [2.9999999999999996, 3],
    [-1e-12, 0],
    [0, 0],
  ])("rounds %d down to %i, but not what adding floats left behind", (quantity, units) => {
    const { figures } = decodeStockPage(page([{ id: 3, quantity }]), wish());
    expect(Object.is(figures[0]?.availableUnits, units)).toBe(true);
  });

  test("names the item of a row that cannot be read, and takes none for 0", () => {
    const read = () => decodeStockPage(page([{ id: 3, quantity: "n/a" }]), wish());
    expect(read).toThrow(DecodeError);
    expect(read).toThrow(/item 3 .*quantity/);
    expect(() => decodeStockPage(page([{ id: 3 }]), wish())).toThrow(/item 3/);
    expect(() => decodeStockPage(page([{ id: 3, quantity: null }]), wish())).toThrow(/item 3/);
  });

  test("is refused where its products are not in order, or not behind the page before", () => {
    const rows = [
      { id: 4, quantity: 1 },
      { id: 3, quantity: 1 },
    ];
    expect(() => decodeStockPage(page(rows), wish())).toThrow(/item 3 is not in its place/);
    expect(() => decodeStockPage(page([{ id: 4, quantity: 1 }]), wish({ after: 4 }))).toThrow(DecodeError);
  });

  test("goes on behind its last product, with the moment at which the reading began", () => {
    const { next } = decodeStockPage(page([{ id: 8, quantity: 1 }], true), wish());
    expect(decodeCursor(next ?? "", "snapshot")).toEqual({
      kind: "snapshot",
      last: 8,
      startedAtMs: BEGAN_MS,
    });
  });

  test("of the companion that is not whole is no page", () => {
    const half = { figures: [{ id: 1, quantity: 1 }], count: 2, more: false };
    expect(() => decodeFigures(half)).toThrow(ErpFailedError);
    expect(() => decodeFigures({ figures: [], count: 0, more: true })).toThrow(ErpFailedError);
    expect(() => decodeFigures([])).toThrow(ErpFailedError);
  });
});

describe("a mark of Tryton's stock", () => {
  test("never goes back, also where our clock did", () => {
    const mark = stockMark(encodeMark(BEGAN_MS + 5_000));
    const read = decodeStockPage(
      page([{ id: 1, quantity: 1 }]),
      wish({ kind: "delta", mark, markMs: BEGAN_MS + 5_000 }),
    );
    expect(read.mark).toBe(mark);
  });

  test("stays as it was where a reading brought nothing", () => {
    expect(decodeStockPage(page([]), wish()).mark).toBeUndefined();
    const mark = stockMark(encodeMark(BEGAN_MS - 1));
    const nothing = wish({ kind: "delta", mark, markMs: BEGAN_MS - 1 });
    expect(decodeStockPage(page([]), nothing).mark).toBe(mark);
    // The last page of several may be empty; what the others brought has been read.
    expect(decodeStockPage(page([]), { ...nothing, after: 9, isFirst: false }).mark).toBe(
      encodeMark(BEGAN_MS),
    );
  });

  test.each(["yesterday", "read 1", "read 17950000000001", "read 1795000000000'", ""])(
    "is not %j, which is refused",
    (text) => {
      expect(() => decodeMark(text)).toThrow(DecodeError);
    },
  );

  test.each(["", "snapshot 0, began 1795000000000", "delta 1 OR 1, began 1795000000000", "5"])(
    "has no cursor like %j",
    (text) => {
      expect(() => decodeCursor(text, "delta")).toThrow(DecodeError);
    },
  );

  test("and its cursors are read as they were written", () => {
    const cursor = { kind: "delta" as const, last: 12, startedAtMs: BEGAN_MS };
    expect(decodeCursor(encodeCursor(cursor), "delta")).toEqual(cursor);
    expect(decodeMark(encodeMark(BEGAN_MS))).toBe(BEGAN_MS);
  });
});
