import { chunksOf } from "../../domain/chunks.ts";
import type { Database, Tx } from "../../platform/database.ts";
import type { InFlightOrder, Send, TakenLine } from "./decide-target.ts";
import { decodeSentLines } from "./decode-sent-lines.ts";
import {
  highestOrderWithLines,
  type OrderLineUnits,
  ordersAcknowledgedSince,
  ordersInOutbox,
  ordersInState,
  ordersWithGoodsHere,
  ordersWithLinesOnly,
  readOrderMappings,
  readOrderUnits,
  readSends,
  readSentBodies,
  type SendRow,
  UNSETTLED_JOB_STATES,
} from "./in-flight-statements.ts";

/** Orders of one statement; a drain after an outage has thousands of them under way. */
const CHUNK_ORDERS = 500;
/** Bodies of one statement. */
const CHUNK_BODIES = 100;
/** Ids of one statement that goes through orders by their id. */
const SPAN_ORDERS = 2_000;
/** An order's id is given before its commit: a checkout of this many orders ago may still be under way. */
const LATE_ORDERS = 5_000;

/** What is remembered from one round to the next; losing it costs one longer look. */
export interface OrderMemory {
  /** Every order with lines up to this id has a job. */
  jobsUpTo: number;
}

/** Orders whose goods are in the shop's house, at a moment before the figures were asked for. */
export interface GoodsBefore {
  readonly here: ReadonlySet<number>;
  /** The highest order then. */
  readonly highest: number;
}

/** What a look at the orders needs to know. */
export interface InFlightQuestion {
  /** The moment at which the first page was asked for. */
  readonly since: string;
  /** Orders up to this id are history, and in the ERP's figure by its own ways. */
  readonly exportAfterOrder: number;
  /** Undefined where the ERP's figure counts an order as soon as it stands in the ERP. */
  readonly goodsBefore: GoodsBefore | undefined;
  readonly memory: OrderMemory;
  /** Rows that somebody wants to know of. */
  readonly isWanted: (row: number) => boolean;
}

/** An order, and its lines on one row. */
export interface OrderOnRow {
  readonly order: InFlightOrder;
  readonly lines: readonly TakenLine[];
}

/**
 * Orders after the start of the export whose goods are still here.
 * Goes through all of them by id, since no index of the shop's tells; a few milliseconds for each 2,000.
 */
export async function readGoodsHere(db: Database, exportAfterOrder: number): Promise<GoodsBefore> {
  const highest = await highestOrderWithLines(db);
  const here = new Set<number>();
  for (const span of spansOf(exportAfterOrder, highest)) {
    for (const id of await ordersWithGoodsHere(db, span)) here.add(id);
  }
  return { here, highest };
}

/**
 * By row, the orders that a figure read since then may not hold, or not as they are. One transaction sees one moment, so
 * an order is in one of the lists, whatever moves it on meanwhile.
 */
export async function readInFlight(
  tx: Tx,
  question: InFlightQuestion,
): Promise<ReadonlyMap<number, readonly OrderOnRow[]>> {
  const looked = await readCandidates(tx, question);
  const lines = await readLines(tx, [...looked.candidates], question.isWanted);
  const orderIds = [...lines.keys()];
  const sends = await readAllSends(tx, orderIds, looked);
  const mapped = await readAllMappings(
    tx,
    orderIds.filter((id) => sends.get(id) === undefined),
  );
  const byRow = new Map<number, OrderOnRow[]>();
  for (const [id, ofOrder] of lines) {
    const mine = sends.get(id) ?? [];
    if (!isInScope(id, mine, looked, question)) continue;
    const order: InFlightOrder = {
      id,
      isSettled: !looked.unsettled.has(id),
      sends: mine,
      mappedAt: mapped.get(id) ?? null,
      isCancelled: ofOrder.every(({ units }) => units === 0),
      goods: goodsOf(id, looked.goodsNow, question.goodsBefore),
    };
    for (const [row, onRow] of groupBy(ofOrder, ({ row }) => row)) {
      if (!question.isWanted(row)) continue;
      byRow.set(row, [...(byRow.get(row) ?? []), { order, lines: onRow }]);
    }
  }
  return byRow;
}

/** The orders that are looked at, and what is known of them already. */
interface Candidates {
  readonly candidates: ReadonlySet<number>;
  /** Their job is not done, or somebody has announced a change. */
  readonly unsettled: ReadonlySet<number>;
  readonly requested: ReadonlySet<number>;
  readonly goodsNow: ReadonlySet<number>;
}

async function readCandidates(tx: Tx, question: InFlightQuestion): Promise<Candidates> {
  const unsettled = new Set<number>();
  const requested = new Set<number>();
  for (const state of UNSETTLED_JOB_STATES) {
    for (const { id, isRequested } of await ordersInState(tx, state)) {
      unsettled.add(id);
      if (isRequested) requested.add(id);
    }
  }
  for (const id of await ordersInOutbox(tx)) unsettled.add(id);
  for (const id of await readWithoutJob(tx, question)) unsettled.add(id);
  const acknowledged = await ordersAcknowledgedSince(tx, question.since);
  const { exportAfterOrder, goodsBefore } = question;
  const goodsNow =
    goodsBefore === undefined ? new Set<number>() : (await readGoodsHere(tx, exportAfterOrder)).here;
  const candidates = new Set([...unsettled, ...acknowledged, ...goodsNow, ...(goodsBefore?.here ?? [])]);
  return { candidates, unsettled, requested, goodsNow };
}

/** Orders that neither hook nor binlog told of yet, for instance those from before the installation. */
async function readWithoutJob(
  tx: Tx,
  { exportAfterOrder, memory }: InFlightQuestion,
): Promise<readonly number[]> {
  const highest = await highestOrderWithLines(tx);
  const found: number[] = [];
  for (const span of spansOf(Math.max(exportAfterOrder, memory.jobsUpTo), highest)) {
    found.push(...(await ordersWithLinesOnly(tx, span)));
  }
  const first = found.reduce((lowest, id) => Math.min(lowest, id), Number.POSITIVE_INFINITY);
  memory.jobsUpTo = Math.max(memory.jobsUpTo, Math.min(first - 1, highest - LATE_ORDERS));
  return found;
}

/** The lines of those orders that have one on a row that is wanted. */
async function readLines(
  tx: Tx,
  orderIds: readonly number[],
  isWanted: (row: number) => boolean,
): Promise<ReadonlyMap<number, readonly OrderLineUnits[]>> {
  const found = new Map<number, readonly OrderLineUnits[]>();
  for (const chunk of chunksOf(orderIds, CHUNK_ORDERS)) {
    const lines = await readOrderUnits(tx, chunk);
    for (const [id, mine] of groupBy(lines, ({ orderId }) => orderId)) {
      if (mine.some(({ row }) => isWanted(row))) found.set(id, mine);
    }
  }
  return found;
}

async function readAllSends(
  tx: Tx,
  orderIds: readonly number[],
  { unsettled }: Candidates,
): Promise<ReadonlyMap<number, readonly Send[]>> {
  const found = new Map<number, readonly Send[]>();
  for (const chunk of chunksOf(orderIds, CHUNK_ORDERS)) {
    const rows = groupBy(await readSends(tx, chunk), ({ orderId }) => orderId);
    const compared = [...rows].flatMap(([id, mine]) => (unsettled.has(id) || mine.length > 1 ? mine : []));
    const bodies = await readBodies(
      tx,
      compared.filter(({ state }) => state === "acknowledged"),
    );
    for (const [id, mine] of rows) {
      found.set(
        id,
        mine.map((row) => sendOf(row, bodies.get(row.key))),
      );
    }
  }
  return found;
}

async function readBodies(tx: Tx, sends: readonly SendRow[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const chunk of chunksOf(sends, CHUNK_BODIES)) {
    const bodies = await readSentBodies(
      tx,
      chunk.map(({ key }) => key),
    );
    for (const [key, body] of bodies) found.set(key, body);
  }
  return found;
}

function sendOf(row: SendRow, body: string | undefined): Send {
  const { acknowledgedAt, bodyHash, createdAt, isAmbiguous, state } = row;
  const units = body === undefined ? undefined : decodeSentLines(body, bodyHash);
  return { state, isAmbiguous, createdAt, acknowledgedAt, units };
}

async function readAllMappings(tx: Tx, orderIds: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  for (const chunk of chunksOf(orderIds, CHUNK_ORDERS)) {
    for (const [id, at] of await readOrderMappings(tx, chunk)) found.set(id, at);
  }
  return found;
}

/** History is not exported, so the ERP's figure has it by its own ways; unless a person asked for it. */
function isInScope(
  id: number,
  sends: readonly Send[],
  { requested }: Candidates,
  { exportAfterOrder }: InFlightQuestion,
): boolean {
  return id > exportAfterOrder || sends.length > 0 || requested.has(id);
}

function goodsOf(
  id: number,
  now: ReadonlySet<number>,
  before: GoodsBefore | undefined,
): InFlightOrder["goods"] {
  if (before === undefined) return "shipped";
  if (now.has(id)) return "here";
  return before.here.has(id) || id > before.highest ? "meanwhile" : "shipped";
}

function spansOf(
  after: number,
  until: number,
): readonly { readonly after: number; readonly until: number }[] {
  const spans = [];
  for (let from = after; from < until; from += SPAN_ORDERS) {
    spans.push({ after: from, until: Math.min(until, from + SPAN_ORDERS) });
  }
  return spans;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
