import { chunksOf } from "../../domain/chunks.ts";
import type { StockWrite } from "../../domain/stock.ts";
import { closeConnection, type Database, type DatabaseSettings, type Tx } from "../../platform/database.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { lockName } from "../../platform/named-lock.ts";
import { inTransaction } from "../../platform/transaction.ts";
import {
  decideWrites,
  type Guard,
  type LockedRow,
  type PlacedWrite,
  planBatches,
  type WriteOutcome,
  type WritePlan,
} from "./decide-writes.ts";
import {
  askAnnouncements,
  countStockRows,
  findSources,
  freeProductLocks,
  insertWrites,
  isStockWritingStopped,
  lockStockRows,
  moveLines,
  moveQuantities,
  productsOfRows,
  readPositions,
  takeProductLocks,
} from "./writer-statements.ts";

/** What the writer works with. */
export interface WriterDeps {
  readonly db: Database;
  /** Names the locks, as the module does. */
  readonly settings: Pick<DatabaseSettings, "database" | "prefix">;
  /** True while nothing may be written, because the shop is not the one last seen. */
  readonly stopped: () => boolean;
  readonly metrics: Pick<Metrics, "stockWrites">;
  /** Rows came back from 0 or less: somebody may want to announce them now. */
  readonly onRevived?: () => void;
}

/** Ids of one look-up. */
const CHUNK = 500;
/** Times that a batch is tried again because another process wrote one of its sources at the same moment. */
const DOUBLED_MAX = 3;

/**
 * Writes to `stock_available`, each request at most once for its source, in small transactions with their records.
 * Nothing is waited for: a product that a checkout holds is `busy`. While writing is stopped, and after the signal, all
 * that is left is `busy` too. The outcomes are in the order of the requests. What fails (a lost database) rejects; it is
 * then safe to ask again for all of them.
 */
export async function applyWrites(
  deps: WriterDeps,
  writes: readonly StockWrite[],
  guard: Guard,
  signal: AbortSignal,
): Promise<readonly WriteOutcome[]> {
  const outcomes = new Map<number, WriteOutcome>();
  const placed = await place(deps.db, writes);
  const batches = planBatches(placed, await countRows(deps.db, placed));
  for (const batch of batches) {
    if (signal.aborted || deps.stopped()) break;
    await writeBatch(deps, batch, guard, "skip", outcomes);
  }
  return await report(deps, writes, placed, outcomes);
}

/**
 * What is done about a product's lock that another holds: nothing is written (`skip`), the lock is waited for in line with
 * the checkouts (so many whole seconds), or it is written all the same (`overtake`), which a checkout may write over and
 * only the ledger repairs.
 */
export type LockWay = "skip" | "overtake" | { readonly waitSeconds: number };

/**
 * The same for requests of one product, which may wait for its lock: with no other lock in hand nobody can wait for us
 * meanwhile. Requests of other products are `busy`.
 */
export async function applyToProduct(
  deps: WriterDeps,
  writes: readonly StockWrite[],
  guard: Guard,
  way: LockWay,
): Promise<readonly WriteOutcome[]> {
  const outcomes = new Map<number, WriteOutcome>();
  const placed = await place(deps.db, writes);
  const batch = placed.filter(({ product }) => product === placed[0]?.product);
  if (batch.length > 0 && !deps.stopped()) await writeBatch(deps, batch, guard, way, outcomes);
  return await report(deps, writes, placed, outcomes);
}

/** What nobody came to is left to the next round; a request whose row is gone may have been written before. */
async function report(
  deps: WriterDeps,
  writes: readonly StockWrite[],
  placed: readonly PlacedWrite[],
  outcomes: ReadonlyMap<number, WriteOutcome>,
): Promise<readonly WriteOutcome[]> {
  const hasRow = new Set(placed.map(({ at }) => at));
  const homeless = writes.filter((_, at) => !hasRow.has(at));
  const known = new Map<string, number>();
  for (const chunk of chunksOf(
    homeless.map(({ source }) => source),
    CHUNK,
  )) {
    for (const [source, id] of await findSources(deps.db, chunk)) known.set(source, id);
  }
  return writes.map((write, at) => {
    const id = known.get(write.source);
    const gone: WriteOutcome = id === undefined ? { kind: "gone" } : { kind: "known", id };
    const outcome: WriteOutcome = hasRow.has(at) ? (outcomes.get(at) ?? { kind: "busy" }) : gone;
    deps.metrics.stockWrites.inc({ cause: write.cause, outcome: outcome.kind });
    return outcome;
  });
}

/** The requests whose row is there, with their products. */
async function place(db: Database, writes: readonly StockWrite[]): Promise<readonly PlacedWrite[]> {
  const products = new Map<number, number>();
  for (const chunk of chunksOf([...new Set(writes.map((write) => write.row))], CHUNK)) {
    for (const [row, product] of await productsOfRows(db, chunk)) products.set(row, product);
  }
  return writes.flatMap((write, at) => {
    const product = products.get(write.row);
    return product === undefined ? [] : [{ write, product, at }];
  });
}

async function countRows(db: Database, placed: readonly PlacedWrite[]): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for (const chunk of chunksOf([...new Set(placed.map(({ product }) => product))], CHUNK)) {
    for (const [product, rows] of await countStockRows(db, chunk)) counts.set(product, rows);
  }
  return counts;
}

/** The locks and the transaction share a connection: when it dies, the server frees the ones and undoes the other. */
async function writeBatch(
  deps: WriterDeps,
  batch: readonly PlacedWrite[],
  guard: Guard,
  way: LockWay,
  outcomes: Map<number, WriteOutcome>,
): Promise<void> {
  const { database, prefix } = deps.settings;
  const products = [...new Set(batch.map(({ product }) => product))].sort((a, b) => a - b);
  const names = products.map((product) => lockName(database, prefix, `stock.${String(product)}`));
  const waitSeconds = typeof way === "object" ? way.waitSeconds : 0;
  await deps.db.connection().execute(async (connection) => {
    const got = await takeProductLocks(connection, names, waitSeconds).catch(async (thrown: unknown) => {
      // It may have been interrupted with some of them in hand.
      await closeConnection(connection);
      throw thrown;
    });
    try {
      const free = products.filter((_, index) => way === "overtake" || got[index] === true);
      const done = await againWhenDoubled(() =>
        inTransaction(connection, (tx) => writeHeld(tx, batch, free, guard, deps.stopped)),
      );
      for (const [index, { at }] of batch.entries())
        outcomes.set(at, done.outcomes[index] ?? { kind: "busy" });
      if (done.revives) deps.onRevived?.();
    } finally {
      const mine = names.filter((_, index) => got[index] === true);
      if (mine.length > 0) {
        // Locks that cannot be given back must not stay with a connection of the pool: checkouts would wait for them.
        await freeProductLocks(connection, mine).catch(() => closeConnection(connection));
      }
    }
  });
}

/** Another process wrote one of the sources between our look and our INSERT; the next look finds it. */
async function againWhenDoubled<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (thrown) {
      const isDoubled = thrown instanceof Error && "code" in thrown && thrown.code === "ER_DUP_ENTRY";
      if (!isDoubled || tries >= DOUBLED_MAX) throw thrown;
    }
  }
}

/** What a transaction did. */
interface Done {
  readonly outcomes: readonly WriteOutcome[];
  /** Rows came back from 0 or less, and their announcements are asked for. */
  readonly revives: boolean;
}

/** The transaction: all that it writes stands, or nothing. */
async function writeHeld(
  tx: Tx,
  batch: readonly PlacedWrite[],
  products: readonly number[],
  guard: Guard,
  stopped: () => boolean,
): Promise<Done> {
  const rows = products.length === 0 ? [] : await lockStockRows(tx, products);
  const held = products.length === 0 ? new Set<number>() : await wholeProducts(tx, products, rows);
  const mine = new Map(rows.filter((row) => held.has(row.product)).map((row) => [row.row, row]));
  const asked = batch.map(({ write }) => write.row);
  const plan = decideWrites({
    writes: batch,
    guard,
    held,
    rows: mine,
    positions: guard === "none" || mine.size === 0 ? new Map() : await readPositions(tx, asked),
    known: await findSources(
      tx,
      batch.map(({ write }) => write.source),
    ),
  });
  if (plan.records.length === 0) return { outcomes: withIds(plan, new Map()), revives: false };
  if (stopped() || (await isStockWritingStopped(tx))) return { outcomes: [], revives: false };
  return { outcomes: withIds(plan, await carryOut(tx, plan)), revives: plan.revived.length > 0 };
}

/** Products all of whose rows are ours; of the others somebody holds a row, or has just made one. */
async function wholeProducts(
  tx: Tx,
  products: readonly number[],
  rows: readonly LockedRow[],
): Promise<ReadonlySet<number>> {
  const there = await countStockRows(tx, products);
  const locked = new Map<number, number>();
  for (const { product } of rows) locked.set(product, (locked.get(product) ?? 0) + 1);
  return new Set(products.filter((product) => there.get(product) === locked.get(product)));
}

/** Returns the ids of the records by source; they may not be consecutive, so they are read back. */
async function carryOut(tx: Tx, plan: WritePlan): Promise<ReadonlyMap<string, number>> {
  await insertWrites(tx, plan.records);
  await moveQuantities(tx, plan.changes);
  if (plan.lines.length > 0) await moveLines(tx, plan.lines);
  if (plan.revived.length > 0) await askAnnouncements(tx, plan.revived);
  return await findSources(
    tx,
    plan.records.map(({ source }) => source),
  );
}

function withIds(plan: WritePlan, ids: ReadonlyMap<string, number>): readonly WriteOutcome[] {
  return plan.outcomes.map((outcome): WriteOutcome => {
    if (outcome.kind !== "planned") return outcome;
    const id = ids.get(outcome.source) ?? 0;
    return outcome.isRepeat
      ? { kind: "known", id }
      : { kind: "written", id, quantityAfter: outcome.quantityAfter };
  });
}
