import type { Clock, Sleep } from "../../domain/clock.ts";
import { messageOf, SidecarError, StockSnapshotError } from "../../domain/errors.ts";
import type { StockWrite } from "../../domain/stock.ts";
import { type ErpPort, stockMark } from "../../erp/port.ts";
import type { Database, Tx } from "../../platform/database.ts";
import type { Log } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { atOneMoment } from "../../platform/transaction.ts";
import type { Guard, WriteOutcome } from "../writer/decide-writes.ts";
import type { Pacer } from "../writer/pace.ts";
import { Catalogue } from "./catalogue.ts";
import {
  isLedgerOpening,
  readRowPositions,
  readRowsMovedElsewhere,
  readStockScope,
  type StockScope,
} from "./catalogue-statements.ts";
import { type Courtesy, createCourtesy } from "./courtesy.ts";
import type { Round } from "./decide-due.ts";
import { decideSnapshot, type SnapshotVerdict } from "./decide-snapshot.ts";
import { decodeSnapshotDetail } from "./decode-snapshot-detail.ts";
import {
  type Counted,
  encodeColumns,
  encodeDetail,
  encodeHoldReason,
  encodeJudged,
  encodeMark,
  lastReadingOf,
  releasedReadingOf,
} from "./encode-snapshot-end.ts";
import {
  type GoodsBefore,
  type OrderMemory,
  type OrderOnRow,
  readGoodsHere,
  readInFlight,
} from "./in-flight.ts";
import {
  type Move,
  mergePlans,
  oldestAskedAt,
  planSnapshot,
  type RowFigure,
  type SnapshotPlan,
} from "./plan-snapshot.ts";
import { type Reading, readFigures } from "./read-figures.ts";
import { openRowFigures } from "./row-figures.ts";
import {
  beginSnapshot,
  finishSnapshot,
  insertSnapshot,
  type SnapshotEnd,
  type SnapshotRow,
} from "./snapshot-statements.ts";

/** Orders go before feeds. */
const PRIORITY = 6;
/** Rows of one write; the writer makes one transaction of them. */
const BATCH_ROWS = 50;
/** Rows of one look at the ledger. */
const CHUNK_ROWS = 500;
/** Milliseconds after which rows that a checkout held are tried once more. */
const AGAIN_AFTER_MS = 500;

export interface SnapshotDeps {
  readonly db: Database;
  readonly erp: Pick<ErpPort, "readStock" | "capabilities">;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "erpCalls" | "erpCallSeconds" | "stockSnapshots" | "stockRowsWaiting">;
  /** `host:pid`. */
  readonly actor: string;
  /** `id_shop` that the ERP's figures are for. */
  readonly shopId: number;
  /** `stock.holdShare`. */
  readonly holdShare: number;
  /** Orders up to this id are history. */
  readonly exportAfterOrder: () => number;
  /** True while nothing may be written. */
  readonly stopped: () => boolean;
  /** The writer; see `applyWrites`. */
  readonly apply: (
    writes: readonly StockWrite[],
    guard: Guard,
    signal: AbortSignal,
  ) => Promise<readonly WriteOutcome[]>;
  readonly pacer: Pick<Pacer, "run" | "finish">;
  /** Waits until the ledger has booked all that was committed before; see `awaitLedger`. */
  readonly ledgerHasRead: (signal: AbortSignal) => Promise<boolean>;
}

/** What a round builds on. */
export interface RoundPast {
  /** The last applied one, whose mark a delta begins at. */
  readonly lastApplied: SnapshotRow | undefined;
  readonly lastFull: SnapshotRow | undefined;
  /** A held one that a person released, where nothing was applied since. */
  readonly released: SnapshotRow | undefined;
}

/** How a round ended. */
export type RoundEnd = "applied" | "held" | "failed";

/**
 * One reading of the ERP's stock: all pages, one look at the database behind them, then the writes in small batches.
 * What fails before the first write has written nothing. A round that breaks off between writes leaves rows that are
 * right and rows that are as before; the next one goes on.
 * @throws what is no error of ours (a lost database, a bug); the reading is then on record as failed, where it can be.
 */
export async function runRound(
  deps: SnapshotDeps,
  round: Round,
  past: RoundPast,
  memory: OrderMemory,
  signal: AbortSignal,
): Promise<RoundEnd> {
  const { clock, db, log, metrics } = deps;
  const id = await begin(db, round);
  if (id === undefined) return "failed";
  const startedMs = clock.monotonicMs();
  try {
    const end = await new SnapshotRound(deps, id, round, past, memory).run(signal);
    await finishSnapshot(db, id, end.row);
    tell(deps, id, round, end, clock.monotonicMs() - startedMs);
    return end.row.state;
  } catch (thrown) {
    const code = thrown instanceof SidecarError ? thrown.code : "E_BUG";
    const reason = `${code}: ${messageOf(thrown)}`.slice(0, 4_000);
    // Where the database is gone the next start finds the round running, and ends it.
    await finishSnapshot(db, id, { state: "failed", reason }).catch(() => undefined);
    if (!(thrown instanceof SidecarError)) throw thrown;
    metrics.stockSnapshots.inc({ kind: round.kind, outcome: "failed" });
    log("warn", { event: "stock.snapshot_failed", snapshot: id, part: round.part, code });
    return "failed";
  }
}

async function begin(db: Database, { askedId, kind, part }: Round): Promise<number | undefined> {
  if (askedId === undefined) return await insertSnapshot(db, { kind, part, state: "running" });
  return (await beginSnapshot(db, askedId, kind)) ? askedId : undefined;
}

type Hold = Extract<SnapshotVerdict, { kind: "hold" }>;

/** What a round that was not given up came to. */
interface Ended {
  readonly row: SnapshotEnd & { readonly state: "applied" | "held" };
  readonly hold: Hold | undefined;
}

function tell(
  { log, metrics }: SnapshotDeps,
  snapshot: number,
  { kind, part }: Round,
  { hold, row }: Ended,
  tookMs: number,
): void {
  metrics.stockSnapshots.inc({ kind, outcome: row.state });
  if (hold !== undefined) {
    log("error", { event: "stock.snapshot_held", snapshot, part, code: hold.code });
    return;
  }
  const { absent = 0, changed = 0, items = 0, unknown = 0, waiting = 0 } = row;
  metrics.stockRowsWaiting.set(waiting);
  const counts = { items, changed, waiting, unknown, absent };
  const times = { tookMs: Math.round(tookMs) };
  log("info", { event: "stock.snapshot_applied", snapshot, kind, part, ...counts, ...times });
}

/** What the batches came to. */
interface Written {
  readonly changed: number;
  /** Rows that a checkout or another writer had, or of which not all was read. */
  readonly left: readonly Move[];
}

class SnapshotRound {
  readonly #deps: SnapshotDeps;
  readonly #id: number;
  readonly #round: Round;
  readonly #past: RoundPast;
  readonly #memory: OrderMemory;
  readonly #courteously: Courtesy;

  constructor(deps: SnapshotDeps, id: number, round: Round, past: RoundPast, memory: OrderMemory) {
    this.#deps = deps;
    this.#id = id;
    this.#round = round;
    this.#past = past;
    this.#memory = memory;
    this.#courteously = createCourtesy(deps);
  }

  async run(signal: AbortSignal): Promise<Ended> {
    const { counted, mark } = await this.#decide(signal);
    const hold = this.#judge(counted);
    return hold === undefined ? await this.#apply(counted, mark, signal) : this.#held(counted, hold);
  }

  /** What was read is let go with it: the writes that follow take their time. */
  async #decide(
    signal: AbortSignal,
  ): Promise<{ readonly counted: Counted; readonly mark: string | undefined }> {
    const { db, erp, exportAfterOrder, ledgerHasRead } = this.#deps;
    const scope = await this.#scope();
    const countsOrders = erp.capabilities.stockCountsOrders;
    const goodsBefore = countsOrders ? undefined : await readGoodsHere(db, exportAfterOrder());
    const isFull = this.#round.kind === "full";
    const catalogue = isFull ? await Catalogue.whole(db, scope, signal, this.#courteously) : new Catalogue();
    const reading = await this.#read(scope, catalogue, signal);
    // What may stand in the ERP by now was committed in the shop by now; the ledger must have booked it.
    if (!(await ledgerHasRead(signal))) {
      throw new StockSnapshotError(
        "The ledger did not read on in time. Look at erpsync status, and at the log of capture",
      );
    }
    const figures = await openRowFigures(db, catalogue, reading);
    const plan = await this.#plan(figures, reading, goodsBefore, signal);
    return { counted: this.#count(catalogue, reading, plan), mark: reading.mark };
  }

  async #scope(): Promise<StockScope> {
    const scope = await readStockScope(this.#deps.db, this.#deps.shopId);
    if (scope !== undefined) return scope;
    throw new StockSnapshotError(`stock.shopId: the shop has no id_shop ${String(this.#deps.shopId)}`);
  }

  async #read(scope: StockScope, catalogue: Catalogue, signal: AbortSignal): Promise<Reading> {
    const { db } = this.#deps;
    const { kind, part } = this.#round;
    const isFull = kind === "full";
    const mark = this.#markBefore();
    const question = {
      subject: `stock-snapshot:${String(this.#id)}`,
      priority: PRIORITY,
      part,
      changedSince: mark === null ? undefined : stockMark(mark),
      lastNewest: decodeSnapshotDetail(this.#past.lastFull?.detail ?? null).newest,
      learn: isFull ? () => Promise.resolve() : (refs: readonly string[]) => catalogue.learn(db, scope, refs),
      fitOf: (ref: string) => catalogue.fitOf(ref).kind,
    };
    const reading = await readFigures(this.#deps, question, signal);
    return isFull ? reading : await this.#withCarried(scope, catalogue, reading);
  }

  /** Where a delta begins; null for a full reading. */
  #markBefore(): string | null {
    return this.#round.kind === "full" ? null : (this.#past.lastApplied?.mark ?? null);
  }

  /** A delta that does not name an item says that its figure is what it was when it had to wait. */
  async #withCarried(scope: StockScope, catalogue: Catalogue, reading: Reading): Promise<Reading> {
    const { carried } = decodeSnapshotDetail(this.#past.lastApplied?.detail ?? null);
    const kept = carried.filter(([item]) => !reading.figures.has(item));
    await catalogue.learn(
      this.#deps.db,
      scope,
      kept.map(([item]) => item),
    );
    const figures = new Map(reading.figures);
    for (const [item, units] of kept) {
      if (catalogue.fitOf(item).kind === "row") figures.set(item, { units, window: 0 });
    }
    return { ...reading, figures };
  }

  async #plan(
    figures: Iterable<RowFigure>,
    reading: Reading,
    goodsBefore: GoodsBefore | undefined,
    signal: AbortSignal,
  ): Promise<SnapshotPlan> {
    const { db, exportAfterOrder } = this.#deps;
    const wanted = new Set<number>();
    for (const { row } of figures) wanted.add(row);
    const question = {
      since: reading.windows[0]?.askedAt ?? "",
      exportAfterOrder: exportAfterOrder(),
      goodsBefore,
      memory: this.#memory,
      isWanted: (row: number) => wanted.has(row),
    };
    return await atOneMoment(db, async (tx) => {
      if (await isLedgerOpening(tx)) {
        throw new StockSnapshotError("The ledger opens anew; the next round comes when it stands");
      }
      const orders = await readInFlight(tx, question);
      const parts: SnapshotPlan[] = [];
      for (const chunk of chunksOf(figures, CHUNK_ROWS)) {
        parts.push(await this.#courteously(() => planChunk(tx, chunk, orders), signal));
      }
      return mergePlans(parts);
    });
  }

  #count(known: Catalogue, reading: Reading, plan: SnapshotPlan): Counted {
    const { kind, part } = this.#round;
    // Which items belong to a part, or changed, only the ERP knows.
    const isWhole = kind === "full" && part === "";
    const absent = isWhole ? [...known.items()].filter((item) => !reading.figures.has(item)) : [];
    const rows = reading.figures.size + absent.length;
    // What a delta moves is a share of the whole catalogue, not of what it names.
    const whole = kind === "full" ? undefined : this.#past.lastFull;
    const catalogue = Math.max(rows, whole?.catalogue ?? 0);
    const sellable = Math.max(plan.sellable, decodeSnapshotDetail(whole?.detail ?? null).sellable);
    const { isBroken, items, lastNewestAt, newest, others } = reading;
    const named = { kind, items, newest, lastNewestAt, isBroken, ...others };
    return { ...named, absent, catalogue, sellable, plan };
  }

  #judge(counted: Counted): Hold | undefined {
    const { lastFull, released } = this.#past;
    const verdict = decideSnapshot(
      encodeJudged(counted),
      lastFull === undefined ? undefined : lastReadingOf(lastFull),
      released === undefined ? undefined : releasedReadingOf(released),
      this.#deps.holdShare,
    );
    return verdict.kind === "hold" ? verdict : undefined;
  }

  #held(counted: Counted, hold: Hold): Ended {
    const reason = encodeHoldReason(hold.reason, this.#id);
    const detail = encodeDetail(counted, counted.plan.waiting);
    return { row: { state: "held", ...encodeColumns(counted), reason, detail }, hold };
  }

  async #apply(counted: Counted, mark: string | undefined, signal: AbortSignal): Promise<Ended> {
    const { plan } = counted;
    const written = await this.#write(plan.moves, signal);
    const waiting = [...plan.waiting, ...written.left.map((move) => ({ ...move, because: "busy" }))];
    const row = {
      state: "applied" as const,
      ...encodeColumns(counted),
      changed: written.changed,
      waiting: waiting.length,
      mark: encodeMark(mark, this.#markBefore(), waiting),
      detail: encodeDetail(counted, waiting),
    };
    return { row, hold: undefined };
  }

  async #write(moves: readonly Move[], signal: AbortSignal): Promise<Written> {
    const first = await this.#writeAll(moves, signal);
    if (first.left.length === 0) return first;
    await this.#deps.sleep(AGAIN_AFTER_MS, signal);
    const second = await this.#writeAll(first.left, signal);
    return { changed: first.changed + second.changed, left: second.left };
  }

  async #writeAll(moves: readonly Move[], signal: AbortSignal): Promise<Written> {
    const { apply, pacer, stopped } = this.#deps;
    const left: Move[] = [];
    let changed = 0;
    try {
      for (let from = 0; from < moves.length; from += BATCH_ROWS) {
        const batch = moves.slice(from, from + BATCH_ROWS);
        const writes = batch.map((move) => this.#writeOf(move));
        const outcomes = await this.#courteously(
          () => pacer.run(() => apply(writes, "settled", signal), signal),
          signal,
        );
        for (const [index, { kind }] of outcomes.entries()) {
          const move = batch[index];
          if (kind === "written" || kind === "known") changed += 1;
          else if (move !== undefined && kind !== "gone") left.push(move);
        }
        if (signal.aborted || stopped()) {
          throw new StockSnapshotError(
            `Writing was stopped in the middle, after ${String(changed)} rows. The next round goes on`,
          );
        }
      }
    } finally {
      pacer.finish();
    }
    return { changed, left };
  }

  #writeOf({ delta, reason, row }: Move): StockWrite {
    const source = `snapshot:${String(this.#id)}:${String(row)}`;
    return { row, delta, cause: "snapshot", source, orderId: null, actor: "erp", reason, undoes: null };
  }
}

const NO_ORDERS: readonly OrderOnRow[] = [];

/** Few rows at a time: of 50,000 that a reading names, 5,000 move. */
async function planChunk(
  tx: Tx,
  figures: readonly RowFigure[],
  orders: ReadonlyMap<number, readonly OrderOnRow[]>,
): Promise<SnapshotPlan> {
  const rows = figures.map(({ row }) => row);
  const positions = new Map((await readRowPositions(tx, rows)).map((one) => [one.row, one]));
  const moved = await readRowsMovedElsewhere(tx, rows, oldestAskedAt(figures));
  return planSnapshot(figures, (row) => {
    const at = positions.get(row);
    if (at === undefined) return undefined;
    const isUnsettled = at.isUnsettled || moved.has(row);
    return { position: at.position, isUnsettled, orders: orders.get(row) ?? NO_ORDERS };
  });
}

function* chunksOf<T>(items: Iterable<T>, size: number): Iterable<readonly T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
