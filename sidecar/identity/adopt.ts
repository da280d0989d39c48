import { IdentityError, type SidecarError, UsageError } from "../domain/errors.ts";
import {
  customerExternalId,
  customerSubject,
  type Epoch,
  type ErpRef,
  type ExternalId,
  FIRST_EPOCH,
  orderExternalId,
  orderSubject,
  type Subject,
  shopCustomerId,
  shopOrderId,
} from "../domain/ids.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { ErpCall, ErpRecord } from "../erp/port.ts";
import type { Database, Tx } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import {
  type AdoptedKind,
  countClaims,
  deleteConfirmations,
  deleteMappings,
  lowestOrderAfter,
  pageCustomers,
  pageOrders,
  pageTraces,
  readFirstStart,
  readyStrangers,
  resetJobs,
  retireAttempts,
  retireCommands,
  retireOperations,
  type TracedRecord,
} from "./adopt-statements.ts";
import {
  type Candidate,
  decideEpochStart,
  decideGenuineUpTo,
  decideProof,
  decideRetire,
  shopTimeAfter,
} from "./decide-adoption.ts";
import { decideIdentity, type IdentityVerdict, type Remembered } from "./decide-identity.ts";
import { readOrderFingerprint, readShopNow } from "./shop-now.ts";
import { readStateFile, writeStateFile } from "./state-file.ts";
import {
  type IdentityRow,
  insertEpoch,
  readEpochs,
  readIdentity,
  readServerUuid,
  readShopMarks,
  writeIdentity,
  writeStop,
} from "./statements.ts";

/** Records of one page, and subjects of one transaction. */
const PAGE = 500;
/** Look-ups under way at once; the limiter holds them to the ERP's limit. */
const LOOKUPS = 8;
/** After adoption the ERP is asked as a person would wait for it: at once. */
const PRIORITY = 0;

/** A record that the ERP has and that we had forgotten, with its body as the planner makes it now. */
export interface FoundRecord {
  readonly kind: AdoptedKind;
  readonly id: number;
  readonly subject: Subject;
  readonly externalId: ExternalId;
  readonly ref: ErpRef;
  readonly fingerprint: string;
  /** Undefined where it cannot be planned now; then it is only mapped. */
  readonly planned: { readonly body: string; readonly bodyHash: string } | undefined;
}

/** What the adoption needs of the other stages; wiring hands it in. */
export interface AdoptDeps {
  readonly db: Database;
  readonly stateFile: string;
  readonly shopKey: string;
  /** Full name of the orders table, with prefix. */
  readonly ordersTable: string;
  readonly find: Readonly<
    Record<AdoptedKind, (externalId: ExternalId, call: ErpCall) => Promise<ErpRecord | undefined>>
  >;
  /** The body of a record that nothing is known of, under the keys of this scope. */
  readonly plan: (subject: Subject, scope: ExportScope) => Promise<FoundRecord["planned"]>;
  /** Writes mapping, acknowledged operation and log of a found record. */
  readonly remember: (tx: Tx, record: FoundRecord) => Promise<void>;
  /** Records who did it and why. */
  readonly audit: (tx: Tx, action: string) => Promise<void>;
  /** Start of the export where the database has forgotten it; undefined where the configuration does not say. */
  readonly configuredStart: (() => Promise<number>) | undefined;
  /** True where a person fixed the last order of the history by its id; then no date is believed over it. */
  readonly isStartFixed: boolean;
  /** Waits until every running process has noticed a stop that was just written. */
  readonly settle: () => Promise<void>;
  readonly signal: AbortSignal;
}

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

/** All that is remembered and seen when an adoption begins. */
interface Situation {
  readonly row: IdentityRow | undefined;
  readonly file: Remembered | undefined;
  readonly marks: Awaited<ReturnType<typeof readShopMarks>>;
  readonly epochs: readonly Epoch[];
  readonly verdict: IdentityVerdict;
  readonly sameAtHighWater: boolean | undefined;
}

async function look(deps: AdoptDeps): Promise<Situation> {
  const { db } = deps;
  const row = await readIdentity(db);
  const [file, marks, epochs] = await Promise.all([
    readStateFile(deps.stateFile),
    readShopMarks(db),
    readEpochs(db),
  ]);
  const now = await readShopNow(db, deps.ordersTable, marks, file);
  const seen = now.fingerprintAtHighWater;
  return {
    row,
    file,
    marks,
    epochs,
    verdict: decideIdentity(row, file, now),
    sameAtHighWater: file === undefined || seen === undefined ? undefined : seen === file.orderFingerprint,
  };
}

/** A stop that stands in the database, or that the next check would set. */
function stopOf({ row, verdict }: Situation): { readonly code: string } | undefined {
  if (row?.stoppedCode !== undefined && row.stoppedCode !== null) return { code: row.stoppedCode };
  return verdict.kind === "stop" ? verdict : undefined;
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
  const { row, file, marks } = situation;
  if (row === undefined || (stopOf(situation)?.code === "restored" && !force)) {
    throw new UsageError('The shop was restored or cleared, not moved: use "erpsync adopt --restored"');
  }
  await requireQuiet(deps);
  const server = await readServerUuid(deps.db);
  const own = file?.installation === row.installation ? file : undefined;
  const next: Remembered = {
    installation: row.installation,
    server,
    shopUrl: marks.shopUrl,
    orderHighWater: own?.orderHighWater ?? row.orderHighWater,
    orderFingerprint:
      own?.orderFingerprint ?? (await readOrderFingerprint(deps.db, row.orderHighWater)) ?? "",
    customerHighWater: own?.customerHighWater ?? row.customerHighWater,
    epoch: Math.max(FIRST_EPOCH.number, own?.epoch ?? 0, ...situation.epochs.map((epoch) => epoch.number)),
  };
  await writeStateFile(deps.stateFile, next);
  const moved = { ...row, server, shopUrl: marks.shopUrl };
  const verdict = decideIdentity(moved, next, await readShopNow(deps.db, deps.ordersTable, marks, next));
  await inTransaction(deps.db, async (tx) => {
    await writeIdentity(tx, moved);
    if (verdict.kind === "stop") await writeStop(tx, verdict.code, verdict.reason);
    await deps.audit(tx, "adopt.moved");
  });
  return verdict.kind === "stop"
    ? new IdentityError(`Writing stays stopped: ${verdict.reason}. Run "erpsync adopt --restored" as well`)
    : undefined;
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
  if (row === undefined || row.stoppedCode !== null) return;
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

/** What to adopt of a kind. */
interface KindTask {
  readonly kind: AdoptedKind;
  /** Orders up to this id are history. */
  readonly start: number;
  /** The last epoch that the database knows. */
  readonly known: number;
  /** Lowest id of the history that came back. */
  readonly reused: number | undefined;
}

async function adoptKind(deps: AdoptDeps, situation: Situation, task: KindTask): Promise<KindReport> {
  const proofs = await prove(deps, situation, task);
  const { kind, reused, start } = task;
  const genuine = genuineUpTo(situation, kind);
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

function genuineUpTo({ file, marks, row, sameAtHighWater }: Situation, kind: AdoptedKind): number {
  const isDatabaseRestored =
    file !== undefined &&
    (row === undefined ||
      row.orderHighWater < file.orderHighWater ||
      row.customerHighWater < file.customerHighWater);
  const ofOrders = kind === "order";
  return decideGenuineUpTo(
    {
      rowHighWater: (ofOrders ? row?.orderHighWater : row?.customerHighWater) ?? 0,
      fileHighWater: (ofOrders ? file?.orderHighWater : file?.customerHighWater) ?? 0,
      max: ofOrders ? marks.orderMax : marks.customerMax,
      sameAtHighWater: ofOrders ? sameAtHighWater : undefined,
    },
    isDatabaseRestored,
  );
}

interface Proofs {
  readonly proven: number;
  readonly highestProven: number;
  readonly found: readonly number[];
  readonly unplanned: readonly number[];
  readonly strangers: readonly number[];
  /** Records that are not proven, by id; there are few, but after a clearing. */
  readonly candidates: ReadonlyMap<number, Candidate>;
  readonly provenIds: ReadonlySet<number>;
}

/** Looks at every record of the shop that was exported or could have been. */
async function prove(deps: AdoptDeps, situation: Situation, task: KindTask): Promise<Proofs> {
  const page = task.kind === "order" ? pageOrders : pageCustomers;
  const proofs = { proven: 0, highestProven: 0, found: [] as number[], unplanned: [] as number[] };
  const strangers: number[] = [];
  const candidates = new Map<number, Candidate>();
  const provenIds = new Set<number>();
  let afterId = 0;
  for (;;) {
    deps.signal.throwIfAborted();
    const records = await page(deps.db, afterId, task.start, PAGE);
    const last = records.at(-1);
    if (last === undefined) return { ...proofs, strangers, candidates, provenIds };
    for (let from = 0; from < records.length; from += LOOKUPS) {
      const looked = await Promise.all(
        records.slice(from, from + LOOKUPS).map((record) => proveOne(deps, situation, task, record)),
      );
      for (const { candidate, isPlanned, proof } of looked) {
        if (proof === "proven" || proof === "found") provenIds.add(candidate.id);
        else candidates.set(candidate.id, candidate);
        if (proof === "proven") proofs.proven += 1;
        if (proof === "stranger") strangers.push(candidate.id);
        if (proof === "found") proofs.found.push(candidate.id);
        if (proof === "found" && !isPlanned) proofs.unplanned.push(candidate.id);
        if (proof === "proven" || proof === "found")
          proofs.highestProven = Math.max(proofs.highestProven, candidate.id);
      }
    }
    afterId = last.id;
  }
}

async function proveOne(deps: AdoptDeps, situation: Situation, task: KindTask, record: TracedRecord) {
  const { file, row } = situation;
  const high =
    task.kind === "order"
      ? Math.max(row?.orderHighWater ?? 0, file?.orderHighWater ?? 0)
      : Math.max(row?.customerHighWater ?? 0, file?.customerHighWater ?? 0);
  const asks = record.mapping === undefined && (record.id <= high || record.openBody !== undefined);
  const hit = asks ? await lookUp(deps, situation, task, record) : undefined;
  const candidate: Candidate = {
    id: record.id,
    fingerprint: record.fingerprint,
    mapping: mappingOf(record),
    erp: !asks ? undefined : hit === undefined ? { kind: "nothing" } : { kind: "record", ...hit.record },
    openFingerprint: openFingerprint(record),
  };
  const proof = decideProof(candidate);
  // An operation that is on record is taken up by the executor, which looks it up itself.
  const isForgotten = proof === "found" && hit !== undefined && !record.hasOperations;
  const isPlanned = isForgotten ? await rememberFound(deps, task, record, hit) : true;
  return { candidate, isPlanned, proof };
}

function mappingOf({ mapping }: TracedRecord): Candidate["mapping"] {
  if (mapping === undefined) return undefined;
  if (mapping.fingerprint !== null) return { kind: "fingerprint", fingerprint: mapping.fingerprint };
  return { kind: mapping.isOlder ? "trusted" : "untrusted" };
}

/** Bodies were written by this program; their fingerprint stands at the top. */
function openFingerprint({ openBody }: TracedRecord): string | undefined {
  if (openBody === undefined) return undefined;
  return (JSON.parse(openBody) as { readonly fingerprint?: string }).fingerprint;
}

interface Hit {
  readonly record: ErpRecord;
  readonly externalId: ExternalId;
  readonly epochs: readonly Epoch[];
}

/**
 * Asks the ERP by the record's key in the present epoch, and in later ones that only the state file remembers. The
 * same record is what is looked for; failing that, any other under the first key.
 */
async function lookUp(
  deps: AdoptDeps,
  situation: Situation,
  task: KindTask,
  record: TracedRecord,
): Promise<Hit | undefined> {
  const call: ErpCall = { signal: deps.signal, priority: PRIORITY, note: () => undefined };
  let other: Hit | undefined;
  for (const epochs of epochsToTry(situation, task.known)) {
    const externalId =
      task.kind === "order"
        ? orderExternalId(deps.shopKey, shopOrderId(record.id), epochs)
        : customerExternalId(deps.shopKey, shopCustomerId(record.id), epochs);
    const found = await deps.find[task.kind](externalId, call);
    if (found === undefined) continue;
    const hit = { record: found, externalId, epochs };
    if (found.fingerprint === record.fingerprint) return hit;
    other ??= hit;
  }
  return other;
}

function epochsToTry({ epochs, file }: Situation, known: number): readonly (readonly Epoch[])[] {
  const present = [FIRST_EPOCH, ...epochs];
  const forgotten = Math.max(0, (file?.epoch ?? 0) - known);
  const later = Array.from({ length: forgotten }, (_, index) => [
    ...present,
    { number: known + index + 1, firstOrderId: 0, firstCustomerId: 0 },
  ]);
  return [present, ...later];
}

/** Writes what the database forgot; false where the record cannot be planned now. */
async function rememberFound(
  deps: AdoptDeps,
  task: KindTask,
  record: TracedRecord,
  hit: Hit,
): Promise<boolean> {
  const subject = subjectOf(task.kind, record.id);
  const scope: ExportScope = { shopKey: deps.shopKey, exportAfterOrder: 0, epochs: hit.epochs };
  const planned = await deps.plan(subject, scope);
  const { externalId } = hit;
  const { fingerprint, id } = record;
  const found: FoundRecord = {
    ...{ kind: task.kind, id, subject, externalId, ref: hit.record.ref, fingerprint, planned },
  };
  await inTransaction(deps.db, (tx) => deps.remember(tx, found));
  return planned !== undefined;
}

function subjectOf(kind: AdoptedKind, id: number): Subject {
  return kind === "order" ? orderSubject(shopOrderId(id)) : customerSubject(shopCustomerId(id));
}

/** Puts away what other records left under ids of the new epoch. Returns how many subjects. */
async function retire(
  deps: AdoptDeps,
  { kind, known }: KindTask,
  firstId: number,
  { candidates, provenIds }: Pick<Proofs, "candidates" | "provenIds">,
): Promise<number> {
  let retired = 0;
  let fromId = firstId;
  for (;;) {
    const ids = await pageTraces(deps.db, kind, fromId, PAGE);
    const last = ids.at(-1);
    if (last === undefined) return retired;
    const strangers = ids.filter((id) => !provenIds.has(id) && decideRetire(candidates.get(id)));
    if (strangers.length > 0) {
      const present = new Set(strangers.filter((id) => candidates.has(id)));
      await inTransaction(deps.db, (tx) => retireBatch(tx, kind, strangers, present, known));
    }
    retired += strangers.length;
    fromId = last + 1;
  }
}

async function retireBatch(
  tx: Tx,
  kind: AdoptedKind,
  ids: readonly number[],
  present: ReadonlySet<number>,
  epoch: number,
): Promise<void> {
  const subjects = ids.map((id) => subjectOf(kind, id));
  await retireOperations(tx, subjects, epoch);
  await retireAttempts(tx, subjects, epoch);
  await retireCommands(tx, subjects, epoch);
  await deleteMappings(tx, kind, ids);
  if (kind === "order") await deleteConfirmations(tx, ids);
  const [there, gone] = [ids.filter((id) => present.has(id)), ids.filter((id) => !present.has(id))];
  await resetJobs(
    tx,
    there.map((id) => subjectOf(kind, id)),
    "ready",
  );
  await resetJobs(
    tx,
    gone.map((id) => subjectOf(kind, id)),
    "done",
  );
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
    await deps.audit(tx, "adopt.restored");
    return readied;
  });
}
