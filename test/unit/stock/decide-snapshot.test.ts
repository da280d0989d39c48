import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decideSnapshot,
  type LastReading,
  type ReleasedReading,
  type SnapshotReading,
} from "../../../sidecar/stock/snapshot/decide-snapshot.ts";
import { encodeHoldReason } from "../../../sidecar/stock/snapshot/encode-snapshot-end.ts";

const SHARE = 0.2;

const LAST: LastReading = { items: 1_000, newest: { item: "1001", at: "2026-11-20 18:00:00" } };

const GOOD: SnapshotReading = {
  kind: "full",
  items: 1_000,
  newest: { item: "1002", at: "2026-11-21 09:00:00" },
  lastNewestAt: "2026-11-20 18:00:00",
  isBroken: false,
  catalogue: 1_000,
  moves: 50,
  sellable: 800,
  zeroed: 5,
};

const judge = (change: Partial<SnapshotReading>, last?: LastReading | null, released?: ReleasedReading) => {
  const verdict = decideSnapshot(
    { ...GOOD, ...change },
    last === null ? undefined : (last ?? LAST),
    released,
    SHARE,
  );
  return verdict.kind === "hold" ? verdict.code : verdict.kind;
};

describe("a full reading", () => {
  test("like the last one is applied", () => {
    expect(judge({})).toBe("apply");
    expect(judge({}, null)).toBe("apply");
  });

  test("that names nothing is held, also the very first one", () => {
    expect(judge({ items: 0, moves: 0 })).toBe("empty");
    expect(judge({ items: 0, moves: 0 }, null)).toBe("empty");
  });

  test("that names clearly fewer items than the last is held", () => {
    expect(judge({ items: 900 })).toBe("apply");
    expect(judge({ items: 899 })).toBe("half");
  });

  test("whose pages do not fit together is held, also where a person released one", () => {
    expect(judge({ isBroken: true })).toBe("broken");
    expect(judge({ isBroken: true }, LAST, { ...LAST, moves: 1_000, zeroed: 1_000 })).toBe("broken");
  });

  test("in which time went back for an item that is still there is held", () => {
    const older = {
      newest: { item: "1003", at: "2026-11-19 09:00:00" },
      lastNewestAt: "2026-11-18 09:00:00",
    };
    expect(judge(older)).toBe("older");
    // The item that was the newest is gone, so nothing can be told.
    expect(judge({ ...older, lastNewestAt: undefined })).toBe("apply");
    expect(judge({ ...older, newest: undefined })).toBe("apply");
  });

  test("that would move more than the share of the catalogue is held", () => {
    expect(judge({ moves: 200 })).toBe("apply");
    expect(judge({ moves: 201 })).toBe("moves-too-much");
  });

  test("that would end the sale of most of what can be sold is held", () => {
    expect(judge({ moves: 200, sellable: 100, zeroed: 50 })).toBe("apply");
    expect(judge({ moves: 200, sellable: 100, zeroed: 51 })).toBe("zeroes");
  });

  test("may move a few rows in a shop that has only a few", () => {
    const few = { items: 6, catalogue: 6, sellable: 6 };
    expect(judge({ ...few, moves: 5, zeroed: 5 }, null)).toBe("apply");
    expect(judge({ ...few, moves: 6, zeroed: 5 }, null)).toBe("moves-too-much");
    expect(judge({ ...few, moves: 6, zeroed: 6 }, null)).toBe("zeroes");
  });

  test("says what to look at and what to type where it is held", () => {
    const verdict = decideSnapshot({ ...GOOD, moves: 400 }, LAST, undefined, SHARE);
    const reason = verdict.kind === "hold" ? encodeHoldReason(verdict.reason, 7) : "";
    expect(reason).toMatch(/^400 of 1000 rows \(40 %\) would move, and stock.holdShare allows 20 %/);
    expect(reason).toContain('"erpsync stock snapshot release 7"');
    expect(reason).toContain('"erpsync stock snapshot reject 7"');
  });
});

describe("a delta", () => {
  test("may name nothing, few items or old changes, since it names what changed", () => {
    expect(judge({ kind: "delta", items: 0, moves: 0, newest: undefined })).toBe("apply");
    const old = { newest: { item: "1003", at: "2026-11-19 09:00:00" }, lastNewestAt: "2026-11-18 09:00:00" };
    expect(judge({ kind: "delta", items: 3, ...old })).toBe("apply");
  });

  test("is held like a full reading for what it would move", () => {
    expect(judge({ kind: "delta", moves: 201 })).toBe("moves-too-much");
    expect(judge({ kind: "delta", sellable: 100, zeroed: 51 })).toBe("zeroes");
    expect(judge({ kind: "delta", isBroken: true })).toBe("broken");
  });
});

describe("a released reading", () => {
  const released: ReleasedReading = {
    items: 500,
    newest: { item: "1001", at: "2026-11-10 00:00:00" },
    moves: 600,
    zeroed: 700,
  };

  test("lets the next one pass that is no worse", () => {
    expect(judge({ items: 480, moves: 640, zeroed: 720 }, LAST, released)).toBe("apply");
    const old = { newest: { item: "1003", at: "2026-11-19 09:00:00" }, lastNewestAt: "2026-11-18 09:00:00" };
    expect(judge(old, LAST, released)).toBe("apply");
  });

  test("does not let one pass that is worse than what was released", () => {
    expect(judge({ items: 440 }, LAST, released)).toBe("half");
    expect(judge({ items: 0 }, LAST, released)).toBe("empty");
    expect(judge({ moves: 661 }, LAST, released)).toBe("moves-too-much");
    expect(judge({ zeroed: 771 }, LAST, released)).toBe("zeroes");
    const older = {
      newest: { item: "1003", at: "2026-11-09 09:00:00" },
      lastNewestAt: "2026-11-09 09:00:00",
    };
    expect(judge(older, LAST, released)).toBe("older");
  });
});

describe("whatever is read", () => {
  const count = fc.integer({ min: 0, max: 5_000 });
  const time = fc.constantFrom(
    undefined,
    "2026-11-10 00:00:00",
    "2026-11-20 18:00:00",
    "2026-11-21 09:00:00",
  );
  const newest = time.map((at) => (at === undefined ? undefined : { item: "1001", at }));
  const reading: fc.Arbitrary<SnapshotReading> = fc
    .record({
      kind: fc.constantFrom("full" as const, "delta" as const),
      items: count,
      newest,
      lastNewestAt: time,
      isBroken: fc.boolean(),
      catalogue: count,
      moves: count,
      sellable: count,
      zeroed: count,
    })
    .map((one) => ({ ...one, zeroed: Math.min(one.zeroed, one.sellable) }));
  const last = fc.option(fc.record({ items: count, newest }), { nil: undefined });
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  test("nothing is applied that moves more than the share, or what was released of it", () => {
    fc.assert(
      fc.property(reading, last, share, count, (one, before, holdShare, moves) => {
        const released = { items: 0, newest: undefined, moves, zeroed: 5_000 };
        const verdict = decideSnapshot(one, before, released, holdShare);
        const movesMax = Math.max(one.catalogue * holdShare, moves * 1.1, 5);
        if (verdict.kind === "apply") expect(one.moves).toBeLessThanOrEqual(movesMax);
      }),
    );
  });

  test("what was held and released is applied when it comes again as it was, unless it was not whole", () => {
    fc.assert(
      fc.property(reading, last, share, (one, before, holdShare) => {
        fc.pre(!one.isBroken);
        expect(decideSnapshot(one, before, one, holdShare)).toEqual({ kind: "apply" });
      }),
    );
  });

  test("a full reading without any item is never applied on its own account", () => {
    fc.assert(
      fc.property(reading, last, share, (one, before, holdShare) => {
        const empty = { ...one, kind: "full" as const, items: 0 };
        expect(decideSnapshot(empty, before, undefined, holdShare).kind).toBe("hold");
      }),
    );
  });
});
