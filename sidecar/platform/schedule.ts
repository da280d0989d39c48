import { Cron } from "croner";

/**
 * The first time after `afterMs` that a cron expression of five fields names, UTC, in milliseconds since 1970; undefined
 * where there is none (31 February). The configuration has checked the expression.
 */
export function nextTimeMs(expression: string, afterMs: number): number | undefined {
  return new Cron(expression, { timezone: "UTC", mode: "5-part" }).nextRun(new Date(afterMs))?.getTime();
}
