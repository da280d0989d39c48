import { chunksOf } from "../../domain/chunks.ts";
import type { StockWrite } from "../../domain/stock.ts";
import type { Database, Tx } from "../../platform/database.ts";
import type { Log } from "../../platform/log.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { inTransaction } from "../../platform/transaction.ts";
import type { Guard, WriteOutcome } from "../writer/decide-writes.ts";
import { type AttributionRules, decideAttribution, type Verdict } from "./decide-attribution.ts";
import { isReset } from "./decide-pass.ts";
import {
  type BookedPart,
  decideSettledLines,
  decideSettlement,
  decideTakeBack,
  type LineSum,
} from "./decide-settlement.ts";
import { lockOpenRows, readBookedSources } from "./episode-statements.ts";
import { lockLineRecords, upsertLineRecords } from "./line-statements.ts";
import { type LoadedEpisode, loadEpisodes } from "./load-episodes.ts";
import { readOpenPasses } from "./pass-statements.ts";
import {
  explainMovements,
  insertParts,
  markSettled,
  noteAnnounced,
  noteDeclared,
  noteUnmanaged,
} from "./settle-statements.ts";
import { type Told, tellFindings } from "./tell-findings.ts";

/** Rows of one transaction. */
const CHUNK_ROWS = 100;
/** Looks at one row in a row; each but the last explained something, so this is never reached. */
const ROUNDS_MAX = 50;

export interface SettleDeps {
  readonly db: Database;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly quietMs: number;
  readonly rules: AttributionRules;
  readonly applyWrites: (
    writes: readonly StockWrite[],
    guard: Guard,
    signal: AbortSignal,
  ) => Promise<readonly WriteOutcome[]>;
}

/** What became of rows: the rest is settled. */
export interface SettleResult {
  /** Rows that are still open; they are to be looked at again when they are quiet, or when something of them is read. */
  readonly open: readonly number[];
  /** Rows for which a write could not be made just now. */
  readonly refused: readonly number[];
}

/**
 * Attributes what is open about rows, and makes what is missing. The verdict is committed before any write, so a crash in
 * between leaves the row open, and the next look comes to the same writes; each is made once for its source.
 */
export async function settleRows(
  deps: SettleDeps,
  rows: readonly number[],
  signal: AbortSignal,
): Promise<SettleResult> {
  const open: number[] = [];
  const refused: number[] = [];
  for (const chunk of chunksOf(
    [...new Set(rows)].sort((a, b) => a - b),
    CHUNK_ROWS,
  )) {
    if (signal.aborted) break;
    const { stillOpen, writes } = await explain(deps, chunk);
    open.push(...stillOpen);
    refused.push(...(await write(deps, writes, signal)));
  }
  return { open, refused };
}

interface Round {
  readonly hasProgress: boolean;
  readonly stillOpen: readonly number[];
  readonly writes: readonly StockWrite[];
  readonly told: readonly Told[];
}

/** Explains until nothing more is to be explained: what was found last time may leave an open row something to put right. */
async function explain(deps: SettleDeps, rows: readonly number[]): Promise<Round> {
  let open = rows;
  for (let rounds = 1; ; rounds += 1) {
    const round = await oneRound(deps, open);
    for (const { event, level } of round.told) deps.log(level, event);
    if (!round.hasProgress || round.stillOpen.length === 0 || rounds >= ROUNDS_MAX) return round;
    open = round.stillOpen;
  }
}

/** A source that has its movement already costs a second look, never the ledger's progress. */
async function oneRound(deps: SettleDeps, rows: readonly number[]): Promise<Round> {
  try {
    return await inTransaction(deps.db, (tx) => settleOnce(deps, tx, rows, false));
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ER_DUP_ENTRY")) throw thrown;
    return await inTransaction(deps.db, (tx) => settleOnce(deps, tx, rows, true));
  }
}

interface Judged {
  readonly loaded: LoadedEpisode;
  readonly verdict: Verdict;
}

async function settleOnce(
  deps: SettleDeps,
  tx: Tx,
  ids: readonly number[],
  dropsBooked: boolean,
): Promise<Round> {
  const { quietMs, rules } = deps;
  const rows = await lockOpenRows(tx, ids, { quietMs, overdueMs: rules.overdueMs });
  const judged = (await loadEpisodes(tx, rows)).map((loaded) => judge(loaded, rules));
  const settlements = judged.map(({ loaded, verdict }) =>
    decideSettlement(loaded.row.row, verdict, loaded.movements),
  );
  await persist(
    tx,
    settlements.flatMap(({ parts }) => parts),
    settlements.flatMap(({ lines }) => lines),
    dropsBooked,
  );
  await noteEvidence(tx, judged);
  const told = await tellFindings(tx, judged);
  const done = judged.filter(({ verdict }) => !isOpen(verdict));
  const closing = done.filter(({ loaded }) => loaded.row.isUnsettled).map(({ loaded }) => loaded.row.row);
  if (closing.length > 0) await markSettled(tx, closing);
  const isDone = new Set(done.map(({ loaded }) => loaded.row.row));
  return {
    hasProgress: judged.some(({ verdict }) => verdict.explained.length + verdict.settledLines.length > 0),
    stillOpen: rows.map(({ row }) => row).filter((row) => !isDone.has(row)),
    writes: judged.flatMap(({ verdict }) => verdict.writes),
    told,
  };
}

const isOpen = (verdict: Verdict): boolean => verdict.isUnsettled || verdict.writes.length > 0;

/** Of a row with more changes than one look takes, only changes are explained: the rest wants to see all of it. */
function judge(loaded: LoadedEpisode, rules: AttributionRules): Judged {
  const verdict = decideAttribution(loaded.episode, rules);
  if (!loaded.isWhole) {
    return { loaded, verdict: { ...verdict, settledLines: [], writes: [], isUnsettled: true } };
  }
  // A take-back is owed from when it is found on, so it comes with what is loaded next.
  const own = verdict.writes.filter(({ undoes }) => undoes === null);
  const takeBacks = loaded.twins.map((sale) => decideTakeBack(loaded.row.row, sale));
  const isFound = own.length < verdict.writes.length;
  return { loaded, verdict: { ...verdict, writes: isFound ? verdict.writes : [...own, ...takeBacks] } };
}

async function persist(
  tx: Tx,
  parts: readonly BookedPart[],
  lines: readonly LineSum[],
  dropsBooked: boolean,
): Promise<void> {
  const sources = parts.flatMap(({ source }) => (source === null ? [] : [source]));
  const booked = dropsBooked && sources.length > 0 ? await readBookedSources(tx, sources) : new Set<string>();
  const free = parts.map((part) => (booked.has(part.source ?? "") ? { ...part, source: null } : part));
  const first = free.filter(({ isFirst }) => isFirst);
  const further = free.filter(({ isFirst }) => !isFirst);
  if (first.length > 0) await explainMovements(tx, first);
  if (further.length > 0) await insertParts(tx, further);
  if (lines.length > 0) await settleLines(tx, lines);
}

async function settleLines(tx: Tx, sums: readonly LineSum[]): Promise<void> {
  const records = await lockLineRecords(tx, [...new Set(sums.map(({ detailId }) => detailId))]);
  const settled = decideSettledLines(records, sums);
  if (settled.length > 0) await upsertLineRecords(tx, settled);
}

async function noteEvidence(tx: Tx, judged: readonly Judged[]): Promise<void> {
  const declared = new Map(
    judged.flatMap(({ loaded, verdict }) =>
      loaded.declaredUpTo === undefined || verdict.isUnsettled
        ? []
        : [[loaded.row.row, loaded.declaredUpTo] as const],
    ),
  );
  if (declared.size > 0) await noteDeclared(tx, declared);
  const announced = new Set(
    judged.flatMap(({ loaded }) =>
      loaded.lines.filter(({ isNewlyAnnounced }) => isNewlyAnnounced).map(({ orderId }) => orderId),
    ),
  );
  if (announced.size > 0) await noteAnnounced(tx, [...announced]);
}

/** Makes what is missing. Returns the rows for which that could not be done just now. */
async function write(
  deps: SettleDeps,
  writes: readonly StockWrite[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  if (writes.length === 0) return [];
  // A pass that was asked for since may find rows elsewhere than the ledger has them.
  const [pass] = await readOpenPasses(deps.db);
  if (pass !== undefined && isReset(pass.reason)) return writes.map(({ row }) => row);
  const outcomes = await deps.applyWrites(writes, "read", signal);
  const became = (...kinds: readonly WriteOutcome["kind"][]): readonly StockWrite[] =>
    writes.filter((_, index) => kinds.includes(outcomes[index]?.kind ?? "busy"));
  for (const { cause, delta, row } of became("written")) {
    deps.metrics.stockRepairs.inc({ cause });
    deps.log("info", { event: "stock.repaired", row, delta, cause });
  }
  const gone = became("gone");
  if (gone.length > 0) await letGo(deps.db, gone);
  return became("busy", "unread").map(({ row }) => row);
}

/** The row is gone, or not ours any more: what lines owe there is dropped. */
async function letGo(db: Database, writes: readonly StockWrite[]): Promise<void> {
  await noteUnmanaged(db, [...new Set(writes.map(({ row }) => row))]);
  const lines = writes.flatMap(({ delta, row, source }) => {
    const detailId = Number(/^line:([0-9]+):/.exec(source)?.[1] ?? 0);
    return detailId === 0 ? [] : [{ detailId, row, moved: 0, settled: delta, changeId: 0 }];
  });
  if (lines.length > 0) await inTransaction(db, (tx) => settleLines(tx, lines));
}
