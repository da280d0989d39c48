/** The limit over several processes: three limiters with connections of their own on one real Redis. */
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Sleep } from "../../../sidecar/domain/clock.ts";
import { type LimitedErpPort, limitErp } from "../../../sidecar/erp/limiter.ts";
import { ErpUnavailableError } from "../../../sidecar/erp/port.ts";
import { type FakePort, fakePort, namedCall } from "../../unit/erp/fake-port.ts";
import { type RedisProcess, redisIsMissing, redisProcess } from "./redis-process.ts";

const sleep: Sleep = (ms, signal) =>
  wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const LIMIT = 8;
const missing = redisIsMissing();

describe.skipIf(missing !== undefined)(
  `three limiters on one Redis${missing === undefined ? "" : `: ${missing}`}`,
  () => {
    let redis: RedisProcess;
    let fake: FakePort;
    let limiters: LimitedErpPort[] = [];

    const openLimiter = (limit = LIMIT): LimitedErpPort =>
      limitErp(fake.port, {
        limit,
        callTimeoutMs: 1_000,
        abortSlackMs: 500,
        patienceMs: 2_000,
        clock,
        sleep,
        redis: { url: redis.url, name: "test" },
      });

    beforeEach(async () => {
      redis = await redisProcess();
      await redis.start();
      fake = fakePort();
      limiters = [openLimiter(), openLimiter(), openLimiter()];
      await Promise.all(limiters.map((limiter) => limiter.ready()));
    });
    afterEach(async () => {
      fake.flow();
      await Promise.all(limiters.map((limiter) => limiter.close()));
      await redis.kill();
    });

    const callAll = (callsEach: number): Promise<unknown>[] =>
      limiters.flatMap((limiter, index) =>
        Array.from({ length: callsEach }, () => limiter.probe(namedCall(String(index)))),
      );
    const all = (ends: Promise<unknown>[]): Promise<unknown> => Promise.all(ends);

    test("never more than eight calls are in flight over all of them, and every call ends", async () => {
      const ends = callAll(40);
      await expect.poll(fake.inFlight).toBe(LIMIT);
      fake.flow();
      await all(ends);
      expect(fake.maxInFlight()).toBe(LIMIT);
      expect(fake.begun).toHaveLength(120);
      expect(new Set(fake.begun)).toEqual(new Set(["0", "1", "2"]));
    });

    test("a flushed Redis heals by itself and lets no call through above the limit meanwhile", async () => {
      const ends = callAll(10);
      await expect.poll(fake.inFlight).toBe(LIMIT);
      redis.command("FLUSHALL");
      for (let ended = 0; ended < LIMIT; ended += 1) fake.endOne();
      await expect.poll(() => limiters.map((limiter) => limiter.stats().shared)).toContain("cooling");
      expect(fake.maxInFlight()).toBe(LIMIT);
      await expect.poll(fake.inFlight, { timeout: 20_000 }).toBe(LIMIT);
      fake.flow();
      await all(ends);
      expect(fake.maxInFlight()).toBe(LIMIT);
      expect(fake.begun).toHaveLength(30);
    });

    test("calls that are under way while Redis is flushed still count against the limit", async () => {
      const ends = callAll(10);
      await expect.poll(fake.inFlight).toBe(LIMIT);
      redis.command("FLUSHALL");
      const late = callAll(5);
      // A third process notices at once; none may start a call while the eight of before are open.
      await expect.poll(() => limiters.map((limiter) => limiter.stats().shared)).toContain("cooling");
      expect(fake.inFlight()).toBe(LIMIT);
      expect(fake.begun).toHaveLength(LIMIT);
      fake.flow();
      await all([...ends, ...late]);
      expect(fake.maxInFlight()).toBe(LIMIT);
    });

    test("a killed and restarted Redis heals by itself, and no call is lost", async () => {
      const ends = callAll(10);
      await expect.poll(fake.inFlight).toBe(LIMIT);
      await redis.kill();
      for (let ended = 0; ended < LIMIT; ended += 1) fake.endOne();
      await expect.poll(fake.inFlight).toBe(0);
      await redis.start();
      fake.flow();
      await all(ends);
      expect(fake.begun).toHaveLength(30);
      expect(fake.maxInFlight()).toBe(LIMIT);
    });

    test("a call that waits for a Redis that is away is given back, and nothing starts meanwhile", async () => {
      await redis.kill();
      const ends = await Promise.allSettled(limiters.map((limiter) => limiter.probe(namedCall("waits"))));
      for (const end of ends) {
        expect(end.status === "rejected" && end.reason).toBeInstanceOf(ErpUnavailableError);
      }
      expect(fake.begun).toEqual([]);
    });

    test("the slots of a process that died are free again after their life", async () => {
      const [victim, survivor] = limiters as [LimitedErpPort, LimitedErpPort];
      const lost = Array.from({ length: LIMIT }, () =>
        victim.probe(namedCall("lost")).catch(() => undefined),
      );
      await expect.poll(fake.inFlight).toBe(LIMIT);
      // Nothing of the victim's is freed: its connection is gone as after a kill.
      await victim.close();
      const next = survivor.probe(namedCall("next"));
      await expect.poll(() => fake.begun.includes("next"), { timeout: 20_000 }).toBe(true);
      fake.flow();
      await all([...lost, next]);
    });

    test("a limit that was changed in the configuration counts from the next start", async () => {
      await Promise.all(limiters.map((limiter) => limiter.close()));
      limiters = [openLimiter(2), openLimiter(2)];
      await Promise.all(limiters.map((limiter) => limiter.ready()));
      const ends = callAll(10);
      await expect.poll(fake.inFlight).toBe(2);
      fake.flow();
      await all(ends);
      expect(fake.maxInFlight()).toBe(2);
    });
  },
);
