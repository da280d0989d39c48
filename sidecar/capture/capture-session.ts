import type { Database } from "../platform/database.ts";
import { Wake } from "../platform/wake.ts";
import { type BinlogTransaction, openTail, type Tail } from "./binlog-tail.ts";
import type { CaptureDeps } from "./capture-deps.ts";
import { checkSource } from "./check-source.ts";
import { commitEffects } from "./commit-effects.ts";
import { decideEffects } from "./decide-effects.ts";
import type { Resume } from "./decide-resume.ts";
import type { TailEnd } from "./decide-tail-end.ts";
import { STOCK_TABLES, TAILED_TABLES } from "./decode-row.ts";
import { EffectBatch } from "./effect-batch.ts";
import { holdsLeaderLock, readGrants, readVariables } from "./statements.ts";
import { within } from "./within.ts";

/** How a session came to its end: with its tail, or because we may not or cannot go on. */
export type SessionEnd =
  | TailEnd
  | { readonly kind: "deposed"; readonly message: string }
  | { readonly kind: "unsuitable"; readonly message: string };

/** What a session needs beside the process's dependencies. */
export interface SessionSeat {
  /** The connection that holds the leader lock. */
  readonly connection: Database;
  readonly lockName: string;
  /** Identity of the server, for the checkpoint. */
  readonly server: string;
  readonly serverId: number;
}

/**
 * One tail and the commits that follow it, until the tail ends, the lead is lost or the signal comes. Outbox rows
 * are announced at once, in the tail's own callback; marks wait a moment for company unless one is due now.
 */
export class CaptureSession {
  readonly #deps: CaptureDeps;
  readonly #seat: SessionSeat;
  readonly #wake: Wake;
  #batch = new EffectBatch();
  #tail: Tail | undefined;
  #isPaused = false;
  #committedAtMs: number;
  #maintainedAtMs: number;
  #recheckedAtMs: number;
  #hasWarnedUnread = false;
  /** True once the tail brought news: the reason for the last failure has passed. */
  hasHeard = false;
  /** `<file>:<offset>` behind the last transaction that this session read; undefined before the first. */
  lastPlace: string | undefined;

  constructor(deps: CaptureDeps, seat: SessionSeat) {
    this.#deps = deps;
    this.#seat = seat;
    this.#wake = new Wake(deps.sleep);
    this.#committedAtMs = deps.clock.monotonicMs();
    this.#maintainedAtMs = this.#committedAtMs;
    this.#recheckedAtMs = this.#committedAtMs;
  }

  async run(resume: Resume, signal: AbortSignal): Promise<SessionEnd> {
    const { settings, limits, clock, sleep, log } = this.#deps;
    let ended: SessionEnd | undefined;
    const tail = openTail(
      {
        database: settings,
        serverId: this.#seat.serverId,
        heartbeatMs: limits.heartbeatMs,
        silenceMs: limits.silenceMs,
        tables: this.#deps.keepsLedger ? [...TAILED_TABLES, ...STOCK_TABLES] : TAILED_TABLES,
        netWriteTimeoutSeconds: limits.netWriteTimeoutSeconds,
      },
      resume,
      {
        onStarted: () => {
          log("info", { event: "capture.resumed", by: mannerOf(resume), from: placeOf(resume) });
        },
        onTransaction: (transaction) => {
          this.#receive(transaction);
        },
        onHeartbeat: () => {
          this.hasHeard = true;
          this.#noteLag(0);
        },
      },
      { clock, sleep },
    );
    this.#tail = tail;
    void tail.ended.then((end) => {
      ended ??= end;
      this.#wake.ring();
    });
    try {
      while (!signal.aborted && ended === undefined) {
        await this.#wake.wait(this.#idleMs(), signal);
        ended ??= await this.#maintain();
        if (ended?.kind !== "deposed" && this.#isDue()) await this.#commit();
      }
      return await this.#finish(ended ?? { kind: "closed", message: "Stopped" });
    } finally {
      await tail.close();
    }
  }

  /** What was read whole is committed, so that the next tail does not read it again. */
  async #finish(ended: SessionEnd): Promise<SessionEnd> {
    if (ended.kind !== "deposed" && this.#batch.hasMoved) await this.#commit();
    return ended;
  }

  #receive(transaction: BinlogTransaction): void {
    const { deps, batch } = { deps: this.#deps, batch: this.#batch };
    this.hasHeard = true;
    this.#noteLag(Math.max(0, deps.clock.nowMs() - transaction.committedAtMs));
    const effects = decideEffects(transaction.changes, deps.keepsLedger);
    if (effects.outboxIds.length > 0) deps.onOutboxRows(effects.outboxIds);
    const wasEmpty = batch.sinceMs === undefined;
    const hadNoStock = batch.stockSinceMs === undefined;
    batch.add(transaction, effects, deps.clock.monotonicMs());
    this.lastPlace = `${transaction.at.file}:${String(transaction.at.position)}`;
    deps.status.position = this.lastPlace;
    if (transaction.changes.length > 0) deps.metrics.binlogTransactions.inc();
    if (transaction.unreadRows > 0) this.#warnUnread(transaction.unreadRows);
    this.#pauseWhenFull();
    if (batch.isUrgent || this.#isPaused || (wasEmpty && batch.sinceMs !== undefined)) this.#wake.ring();
    else if (hadNoStock && batch.stockSinceMs !== undefined) this.#wake.ring();
  }

  #pauseWhenFull(): void {
    if (this.#batch.size < this.#deps.limits.batchSubjects || this.#isPaused) return;
    this.#isPaused = true;
    this.#tail?.pause();
  }

  #noteLag(lagMs: number): void {
    this.#deps.status.lagMs = lagMs;
    this.#deps.metrics.binlogLagMs.set(lagMs);
  }

  /** Once a session: under MINIMAL row images every edit of an order line is such a row. */
  #warnUnread(rows: number): void {
    if (this.#hasWarnedUnread) return;
    this.#hasWarnedUnread = true;
    this.#deps.log("warn", {
      event: "capture.warning",
      reason: `${String(rows)} row(s) of a transaction did not name their record; the sweep will find what they changed`,
    });
  }

  /** Milliseconds until something is due without news. */
  #idleMs(): number {
    const { limits, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    const { sinceMs, stockSinceMs, hasMoved } = this.#batch;
    const maintenanceAtMs = this.#maintainedAtMs + limits.maintenanceMs;
    const checkpointAtMs = hasMoved ? this.#committedAtMs + limits.checkpointMs : maintenanceAtMs;
    const commitAtMs = sinceMs === undefined ? checkpointAtMs : sinceMs + limits.lingerMs;
    const stockAtMs = stockSinceMs === undefined ? commitAtMs : stockSinceMs + limits.stockLingerMs;
    return Math.max(0, Math.min(maintenanceAtMs, commitAtMs, stockAtMs) - nowMs);
  }

  #isDue(): boolean {
    const { limits, clock } = this.#deps;
    const { sinceMs, stockSinceMs, hasMoved, isUrgent } = this.#batch;
    const nowMs = clock.monotonicMs();
    if (isUrgent || this.#isPaused) return true;
    if (stockSinceMs !== undefined && nowMs - stockSinceMs >= limits.stockLingerMs) return true;
    if (sinceMs !== undefined) return nowMs - sinceMs >= limits.lingerMs;
    return hasMoved && nowMs - this.#committedAtMs >= limits.checkpointMs;
  }

  async #commit(): Promise<void> {
    const { deps, batch } = { deps: this.#deps, batch: this.#batch };
    this.#batch = new EffectBatch();
    if (this.#isPaused) {
      // The next batch may fill while this one is committed; it is bounded by the same limit.
      this.#isPaused = false;
      this.#tail?.resume();
    }
    const { markedJobs, missed, cause } = await this.#inTime(
      commitEffects(this.#seat.connection, this.#seat.server, batch),
    );
    this.#committedAtMs = deps.clock.monotonicMs();
    if (markedJobs > 0) deps.onMarked();
    if (batch.stock.length > 0) deps.onStock();
    if (cause === undefined) return;
    deps.metrics.missedHooks.inc({ cause }, missed.length);
    for (const orderId of missed) deps.log("warn", { event: "hook.missed", orderId, cause });
  }

  /** Looks from time to time whether we still lead, and more seldom whether the source is still fit. */
  async #maintain(): Promise<SessionEnd | undefined> {
    const { limits, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#maintainedAtMs < limits.maintenanceMs) return undefined;
    this.#maintainedAtMs = nowMs;
    const { connection, lockName } = this.#seat;
    if (!(await this.#inTime(holdsLeaderLock(connection, lockName)))) {
      return { kind: "deposed", message: "The leader lock is held by another connection" };
    }
    if (nowMs - this.#recheckedAtMs < limits.recheckMs) return undefined;
    this.#recheckedAtMs = nowMs;
    const verdict = checkSource(
      await this.#inTime(readVariables(connection)),
      await this.#inTime(readGrants(connection)),
    );
    if (verdict.mode === "binlog") return undefined;
    return { kind: "unsuitable", message: verdict.reasons.join(" ") };
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return within(work, this.#deps.limits.databaseSilenceMs, this.#deps.sleep);
  }
}

function mannerOf(resume: Resume): "gtid" | "position" | "now" {
  if (resume.kind === "now") return "now";
  return resume.byGtid ? "gtid" : "position";
}

function placeOf(resume: Resume): string {
  const { file, position, gtidSet } = resume.from;
  return resume.byGtid && gtidSet !== "" ? gtidSet : `${file}:${String(position)}`;
}
