import PQueue from "p-queue";
import type { Clock, Sleep } from "../domain/clock.ts";
import { SidecarError, safeDescription } from "../domain/errors.ts";
import { HELD_ALARM_MS, HELD_BY_WISH, type Lane } from "../domain/job.ts";
import type { Database, Tx } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { inTransaction, isDatabaseAway, repeated } from "../platform/transaction.ts";
import type { Wake } from "../platform/wake.ts";
import { type Breaker, type BreakerEvent, CLOSED, decideBreaker } from "./decide-breaker.ts";
import {
  asWorkError,
  settleFailure,
  settleOutcome,
  settleUntouched,
  type WorkFailure,
  type WorkOutcome,
} from "./decide-settlement.ts";
import {
  type Claim,
  lockMarkedJobs,
  lockReadyJobs,
  noteAlarm,
  type ReadyJob,
  readyDueJobs,
  refundAttempts,
  rescueJobs,
  type Settled,
  settleJob,
  stampClaims,
} from "./statements.ts";

/** Does the work of one claim. */
export type Work = (claim: Claim, signal: AbortSignal) => Promise<WorkOutcome>;

/** Thrown by a stage to say more about a failure than the error itself can. */
export class WorkFailedError extends Error {
  readonly failure: WorkFailure;
  constructor(failure: WorkFailure) {
    super(failure.error.message);
    this.failure = failure;
  }
}

/** Milliseconds between two looks for jobs whose time has come, where every mark rings this worker. */
const TICK_MS = 5_000;
/** The same, and for ready jobs too, where another process marks them. */
const UNANNOUNCED_TICK_MS = 250;
/** Milliseconds after a job's time at which it is looked for, so that the database's clock has surely reached it. */
const DUE_SLACK_MS = 20;
/** A settlement is tried again after 0.5, 1, 1.5 and 2 s. */
const SETTLE_TRIES = 5;
const SETTLE_RETRY_MS = 500;
/** Milliseconds between two looks for ready jobs that nobody announced, and for orphans. */
const SWEEP_MS = 30_000;

export interface WorkerDeps {
  readonly db: Database;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly wake: Wake;
  readonly lane: Lane;
  /** Jobs worked at once; a little over the ERP's limit, so that its next call is always ready. */
  readonly concurrency: number;
  /** Jobs that are of use to claim now; fewer after the ERP asked for fewer calls. */
  readonly useful: () => number;
  /** Outlives the ERP's timeout, its abort and the settling. */
  readonly leaseMs: number;
  /** `host:pid`, for the record. */
  readonly actor: string;
  readonly newToken: () => string;
  readonly work: Work;
  /** A cheap read of the ERP; rejects while it is away. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  /** Whether writing is stopped; then nothing is claimed. */
  readonly stopped: () => boolean;
  /** True while this process reads the binlog, so that whoever marks a job also rings. */
  readonly announced: () => boolean;
  /** True where this process is the only one that works (it holds the ERP port). */
  readonly alone: boolean;
}

/**
 * Works a lane: claims what is ready as places become free, and settles each claim. The database is the queue;
 * PQueue only holds what is being worked.
 */
export class Worker {
  readonly #deps: WorkerDeps;
  readonly #places: PQueue;
  #breaker: Breaker = CLOSED;
  #doubt: Promise<boolean> | undefined;
  /** Aborts the work of claims; undefined while none are taken. */
  #taking: AbortSignal | undefined;
  #tickAtMs = Number.NEGATIVE_INFINITY;
  #sweepAtMs = Number.NEGATIVE_INFINITY;
  /** When the next job that this worker put off is due; what others put off is found by the tick. */
  #dueAtMs = Number.POSITIVE_INFINITY;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
    this.#places = new PQueue({ concurrency: deps.concurrency });
  }

  /** The breaker's state and its reason, for `status` and `/ready`. */
  get breaker(): Breaker {
    return this.#breaker;
  }

  /**
   * Claims and works until `signal`, then waits for what is under way. `abort` cuts that short: calls of the ERP are
   * aborted, and the next start looks up what became of them. Rejects where the database is away.
   */
  async run(signal: AbortSignal, abort: AbortSignal): Promise<void> {
    await this.#rescue(this.#deps.alone);
    this.#taking = abort;
    const stopTaking = (): void => {
      this.#taking = undefined;
    };
    signal.addEventListener("abort", stopTaking, { once: true });
    try {
      let look = true;
      while (!signal.aborted) {
        if (await this.#tick()) look = true;
        if (look && (await this.#mayClaim(abort))) await this.#claim(abort);
        // A claim leaves nothing ready, or no place free; a job that becomes ready rings, and so does a place.
        look = await this.#deps.wake.wait(this.#waitMs(), signal);
      }
    } finally {
      stopTaking();
      signal.removeEventListener("abort", stopTaking);
      await this.#places.onIdle();
    }
  }

  #free(): number {
    const { concurrency, useful } = this.#deps;
    return Math.min(concurrency, useful()) - this.#places.pending - this.#places.size;
  }

  #waitMs(): number {
    const { clock } = this.#deps;
    const untilMs = this.#breaker.state === "closed" ? this.#dueAtMs : this.#breaker.probeAtMs;
    return Math.min(this.#tickMs(), Math.max(1, untilMs - clock.monotonicMs()));
  }

  #tickMs(): number {
    return this.#deps.announced() ? TICK_MS : UNANNOUNCED_TICK_MS;
  }

  async #mayClaim(abort: AbortSignal): Promise<boolean> {
    return !this.#deps.stopped() && (await this.#probe(abort));
  }

  /** Readies what is due; true where there may be something to claim that nobody rang for. */
  async #tick(): Promise<boolean> {
    const { clock, db, lane } = this.#deps;
    const nowMs = clock.monotonicMs();
    // An open breaker looks at every tick, because its probe must go out though nobody rings.
    if (nowMs < this.#tickAtMs && nowMs < this.#dueAtMs) return this.#breaker.state === "open";
    this.#tickAtMs = nowMs + this.#tickMs();
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    const due = await repeated(() => readyDueJobs(db, lane));
    if (nowMs < this.#sweepAtMs) return due > 0 || this.#breaker.state === "open" || !this.#deps.announced();
    this.#sweepAtMs = nowMs + SWEEP_MS;
    await this.#rescue(false);
    return true;
  }

  async #rescue(all: boolean): Promise<void> {
    const jobs = await repeated(() => rescueJobs(this.#deps.db, all));
    if (jobs > 0) this.#deps.log("warn", { event: "job.rescued", jobs });
  }

  async #claim(signal: AbortSignal): Promise<void> {
    const { db, lane } = this.#deps;
    const free = this.#free();
    if (free <= 0) return;
    const claims = await inTransaction(db, async (tx) =>
      this.#stamp(tx, await lockReadyJobs(tx, lane, free)),
    );
    this.#begin(claims, signal);
  }

  async #stamp(tx: Tx, jobs: readonly ReadyJob[]): Promise<readonly Claim[]> {
    if (jobs.length === 0) return [];
    const { actor, clock, leaseMs, newToken } = this.#deps;
    const token = newToken();
    const subjects = jobs.map((job) => job.subject);
    await stampClaims(tx, subjects, { token, by: actor, leaseMs });
    const claimedAtMs = clock.monotonicMs();
    return jobs.map((job) => ({ ...job, token, claimedAtMs }));
  }

  #begin(claims: readonly Claim[], abort: AbortSignal): void {
    for (const claim of claims) {
      void this.#places.add(async () => {
        await this.#workOn(claim, abort);
        this.#deps.wake.ring();
      });
    }
  }

  /**
   * Claims jobs in the very transaction that marked them, which spares a claim of its own on the way of an order to the
   * ERP: the row is still what hands over, and a crash leaves a claim for the rescue. None where places are short, the
   * ERP is away or writing is stopped; the jobs are then ready, like all others. Give the claims to `take` after the
   * commit.
   */
  async claimMarked(tx: Tx, subjects: readonly string[]): Promise<readonly Claim[]> {
    const isOpen = this.#taking !== undefined && this.#breaker.state === "closed" && !this.#deps.stopped();
    if (!isOpen || subjects.length === 0 || subjects.length > this.#free()) return [];
    return await this.#stamp(tx, await lockMarkedJobs(tx, this.#deps.lane, subjects));
  }

  /** Works claims that `claimMarked` gave. A worker that has ended meanwhile gives them back. */
  take(claims: readonly Claim[]): void {
    if (this.#taking !== undefined) {
      this.#begin(claims, this.#taking);
      return;
    }
    for (const claim of claims) void this.#settle(claim, settleUntouched(claim)).catch(() => undefined);
  }

  /** Never rejects: a failure of one job stops only itself, and a lost database is found by the next round. */
  async #workOn(claim: Claim, signal: AbortSignal): Promise<void> {
    const startedMs = this.#deps.clock.monotonicMs();
    try {
      const outcome = await this.#deps.work(claim, signal);
      if (outcome.kind === "held") await this.#alarm(claim, outcome.code);
      if (outcome.kind === "held" || !outcome.settled)
        await this.#settle(claim, settleOutcome(claim, outcome));
      this.#note(claim, outcome, startedMs);
    } catch (thrown) {
      await this.#fail(claim, thrown, signal).catch((error: unknown) => {
        this.#deps.log("error", {
          event: "loop.failed",
          loop: "settle",
          message: safeDescription(error),
          retryMs: this.#deps.leaseMs,
        });
      });
    }
  }

  #note(claim: Claim, outcome: WorkOutcome, startedMs: number): void {
    const { clock, log, metrics } = this.#deps;
    metrics.jobsSettled.inc({ outcome: outcome.kind });
    if (outcome.kind === "held")
      log("info", { event: "job.held", subject: claim.subject, code: outcome.code });
    else
      log("info", {
        event: "job.done",
        subject: claim.subject,
        tookMs: Math.round(clock.monotonicMs() - startedMs),
      });
  }

  async #alarm(claim: Claim, code: string): Promise<void> {
    if (claim.alarmed || claim.heldMs < HELD_ALARM_MS || HELD_BY_WISH.has(code)) return;
    await noteAlarm(this.#deps.db, claim);
    this.#deps.log("error", { event: "job.alarmed", subject: claim.subject, code, heldMs: claim.heldMs });
  }

  /** Settles, also over a database that is away for a moment; beyond that the lease or the next holder rescues. */
  async #settle(claim: Claim, settled: Settled): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        if (await repeated(() => settleJob(this.#deps.db, claim, settled))) {
          this.#remindOf(settled);
          return;
        }
        this.#deps.log("warn", { event: "job.claim_lost", subject: claim.subject });
        return;
      } catch (thrown) {
        if (tries >= SETTLE_TRIES || !isDatabaseAway(thrown)) throw thrown;
        await this.#deps.sleep(SETTLE_RETRY_MS * tries);
      }
    }
  }

  #remindOf({ state, delayMs }: Settled): void {
    if (state !== "held" && state !== "retrying") return;
    this.#dueAtMs = Math.min(this.#dueAtMs, this.#deps.clock.monotonicMs() + delayMs + DUE_SLACK_MS);
  }

  async #fail(claim: Claim, thrown: unknown, signal: AbortSignal): Promise<void> {
    const failure = await this.#blame(
      thrown instanceof WorkFailedError
        ? thrown.failure
        : { error: asWorkError(thrown, isDatabaseAway), planHash: null, waitsFor: null },
      signal,
    );
    const settled = settleFailure(claim, failure);
    await this.#settle(claim, settled);
    this.#deps.metrics.jobsSettled.inc({ outcome: settled.state });
    this.#logFailure(claim, settled);
    const { advice, code } = failure.error;
    // Codes only: the ERP's own words may name a customer, and the breaker's reason is logged and shown.
    if (advice.kind === "outage") await this.hear({ kind: "outage", reason: code });
    // A shop that refuses commands, a lost claim or a bug of ours says nothing about the ERP.
    if (advice.kind === "retry" && advice.suspect === "erp")
      await this.hear({ kind: "failure", subject: claim.subject, reason: code });
  }

  /**
   * Whether the record or the ERP failed: where the ERP cannot even be read now, it was the ERP, and the failure is an
   * outage. A quiet shop has no three orders to fail before the breaker, and its only one would die of a maintenance.
   */
  async #blame(failure: WorkFailure, signal: AbortSignal): Promise<WorkFailure> {
    const { advice, code, message } = failure.error;
    if (advice.kind !== "retry" || advice.suspect !== "erp") return failure;
    if (this.#breaker.state === "closed" && (await this.#isReadable(signal))) return failure;
    return { ...failure, error: { code, message, advice: { kind: "outage" } } };
  }

  /** One probe for all that fail at the same time. An ERP that asks for fewer calls is there. */
  #isReadable(signal: AbortSignal): Promise<boolean> {
    this.#doubt ??= this.#deps
      .probe(signal)
      .then(
        () => true,
        (thrown: unknown) => thrown instanceof SidecarError && thrown.advice.kind === "slow-down",
      )
      .finally(() => {
        this.#doubt = undefined;
      });
    return this.#doubt;
  }

  #logFailure(claim: Claim, settled: Settled): void {
    const { log } = this.#deps;
    const subject = claim.subject;
    const code = settled.code ?? "";
    const { attempts, delayMs } = settled;
    if (settled.state === "dead") log("error", { event: "job.buried", subject, code, attempts });
    if (settled.state === "parked") log("error", { event: "job.parked", subject, code });
    if (settled.state === "retrying")
      log("warn", { event: "job.retrying", subject, code, attempt: attempts, delayMs });
  }

  /** Tells the breaker what came of a call; stages report their successes, failures come by `work`'s errors. */
  async hear(event: BreakerEvent): Promise<void> {
    const before = this.#breaker;
    const { breaker, refund } = decideBreaker(before, event, this.#deps.clock.monotonicMs());
    this.#breaker = breaker;
    if (before.state !== breaker.state) {
      const reason = breaker.state === "open" ? breaker.reason : "the ERP answers again";
      this.#deps.log("error", { event: "erp.breaker", state: breaker.state, reason });
      this.#deps.metrics.breakerOpen.set(breaker.state === "open" ? 1 : 0);
      this.#deps.wake.ring();
    }
    if (refund.length > 0) await repeated(() => refundAttempts(this.#deps.db, refund));
  }

  /** Probes the ERP when it is time; true when the breaker is closed again. */
  async #probe(signal: AbortSignal): Promise<boolean> {
    if (this.#breaker.state === "closed") return true;
    if (this.#deps.clock.monotonicMs() < this.#breaker.probeAtMs) return false;
    try {
      await this.#deps.probe(signal);
      await this.hear({ kind: "success" });
      return true;
    } catch (thrown) {
      await this.hear({ kind: "probe-failed", reason: safeDescription(thrown) });
      return false;
    }
  }
}
