import { expect, test } from "vitest";
import { decideMissedCause, ORDER_HOOKS } from "../../../sidecar/capture/decide-missed-cause.ts";

test.each([
  ["module-absent", { installed: false, active: false, hooks: [] }],
  ["module-disabled", { installed: true, active: false, hooks: ORDER_HOOKS }],
  ["hook-unregistered", { installed: true, active: true, hooks: ORDER_HOOKS.slice(1) }],
  [
    "hook-failed-or-sql",
    { installed: true, active: true, hooks: ORDER_HOOKS.map((hook) => hook.toLowerCase()) },
  ],
] as const)("the cause of a missed hook is %s", (cause, state) => {
  expect(decideMissedCause(state)).toBe(cause);
});
