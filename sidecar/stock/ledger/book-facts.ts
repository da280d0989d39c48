import { chunksOf } from "../../domain/chunks.ts";
import type { StockFact, StockRowKeys } from "../../domain/stock.ts";
import type { Database, Tx } from "../../platform/database.ts";
import type { Log } from "../../platform/log.ts";
import { inTransaction } from "../../platform/transaction.ts";
import { bookLines, linePassOf, readKnownLines, rowsTaken, type ToldOrders } from "./book-lines.ts";
import { type BookChecksResult, bookChecks, bookGap } from "./book-pass.ts";
import { type Booking, decideBooking, type InboxFacts, type LedgerRow, placeOf } from "./decide-booking.ts";
import { type LineChange, owedOf, type Told, type ToldLines } from "./decide-lines.ts";
import { isReset, type Pass } from "./decide-pass.ts";
import { decodeFacts } from "./decode-facts.ts";
import {
  insertMovements,
  readInbox,
  readOwnWrites,
  readParentRows,
  readRowsOfSubjects,
  takeInbox,
  touchRows,
  upsertBroken,
  upsertLedgerRows,
} from "./ledger-statements.ts";
import { readLastLine, sumOwed } from "./line-statements.ts";
import { readOpenPasses } from "./pass-statements.ts";
import { readOrders } from "./read-orders.ts";
import { readRows } from "./read-rows.ts";

/** Sizes of one batch: the transaction stays short, and its number of statements does not depend on how full it is. */
export const BOOKING_LIMITS = { inboxRows: 300, inboxRowsMin: 8, facts: 1_000 } as const;

/** Values of one statement. */
const CHUNK = 500;

export interface BookingDeps {
  readonly db: Database;
  readonly log: Log;
}

/** What was booked. */
export interface Booked {
  readonly inboxRows: number;
  /** More facts may wait. */
  readonly isFull: boolean;
  /** Rows of which something was booked. */
  readonly rows: readonly number[];
  /** Rows among them that are to be looked at now, and not only when they are quiet. */
  readonly urgent: readonly number[];
  readonly movements: readonly { readonly cause: string }[];
  /** When the oldest of the facts was committed, `YYYY-MM-DD HH:MM:SS.fff`, UTC. */
  readonly oldestAt: string;
  /** A pass that is finished now, as all that it observed is booked. */
  readonly finished: BookChecksResult["finished"];
  /** The pass that is under way now. */
  readonly pass: Pass | undefined;
}

/** Rows that are being settled while facts are booked, and when that is over. */
export interface Settling {
  readonly rows: ReadonlySet<number>;
  readonly done: Promise<void>;
}

/** The inbox was emptied by another process between the look and the booking. */
const TAKEN: unique symbol = Symbol("taken");

/** The batch is about rows that are being settled; the transaction is rolled back. */
class MeetsSettling extends Error {
  override readonly name = "MeetsSettling";
}

/**
 * Books the oldest facts: positions, movements, lines, and the facts gone from the inbox, all in one transaction. So
 * opening + movements is the position whenever anybody looks, and each fact is booked once, whatever dies. Undefined
 * where nothing waits. A batch about rows that are being settled waits until they are: what the verdict was decided on
 * must not change under it.
 * @param limit rows of the inbox that are read; few where the last ones were large.
 */
export async function bookFacts(
  deps: BookingDeps,
  limit: number = BOOKING_LIMITS.inboxRows,
  settling?: Settling,
): Promise<Booked | undefined> {
  try {
    return await bookBeside(deps, limit, settling?.rows ?? NONE);
  } catch (thrown) {
    if (!(thrown instanceof MeetsSettling)) throw thrown;
  }
  await settling?.done;
  return await bookBeside(deps, limit, NONE);
}

const NONE: ReadonlySet<number> = new Set();

async function bookBeside(
  deps: BookingDeps,
  limit: number,
  settling: ReadonlySet<number>,
): Promise<Booked | undefined> {
  const { db } = deps;
  const inbox = await readInbox(db, limit);
  const batch = cut(inbox, (row) => decoded(deps, row));
  const [first] = batch;
  if (first === undefined) return undefined;
  const told = toldOf(batch);
  const [reading, lastLine, open] = await Promise.all([
    told.size === 0 ? undefined : readOrders(db, [...told.keys()]),
    readLastLine(db),
    readOpenPasses(db),
  ]);
  const orders: ToldOrders = { told, reading, toldLines: toldLinesOf(batch, lastLine) };
  const result = await inTransaction(db, async (tx) => {
    const taken = await takeInbox(
      tx,
      batch.map(({ id }) => id),
    );
    return taken < batch.length
      ? TAKEN
      : await book(tx, batch, orders, { lastLine, pass: open[0], settling });
  });
  if (result === TAKEN) return undefined;
  const urgent = [...result.urgent, ...(await urgentOf(db, result.lines, result.now))];
  const isFull = batch.length < inbox.length || inbox.length === limit;
  const { finished, movements, pass, rows } = result;
  const { committedAt: oldestAt } = first;
  return { rows, urgent, movements, finished, pass, inboxRows: batch.length, isFull, oldestAt };
}

function decoded(
  { log }: BookingDeps,
  row: { readonly id: number; readonly committedAt: string; readonly facts: string },
): InboxFacts {
  const { facts, isReadable } = decodeFacts(row.facts);
  if (!isReadable) log("error", { event: "stock.gap", reason: `inbox row ${String(row.id)} cannot be read` });
  return { id: row.id, committedAt: row.committedAt, facts };
}

/**
 * As many transactions as fit. A check or a gap is booked alone: what was told before it is in what it observed, and
 * what is told after is not.
 */
function cut<Raw>(inbox: readonly Raw[], decode: (raw: Raw) => InboxFacts): readonly InboxFacts[] {
  const batch: InboxFacts[] = [];
  let weight = 0;
  for (const raw of inbox) {
    // A large transaction fills the inbox with rows that this batch will not reach.
    const row = decode(raw);
    const isAlone = row.facts.some(({ kind }) => kind === "check" || kind === "gap");
    weight += weightOf(row.facts);
    if (batch.length > 0 && (isAlone || weight > BOOKING_LIMITS.facts)) return batch;
    batch.push(row);
    if (isAlone) return batch;
  }
  return batch;
}

function weightOf(facts: readonly StockFact[]): number {
  return facts.reduce((sum, fact) => sum + ("ids" in fact ? fact.ids.length : 1), 0);
}

/** Lines that were told of before this batch are known, but for those of rows that the shop does not have. */
function toldLinesOf(batch: readonly InboxFacts[], known: number): ToldLines {
  const facts = batch.flatMap((row) => row.facts);
  const told = facts.map((fact) => (fact.kind === "lines" ? fact.last : 0));
  const place = placeOf((batch.at(-1)?.id ?? 0) + 1, 0) - 1;
  return { last: told.reduce((last, one) => Math.max(last, one), known), place };
}

/** Orders that were told of, each with its last fact. */
function toldOf(batch: readonly InboxFacts[]): ReadonlyMap<number, Told> {
  const told = new Map<number, Told>();
  for (const { committedAt, facts, id } of batch) {
    for (const [index, fact] of facts.entries()) {
      if (fact.kind !== "orders") continue;
      for (const orderId of fact.ids) told.set(orderId, { changeId: placeOf(id, index), at: committedAt });
    }
  }
  return told;
}

/** What was read before the transaction: the ledger is the only one that changes it. */
interface Before {
  /** Highest order line that the ledger knows. */
  readonly lastLine: number;
  readonly pass: Pass | undefined;
  /** Rows that are being settled. */
  readonly settling: ReadonlySet<number>;
}

type BookedBatch = Pick<Booked, "rows" | "urgent" | "movements" | "finished" | "pass"> & {
  readonly lines: readonly LineChange[];
  /** Rows as they are now. */
  readonly now: ReadonlyMap<number, LedgerRow>;
};

async function book(
  tx: Tx,
  batch: readonly InboxFacts[],
  orders: ToldOrders,
  before: Before,
): Promise<BookedBatch> {
  const facts = batch.flatMap((row) => row.facts);
  const { pass, settling } = before;
  const isAboutPasses = facts.some(({ kind }) => kind === "check" || kind === "gap");
  // A pass is about all rows.
  if (isAboutPasses && settling.size > 0) throw new MeetsSettling();
  const known = await readKnownLines(tx, orders);
  const named = [...facts.flatMap(rowsNamed), ...known.map(({ row }) => row), ...rowsTaken(orders.reading)];
  const declared = await declaredRows(tx, facts);
  keepClear([...named, ...declared], settling);
  const rows = await readRows(tx, named);
  const booking = await bookMovements(tx, batch, rows, before);
  const now = new Map([...rows, ...booking.rows.map((row) => [row.row, row] as const)]);
  const lines = await bookLines(tx, orders, { known, rows: now, pass: linePassOf(pass) });
  const touched = new Set([
    ...booking.touched,
    ...lines.filter(({ hasMoved }) => hasMoved).map(({ record }) => record.row),
    ...declared,
  ]);
  const parents = await parentsOf(tx, [...touched], now);
  keepClear(parents, settling);
  for (const parent of parents) touched.add(parent);
  const changed = new Set([...booking.rows.map(({ row }) => row), ...touched]);
  const written = [...changed].flatMap((row) => now.get(row) ?? []);
  for (const chunk of chunksOf(written, CHUNK)) await upsertLedgerRows(tx, chunk, touched);
  const others = [...touched].filter((row) => !now.has(row));
  for (const chunk of chunksOf(others, CHUNK)) await touchRows(tx, chunk);
  if (booking.broken.length > 0) await upsertBroken(tx, booking.broken, "change");
  const checked = await bookChecks(tx, batch);
  await bookGap(tx, batch);
  const [passNow] = isAboutPasses ? await readOpenPasses(tx) : [pass];
  return {
    rows: [...touched, ...booking.own, ...checked.rows],
    urgent: [...booking.own, ...checked.rows],
    lines,
    now,
    movements: [...booking.movements, ...checked.movements],
    finished: checked.finished,
    pass: passNow,
  };
}

function keepClear(rows: readonly number[], settling: ReadonlySet<number>): void {
  if (rows.some((row) => settling.has(row))) throw new MeetsSettling();
}

/** Rows that were sold below 0, if what was read so far is all; and rows of orders that nobody's stock management wrote. */
async function urgentOf(
  db: Database,
  lines: readonly LineChange[],
  rows: ReadonlyMap<number, LedgerRow>,
): Promise<readonly number[]> {
  const taking = lines.map(({ record }) => record).filter((record) => owedOf(record) > 0);
  const unannounced = taking.filter(({ isAnnounced }) => !isAnnounced).map(({ row }) => row);
  const owed = new Map<number, number>();
  for (const chunk of chunksOf([...new Set(taking.map(({ row }) => row))], CHUNK)) {
    for (const [row, units] of await sumOwed(db, chunk)) owed.set(row, units);
  }
  const short = [...owed].filter(([row, units]) => (rows.get(row)?.position ?? 0) < units);
  return [...new Set([...unannounced, ...short.map(([row]) => row)])];
}

/** Rows that a fact names; those of lines and checks are found on the way. */
function rowsNamed(fact: StockFact): readonly number[] {
  if (fact.kind === "row") return [fact.row];
  return fact.kind === "declared" ? fact.rows : [];
}

async function bookMovements(
  tx: Tx,
  batch: readonly InboxFacts[],
  rows: ReadonlyMap<number, LedgerRow>,
  { lastLine, pass }: Before,
): Promise<Booking> {
  const facts = batch.flatMap((row) => row.facts);
  const writeIds = facts.flatMap((fact) => (fact.kind === "own" ? fact.ids : []));
  const writes = writeIds.length === 0 ? [] : await readOwnWrites(tx, writeIds);
  const booking = decideBooking(batch, {
    rows,
    writes: new Map(writes.map((write) => [write.id, write])),
    isOpening: pass !== undefined && isReset(pass.reason),
    lastLine,
  });
  for (const chunk of chunksOf(booking.movements, CHUNK)) await insertMovements(tx, chunk);
  return booking;
}

/** Rows for which somebody declared movements. */
async function declaredRows(tx: Tx, facts: readonly StockFact[]): Promise<readonly number[]> {
  const declared = facts.filter((fact) => fact.kind === "declared");
  const subjects = new Set(declared.flatMap((fact) => fact.subjects));
  const rows = new Set(declared.flatMap((fact) => fact.rows));
  const wanted = [...subjects].flatMap((subject) => {
    const [product, combination] = subject.split(":").slice(1).map(Number);
    return Number.isSafeInteger(product) && Number.isSafeInteger(combination)
      ? [{ product: product ?? 0, combination: combination ?? 0 }]
      : [];
  });
  for (const chunk of chunksOf(wanted, CHUNK)) {
    for (const { row } of await readRowsOfSubjects(tx, chunk)) rows.add(row);
  }
  return [...rows];
}

const familyOf = ({ group, product, shop }: StockRowKeys): string => [product, shop, group].join(":");

/** The rows that follow these where these are combinations: their sum is to be looked at. */
async function parentsOf(
  tx: Tx,
  touched: readonly number[],
  rows: ReadonlyMap<number, LedgerRow>,
): Promise<readonly number[]> {
  const children = touched
    .map((id) => rows.get(id))
    .filter((row) => row !== undefined)
    .filter(({ combination }) => combination !== 0);
  const families = new Set(children.map(familyOf));
  const found: number[] = [];
  for (const chunk of chunksOf([...new Set(children.map(({ product }) => product))], CHUNK)) {
    const parents = await readParentRows(tx, chunk);
    found.push(...parents.filter((parent) => families.has(familyOf(parent))).map(({ row }) => row));
  }
  return found;
}
