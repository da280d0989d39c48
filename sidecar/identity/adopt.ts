import { IdentityError, type SidecarError, UsageError } from "../domain/errors.ts";
import { type Epoch, FIRST_EPOCH } from "../domain/ids.ts";
import { inTransaction } from "../platform/transaction.ts";
import {
  type AdoptDeps,
  isDatabaseRestored,
  type KindTask,
  look,
  marksOf,
  type Situation,
  stopOf,
} from "./adopt-situation.ts";
import {
  askForStockPass,
  countClaims,
  lowestOrderAfter,
  readFirstStart,
  readyStrangers,
} from "./adopt-statements.ts";
import { decideEpochStart, decideGenuineUpTo, shopTimeAfter } from "./decide-adoption.ts";
import { decideIdentity, type Remembered } from "./decide-identity.ts";
import { prove } from "./prove.ts";
import { retire } from "./retire.ts";
import { readOrderFingerprint, readShopNow } from "./shop-now.ts";
import { writeStateFile } from "./state-file.ts";
import {
  type IdentityRow,
  insertEpoch,
  readServerUuid,
  readShopMarks,
  writeIdentity,
  writeStop,
} from "./statements.ts";

/** What an adoption of one kind of record found. */
export interface KindReport {
  readonly proven: number;
  /** In the ERP, and forgotten by the database. */
  readonly found: readonly number[];
  /** Found, but not to be planned now: they are mapped and never amended. */
  readonly unplanned: readonly number[];
  /** Other records than the ERP's under the same id. */
  readonly strangers: readonly number[];
  /** First id of the new epoch. */
  readonly firstId: number;
  /** Subjects whose traces were put away. */
  readonly retired: number;
}

/** What `adopt --restored` did. */
export interface RestoredReport {
  readonly epoch: number;
  readonly exportAfterOrder: number;
  readonly orders: KindReport;
  readonly customers: KindReport;
  readonly readied: number;
}

/** Nothing may be changed while a call may still be under way. */
class ClaimsUnderWayError extends IdentityError {}

async function requireQuiet(deps: AdoptDeps): Promise<void> {
  const claims = await countClaims(deps.db);
  if (claims === 0) return;
  throw new ClaimsUnderWayError(
    `${String(claims)} jobs are being worked: wait until "erpsync status" shows none, at most two minutes, and repeat`,
  );
}

/** @throws UsageError where there is nothing to adopt. */
function requireStop(situation: Situation, force: boolean): void {
  if (situation.row === undefined && situation.file === undefined) {
    throw new UsageError("The sidecar has never run here, so there is nothing to adopt: start it");
  }
  if (stopOf(situation) !== undefined || force) return;
  throw new UsageError(
    "Writing is not stopped: this is the shop that was last seen. Use --force to adopt it all the same",
  );
}

/**
 * Adopts a shop that moved: another address, server, or machine. Ids did not come back, so nothing else changes.
 * Returns why writing stays stopped, or undefined.
 * @throws UsageError where ids came back; that wants `restored`.
 */
export async function adoptMoved(deps: AdoptDeps, force: boolean): Promise<SidecarError | undefined> {
  const situation = await look(deps);
  requireStop(situation, force);
  const { row } = situation;
  if (row === undefined || (stopOf(situation)?.code === "restored" && !force)) {
    throw new UsageError('The shop was restored or cleared, not moved: use "erpsync adopt --restored"');
  }
  await requireQuiet(deps);
  const next = await rememberMoved(deps, situation, row);
  await writeStateFile(deps.stateFile, next);
  const moved = { ...row, server: next.server, shopUrl: next.shopUrl };
  const now = await readShopNow(deps.db, deps.ordersTable, situation.marks, next);
  const verdict = decideIdentity(moved, next, now);
  await inTransaction(deps.db, async (tx) => {
    await writeIdentity(tx, moved);
    if (verdict.kind === "stop") await writeStop(tx, verdict.code, verdict.reason);
    await deps.audit(tx, "adopt.moved");
  });
  return verdict.kind === "stop"
    ? new IdentityError(`Writing stays stopped: ${verdict.reason}. Run "erpsync adopt --restored" as well`)
    : undefined;
}

/** The marks stay what they were, so that a restore is still seen: from the file if it is ours, else the database. */
async function rememberMoved(deps: AdoptDeps, situation: Situation, row: IdentityRow): Promise<Remembered> {
  const { epochs, file, marks } = situation;
  const place = { server: await readServerUuid(deps.db), shopUrl: marks.shopUrl };
  if (file?.installation === row.installation) return { ...file, ...place };
  return {
    installation: row.installation,
    ...place,
    orderHighWater: row.orderHighWater,
    orderFingerprint: (await readOrderFingerprint(deps.db, row.orderHighWater)) ?? "",
    customerHighWater: row.customerHighWater,
    epoch: Math.max(FIRST_EPOCH.number, ...epochs.map((epoch) => epoch.number)),
  };
}

/**
 * Adopts a shop whose ids came back: it was restored from a dump, or its orders were cleared. What the ERP has and is
 * the same record is remembered again; ids above belong to a new epoch and get keys of their own; traces of other
 * records are put away. Every step can be repeated: the stop ends with the last commit, and all before it finds the
 * same again.
 */
export async function adoptRestored(deps: AdoptDeps, force: boolean): Promise<RestoredReport> {
  const situation = await look(deps);
  requireStop(situation, force);
  await stopWriting(deps, situation);
  await requireQuiet(deps);
  const { epochs, file, row } = situation;
  const known = Math.max(FIRST_EPOCH.number, ...epochs.map((epoch) => epoch.number));
  const epoch = Math.max(known, file?.epoch ?? 0) + 1;
  const start = row?.exportAfterOrder ?? 0;
  const reused = row === undefined || deps.isStartFixed ? undefined : await readReused(deps, start);
  // Customers first: the bodies of orders name them.
  const customers = await adoptKind(deps, situation, { kind: "customer", start, known, reused: undefined });
  const orders = await adoptKind(deps, situation, { kind: "order", start, known, reused });
  const exportAfterOrder = Math.min(
    row === undefined ? await forgottenStart(deps, orders) : start,
    orders.firstId - 1,
  );
  const opened = { number: epoch, firstOrderId: orders.firstId, firstCustomerId: customers.firstId };
  const readied = await finish(deps, situation, opened, exportAfterOrder);
  return { epoch, exportAfterOrder, orders, customers, readied };
}

/** Writing stops for the time of the adoption, also where nobody had noticed yet, or with --force. */
async function stopWriting(deps: AdoptDeps, { row, verdict }: Situation): Promise<void> {
  if (row?.stoppedCode !== null) return;
  const reason = verdict.kind === "stop" ? verdict.reason : "An adoption is under way";
  await writeStop(deps.db, "restored", reason);
  await deps.settle();
}

/** Orders that count as history by their id, and were placed after the first start: their ids came back. */
async function readReused(deps: AdoptDeps, exportAfterOrder: number): Promise<number | undefined> {
  const first = await readFirstStart(deps.db);
  if (first === undefined) return undefined;
  const shopTime = shopTimeAfter(first.openedAt, first.timeZone ?? "UTC");
  return await lowestOrderAfter(deps.db, exportAfterOrder, shopTime);
}

/** Where the export began, in a database that knows nothing: as configured, else behind what the ERP has. */
async function forgottenStart(deps: AdoptDeps, orders: KindReport): Promise<number> {
  return deps.configuredStart === undefined ? orders.firstId - 1 : await deps.configuredStart();
}

async function adoptKind(deps: AdoptDeps, situation: Situation, task: KindTask): Promise<KindReport> {
  const proofs = await prove(deps, situation, task);
  const { kind, reused, start } = task;
  const genuine = decideGenuineUpTo(marksOf(situation, kind), isDatabaseRestored(situation));
  const history = kind === "order" ? Math.min(start, (reused ?? start + 1) - 1) : 0;
  const strangers = [...proofs.strangers, ...(reused === undefined ? [] : [reused])];
  const firstId = decideEpochStart({
    highestProven: proofs.highestProven,
    genuineUpTo: Math.max(genuine, history),
    lowestStranger: strangers.length === 0 ? undefined : strangers.reduce((a, b) => Math.min(a, b)),
  });
  const retired = await retire(deps, task, firstId, proofs);
  const { found, proven, unplanned } = proofs;
  return { proven, found, unplanned, strangers: proofs.strangers, firstId, retired };
}

/**
 * Opens the epoch and ends the stop. The file goes first: a crash between the two leaves the stop, and the file's
 * lower mark then costs no more than a look-up that is not made, for the ids above it belong to the new epoch.
 */
async function finish(
  deps: AdoptDeps,
  { file, row }: Situation,
  epoch: Epoch,
  exportAfterOrder: number,
): Promise<number> {
  const marks = await readShopMarks(deps.db);
  const next: Remembered = {
    installation: row?.installation ?? file?.installation ?? "",
    server: await readServerUuid(deps.db),
    shopUrl: marks.shopUrl,
    orderHighWater: marks.orderMax,
    orderFingerprint: (await readOrderFingerprint(deps.db, marks.orderMax)) ?? "",
    customerHighWater: marks.customerMax,
    epoch: epoch.number,
  };
  await writeStateFile(deps.stateFile, next);
  return await inTransaction(deps.db, async (tx) => {
    await insertEpoch(tx, epoch);
    const readied = await readyStrangers(tx);
    await writeIdentity(tx, { ...next, exportAfterOrder });
    await askForStockPass(tx);
    await deps.audit(tx, "adopt.restored");
    return readied;
  });
}
