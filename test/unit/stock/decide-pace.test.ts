import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decidePace,
  FIRST_PACE,
  type Pace,
  type PaceReading,
} from "../../../sidecar/stock/writer/decide-pace.ts";

const BUSY_THREADS = 8;
const calm: PaceReading = { othersRunning: 1, batchMs: 10 };
const busy: PaceReading = { othersRunning: 9, batchMs: 10 };

function after(readings: readonly PaceReading[], from: Pace = FIRST_PACE): Pace {
  return readings.reduce((pace, reading) => decidePace(pace, reading, BUSY_THREADS), from);
}

const times = (count: number, reading: PaceReading): readonly PaceReading[] =>
  Array.from({ length: count }, () => reading);

const readings = fc.array(
  fc.record({
    othersRunning: fc.integer({ min: 0, max: 500 }),
    batchMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: null }),
  }),
  { maxLength: 60 },
);

describe("the pace of our writes", () => {
  test("is full while the shop is calm, from the first batch on", () => {
    expect(after([{ othersRunning: 7, batchMs: null }, ...times(20, calm)]).restMs).toBe(0);
  });

  test("slows down with each look at a busy server, up to a rest that is never exceeded", () => {
    const rests = [1, 2, 3, 4, 30].map((looks) => after(times(looks, busy)).restMs);
    expect(rests).toEqual([...rests].sort((a, b) => a - b));
    expect(new Set(rests.slice(0, 4)).size).toBe(4);
    expect(rests.at(-1)).toBe(2_000);
  });

  test("starts with a longer rest where more is running", () => {
    expect(after([{ othersRunning: 32, batchMs: null }]).restMs).toBeGreaterThan(after([busy]).restMs);
  });

  test("slows down by our own time where the threads tell nothing", () => {
    const usual = after(times(10, calm));
    expect(decidePace(usual, { othersRunning: 0, batchMs: 49 }, BUSY_THREADS).restMs).toBe(0);
    expect(decidePace(usual, { othersRunning: 0, batchMs: 200 }, BUSY_THREADS).restMs).toBeGreaterThan(0);
  });

  test("is full again within a few looks after the rush", () => {
    expect(after(times(6, calm), after(times(50, busy))).restMs).toBe(0);
  });

  test("gets used to a server that has become slower for good", () => {
    const slower = { othersRunning: 0, batchMs: 300 };
    expect(after(times(200, slower), after(times(10, calm))).restMs).toBe(0);
  });

  test("never rests longer than two seconds, whatever comes", () => {
    fc.assert(
      fc.property(readings, (given) => {
        const { restMs } = after(given);
        expect(restMs).toBeGreaterThanOrEqual(0);
        expect(restMs).toBeLessThanOrEqual(2_000);
      }),
    );
  });

  test("always returns to full once the shop is calm", () => {
    fc.assert(
      fc.property(readings, (given) => {
        expect(after(times(400, { othersRunning: 0, batchMs: 5 }), after(given)).restMs).toBe(0);
      }),
    );
  });
});
