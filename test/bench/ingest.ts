// How fast a full outbox is ingested.
//
// 50,000 rows of 10,000 orders, five events each as a checkout and its edits write them, lie in the outbox. A process
// of its own runs the sidecar's ingest loop, from before its first statement until the outbox is empty: each event
// recorded, each order's job marked, each row deleted. Loading the program and opening the pool are not in it. Each of
// three runs has a database of its own; the figure is their median.
//
// Floor: the same rows on the same server by three statements of plain SQL in one transaction, INSERT … SELECT into the
// events, INSERT … SELECT DISTINCT into the jobs, DELETE: what the server needs for the writing alone, without batches,
// round trips, and looking at any row. It alternates with the runs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { ServerAddress } from "../support/database-server.ts";
import { startMariadb } from "../support/mariadb.ts";
import { SupportError } from "../support/support-error.ts";
import type { World } from "../support/world.ts";
import { atLeast, type BenchResult, peer, told } from "./support/result.ts";
import { openBareWorld } from "./support/stage.ts";
import { median } from "./support/statistics.ts";

const SUBJECTS = 10_000;
const EVENT_TYPES = [
  "order.placed",
  "order.status_changed",
  "order.changed",
  "order.changed",
  "order.changed",
];
const EVENTS = SUBJECTS * EVENT_TYPES.length;
const RUNS = 3;
const TARGET_PER_SECOND = 5_000;
const ROWS_EACH_INSERT = 2_000;

export async function benchIngest(): Promise<BenchResult> {
  await using server = await startMariadb();
  const rates: number[] = [];
  const floors: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    rates.push(await inFullWorld(server, ingestInChild));
    floors.push(await inFullWorld(server, ingestByPlainSql));
  }
  return {
    name: "ingest",
    figures: [
      atLeast("events ingested from a full outbox, median", median(rates), "events/s", TARGET_PER_SECOND),
      told("slowest run", Math.min(...rates), "events/s"),
      told("events a run", EVENTS, "events"),
      told("runs", RUNS, "runs"),
    ],
    peers: [peer("floor: three statements of plain SQL", "events/s", median(floors))],
  };
}

/** Events a second of one way to empty the outbox; what it leaves is checked. */
async function inFullWorld(server: ServerAddress, empty: (world: World) => Promise<number>): Promise<number> {
  await using world = await openBareWorld(server);
  await fillOutbox(world);
  const tookMs = await empty(world);
  const [left] = await world.rows<{ outbox: number; events: number; jobs: number }>(
    `SELECT (SELECT COUNT(*) FROM ${world.table("erpsync_outbox")}) AS outbox,
       (SELECT COUNT(*) FROM ${world.table("erpsync_event")}) AS events,
       (SELECT COUNT(*) FROM ${world.table("erpsync_job")}) AS jobs`,
  );
  if (left?.outbox !== 0 || left.events !== EVENTS || left.jobs !== SUBJECTS) {
    throw new SupportError(`The outbox was not ingested: ${JSON.stringify(left)}.`);
  }
  return EVENTS / (tookMs / 1_000);
}

async function fillOutbox(world: World): Promise<void> {
  const all = EVENT_TYPES.flatMap((type) =>
    Array.from({ length: SUBJECTS }, (_, n) => [type, `order:${n + 1}`]),
  );
  for (let from = 0; from < all.length; from += ROWS_EACH_INSERT) {
    const rows = all.slice(from, from + ROWS_EACH_INSERT);
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_outbox")}
         (event_id, type, version, subject, id_shop, occurred_at, traceparent, payload)
       VALUES ${rows.map(() => "(UUID(), ?, 1, ?, 1, UTC_TIMESTAMP(6), REPEAT('0', 55), NULL)").join()}`,
      rows.flat(),
    );
  }
}

async function ingestInChild(world: World): Promise<number> {
  const file = fileURLToPath(new URL("support/ingest-process.ts", import.meta.url));
  const settings = JSON.stringify({ ...world.settings, connections: 6 });
  const child = spawn(process.execPath, ["--import", "tsx", file, settings], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit") as Promise<[number]>]);
  if (code !== 0) throw new SupportError(`The ingesting process ended with ${String(code)}.`);
  return Number(output);
}

async function ingestByPlainSql(world: World): Promise<number> {
  const connection = await world.connection();
  const [outbox, event, job] = ["erpsync_outbox", "erpsync_event", "erpsync_job"].map((name) =>
    world.table(name),
  );
  const startedMs = performance.now();
  await connection.query("START TRANSACTION");
  await connection.query(
    `INSERT INTO ${event} (event_id, type, version, subject, id_shop, occurred_at, ingested_at, traceparent, payload)
     SELECT event_id, type, version, subject, id_shop, occurred_at, UTC_TIMESTAMP(6), traceparent, payload FROM ${outbox}`,
  );
  await connection.query(
    `INSERT INTO ${job} (subject, lane, state, run_at, created_at, updated_at)
     SELECT DISTINCT subject, 'orders', 'ready', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM ${outbox}`,
  );
  await connection.query(`DELETE FROM ${outbox}`);
  await connection.query("COMMIT");
  return performance.now() - startedMs;
}
