import fc from "fast-check";
import { expect, test } from "vitest";
import { orderSubject, shopOrderId } from "../../../sidecar/domain/ids.ts";
import { decideHeldDelayMs, decideRetry, type MarkWhen, urgentOf } from "../../../sidecar/domain/job.ts";

test("failures are retried after 5 s, 30 s, 2 min and 10 min, and the fifth is a dead letter", () => {
  const delays = [1, 2, 3, 4].map((attempts) => decideRetry(attempts));
  expect(delays).toEqual([5_000, 30_000, 120_000, 600_000].map((delayMs) => ({ kind: "retry", delayMs })));
  expect(decideRetry(5)).toEqual({ kind: "dead" });
});

test("no number of failures is retried sooner than a smaller number, and none after the fifth", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), (attempts) => {
      const now = decideRetry(attempts);
      const later = decideRetry(attempts + 1);
      if (now.kind === "dead") expect(later.kind).toBe("dead");
      else if (later.kind === "retry") expect(later.delayMs).toBeGreaterThan(now.delayMs);
    }),
  );
});

test("a held order is looked at every 5 s at first and every 5 min once it has been held for 5 min", () => {
  expect(decideHeldDelayMs(0)).toBe(5_000);
  expect(decideHeldDelayMs(299_999)).toBe(5_000);
  expect(decideHeldDelayMs(300_000)).toBe(300_000);
});

test("of two marks the one due now wins, a new order's wait beats a change's, and of equals the later counts", () => {
  const mark = (when: MarkWhen, traceparent: string) =>
    ({ subject: orderSubject(shopOrderId(7)), when, traceparent }) as const;
  const kept = (a: MarkWhen, b: MarkWhen) => urgentOf(mark(a, "earlier"), mark(b, "later"));
  expect(kept("soon", "whole").when).toBe("whole");
  expect(kept("whole", "soon").when).toBe("whole");
  for (const when of ["soon", "whole", "now"] as const) {
    expect(kept(when, "now").when).toBe("now");
    expect(kept("now", when).when).toBe("now");
    expect(kept(when, when).traceparent).toBe("later");
    expect(urgentOf(undefined, mark(when, "only")).when).toBe(when);
  }
});
