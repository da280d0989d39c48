import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ANNOUNCED_MAX,
  ATTEMPTS_MAX,
  backOffMs,
  commandIdOf,
  decideBatch,
} from "../../../sidecar/stock/writer/decide-announcement.ts";

const due = (row: number, attempts: number, runAt: string) => ({ row, attempts, runAt });
const revived = (row: number, lastWrite: number, quantity = 5) => ({
  row,
  product: row,
  combination: 0,
  shop: 1,
  quantity,
  lastWrite,
});

describe("the announcements that go out together", () => {
  test("are the new ones, whenever each became due, and no more than one command holds", () => {
    const many = Array.from({ length: 80 }, (_, index) => due(index, 0, `10:00:${index}`));
    expect(decideBatch(many)).toEqual(many.slice(0, ANNOUNCED_MAX));
  });

  test("stay together after a failure, so that their command is recognised", () => {
    const failed = [due(1, 1, "10:00"), due(2, 1, "10:00")];
    const others = [due(3, 0, "10:00"), due(4, 1, "10:01"), due(5, 2, "10:00")];
    expect(decideBatch([...failed, ...others])).toEqual(failed);
    expect(decideBatch([])).toEqual([]);
  });

  test("have one id for the same products and writes, in any order and at any quantity", () => {
    const id = commandIdOf([revived(1, 10), revived(2, 11)]);
    expect(commandIdOf([revived(2, 11, 3), revived(1, 10, 9)])).toBe(id);
    expect(commandIdOf([revived(1, 12), revived(2, 11)])).not.toBe(id);
    expect(commandIdOf([revived(1, 10)])).not.toBe(id);
    expect(id).toMatch(/^[\x21-\x7e]{1,128}$/);
  });

  test("wait longer after each attempt but the last", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: ATTEMPTS_MAX - 2 }), (attempt) => {
        expect(backOffMs(attempt + 1)).toBeGreaterThan(backOffMs(attempt));
      }),
    );
  });
});
