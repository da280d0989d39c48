import { chunksOf } from "../../domain/chunks.ts";
import type { Database, Tx } from "../../platform/database.ts";
import { inTransaction } from "../../platform/transaction.ts";
import type { LedgerRow } from "./decide-booking.ts";
import {
  decideLines,
  type LineChange,
  type LinePass,
  type LineRecord,
  type Told,
  type ToldLines,
} from "./decide-lines.ts";
import { isReset, type Pass } from "./decide-pass.ts";
import { readLineRecords, upsertLineRecords } from "./line-statements.ts";
import { type OrderReading, readOrders } from "./read-orders.ts";
import { readRows } from "./read-rows.ts";

/** Values of one statement. */
const CHUNK = 500;

/** Orders that were told of, and what the shop says of them now. */
export interface ToldOrders {
  readonly told: ReadonlyMap<number, Told>;
  /** Undefined where none was told of. */
  readonly reading: OrderReading | undefined;
  readonly toldLines: ToldLines;
}

/** What the ledger knows of the lines of these orders. */
export async function readKnownLines(
  tx: Tx,
  { reading, told }: Pick<ToldOrders, "reading" | "told">,
): Promise<readonly LineRecord[]> {
  if (reading === undefined) return [];
  const details = new Map<number, number[]>();
  for (const { detailId, orderId } of reading.lines) {
    const same = details.get(orderId);
    if (same === undefined) details.set(orderId, [detailId]);
    else same.push(detailId);
  }
  const known: LineRecord[] = [];
  for (const chunk of chunksOf([...told.keys()], CHUNK)) {
    known.push(
      ...(await readLineRecords(
        tx,
        chunk,
        chunk.flatMap((id) => details.get(id) ?? []),
      )),
    );
  }
  return known;
}

/** Books what the lines of orders take now. Returns what changed. */
export async function bookLines(
  tx: Tx,
  { reading, told, toldLines }: ToldOrders,
  ledger: {
    readonly known: readonly LineRecord[];
    readonly rows: ReadonlyMap<number, LedgerRow>;
    readonly pass: LinePass | undefined;
  },
): Promise<readonly LineChange[]> {
  if (reading === undefined) return [];
  const { announced, lines, rules, takes } = reading;
  const rows = new Map(
    [...ledger.rows].map(([id, row]) => [id, { ...row, isClosed: row.closedAt !== null }]),
  );
  const { known, pass } = ledger;
  const changes = decideLines({ told, toldLines, lines, takes, rules, announced, known, rows, pass });
  for (const chunk of chunksOf(changes, CHUNK)) {
    await upsertLineRecords(
      tx,
      chunk.map(({ record }) => record),
    );
  }
  return changes;
}

/** A pass reads lines anew, but for one that only verifies. */
export function linePassOf(pass: Pass | undefined): LinePass | undefined {
  if (pass?.changeId == null || !isReset(pass.reason)) return undefined;
  return { changeId: pass.changeId, forgets: pass.reason === "restored" };
}

/**
 * Takes in the lines of orders that nothing told of. What they are then found to owe is dropped when the pass observes
 * their rows, so none of them is touched. `note` is part of the transaction.
 */
export async function takeInLines(
  db: Database,
  orderIds: readonly number[],
  pass: Pass,
  note: (tx: Tx) => Promise<void>,
): Promise<void> {
  const told = new Map(orderIds.map((id) => [id, { changeId: pass.changeId ?? 0, at: pass.begunAt }]));
  const reading = orderIds.length === 0 ? undefined : await readOrders(db, orderIds);
  const orders: ToldOrders = { told, reading, toldLines: { last: Number.POSITIVE_INFINITY, place: 0 } };
  await inTransaction(db, async (tx) => {
    const known = await readKnownLines(tx, orders);
    const rows = await readRows(tx, [...known.map(({ row }) => row), ...rowsTaken(reading)]);
    await bookLines(tx, orders, { known, rows, pass: linePassOf(pass) });
    await note(tx);
  });
}

/** The rows from which the lines of a reading would take. */
export function rowsTaken(reading: OrderReading | undefined): readonly number[] {
  return [...(reading?.takes.values() ?? [])].flat().map(({ row }) => row);
}
