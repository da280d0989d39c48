import { expect, test } from "vitest";
import { type Condition, decideReady } from "../../../sidecar/ops/decide-ready.ts";

const WELL: Condition = {
  ...{ databaseReachable: true, stop: undefined, breaker: { state: "closed", reason: "" } },
  ...{ captureMode: "binlog", outboxOldestMs: 60_000, ledgerOldestMs: 60_000 },
};

test("a process that does its work is ready, also while events and facts wait for up to a minute", () => {
  expect(decideReady(WELL)).toEqual({ ready: true, reasons: [] });
});

test("facts that wait for longer than a minute say that nobody keeps the stock ledger", () => {
  expect(decideReady({ ...WELL, ledgerOldestMs: 61_400 })).toEqual({
    ready: false,
    reasons: ["the stock ledger is 61 s behind the binlog that was read"],
  });
});

test("every reason is told, not the first alone", () => {
  const { reasons } = decideReady({
    ...WELL,
    databaseReachable: false,
    breaker: { state: "open", reason: "away" },
    captureMode: "starting",
    outboxOldestMs: 61_000,
  });
  expect(reasons).toHaveLength(4);
});
