import { chunksOf } from "../domain/chunks.ts";
import { orderSubject, type ShopOrderId } from "../domain/ids.ts";
import { type Mark, urgentOf } from "../domain/job.ts";
import type { Database, Tx } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { markJobs, newlyMarked } from "../queue/mark-statements.ts";
import { decideMissedCause, type MissedCause } from "./decide-missed-cause.ts";
import type { EffectBatch } from "./effect-batch.ts";
import {
  countMissedHooks,
  findOrdersByReference,
  insertStockFacts,
  readModuleState,
  type StockFacts,
  writeCheckpoint,
} from "./statements.ts";

/** Rows of one statement; a transaction of the shop may touch any number of orders. */
const CHUNK_ROWS = 500;
/** Stock facts of one statement. */
const STATEMENT_FACTS = 2_000;

/** What became of a batch. */
export interface Committed {
  readonly markedJobs: number;
  /** Orders that no hook announced and that nobody had found before. */
  readonly missed: readonly ShopOrderId[];
  /** Why no hook announced them; undefined where there are none. */
  readonly cause: MissedCause | undefined;
}

/**
 * Commits the batch's effects and its checkpoint in one transaction, on the connection that holds the leader lock:
 * when that connection is dead, so is the lead, and nothing is written.
 */
export async function commitEffects(
  connection: Database,
  server: string,
  batch: EffectBatch,
): Promise<Committed> {
  return await inTransaction(connection, async (tx) => {
    const marks = await allMarks(tx, batch);
    for (const chunk of chunksOf(marks, CHUNK_ROWS)) await markJobs(tx, chunk);
    const unannounced = await foundByUs(tx, batch.unannounced);
    let cause: MissedCause | undefined;
    if (unannounced.length > 0) {
      cause = decideMissedCause(await readModuleState(tx));
      await countMissedHooks(tx, cause, unannounced);
    }
    for (const chunk of statementsOf(batch.stock.flatMap(inboxRows))) await insertStockFacts(tx, chunk);
    if (batch.point !== undefined) await writeCheckpoint(tx, { server, ...batch.point });
    return { markedJobs: marks.length, missed: unannounced, cause };
  });
}

/** All marks with those that payments ask for, by subject: two committers that lock in one order cannot deadlock. */
async function allMarks(tx: Tx, batch: EffectBatch): Promise<readonly Mark[]> {
  const marks = new Map(batch.marks);
  for (const chunk of chunksOf([...batch.references], CHUNK_ROWS)) {
    for (const orderId of await findOrdersByReference(tx, chunk)) {
      const subject = orderSubject(orderId);
      marks.set(subject, urgentOf(marks.get(subject), { subject, when: "soon", traceparent: null }));
    }
  }
  return [...marks.values()].sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

/** Orders that nobody had found: after a standstill the sweep finds and counts those that the binlog tells of as well. */
async function foundByUs(tx: Tx, orderIds: readonly ShopOrderId[]): Promise<readonly ShopOrderId[]> {
  const found: ShopOrderId[] = [];
  for (const chunk of chunksOf(orderIds, CHUNK_ROWS)) {
    const subjects = await newlyMarked(tx, chunk.map(orderSubject));
    found.push(...chunk.filter((id) => subjects.has(orderSubject(id))));
  }
  return found;
}

/** A large transaction takes several rows; each of them says which of its changes may be ours. */
function inboxRows({ committedAtMs, facts }: StockFacts): readonly StockFacts[] {
  if (facts.length <= CHUNK_ROWS) return [{ committedAtMs, facts }];
  const own = facts.filter(({ kind }) => kind === "own");
  const others = facts.filter(({ kind }) => kind !== "own");
  return chunksOf(others, CHUNK_ROWS).map((chunk) => ({ committedAtMs, facts: [...chunk, ...own] }));
}

/** So many rows a statement that it stays far below any server's max_allowed_packet: a fact takes about 140 bytes. */
function statementsOf(rows: readonly StockFacts[]): readonly (readonly StockFacts[])[] {
  const statements: StockFacts[][] = [];
  let facts = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    facts += row.facts.length;
    if (facts > STATEMENT_FACTS) {
      statements.push([]);
      facts = row.facts.length;
    }
    statements.at(-1)?.push(row);
  }
  return statements;
}
