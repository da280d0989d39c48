import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import type { Clock, Random, Sleep } from "../domain/clock.ts";

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** The machine's chance. */
export const systemRandom: Random = { roll: () => Math.random() };

/** Sleeps; an abort ends the sleep early and is no error. */
export const systemSleep: Sleep = async (ms, signal) => {
  await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
};
