import type { Database } from "../../platform/database.ts";
import { type DiscrepancyDetail, decodeDetail } from "./decode-discrepancy.ts";
import { type DiscrepancyRow, listDiscrepanciesOf } from "./discrepancy-statements.ts";
import { encodeMovement, type Movement, type MovementFacts, type OwnWrite } from "./encode-movement.ts";
import {
  type Balance,
  type ExplainedRow,
  findFirstSince,
  findWindowStart,
  type Opening,
  type OwedUnits,
  pageMovements,
  readBalance,
  readLedgerRows,
  readOpening,
  readOwed,
  readShopRows,
  readWritesBySource,
  sumMovementsBefore,
  type WhichRows,
} from "./explain-statements.ts";

/** Movements of one read. */
const PAGE_MOVEMENTS = 1_000;
/**
 * Movements that are held back to be set in order. Parts of one change are inserted when it is explained, moments
 * after the next changes were booked, so their ids are a little behind their place.
 */
const REORDERED_MOVEMENTS = 100;
/** Owed lines and discrepancies that are told; more than a handful is a fault of its own. */
const OWED_TOLD = 50;

/** How much of a row's history is told. */
export interface HistoryWindow {
  /** At most so many movements, the latest. */
  readonly limit: number;
  /** UTC, `YYYY-MM-DD HH:MM:SS`. */
  readonly since?: string;
}

/** A movement in words. */
export interface ToldMovement extends Movement {
  readonly says: string;
  /** Id of our own write that made it, or null. */
  readonly writeId: number | null;
}

/** What comes before the movements that are told. */
export interface HistoryHead {
  readonly row: ExplainedRow;
  /** Undefined where the ledger does not know the row. */
  readonly opening: Opening | undefined;
  /** Movements between the opening and the first that is told, by cause. */
  readonly earlier: readonly { readonly cause: string; readonly movements: number; readonly units: number }[];
}

/** What comes behind them. */
export interface HistoryTail {
  readonly owed: readonly OwedUnits[];
  /** Open ones. */
  readonly discrepancies: readonly (Omit<DiscrepancyRow, "detail"> & {
    readonly detail: DiscrepancyDetail;
  })[];
  readonly balance: Balance | undefined;
}

/** The history of one row; the movements are read page by page, so a million of them take no memory. */
export interface RowHistory {
  readonly head: HistoryHead;
  readonly movements: () => AsyncGenerator<readonly ToldMovement[]>;
  /** To be asked for last, so that it closes what was told. */
  readonly tail: () => Promise<HistoryTail>;
}

/** The histories of all rows that are asked for; none where neither ledger nor shop has such a row. */
export async function openHistories(
  db: Database,
  which: WhichRows,
  window: HistoryWindow,
): Promise<readonly RowHistory[]> {
  const [known, there] = await Promise.all([readLedgerRows(db, which), readShopRows(db, which)]);
  const ids = new Set(known.map(({ row }) => row));
  const rows = [...known, ...there.filter(({ row }) => !ids.has(row))].sort(
    (a, b) => a.combination - b.combination || a.row - b.row,
  );
  const histories: RowHistory[] = [];
  for (const row of rows) histories.push(await openHistory(db, row, window));
  return histories;
}

async function openHistory(db: Database, row: ExplainedRow, window: HistoryWindow): Promise<RowHistory> {
  const [opening, newest, since] = await Promise.all([
    readOpening(db, row.row),
    findWindowStart(db, row.row, window.limit),
    window.since === undefined ? 0 : findFirstSince(db, row.row, window.since),
  ]);
  const fromId = Math.max(newest, since ?? Number.MAX_SAFE_INTEGER);
  const earlier = fromId === 0 ? [] : await sumMovementsBefore(db, row.row, fromId);
  return {
    head: { row, opening, earlier },
    movements: () => tellMovements(db, row.row, fromId),
    tail: async () => {
      const [owed, discrepancies, balance] = await Promise.all([
        readOwed(db, row.row, OWED_TOLD),
        listDiscrepanciesOf(db, row.row, OWED_TOLD),
        readBalance(db, row.row),
      ]);
      const told = discrepancies.map(({ detail, ...found }) => ({ ...found, detail: decodeDetail(detail) }));
      return { owed, discrepancies: told, balance };
    },
  };
}

async function* tellMovements(
  db: Database,
  row: number,
  fromId: number,
): AsyncGenerator<readonly ToldMovement[]> {
  let held: readonly Movement[] = [];
  for (let nextId = fromId; ; ) {
    const page = await pageMovements(db, row, nextId, PAGE_MOVEMENTS);
    const inOrder = [...held, ...page].sort((a, b) => a.changeId - b.changeId || a.id - b.id);
    const isLast = page.length < PAGE_MOVEMENTS;
    const ready = isLast ? inOrder : inOrder.slice(0, -REORDERED_MOVEMENTS);
    held = inOrder.slice(ready.length);
    if (ready.length > 0) yield await tell(db, ready);
    const last = page.at(-1);
    if (isLast || last === undefined) return;
    nextId = last.id + 1;
  }
}

async function tell(db: Database, movements: readonly Movement[]): Promise<readonly ToldMovement[]> {
  const overwrites = movements.filter(({ cause }) => cause === "overwrite");
  const sources = [
    ...movements.flatMap(({ source }) => (source === null ? [] : [source])),
    ...overwrites.map(({ id }) => repairSource(id)),
  ];
  const writes = sources.length === 0 ? new Map<string, OwnWrite>() : await readWritesBySource(db, sources);
  return movements.map((movement) => {
    const write = writes.get(movement.source ?? "");
    const says =
      movement.cause === "overwrite"
        ? encodeMovement(movement, { write, ...overwriteFacts(movement, movements, writes) })
        : encodeMovement(movement, { write, repair: undefined, writer: undefined });
    return { ...movement, says, writeId: write?.id ?? null };
  });
}

function overwriteFacts(
  { changeId, id }: Movement,
  movements: readonly Movement[],
  writes: ReadonlyMap<string, OwnWrite>,
): Pick<MovementFacts, "repair" | "writer"> {
  return {
    repair: writes.get(repairSource(id)),
    writer: movements.find((other) => other.changeId === changeId && other.cause !== "overwrite"),
  };
}

/** As the attribution names the repair of a stale write. */
const repairSource = (movementId: number): string => `repair:${String(movementId)}`;

/** All of some histories as one value: what `--json` prints and the API answers. */
export async function collectHistories(
  product: number,
  histories: readonly RowHistory[],
): Promise<{ readonly product: number; readonly rows: readonly unknown[] }> {
  const rows: unknown[] = [];
  for (const history of histories) {
    const movements: ToldMovement[] = [];
    for await (const page of history.movements()) movements.push(...page);
    const { row, ...head } = history.head;
    rows.push({ ...row, ...head, movements, ...(await history.tail()) });
  }
  return { product, rows };
}
