import type { Clock } from "../domain/clock.ts";
import {
  ClaimLostError,
  IdentityError,
  messageOf,
  SidecarError,
  WritingStoppedError,
} from "../domain/errors.ts";
import { sha256 } from "../domain/fingerprint.ts";
import { type ErpRef, operationKey, type Subject } from "../domain/ids.ts";
import {
  ErpAmbiguousError,
  type ErpCall,
  ErpDuplicateError,
  type ErpExchange,
  ErpFailedError,
  ErpRejectedError,
} from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { inTransaction, isDatabaseAway } from "../platform/transaction.ts";
import { asWorkError, type WorkOutcome } from "../queue/decide-settlement.ts";
import { requireJob } from "../queue/mark-statements.ts";
import { type Claim, readyWaitingJobs, renewLease } from "../queue/statements.ts";
import { WorkFailedError } from "../queue/worker.ts";
import { acknowledge, book } from "./acknowledge.ts";
import { type Attempt, insertAttempts } from "./attempt-statements.ts";
import {
  decideAfterMiss,
  decideRefused,
  decideResumeOperation,
  mayArriveLate,
} from "./decide-resume-operation.ts";
import { mustWithdraw } from "./decide-withdrawal.ts";
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
import type { ErpPlan, HoldCode, Plan, ShopCommand } from "./plan.ts";
import type { Effect, ErpOperation, Planner, RecordBody, RecordKind } from "./record.ts";
import {
  commandExternalId,
  effectOfCommand,
  encodeCommand,
  isRefused,
  type OrderCommands,
  sendCommand,
} from "./shop-command.ts";

/** Steps of one claim: look-up, create, payments, credits, commands, and room for a plan that changes on the way. */
const STEPS_MAX = 16;
/** An order that waits for its payment is readied by it; beside that it is looked at this often. */
const UNPAID_LOOK_MS = 3_600_000;
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
  readonly shop: OrderCommands;
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

/** A claim on its way through its steps. */
interface Errand {
  readonly claim: Claim;
  readonly signal: AbortSignal;
  /** Why the ERP refused the order's payment, where the order is taken back for it. */
  refusal: SidecarError | undefined;
}

/** What a step begins with. */
interface Look {
  readonly operations: readonly OperationRow[];
  readonly planner: Planner;
}

/** What travels with one operation while it is carried out. */
interface Flight {
  readonly errand: Errand;
  readonly intent: Intent;
  readonly effect: Effect<RecordBody>;
  readonly body: RecordBody;
  /** Found open, so its body may be older than the shop; the planner must run again. */
  readonly resumed: boolean;
  readonly replaced: boolean;
  /** An earlier amendment was not answered and may still be executed after this one. */
  readonly isUnsettled: boolean;
  /** Another operation follows, so the claim is kept. */
  readonly goesOn: boolean;
}

/**
 * Carries a subject's operations out, each exactly once in effect: the intent is committed before its call, what is
 * found open is looked up before it is repeated, and an acknowledgement commits with the claim's token.
 */
export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #record: RecordKind;

  constructor(deps: ExecutorDeps, record: RecordKind) {
    this.#deps = deps;
    this.#record = record;
  }

  /** Works one claim to its end. Rejects with the error whose advice the queue follows. */
  async work(claim: Claim, signal: AbortSignal): Promise<WorkOutcome> {
    const errand: Errand = { claim, signal, refusal: undefined };
    for (let step = 1; step <= STEPS_MAX; step += 1) {
      const next = await this.#step(errand, await this.#look(claim));
      if (next !== "again") return next;
    }
    // The shop changes faster than the ERP takes it; another claim goes on from here.
    return { kind: "held", code: "settling", waitsFor: null };
  }

  /** Both sides are read at once, since the time to the ERP's wire is mostly round trips. */
  async #look(claim: Claim): Promise<Look> {
    const [operations, planner] = await Promise.all([
      readOperations(this.#deps.db, claim.subject),
      this.#record.look(claim),
    ]);
    return { operations, planner };
  }

  async #step(errand: Errand, look: Look): Promise<Step> {
    const last = look.operations[0];
    const resume = decideResumeOperation(last);
    if (last !== undefined && resume === "look-up") return await this.#lookUp(errand, last);
    // A shop that refuses a command must not keep an edit, payment or credit from the ERP; the command's turn comes after.
    const isOvertaken = (): boolean => this.#effectOf(look.planner(look.operations).kind) !== undefined;
    if (last !== undefined && resume === "send-again" && !isOvertaken()) {
      return await this.#sendAgain(errand, last);
    }
    return await this.#plan(errand, look);
  }

  #effectOf(kind: Plan<never>["kind"]): Effect<RecordBody> | undefined {
    return this.#record.effects[kind as ErpOperation];
  }

  async #plan(errand: Errand, { operations, planner }: Look): Promise<Step> {
    const plan = planner(operations);
    switch (plan.kind) {
      case "nothing":
        return await this.#agree(errand.claim);
      case "hold":
        return await this.#hold(plan.code, plan.waitsFor);
      case "park":
        if (plan.error instanceof IdentityError) this.#deps.onStranger();
        throw new WorkFailedError({ error: plan.error, planHash: null, waitsFor: plan.waitsFor });
      case "set_status":
      case "set_tracking":
      case "set_invoice":
        return await this.#beginCommand(errand, operations, plan);
      case "create":
      case "amend":
      case "pay":
      case "credit":
      case "cancel":
      case "withdraw":
        return await this.#begin(errand, operations, plan);
    }
  }

  async #agree(claim: Claim): Promise<Step> {
    // Who waits for this subject may have begun to wait after it was acknowledged.
    if (this.#record.kind === "customer") await readyWaitingJobs(this.#deps.db, [claim.subject]);
    return { kind: "done", settled: false };
  }

  async #hold(code: HoldCode, waitsFor: Subject | null): Promise<Step> {
    if (waitsFor !== null) await requireJob(this.#deps.db, waitsFor);
    const delay = code === "unpaid" ? { delayMs: UNPAID_LOOK_MS } : {};
    return { kind: "held", code, waitsFor, ...delay };
  }

  async #begin(
    errand: Errand,
    operations: readonly OperationRow[],
    plan: ErpPlan<RecordBody>,
  ): Promise<Step> {
    const { settleMs } = this.#deps;
    const { kind, body } = plan;
    const mayFollow = mayArriveLate(operations[0], settleMs);
    // Calling off or taking back is not repeated afterwards as an amendment is: so what is under way must end first.
    if (mayFollow && kind !== "amend" && kind !== "create") return unsettled(settleMs);
    const effect = this.#requireEffect(kind);
    const intent = nextIntent(errand.claim, operations, {
      kind,
      externalId: body.externalId,
      body: JSON.stringify(body),
      bodyHash: effect.hash(body),
      contentHash: effect.contentHash(body),
      ...ofCreation(plan),
    });
    await this.#commitIntent(errand.claim, intent);
    const isUnsettled = kind === "amend" && mayFollow;
    const goesOn = hasSequel(plan);
    const flight = { errand, intent, effect, body, resumed: false, replaced: false, isUnsettled, goesOn };
    return await this.#send(flight, "ref" in plan ? plan.ref : null);
  }

  #requireEffect(kind: Intent["kind"]): Effect<RecordBody> {
    const effect = this.#record.effects[kind as ErpOperation];
    if (effect === undefined) throw new ErpRejectedError(`A ${this.#record.kind} has no operation "${kind}"`);
    return effect;
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
  async #send(flight: Flight, ref: ErpRef | null): Promise<Step> {
    const { effect, errand, intent } = flight;
    const exchanges: ErpExchange[] = [];
    const purpose = intent.kind as ErpOperation;
    let acknowledged: ErpRef;
    try {
      acknowledged = await effect.send(flight.body, ref, this.#call(exchanges, errand.signal));
    } catch (thrown) {
      return await this.#failed(flight, purpose, exchanges, thrown);
    }
    const attempts = this.#attempts(errand.claim.subject, intent, purpose, exchanges, undefined);
    return await this.#acknowledge(flight, acknowledged, false, attempts);
  }

  /** Records a failure, and decides whether it ends the claim. */
  async #failed(
    flight: Flight,
    purpose: ErpOperation,
    exchanges: readonly ErpExchange[],
    thrown: unknown,
  ): Promise<Step> {
    const { errand, intent } = flight;
    const { subject } = errand.claim;
    await insertAttempts(this.#deps.db, this.#attempts(subject, intent, purpose, exchanges, thrown));
    // The key exists: this operation, or a stranger's record. The look-up tells which.
    if (thrown instanceof ErpDuplicateError) return "again";
    if (thrown instanceof ErpAmbiguousError || thrown instanceof ErpFailedError) {
      await noteOperationFailure(this.#deps.db, intent.key, "ambiguous");
    } else if (thrown instanceof SidecarError && decideRefused(purpose, thrown.advice)) {
      await noteOperationFailure(this.#deps.db, intent.key, "refused");
      if (purpose === "pay" && mustWithdraw(await readOperations(this.#deps.db, subject))) {
        errand.refusal = thrown;
        return "again";
      }
    }
    throw new WorkFailedError({
      error: asWorkError(thrown, isDatabaseAway),
      planHash: intent.bodyHash,
      waitsFor: null,
    });
  }

  /** An operation was found open: it may stand in the ERP, so it is looked up by its external id. */
  async #lookUp(errand: Errand, last: OperationRow): Promise<Step> {
    const { claim, signal } = errand;
    await this.#requireClaim(this.#deps.db, claim);
    const effect = this.#requireEffect(last.kind);
    const { intent, body } = await this.#resume(claim, last);
    const flight: Flight = {
      ...{ errand, intent, effect, body, resumed: true, replaced: last.replaced },
      ...{ isUnsettled: false, goesOn: true },
    };
    const exchanges: ErpExchange[] = [];
    const found = await effect
      .find?.(last.externalId, this.#call(exchanges, signal))
      .catch((thrown: unknown) => {
        return this.#failedLookUp(flight, exchanges, thrown);
      });
    const attempts = this.#attempts(claim.subject, intent, "look_up", exchanges, undefined);
    if (found === undefined) {
      await insertAttempts(this.#deps.db, attempts);
      return await this.#missed(errand, last);
    }
    if (found.fingerprint !== body.fingerprint) {
      await insertAttempts(this.#deps.db, attempts);
      throw this.#stranger(flight, found.ref, found.fingerprint);
    }
    return await this.#acknowledge(flight, found.ref, true, attempts);
  }

  async #failedLookUp(flight: Flight, exchanges: readonly ErpExchange[], thrown: unknown): Promise<never> {
    const { errand, intent } = flight;
    const attempts = this.#attempts(errand.claim.subject, intent, "look_up", exchanges, thrown);
    await insertAttempts(this.#deps.db, attempts);
    throw new WorkFailedError({
      error: asWorkError(thrown, isDatabaseAway),
      planHash: intent.bodyHash,
      waitsFor: null,
    });
  }

  #stranger(flight: Flight, ref: ErpRef, fingerprint: string | undefined): WorkFailedError {
    this.#deps.onStranger();
    const seen = fingerprint === undefined ? "no fingerprint" : `fingerprint ${fingerprint}`;
    const error = new IdentityError(
      `The ERP has ${flight.intent.externalId} as ${ref} with ${seen}, and ${flight.errand.claim.subject} has ${flight.body.fingerprint}: it is another record. After a restore run "erpsync adopt --restored"`,
    );
    return new WorkFailedError({ error, planHash: flight.intent.bodyHash, waitsFor: null });
  }

  async #missed(errand: Errand, last: OperationRow): Promise<Step> {
    const { settleMs, uniqueKey } = this.#deps;
    if (decideAfterMiss(last, uniqueKey, settleMs) === "wait") return unsettled();
    return await this.#plan(errand, await this.#look(errand.claim));
  }

  /** A command that was found open is sent again with its stored body; the shop executes each command once. */
  async #sendAgain(errand: Errand, last: OperationRow): Promise<Step> {
    this.#requireWriting();
    await this.#requireClaim(this.#deps.db, errand.claim);
    const { intent } = await this.#resume(errand.claim, last);
    return await this.#sendCommand(errand, intent);
  }

  async #resume(
    claim: Claim,
    last: OperationRow,
  ): Promise<{ readonly intent: Intent; readonly body: RecordBody }> {
    const text = await readOperationBody(this.#deps.db, last.key);
    const { key, number, kind, externalId, bodyHash, contentHash } = last;
    const intent: Intent = {
      ...{ key, subject: claim.subject, number, kind, externalId, body: text, bodyHash, contentHash },
      shopState: last.shopState ?? null,
      money: last.money ?? null,
    };
    // Written by this program as a body of this kind, and unchanged since but where its person was erased: then it still
    // has what a look-up and its acknowledgement need.
    return { intent, body: JSON.parse(text) as RecordBody };
  }

  async #acknowledge(
    flight: Flight,
    ref: ErpRef,
    found: boolean,
    attempts: readonly Attempt[],
  ): Promise<Step> {
    const { errand, intent, body, isUnsettled, replaced } = flight;
    const { claim } = errand;
    const { db, erpName, leaseMs, settleMs } = this.#deps;
    const settle = !flight.resumed && !isUnsettled && !flight.goesOn;
    // What a look-up found may be the body before it was replaced, and an unanswered amendment may still overwrite
    // this one: then the planner amends it.
    const bodyHash = (found && replaced) || isUnsettled ? UNKNOWN_BODY_HASH : intent.bodyHash;
    const outcome = flight.effect.outcome(body, ref, found);
    await acknowledge(db, { claim, intent, ref, outcome, bodyHash, attempts, settle, leaseMs, erpName });
    this.#tell(claim, intent, outcome.confirmedOrder);
    const { key, externalId } = intent;
    this.#deps.log("info", { event: "operation.acknowledged", key, externalId, erpRef: ref, found });
    if (intent.kind === "withdraw") throw this.#takenBack(errand);
    if (isUnsettled) return unsettled(settleMs);
    return settle ? { kind: "done", settled: true } : "again";
  }

  /** Neither order nor payment stands in the ERP: it parks with the reason, and whatever readies it tries both again. */
  #takenBack({ refusal }: Errand): WorkFailedError {
    const error =
      refusal ??
      new ErpRejectedError("The ERP refused the payment, so the order was taken back; its attempts say why");
    return new WorkFailedError({ error, planHash: null, waitsFor: null });
  }

  #tell(claim: Claim, intent: Intent, orderId: number | undefined): void {
    this.#deps.onSuccess();
    if (orderId === undefined) return;
    this.#deps.onExported(orderId);
    if (intent.kind === "create") this.#deps.onLatency(claim);
  }

  async #beginCommand(
    errand: Errand,
    operations: readonly OperationRow[],
    command: ShopCommand,
  ): Promise<Step> {
    const body = encodeCommand(command);
    const intent = nextIntent(errand.claim, operations, {
      kind: command.kind,
      externalId: commandExternalId(operations[0]),
      body,
      bodyHash: sha256(body),
      contentHash: null,
      shopState: null,
      money: null,
    });
    await this.#commitIntent(errand.claim, intent);
    return await this.#sendCommand(errand, intent);
  }

  async #sendCommand({ claim, signal }: Errand, intent: Intent): Promise<Step> {
    const exchanges: ErpExchange[] = [];
    const note = (exchange: ErpExchange): void => void exchanges.push(exchange);
    const attempts = (thrown: unknown): readonly Attempt[] =>
      this.#attempts(claim.subject, intent, "command", exchanges, thrown);
    try {
      await sendCommand(this.#deps.shop, claim.subject, intent, note, signal);
    } catch (thrown) {
      await insertAttempts(this.#deps.db, attempts(thrown));
      if (isRefused(thrown)) await noteOperationFailure(this.#deps.db, intent.key, "refused");
      throw new WorkFailedError({
        error: asWorkError(thrown, isDatabaseAway),
        planHash: intent.bodyHash,
        waitsFor: null,
      });
    }
    await inTransaction(this.#deps.db, async (tx) => {
      await this.#requireClaim(tx, claim);
      await acknowledgeOperation(tx, intent.key, null, intent.bodyHash);
      await book(tx, this.#record.kind, intent, effectOfCommand(intent), intent.bodyHash);
      await insertAttempts(tx, attempts(undefined));
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

/** What only a creation puts on record. */
function ofCreation(plan: ErpPlan<RecordBody>): Pick<Intent, "shopState" | "money"> {
  if (plan.kind !== "create") return { shopState: null, money: null };
  return { shopState: plan.shopState, money: plan.money ?? null };
}

/** Whether another operation may follow; after all but a record's own content that is looked for. */
const hasSequel = (plan: ErpPlan<RecordBody>): boolean =>
  plan.kind === "create" || plan.kind === "amend" ? (plan.goesOn ?? false) : true;

const writingStopped = (): WritingStoppedError =>
  new WritingStoppedError("Writing is stopped: the shop is not the one last seen");

/** Something may still be under way; by how long the job was held unless told. */
function unsettled(delayMs?: number): WorkOutcome {
  const held = { kind: "held", code: "unsettled", waitsFor: null } as const;
  return delayMs === undefined ? held : { ...held, delayMs };
}
