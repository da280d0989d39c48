import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decideAfterMiss,
  decideResumeOperation,
  type LastOperation,
} from "../../../sidecar/orders/decide-resume-operation.ts";

const operation = (change: Partial<LastOperation>): LastOperation => ({
  kind: "create",
  state: "open",
  ambiguous: false,
  ageMs: 0,
  ...change,
});

const anyOperation = fc.record({
  kind: fc.constantFrom("create" as const, "amend" as const, "set_status" as const),
  state: fc.constantFrom("open" as const, "refused" as const, "acknowledged" as const),
  ambiguous: fc.boolean(),
  ageMs: fc.nat(),
});

describe("an operation that is found", () => {
  test("is never sent as a create again without a look-up while it may stand in the ERP", () => {
    fc.assert(
      fc.property(anyOperation, (last) => {
        const mayStand = last.state === "open" || (last.state === "refused" && last.ambiguous);
        const resume = decideResumeOperation(last);
        if (last.kind === "create" && mayStand) expect(resume).toBe("look-up");
        if (last.state === "acknowledged") expect(resume).toBe("plan");
      }),
    );
  });

  test("is planned afresh when it was refused for certain", () => {
    expect(decideResumeOperation(operation({ state: "refused" }))).toBe("plan");
  });

  test("is sent again as it is when it is a command, which the shop executes once", () => {
    expect(decideResumeOperation(operation({ kind: "set_status" }))).toBe("send-again");
  });

  test("is planned afresh when it is an amendment, because a newer one overwrites it", () => {
    expect(decideResumeOperation(operation({ kind: "amend" }))).toBe("plan");
    expect(decideResumeOperation(operation({ kind: "amend", state: "refused", ambiguous: true }))).toBe(
      "plan",
    );
  });
});

describe("after a look-up that found nothing", () => {
  test("an ERP that enforces the key gets at once what the shop says now", () => {
    expect(decideAfterMiss(operation({ ageMs: 0 }), true, 60_000)).toBe("plan");
  });

  test("an ERP that enforces no key gets nothing before the first request can no longer be under way", () => {
    fc.assert(
      fc.property(fc.nat({ max: 200_000 }), (ageMs) => {
        const after = decideAfterMiss(operation({ ageMs }), false, 60_000);
        expect(after).toBe(ageMs < 60_000 ? "wait" : "plan");
      }),
    );
  });
});
