import { describe, expect, test } from "vitest";
import { DecodeError, messageOf } from "../../../sidecar/domain/errors.ts";
import type { Subject } from "../../../sidecar/domain/ids.ts";
import {
  ErpAmbiguousError,
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
} from "../../../sidecar/erp/port.ts";
import { asWorkError, settleFailure, settleOutcome } from "../../../sidecar/queue/decide-settlement.ts";
import type { Claim } from "../../../sidecar/queue/statements.ts";

const CLAIM: Claim = {
  subject: "order:1" as Subject,
  token: "t",
  attempts: 2,
  planHash: "a",
  requested: false,
  released: false,
  heldMs: 0,
  alarmed: false,
  traceparent: null,
  eventAgeMs: undefined,
  claimedAtMs: 0,
};

const fail = (error: Parameters<typeof settleFailure>[1]["error"], planHash: string | null = "a") =>
  settleFailure(CLAIM, { error, planHash, waitsFor: null });

describe("a failed claim", () => {
  test("spends an attempt and backs off when the call failed", () => {
    expect(fail(new ErpAmbiguousError("lost"))).toMatchObject({
      state: "retrying",
      attempts: 3,
      delayMs: 120_000,
    });
  });

  test("starts its attempts afresh when the plan has changed since they were spent", () => {
    expect(fail(new ErpAmbiguousError("lost"), "b")).toMatchObject({
      attempts: 1,
      delayMs: 5_000,
      planHash: "b",
    });
  });

  test("is dead after the fifth failure of the same plan", () => {
    const claim = { ...CLAIM, attempts: 4 };
    const settled = settleFailure(claim, {
      error: new ErpAmbiguousError("x"),
      planHash: "a",
      waitsFor: null,
    });
    expect(settled).toMatchObject({ state: "dead", attempts: 5 });
  });

  test("spends nothing while the ERP as a whole is away", () => {
    expect(fail(new ErpUnavailableError("down"))).toMatchObject({ state: "ready", attempts: 2, delayMs: 0 });
  });

  test("spends nothing on a 429 and comes back when the ERP asked it to", () => {
    expect(fail(new ErpThrottledError("slow", 1_500))).toMatchObject({
      state: "retrying",
      attempts: 2,
      delayMs: 1_500,
    });
  });

  test("is parked at once with the reason when the record itself is refused", () => {
    const parked = fail(new ErpRejectedError("item 7 is inactive"));
    expect(parked).toMatchObject({ state: "parked", code: "E_ERP_REJECTED", reason: "item 7 is inactive" });
    expect(fail(new DecodeError("no address"))).toMatchObject({ state: "parked", code: "E_DECODE" });
  });
});

describe("what is thrown", () => {
  test("spends an attempt as a bug when nobody raised it on purpose", () => {
    const error = asWorkError(new TypeError("x is undefined"), () => false);
    expect(error).toMatchObject({ code: "E_BUG", advice: { kind: "retry", suspect: "other" } });
    expect(messageOf(error.message)).toContain("x is undefined");
  });

  test("costs no attempt when the database was away", () => {
    const settled = fail(asWorkError(new Error("gone"), () => true));
    expect(settled).toMatchObject({ state: "retrying", attempts: 2, code: "E_DATABASE_AWAY" });
  });
});

describe("a finished claim", () => {
  test("forgets its failures when shop and ERP agree", () => {
    const settled = settleOutcome(CLAIM, { kind: "done", settled: false });
    expect(settled).toMatchObject({ state: "done", attempts: 0, planHash: null, code: null });
  });

  test("keeps its failures while it is held, because nothing was tried", () => {
    const settled = settleOutcome(CLAIM, { kind: "held", code: "order-torn", waitsFor: null });
    expect(settled).toMatchObject({ state: "held", attempts: 2, delayMs: 5_000, code: "order-torn" });
  });
});
