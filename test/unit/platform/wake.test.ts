import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import type { Sleep } from "../../../sidecar/domain/clock.ts";
import { Wake } from "../../../sidecar/platform/wake.ts";

/** Sleeps until it is aborted, and never on its own. */
const untilAborted: Sleep = (_ms, signal) =>
  new Promise((done) => {
    signal?.addEventListener("abort", () => {
      done();
    });
  });

test("a ring ends the wait that is under way", async () => {
  const wake = new Wake(untilAborted);
  const waiting = wake.wait(60_000, new AbortController().signal);
  wake.ring();
  await expect(waiting).resolves.toBe(true);
});

test("a ring that comes while the loop is busy ends its next wait", async () => {
  const wake = new Wake(untilAborted);
  wake.ring();
  await expect(wake.wait(60_000, new AbortController().signal)).resolves.toBe(true);
});

test("one ring ends one wait, and the next one sleeps again", async () => {
  const wake = new Wake(() => Promise.resolve());
  wake.ring();
  await wake.wait(60_000, new AbortController().signal);
  await expect(wake.wait(60_000, new AbortController().signal)).resolves.toBe(false);
});

test("an aborted signal ends the wait without a ring", async () => {
  const stop = new AbortController();
  const waiting = new Wake(untilAborted).wait(60_000, stop.signal);
  stop.abort();
  await expect(waiting).resolves.toBe(false);
});

test("a thousand waits leave nothing at a signal that outlives them", async () => {
  const { signal } = new AbortController();
  const any = vi.spyOn(AbortSignal, "any");
  const wake = new Wake(() => Promise.resolve());
  for (let waits = 0; waits < 1_000; waits += 1) await wake.wait(1, signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  // What `any` leaves at a signal is no listener, so the count above would not show it.
  expect(any).not.toHaveBeenCalled();
  any.mockRestore();
});

test("a sleep that fails leaves nothing at the signal either", async () => {
  const { signal } = new AbortController();
  await expect(new Wake(() => Promise.reject(new Error("no timer"))).wait(1, signal)).rejects.toThrow(
    "no timer",
  );
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
