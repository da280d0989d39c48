import { createHash } from "node:crypto";

/** A row whose announcement is due. */
export interface DueAnnouncement {
  readonly row: number;
  /** How often it was tried. */
  readonly attempts: number;
  /** When it became due, as the database says it; those of one attempt have the same. */
  readonly runAt: string;
}

/** A product to be announced. */
export interface RevivedProduct {
  readonly row: number;
  readonly product: number;
  readonly combination: number;
  readonly shop: number;
  readonly quantity: number;
  /** Id of our last write to the row: what came back by it is announced once. */
  readonly lastWrite: number;
}

/** Products of one command; their listeners mail customers, and the command has a timeout. */
export const ANNOUNCED_MAX = 50;
/** After so many attempts an announcement is dropped. */
export const ATTEMPTS_MAX = 5;

/** Milliseconds after which the n-th attempt, counted from 1, is followed by the next. */
const BACK_OFF_MS = [30_000, 120_000, 600_000, 1_800_000] as const;

/**
 * The announcements that go out together. Those that failed together stay together, so that the module recognises their
 * command and announces nothing twice.
 */
export function decideBatch(due: readonly DueAnnouncement[]): readonly DueAnnouncement[] {
  const [first] = due;
  if (first === undefined) return [];
  const same = due.filter(
    ({ attempts, runAt }) => attempts === first.attempts && (attempts === 0 || runAt === first.runAt),
  );
  return same.slice(0, ANNOUNCED_MAX);
}

/** When to try again should this attempt fail, counted from 1. */
export function backOffMs(attempt: number): number {
  return BACK_OFF_MS[attempt - 1] ?? 0;
}

/** Id of the command that announces these; the same products come back by the same writes have the same. */
export function commandIdOf(products: readonly RevivedProduct[]): string {
  const what = products.map(({ lastWrite, row }) => `${String(row)}:${String(lastWrite)}`).sort();
  return `announce-${createHash("sha256").update(what.join(",")).digest("hex").slice(0, 32)}`;
}
