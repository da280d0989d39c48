import fc from "fast-check";
import { expect, test } from "vitest";
import { DecodeError } from "../../../../sidecar/domain/errors.ts";
import {
  decodeCursor,
  decodeMark,
  encodeCursor,
  encodeMark,
} from "../../../../sidecar/erp/netsuite/decode-stock-mark.ts";

const item = fc.integer({ min: 0, max: 999_999_999_999_999 });
const time = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: 14, maxLength: 14 })
  .map((digits) => digits.join(""));
const mark = fc.record({ time, item });
const cursor = fc.oneof(
  fc.record({ kind: fc.constant("snapshot" as const), item, mark }),
  fc.record({ kind: fc.constant("delta" as const), time, item, mark }),
);

test("a mark is read as it was written, and is short enough to be kept", () => {
  fc.assert(
    fc.property(mark, (written) => {
      expect(decodeMark(encodeMark(written))).toEqual(written);
      expect(encodeMark(written).length).toBeLessThanOrEqual(96);
    }),
  );
});

test("a cursor is read as it was written, and is short enough to be kept", () => {
  fc.assert(
    fc.property(cursor, (written) => {
      expect(decodeCursor(encodeCursor(written))).toEqual(written);
      expect(encodeCursor(written).length).toBeLessThanOrEqual(160);
    }),
  );
});

test("people can read both", () => {
  const at = { time: "20261121101112", item: 52_000 };
  expect(encodeMark(at)).toBe("20261121101112.52000");
  expect(encodeCursor({ kind: "snapshot", item: 7, mark: at })).toBe("item 7, read 20261121101112.52000");
  expect(encodeCursor({ kind: "delta", time: at.time, item: 7, mark: at })).toBe(
    "change 20261121101112.7, read 20261121101112.52000",
  );
});

test.each(["", "0", "2026-11-21.5", "20261121101112.", "20261121101112.5 OR 1=1", "20261121101112.-5"])(
  "%j is no mark",
  (text) => {
    expect(() => decodeMark(text)).toThrow(DecodeError);
  },
);

test.each([
  "",
  "item 7",
  "item 7 OR 1=1, read 20261121101112.5",
  "change 20261121.7, read 20261121101112.5",
  "change 20261121101112.7, read 20261121101112",
  "item 7, read 20261121101112.5\n",
])("%j is no cursor", (text) => {
  expect(() => decodeCursor(text)).toThrow(DecodeError);
});
