// How fast a backlog drains into an ERP that answers in 250 ms and takes 8 calls at once.
//
// 2,000 orders of 9 customers whom the ERP knows are placed while the sidecar is stopped, so each is one call. Then the
// sidecar starts and drains. Measured at the emulator, a process of its own: from the arrival of the first call to the
// end of the last, so the first wave and the last are in it; its start, reading its configuration and taking the lock
// are not. The most that 8 calls of 250 ms each allow is 32 calls a second. In flight is counted by the emulator at
// every arrival.
//
// Floor: 8 loops in this process that ask the same emulator for orders through the same adapter, with no database, no
// limiter and no record of anything; once before the drain and once after it.

import type { ExternalId } from "../../sidecar/domain/ids.ts";
import { open, settings } from "../../sidecar/erp/netsuite/adapter.ts";
import { createHttp } from "../../sidecar/platform/http.ts";
import { systemClock } from "../../sidecar/platform/system-clock.ts";
import { startMariadb } from "../support/mariadb.ts";
import type { EmulatorCall } from "../support/netsuite-emulator.ts";
import { spawnNetSuiteEmulator } from "../support/netsuite-emulator-process.ts";
import { until } from "../support/until.ts";
import { atLeast, atMost, type BenchResult, peer, told } from "./support/result.ts";
import { Stage } from "./support/stage.ts";
import { percentile } from "./support/statistics.ts";

const ORDERS = 2_000;
const CUSTOMERS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const SHOP_PROCESSES = 6;
const ERP_MS = 250;
const LIMIT = 8;
const CEILING_PER_SECOND = LIMIT / (ERP_MS / 1_000);
const TARGET_SHARE = 0.97;
const FLOOR_CALLS = 480;

export async function benchThroughput(): Promise<BenchResult> {
  await using server = await startMariadb();
  await using emulator = await spawnNetSuiteEmulator();
  await using stage = await Stage.open(server, emulator, { erp: { limit: LIMIT } });
  const warm = await stage.start(CUSTOMERS);
  await stage.untilIdle({ quietMs: 0, settled: true });
  await warm.stop();
  await placeBacklog(stage);
  await emulator.addFault({ kind: "slow", delayMs: ERP_MS, match: { path: "/salesOrder" } });
  const floors = [await floorRate(stage)];
  const { calls, maxInFlight } = await drain(stage);
  floors.push(await floorRate(stage));
  const duplicates = await emulator.duplicates();
  const perSecond = rateOf(calls);
  return {
    name: "throughput",
    figures: [
      atLeast("calls a second over the drain", perSecond, "calls/s", CEILING_PER_SECOND * TARGET_SHARE),
      told("of what 8 calls of 250 ms allow", (100 * perSecond) / CEILING_PER_SECOND, "%"),
      atMost("calls in flight at most", maxInFlight, "calls", LIMIT),
      told("orders drained", ORDERS, "orders"),
      told("calls an order", calls.length / ORDERS, "calls"),
      atMost("orders that stand twice in the ERP", duplicates.length, "orders", 0),
      told("a call at the emulator, p50", percentile(calls.map(lengthMs), 0.5), "ms"),
    ],
    peers: floors.map((rate, n) =>
      peer(`8 loops without a database, ${n === 0 ? "before" : "after"} the drain`, "calls/s", rate),
    ),
  };
}

/** As checkouts write them, with the module's rows; only the disk is told not to sync for that time. */
async function placeBacklog(stage: Stage): Promise<void> {
  const sync = (binlog: number, log: number) =>
    stage.world.pool.query(
      `SET GLOBAL sync_binlog = ${binlog}; SET GLOBAL innodb_flush_log_at_trx_commit = ${log}`,
    );
  await sync(0, 0);
  let next = 0;
  const shop = async (process: number): Promise<void> => {
    while (next < ORDERS) {
      next += 1;
      await stage.world.shop(process).placeOrder({
        customerId: CUSTOMERS[next % CUSTOMERS.length] ?? 1,
        // Each process sells products of its own: the rush for one product is no subject here.
        lines: [{ productId: process + SHOP_PROCESSES * (next % 3), quantity: 1 }],
      });
    }
  };
  await Promise.all(Array.from({ length: SHOP_PROCESSES }, (_, n) => shop(n + 1)));
  await sync(1, 1);
}

async function drain(
  stage: Stage,
): Promise<{ readonly calls: readonly EmulatorCall[]; readonly maxInFlight: number }> {
  const { emulator } = stage;
  await emulator.resetLog();
  const all = await stage.orders();
  const sidecar = await stage.installation.start();
  await until(async () => (await stage.exportedOrders()) === all, {
    what: "the drained backlog",
    timeoutMs: (3 * 1_000 * ORDERS) / CEILING_PER_SECOND,
    everyMs: 500,
  });
  const { maxInFlight } = await emulator.state();
  const calls = await emulator.calls();
  await sidecar.stop();
  return { calls, maxInFlight };
}

/** Calls a second of eight loops that do nothing else. */
async function floorRate(stage: Stage): Promise<number> {
  const { emulator } = stage;
  const http = createHttp({ connections: LIMIT + 1 });
  const port = open(settings.parse(emulator.emulatorSettings), { http: http.send, clock: systemClock });
  const ask = (n: number) =>
    port.findOrder(stage.externalId(1 + (n % CUSTOMERS.length)) as ExternalId, {
      signal: new AbortController().signal,
      priority: 0,
      note: () => undefined,
    });
  // The login and the sockets stand before the first call that counts.
  await Promise.all(Array.from({ length: LIMIT }, (_, n) => ask(n)));
  await emulator.resetLog();
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < FLOOR_CALLS) {
      next += 1;
      await ask(next);
    }
  };
  await Promise.all(Array.from({ length: LIMIT }, loop));
  const rate = rateOf(await emulator.calls());
  await port.close();
  await http.close();
  return rate;
}

function rateOf(calls: readonly EmulatorCall[]): number {
  const first = Math.min(...calls.map(({ startedAtMs }) => startedAtMs));
  const last = Math.max(...calls.map(({ endedAtMs }) => endedAtMs));
  return calls.length / ((last - first) / 1_000);
}

function lengthMs(call: EmulatorCall): number {
  return call.endedAtMs - call.startedAtMs;
}
