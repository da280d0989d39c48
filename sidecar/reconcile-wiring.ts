import { lockName, withNamedLock } from "./platform/named-lock.ts";
import { systemClock, systemSleep } from "./platform/system-clock.ts";
import { awaitLedger } from "./stock/await-ledger.ts";
import { Pacer } from "./stock/pace.ts";
import type { ReconcileLoopDeps } from "./stock/reconcile-loop.ts";
import { applyWrites } from "./stock/stock-writer.ts";
import { runningStock, stockWriter } from "./stock-wiring.ts";
import { type Base, databaseSettings } from "./wiring.ts";

/**
 * Runs work under the lock of the ERP's figures, which a snapshot, a comparison and a person's choice take one after the
 * other: what one of them decided on the figures, no other may have written meanwhile.
 */
export async function aloneWithFigures(
  config: Base["config"],
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const settings = databaseSettings(config);
  const name = lockName(settings.database, settings.prefix, "stock-figures");
  await withNamedLock({ settings, name, sleep: systemSleep, signal, onStandby: () => undefined }, work);
}

/** What comparing shop, ledger and ERP needs of a running process. */
export function reconcileDeps(base: Base, isErpAway: () => boolean): ReconcileLoopDeps {
  const { actor, config, db, erp, guard, log, metrics } = base;
  const times = { clock: systemClock, sleep: systemSleep };
  const writer = stockWriter(runningStock(base));
  const { busyThreads, correct, owner, quietMs, reconcileAt, shopId } = config.stock;
  const side = { port: erp, shopId, exportAfterOrder: () => guard.scope.exportAfterOrder };
  return {
    ...{ db, ...times, log, metrics, actor, quietMs },
    erp: owner === "erp" ? side : undefined,
    bounds: correct,
    stopped: writer.stopped,
    apply: (writes, rows, stop) => applyWrites(writer, writes, rows, stop),
    pacer: new Pacer({ db, ...times, metrics, busyThreads }),
    ledgerHasRead: (stop) => awaitLedger({ db, ...times }, stop),
    schedule: reconcileAt,
    isErpAway: () => owner === "erp" && isErpAway(),
    alone: (work, stop) => aloneWithFigures(config, work, stop),
  };
}
