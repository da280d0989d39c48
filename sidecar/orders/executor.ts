import type { Clock } from "../domain/clock.ts";
import {
  ClaimLostError,
  IdentityError,
  messageOf,
  type RetryAdvice,
  ShopCommandError,
  SidecarError,
  WritingStoppedError,
} from "../domain/errors.ts";
import { sha256 } from "../domain/fingerprint.ts";
import { type ErpRef, type ExternalId, operationKey, type Subject } from "../domain/ids.ts";
import type { OperationKind } from "../domain/operation.ts";
import {
  ErpAmbiguousError,
  type ErpCall,
  ErpDuplicateError,
  type ErpExchange,
  ErpFailedError,
} from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { inTransaction, isDatabaseAway } from "../platform/transaction.ts";
import { asWorkError, type WorkOutcome } from "../queue/decide-settlement.ts";
import { requireJob } from "../queue/mark-statements.ts";
import { type Claim, readyWaitingJobs, renewLease } from "../queue/statements.ts";
import { WorkFailedError } from "../queue/worker.ts";
import type { SetStatus } from "../shop/commands.ts";
import { acknowledge, book } from "./acknowledge.ts";
import { type Attempt, insertAttempts } from "./attempt-statements.ts";
import { decideAfterMiss, decideResumeOperation } from "./decide-resume-operation.ts";
import {
  acknowledgeOperation,
  type Intent,
  insertFreshIntent,
  insertIntent,
  isWritingStopped,
  noteOperationFailure,
  type OperationRow,
  readOperationBody,
  readOperations,
  UNKNOWN_BODY_HASH,
} from "./operation-statements.ts";
import type { Planner, RecordBody, RecordKind } from "./record.ts";

/** Steps of one claim: look-up, create, amend, status, and room for a plan that changes on the way. */
const STEPS_MAX = 8;
/** A claim younger than this needs no new lease before its first intent; leases are longer by far. */
const FRESH_CLAIM_MS = 2_000;
/** Orders and customers go before feeds and reconciliation. */
const PRIORITY = 3;

export interface ExecutorDeps {
  readonly db: Database;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly erpName: string;
  /** Whether the ERP refuses a second record with the same external id. */
  readonly uniqueKey: boolean;
  /** Milliseconds after which a request that was not answered is no longer under way. */
  readonly settleMs: number;
  readonly leaseMs: number;
  /** Milliseconds that one call takes at the most, its abort included. */
  readonly callBudgetMs: number;
  readonly clock: Clock;
  readonly actor: string;
  readonly setStatus: SetStatus;
  /** True when another step follows an acknowledged create (the shop's status), so the claim is kept. */
  readonly keepsClaim: boolean;
  readonly stopped: () => boolean;
  /** Tells the breaker that the ERP answered. */
  readonly onSuccess: () => void;
  /** An id came back: the shop's identity is to be checked now. */
  readonly onStranger: () => void;
  /** An order stands in the ERP. */
  readonly onExported: (orderId: number) => void;
  /** An order was created in the ERP; how long that took since its last event is measured. */
  readonly onLatency: (claim: Claim) => void;
}

/** What a step leaves: another step, or the end of the claim. */
type Step = "again" | WorkOutcome;

/** A record of the ERP that the plan wants made, or brought to this body. */
interface Wanted<Body> {
  readonly kind: OperationKind;
  readonly body: Body;
  readonly ref: ErpRef | null;
  readonly shopState: number | null;
}

/** What a step begins with. */
interface Look<Body> {
  readonly operations: readonly OperationRow[];
  readonly planner: Planner<Body>;
}

/** What travels with one operation while it is carried out. */
interface Flight<Body> {
  readonly claim: Claim;
  readonly intent: Intent;
  readonly body: Body;
  /** Found open, so its body may be older than the shop; the planner must run again. */
  readonly resumed: boolean;
  readonly replaced: boolean;
  /** An earlier amendment was not answered and may still be executed after this one. */
  readonly isUnsettled: boolean;
}

/**
 * Carries a subject's operations out, each exactly once in effect: the intent is committed before its call, what is
 * found open is looked up before it is repeated, and an acknowledgement commits with the claim's token.
 */
export class Executor<Body extends RecordBody> {
  readonly #deps: ExecutorDeps;
  readonly #record: RecordKind<Body>;

  constructor(deps: ExecutorDeps, record: RecordKind<Body>) {
    this.#deps = deps;
    this.#record = record;
  }

  /** Works one claim to its end. Rejects with the error whose advice the queue follows. */
  async work(claim: Claim, signal: AbortSignal): Promise<WorkOutcome> {
    for (let step = 1; step <= STEPS_MAX; step += 1) {
      const next = await this.#step(claim, await this.#look(claim), signal);
      if (next !== "again") return next;
    }
    // The shop changes faster than the ERP takes it; another claim goes on from here.
    return { kind: "held", code: "settling", waitsFor: null };
  }

  /** Both sides are read at once, since the time to the ERP's wire is mostly round trips. */
  async #look(claim: Claim): Promise<Look<Body>> {
    const [operations, planner] = await Promise.all([
      readOperations(this.#deps.db, claim.subject),
      this.#record.look(claim),
    ]);
    return { operations, planner };
  }

  async #step(claim: Claim, look: Look<Body>, signal: AbortSignal): Promise<Step> {
    const last = look.operations[0];
    const resume = decideResumeOperation(last);
    if (last !== undefined && resume === "look-up") return await this.#lookUp(claim, last, signal);
    // A shop that refuses a command must not keep an edit from the ERP; the command's turn comes after it.
    const isEdited = (): boolean => look.planner(look.operations).kind === "amend";
    if (last !== undefined && resume === "send-again" && !isEdited()) {
      return await this.#sendAgain(claim, last, signal);
    }
    return await this.#plan(claim, look, signal);
  }

  async #plan(claim: Claim, { operations, planner }: Look<Body>, signal: AbortSignal): Promise<Step> {
    const plan = planner(operations);
    switch (plan.kind) {
      case "nothing":
        return await this.#agree(claim);
      case "hold":
        return await this.#hold(plan.code, plan.waitsFor);
      case "park":
        if (plan.error instanceof IdentityError) this.#deps.onStranger();
        throw new WorkFailedError({ error: plan.error, planHash: null, waitsFor: plan.waitsFor });
      case "create":
        return await this.#begin(claim, operations, { ...plan, ref: null }, signal);
      case "amend":
        return await this.#begin(claim, operations, { ...plan, shopState: null }, signal);
      case "set_status":
        return await this.#beginStatus(claim, operations, plan.state, signal);
    }
  }

  async #agree(claim: Claim): Promise<Step> {
    // Who waits for this subject may have begun to wait after it was acknowledged.
    if (this.#record.kind === "customer") await readyWaitingJobs(this.#deps.db, [claim.subject]);
    return { kind: "done", settled: false };
  }

  async #hold(code: string, waitsFor: Subject | null): Promise<Step> {
    if (waitsFor !== null) await requireJob(this.#deps.db, waitsFor);
    return { kind: "held", code, waitsFor };
  }

  async #begin(
    claim: Claim,
    operations: readonly OperationRow[],
    { kind, body, ref, shopState }: Wanted<Body>,
    signal: AbortSignal,
  ): Promise<Step> {
    const { externalId } = body;
    const text = JSON.stringify(body);
    const intent = nextIntent(claim, operations, {
      kind,
      externalId,
      body: text,
      bodyHash: this.#record.hash(body),
      contentHash: this.#record.contentHash(body),
      shopState,
    });
    await this.#commitIntent(claim, intent);
    const isUnsettled = kind === "amend" && mayArriveLate(operations[0], this.#deps.settleMs);
    const flight = { claim, intent, body, resumed: false, replaced: false, isUnsettled };
    return await this.#send(flight, ref, signal);
  }

  async #commitIntent(claim: Claim, intent: Intent): Promise<void> {
    this.#requireWriting();
    if (await insertFreshIntent(this.#deps.db, claim, intent, this.#deps.leaseMs - FRESH_CLAIM_MS)) return;
    await inTransaction(this.#deps.db, async (tx) => {
      await this.#requireClaim(tx, claim);
      if (await isWritingStopped(tx)) throw writingStopped();
      await insertIntent(tx, intent);
    });
  }

  async #requireClaim(db: Database, claim: Claim): Promise<void> {
    if (await renewLease(db, claim, this.#deps.leaseMs)) return;
    throw new ClaimLostError(`The claim on ${claim.subject} was lost: its lease ran out`);
  }

  #requireWriting(): void {
    if (this.#deps.stopped()) throw writingStopped();
  }

  /** Sends an ERP operation whose intent is committed. */
  async #send(flight: Flight<Body>, ref: ErpRef | null, signal: AbortSignal): Promise<Step> {
    const exchanges: ErpExchange[] = [];
    const call = this.#call(exchanges, signal);
    const purpose = flight.intent.kind === "create" ? "create" : "amend";
    let acknowledged: ErpRef;
    try {
      if (ref !== null) await this.#record.amend(ref, flight.body, call);
      acknowledged = ref ?? (await this.#record.create(flight.body, call));
    } catch (thrown) {
      return await this.#failed(flight, purpose, exchanges, thrown);
    }
    const attempts = this.#attempts(flight.claim.subject, flight.intent, purpose, exchanges, undefined);
    return await this.#acknowledge(flight, acknowledged, false, attempts);
  }

  /** Records a failure, and decides whether it ends the claim. */
  async #failed(
    flight: Flight<Body>,
    purpose: Attempt["purpose"],
    exchanges: readonly ErpExchange[],
    thrown: unknown,
  ): Promise<Step> {
    const { intent, claim } = flight;
    await insertAttempts(this.#deps.db, this.#attempts(claim.subject, intent, purpose, exchanges, thrown));
    // The key exists: this operation, or a stranger's record. The look-up tells which.
    if (thrown instanceof ErpDuplicateError) return "again";
    if (thrown instanceof ErpAmbiguousError || thrown instanceof ErpFailedError) {
      await noteOperationFailure(this.#deps.db, intent.key, "ambiguous");
    } else if (thrown instanceof SidecarError && isCertain(thrown.advice)) {
      await noteOperationFailure(this.#deps.db, intent.key, "refused");
    }
    throw new WorkFailedError({
      error: asWorkError(thrown, isDatabaseAway),
      planHash: intent.bodyHash,
      waitsFor: null,
    });
  }

  /** An operation was found open: it may stand in the ERP, so it is looked up by its external id. */
  async #lookUp(claim: Claim, last: OperationRow, signal: AbortSignal): Promise<Step> {
    await this.#requireClaim(this.#deps.db, claim);
    const flight = await this.#resume(claim, last);
    const exchanges: ErpExchange[] = [];
    const found = await this.#record
      .find(last.externalId, this.#call(exchanges, signal))
      .catch((thrown: unknown) => {
        return this.#failedLookUp(flight, exchanges, thrown);
      });
    const attempts = this.#attempts(claim.subject, flight.intent, "look_up", exchanges, undefined);
    if (found === undefined) {
      await insertAttempts(this.#deps.db, attempts);
      return await this.#missed(flight, last, signal);
    }
    if (found.fingerprint !== flight.body.fingerprint) {
      await insertAttempts(this.#deps.db, attempts);
      throw this.#stranger(flight, found.ref, found.fingerprint);
    }
    return await this.#acknowledge(flight, found.ref, true, attempts);
  }

  async #failedLookUp(
    flight: Flight<Body>,
    exchanges: readonly ErpExchange[],
    thrown: unknown,
  ): Promise<never> {
    const attempts = this.#attempts(flight.claim.subject, flight.intent, "look_up", exchanges, thrown);
    await insertAttempts(this.#deps.db, attempts);
    throw new WorkFailedError({
      error: asWorkError(thrown, isDatabaseAway),
      planHash: flight.intent.bodyHash,
      waitsFor: null,
    });
  }

  #stranger(flight: Flight<Body>, ref: ErpRef, fingerprint: string | undefined): WorkFailedError {
    this.#deps.onStranger();
    const seen = fingerprint === undefined ? "no fingerprint" : `fingerprint ${fingerprint}`;
    const error = new IdentityError(
      `The ERP has ${flight.intent.externalId} as ${ref} with ${seen}, and ${flight.claim.subject} has ${flight.body.fingerprint}: it is another record. After a restore run "erpsync adopt --restored"`,
    );
    return new WorkFailedError({ error, planHash: flight.intent.bodyHash, waitsFor: null });
  }

  async #missed(flight: Flight<Body>, last: OperationRow, signal: AbortSignal): Promise<Step> {
    if (decideAfterMiss(last, this.#deps.uniqueKey, this.#deps.settleMs) === "wait") {
      return { kind: "held", code: "unsettled", waitsFor: null };
    }
    return await this.#plan(flight.claim, await this.#look(flight.claim), signal);
  }

  /** A command that was found open is sent again with its stored body; the shop executes each command once. */
  async #sendAgain(claim: Claim, last: OperationRow, signal: AbortSignal): Promise<Step> {
    this.#requireWriting();
    await this.#requireClaim(this.#deps.db, claim);
    const flight = await this.#resume(claim, last);
    return await this.#sendStatus(claim, flight.intent, signal);
  }

  async #resume(claim: Claim, last: OperationRow): Promise<Flight<Body>> {
    const text = await readOperationBody(this.#deps.db, last.key);
    const { key, number, kind, externalId, bodyHash, contentHash, replaced } = last;
    const shopState = last.shopState ?? null;
    const { subject } = claim;
    const intent = { key, subject, number, kind, externalId, body: text, bodyHash, contentHash, shopState };
    // Written by this program as a Body, and unchanged since but where its person was erased: then it still has what a
    // look-up and its acknowledgement need.
    return { claim, intent, body: JSON.parse(text) as Body, resumed: true, replaced, isUnsettled: false };
  }

  async #acknowledge(
    flight: Flight<Body>,
    ref: ErpRef,
    found: boolean,
    attempts: readonly Attempt[],
  ): Promise<Step> {
    const { claim, intent, body, isUnsettled, replaced } = flight;
    const { db, erpName, keepsClaim, leaseMs, settleMs } = this.#deps;
    const settle = !flight.resumed && !isUnsettled && !(keepsClaim && intent.kind === "create");
    // What a look-up found may be the body before it was replaced, and an unanswered amendment may still overwrite
    // this one: then the planner amends it.
    const bodyHash = (found && replaced) || isUnsettled ? UNKNOWN_BODY_HASH : intent.bodyHash;
    const orderId = this.#record.confirmedOrder(body);
    const mapping = this.#record.mapping(body, ref);
    await acknowledge(db, { claim, intent, mapping, bodyHash, attempts, settle, leaseMs, orderId, erpName });
    this.#tell(claim, intent, orderId);
    const { key, externalId } = intent;
    this.#deps.log("info", { event: "operation.acknowledged", key, externalId, erpRef: ref, found });
    if (isUnsettled) return { kind: "held", code: "unsettled", waitsFor: null, delayMs: settleMs };
    return settle ? { kind: "done", settled: true } : "again";
  }

  #tell(claim: Claim, intent: Intent, orderId: number | undefined): void {
    this.#deps.onSuccess();
    if (orderId === undefined) return;
    this.#deps.onExported(orderId);
    if (intent.kind === "create") this.#deps.onLatency(claim);
  }

  async #beginStatus(
    claim: Claim,
    operations: readonly OperationRow[],
    state: number,
    signal: AbortSignal,
  ): Promise<Step> {
    const externalId = operations[0]?.externalId ?? ("" as ExternalId);
    const body = JSON.stringify({ state });
    const intent = nextIntent(claim, operations, {
      kind: "set_status",
      externalId,
      body,
      bodyHash: sha256(body),
      contentHash: null,
      shopState: null,
    });
    await this.#commitIntent(claim, intent);
    return await this.#sendStatus(claim, intent, signal);
  }

  async #sendStatus(claim: Claim, intent: Intent, signal: AbortSignal): Promise<Step> {
    const exchanges: ErpExchange[] = [];
    const { state } = JSON.parse(intent.body) as { readonly state: number };
    const note = (exchange: ErpExchange): void => void exchanges.push(exchange);
    try {
      await this.#deps.setStatus({ commandId: intent.key, subject: claim.subject, state }, note, signal);
    } catch (thrown) {
      await insertAttempts(
        this.#deps.db,
        this.#attempts(claim.subject, intent, "command", exchanges, thrown),
      );
      if (thrown instanceof ShopCommandError && thrown.advice.kind === "park") {
        await noteOperationFailure(this.#deps.db, intent.key, "refused");
      }
      throw new WorkFailedError({
        error: asWorkError(thrown, isDatabaseAway),
        planHash: intent.bodyHash,
        waitsFor: null,
      });
    }
    await inTransaction(this.#deps.db, async (tx) => {
      await this.#requireClaim(tx, claim);
      await acknowledgeOperation(tx, intent.key, null, intent.bodyHash);
      await book(tx, this.#record.kind, intent, String(state), intent.bodyHash);
      await insertAttempts(tx, this.#attempts(claim.subject, intent, "command", exchanges, undefined));
    });
    return "again";
  }

  #call(exchanges: ErpExchange[], signal: AbortSignal): ErpCall {
    const { clock, callBudgetMs, leaseMs } = this.#deps;
    // A call that got its place later than this could outlive the claim, and another worker would repeat it.
    const startByMs = clock.monotonicMs() + leaseMs - FRESH_CLAIM_MS - callBudgetMs;
    return { signal, priority: PRIORITY, startByMs, note: (exchange) => void exchanges.push(exchange) };
  }

  #attempts(
    subject: Subject,
    intent: Intent,
    purpose: Attempt["purpose"],
    exchanges: readonly ErpExchange[],
    thrown: unknown,
  ): readonly Attempt[] {
    const direction = purpose === "command" ? "to_shop" : "to_erp";
    const { actor } = this.#deps;
    return exchanges.map((exchange, index) => {
      const failed = thrown !== undefined && index === exchanges.length - 1;
      const outcome = failed ? asWorkError(thrown, isDatabaseAway).code : "ok";
      this.#deps.metrics.erpCalls.inc({ purpose, outcome });
      this.#deps.metrics.erpCallSeconds.observe(exchange.tookMs / 1_000);
      const message = failed ? messageOf(thrown) : null;
      return { subject, key: intent.key, direction, purpose, outcome, message, exchange, actor };
    });
  }
}

/** The operation that follows the last acknowledged one. */
function nextIntent(
  { subject }: Claim,
  operations: readonly OperationRow[],
  content: Omit<Intent, "key" | "subject" | "number">,
): Intent {
  const acknowledged = operations.find((operation) => operation.state === "acknowledged")?.number ?? 0;
  const number = acknowledged + 1;
  return { key: operationKey(subject, number), subject, number, ...content };
}

/** True where an amendment that was not answered may still be under way. */
function mayArriveLate(last: OperationRow | undefined, settleMs: number): boolean {
  return last?.kind === "amend" && last.state !== "acknowledged" && last.ambiguous && last.ageMs < settleMs;
}

const writingStopped = (): WritingStoppedError =>
  new WritingStoppedError("Writing is stopped: the shop is not the one last seen");

/** True where the error proves that nothing was executed, so the operation may be planned afresh. */
function isCertain(advice: RetryAdvice): boolean {
  return advice.kind !== "retry";
}
