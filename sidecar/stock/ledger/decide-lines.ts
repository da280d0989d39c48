import { decideUnits, type LineRules, type ShopLine, type Take } from "./decide-line-units.ts";

/** Why a line owes units, or is owed some. */
export type LineCause = "sale" | "edit" | "cancellation" | "return";

/** What the ledger knows of one line on one row; see the table of this name. */
export interface LineRecord {
  readonly detailId: number;
  readonly row: number;
  readonly orderId: number;
  readonly factor: number;
  readonly whole: number;
  readonly units: number;
  readonly moved: number;
  readonly settled: number;
  readonly cause: LineCause;
  readonly changeId: number;
  /** A hook of the module told of the order. */
  readonly isAnnounced: boolean;
  /** `YYYY-MM-DD HH:MM:SS.fff` of the binlog. */
  readonly firstSeenAt: string;
}

/** Units that a line still has to take from its row; negative: to put back. */
export const owedOf = ({ units, moved, settled }: LineRecord): number => units + moved + settled;

/** What the ledger's row says of lines that it sees for the first time. */
export interface RowForLines {
  readonly isClosed: boolean;
  readonly linesAfter: number;
  readonly linesFrom: number;
}

/** The fact that told of an order: its place, and when the binlog has it. */
export interface Told {
  readonly changeId: number;
  readonly at: string;
}

/**
 * How far the binlog has told of new lines. What is read of the shop may be ahead of it; a line beyond is left until its
 * own fact comes, or it would seem to be older than the stock that the shop took for it. Ids are given before the lines
 * with higher ones are committed, so all of them up to the highest took their stock before this place.
 */
export interface ToldLines {
  /** The highest line that was told of. */
  readonly last: number;
  /** A place behind all that this batch told. */
  readonly place: number;
}

/** All that is known when the lines of some orders are read anew. */
export interface LineReading {
  readonly toldLines: ToldLines;
  /** The orders that were read, each with the last fact that told of it. */
  readonly told: ReadonlyMap<number, Told>;
  readonly lines: readonly ShopLine[];
  /** Rows of lines that the ledger does not know yet. */
  readonly takes: ReadonlyMap<number, readonly Take[]>;
  readonly known: readonly LineRecord[];
  /** Rows that the ledger knows. */
  readonly rows: ReadonlyMap<number, RowForLines>;
  readonly rules: LineRules;
  /** Orders of new lines of which a hook told. */
  readonly announced: ReadonlySet<number>;
  /** A pass that is under way and reads lines anew; undefined where none is. */
  readonly pass: LinePass | undefined;
}

/** A pass that reads lines anew. */
export interface LinePass {
  /** Its place in the binlog. */
  readonly changeId: number;
  /** Ids may have come back, so what was read before says nothing of the line that has the id now. */
  readonly forgets: boolean;
}

/** A record that has to be written, and whether what it owes is not what it was. */
export interface LineChange {
  readonly record: LineRecord;
  readonly hasMoved: boolean;
}

/** What becomes of the records of these orders' lines. Records that stay as they are are left out. */
export function decideLines(reading: LineReading): readonly LineChange[] {
  const known = new Map<number, LineRecord[]>();
  for (const record of reading.known) {
    if (isForgotten(record, reading)) continue;
    known.set(record.detailId, [...(known.get(record.detailId) ?? []), record]);
  }
  const there = new Set(reading.lines.map(({ detailId }) => detailId));
  const gone = [...known.values()].flat().filter((record) => !there.has(record.detailId));
  const changes = reading.lines.map((line): readonly (LineChange | undefined)[] => {
    const records = known.get(line.detailId);
    return records === undefined
      ? firstRecords(line, reading)
      : records.map((record) => renewed(record, line, reading));
  });
  changes.push(gone.map((record) => renewed(record, undefined, reading)));
  return changes.flat().filter((change) => change !== undefined);
}

/** Read before a gap or a restore, and not since. */
function isForgotten({ changeId, row }: LineRecord, { pass, rows }: LineReading): boolean {
  const forgottenBefore = pass?.forgets === true ? pass.changeId : 0;
  return changeId < Math.max(forgottenBefore, rows.get(row)?.linesFrom ?? 0);
}

function firstRecords(line: ShopLine, reading: LineReading): readonly LineChange[] {
  const told = reading.told.get(line.orderId);
  if (told === undefined || line.detailId > reading.toldLines.last) return [];
  return (reading.takes.get(line.detailId) ?? []).map(({ row, factor }) => {
    const units = decideUnits(line, reading.rules) * factor;
    const place = reading.rows.get(row);
    const isInOpening = place !== undefined && (place.isClosed || line.detailId <= place.linesAfter);
    const record: LineRecord = {
      detailId: line.detailId,
      row,
      orderId: line.orderId,
      factor,
      whole: line.quantity * factor,
      units,
      moved: 0,
      settled: isInOpening ? 0 - units : 0,
      cause: "sale",
      changeId: Math.max(told.changeId, reading.toldLines.place),
      isAnnounced: reading.announced.has(line.orderId),
      firstSeenAt: told.at,
    };
    return { record, hasMoved: true };
  });
}

/** How the record of a line that is there, or is gone, stands now; undefined where nothing is to be written. */
function renewed(
  record: LineRecord,
  line: ShopLine | undefined,
  reading: LineReading,
): LineChange | undefined {
  const orderId = line?.orderId ?? record.orderId;
  const told = reading.told.get(orderId);
  if (told === undefined) return undefined;
  const stands = line === undefined ? { units: 0, whole: record.whole } : standingOf(record, line, reading);
  const grown = stands.units - record.units;
  const next: LineRecord = {
    ...record,
    ...stands,
    orderId,
    settled: settledOf(record, grown, reading.rows.get(record.row)),
    cause: causeOf(record, line, grown, reading.rules),
    // Whatever told of it last comes behind the line's own row: a line may have been read before its fact was.
    changeId: Math.max(record.changeId, told.changeId),
  };
  return mayStay(record, next, reading.pass)
    ? undefined
    : { record: next, hasMoved: owedOf(next) !== owedOf(record) };
}

/** Nothing is new of it, it owes nothing, and it was read since the pass began. */
function mayStay(record: LineRecord, next: LineRecord, pass: LinePass | undefined): boolean {
  const isSame =
    next.units === record.units && next.whole === record.whole && next.orderId === record.orderId;
  return isSame && owedOf(record) === 0 && record.changeId >= (pass?.changeId ?? 0);
}

function standingOf(
  { factor }: LineRecord,
  line: ShopLine,
  { rules }: LineReading,
): Pick<LineRecord, "units" | "whole"> {
  return { units: decideUnits(line, rules) * factor, whole: line.quantity * factor };
}

/**
 * A row that is gone is neither taken from nor given back to any more. What the shop forgot to put back is not taken a
 * second time when the line comes back.
 */
function settledOf(record: LineRecord, grown: number, row: RowForLines | undefined): number {
  if (row?.isClosed === true) return record.settled - grown;
  return record.settled > 0 && grown > 0 ? Math.max(0, record.settled - grown) : record.settled;
}

function causeOf(record: LineRecord, line: ShopLine | undefined, grown: number, rules: LineRules): LineCause {
  if (grown === 0) return record.cause;
  if (line === undefined) return "edit";
  if (rules.idleStates.has(line.state) || (grown > 0 && record.units === 0)) return "cancellation";
  if (grown > 0) return "edit";
  return line.reinjected > 0 && line.quantity * record.factor >= record.units ? "return" : "edit";
}
