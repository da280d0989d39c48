import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Breaker,
  type BreakerEvent,
  CLOSED,
  decideBreaker,
  probeDelayMs,
} from "../../../sidecar/queue/decide-breaker.ts";

const failure = (subject: string): BreakerEvent => ({ kind: "failure", subject, reason: "500" });

function run(events: readonly BreakerEvent[]): { breaker: Breaker; refunded: string[] } {
  let breaker: Breaker = CLOSED;
  const refunded: string[] = [];
  events.forEach((event, index) => {
    const decision = decideBreaker(breaker, event, index);
    breaker = decision.breaker;
    refunded.push(...decision.refund);
  });
  return { breaker, refunded };
}

describe("the breaker", () => {
  test("opens at once when the ERP as a whole is away", () => {
    expect(run([{ kind: "outage", reason: "refused" }]).breaker.state).toBe("open");
  });

  test("opens after three different subjects failed, and gives all three their attempt back", () => {
    const { breaker, refunded } = run([failure("order:1"), failure("order:2"), failure("order:3")]);
    expect(breaker.state).toBe("open");
    expect(refunded).toEqual(["order:1", "order:2", "order:3"]);
  });

  test("gives the attempt back to a call that fails while it is open already", () => {
    expect(run([{ kind: "outage", reason: "x" }, failure("order:9")]).refunded).toEqual(["order:9"]);
  });

  test("gives the failures that came before an outage their attempt back", () => {
    expect(run([failure("order:1"), { kind: "outage", reason: "x" }]).refunded).toEqual(["order:1"]);
  });

  test("stays closed however often one order fails, and charges that order alone", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (times) => {
        const { breaker, refunded } = run(Array.from({ length: times }, () => failure("order:1")));
        expect(breaker.state).toBe("closed");
        expect(refunded).toEqual([]);
      }),
    );
  });

  test("charges three orders that open it again and again though the ERP can be read meanwhile", () => {
    const three = [failure("order:1"), failure("order:2"), failure("order:3")];
    const probed: BreakerEvent = { kind: "success" };
    const { refunded } = run([...three, probed, ...three, probed, ...three]);
    expect(refunded).toEqual(["order:1", "order:2", "order:3"]);
  });

  test("charges the orders that failed before, though a new bad order fails beside them each time", () => {
    const { refunded } = run([
      ...[failure("order:1"), failure("order:2"), failure("order:3"), { kind: "success" } as const],
      ...[failure("order:1"), failure("order:2"), failure("order:4"), { kind: "success" } as const],
      ...[failure("order:1"), failure("order:2"), failure("order:5")],
    ]);
    expect(refunded).toEqual(["order:1", "order:2", "order:3", "order:4", "order:5"]);
  });

  test("gives each order at most one attempt back while the ERP can be read, however many new bad ones come", () => {
    const event = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1, max: 50 }).map((id) => failure(`order:${id}`)) },
      { weight: 1, arbitrary: fc.constant<BreakerEvent>({ kind: "success" }) },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 400 }), (events) => {
        const { refunded } = run(events);
        expect(new Set(refunded).size).toBe(refunded.length);
      }),
    );
  });

  test("charges nobody for a new outage after a probe that failed", () => {
    const three = [failure("order:1"), failure("order:2"), failure("order:3")];
    const away: BreakerEvent = { kind: "probe-failed", reason: "500" };
    const { refunded } = run([...three, away, { kind: "success" }, ...three]);
    expect(refunded).toHaveLength(6);
  });

  test("is closed after a success, whatever happened before", () => {
    const event = fc.oneof(
      fc.integer({ min: 1, max: 5 }).map((id) => failure(`order:${id}`)),
      fc.constant<BreakerEvent>({ kind: "outage", reason: "x" }),
      fc.constant<BreakerEvent>({ kind: "probe-failed", reason: "x" }),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { breaker } = run([...events, { kind: "success" }]);
        expect(breaker).toMatchObject({ state: "closed", failed: [] });
      }),
    );
  });

  test("never opens by failures while no three different subjects fail between two successes", () => {
    const event = fc.oneof(
      fc.integer({ min: 1, max: 2 }).map((id) => failure(`order:${id}`)),
      fc.constant<BreakerEvent>({ kind: "success" }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100 }), (events) => {
        expect(run(events).breaker.state).toBe("closed");
      }),
    );
  });

  test("probes ever more rarely, but at least every 15 s", () => {
    expect([0, 1, 2, 3, 4, 1_000].map(probeDelayMs)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });
});
