// When the ERP is asked: by the interval, after a failure by the back-off, never while nothing may be written.
import { expect, test } from "vitest";
import { DecodeError } from "../../../sidecar/domain/errors.ts";
import {
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
  progressMark,
} from "../../../sidecar/erp/port.ts";
import { type ProgressDeps, runProgress } from "../../../sidecar/feed/progress-loop.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { systemClock } from "../../../sidecar/platform/system-clock.ts";
import { oneServer } from "../../support/each-server.ts";
import { FeedRig } from "./feed-rig.ts";

const EVERY_MS = 60_000;

/** Runs the loop through so many sleeps, which take no time, and returns their lengths. */
async function run(
  rig: FeedRig,
  sleeps: number,
  more: Partial<ProgressDeps> = {},
  atSleep: (count: number) => void = () => undefined,
) {
  const slept: number[] = [];
  const events: LogEvent[] = [];
  const stop = new AbortController();
  const deps: ProgressDeps = {
    ...rig.deps(),
    metrics: createMetrics(),
    clock: systemClock,
    log: (level, event) => {
      if (level !== "debug") events.push(event);
    },
    everyMs: EVERY_MS,
    stopped: () => false,
    isErpAway: () => false,
    sleep: (ms) => {
      slept.push(ms);
      atSleep(slept.length);
      if (slept.length >= sleeps) stop.abort();
      return Promise.resolve();
    },
    ...more,
  };
  await runProgress(deps, stop.signal);
  return { slept, events };
}

oneServer("the loop that follows the ERP's progress", (server) => {
  test("asks for the first time after one interval, and then once an interval from where it was", async () => {
    await using rig = await FeedRig.open(server, 1);
    rig.erp.say(FeedRig.progress(1));

    const { events, slept } = await run(rig, 4);

    expect(slept).toEqual([EVERY_MS, EVERY_MS, EVERY_MS, EVERY_MS]);
    expect(rig.erp.asked.map(({ changedSince }) => changedSince)).toEqual([undefined, "1", "1"]);
    expect(events).toEqual([
      { event: "progress.applied", orders: 1, changed: 1, unknown: 0, tookMs: expect.any(Number) as number },
    ]);
  });

  test("asks for a page that failed again, and for the pages before it no more", async () => {
    await using rig = await FeedRig.open(server, 7);
    for (let order = 1; order <= 7; order += 1) rig.erp.say(FeedRig.progress(order));
    rig.erp.beforePage = (page) => {
      if (page === 2) throw new ErpUnavailableError("maintenance");
      if (page === 3) throw new ErpThrottledError("too many", 1_234);
    };

    const { events, slept } = await run(rig, 4);

    expect(slept).toEqual([EVERY_MS, 5_000, 1_234, EVERY_MS]);
    expect(rig.erp.asked.map(({ after }) => after)).toEqual([undefined, "3:3", "3:3", "3:3", "6:6"]);
    expect(events).toMatchObject([
      { event: "progress.failed", code: "E_ERP_UNAVAILABLE", retryMs: 5_000 },
      { event: "progress.failed", code: "E_ERP_THROTTLED", retryMs: 1_234 },
      { event: "progress.applied", orders: 7, changed: 7 },
    ]);
    expect(await rig.mark()).toBe(rig.erp.mark);
  });

  test("says once that the ERP refuses the question, and then asks it once an hour in silence", async () => {
    await using rig = await FeedRig.open(server, 1);
    rig.erp.beforePage = () => {
      throw new ErpRejectedError("the progress of orders is not carried");
    };

    const { events, slept } = await run(rig, 4);

    expect(slept).toEqual([EVERY_MS, 3_600_000, 3_600_000, 3_600_000]);
    expect(events).toEqual([{ event: "progress.refused", code: "E_ERP_REJECTED" }]);
  });

  test("begins anew where pages go in a circle, and keeps its mark", async () => {
    await using rig = await FeedRig.open(server, 1);
    let pages = 0;
    const circle = {
      name: "rig",
      readProgress: () => {
        pages += 1;
        return Promise.resolve({ orders: [], next: "again", mark: progressMark("9") });
      },
    };

    const { events } = await run(rig, 2, { erp: circle });

    expect(pages).toBe(2);
    expect(events).toEqual([{ event: "progress.failed", code: new DecodeError("").code, retryMs: 5_000 }]);
    expect(await rig.mark()).toBeUndefined();
  });

  test("asks nothing while writing is stopped or the ERP is away, and begins anew when writing goes on", async () => {
    await using rig = await FeedRig.open(server, 7);
    for (let order = 1; order <= 7; order += 1) rig.erp.say(FeedRig.progress(order));
    let stopped = false;
    rig.erp.beforePage = (page) => {
      stopped = page === 2;
    };

    const { slept } = await run(rig, 4, { stopped: () => stopped }, (count) => {
      if (count === 3) stopped = false;
    });

    expect(slept).toEqual([EVERY_MS, 5_000, 5_000, EVERY_MS]);
    expect(rig.erp.asked.map(({ after }) => after)).toEqual([undefined, "3:3", undefined, "3:3", "6:6"]);
    expect(await rig.mark()).toBe(rig.erp.mark);

    const asked = rig.erp.asked.length;
    const away = await run(rig, 3, { isErpAway: () => true });
    expect(away.slept).toEqual([EVERY_MS, 5_000, 5_000]);
    expect(rig.erp.asked).toHaveLength(asked);
  });
});
