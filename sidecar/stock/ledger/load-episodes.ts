import type { StockRowKeys } from "../../domain/stock.ts";
import type { Tx } from "../../platform/database.ts";
import type { Episode } from "./decide-attribution.ts";
import {
  type OpenLine,
  type OpenMovement,
  type OpenRow,
  type OwnSaleRow,
  readAnnounced,
  readLastChanges,
  readOwedLines,
  readPending,
  readQuantities,
  sumCombinations,
} from "./episode-statements.ts";
import { type ByRow, groupByRow, ofRow } from "./plan-groups.ts";
import { type Evidence, readEvidence } from "./read-evidence.ts";

/** Bounds of what is looked at for one row, and for all rows of one look. */
export const EPISODE_LIMITS = {
  changesEach: 200,
  changes: 2_000,
  lines: 2_000,
  /** A line of an order that was being written when its row was observed comes within this time. */
  openingMs: 5_000,
  /** What we booked for an order may turn out to be booked twice within this time. */
  doubleMs: 60_000,
} as const;

/** A line, and whether it was found only now that a hook told of its order. */
type LoadedLine = OpenLine & { readonly isNewlyAnnounced: boolean };

/** What is open about one row, with what it takes to book a verdict. */
export interface LoadedEpisode {
  readonly row: OpenRow;
  readonly episode: Episode;
  readonly movements: ReadonlyMap<number, OpenMovement>;
  readonly lines: readonly LoadedLine[];
  /** False where the row has more changes than one look takes: then only these are explained. */
  readonly isWhole: boolean;
  /** Movements of ours that the shop made too, to be taken back. */
  readonly twins: readonly OwnSaleRow[];
  /** Highest id_stock_mvt that was considered; undefined where none was. */
  readonly declaredUpTo: number | undefined;
}

interface Parent {
  readonly sum: number;
  readonly lastChangeId: number;
}

interface Facts {
  readonly pending: ByRow<OpenMovement>;
  readonly lines: ByRow<LoadedLine>;
  readonly parents: ReadonlyMap<number, Parent>;
  readonly evidence: Evidence;
  /** The row at which the look ended, with more of its changes or lines to come. */
  readonly cutAt: number;
}

/**
 * Loads what is open about rows that the caller has locked. What only a decision needs is left out where the row is not
 * quiet, because nothing is decided then. Rows that do not fit into one look are left out.
 */
export async function loadEpisodes(tx: Tx, locked: readonly OpenRow[]): Promise<readonly LoadedEpisode[]> {
  if (locked.length === 0) return [];
  const rows = await quietOnlyWhereRead(tx, locked);
  const ids = rows.map(({ row }) => row);
  const changes = await readPending(tx, ids, EPISODE_LIMITS.changes);
  const owed = await readOwedLines(tx, ids, EPISODE_LIMITS.lines);
  const cutAt = Math.min(cutOf(changes, EPISODE_LIMITS.changes), cutOf(owed, EPISODE_LIMITS.lines));
  const fitting = rows.filter(({ row }) => row <= cutAt);
  const pending = groupByRow(changes);
  const lines = groupByRow(await withAnnounced(tx, owed));
  const parents = await readParents(tx, fitting);
  const evidence = await readEvidence(tx, fitting, { pending, lines });
  return fitting.map((row) => load(row, { pending, lines, parents, evidence, cutAt }));
}

/** The row at which a look of so many ended, perhaps with more of that row to come. */
function cutOf(found: readonly { readonly row: number }[], limit: number): number {
  return found.length < limit ? Number.POSITIVE_INFINITY : (found.at(-1)?.row ?? 0);
}

/** Where the shop's row stands elsewhere than the ledger has it, a change is on its way through the binlog. */
async function quietOnlyWhereRead(tx: Tx, rows: readonly OpenRow[]): Promise<readonly OpenRow[]> {
  const quiet = rows.filter(({ isClosed, isQuiet, isUnsettled }) => isQuiet && isUnsettled && !isClosed);
  if (quiet.length === 0) return rows;
  const quantities = await readQuantities(
    tx,
    quiet.map(({ row }) => row),
  );
  const unread = new Set(quiet.filter(({ position, row }) => quantities.get(row) !== position));
  return rows.map((row) => (unread.has(row) ? { ...row, isQuiet: false } : row));
}

function load(row: OpenRow, facts: Facts): LoadedEpisode {
  const { evidence } = facts;
  const all = ofRow(facts.pending, row.row);
  const changes = all.slice(0, EPISODE_LIMITS.changesEach);
  const late = ofRow(evidence.late, row.row);
  const lines = ofRow(facts.lines, row.row);
  const ownSales = ofRow(evidence.ownSales, row.row);
  return {
    row,
    movements: new Map([...late, ...changes].map((movement) => [movement.id, movement])),
    lines,
    isWhole: changes.length === all.length && row.row !== facts.cutAt,
    twins: ownSales.filter(({ hasTwin }) => hasTwin),
    declaredUpTo: evidence.declaredUpTo.get(row.row),
    episode: {
      ...standOf(row, facts),
      changes: changes.map(openChange),
      late: late.map(openChange),
      lines: lines.map((line) => owedLine(line, row)),
      passing: ofRow(evidence.passing, row.row),
      declarations: ofRow(evidence.declarations, row.row).map(({ declaration }) => declaration),
      ownSales: ownSales.filter(({ ageMs, hasTwin }) => !hasTwin && ageMs < EPISODE_LIMITS.doubleMs),
      losses: row.isClosed ? [] : ofRow(evidence.losses, row.row),
    },
  };
}

type Stand = Pick<
  Episode,
  | ("keys" | "managed" | "position" | "isQuiet")
  | ("lastChangeId" | "combinationsSum")
  | ("earlier" | "packLimits" | "repairs")
>;

function standOf(row: OpenRow, { evidence, parents }: Facts): Stand {
  const { isQuiet, managed, position } = row;
  const parent = parents.get(row.row);
  return {
    keys: row,
    managed,
    position,
    isQuiet,
    lastChangeId: parent?.lastChangeId ?? 0,
    // A parent that is gone follows nobody any more.
    combinationsSum: row.isClosed ? null : (parent?.sum ?? null),
    earlier: evidence.earlier.get(row.row) ?? [],
    packLimits: evidence.packLimits.get(row.row) ?? [],
    repairs: evidence.repairs.get(row.row) ?? 0,
  };
}

function openChange({ after, ageMs, changeId, delta, id }: OpenMovement): Episode["changes"][number] {
  return { movementId: id, changeId, delta, after, ageMs };
}

function owedLine(line: OpenLine, row: OpenRow): Episode["lines"][number] {
  const { ageMs, cause, changeId, detailId, orderId, owed, whole } = line;
  return {
    detailId,
    orderId,
    owed,
    whole,
    cause,
    source: `line:${String(detailId)}:${String(row.row)}#${String(changeId)}`,
    changeId,
    announced: line.isAnnounced,
    maybeInOpening: line.isDoubtful || isAboutOpening(line, row),
    ageMs,
  };
}

/** Its order was being written when the row was observed: the units may have been taken already, before the line. */
function isAboutOpening(line: OpenLine, { linesAfter, linesAt, linesOrder }: OpenRow): boolean {
  if (!line.isNew || linesAt === null || line.orderId > linesOrder || line.detailId <= linesAfter)
    return false;
  return msOf(line.firstSeenAt) - msOf(linesAt) < EPISODE_LIMITS.openingMs;
}

/** Unix milliseconds of the database's UTC text. */
const msOf = (text: string): number => Date.parse(`${text.replace(" ", "T")}Z`);

/** Whether a hook told of the orders; the event may have come since the line was first seen. */
async function withAnnounced(tx: Tx, lines: readonly OpenLine[]): Promise<readonly LoadedLine[]> {
  const open = new Set(lines.filter(({ isAnnounced }) => !isAnnounced).map(({ orderId }) => orderId));
  const told = open.size === 0 ? new Set<number>() : await readAnnounced(tx, [...open]);
  return lines.map((line) => {
    const isNewlyAnnounced = !line.isAnnounced && told.has(line.orderId);
    return { ...line, isAnnounced: line.isAnnounced || isNewlyAnnounced, isNewlyAnnounced };
  });
}

const familyOf = ({ group, product, shop }: Omit<StockRowKeys, "row" | "combination">): string =>
  [product, shop, group].join(":");

/** The rows among these that are the sum of their combinations. */
async function readParents(tx: Tx, rows: readonly OpenRow[]): Promise<ReadonlyMap<number, Parent>> {
  const heads = rows.filter(({ combination }) => combination === 0);
  if (heads.length === 0) return new Map();
  const products = [...new Set(heads.map(({ product }) => product))];
  const sums = new Map((await sumCombinations(tx, products)).map((sum) => [familyOf(sum), sum.units]));
  const parents = heads.filter((row) => sums.has(familyOf(row))).map(({ row }) => row);
  if (parents.length === 0) return new Map();
  const last = await readLastChanges(tx, parents);
  return new Map(
    heads.flatMap((row) => {
      const sum = sums.get(familyOf(row));
      return sum === undefined ? [] : [[row.row, { sum, lastChangeId: last.get(row.row) ?? 0 }] as const];
    }),
  );
}
