import fc from "fast-check";
import { expect, test } from "vitest";
import { NEVER } from "../../../../sidecar/erp/netsuite/decode-time.ts";
import { encodeStockQuery, type StockWish } from "../../../../sidecar/erp/netsuite/encode-stock.ts";
import { parseSelect } from "../../../support/netsuite-emulator-sql.ts";

const NOTHING: StockWish = { changedSince: undefined, after: undefined, range: undefined };
const MARK = { time: "20261121101112", item: 5_000 };
const query = (wish: Partial<StockWish>, stockLocations: string[] = []): string =>
  encodeStockQuery({ ...NOTHING, ...wish }, { stockLocations });
/** What stands behind the inner query. */
const outer = (wish: Partial<StockWish>): string => query(wish).replace(/^.*\) figures ?/, "");

test("the first page of a snapshot is all items in their order, summed over the configured locations", () => {
  expect(query({}, ["1", "-5"])).toBe(
    "SELECT item, available, changedat FROM (SELECT item, SUM(NVL(quantityavailable, 0)) AS available, " +
      "NVL(TO_CHAR(MAX(lastquantityavailablechange), 'YYYYMMDDHH24MISS'), '00000000000000') AS changedat " +
      "FROM aggregateItemLocation WHERE location IN (1, -5) GROUP BY item) figures ORDER BY item",
  );
  expect(query({})).toContain("FROM aggregateItemLocation GROUP BY item)");
});

test("a snapshot goes on behind the last item", () => {
  const after = { kind: "snapshot", item: 1_234, mark: MARK } as const;
  expect(outer({ after })).toBe("WHERE item > 1234 ORDER BY item");
});

test.each([
  ["20261121101112", "20261120000000"],
  ["20260301000000", "20260228000000"],
  ["20240301235959", "20240229000000"],
  ["20260101000001", "20251231000000"],
])("a delta since %s begins at %s: the day before, from its midnight", (time, start) => {
  expect(outer({ changedSince: { time, item: 7 } })).toBe(
    `WHERE (changedat >= '${start}' OR (changedat = '${NEVER}' AND item > 7)) ORDER BY changedat, item`,
  );
});

test("a delta since a reading in which nothing had ever changed is of all items", () => {
  expect(outer({ changedSince: { time: NEVER, item: 7 } })).toContain(`changedat >= '${NEVER}'`);
});

test("a delta goes on behind the last change and, among equal ones, behind the last item", () => {
  const after = { kind: "delta", time: "20261121000000", item: 9, mark: MARK } as const;
  expect(outer({ changedSince: MARK, after })).toContain(
    "AND (changedat > '20261121000000' OR (changedat = '20261121000000' AND item > 9)) ORDER BY changedat, item",
  );
});

test("a partition is a range of items with both its ends, or with an open one", () => {
  expect(outer({ range: { fromItem: "10", toItem: "20" } })).toBe(
    "WHERE item >= 10 AND item <= 20 ORDER BY item",
  );
  expect(outer({ range: { fromItem: "10" } })).toBe("WHERE item >= 10 ORDER BY item");
});

test("whatever is asked for, the query is one that can be read", () => {
  const item = fc.integer({ min: 0, max: 999_999_999_999_999 });
  const time = fc
    .date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, ""));
  const mark = fc.record({ time, item });
  const range = fc.record({ fromItem: item.map(String), toItem: item.map(String) });
  const wish = fc.oneof(
    fc.record({
      changedSince: fc.constant(undefined),
      after: fc.option(fc.record({ kind: fc.constant("snapshot" as const), item, mark }), { nil: undefined }),
      range: fc.option(range, { nil: undefined }),
    }),
    fc.record({
      changedSince: mark,
      after: fc.option(fc.record({ kind: fc.constant("delta" as const), time, item, mark }), {
        nil: undefined,
      }),
      range: fc.option(range, { nil: undefined }),
    }),
  );
  fc.assert(
    fc.property(wish, (asked) => {
      expect(() => parseSelect(query(asked, ["1"]), [])).not.toThrow();
    }),
  );
});
