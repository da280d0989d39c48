// What the capture holds in memory while it catches up.
//
// A checkpoint is recorded, then 200,000 row events are written (100,000 order lines of 20,000 orders and 100,000 outbox
// rows), then a fresh process that runs the real capture loop and nothing else replays them from that checkpoint. The
// figure is that process's high-water mark of resident memory (VmHWM), Node itself included. The program is compiled
// beforehand, as it is deployed. Not in it: what the other roles of a sidecar hold.
//
// Peer: the same process just before the replay.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { DatabaseSettings } from "../../sidecar/platform/database.ts";
import { startMariadb } from "../support/mariadb.ts";
import { SupportError } from "../support/support-error.ts";
import type { World } from "../support/world.ts";
import type { Replay } from "./replay-binlog.ts";
import { compileProgram, NODE_FLAGS } from "./support/compile-program.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";
import { openBareWorld } from "./support/stage.ts";

const ROW_EVENTS = 200_000;
const RSS_TARGET_MIB = 150;
const ROWS_EACH_TRANSACTION = 100;
const LINES_EACH_ORDER = 5;
const MIB = 1024 * 1024;

/**
 * Peak memory of a process that replays 200,000 row events: half of them order lines of 20,000 orders, which are
 * marked, half of them outbox rows. The process is a fresh one that runs capture and nothing else.
 */
export async function benchMemory(): Promise<BenchResult> {
  await using server = await startMariadb();
  await using world = await openBareWorld(server);
  const settings = { ...world.settings, connections: 2 };
  using program = compileProgram("test/bench/replay-binlog.ts");
  // The first run records the place from which the second replays.
  await inChild(program.file, settings, 0);
  await writeRows(world);
  const replay = await inChild(program.file, settings, ROW_EVENTS / 2);
  const peakMib = Math.round(replay.peakRssBytes / MIB);
  const idleMib = Math.round(replay.idleRssBytes / MIB);
  const jobs = await world.rows<{ n: number }>(`SELECT COUNT(*) AS n FROM ${world.table("erpsync_job")}`);
  const wanted = ROW_EVENTS / 2 / LINES_EACH_ORDER;
  const rowsPerSecond = Math.round(ROW_EVENTS / (replay.tookMs / 1_000));
  const marked = {
    figure: "jobs marked by the replay",
    value: jobs[0]?.n ?? 0,
    unit: "jobs",
    target: wanted,
  };
  return {
    name: "memory",
    figures: [
      atMost("peak RSS during a replay of 200,000 row events", peakMib, "MiB", RSS_TARGET_MIB),
      { ...marked, ok: marked.value === wanted },
      told("replayed", rowsPerSecond, "rows/s"),
    ],
    peers: [peer("the same process before the replay", "RSS in MiB", idleMib)],
  };
}

async function writeRows(world: World): Promise<void> {
  const connection = await world.connection();
  await connection.query("SET SESSION sql_mode = ''");
  const numbers = Array.from({ length: ROWS_EACH_TRANSACTION }, (_, n) => n);
  for (let from = 0; from < ROW_EVENTS / 2; from += ROWS_EACH_TRANSACTION) {
    const orders = numbers.map((n) => Math.floor((from + n) / LINES_EACH_ORDER) + 1);
    await connection.query(
      `INSERT INTO ${world.table("order_detail")} (id_order, product_id, product_name, product_quantity) VALUES ?`,
      [orders.map((id) => [id, 1, "A product with a name of some length, as shops have them", 1])],
    );
    await connection.query(
      `INSERT INTO ${world.table("erpsync_outbox")}
         (event_id, type, version, subject, id_shop, occurred_at, traceparent, payload)
       VALUES ${orders.map(() => "(UUID(), 'order.changed', 1, ?, 1, UTC_TIMESTAMP(6), REPEAT('0', 55), NULL)").join()}`,
      orders.map((id) => `order:${String(id)}`),
    );
  }
}

/** Runs capture in a process of its own until so many outbox rows were announced. */
async function inChild(file: string, settings: DatabaseSettings, announced: number): Promise<Replay> {
  const child = spawn(process.execPath, [...NODE_FLAGS, file, JSON.stringify({ settings, announced })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit") as Promise<[number]>]);
  if (code !== 0) throw new SupportError(`The replaying process ended with ${String(code)}.`);
  return JSON.parse(output) as Replay;
}
