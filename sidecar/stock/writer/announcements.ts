import { SidecarError, safeDescription } from "../../domain/errors.ts";
import type { Database } from "../../platform/database.ts";
import type { Log } from "../../platform/log.ts";
import { inTransaction } from "../../platform/transaction.ts";
import type { Wake } from "../../platform/wake.ts";
import type { AnnounceStock } from "../../shop/commands.ts";
import {
  deleteAnnouncements,
  hasDueAnnouncements,
  lockDueAnnouncements,
  noteAnnouncementAttempt,
  readRevived,
} from "./announcement-statements.ts";
import {
  ANNOUNCED_MAX,
  ATTEMPTS_MAX,
  backOffMs,
  commandIdOf,
  type DueAnnouncement,
  decideBatch,
  type RevivedProduct,
} from "./decide-announcement.ts";

export interface AnnouncementDeps {
  readonly db: Database;
  readonly log: Log;
  /** Rung by the writer in the same process; others are noticed at the next look. */
  readonly wake: Wake;
  readonly announce: AnnounceStock;
  /** Longer than a command can take. */
  readonly commandMs: number;
  readonly stopped: () => boolean;
}

/** Between two looks where nobody rings. */
const LOOK_EVERY_MS = 10_000;

/**
 * Announces products that came back from 0 by a write of ours to the shop's own listeners, which mail the customers who
 * wait for them. Nothing depends on it: what cannot be announced is dropped after five attempts, with a line in the log.
 */
export async function runAnnouncements(deps: AnnouncementDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const isAtIt = !deps.stopped() && (await announceBatch(deps, signal));
    if (!isAtIt) await deps.wake.wait(LOOK_EVERY_MS, signal);
  }
}

/** One command; false where nothing was due. */
async function announceBatch(deps: AnnouncementDeps, signal: AbortSignal): Promise<boolean> {
  const { db } = deps;
  if (!(await hasDueAnnouncements(db))) return false;
  const batch = await claimBatch(deps);
  const [first] = batch;
  if (first === undefined) return false;
  const rows = batch.map(({ row }) => row);
  const attempt = first.attempts + 1;
  if (first.attempts >= ATTEMPTS_MAX) {
    // The process died in the last attempt, and nobody knows how far it came.
    await drop(deps, rows, first.attempts, "E_SHOP_COMMAND");
    return true;
  }
  const products = await readRevived(db, rows);
  const sold = rows.filter((row) => !products.some((product) => product.row === row));
  if (sold.length > 0) await deleteAnnouncements(db, sold, attempt);
  if (products.length > 0) await send(deps, products, attempt, signal);
  return true;
}

async function claimBatch({ commandMs, db }: AnnouncementDeps): Promise<readonly DueAnnouncement[]> {
  return await inTransaction(db, async (tx) => {
    const batch = decideBatch(await lockDueAnnouncements(tx, ANNOUNCED_MAX));
    const [first] = batch;
    if (first === undefined || first.attempts >= ATTEMPTS_MAX) return batch;
    const attempt = first.attempts + 1;
    const rows = batch.map(({ row }) => row);
    await noteAnnouncementAttempt(tx, rows, attempt, commandMs + backOffMs(attempt));
    return batch;
  });
}

async function send(
  deps: AnnouncementDeps,
  products: readonly RevivedProduct[],
  attempt: number,
  signal: AbortSignal,
): Promise<void> {
  const rows = products.map(({ row }) => row);
  try {
    await deps.announce({ commandId: commandIdOf(products), products }, signal);
  } catch (thrown) {
    // A module that does not know the command will not learn it by being asked again.
    const isHopeless = thrown instanceof SidecarError && thrown.advice.kind === "park";
    if (!isHopeless && attempt < ATTEMPTS_MAX) return;
    await drop(deps, rows, attempt, safeDescription(thrown));
    return;
  }
  await deleteAnnouncements(deps.db, rows, attempt);
}

async function drop(
  { db, log }: AnnouncementDeps,
  rows: readonly number[],
  attempts: number,
  code: string,
): Promise<void> {
  await deleteAnnouncements(db, rows, attempts);
  log("warn", { event: "stock.announcement_dropped", rows, attempts, code });
}
