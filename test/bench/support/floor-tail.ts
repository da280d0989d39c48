// The floor of `latency.ts`, a process of its own: the binlog's callback and one claim, with nothing around them.
// Its argument is JSON: the database's settings. It prints `{"ready":true}` once the server streams, then one line of
// JSON for each order that became whole.
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { openTail } from "../../../sidecar/capture/binlog-tail.ts";
import { TAILED_TABLES } from "../../../sidecar/capture/decode-row.ts";
import type { DatabaseSettings } from "../../../sidecar/platform/database.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";

/** One sample; `process.hrtime.bigint()` as text, a clock that all processes of the machine share. */
export interface FloorSample {
  readonly orderId: number;
  readonly calledBackNs: string;
  readonly claimedNs: string;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as DatabaseSettings;
const connection = await createConnection({
  host: settings.host,
  port: settings.port,
  user: settings.user,
  password: settings.password,
  database: settings.database,
});
await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
const job = `\`${settings.prefix}erpsync_job\``;
await connection.query(
  `INSERT INTO ${job} (subject, lane, state, run_at, created_at, updated_at)
   VALUES ('order:1', 'orders', 'ready', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`,
);
const [logs] = await connection.query<RowDataPacket[]>("SHOW BINARY LOGS");
const newest = logs.at(-1);
const from = { file: String(newest?.["Log_name"]), position: Number(newest?.["File_size"]), gtidSet: "" };

/** The queue's own three statements around a claim, and its commit. */
async function claim(): Promise<void> {
  await connection.query("START TRANSACTION");
  await connection.query(
    `SELECT subject FROM ${job} WHERE lane = 'orders' AND state = 'ready'
     ORDER BY priority, run_at, subject LIMIT 1 FOR UPDATE SKIP LOCKED`,
  );
  await connection.query(
    `UPDATE ${job} SET state = 'working', claimed_generation = generation, claim_token = 'floor',
       lease_until = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND WHERE subject = 'order:1'`,
  );
  await connection.query("COMMIT");
}

async function sample(orderId: number, calledBack: bigint): Promise<void> {
  await claim();
  const claimedNs = String(process.hrtime.bigint());
  process.stdout.write(`${JSON.stringify({ orderId, calledBackNs: String(calledBack), claimedNs })}\n`);
  await connection.query(`UPDATE ${job} SET state = 'ready', claim_token = NULL WHERE subject = 'order:1'`);
}

const tail = openTail(
  {
    database: settings,
    serverId: 4_000_000_001,
    heartbeatMs: 10_000,
    silenceMs: 30_000,
    tables: TAILED_TABLES,
    netWriteTimeoutSeconds: 600,
  },
  { kind: "now", reason: "first start", from, byGtid: false },
  {
    onStarted: () => {
      process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
    },
    onTransaction: ({ changes }) => {
      const calledBack = process.hrtime.bigint();
      for (const change of changes) {
        if (change.table !== "order_history" || change.kind !== "insert") continue;
        for (const orderId of change.orderIds) void sample(orderId, calledBack);
      }
    },
    onHeartbeat: () => undefined,
  },
  { clock: systemClock, sleep: systemSleep },
);
process.stdin.resume();
process.stdin.once("end", () => {
  void tail.close().then(() => connection.end());
});
const end = await tail.ended;
if (end.kind !== "closed") throw new Error(end.message);
process.stdin.destroy();
