import { readdirSync, readFileSync } from "node:fs";
import type mysql from "mysql2/promise";
import {
  CAPTURE_LIMITS,
  type CaptureLimits,
  type CaptureStatus,
  initialCaptureStatus,
} from "../../../sidecar/capture/capture-deps.ts";
import { runCapture } from "../../../sidecar/capture/capture-loop.ts";
import { type DatabaseSettings, openDatabase } from "../../../sidecar/platform/database.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { createMetrics, type Metrics } from "../../../sidecar/platform/metrics.ts";
import { systemClock, systemRandom, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { until } from "../../support/until.ts";
import { type World, withPrefix } from "../../support/world.ts";

const MIGRATIONS = new URL("../../../db/migrations/", import.meta.url);

/** Adds the sidecar's own tables to a world; like the world's own, they stay out of the binlog. */
export async function addSidecarTables(world: World): Promise<void> {
  const connection = await world.connection();
  await connection.query("SET SESSION sql_log_bin = 0");
  for (const file of readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith(".sql"))
    .sort()) {
    const text = readFileSync(new URL(file, MIGRATIONS), "utf8").replace(/^--!.*$/m, "");
    await connection.query(withPrefix(text, world.prefix));
  }
  await connection.end();
}

/** Short times, so that a test need not wait for what takes minutes in a shop. */
export const QUICK: Partial<CaptureLimits> = {
  heartbeatMs: 200,
  silenceMs: 1_000,
  lingerMs: 20,
  checkpointMs: 200,
  maintenanceMs: 200,
  standbySeconds: 1,
  databaseSilenceMs: 3_000,
  retryFirstMs: 20,
  retryMaxMs: 200,
};

export interface CaptureOptions {
  readonly settings?: Partial<DatabaseSettings>;
  readonly limits?: Partial<CaptureLimits>;
  readonly serverId?: number;
  readonly onOutboxRows?: (ids: readonly number[]) => void;
  readonly onGap?: () => void;
  /** With it the stock ledger's facts are captured as well; rung when some were committed. */
  readonly onStock?: () => void;
}

let nextServerId = 3_000_000_000 + (process.pid % 10_000) * 1_000;

/** A capture that runs against a world, and all that it said. */
export class CaptureRun implements AsyncDisposable {
  readonly world: World;
  readonly events: LogEvent[] = [];
  readonly outboxIds: number[] = [];
  readonly gaps: string[] = [];
  readonly status: CaptureStatus = initialCaptureStatus();
  readonly metrics: Metrics;
  readonly serverId: number;
  marked = 0;
  #heartbeats = 0;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  readonly #db;

  constructor(world: World, options: CaptureOptions = {}) {
    this.world = world;
    const catalogue = createMetrics();
    // The lag is set at each transaction and at each heartbeat; only these are told to be up to date exactly.
    const setLag = catalogue.binlogLagMs.set.bind(catalogue.binlogLagMs);
    catalogue.binlogLagMs.set = (value: number | object): void => {
      if (value === 0) this.#heartbeats += 1;
      if (typeof value === "number") setLag(value);
    };
    this.metrics = catalogue;
    nextServerId += 300;
    this.serverId = options.serverId ?? nextServerId;
    const settings = { ...world.settings, connections: 4, ...options.settings };
    this.#db = openDatabase(settings);
    this.#done = runCapture(
      {
        db: this.#db,
        settings,
        serverId: this.serverId,
        log: (_level, event) => this.events.push(event),
        metrics: this.metrics,
        clock: systemClock,
        sleep: systemSleep,
        random: systemRandom,
        status: this.status,
        limits: { ...CAPTURE_LIMITS, ...QUICK, ...options.limits },
        onOutboxRows: (ids) => {
          for (const id of ids) this.outboxIds.push(id);
          options.onOutboxRows?.(ids);
        },
        onMarked: () => {
          this.marked += 1;
        },
        keepsLedger: options.onStock !== undefined,
        onStock: () => options.onStock?.(),
        onGap: (reason) => {
          this.gaps.push(reason);
          options.onGap?.();
        },
      },
      this.#abort.signal,
    );
  }

  /** Signs of life so far: each sets the gauge of the lag to nothing. */
  heartbeats(): number {
    return this.#heartbeats;
  }

  /** The events of this name so far. */
  named<Name extends LogEvent["event"]>(name: Name): readonly Extract<LogEvent, { event: Name }>[] {
    return this.events.filter((event): event is Extract<LogEvent, { event: Name }> => event.event === name);
  }

  /** Waits until the tail has started (again), `times` in all. */
  async untilTailing(times = 1): Promise<void> {
    await until(() => this.named("capture.resumed").length >= times, {
      what: `the tail to start ${String(times)} time(s); events: ${JSON.stringify(this.events)}`,
      timeoutMs: 20_000,
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
    await this.#db.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The state of a subject's job; undefined where there is none. */
export async function jobState(world: World, subject: string): Promise<string | undefined> {
  const rows = await world.rows<{ state: string }>(
    `SELECT state FROM ${world.table("erpsync_job")} WHERE subject = ?`,
    [subject],
  );
  return rows[0]?.state;
}

/** The checkpoint as it stands. */
export async function checkpointOf(
  world: World,
): Promise<
  { server: string; file: string; position: number; gtid_set: string; updated_at: string } | undefined
> {
  const rows = await world.rows<{
    server: string;
    file: string;
    position: number;
    gtid_set: string;
    updated_at: string;
  }>(`SELECT * FROM ${world.table("erpsync_checkpoint")}`);
  return rows[0];
}

/** Ends the connections by which this account reads the binlog, as an administrator's KILL does. */
export async function killDumpOf(world: World, user: string): Promise<void> {
  const threads = await world.rows<{ id: number }>(
    "SELECT ID AS id FROM INFORMATION_SCHEMA.PROCESSLIST WHERE USER = ? AND COMMAND LIKE 'Binlog Dump%'",
    [user],
  );
  for (const { id } of threads) await world.pool.query("KILL ?", [id]);
}

/** Ends the connection that holds the leader lock of this name. */
export async function killLockHolder(world: World, lockName: string): Promise<void> {
  const rows = await world.rows<{ id: number | null }>("SELECT IS_USED_LOCK(?) AS id", [lockName]);
  await world.pool.query("KILL ?", [rows[0]?.id]);
}

/** An account with the grants that the documentation asks for, and no more. */
export function captureUser(world: World): Promise<{ readonly user: string; readonly password: string }> {
  const monitor = world.server.kind === "mariadb" ? "BINLOG MONITOR" : "REPLICATION CLIENT";
  return world.createUser([
    "REPLICATION SLAVE ON *.*",
    `${monitor} ON *.*`,
    `SELECT, INSERT, UPDATE, DELETE ON \`${world.database}\`.*`,
  ]);
}

/** Writes one outbox row as the module does, and returns its id. */
export async function insertOutbox(
  world: World,
  connection: mysql.Connection,
  subject: string,
): Promise<number> {
  const [result] = await connection.query<mysql.ResultSetHeader>(
    `INSERT INTO ${world.table("erpsync_outbox")}
       (event_id, type, version, subject, id_shop, occurred_at, traceparent, payload)
     VALUES (UUID(), 'order.changed', 1, ?, 1, UTC_TIMESTAMP(6), REPEAT('0', 55), NULL)`,
    [subject],
  );
  return result.insertId;
}

/** Waits until so many different outbox rows were announced. */
export async function untilAllAnnounced(capture: CaptureRun, rows: number): Promise<void> {
  await until(() => new Set(capture.outboxIds).size >= rows, {
    what: `${String(rows)} announced outbox rows`,
    timeoutMs: 30_000,
  });
}
