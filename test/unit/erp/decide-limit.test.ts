import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decideClimb,
  decideThrottled,
  fullLimit,
  type LimitRule,
  type LimitState,
} from "../../../sidecar/erp/decide-limit.ts";

const RULE: LimitRule = { limitMax: 8, climbEveryMs: 10_000 };

test("a 429 halves the limit, and one after another brings it down to a single call", () => {
  const limits: number[] = [];
  let state = fullLimit(RULE, 0);
  for (let nowMs = 1; nowMs <= 5; nowMs += 1) {
    state = decideThrottled(state, nowMs, nowMs);
    limits.push(state.limit);
  }
  expect(limits).toEqual([4, 2, 1, 1, 1]);
});

test("eight calls that were under way together and all got a 429 halve the limit once", () => {
  let state = fullLimit(RULE, 0);
  for (let call = 0; call < 8; call += 1) state = decideThrottled(state, 100, 300 + call);
  expect(state.limit).toBe(4);
});

test("the limit climbs by one for each interval without a 429, counted from the last one", () => {
  const lowered = decideThrottled(decideThrottled(fullLimit(RULE, 0), 1, 1_000), 500, 2_000);
  expect(decideClimb(lowered, RULE, 11_999).limit).toBe(4);
  expect(decideClimb(lowered, RULE, 12_000).limit).toBe(5);
  expect(decideClimb(lowered, RULE, 1_000_000).limit).toBe(8);
});

const step = fc.oneof(
  fc.record({ kind: fc.constant("throttled" as const), afterMs: fc.nat(30_000), callTookMs: fc.nat(60_000) }),
  fc.record({ kind: fc.constant("look" as const), afterMs: fc.nat(30_000) }),
);

test("whatever happens, the limit stays between one and the configured limit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step), (limitMax, steps) => {
      const rule = { ...RULE, limitMax };
      let nowMs = 0;
      let state: LimitState = fullLimit(rule, nowMs);
      for (const one of steps) {
        nowMs += one.afterMs;
        const before = state.limit;
        if (one.kind === "throttled") {
          state = decideThrottled(state, nowMs - one.callTookMs, nowMs);
          expect(state.limit).toBeLessThanOrEqual(before);
        } else {
          state = decideClimb(state, rule, nowMs);
          expect(state.limit).toBeGreaterThanOrEqual(before);
        }
        expect(state.limit).toBeGreaterThanOrEqual(1);
        expect(state.limit).toBeLessThanOrEqual(limitMax);
      }
    }),
  );
});

test("looking often climbs no faster than looking once", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000), { maxLength: 40 }), (pausesMs) => {
      const lowered = decideThrottled(fullLimit({ ...RULE, limitMax: 40 }, 0), 0, 0);
      const rule = { ...RULE, limitMax: 40 };
      let nowMs = 0;
      let often = lowered;
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs;
        often = decideClimb(often, rule, nowMs);
      }
      expect(often.limit).toBe(decideClimb(lowered, rule, nowMs).limit);
    }),
  );
});
