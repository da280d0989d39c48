import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AttributionRules,
  type Declaration,
  decideAttribution,
  type Episode,
  type OpenChange,
  type OwedLine,
} from "../../../sidecar/stock/ledger/decide-attribution.ts";
import { RULES, StockWorld } from "./stock-world.ts";

/** What one process of the shop does, cut where another may come between. */
type Process = Generator<undefined, void, undefined>;

function* checkout(world: StockWorld, detailId: number, units: number): Process {
  const read = world.quantity;
  yield;
  world.write(read - units);
  world.meant -= units;
  yield* explainedBy(world, () => {
    world.writeLine(detailId, units, "sale", { orderId: detailId, announced: true });
  });
}

/** What follows the write of the row; the ledger may look in between, but not after a silence. */
function* explainedBy(world: StockWorld, explain: () => void): Process {
  world.inFlight += 1;
  yield;
  explain();
  world.inFlight -= 1;
}

function* edit(world: StockWorld, detailId: number, units: number): Process {
  const line = world.lines.get(detailId);
  const more = units - (line?.units ?? units);
  if (line === undefined || more === 0) return;
  world.inFlight += 1;
  world.writeLine(detailId, units, "edit", { orderId: detailId, announced: true });
  yield;
  const read = world.quantity;
  yield;
  world.write(read - more);
  world.meant -= more;
  world.inFlight -= 1;
}

function* cancel(world: StockWorld, detailId: number): Process {
  const line = world.lines.get(detailId);
  if (line === undefined) return;
  const { units } = line;
  const read = world.quantity;
  yield;
  world.write(read + units);
  world.meant += units;
  yield* explainedBy(world, () => {
    world.writeLine(detailId, 0, "cancellation", { orderId: detailId, announced: true, whole: units });
  });
}

function* employee(world: StockWorld, delta: number): Process {
  const read = world.quantity;
  yield;
  // One that lands on the figure that stands leaves no trace in the binlog, and may be lost: no line tells of it.
  if (world.quantity === read + delta) world.traceless += delta;
  else world.meant += delta;
  world.write(read + delta);
  yield* explainedBy(world, () => {
    world.declare(delta, read + delta);
  });
}

function* importBySql(world: StockWorld, detailId: number, units: number): Process {
  world.writeLine(detailId, units, "sale", { orderId: detailId, announced: false });
  world.meant -= units;
  yield;
}

/** The ledger looks, in the midst of it or after a silence; who has only read the row may write long after it. */
function* look(world: StockWorld): Process {
  world.settle(world.inFlight === 0);
  yield;
}

type Plan = (world: StockWorld, number: number) => Process;
const units = fc.integer({ min: 1, max: 3 });
const checkouts = units.map(
  (count): Plan =>
    (world, id) =>
      checkout(world, id, count),
);
const imports = units.map(
  (count): Plan =>
    (world, id) =>
      importBySql(world, id, count),
);
const employees = fc.integer({ min: 0, max: 9 }).map(
  (delta): Plan =>
    (world) =>
      employee(world, delta),
);
const looks = fc.constant(look);

/** Runs the processes statement by statement in the order that `turns` gives, then lets the ledger rest. */
function run(world: StockWorld, plans: readonly Plan[], turns: readonly number[]): void {
  const processes = plans.map((plan, number) => plan(world, number + 1));
  const open = new Set(processes);
  for (const turn of turns) {
    const process = [...open][turn % Math.max(1, open.size)];
    if (process?.next().done === true) open.delete(process);
  }
  for (const process of processes) while (process.next().done !== true);
  world.rest();
}

const turns = fc.array(fc.nat(1_000), { minLength: 5, maxLength: 80 });

function expectLaws(world: StockWorld): void {
  expect(world.position).toBe(world.quantity);
  for (const [detailId, line] of world.lines) {
    const moved = world.movements
      .filter(
        (movement) =>
          movement.detailId === detailId || movement.source?.startsWith(`line:${detailId}:`) === true,
      )
      .reduce((sum, { delta }) => sum + delta, 0);
    expect({ detailId, moved }).toEqual({ detailId, moved: 0 - line.units });
  }
  const sources = world.movements.flatMap(({ source }) => (source === null ? [] : [source]));
  expect(new Set(sources).size).toBe(sources.length);
}

describe("whatever interleaves, the row ends at its opening and all that was meant", () => {
  test("for checkouts that read stale, whenever the ledger looks", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(checkouts, looks), { maxLength: 14 }), turns, (plans, order) => {
        const world = new StockWorld(20);
        run(world, plans, order);
        expectLaws(world);
        expect(world.quantity).toBe(20 + world.meant);
        expect(world.movements.filter(({ cause }) => cause === "unexplained")).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("for checkouts, orders by SQL and an employee who declares what he did", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(checkouts, imports, looks), { maxLength: 12 }),
        employees,
        turns,
        (plans, anEmployee, order) => {
          const world = new StockWorld(20);
          run(world, [...plans.slice(0, 6), anEmployee, ...plans.slice(6)], order);
          expectLaws(world);
          expect([20 + world.meant, 20 + world.meant + world.traceless]).toContain(world.quantity);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("for checkouts one after another, however slow, though the ledger looks before a line is there", () => {
    const sales = fc.array(fc.record({ count: units, looks: fc.array(fc.nat(3), { maxLength: 3 }) }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(sales, (placed) => {
        const world = new StockWorld(20);
        for (const [number, { count, looks: at }] of placed.entries()) {
          const process = checkout(world, number + 1, count);
          for (let step = 0; step < 4; step += 1) {
            if (at.includes(step)) world.settle(true);
            process.next();
          }
        }
        world.rest();
        expectLaws(world);
        expect(world.quantity).toBe(20 + world.meant);
        expect(world.movements.filter(({ cause }) => cause === "unexplained")).toEqual([]);
      }),
    );
  });

  test("for edits and cancellations of what was sold before", () => {
    const placed = 4;
    const change = fc.record({
      detailId: fc.integer({ min: 1, max: placed }),
      units: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(change, { selector: ({ detailId }) => detailId }),
        fc.array(checkouts, { maxLength: 4 }),
        turns,
        (changes, sales, order) => {
          const world = new StockWorld(20);
          run(
            world,
            Array.from({ length: placed }, (): Plan => (one, id) => checkout(one, id, 2)),
            [],
          );
          const later = changes.map(
            ({ detailId, units: to }): Plan =>
              (one) =>
                to === 0 ? cancel(one, detailId) : edit(one, detailId, to),
          );
          const offset = [...later, ...sales, look].map(
            (plan): Plan =>
              (one, id) =>
                plan(one, id + placed),
          );
          run(world, offset, order);
          expectLaws(world);
          expect(world.quantity).toBe(20 + world.meant);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe("a change", () => {
  const BASE: Episode = {
    keys: { row: 5, product: 3, combination: 0, shop: 1, group: 0 },
    managed: true,
    position: 10,
    lastChangeId: 90,
    combinationsSum: null,
    earlier: [10],
    changes: [],
    lines: [],
    passing: [],
    declarations: [],
    late: [],
    ownSales: [],
    losses: [],
    packLimits: [],
    repairs: 0,
    isQuiet: true,
  };
  const change = (delta: number, after: number, changeId = 50): OpenChange => ({
    movementId: changeId,
    changeId,
    delta,
    after,
    ageMs: 0,
  });
  const line = (owed: number, fields: Partial<OwedLine> = {}): OwedLine => ({
    detailId: 7,
    orderId: 1,
    owed,
    whole: Math.abs(owed),
    cause: owed > 0 ? "sale" : "cancellation",
    source: `line:${String(fields.detailId ?? 7)}:5#60`,
    changeId: 60,
    announced: true,
    maybeInOpening: false,
    ageMs: 0,
    ...fields,
  });
  const decide = (episode: Partial<Episode>, rules: Partial<AttributionRules> = {}) =>
    decideAttribution({ ...BASE, ...episode }, { ...RULES, ...rules });
  const causes = (episode: Partial<Episode>) =>
    decide(episode).explained.map(({ parts }) =>
      parts.map(({ cause, delta }) => `${cause} ${String(delta)}`),
    );

  test("of several lines of one order is shared out", () => {
    const lines = [line(1, { detailId: 7 }), line(2, { detailId: 8 }), line(9, { detailId: 9, orderId: 2 })];
    expect(causes({ changes: [change(-3, 7)], lines: lines.slice(0, 2) })).toEqual([["sale -1", "sale -2"]]);
    expect(causes({ changes: [change(-3, 7)], lines: lines.slice(1) })).toEqual([["unexplained -3"]]);
  });

  test("of one line may have come in two steps", () => {
    const changes = [change(-1, 9, 50), change(-2, 7, 51)];
    const { explained, writes } = decide({ changes, lines: [line(3)] });
    expect(explained.flatMap(({ parts }) => parts.map(({ source }) => source))).toEqual([
      "line:7:5#60",
      "line:7:5#60+1",
    ]);
    expect(writes).toEqual([]);
  });

  test("of a line that came and went between two looks is both", () => {
    const passing = [{ detailId: 7, orderId: 1, units: 2 }];
    expect(causes({ changes: [change(-2, 8, 50), change(2, 10, 51)], passing })).toEqual([
      ["sale -2"],
      ["cancellation 2"],
    ]);
  });

  test("that puts a whole line back is its cancellation, though a refund put some of it back before", () => {
    const { explained, isUnsettled } = decide({ changes: [change(5, 15)], lines: [line(-2, { whole: 5 })] });
    expect(explained[0]?.parts).toMatchObject([{ cause: "cancellation", delta: 5, detailId: 7 }]);
    // The line owes the surplus now.
    expect(isUnsettled).toBe(true);
  });

  test("to what the items of a pack allow is the pack's, and only downwards", () => {
    expect(causes({ changes: [change(-3, 7)], packLimits: [7] })).toEqual([["pack -3"]]);
    expect(causes({ changes: [change(3, 7)], packLimits: [7] })).toEqual([["unexplained 3"]]);
  });

  test("that stock_mvt declares is the employee's, and the hook's word for it is not used twice", () => {
    const mvt: Declaration = {
      source: "mvt:4",
      delta: -2,
      after: null,
      actor: "employee:3",
      orderId: null,
      mayBeOrders: false,
    };
    const hook: Declaration = { ...mvt, source: "event:1", after: 8 };
    expect(causes({ changes: [change(-2, 8)], declarations: [mvt] })).toEqual([["employee -2"]]);
    expect(causes({ changes: [change(-2, 8, 50), change(-2, 6, 51)], declarations: [mvt, hook] })).toEqual([
      ["employee -2"],
      ["unexplained -2"],
    ]);
  });

  test("of work on an order is its line's where one is owed, else the employee's", () => {
    const hook: Declaration = {
      source: "event:1",
      delta: 2,
      after: 12,
      actor: "AdminOrders",
      orderId: null,
      mayBeOrders: true,
    };
    expect(causes({ changes: [change(2, 12)], declarations: [hook], lines: [line(-2)] })).toEqual([
      ["cancellation 2"],
    ]);
    expect(causes({ changes: [change(2, 12)], declarations: [hook] })).toEqual([["employee 2"]]);
  });

  test("that nobody explains is adopted once the row is quiet, and never written back", () => {
    expect(decide({ changes: [change(-4, 6)], isQuiet: false })).toMatchObject({
      explained: [],
      isUnsettled: true,
    });
    const { explained, findings, writes } = decide({ changes: [change(-4, 6)] });
    expect(explained[0]?.parts).toMatchObject([{ cause: "unexplained", delta: -4 }]);
    expect(findings).toEqual([{ kind: "unexplained", orders: [], units: -4 }]);
    expect(writes).toEqual([]);
  });

  test("that was adopted is a line's after all when the line comes", () => {
    const { explained, writes } = decide({ late: [change(-1, 9)], lines: [line(1)] });
    expect(explained).toMatchObject([{ movementId: 50, parts: [{ cause: "sale", source: "line:7:5#60" }] }]);
    expect(writes).toEqual([]);
  });

  test("of a row that another part of the shop manages is booked and left alone", () => {
    const verdict = decide({ managed: false, changes: [change(-1, 9)] });
    expect(verdict).toMatchObject({ writes: [], findings: [], isUnsettled: false });
    expect(verdict.explained[0]?.parts[0]?.cause).toBe("employee");
  });

  test("of a parent is its combinations' sum; one that is astray is put right when all is quiet", () => {
    const astray = { changes: [change(-1, 9)], position: 9, combinationsSum: 8 };
    expect(decide({ ...astray, isQuiet: false })).toMatchObject({ writes: [], isUnsettled: true });
    expect(decide(astray)).toMatchObject({
      explained: [{ parts: [{ cause: "parent", delta: -1 }] }],
      writes: [{ delta: -1, cause: "parent", source: "parent:5#90" }],
    });
  });

  test("that is overdue is decided though the row is never quiet", () => {
    const episode = { changes: [{ ...change(-1, 9), ageMs: 500 }], isQuiet: false };
    expect(decide(episode, { overdueMs: 501 }).explained).toEqual([]);
    expect(decide(episode, { overdueMs: 500 }).explained).toHaveLength(1);
  });

  describe("that is missing", () => {
    test("is made when the row is quiet; for an order that no hook told of, at once", () => {
      expect(decide({ lines: [line(2)], isQuiet: false }).writes).toEqual([]);
      expect(decide({ lines: [line(2)] }).writes).toMatchObject([
        { delta: -2, cause: "sale", source: "line:7:5#60" },
      ]);
      const imported = { lines: [line(2, { announced: false })], isQuiet: false };
      expect(decide(imported).writes).toMatchObject([{ delta: -2 }]);
      // It may be the import's own.
      expect(decide({ ...imported, changes: [change(-2, 8)] }).writes).toEqual([]);
    });

    test("is not made where its units are in the opening already", () => {
      const owed = line(2, { maybeInOpening: true });
      expect(decide({ lines: [owed] })).toMatchObject({ writes: [], settledLines: [owed], findings: [] });
    });

    test("is taken back where the import made it too, only later", () => {
      const verdict = decide({
        changes: [change(-2, 6)],
        ownSales: [{ writeId: 88, delta: -2, orderId: 1 }],
      });
      expect(verdict.explained[0]?.parts).toMatchObject([
        { cause: "sale", delta: -2, orderId: 1, detailId: null },
      ]);
      expect(verdict.writes).toMatchObject([{ delta: 2, cause: "undo", source: "undo:88", undoes: 88 }]);
    });

    test("and should have put units back is reported, or made where policy says so", () => {
      const lines = [line(-2)];
      expect(decide({ lines }, { forgottenRestock: "report" })).toMatchObject({
        writes: [],
        settledLines: lines,
        findings: [{ kind: "forgotten_restock", orders: [1], units: 2 }],
      });
      expect(decide({ lines }, { forgottenRestock: "apply" }).writes).toMatchObject([{ delta: 2 }]);
    });
  });

  test("that a stale write threw away is put back, but not more often than the limit allows", () => {
    const losses = [
      { movementId: 40, delta: 3, ageMs: 0 },
      { movementId: 41, delta: -1, ageMs: 0 },
    ];
    expect(decide({ losses }).writes.map(({ delta, source }) => [source, delta])).toEqual([
      ["repair:40", -3],
      ["repair:41", 1],
    ]);
    expect(decide({ losses, repairs: 4 }, { repairsMax: 5 }).writes).toHaveLength(2);
    expect(decide({ losses, repairs: 5 }, { repairsMax: 5 })).toMatchObject({
      writes: [],
      findings: [{ kind: "repair_limit", units: -2 }],
      isUnsettled: true,
    });
    expect(decide({ losses, isQuiet: false }).writes).toEqual([]);
  });
});
