import { ABORT_SLACK_MS, type Config } from "./config.ts";
import type { Database } from "./platform/database.ts";
import type { Metrics } from "./platform/metrics.ts";
import { systemClock, systemSleep } from "./platform/system-clock.ts";
import { LEDGER_OVERDUE_MS, type LedgerDeps } from "./stock/ledger/ledger-loop.ts";
import type { AnnouncementDeps } from "./stock/writer/announcements.ts";
import { type MoveStock, openChannels } from "./stock/writer/channel-movements.ts";
import { applyWrites, type WriterDeps } from "./stock/writer/stock-writer.ts";
import { type Base, databaseSettings } from "./wiring.ts";

/** What stock needs of an installation, in a running process or in a command. */
export interface StockParts {
  readonly config: Config;
  readonly db: Database;
  readonly metrics: Pick<Metrics, "stockWrites">;
  /** True while writing is stopped, as this process knows; the writer asks the database besides. */
  readonly stopped: () => boolean;
  /** Rings for the announcements; a command leaves them to the next look. */
  readonly onRevived?: () => void;
}

/** Those of a running process. */
export function runningStock({ config, db, guard, metrics, wakes }: Base): StockParts {
  return {
    config,
    db,
    metrics,
    stopped: () => guard.stop !== undefined,
    onRevived: () => {
      wakes.announcements.ring();
    },
  };
}

/** The writer of stock rows. */
export function stockWriter({ config, db, metrics, onRevived, stopped }: StockParts): WriterDeps {
  const writer = { db, settings: databaseSettings(config), metrics, stopped };
  return onRevived === undefined ? writer : { ...writer, onRevived };
}

/** The announcements of a running process. */
export function stockAnnouncements({ config, db, guard, log, shop, wakes }: Base): AnnouncementDeps {
  return {
    db,
    log,
    wake: wakes.announcements,
    announce: shop.announceStock,
    commandMs: config.shop.commandTimeoutMs + ABORT_SLACK_MS,
    stopped: () => guard.stop !== undefined,
  };
}

/** The ledger of a running process. */
export function stockLedger(base: Base): LedgerDeps {
  const { config, db, log, metrics, wakes } = base;
  const { forgottenRestock, quietMs, repairsMax } = config.stock;
  const writer = stockWriter(runningStock(base));
  return {
    db,
    settings: databaseSettings(config),
    log,
    metrics,
    clock: systemClock,
    sleep: systemSleep,
    wake: wakes.stock,
    quietMs,
    rules: { repairsMax, forgottenRestock, overdueMs: LEDGER_OVERDUE_MS },
    applyWrites: (writes, guard, signal) => applyWrites(writer, writes, guard, signal),
  };
}

/** The movements of other channels. */
export function stockMovements(parts: StockParts): MoveStock {
  const { capture, stock } = parts.config;
  return openChannels({
    writer: stockWriter(parts),
    shopId: stock.shopId,
    repairs: stock.ledger && capture.mode !== "polling",
    clock: systemClock,
    sleep: systemSleep,
  });
}
