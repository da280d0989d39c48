import { chunksOf } from "../../domain/chunks.ts";
import type { Clock } from "../../domain/clock.ts";
import { messageOf, SidecarError } from "../../domain/errors.ts";
import type { StockWrite } from "../../domain/stock.ts";
import type { Log } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { inTransaction } from "../../platform/transaction.ts";
import { endDrifts, upsertDrifts } from "../history/discrepancy-statements.ts";
import { insertPass, readOpenPasses } from "../ledger/pass-statements.ts";
import type { Guard, WriteOutcome } from "../writer/decide-writes.ts";
import type { Pacer } from "../writer/pace.ts";
import { type CompareDeps, type Comparison, compareAll, type TakenRow } from "./compare.ts";
import {
  type CorrectionBounds,
  type Corrections,
  type Drift,
  decideCorrections,
  decideDrift,
} from "./decide-reconciliation.ts";
import { type ExplainedDrift, explainDrifts } from "./drift-causes.ts";
import {
  encodeDriftDetail,
  encodeReconciliation,
  type ReconciliationDetail,
} from "./encode-reconciliation.ts";
import { finishReconciliation } from "./reconcile-statements.ts";

/** Rows of one transaction of discrepancies, and of one look at the ledger for their causes. */
const CHUNK_ROWS = 200;
/** Corrections of one write. */
const BATCH_ROWS = 50;

export interface ReconcileDeps extends CompareDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: CompareDeps["metrics"] & Pick<Metrics, "stockReconciliations" | "stockDrifted">;
  readonly bounds: CorrectionBounds;
  /** True while nothing may be written. */
  readonly stopped: () => boolean;
  /** The writer; see `applyWrites`. */
  readonly apply: (
    writes: readonly StockWrite[],
    guard: Guard,
    signal: AbortSignal,
  ) => Promise<readonly WriteOutcome[]>;
  readonly pacer: Pick<Pacer, "run" | "finish">;
}

/** A comparison that is on record as running. */
export interface ReconcileRun {
  readonly id: number;
  /** Compare only: no discrepancy is put on record or ended, nothing is corrected. */
  readonly dryRun: boolean;
}

/** How a run ended. */
export type ReconcileEnd = "done" | "capped" | "failed";

type FoundDrift = TakenRow & Drift & ExplainedDrift;

/**
 * Compares shop, ledger and ERP, puts each drift on record with its probable cause and, once all is compared, corrects
 * what is within the bounds. Where that is more than a run may, nothing at all is corrected and a person is alarmed.
 * A run that breaks off leaves whole corrections, each with its record; the next one compares anew.
 * @throws what is no error of ours (a lost database, a bug); the run is then on record as failed, where it can be.
 */
export async function reconcile(
  deps: ReconcileDeps,
  run: ReconcileRun,
  signal: AbortSignal,
): Promise<ReconcileEnd> {
  try {
    return await new Reconciling(deps, run, signal).run();
  } catch (thrown) {
    const code = thrown instanceof SidecarError ? thrown.code : "E_BUG";
    const reason = `${code}: ${messageOf(thrown)}`.slice(0, 4_000);
    await finishReconciliation(deps.db, run.id, { state: "failed", reason }).catch(() => undefined);
    if (!(thrown instanceof SidecarError)) throw thrown;
    deps.metrics.stockReconciliations.inc({ outcome: "failed" });
    deps.log("error", { event: "stock.reconcile_failed", run: run.id, code });
    return "failed";
  }
}

class Reconciling {
  readonly #deps: ReconcileDeps;
  readonly #run: ReconcileRun;
  readonly #signal: AbortSignal;

  constructor(deps: ReconcileDeps, run: ReconcileRun, signal: AbortSignal) {
    this.#deps = deps;
    this.#run = run;
    this.#signal = signal;
  }

  async run(): Promise<"done" | "capped"> {
    const startedMs = this.#deps.clock.monotonicMs();
    const { bounds } = this.#deps;
    const { dryRun, id } = this.#run;
    const comparison = await compareAll(this.#deps, `stock-reconciliation:${String(id)}`, this.#signal);
    const found = await findDrifts(this.#deps, comparison);
    const corrections = decideCorrections(found, comparison.withFigure, bounds);
    const wanted = corrections.kind === "correct" ? found.filter(isCorrectable) : [];
    if (!dryRun) await recordDrifts(this.#deps, this.#run, comparison, found);
    if (!dryRun) await askLedger(this.#deps, comparison, found);
    const corrected = dryRun ? [] : await correct(this.#deps, this.#run, wanted, this.#signal);
    const left = dryRun ? 0 : wanted.length - corrected.length;
    const detail = encodeReconciliation(detailOf(comparison, found, left));
    const tookMs = Math.round(this.#deps.clock.monotonicMs() - startedMs);
    return await this.#end(corrections, countsOf(comparison, found, corrected), detail, tookMs);
  }

  async #end(
    corrections: Corrections,
    counts: Counts,
    detail: string,
    tookMs: number,
  ): Promise<"done" | "capped"> {
    const { db, log, metrics } = this.#deps;
    const { dryRun, id } = this.#run;
    const isCapped = corrections.kind === "capped";
    const state = isCapped ? "capped" : "done";
    const reason = isCapped ? reasonOf(corrections) : null;
    await finishReconciliation(db, id, { state, ...counts, reason, detail });
    if (!dryRun) metrics.stockDrifted.set(counts.drifted - counts.corrected);
    metrics.stockReconciliations.inc({ outcome: state });
    if (isCapped) {
      const { allowedRows, wantedRows } = corrections;
      log("error", { event: "stock.reconcile_capped", run: id, wantedRows, allowedRows });
    }
    log("info", { event: "stock.reconciled", run: id, dryRun, ...counts, tookMs });
    return state;
  }
}

type Counts = Readonly<Record<"compared" | "waiting" | "drifted" | "corrected", number>>;

const countsOf = (
  { rows, waiting }: Comparison,
  found: readonly FoundDrift[],
  corrected: readonly FoundDrift[],
): Counts => ({
  ...{ compared: rows.length, waiting: waiting.length, drifted: found.length, corrected: corrected.length },
});

const isCorrectable = (drift: Drift): boolean => drift.leftBecause === undefined;

function reasonOf({
  allowedRows,
  wantedRows,
}: {
  readonly allowedRows: number;
  readonly wantedRows: number;
}): string {
  return `${String(wantedRows)} rows would be corrected and ${String(allowedRows)} may be: nothing was. Something is wrong as a whole; look at the drifts and at the ERP's figures`;
}

async function findDrifts(
  { bounds, db }: ReconcileDeps,
  { rows }: Comparison,
): Promise<readonly FoundDrift[]> {
  const drifts = rows.flatMap((row) => {
    const drift = decideDrift(row, bounds);
    return drift === undefined ? [] : [{ ...row, ...drift }];
  });
  const found: FoundDrift[] = [];
  for (const chunk of chunksOf(drifts, CHUNK_ROWS)) {
    const explained = await explainDrifts(db, chunk);
    for (const drift of chunk) {
      const why = explained.get(drift.row);
      if (why !== undefined) found.push({ ...drift, ...why });
    }
  }
  return found;
}

/** Drifts are put on record, and those of rows that agree by now end. */
async function recordDrifts(
  { db }: ReconcileDeps,
  run: ReconcileRun,
  { rows }: Comparison,
  found: readonly FoundDrift[],
): Promise<void> {
  for (const chunk of chunksOf(found, CHUNK_ROWS)) {
    const records = chunk.map((drift) => ({
      row: drift.row,
      shopUnits: drift.shopUnits,
      ledgerUnits: drift.ledgerUnits,
      erpUnits: drift.targetUnits,
      detail: encodeDriftDetail({
        run: run.id,
        cause: drift.cause.code,
        says: drift.cause.says,
        leftBecause: drift.leftBecause,
        movement: drift.lastMovement,
        erpSays: drift.erpSays,
      }),
    }));
    await inTransaction(db, (tx) => upsertDrifts(tx, records));
  }
  const drifted = new Set(found.map(({ row }) => row));
  const agreeing = rows.filter(({ row }) => !drifted.has(row));
  const withFigure = agreeing.filter(({ targetUnits }) => targetUnits !== null);
  for (const chunk of chunksOf(withFigure, CHUNK_ROWS)) await endDrifts(db, idsOf(chunk), "passed");
  // Where the ERP was not heard, a drift from it has not passed.
  const without = agreeing.filter(({ targetUnits }) => targetUnits === null);
  for (const chunk of chunksOf(without, CHUNK_ROWS)) {
    await endDrifts(db, idsOf(chunk), "passed", "withoutErp");
  }
}

/**
 * Where shop and ledger differ the ledger walks over all rows under their locks, takes them as they are with the difference
 * on record, and goes on from there; until then nothing is written to such a row.
 */
async function askLedger(
  { db }: ReconcileDeps,
  { unknownRows }: Comparison,
  found: readonly FoundDrift[],
): Promise<void> {
  const differs = found.some(({ ledgerUnits, shopUnits }) => ledgerUnits !== shopUnits);
  if (!differs && unknownRows.length === 0) return;
  if ((await readOpenPasses(db)).length === 0) await insertPass(db, "verify", null);
}

const idsOf = (rows: readonly { readonly row: number }[]): readonly number[] => rows.map(({ row }) => row);

/** Returns the drifts that were corrected; a row that moved since it was compared is left to the next run. */
async function correct(
  deps: ReconcileDeps,
  run: ReconcileRun,
  wanted: readonly FoundDrift[],
  signal: AbortSignal,
): Promise<readonly FoundDrift[]> {
  const { apply, db, pacer, stopped } = deps;
  const corrected: FoundDrift[] = [];
  try {
    for (const batch of chunksOf(wanted, BATCH_ROWS)) {
      if (signal.aborted || stopped()) break;
      const writes = batch.map((drift) => correctionOf(run, drift));
      const outcomes = await pacer.run(() => apply(writes, "settled", signal), signal);
      const done = batch.filter((_, index) => {
        const kind = outcomes[index]?.kind;
        return kind === "written" || kind === "known";
      });
      if (done.length > 0) await endDrifts(db, idsOf(done), "corrected");
      corrected.push(...done);
    }
  } finally {
    pacer.finish();
  }
  return corrected;
}

function correctionOf(run: ReconcileRun, drift: FoundDrift): StockWrite {
  return {
    row: drift.row,
    delta: -drift.excessUnits,
    cause: "correction",
    source: `correction:${String(run.id)}:${String(drift.row)}`,
    orderId: null,
    actor: "reconciliation",
    reason: `${drift.erpSays ?? "the ERP's figure"}; probable cause: ${drift.cause.says}`,
    undoes: null,
    // A snapshot or a person may have moved the row since it was compared: its difference is then not what it was.
    expectedUnits: drift.ledgerUnits,
  };
}

function detailOf(
  { absentItems, unknownRows, waiting }: Comparison,
  found: readonly FoundDrift[],
  leftToNext: number,
): ReconciliationDetail {
  return {
    drifts: found.map((drift) => ({
      ...{ row: drift.row, product: drift.product, combination: drift.combination },
      ...{ shopUnits: drift.shopUnits, ledgerUnits: drift.ledgerUnits, targetUnits: drift.targetUnits },
      ...{ leftBecause: drift.leftBecause ?? null, cause: drift.cause.code, says: drift.cause.says },
    })),
    waiting: [...waiting],
    unknownRows: [...unknownRows],
    ...{ absentItems, leftToNext },
  };
}
