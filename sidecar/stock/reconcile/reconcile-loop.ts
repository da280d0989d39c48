import type { Clock, Sleep } from "../../domain/clock.ts";
import { nextTimeMs } from "../../platform/schedule.ts";
import { type ReconcileDeps, reconcile } from "./reconcile.ts";
import {
  beginReconciliation,
  endBrokenReconciliations,
  insertReconciliation,
  readAgenda,
} from "./reconcile-statements.ts";

/** How often it is looked whether a person asks. */
const LOOK_EVERY_MS = 5_000;
/** Who asks for the comparisons of the schedule. */
const SCHEDULER = "schedule";

export interface ReconcileLoopDeps extends ReconcileDeps {
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** `stock.reconcileAt`: a cron expression, UTC. */
  readonly schedule: string;
  /** True while the ERP as a whole is taken to be away: the comparison of the schedule waits for it. */
  readonly isErpAway: () => boolean;
  /** Runs work while nobody else compares with figures of the ERP, or writes them. */
  readonly alone: (work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) => Promise<void>;
}

/**
 * Compares whenever the schedule or a person asks, until the signal. One process an installation, under a named lock. A
 * time of the schedule at which nobody ran is made up for at the next start.
 */
export async function runReconciliations(deps: ReconcileLoopDeps, signal: AbortSignal): Promise<void> {
  await endBrokenReconciliations(deps.db);
  const beganAtMs = deps.clock.nowMs();
  while (!signal.aborted) {
    const waitMs = await turn(deps, beganAtMs, signal);
    if (waitMs > 0) await deps.sleep(Math.min(waitMs, LOOK_EVERY_MS), signal);
  }
}

/** A comparison, where one is wanted; returns the milliseconds until it is worth looking again. */
async function turn(deps: ReconcileLoopDeps, beganAtMs: number, signal: AbortSignal): Promise<number> {
  const { alone, clock, db, isErpAway, schedule, stopped } = deps;
  if (stopped()) return LOOK_EVERY_MS;
  const { asked, scheduledAgeMs } = await readAgenda(db, SCHEDULER);
  if (asked !== undefined) {
    await alone(async (held) => {
      const isOurs = await beginReconciliation(db, asked.id);
      if (isOurs) await reconcile(deps, { id: asked.id, dryRun: asked.dryRun }, held);
    }, signal);
    return 0;
  }
  const nowMs = clock.nowMs();
  const lastMs = scheduledAgeMs === undefined ? beganAtMs : nowMs - scheduledAgeMs;
  const nextMs = nextTimeMs(schedule, lastMs);
  if (nextMs === undefined) return LOOK_EVERY_MS;
  if (nextMs > nowMs || isErpAway()) return Math.max(nextMs - nowMs, LOOK_EVERY_MS);
  await alone(async (held) => {
    const id = await insertReconciliation(db, { state: "running", dryRun: false, actor: SCHEDULER });
    await reconcile(deps, { id, dryRun: false }, held);
  }, signal);
  return 0;
}
