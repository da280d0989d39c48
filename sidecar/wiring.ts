import { hostname } from "node:os";
import { ABORT_SLACK_MS, type Config } from "./config.ts";
import { type LimitedErpPort, limitErp } from "./erp/limiter.ts";
import { IdentityGuard } from "./identity/identity-guard.ts";
import { lastOrderBefore } from "./ingest/sweep-statements.ts";
import { type Database, type DatabaseSettings, openDatabase } from "./platform/database.ts";
import { createHttp } from "./platform/http.ts";
import { createLog, type Log } from "./platform/log.ts";
import { createMetrics, type Metrics } from "./platform/metrics.ts";
import { systemClock, systemSleep } from "./platform/system-clock.ts";
import { v4 } from "./platform/uuid.ts";
import { Wake } from "./platform/wake.ts";
import { createShopCommands, type ShopCommands } from "./shop/commands.ts";

/** The parts that commands of the command line and the running sidecar share. */
export interface Base {
  readonly config: Config;
  readonly db: Database;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly erp: LimitedErpPort;
  readonly shop: ShopCommands;
  readonly guard: IdentityGuard;
  readonly wakes: Readonly<Record<"work" | "ingest" | "sweep" | "stock" | "announcements", Wake>>;
  readonly actor: string;
  readonly close: () => Promise<void>;
}

/** The database settings of a configuration. */
export function databaseSettings(config: Config): DatabaseSettings {
  const { host, port, user, password, name, prefix, connections, tls } = config.database;
  const ssl = tls ? { ssl: { rejectUnauthorized: true } } : {};
  return { host, port, user, password, database: name, prefix, connections, ...ssl };
}

/** Opens everything that needs no loop. Nothing is read or written yet. */
export function openBase(config: Config, log: Log = createLog(config.logLevel)): Base {
  const settings = databaseSettings(config);
  const db = openDatabase(settings);
  const metrics = createMetrics();
  const sleep = systemSleep;
  const wakes = {
    work: new Wake(sleep),
    ingest: new Wake(sleep),
    sweep: new Wake(sleep),
    stock: new Wake(sleep),
    announcements: new Wake(sleep),
  };
  const http = createHttp({ connections: config.erp.limit + 1 });
  const shopHttp = createHttp({ connections: 2 });
  const erp = openErp(config, http.send);
  const shop = createShopCommands(
    { shopUrl: config.shop.url, secret: config.shop.secret, timeoutMs: config.shop.commandTimeoutMs },
    shopHttp.send,
    systemClock,
  );
  const guard = new IdentityGuard({
    db,
    log,
    metrics,
    sleep,
    shopKey: config.shop.key,
    ordersTable: `${settings.prefix}orders`,
    stateFile: config.stateFile,
    newInstallation: v4,
    exportAfter: (orderMax) => exportAfter(config, db, orderMax),
    onResumed: () => {
      wakes.work.ring();
      wakes.sweep.ring();
    },
  });
  return {
    config,
    db,
    log,
    metrics,
    erp,
    shop,
    guard,
    wakes,
    actor: `${hostname()}:${String(process.pid)}`,
    close: async () => {
      await erp.close();
      await http.close();
      await shopHttp.close();
      await db.destroy();
    },
  };
}

function openErp(config: Config, http: ReturnType<typeof createHttp>["send"]): LimitedErpPort {
  const { module, settings } = config.adapter;
  const port = module.open(settings, { http, clock: systemClock });
  const redis = config.erp.redisUrl;
  return limitErp(port, {
    limit: config.erp.limit,
    callTimeoutMs: callTimeoutMs(config),
    clock: systemClock,
    sleep: systemSleep,
    abortSlackMs: ABORT_SLACK_MS,
    ...(redis === undefined
      ? {}
      : { redis: { url: redis, name: config.erp.redisName ?? config.erp.adapter } }),
  });
}

/** The adapter's own timeout, where it has one, else half a minute. */
export function callTimeoutMs(config: Config): number {
  const { settings } = config.adapter;
  const has = typeof settings === "object" && settings !== null && "timeoutMs" in settings;
  return has && typeof settings.timeoutMs === "number" ? settings.timeoutMs : 30_000;
}

export async function exportAfter(config: Config, db: Database, orderMax: number): Promise<number> {
  const { since, afterOrder } = config.export;
  if (afterOrder !== undefined) return afterOrder;
  return since === undefined ? orderMax : await lastOrderBefore(db, since);
}
