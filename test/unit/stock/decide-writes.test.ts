import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OwnCause, StockWrite } from "../../../sidecar/domain/stock.ts";
import {
  BATCH_LIMITS,
  decideWrites,
  type LockedRow,
  type PlacedWrite,
  planBatches,
  type WritePlan,
  type WriteSituation,
} from "../../../sidecar/stock/writer/decide-writes.ts";

/** Row ids say what they are: product × 10 + combination. */
const rowId = (product: number, combination: number): number => product * 10 + combination;

function locked(product: number, combination: number, quantity: number, managed = true): LockedRow {
  return { row: rowId(product, combination), product, combination, shop: 1, group: 0, quantity, managed };
}

function asked(row: number, delta: number, source: string, more: Partial<StockWrite> = {}): PlacedWrite {
  const write: StockWrite = {
    row,
    delta,
    cause: "channel",
    source,
    orderId: null,
    actor: "pos",
    reason: "a test",
    undoes: null,
    ...more,
  };
  return { write, product: Math.floor(row / 10), at: 0 };
}

function situation(
  rows: readonly LockedRow[],
  writes: readonly PlacedWrite[],
  more: Partial<WriteSituation> = {},
): WriteSituation {
  return {
    writes,
    guard: "none",
    held: new Set(rows.map((row) => row.product)),
    rows: new Map(rows.map((row) => [row.row, row])),
    positions: new Map(),
    known: new Map(),
    ...more,
  };
}

const kinds = (plan: WritePlan): readonly string[] => plan.outcomes.map((outcome) => outcome.kind);

/** Product 3 has two combinations with 4 and 6 units. */
const COMBINED = [locked(3, 0, 10), locked(3, 1, 4), locked(3, 2, 6)];

describe("a batch of stock writes", () => {
  test("moves a row by its units and says what stands there afterwards", () => {
    const plan = decideWrites(situation([locked(1, 0, 5)], [asked(10, -2, "a")]));
    expect(plan.outcomes).toEqual([{ kind: "planned", source: "a", quantityAfter: 3, isRepeat: false }]);
    expect([...plan.changes]).toEqual([[10, -2]]);
    expect(plan.records).toMatchObject([{ row: 10, delta: -2, quantityAfter: 3, source: "a" }]);
  });

  test("writes two requests on one row one after the other, both judged by the row as it was", () => {
    const positions = new Map([[10, { position: 5, isUnsettled: false }]]);
    const requests = [asked(10, -2, "a"), asked(10, -1, "b")];
    const plan = decideWrites(situation([locked(1, 0, 5)], requests, { guard: "settled", positions }));
    expect([...plan.changes]).toEqual([[10, -3]]);
    expect(plan.records.map((record) => record.quantityAfter)).toEqual([3, 2]);
  });

  test("takes a source that comes twice for one request", () => {
    const rows = [locked(1, 0, 5), locked(2, 0, 5)];
    const plan = decideWrites(situation(rows, [asked(10, -2, "a"), asked(10, -2, "a"), asked(20, -9, "a")]));
    expect(plan.outcomes).toMatchObject([{ isRepeat: false }, { isRepeat: true }, { isRepeat: true }]);
    expect(plan.records).toMatchObject([{ row: 10, delta: -2, quantityAfter: 3 }]);
  });

  test("leaves one of two requests that cancel each other out, since the binlog would not show them", () => {
    const plan = decideWrites(situation([locked(1, 0, 5)], [asked(10, -2, "a"), asked(10, 2, "b")]));
    expect(kinds(plan)).toEqual(["planned", "busy"]);
  });

  test("sets the parent to the sum of its combinations, also where it was astray", () => {
    const astray = [locked(3, 0, 99), ...COMBINED.slice(1)];
    const plan = decideWrites(situation(astray, [asked(31, -1, "a", { cause: "sale" })]));
    expect(plan.records).toMatchObject([
      { row: 31, delta: -1, cause: "sale" },
      { row: 30, delta: -90, quantityAfter: 9, cause: "parent", source: "parent:a" },
    ]);
  });

  test("makes no record of a parent that need not move", () => {
    const plan = decideWrites(situation(COMBINED, [asked(31, -1, "a"), asked(32, 1, "b")]));
    expect(plan.records.map((record) => record.source)).toEqual(["a", "b"]);
  });

  test("moves a parent only to the sum of its combinations, never by units", () => {
    const astray = [locked(3, 0, 12), ...COMBINED.slice(1)];
    const byUnits = decideWrites(situation(astray, [asked(30, -1, "a")]));
    expect(kinds(byUnits)).toEqual(["gone"]);
    const follows = decideWrites(situation(astray, [asked(30, -1, "a", { cause: "parent" })]));
    expect(follows.records).toMatchObject([{ row: 30, delta: -2, quantityAfter: 10, source: "a" }]);
    const already = decideWrites(situation(COMBINED, [asked(30, -2, "a", { cause: "parent" })]));
    expect(kinds(already)).toEqual(["unread"]);
  });

  test("leaves a product that somebody else holds to the next round", () => {
    const requests = [asked(10, 1, "a"), asked(20, 1, "b"), asked(20, 1, "c")];
    const known = new Map([["c", 9]]);
    expect(kinds(decideWrites(situation([locked(1, 0, 5)], requests, { known })))).toEqual([
      "planned",
      "busy",
      "known",
    ]);
  });

  test("leaves rows alone that are not there or not ours", () => {
    const rows = [locked(1, 0, 5, false)];
    expect(kinds(decideWrites(situation(rows, [asked(10, 1, "a"), asked(11, 1, "b")])))).toEqual([
      "gone",
      "gone",
    ]);
    const parent = [locked(3, 0, 99, false), ...COMBINED.slice(1)];
    expect([...decideWrites(situation(parent, [asked(31, 1, "a")])).changes]).toEqual([[31, 1]]);
  });

  test("refuses what the ledger has not read, and under `settled` what it still owes", () => {
    const rows = [locked(1, 0, 5)];
    const at = (position: number, isUnsettled: boolean): Partial<WriteSituation> => ({
      positions: new Map([[10, { position, isUnsettled }]]),
    });
    const outcome = (more: Partial<WriteSituation>): string | undefined =>
      kinds(decideWrites(situation(rows, [asked(10, 1, "a")], more)))[0];
    expect(outcome({ guard: "read", ...at(6, false) })).toBe("unread");
    expect(outcome({ guard: "read" })).toBe("unread");
    expect(outcome({ guard: "read", ...at(5, true) })).toBe("planned");
    expect(outcome({ guard: "settled", ...at(5, true) })).toBe("unread");
    expect(outcome({ guard: "settled", ...at(5, false) })).toBe("planned");
  });

  test("does not write what was decided on another position than the ledger has by now", () => {
    const rows = [locked(1, 0, 5)];
    const positions = new Map([[10, { position: 5, isUnsettled: false }]]);
    const outcome = (expectedUnits: number): readonly string[] =>
      kinds(
        decideWrites(
          situation(rows, [asked(10, 1, "a", { expectedUnits })], { guard: "settled", positions }),
        ),
      );
    expect(outcome(5)).toEqual(["planned"]);
    expect(outcome(4)).toEqual(["unread"]);
  });

  test("notes at an order line what is moved for it, for the causes of lines only", () => {
    const requests = [
      asked(10, -2, "line:77:10#5000", { cause: "sale" }),
      asked(10, -1, "line:77:10#6000", { cause: "edit" }),
      asked(10, 5, "line:78:10#7000", { cause: "repair" }),
    ];
    const plan = decideWrites(situation([locked(1, 0, 5)], requests));
    expect(plan.lines).toEqual([{ detail: 77, row: 10, delta: -3 }]);
  });

  test("asks for what comes back from zero to be announced, the parent too", () => {
    const empty = [locked(3, 0, -1), locked(3, 1, -1), locked(3, 2, 0)];
    expect(decideWrites(situation(empty, [asked(31, 1, "a")])).revived).toEqual([]);
    expect(decideWrites(situation(empty, [asked(31, 3, "a")])).revived).toEqual([31, 30]);
    expect(decideWrites(situation(empty, [asked(32, 1, "a")])).revived).toEqual([32]);
    expect(decideWrites(situation(COMBINED, [asked(31, 3, "a")])).revived).toEqual([]);
  });

  test("stops at a figure that the column cannot hold, and only that request", () => {
    const rows = [locked(1, 0, 5), locked(2, 0, 5)];
    const requests = [asked(10, 2_000_000_000, "a"), asked(20, 1, "b")];
    expect(kinds(decideWrites(situation(rows, requests)))).toEqual(["gone", "planned"]);
  });
});

const CAUSES: readonly OwnCause[] = ["sale", "snapshot", "channel", "repair", "parent"];

const anySituation: fc.Arbitrary<WriteSituation> = fc
  .record({
    rows: fc.uniqueArray(
      fc.record({
        product: fc.integer({ min: 1, max: 4 }),
        combination: fc.integer({ min: 0, max: 3 }),
        quantity: fc.integer({ min: -5, max: 20 }),
        managed: fc.boolean(),
        positionOff: fc.constantFrom(0, 0, 0, 1),
        isUnsettled: fc.boolean(),
      }),
      { selector: (row) => rowId(row.product, row.combination), maxLength: 12 },
    ),
    writes: fc.array(
      fc.record({
        product: fc.integer({ min: 1, max: 4 }),
        combination: fc.integer({ min: 0, max: 3 }),
        delta: fc.integer({ min: -6, max: 6 }).filter((delta) => delta !== 0),
        cause: fc.constantFrom(...CAUSES),
        source: fc.integer({ min: 1, max: 12 }),
      }),
      { maxLength: 14 },
    ),
    guard: fc.constantFrom("none" as const, "read" as const, "settled" as const),
    held: fc.subarray([1, 2, 3, 4]),
    known: fc.subarray([1, 2, 3]),
  })
  .map(({ rows, writes, guard, held, known }) => {
    const mine = rows.filter((row) => held.includes(row.product));
    return {
      guard,
      held: new Set(held),
      rows: new Map(
        mine.map((row) => [
          rowId(row.product, row.combination),
          locked(row.product, row.combination, row.quantity, row.managed),
        ]),
      ),
      positions: new Map(
        mine.map((row) => [
          rowId(row.product, row.combination),
          { position: row.quantity + row.positionOff, isUnsettled: row.isUnsettled },
        ]),
      ),
      known: new Map(known.map((number) => [`source:${number}`, number])),
      writes: writes.map(({ product, combination, delta, cause, source }) =>
        asked(rowId(product, combination), delta, `source:${source}`, { cause }),
      ),
    };
  });

const sum = (units: readonly number[]): number => units.reduce((total, one) => total + one, 0);

/** The rows as they stand after the plan. */
function carriedOut({ rows }: WriteSituation, plan: WritePlan): ReadonlyMap<number, LockedRow> {
  const moved = [...rows.values()].map((row) => ({
    ...row,
    quantity: row.quantity + (plan.changes.get(row.row) ?? 0),
  }));
  return new Map(moved.map((row) => [row.row, row]));
}

describe("any batch of stock writes", () => {
  test("says of each request what becomes of it, and records each source once and never again", () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const plan = decideWrites(given);
        expect(plan.outcomes.length).toBe(given.writes.length);
        const sources = plan.records.map((record) => record.source);
        expect(new Set(sources).size).toBe(sources.length);
        expect(sources.filter((source) => given.known.has(source))).toEqual([]);
        const firsts = plan.outcomes.filter((one) => one.kind === "planned" && !one.isRepeat);
        const own = plan.records.filter((record) => !record.source.startsWith("parent:"));
        expect(firsts.length).toBe(own.length);
      }),
    );
  });

  test("moves each row by exactly what its records say, and never by nothing", () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const plan = decideWrites(given);
        for (const [row, delta] of plan.changes) {
          const records = plan.records.filter((record) => record.row === row);
          expect(delta).not.toBe(0);
          expect(sum(records.map((record) => record.delta))).toBe(delta);
          expect(records.at(-1)?.quantityAfter).toBe((given.rows.get(row)?.quantity ?? 0) + delta);
        }
        expect(plan.records.every((record) => plan.changes.has(record.row))).toBe(true);
      }),
    );
  });

  test("touches no row that is not held, not managed or not as the guard wants it", () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        for (const record of decideWrites(given).records) {
          const row = given.rows.get(record.row);
          expect(row?.managed).toBe(true);
          expect(given.held.has(row?.product ?? 0)).toBe(true);
          // A parent that follows is booked where it falls; what was asked for is guarded.
          if (given.guard === "none" || record.source.startsWith("parent:")) continue;
          const ledger = given.positions.get(record.row);
          expect(ledger?.position).toBe(row?.quantity);
          if (given.guard === "settled") expect(ledger?.isUnsettled).toBe(false);
        }
      }),
    );
  });

  test("leaves each parent whose combinations moved at their sum", () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const plan = decideWrites(given);
        const after = [...carriedOut(given, plan).values()];
        for (const parent of after.filter((row) => row.combination === 0)) {
          const children = after.filter((row) => row.product === parent.product && row.combination > 0);
          const isTouched = children.some((row) => plan.changes.has(row.row));
          if (!parent.managed || (!isTouched && !plan.changes.has(parent.row)) || children.length === 0)
            continue;
          expect(parent.quantity).toBe(sum(children.map((row) => row.quantity)));
        }
      }),
    );
  });

  test("does nothing more when it is asked for again after it stood", () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const plan = decideWrites(given);
        const known = new Map(given.known);
        for (const [index, record] of plan.records.entries()) known.set(record.source, 100 + index);
        const written = given.writes.filter((_, index) => plan.outcomes[index]?.kind === "planned");
        const again = decideWrites({
          ...given,
          rows: carriedOut(given, plan),
          known,
          writes: written,
          guard: "none",
        });
        expect(again.records).toEqual([]);
        expect(again.outcomes.every((outcome) => outcome.kind === "known")).toBe(true);
      }),
    );
  });
});

describe("batches of stock writes", () => {
  test("hold every request once, each product whole in one batch, in ascending order and within the limits", () => {
    const requests = fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 0, max: 9 })), {
      minLength: 200,
      maxLength: 600,
      size: "max",
    });
    fc.assert(
      fc.property(requests, fc.constantFrom(1, 10, 400), (given, rowsEach) => {
        const writes = given.map(([product, combination], at) => ({
          ...asked(rowId(product, combination), 1, `s:${at}`),
          at,
        }));
        const rowsOf = new Map(writes.map(({ product }) => [product, rowsEach]));
        const batches = planBatches(writes, rowsOf);
        expect(
          batches
            .flat()
            .map(({ at }) => at)
            .sort((a, b) => a - b),
        ).toEqual(writes.map(({ at }) => at));
        const products = batches.map((batch) => [...new Set(batch.map(({ product }) => product))]);
        const order = products.flat();
        expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
        for (const [index, batch] of batches.entries()) {
          const mine = products[index] ?? [];
          if (mine.length === 1) continue;
          expect(mine.length).toBeLessThanOrEqual(BATCH_LIMITS.products);
          expect(batch.length).toBeLessThanOrEqual(BATCH_LIMITS.writes);
          expect(mine.length * rowsEach).toBeLessThanOrEqual(BATCH_LIMITS.rows);
        }
      }),
    );
  });
});
