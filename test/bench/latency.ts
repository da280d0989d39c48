// How long an order takes from the shop's commit to the ERP's wire.
//
// Measured: from the return of the COMMIT that makes the order whole (its history row, with its outbox row) in the
// shop's process, to the arrival of the head of that order's POST salesOrder at the emulator. Both are
// process.hrtime.bigint(), CLOCK_MONOTONIC on Linux, which processes of one machine share. The shop simulator (this
// process), the sidecar (built), the emulator and the database are processes of their own.
//
// Before each order the sidecar is idle: outbox empty, no job ready or under way, none due within 300 ms; orders come
// at a random moment after that. The customer is known to the ERP, so the order is one call; the second figure is for
// new customers, to their first request. Excluded: the sidecar's start, the first orders, the login (a token lives an
// hour), the ERP's own time.
//
// Floor: the same commit of the same checkout in another shop on the same server, to the return of the COMMIT of a
// claim on a job row, made at once in the binlog's callback by a process that does nothing else. Whatever is built on
// the binlog and a queue in the database takes that long. Peers: the same sidecar on a third and a fourth shop with
// capture.mode polling, every 250 ms and every second. Samples of all five alternate in rounds.

import { systemSleep } from "../../sidecar/platform/system-clock.ts";
import { startMariadb } from "../support/mariadb.ts";
import { type EmulatorProcess, spawnNetSuiteEmulator } from "../support/netsuite-emulator-process.ts";
import { SupportError } from "../support/support-error.ts";
import { until } from "../support/until.ts";
import { startFloor } from "./support/floor-process.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";
import { openBareWorld, Stage } from "./support/stage.ts";
import { percentile } from "./support/statistics.ts";

const ROUNDS = 42;
const ORDERS_EACH_ROUND = 5;
const CUSTOMERS = [1, 2, 3];
const QUIET_MS = 300;
const FLOOR_FACTOR = 4;

export async function benchLatency(): Promise<BenchResult> {
  await using server = await startMariadb();
  await using emulator = await spawnNetSuiteEmulator();
  await using tailing = await Stage.open(server, emulator);
  await using polling = await Stage.open(server, emulator, { capture: { mode: "polling", pollMs: 250 } });
  await using slowPolling = await Stage.open(server, emulator, {
    capture: { mode: "polling", pollMs: 1_000 },
  });
  await using floorWorld = await openBareWorld(server);
  const floor = await startFloor(floorWorld);
  const samples = { tail: [], fresh: [], floor: [], callback: [], poll250: [], poll1000: [] } as Record<
    "tail" | "fresh" | "floor" | "callback" | "poll250" | "poll1000",
    number[]
  >;
  try {
    for (const stage of [tailing, polling, slowPolling]) await stage.start(CUSTOMERS);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let n = 0; n < ORDERS_EACH_ROUND; n += 1) {
        samples.tail.push(await sampleKnown(tailing, round + n, 20));
        const order = await floorWorld.shop().placeOrder(basketOf(round + n));
        const { calledBackNs, claimedNs } = await floor.sampleOf(order.orderId);
        samples.callback.push(msBetween(order.wholeAt, calledBackNs));
        samples.floor.push(msBetween(order.wholeAt, claimedNs));
      }
      samples.fresh.push(await sampleNew(tailing));
      samples.poll250.push(await sampleKnown(polling, round, 250), await sampleKnown(polling, round, 250));
      samples.poll1000.push(await sampleKnown(slowPolling, round, 1_000));
    }
  } finally {
    await floor.close();
  }
  return resultOf(samples);
}

function resultOf(samples: Readonly<Record<string, readonly number[]>>): BenchResult {
  const { tail = [], fresh = [], floor = [], callback = [], poll250 = [], poll1000 = [] } = samples;
  const ratio = (p: number): number => percentile(tail, p) / percentile(floor, p);
  const peers: [string, readonly number[]][] = [
    ["floor: commit → binlog callback → claim committed", floor],
    ["of it, commit → binlog callback", callback],
    ["polling every 250 ms", poll250],
    ["polling every second", poll1000],
  ];
  return {
    name: "latency",
    figures: [
      atMost("commit → request, p50", percentile(tail, 0.5), "ms", 10),
      atMost("commit → request, p95", percentile(tail, 0.95), "ms", 30),
      told("commit → request, p99", percentile(tail, 0.99), "ms"),
      atMost("p50, as a multiple of the floor's", ratio(0.5), "×", FLOOR_FACTOR),
      atMost("p95, as a multiple of the floor's", ratio(0.95), "×", FLOOR_FACTOR),
      told("samples, known customers", tail.length, "orders"),
      told("commit → first request, new customers, p50", percentile(fresh, 0.5), "ms"),
      told("commit → first request, new customers, p95", percentile(fresh, 0.95), "ms"),
      told("samples, new customers", fresh.length, "orders"),
    ],
    peers: peers.flatMap(([name, values]) => [
      peer(name, "p50, ms", percentile(values, 0.5)),
      peer(name, "p95, ms", percentile(values, 0.95)),
      peer(name, "samples", values.length),
    ]),
  };
}

/** One order of a customer whom the ERP knows, placed at a random moment of an idle sidecar. */
async function sampleKnown(stage: Stage, n: number, phaseMs: number): Promise<number> {
  await idleAtRandom(stage, phaseMs);
  const since = (await stage.emulator.state()).calls;
  const { orderId, wholeAt } = await stage.world.shop().placeOrder(basketOf(n));
  return msBetween(wholeAt, await arrivalOf(stage, since, stage.externalId(orderId)));
}

async function sampleNew(stage: Stage): Promise<number> {
  const { customerId } = await stage.world.shop().createCustomer();
  await idleAtRandom(stage, 20);
  const since = (await stage.emulator.state()).calls;
  const { orderId, wholeAt } = await stage.world.shop().placeOrder({ ...basketOf(0), customerId });
  const orderArrivedNs = BigInt(await arrivalOf(stage, since, stage.externalId(orderId)));
  const arrivals = (await callsSince(stage.emulator, since)).map(({ arrivedNs }) => BigInt(arrivedNs));
  const first = arrivals.find((arrived) => arrived >= wholeAt);
  if (first === undefined || first >= orderArrivedNs) {
    throw new SupportError("A new customer's order came without a call for the customer.");
  }
  return msBetween(wholeAt, String(first));
}

async function idleAtRandom(stage: Stage, phaseMs: number): Promise<void> {
  await stage.untilIdle({ quietMs: QUIET_MS + phaseMs });
  await systemSleep(Math.random() * phaseMs, new AbortController().signal);
}

async function arrivalOf(stage: Stage, since: number, externalId: string): Promise<string> {
  const call = await until(
    async () =>
      (await callsSince(stage.emulator, since)).find(
        (seen) => seen.method === "POST" && seen.externalId === externalId,
      ),
    { what: `the request of ${externalId}`, timeoutMs: 30_000, everyMs: 25 },
  );
  return call.arrivedNs;
}

/** The emulator keeps every call, so a call's sequence number is also how many there were. */
async function callsSince(emulator: EmulatorProcess, since: number) {
  return await emulator.calls(since);
}

function basketOf(n: number) {
  return {
    customerId: CUSTOMERS[n % CUSTOMERS.length] ?? 1,
    lines: [
      { productId: 1 + (n % 20), quantity: 1 },
      { productId: 1 + ((n + 7) % 20), quantity: 2 },
    ],
  };
}

function msBetween(from: bigint, toNs: string): number {
  return Number(BigInt(toNs) - from) / 1e6;
}
