import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Sleep } from "../../../sidecar/domain/clock.ts";
import type { ExternalId } from "../../../sidecar/domain/ids.ts";
import { type LimitedErpPort, limitErp } from "../../../sidecar/erp/limiter.ts";
import { ErpThrottledError, ErpUnavailableError } from "../../../sidecar/erp/port.ts";
import { type FakePort, fakePort, namedCall } from "./fake-port.ts";

const sleep: Sleep = (ms, signal) =>
  wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);

function limited(limit: number): { fake: FakePort; erp: LimitedErpPort; advance: (ms: number) => void } {
  const fake = fakePort();
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const erp = limitErp(fake.port, { limit, callTimeoutMs: 1_000, clock, sleep, climbEveryMs: 1_000 });
  return {
    fake,
    erp,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

test("never more calls than the limit are in flight, and all of them end", async () => {
  const { fake, erp } = limited(3);
  const ends = Array.from({ length: 40 }, (_, index) => erp.probe(namedCall(String(index))));
  await expect.poll(fake.inFlight).toBe(3);
  expect(erp.stats()).toMatchObject({ inFlight: 3, queued: 37, limit: 3, shared: "local" });
  fake.flow();
  await Promise.all(ends);
  expect(fake.maxInFlight()).toBe(3);
  expect(fake.begun).toHaveLength(40);
  expect(erp.stats()).toMatchObject({ inFlight: 0, queued: 0 });
});

test("the more urgent call goes first, and equals keep their order", async () => {
  const { fake, erp } = limited(1);
  const ends = [erp.probe(namedCall("first"))];
  await expect.poll(fake.inFlight).toBe(1);
  for (let index = 0; index < 6; index += 1) ends.push(erp.probe(namedCall(`feed ${String(index)}`, 6)));
  ends.push(erp.probe(namedCall("order", 3)), erp.probe(namedCall("probe", 0)));
  while (fake.begun.length < ends.length) {
    const begun = fake.begun.length;
    fake.endOne();
    await expect.poll(() => fake.begun.length, { interval: 5 }).toBeGreaterThan(begun);
  }
  fake.endOne();
  await Promise.all(ends);
  const feeds = Array.from({ length: 6 }, (_, index) => `feed ${String(index)}`);
  expect(fake.begun).toEqual(["first", "probe", "order", ...feeds]);
});

test("a reading of stock waits like any other call, and orders go before it", async () => {
  const { fake, erp } = limited(1);
  const ends: Promise<unknown>[] = [erp.probe(namedCall("first"))];
  await expect.poll(fake.inFlight).toBe(1);
  ends.push(erp.readStock({ changedSince: undefined, after: undefined }, namedCall("stock", 6)));
  ends.push(erp.findOrder("PS-1" as ExternalId, namedCall("order", 3)));
  expect(erp.stats()).toMatchObject({ inFlight: 1, queued: 2 });
  expect(erp.capabilities).toBe(fake.port.capabilities);
  fake.flow();
  await Promise.all(ends);
  expect(fake.begun).toEqual(["first", "order", "stock"]);
});

test("a call that its caller aborts while it waits ends at once and never reaches the ERP", async () => {
  const { fake, erp } = limited(1);
  const first = erp.probe(namedCall("first"));
  await expect.poll(fake.inFlight).toBe(1);
  const abort = new AbortController();
  const ends = Array.from({ length: 10 }, (_, index) =>
    erp.probe(namedCall(`aborted ${String(index)}`, 3, abort.signal)).catch((thrown: unknown) => thrown),
  );
  abort.abort();
  for (const end of await Promise.all(ends)) expect(end).toBeInstanceOf(ErpUnavailableError);
  fake.endOne();
  await first;
  const last = erp.probe(namedCall("last"));
  fake.flow();
  await last;
  expect(fake.begun).toEqual(["first", "last"]);
});

test("a 429 halves the limit at once, and it climbs back with time", async () => {
  const { fake, erp, advance } = limited(4);
  advance(1);
  const ends = Array.from({ length: 20 }, () =>
    erp.probe(namedCall("call")).catch((thrown: unknown) => thrown),
  );
  await expect.poll(fake.inFlight).toBe(4);
  fake.endOne(new ErpThrottledError("too many", 1_000));
  await expect.poll(() => erp.stats().limit).toBe(2);
  fake.endOne();
  fake.endOne();
  fake.endOne();
  await expect.poll(() => fake.begun.length).toBe(6);
  expect(fake.inFlight()).toBe(2);
  advance(1_000);
  expect(erp.stats().limit).toBe(3);
  advance(5_000);
  expect(erp.stats().limit).toBe(4);
  fake.flow();
  await Promise.all(ends);
  expect(fake.maxInFlight()).toBe(4);
});

test("every function of the port passes its arguments and its result", async () => {
  const { fake, erp } = limited(2);
  fake.flow();
  await expect(erp.createOrder({} as never, [], namedCall("createOrder"))).resolves.toBe("1");
  await expect(erp.findOrder("PS-1" as never, namedCall("findOrder"))).resolves.toBeUndefined();
  await expect(
    erp.amendCustomer("1" as never, {} as never, namedCall("amendCustomer")),
  ).resolves.toBeUndefined();
  expect(fake.begun).toEqual(["createOrder", "findOrder", "amendCustomer"]);
});
