import { UsageError, WritingStoppedError } from "./domain/errors.ts";
import type { StockWrite } from "./domain/stock.ts";
import { type Action, insertActions } from "./ops/action-statements.ts";
import type { Tx } from "./platform/database.ts";
import { lockName, withNamedLock } from "./platform/named-lock.ts";
import { systemClock, systemSleep } from "./platform/system-clock.ts";
import { countDifferences } from "./reconcile/count-differences.ts";
import { DIFFERENCE_KINDS } from "./reconcile/decide-order-difference.ts";
import type { OrderReconcileLoopDeps } from "./reconcile/order-reconcile-loop.ts";
import type { ReconcileLoopDeps } from "./stock/reconcile/reconcile-loop.ts";
import { type Choice, type Resolved, resolveDiscrepancy } from "./stock/reconcile/resolve-discrepancy.ts";
import { awaitLedger } from "./stock/snapshot/await-ledger.ts";
import type { Guard } from "./stock/writer/decide-writes.ts";
import { Pacer } from "./stock/writer/pace.ts";
import { applyWrites } from "./stock/writer/stock-writer.ts";
import { runningStock, type StockParts, stockWriter } from "./stock-wiring.ts";
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

/** What comparing the orders of shop and ERP needs of a running process. */
export function orderReconcileDeps(base: Base, isErpAway: () => boolean): OrderReconcileLoopDeps {
  const { config, db, erp, guard, log, metrics } = base;
  const { cancelledStates, reconcileAt, reconcileDays } = config.orders;
  return {
    ...{ db, erp, log, metrics, cancelledStates, isErpAway },
    ...{ clock: systemClock, sleep: systemSleep },
    // Orders that wait for the ERP find half of its places free.
    concurrency: Math.max(1, Math.floor(config.erp.limit / 2)),
    exportAfterOrder: () => guard.scope.exportAfterOrder,
    stopped: () => guard.stop !== undefined,
    schedule: reconcileAt,
    days: reconcileDays,
  };
}

/** Sets the gauge of orders that differ to what is on record. */
export async function tellDifferences({ db, metrics }: Pick<Base, "db" | "metrics">): Promise<void> {
  const orders = await countDifferences(db);
  for (const kind of DIFFERENCE_KINDS) metrics.orderDifferences.set({ kind }, orders.get(kind) ?? 0);
}

/** Milliseconds that a person's choice waits for a snapshot or a comparison to end. */
const CHOICE_WAITS_MS = 30_000;

/** Carries out whose figure a person chose; see `resolveDiscrepancy`. */
export function stockResolver(parts: StockParts): (choice: Choice) => Promise<Resolved> {
  const { config, db } = parts;
  const writer = stockWriter(parts);
  const never = new AbortController().signal;
  const deps = {
    db,
    apply: (writes: readonly StockWrite[], guard: Guard) => applyWrites(writer, writes, guard, never),
    record: (tx: Tx, action: Action) => insertActions(tx, [action]),
    erpOwns: config.stock.owner === "erp",
  };
  return async (choice) => {
    // What stays as it is may be said at any time.
    if (choice.side === "shop") return await resolveDiscrepancy(deps, choice);
    if (parts.stopped())
      throw new WritingStoppedError("Writing is stopped: the shop is not the one last seen");
    let resolved: Resolved | undefined;
    const work = async (): Promise<void> => {
      resolved = await resolveDiscrepancy(deps, choice);
    };
    await aloneWithFigures(config, work, AbortSignal.timeout(CHOICE_WAITS_MS));
    if (resolved !== undefined) return resolved;
    throw new UsageError("A snapshot or a comparison is under way; try again when it has ended");
  };
}
