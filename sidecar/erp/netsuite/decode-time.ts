/** A moment as the queries write it: `YYYYMMDDHHMMSS` in the account's time zone, digits only, so that any sort order agrees. */
export type AccountTime = string;

/** Stands for "never": lies before every moment. */
export const NEVER: AccountTime = "00000000000000";

/** No place on earth is further ahead of UTC than 14 hours; an hour more is for a clock of ours that is slow. */
const AHEAD_MS_MAX = 15 * 3_600_000;

const written = (ms: number): AccountTime => new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "");

/** The latest that it can be in any account. A later moment is of a clock that is wrong, and must not become a mark. */
export const latestPossible = (nowMs: number): AccountTime => written(nowMs + AHEAD_MS_MAX);

/** The earliest that it can be in any account. */
export const earliestPossible = (nowMs: number): AccountTime => written(nowMs - AHEAD_MS_MAX);

/** As a person reads it, `YYYY-MM-DD HH:MM:SS`. */
export const shownTime = (time: AccountTime): string =>
  time.replace(/^(....)(..)(..)(..)(..)(..)$/, "$1-$2-$3 $4:$5:$6");

/** So many milliseconds earlier. */
export function earlier(time: AccountTime, ms: number): AccountTime {
  const moment = Date.parse(`${shownTime(time).replace(" ", "T")}Z`);
  return Number.isNaN(moment) ? NEVER : written(moment - ms);
}
