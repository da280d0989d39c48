import { nextTimeMs } from "../platform/schedule.ts";
import { decodeScope, encodeScope, type Scope } from "./decode-scope.ts";
import { type ReconcileOrdersDeps, reconcileOrders } from "./reconcile-orders.ts";
import {
  beginOrderRun,
  deleteOldOrderRuns,
  endBrokenOrderRuns,
  finishOrderRun,
  insertOrderRun,
  readOrderAgenda,
} from "./run-statements.ts";

/** How often it is looked whether a person asks. */
const LOOK_EVERY_MS = 10_000;
/** Who asks for the comparisons of the schedule. */
const SCHEDULER = "schedule";
/** Comparisons older than this are forgotten, so many at once. */
const KEPT_DAYS = 90;
const OLD_ROWS = 500;

export interface OrderReconcileLoopDeps extends ReconcileOrdersDeps {
  /** `orders.reconcileAt`: a cron expression, UTC. */
  readonly schedule: string;
  /** `orders.reconcileDays`; 0 leaves it to people to ask. */
  readonly days: number;
}

/**
 * Compares orders whenever the schedule or a person asks, until the signal. One process an installation, under a named
 * lock. A time of the schedule at which nobody ran, or at which the ERP was away, is made up for.
 */
export async function runOrderReconciliations(
  deps: OrderReconcileLoopDeps,
  signal: AbortSignal,
): Promise<void> {
  await endBrokenOrderRuns(deps.db);
  const beganAtMs = deps.clock.nowMs();
  while (!signal.aborted) {
    const waitMs = await turn(deps, beganAtMs, signal);
    if (waitMs > 0) await deps.sleep(Math.min(waitMs, LOOK_EVERY_MS), signal);
  }
}

/** A comparison, where one is wanted; returns the milliseconds until it is worth looking again. */
async function turn(deps: OrderReconcileLoopDeps, beganAtMs: number, signal: AbortSignal): Promise<number> {
  const { clock, days, db, isErpAway, schedule, stopped } = deps;
  if (stopped()) return LOOK_EVERY_MS;
  const { asked, scheduledAgeMs } = await readOrderAgenda(db, SCHEDULER);
  if (asked !== undefined) {
    if (await beginOrderRun(db, asked.id)) await begin(deps, asked.id, decodeScope(asked.scope), signal);
    return 0;
  }
  const nowMs = clock.nowMs();
  const lastMs = scheduledAgeMs === undefined ? beganAtMs : nowMs - scheduledAgeMs;
  const nextMs = days === 0 ? undefined : nextTimeMs(schedule, lastMs);
  if (nextMs === undefined) return LOOK_EVERY_MS;
  if (nextMs > nowMs || isErpAway()) return Math.max(nextMs - nowMs, LOOK_EVERY_MS);
  const scope: Scope = { kind: "days", days };
  const id = await insertOrderRun(db, { state: "running", scope: encodeScope(scope), actor: SCHEDULER });
  await begin(deps, id, scope, signal);
  await deleteOldOrderRuns(db, KEPT_DAYS, OLD_ROWS);
  return 0;
}

async function begin(
  deps: OrderReconcileLoopDeps,
  id: number,
  scope: Scope | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (scope !== undefined) {
    await reconcileOrders(deps, { id, scope }, signal);
    return;
  }
  const reason = "its scope is neither a number of days nor a month";
  await finishOrderRun(deps.db, id, { state: "failed", reason });
}
