import { expect, test } from "vitest";
import { nextTimeMs } from "../../../sidecar/platform/schedule.ts";

const at = (text: string): number => Date.parse(text);

test.each([
  ["30 3 * * *", "2026-11-21T03:29:59.999Z", "2026-11-21T03:30:00Z"],
  ["30 3 * * *", "2026-11-21T03:30:00Z", "2026-11-22T03:30:00Z"],
  // Clocks are put back in much of Europe that night; by UTC there is one half past two and not two or none.
  ["30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T02:30:00Z"],
  ["*/15 * * * 1-5", "2026-11-20T23:50:00Z", "2026-11-23T00:00:00Z"],
])("the schedule '%s' comes after %s at %s, whatever the machine's time zone", (expression, after, next) => {
  expect(nextTimeMs(expression, at(after))).toBe(at(next));
});

test("a schedule that never comes has no next time", () => {
  expect(nextTimeMs("0 0 31 2 *", at("2026-11-21T00:00:00Z"))).toBeUndefined();
});
