// How far the stock ledger is behind the binlog, and what 1,000,000 movements cost in memory.
//
// A built sidecar with all its roles keeps the ledger of a shop with 400 products. For 30 s another connection changes
// 500 rows a second, each in a transaction of its own, as 500 sales a second would; it notes when the server answered
// the COMMIT. A third connection looks every 3 ms for new movements and notes when it sees each: the lag is from the one
// to the other, so the look's own 3 ms are in it. Then 1,000,000 further changes are written in transactions of 400 rows
// and the resident memory of the sidecar is read every 250 ms until the ledger has booked and explained them all.
//
// Peers: the time from COMMIT to the visible row of a plain INSERT on the same server, looked for in the same way; the
// memory before the 1,000,000.
import { readFileSync } from "node:fs";
import type { RowDataPacket } from "mysql2/promise";
import { systemSleep } from "../../sidecar/platform/system-clock.ts";
import { startMariadb } from "../support/mariadb.ts";
import { spawnNetSuiteEmulator } from "../support/netsuite-emulator-process.ts";
import { SupportError } from "../support/support-error.ts";
import { until } from "../support/until.ts";
import type { World } from "../support/world.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";
import { Stage } from "./support/stage.ts";
import { percentile } from "./support/statistics.ts";

const PRODUCTS = 400;
const CHANGES_PER_SECOND = 500;
const MEASURED_MS = 30_000;
const LOOK_EVERY_MS = 3;
const LAG_P95_MS = 100;
const MOVEMENTS = 1_000_000;
const RSS_MIB_MAX = 150;
const NEVER = new AbortController().signal;

export async function benchStockLedger(): Promise<BenchResult> {
  await using server = await startMariadb();
  await using emulator = await spawnNetSuiteEmulator();
  await using stage = await Stage.open(server, emulator, {
    seed: { simpleProducts: PRODUCTS, combinedProducts: 0 },
  });
  const sidecar = await stage.start([1]);
  await sidecar.logged("stock.opened");
  const floor = await floorLags(stage.world);
  const lags = await ledgerLags(stage.world);
  await untilAtRest(stage.world, 60_000);
  const before = rssMib(sidecar.pid);
  const { peakMib, seconds } = await bookMany(stage.world, sidecar.pid);
  await sidecar.stop();
  return {
    name: "stock-ledger",
    figures: [
      atMost("ledger behind the shop's COMMIT, p95", percentile(lags, 95), "ms", LAG_P95_MS),
      told("ledger behind the shop's COMMIT, p50", percentile(lags, 50), "ms"),
      told("changes measured", lags.length, "changes"),
      told("changes a second", lags.length / (MEASURED_MS / 1_000), "changes/s"),
      atMost(`resident memory over ${String(MOVEMENTS)} movements, peak`, peakMib, "MiB", RSS_MIB_MAX),
      told("until all of them were booked and explained", seconds, "s"),
    ],
    peers: [
      peer("floor: a plain INSERT, looked for in the same way", "p95 ms", percentile(floor, 95)),
      peer("the sidecar before the movements", "MiB", before),
    ],
  };
}

/** Milliseconds from each COMMIT to the look that saw its movement. */
async function ledgerLags(world: World): Promise<readonly number[]> {
  const rows = await stockRows(world);
  const movement = world.table("erpsync_stock_movement");
  return await lagsOf(world, {
    table: movement,
    change: async (connection, nth) => {
      const row = rows[nth % rows.length];
      await connection.query(
        `UPDATE ${world.table("stock_available")} SET quantity = quantity - 1 WHERE id_stock_available = ?`,
        [row],
      );
    },
  });
}

async function floorLags(world: World): Promise<readonly number[]> {
  await world.pool.query("CREATE TABLE bench_floor (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY)");
  return await lagsOf(world, {
    table: "bench_floor",
    change: async (connection) => {
      await connection.query("INSERT INTO bench_floor VALUES ()");
    },
    ms: 5_000,
  });
}

interface Lagging {
  /** Where the n-th change appears as the n-th new id. */
  readonly table: string;
  readonly change: (connection: Awaited<ReturnType<World["connection"]>>, nth: number) => Promise<void>;
  readonly ms?: number;
}

async function lagsOf(
  world: World,
  { table, change, ms = MEASURED_MS }: Lagging,
): Promise<readonly number[]> {
  const writer = await world.connection();
  const reader = await world.connection();
  const changes = (CHANGES_PER_SECOND * ms) / 1_000;
  const committedMs: number[] = [];
  const lags: number[] = [];
  const first = await lastId(reader, table);
  const startedMs = performance.now();
  const writing = (async () => {
    for (let nth = 0; nth < changes; nth += 1) {
      const dueMs = startedMs + (nth * 1_000) / CHANGES_PER_SECOND;
      const earlyMs = dueMs - performance.now();
      if (earlyMs > 1) await systemSleep(earlyMs, NEVER);
      await change(writer, nth);
      committedMs.push(performance.now());
    }
  })();
  while (lags.length < changes) {
    await systemSleep(LOOK_EVERY_MS, NEVER);
    const seen = (await lastId(reader, table)) - first;
    const nowMs = performance.now();
    // A movement may be seen before the writer got its answer: that is no lag at all.
    while (lags.length < seen) lags.push(Math.max(0, nowMs - (committedMs[lags.length] ?? nowMs)));
    if (nowMs - startedMs > ms + 60_000) {
      throw new SupportError(`Only ${String(lags.length)} of ${String(changes)} changes were booked.`);
    }
  }
  await writing;
  return lags;
}

async function lastId(connection: Awaited<ReturnType<World["connection"]>>, table: string): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT MAX(id) AS id FROM ${table}`);
  return Number(rows[0]?.["id"] ?? 0);
}

/** Writes the movements, and watches the sidecar's memory until the ledger is done with them. */
async function bookMany(
  world: World,
  pid: number,
): Promise<{ readonly peakMib: number; readonly seconds: number }> {
  const rows = await stockRows(world);
  const connection = await world.connection();
  const startedMs = performance.now();
  let peakMib = 0;
  const done = new AbortController();
  const watching = (async () => {
    while (!done.signal.aborted) {
      peakMib = Math.max(peakMib, rssMib(pid));
      await systemSleep(250, done.signal);
    }
  })();
  for (let written = 0; written < MOVEMENTS; written += rows.length) {
    await connection.query(`UPDATE ${world.table("stock_available")} SET quantity = quantity + 1`);
  }
  await untilAtRest(world, 1_200_000);
  done.abort();
  await watching;
  return { peakMib, seconds: (performance.now() - startedMs) / 1_000 };
}

async function stockRows(world: World): Promise<readonly number[]> {
  const rows = await world.rows<{ id: number }>(
    `SELECT id_stock_available AS id FROM ${world.table("stock_available")} ORDER BY id`,
  );
  return rows.map(({ id }) => id);
}

/** Nothing waits in the inbox, every row stands where the ledger has it, and nothing is open. */
async function untilAtRest(world: World, timeoutMs: number): Promise<void> {
  const open = `SELECT (SELECT COUNT(*) FROM ${world.table("erpsync_stock_inbox")})
    + (SELECT COUNT(*) FROM ${world.table("erpsync_stock_row")} WHERE unsettled = 1)
    + (SELECT COUNT(*) FROM ${world.table("stock_available")} s
       JOIN ${world.table("erpsync_stock_row")} r USING (id_stock_available) WHERE r.position <> s.quantity) AS open`;
  await until(async () => (await world.rows<{ open: number }>(open))[0]?.open === 0, {
    what: "a ledger at rest",
    timeoutMs,
    everyMs: 1_000,
  });
}

function rssMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1];
  return Number(kib ?? 0) / 1_024;
}
