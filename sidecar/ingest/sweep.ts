import type { Clock } from "../domain/clock.ts";
import { orderSubject, shopOrderId } from "../domain/ids.ts";
import type { Mark } from "../domain/job.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { inTransaction } from "../platform/transaction.ts";
import type { Wake } from "../platform/wake.ts";
import { markJobs, newlyMarked } from "../queue/mark-statements.ts";
import {
  hashOrders,
  highestOrder,
  lastOrderOlderThan,
  type OrderContent,
  ordersWithoutJob,
  rememberOrders,
} from "./sweep-statements.ts";

/** Orders of one page: a few milliseconds of reading, and a small transaction. */
const PAGE_ORDERS = 500;
/** An order's id is given before its commit: a checkout of this many orders ago may still be under way. */
const LATE_ORDERS = 5_000;

export interface SweepDeps {
  readonly db: Database;
  readonly log: Log;
  readonly clock: Clock;
  readonly wake: Wake;
  /** Milliseconds between two sweeps. */
  readonly everyMs: number;
  /** Orders of this many days are compared with what the last sweep saw. */
  readonly days: number;
  /** Orders up to this id are history. */
  readonly exportAfterOrder: () => number;
  /** Whether the shop's identity is in doubt; then nothing is swept. */
  readonly stopped: () => boolean;
  /** Ingests what the outbox holds, until the signal. */
  readonly emptyOutbox: (signal: AbortSignal) => Promise<void>;
  /** Counts orders that no hook announced, by cause. */
  readonly countMissed: (orderIds: readonly number[]) => Promise<void>;
  readonly onMarked: () => void;
}

/**
 * The last witness: sweeps at the start, every five minutes, and whenever the binlog had a gap (`wake`). At the start
 * and after a gap it goes through all orders, else through those that the last sweep could not know yet.
 */
export async function runSweep(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  let knownUpTo = 0;
  while (!signal.aborted) {
    if (!deps.stopped()) knownUpTo = await sweep(deps, signal, knownUpTo);
    if (await deps.wake.wait(deps.everyMs, signal)) knownUpTo = 0;
  }
}

/**
 * Marks orders without a job, and orders whose content changed since the last sweep.
 * @param knownUpTo orders up to this id are known to have a job; 0 looks at all.
 * @returns the id up to which the next sweep need not look for orders without a job.
 */
export async function sweep(deps: SweepDeps, signal: AbortSignal, knownUpTo = 0): Promise<number> {
  const startedMs = deps.clock.monotonicMs();
  await deps.emptyOutbox(signal);
  const highest = await highestOrder(deps.db);
  const found = await markUnannounced(deps, signal, knownUpTo);
  const changed = await markChanged(deps, signal);
  const tookMs = Math.round(deps.clock.monotonicMs() - startedMs);
  deps.log("info", { event: "sweep.finished", found, changed, tookMs });
  return signal.aborted ? 0 : Math.max(0, highest - LATE_ORDERS);
}

async function markUnannounced(deps: SweepDeps, signal: AbortSignal, knownUpTo: number): Promise<number> {
  let found = 0;
  let afterId = Math.max(deps.exportAfterOrder(), knownUpTo);
  while (!signal.aborted) {
    const ids = await ordersWithoutJob(deps.db, afterId, PAGE_ORDERS);
    if (ids.length === 0) break;
    const ours = await mark(deps, ids);
    if (ours.length > 0) await deps.countMissed(ours);
    found += ours.length;
    afterId = ids.at(-1) ?? afterId;
  }
  return found;
}

async function markChanged(deps: SweepDeps, signal: AbortSignal): Promise<number> {
  let changed = 0;
  let afterId = Math.max(deps.exportAfterOrder(), await lastOrderOlderThan(deps.db, deps.days));
  while (!signal.aborted) {
    const page = await hashOrders(deps.db, afterId, PAGE_ORDERS);
    const last = page.at(-1);
    if (last === undefined) break;
    const news = page.filter((order) => order.hash !== order.seenHash);
    // An order that is seen for the first time has a job already: it was marked when it was announced.
    const edited = news.filter((order) => order.seenHash !== null);
    if (news.length > 0) await remember(deps, news, edited);
    changed += edited.length;
    afterId = last.id;
  }
  return changed;
}

async function remember(
  deps: SweepDeps,
  news: readonly OrderContent[],
  edited: readonly OrderContent[],
): Promise<void> {
  await inTransaction(deps.db, async (tx) => {
    await markJobs(
      tx,
      edited.map((order) => markOf(order.id)),
    );
    await rememberOrders(tx, news);
  });
  if (edited.length > 0) deps.onMarked();
}

/** Returns those that nobody else has marked since we looked. */
async function mark(deps: SweepDeps, ids: readonly number[]): Promise<readonly number[]> {
  const marks = ids.map(markOf);
  const ours = await inTransaction(deps.db, async (tx) => {
    await markJobs(tx, marks);
    return await newlyMarked(
      tx,
      marks.map(({ subject }) => subject),
    );
  });
  deps.onMarked();
  return ids.filter((id) => ours.has(markOf(id).subject));
}

function markOf(id: number): Mark {
  return { subject: orderSubject(shopOrderId(id)), when: "now", traceparent: null };
}
