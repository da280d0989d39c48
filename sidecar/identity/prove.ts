import {
  customerExternalId,
  type Epoch,
  type ExternalId,
  FIRST_EPOCH,
  orderExternalId,
  shopCustomerId,
  shopOrderId,
} from "../domain/ids.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { ErpCall, ErpRecord } from "../erp/port.ts";
import { inTransaction } from "../platform/transaction.ts";
import {
  type AdoptDeps,
  type FoundRecord,
  type KindTask,
  marksOf,
  PAGE,
  type Situation,
  subjectOf,
} from "./adopt-situation.ts";
import { pageCustomers, pageOrders, type TracedRecord } from "./adopt-statements.ts";
import { type Candidate, decideProof, type Proof } from "./decide-adoption.ts";

/** Look-ups under way at once; the limiter holds them to the ERP's limit. */
const LOOKUPS = 8;
/** A person waits for the adoption, so its look-ups go first. */
const PRIORITY = 0;

/** What the records of one kind prove. */
export interface Proofs {
  readonly proven: number;
  readonly highestProven: number;
  readonly found: readonly number[];
  readonly unplanned: readonly number[];
  readonly strangers: readonly number[];
  /** Records that are not proven, by id; there are few, but after a clearing. */
  readonly candidates: ReadonlyMap<number, Candidate>;
  readonly provenIds: ReadonlySet<number>;
}

/** A record that was looked at. */
interface Looked {
  readonly candidate: Candidate;
  readonly proof: Proof;
  readonly isPlanned: boolean;
}

/** Looks at every record of the shop that was exported or could have been. */
export async function prove(deps: AdoptDeps, situation: Situation, task: KindTask): Promise<Proofs> {
  const page = task.kind === "order" ? pageOrders : pageCustomers;
  const tally = new Tally();
  let afterId = 0;
  for (;;) {
    deps.signal.throwIfAborted();
    const records = await page(deps.db, afterId, task.start, PAGE);
    const last = records.at(-1);
    if (last === undefined) return tally;
    for (let from = 0; from < records.length; from += LOOKUPS) {
      const few = records.slice(from, from + LOOKUPS);
      const looked = await Promise.all(few.map((record) => proveOne(deps, situation, task, record)));
      for (const one of looked) tally.add(one);
    }
    afterId = last.id;
  }
}

/** Proofs as they come in. */
class Tally implements Proofs {
  proven = 0;
  highestProven = 0;
  readonly found: number[] = [];
  readonly unplanned: number[] = [];
  readonly strangers: number[] = [];
  readonly candidates = new Map<number, Candidate>();
  readonly provenIds = new Set<number>();

  add({ candidate, isPlanned, proof }: Looked): void {
    const { id } = candidate;
    if (proof === "stranger") this.strangers.push(id);
    if (proof === "stranger" || proof === "unknown") {
      this.candidates.set(id, candidate);
      return;
    }
    this.provenIds.add(id);
    this.highestProven = Math.max(this.highestProven, id);
    if (proof === "proven") this.proven += 1;
    else this.found.push(id);
    if (!isPlanned) this.unplanned.push(id);
  }
}

async function proveOne(
  deps: AdoptDeps,
  situation: Situation,
  task: KindTask,
  record: TracedRecord,
): Promise<Looked> {
  const { fileHighWater, rowHighWater } = marksOf(situation, task.kind);
  const isUsed = record.id <= Math.max(rowHighWater, fileHighWater);
  const asks = record.mapping === undefined && (isUsed || record.openBody !== undefined);
  const hit = asks ? await lookUp(deps, situation, task, record) : undefined;
  const candidate: Candidate = {
    id: record.id,
    fingerprint: record.fingerprint,
    mapping: mappingOf(record),
    erp: asks ? answerOf(hit) : undefined,
    openFingerprint: openFingerprint(record),
  };
  const proof = decideProof(candidate);
  // An operation that is on record is taken up by the executor, which looks it up itself.
  const isForgotten = proof === "found" && hit !== undefined && !record.hasOperations;
  return { candidate, proof, isPlanned: isForgotten ? await rememberFound(deps, task, record, hit) : true };
}

function answerOf(hit: Hit | undefined): NonNullable<Candidate["erp"]> {
  return hit === undefined ? { kind: "nothing" } : { kind: "record", fingerprint: hit.record.fingerprint };
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
