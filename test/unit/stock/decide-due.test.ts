import { describe, expect, test } from "vitest";
import {
  decideDue,
  type PartHistory,
  partsOf,
  type ScheduleRules,
} from "../../../sidecar/stock/snapshot/decide-due.ts";
import { decideHistory } from "../../../sidecar/stock/snapshot/decide-history.ts";
import type { SnapshotRow } from "../../../sidecar/stock/snapshot/snapshot-statements.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

const RULES: ScheduleRules = {
  snapshotEveryMs: 10 * MINUTE,
  fullEveryMs: DAY,
  deltaAboveItems: 20_000,
  partitions: {},
};

const NEW: PartHistory = {
  part: "",
  lastFull: undefined,
  lastApplied: undefined,
  lastMiss: undefined,
  isHeld: false,
  released: undefined,
  asked: undefined,
};

/** A part that was read in full so many minutes ago. */
const read = (minutes: number, items: number, change: Partial<PartHistory> = {}): PartHistory => ({
  ...NEW,
  lastFull: { ageMs: minutes * MINUTE, items },
  lastApplied: { ageMs: minutes * MINUTE, hasMark: true },
  ...change,
});

const runs = (part: string, kind: "full" | "delta", askedId?: number) => ({
  kind: "run",
  round: { part, kind, askedId },
});
const waits = (minutes: number) => ({ kind: "wait", ms: minutes * MINUTE });

describe("what is read next", () => {
  test("is all of it at the first time, whatever the size", () => {
    expect(decideDue([NEW], RULES)).toEqual(runs("", "full"));
  });

  test("is all of it every ten minutes, up to so many items", () => {
    expect(decideDue([read(4, 20_000)], RULES)).toEqual(waits(6));
    expect(decideDue([read(10, 20_000)], RULES)).toEqual(runs("", "full"));
  });

  test("is what changed every ten minutes above that, and all of it daily", () => {
    const large = read(300, 20_001, { lastApplied: { ageMs: 9 * MINUTE, hasMark: true } });
    expect(decideDue([large], RULES)).toEqual(waits(1));
    expect(decideDue([{ ...large, lastApplied: { ageMs: 10 * MINUTE, hasMark: true } }], RULES)).toEqual(
      runs("", "delta"),
    );
    const late = read(1_441, 20_001, { lastApplied: { ageMs: 25 * MINUTE, hasMark: true } });
    expect(decideDue([late], RULES)).toEqual(runs("", "full"));
  });

  test("is all of it where nothing says from where a delta would read", () => {
    const unmarked = read(10, 30_000, { lastApplied: { ageMs: 10 * MINUTE, hasMark: false } });
    expect(decideDue([unmarked], RULES)).toEqual(runs("", "full"));
    const asked = { ...unmarked, asked: { id: 9, kind: "delta" as const } };
    expect(decideDue([asked], RULES)).toEqual(runs("", "full", 9));
  });

  test("is each part in its own time, the one that has waited longest first", () => {
    const rules = { ...RULES, partitions: { a: { everyMs: 5 * MINUTE }, b: { everyMs: 60 * MINUTE } } };
    expect(partsOf(rules)).toEqual(["a", "b"]);
    const a = { ...read(3, 100), part: "a" };
    const b = { ...read(70, 100), part: "b" };
    expect(decideDue([a, b], rules)).toEqual(runs("b", "full"));
    expect(decideDue([a, { ...b, isHeld: true }], rules)).toEqual(waits(2));
    expect(decideDue([{ ...NEW, part: "a" }, b], rules)).toEqual(runs("a", "full"));
  });

  test("is nothing while a reading is held, not even what a person asks for", () => {
    const held = read(70, 100, { isHeld: true, asked: { id: 9, kind: "full" } });
    expect(decideDue([held], RULES)).toEqual({ kind: "wait", ms: Number.POSITIVE_INFINITY });
  });

  test("is at once what was released, and what a person asks for before all else", () => {
    expect(decideDue([read(1, 100, { released: "full" })], RULES)).toEqual(runs("", "full"));
    const asked = read(1, 30_000, { asked: { id: 9, kind: "delta" } });
    expect(decideDue([asked], RULES)).toEqual(runs("", "delta", 9));
    expect(decideDue([read(1, 100, { asked: { id: 9, kind: "delta" } })], RULES)).toEqual(
      runs("", "full", 9),
    );
  });

  test("comes a minute after one that failed, and in its own time after one that was rejected", () => {
    const failed = read(30, 100, { lastMiss: { ageMs: MINUTE / 2, state: "failed" } });
    expect(decideDue([failed], RULES)).toEqual(waits(0.5));
    const rejected = read(30, 100, { lastMiss: { ageMs: MINUTE, state: "rejected" } });
    expect(decideDue([rejected], RULES)).toEqual(waits(9));
    const first = { ...NEW, lastMiss: { ageMs: 2 * MINUTE, state: "failed" as const } };
    expect(decideDue([first], RULES)).toEqual(runs("", "full"));
  });
});

describe("what is on record of a part", () => {
  const row = (id: number, state: SnapshotRow["state"], change: Partial<SnapshotRow> = {}): SnapshotRow => ({
    id,
    kind: "full",
    part: "",
    state,
    mark: null,
    items: 10,
    unknown: 0,
    absent: 0,
    changed: 0,
    waiting: 0,
    catalogue: 0,
    moves: 0,
    reason: null,
    detail: null,
    startedAt: "",
    finishedAt: null,
    ageMs: 1_000 - id,
    ...change,
  });

  test("is held until a person has judged the last reading that was judged", () => {
    expect(decideHistory("", [row(1, "applied"), row(2, "held"), row(3, "failed")]).history.isHeld).toBe(
      true,
    );
    expect(decideHistory("", [row(1, "held"), row(2, "applied")]).history.isHeld).toBe(false);
    expect(decideHistory("", [row(2, "rejected"), row(1, "held")]).history.isHeld).toBe(false);
    expect(decideHistory("a", [row(1, "held")]).history.isHeld).toBe(false);
  });

  test("keeps the release through failures, and until something was applied", () => {
    const released = row(2, "released", { kind: "delta" });
    const open = decideHistory("", [row(1, "applied"), released, row(3, "failed")]);
    expect(open.history.released).toBe("delta");
    expect(open.past.released).toBe(released);
    expect(decideHistory("", [released, row(3, "applied")]).past.released).toBeUndefined();
  });

  test("tells a miss only where nothing was applied since, and what nobody is making any more", () => {
    expect(decideHistory("", [row(1, "failed"), row(2, "applied")]).history.lastMiss).toBeUndefined();
    expect(decideHistory("", [row(1, "applied"), row(2, "rejected")]).history.lastMiss).toEqual({
      ageMs: 998,
      state: "rejected",
    });
    expect(decideHistory("", [row(1, "running")]).running.map(({ id }) => id)).toEqual([1]);
  });

  test("begins a delta at the last applied reading of any kind, and compares with the last full one", () => {
    const full = row(1, "applied", { mark: "a" });
    const delta = row(2, "applied", { kind: "delta", mark: "b" });
    expect(decideHistory("", [full, delta]).past).toMatchObject({ lastApplied: delta, lastFull: full });
    expect(decideHistory("", [full, delta]).history.lastApplied).toEqual({ ageMs: 998, hasMark: true });
  });
});
