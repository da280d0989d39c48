import type { Clock, Sleep } from "../../domain/clock.ts";
import type { DatabaseSettings } from "../../platform/database.ts";
import { lockName, withNamedLock } from "../../platform/named-lock.ts";
import type { Wake } from "../../platform/wake.ts";
import { BOOKING_LIMITS, type Booked, bookFacts, type Settling } from "./book-facts.ts";
import { isReset } from "./decide-pass.ts";
import { readLedgerState } from "./ledger-statements.ts";
import { passStep } from "./pass.ts";
import { countPass } from "./pass-statements.ts";
import { type SettleDeps, type SettleResult, settleRows } from "./settle.ts";
import { readOverdue, readUnsettled } from "./settle-statements.ts";

/** Times of the loop, and how many rows one look settles. */
export const LEDGER_LIMITS = {
  /** How often an idle ledger asks whether there is something to do, in one query. */
  idleMs: 5_000,
  /** Between two steps of a pass, so that the shop's own statements come between. */
  passPauseMs: 20,
  /** How often a pass looks whether the binlog has told of what it observed. */
  passWaitMs: 100,
  /** How long facts alone are booked when they come faster than that. */
  pressMs: 200,
  /** From one settling to the next, where all that was due fitted: many rows at once cost little more than a few. */
  settleEveryMs: 100,
  /** Rows that are settled at once. */
  sliceRows: 100,
  overdueEveryMs: 5_000,
  /** A row that could not be settled is looked at again after this time, and then after twice as long. */
  retryFirstMs: 50,
  retryMaxMs: 5_000,
} as const;

/** A matter of a row that is never quiet is decided when it is this old. */
export const LEDGER_OVERDUE_MS = 30_000;

export interface LedgerDeps extends SettleDeps {
  readonly settings: DatabaseSettings;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Rung when facts were committed to the inbox. */
  readonly wake: Wake;
}

/** Keeps the ledger until the signal: one process of an installation does, the others stand by. */
export async function runLedger(deps: LedgerDeps, signal: AbortSignal): Promise<void> {
  const { settings, sleep, wake } = deps;
  const name = lockName(settings.database, settings.prefix, "stock-ledger");
  const onStandby = (): void => undefined;
  await withNamedLock({ settings, name, sleep, signal, onStandby }, async (held) => {
    const ledger = new Ledger(deps);
    let isRung = false;
    try {
      while (!held.aborted) {
        const waitMs = await ledger.round(isRung, held);
        isRung = waitMs <= 0 || (await wake.wait(waitMs, held));
      }
    } finally {
      await ledger.settled();
    }
  });
}

/** A row that could not be settled just now. */
interface Waiting {
  readonly atMs: number;
  readonly times: number;
}

/**
 * The ledger's rounds. What it remembers between them can be forgotten. Facts are booked at once; rows are settled beside
 * that, some at a time, and nothing is booked about those until they are.
 */
export class Ledger {
  readonly #deps: LedgerDeps;
  readonly #waiting = new Map<number, Waiting>();
  /** Rows that are settled without waiting for quiet; who forgets them settles them when they are. */
  readonly #urgent = new Set<number>();
  #inboxRows: number = BOOKING_LIMITS.inboxRows;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #overdueAtMs = 0;
  #restedAtMs = 0;
  /** What is being settled; nothing is begun before it is over. */
  #settling: Settling | undefined;
  #settlesAgainAtMs = Number.NEGATIVE_INFINITY;
  /** What ended the last settling early. */
  #failure: { readonly thrown: unknown } | undefined;
  #hasPass = true;
  /** Rows may stand elsewhere than the ledger has them, so nothing is decided or written. */
  #isResetting = true;
  #hasUnsettled = true;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  /**
   * Books what waits, takes a step of a pass, and begins to settle what is due. Returns how many milliseconds there is
   * nothing more to do; the end of a settling rings.
   * @param isRung facts were committed since the last round, so that nobody need ask.
   */
  async round(isRung: boolean, signal: AbortSignal): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure.thrown;
    const booked = await this.#bookWaiting(isRung);
    const isFull = booked?.isFull === true;
    if (isFull && !this.#isRestDue()) return 0;
    this.#restedAtMs = this.#deps.clock.monotonicMs();
    const passMs = await this.#stepPass();
    const dueMs = await this.#settleDue(signal);
    return isFull ? 0 : Math.max(0, Math.min(passMs, dueMs, this.#lookInMs()));
  }

  /** Waits until no row is being settled. */
  async settled(): Promise<void> {
    await this.#settling?.done;
  }

  /** While more waits than one batch takes, the rest of a round has its turn only from time to time. */
  #isRestDue(): boolean {
    return this.#deps.clock.monotonicMs() - this.#restedAtMs >= LEDGER_LIMITS.pressMs;
  }

  async #bookWaiting(isRung: boolean): Promise<Booked | undefined> {
    const isLookDue = !isRung || this.#lookInMs() <= 0;
    const hasFacts = (isLookDue && (await this.#look())) || isRung;
    return hasFacts ? await this.#book() : undefined;
  }

  #lookInMs(): number {
    return this.#lookedAtMs + LEDGER_LIMITS.idleMs - this.#deps.clock.monotonicMs();
  }

  /** One query; true where facts wait. */
  async #look(): Promise<boolean> {
    const state = await readLedgerState(this.#deps.db);
    this.#lookedAtMs = this.#deps.clock.monotonicMs();
    this.#hasPass = state.hasPass || state.lacksPass;
    this.#isResetting = state.isResetting;
    this.#hasUnsettled = state.hasUnsettled;
    return state.hasFacts;
  }

  async #book(): Promise<Booked | undefined> {
    const { clock, db, log, metrics } = this.#deps;
    const booked = await bookFacts({ db, log }, this.#inboxRows, this.#settling);
    if (booked === undefined) return undefined;
    const { inboxRows, inboxRowsMin } = BOOKING_LIMITS;
    // Rows of large transactions are large themselves: what one batch does not reach is not read either.
    this.#inboxRows = Math.min(inboxRows, Math.max(inboxRowsMin, booked.inboxRows * 4));
    const lagMs = clock.nowMs() - Date.parse(`${booked.oldestAt.replace(" ", "T")}Z`);
    metrics.stockLedgerLag.set(Math.max(0, lagMs) / 1_000);
    for (const { cause } of booked.movements) metrics.stockMovements.inc({ cause });
    if (booked.finished !== undefined) {
      const { id, reason } = booked.finished;
      log("info", { event: "stock.opened", reason, ...(await countPass(db, id)) });
    }
    for (const row of booked.rows) this.#waiting.delete(row);
    for (const row of booked.urgent) this.#urgent.add(row);
    this.#hasPass = booked.pass !== undefined;
    this.#isResetting = booked.pass !== undefined && isReset(booked.pass.reason);
    this.#hasUnsettled = true;
    return booked;
  }

  async #stepPass(): Promise<number> {
    if (!this.#hasPass) return Number.POSITIVE_INFINITY;
    // A pass is about all rows.
    await this.settled();
    const step = await passStep(this.#deps.db);
    if (step.kind === "idle") this.#hasPass = false;
    else this.#isResetting = isReset(step.reason);
    if (step.kind === "went") return LEDGER_LIMITS.passPauseMs;
    return step.kind === "wait" ? LEDGER_LIMITS.passWaitMs : Number.POSITIVE_INFINITY;
  }

  /** Begins to settle rows that are due, and returns how long until the next ones are. */
  async #settleDue(signal: AbortSignal): Promise<number> {
    if (this.#settling !== undefined || this.#isResetting) return Number.POSITIVE_INFINITY;
    const urgent = [...this.#urgent].slice(0, LEDGER_LIMITS.sliceRows);
    if (urgent.length > 0) {
      for (const row of urgent) this.#urgent.delete(row);
      this.#settleBeside(urgent, "read", signal);
      return Number.POSITIVE_INFINITY;
    }
    if (!this.#hasUnsettled) return Number.POSITIVE_INFINITY;
    const restMs = this.#settlesAgainAtMs - this.#deps.clock.monotonicMs();
    return restMs > 0 ? restMs : await this.#settleQuiet(signal);
  }

  async #settleQuiet(signal: AbortSignal): Promise<number> {
    const { clock, db, quietMs } = this.#deps;
    const { settleEveryMs, sliceRows } = LEDGER_LIMITS;
    const nowMs = clock.monotonicMs();
    const again = this.#dueAgain(nowMs);
    const except = [...this.#waiting.keys()];
    const unsettled = await readUnsettled(db, quietMs, except, sliceRows);
    const due = unsettled.filter(({ inMs }) => inMs <= 0).map(({ row }) => row);
    const overdue = unsettled.length > due.length ? await this.#readOverdue(nowMs) : [];
    const rows = [...due, ...again, ...overdue];
    this.#hasUnsettled = unsettled.length > 0 || this.#waiting.size > 0;
    this.#settlesAgainAtMs = due.length === sliceRows ? nowMs : nowMs + settleEveryMs;
    if (rows.length > 0) {
      this.#settleBeside(rows, "quiet", signal);
      return Number.POSITIVE_INFINITY;
    }
    const nextMs = unsettled.find(({ inMs }) => inMs > 0)?.inMs ?? Number.POSITIVE_INFINITY;
    return Math.ceil(Math.min(nextMs, this.#nextRetryMs()));
  }

  #settleBeside(rows: readonly number[], why: "read" | "quiet", signal: AbortSignal): void {
    const done = this.#settle(rows, why, signal)
      .catch((thrown: unknown) => {
        this.#failure = { thrown };
      })
      .finally(() => {
        this.#settling = undefined;
        this.#deps.wake.ring();
      });
    this.#settling = { rows: new Set(rows), done };
  }

  /** Those that have waited for longest go first; however many are stuck, the inbox has its turn between them. */
  #dueAgain(nowMs: number): readonly number[] {
    const due = [...this.#waiting].filter(([, { atMs }]) => atMs <= nowMs);
    return due
      .sort(([, a], [, b]) => a.atMs - b.atMs)
      .slice(0, LEDGER_LIMITS.sliceRows)
      .map(([row]) => row);
  }

  /** Rows that are never quiet. */
  async #readOverdue(nowMs: number): Promise<readonly number[]> {
    if (nowMs < this.#overdueAtMs) return [];
    this.#overdueAtMs = nowMs + LEDGER_LIMITS.overdueEveryMs;
    const { db, rules } = this.#deps;
    return await readOverdue(db, rules.overdueMs, [...this.#waiting.keys()], LEDGER_LIMITS.sliceRows);
  }

  /** What was read of a row a moment ago is looked at again when it is quiet; what was quiet already waits longer each time. */
  async #settle(rows: readonly number[], why: "read" | "quiet", signal: AbortSignal): Promise<void> {
    const result: SettleResult = await settleRows(this.#deps, rows, signal);
    const stuck = new Set(why === "read" ? result.refused : [...result.open, ...result.refused]);
    const nowMs = this.#deps.clock.monotonicMs();
    const { retryFirstMs, retryMaxMs } = LEDGER_LIMITS;
    for (const row of rows) {
      const times = (this.#waiting.get(row)?.times ?? -1) + 1;
      if (!stuck.has(row)) this.#waiting.delete(row);
      else this.#waiting.set(row, { atMs: nowMs + Math.min(retryMaxMs, retryFirstMs * 2 ** times), times });
    }
  }

  #nextRetryMs(): number {
    const nowMs = this.#deps.clock.monotonicMs();
    const times = [...this.#waiting.values()].map(({ atMs }) => Math.max(0, atMs - nowMs));
    return times.reduce((soonest, ms) => Math.min(soonest, ms), Number.POSITIVE_INFINITY);
  }
}
