import type { OwnCause, StockRowKeys, StockWrite } from "../../domain/stock.ts";

/**
 * What must be true of a row besides that it is ours:
 * - `read`: its quantity is the ledger's position, so all its changes are read;
 * - `settled`: and the ledger owes it nothing;
 * - `none`: any time; the write is relative, and the ledger books it where it falls.
 */
export type Guard = "read" | "settled" | "none";

/**
 * What became of a request:
 * - `written`, with the id of its record and the quantity after it;
 * - `known`: its source was written before, under this id (0 where the shop's own change was booked for it); nothing done;
 * - `busy`: a checkout or another writer has the product; the next round;
 * - `unread`: the guard is not met; the next round;
 * - `gone`: no row of ours to write: none there, `depends_on_stock`, a parent that only follows its combinations, or a
 *   figure that the column cannot hold.
 */
export type WriteOutcome =
  | { readonly kind: "written"; readonly id: number; readonly quantityAfter: number }
  | { readonly kind: "known"; readonly id: number }
  | { readonly kind: "busy" }
  | { readonly kind: "unread" }
  | { readonly kind: "gone" };

/** A request with the product that its row belongs to. */
export interface PlacedWrite {
  readonly write: StockWrite;
  readonly product: number;
  /** Its place among all requests of the call. */
  readonly at: number;
}

/** A row of `stock_available` as it stands under our lock. */
export type LockedRow = StockRowKeys & { readonly quantity: number; readonly managed: boolean };

/** Where the ledger is with a row. */
export interface LedgerPosition {
  readonly position: number;
  readonly isUnsettled: boolean;
}

/** All that decides a batch, read under its locks. */
export interface WriteSituation {
  readonly writes: readonly PlacedWrite[];
  readonly guard: Guard;
  /** Products whose rows we hold, all of them. */
  readonly held: ReadonlySet<number>;
  /** Every row of the products that we hold, by id. */
  readonly rows: ReadonlyMap<number, LockedRow>;
  readonly positions: ReadonlyMap<number, LedgerPosition>;
  /** Sources that were written before, with the ids of their records. */
  readonly known: ReadonlyMap<string, number>;
}

/** A row of `erpsync_stock_write` to be made. */
export type WriteRecord = StockWrite & { readonly quantityAfter: number };

/** Units that an order line moved on a row. */
export interface LineMove {
  readonly detail: number;
  readonly row: number;
  readonly delta: number;
}

/** What is to be done, all in one transaction. */
export interface WritePlan {
  /** In the order of the requests; what is written gets its id when its record has one. */
  readonly outcomes: readonly PlannedOutcome[];
  readonly records: readonly WriteRecord[];
  /** Rows with the units that they move, parents among them; never 0. */
  readonly changes: ReadonlyMap<number, number>;
  readonly lines: readonly LineMove[];
  /** Rows that come back from 0 or less. */
  readonly revived: readonly number[];
}

export type PlannedOutcome =
  | Exclude<WriteOutcome, { kind: "written" }>
  /** Written by the record of this source; `isRepeat` where another request of the batch had it first. */
  | {
      readonly kind: "planned";
      readonly source: string;
      readonly quantityAfter: number;
      readonly isRepeat: boolean;
    };

/** Largest quantity that we write: the column and, with reserved units on top, its physical neighbour hold it. */
const UNITS_MAX = 1_000_000_000;

/** Products and writes of one transaction: enough to share its commit, few enough to keep each statement short. */
export const BATCH_LIMITS = { products: 50, writes: 200, rows: 1_000 } as const;

/**
 * Cuts requests into batches in ascending order of products. A product's requests stay together, because a guard looks
 * at the row as it was before any of them.
 */
export function planBatches(
  writes: readonly PlacedWrite[],
  rowsOf: ReadonlyMap<number, number>,
): readonly (readonly PlacedWrite[])[] {
  const batches: PlacedWrite[][] = [];
  let size = { products: 0, rows: 0, writes: 0 };
  for (const [product, mine] of byProduct(writes)) {
    const grown = {
      products: size.products + 1,
      rows: size.rows + (rowsOf.get(product) ?? 1),
      writes: size.writes + mine.length,
    };
    const last = batches.at(-1);
    if (last !== undefined && staysSmall(grown)) {
      last.push(...mine);
      size = grown;
    } else {
      batches.push([...mine]);
      size = { products: 1, rows: rowsOf.get(product) ?? 1, writes: mine.length };
    }
  }
  return batches;
}

const staysSmall = (size: Readonly<Record<keyof typeof BATCH_LIMITS, number>>): boolean =>
  size.products <= BATCH_LIMITS.products &&
  size.rows <= BATCH_LIMITS.rows &&
  size.writes <= BATCH_LIMITS.writes;

function byProduct(writes: readonly PlacedWrite[]): readonly (readonly [number, readonly PlacedWrite[]])[] {
  const groups = new Map<number, PlacedWrite[]>();
  for (const placed of writes) {
    const same = groups.get(placed.product);
    if (same === undefined) groups.set(placed.product, [placed]);
    else same.push(placed);
  }
  return [...groups].sort(([a], [b]) => a - b);
}

/** What the batch can do, and what becomes of each request. */
export function decideWrites(situation: WriteSituation): WritePlan {
  const families = familiesOf(situation.rows.values());
  const own = ownMoves(situation, families);
  const parents = parentMoves(situation, families, own);
  const moves = [...own, ...parents];
  const changes = new Map<number, number>();
  for (const { row, delta } of moves) changes.set(row, (changes.get(row) ?? 0) + delta);
  const made = new Map(moves.map((move) => [move.source, move]));
  return {
    outcomes: outcomesOf(situation, families, made),
    records: moves,
    changes,
    lines: linesOf(own),
    revived: [...changes.keys()].filter((row) => {
      const before = situation.rows.get(row)?.quantity ?? 0;
      return before <= 0 && before + (changes.get(row) ?? 0) > 0;
    }),
  };
}

/** The rows of a product in one shop, or in one group that shares its stock. */
interface Family {
  readonly parent: LockedRow | undefined;
  readonly combinations: readonly LockedRow[];
}

const familyOf = (row: LockedRow): string => [row.product, row.shop, row.group].join(":");

function familiesOf(rows: Iterable<LockedRow>): ReadonlyMap<string, Family> {
  const families = new Map<string, { parent: LockedRow | undefined; combinations: LockedRow[] }>();
  for (const row of rows) {
    const family = families.get(familyOf(row)) ?? { parent: undefined, combinations: [] };
    if (row.combination === 0) family.parent = row;
    else family.combinations.push(row);
    families.set(familyOf(row), family);
  }
  return families;
}

/** Why a request is not written, or how it is. */
type Judgement =
  | Exclude<WriteOutcome, { kind: "written" }>
  | { readonly kind: "own" }
  | { readonly kind: "parent" };

function judge(
  situation: WriteSituation,
  families: ReadonlyMap<string, Family>,
  { write, product }: PlacedWrite,
): Judgement {
  const id = situation.known.get(write.source);
  if (id !== undefined) return { kind: "known", id };
  if (!situation.held.has(product)) return { kind: "busy" };
  const row = situation.rows.get(write.row);
  if (row?.managed !== true) return { kind: "gone" };
  if (!meetsGuard(situation, row) || !meetsExpectation(situation, write)) return { kind: "unread" };
  if (!hasCombinations(row, families)) return { kind: "own" };
  return { kind: write.cause === "parent" ? "parent" : "gone" };
}

function hasCombinations(row: LockedRow, families: ReadonlyMap<string, Family>): boolean {
  const combinations = families.get(familyOf(row))?.combinations ?? [];
  return row.combination === 0 && combinations.length > 0;
}

function meetsExpectation({ positions }: WriteSituation, { expectedUnits, row }: StockWrite): boolean {
  return expectedUnits === undefined || positions.get(row)?.position === expectedUnits;
}

function meetsGuard({ guard, positions }: WriteSituation, row: LockedRow): boolean {
  if (guard === "none") return true;
  const ledger = positions.get(row.row);
  if (ledger?.position !== row.quantity) return false;
  return guard === "read" || !ledger.isUnsettled;
}

/** Requests that move their row by their units, in their order, each source once. */
function ownMoves(situation: WriteSituation, families: ReadonlyMap<string, Family>): readonly WriteRecord[] {
  const moved = new Map<number, number>();
  const records = new Map<string, WriteRecord>();
  for (const placed of situation.writes) {
    const { write } = placed;
    const row = situation.rows.get(write.row);
    if (row === undefined || records.has(write.source)) continue;
    if (judge(situation, families, placed).kind !== "own") continue;
    const total = (moved.get(write.row) ?? 0) + write.delta;
    const quantityAfter = row.quantity + total;
    // Writes that cancel each other out would leave no trace in the binlog for the ledger to book them by.
    if (total === 0 || !fits(quantityAfter)) continue;
    moved.set(write.row, total);
    records.set(write.source, { ...write, quantityAfter });
  }
  return [...records.values()];
}

/** Sets each parent to the sum of its combinations where one of them moves, or where it is asked for. */
function parentMoves(
  situation: WriteSituation,
  families: ReadonlyMap<string, Family>,
  own: readonly WriteRecord[],
): readonly WriteRecord[] {
  const asked = new Map<number, StockWrite>();
  for (const placed of situation.writes) {
    if (asked.has(placed.write.row)) continue;
    if (judge(situation, families, placed).kind === "parent") asked.set(placed.write.row, placed.write);
  }
  return [...families.values()].flatMap(({ parent, combinations }): readonly WriteRecord[] => {
    if (parent?.managed !== true || combinations.length === 0) return [];
    const moves = own.filter((move) => combinations.some(({ row }) => row === move.row));
    const because = asked.get(parent.row) ?? followingOf(moves[0]);
    const sum = combinations.reduce((units, child) => units + child.quantity, 0);
    const quantityAfter = moves.reduce((units, move) => units + move.delta, sum);
    const delta = quantityAfter - parent.quantity;
    if (because === undefined || delta === 0 || !fits(quantityAfter)) return [];
    return [{ ...because, row: parent.row, delta, quantityAfter }];
  });
}

/** What is on record of a parent that follows this move. */
function followingOf(move: WriteRecord | undefined): StockWrite | undefined {
  if (move === undefined) return undefined;
  return { ...move, cause: "parent", source: `parent:${move.source}`, undoes: null };
}

function outcomesOf(
  situation: WriteSituation,
  families: ReadonlyMap<string, Family>,
  made: ReadonlyMap<string, WriteRecord>,
): readonly PlannedOutcome[] {
  const told = new Set<string>();
  return situation.writes.map((placed): PlannedOutcome => {
    const judged = judge(situation, families, placed);
    const { source } = placed.write;
    const record = made.get(source);
    if (record !== undefined) {
      const isRepeat = told.has(source);
      told.add(source);
      return { kind: "planned", source, quantityAfter: record.quantityAfter, isRepeat };
    }
    // A parent that is its combinations' sum already, though the ledger does not know it yet.
    if (judged.kind === "parent") return { kind: "unread" };
    if (judged.kind !== "own") return judged;
    const after = (situation.rows.get(placed.write.row)?.quantity ?? 0) + placed.write.delta;
    return { kind: fits(after) ? "busy" : "gone" };
  });
}

/** How a line's source begins; see `StockWrite.source`. */
const LINE = /^line:([1-9][0-9]*):([1-9][0-9]*)#/;

const LINE_CAUSES: ReadonlySet<OwnCause> = new Set(["sale", "edit", "cancellation", "return"]);

/** What order lines moved, each line once a row. */
function linesOf(moves: readonly WriteRecord[]): readonly LineMove[] {
  const lines = new Map<string, LineMove>();
  for (const { cause, source, row, delta } of moves) {
    const match = LINE_CAUSES.has(cause) ? LINE.exec(source) : null;
    if (match === null) continue;
    const detail = Number(match[1]);
    const key = `${String(detail)}:${String(row)}`;
    lines.set(key, { detail, row, delta: delta + (lines.get(key)?.delta ?? 0) });
  }
  return [...lines.values()];
}

const fits = (quantity: number): boolean => Math.abs(quantity) <= UNITS_MAX;
