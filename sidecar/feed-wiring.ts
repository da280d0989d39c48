import type { ProgressDeps } from "./feed/progress-loop.ts";
import { systemClock, systemSleep } from "./platform/system-clock.ts";
import type { Base } from "./wiring.ts";

/** True where the ERP is asked which orders moved on. */
export const followsProgress = ({ config }: Pick<Base, "config">): boolean =>
  config.orders.progressEveryMs > 0;

/** What reading the ERP's progress needs of a running process. */
export function progressDeps(base: Base, isErpAway: () => boolean): ProgressDeps {
  const { actor, config, db, erp, guard, log, metrics, wakes } = base;
  return {
    db,
    erp,
    log,
    metrics,
    actor,
    clock: systemClock,
    sleep: systemSleep,
    everyMs: config.orders.progressEveryMs,
    stopped: () => guard.stop !== undefined,
    isErpAway,
    onMarked: () => {
      wakes.work.ring();
    },
  };
}
