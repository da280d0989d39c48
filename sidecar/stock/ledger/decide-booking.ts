import type { OwnCause, StockCause, StockFact, StockRowKeys } from "../../domain/stock.ts";

/** A row as the ledger has it; see the table of this name. Times are UTC as text. */
export interface LedgerRow extends StockRowKeys {
  readonly managed: boolean;
  readonly opening: number;
  readonly openedAt: string;
  readonly openedBecause: string;
  readonly position: number;
  readonly lastDeclared: number;
  readonly linesAfter: number;
  readonly linesOrder: number;
  readonly linesAt: string | null;
  readonly linesFrom: number;
  readonly closedAt: string | null;
}

/** A movement that is booked now; `pending` ones are attributed later. */
export interface NewMovement {
  readonly row: number;
  readonly changeId: number;
  readonly delta: number;
  readonly after: number;
  readonly cause: StockCause;
  readonly source: string | null;
  readonly orderId: number | null;
  readonly actor: string | null;
  readonly committedAt: string;
}

/** A write of ours as it is on record. */
export interface BookedWrite {
  readonly id: number;
  readonly source: string;
  readonly row: number;
  readonly delta: number;
  readonly cause: OwnCause;
  readonly orderId: number | null;
  readonly actor: string;
}

/** The facts of one transaction of the shop, with its place in the inbox. */
export interface InboxFacts {
  readonly id: number;
  readonly committedAt: string;
  readonly facts: readonly StockFact[];
}

/** A difference between what the binlog told and what stood there. */
export interface Broken {
  readonly row: number;
  readonly shopUnits: number;
  readonly ledgerUnits: number;
}

/** What a batch comes to. */
export interface Booking {
  /** Rows that changed, as they are now. */
  readonly rows: readonly LedgerRow[];
  readonly movements: readonly NewMovement[];
  /** Rows of which something was read that was not ours: they are open until they are attributed. */
  readonly touched: ReadonlySet<number>;
  /** Rows that only we wrote. */
  readonly own: ReadonlySet<number>;
  readonly broken: readonly Broken[];
}

/** What is known when a batch is booked. */
export interface BookingSituation {
  readonly rows: ReadonlyMap<number, LedgerRow>;
  readonly writes: ReadonlyMap<number, BookedWrite>;
  /** A pass will observe rows that are not known yet; their changes before it are in what it observes. */
  readonly isOpening: boolean;
  /** Highest order line that the ledger knows. */
  readonly lastLine: number;
}

type RowFact = Extract<StockFact, { kind: "row" }>;

/** Place of a fact in the binlog: the first of two, because a change may be preceded by one that nobody saw. */
export const placeOf = (inboxId: number, index: number): number => inboxId * 1_000 + index * 2;

/**
 * Books facts in the order of the binlog. For each row, opening + movements is the quantity after the last fact; where
 * a change begins at another quantity than the last one ended, what lies between is a movement of its own.
 */
export function decideBooking(batch: readonly InboxFacts[], situation: BookingSituation): Booking {
  const books = new Books(situation);
  for (const { committedAt, facts, id } of batch) {
    const own = ownWrites(facts, situation.writes);
    for (const [index, fact] of facts.entries()) {
      if (fact.kind !== "row") continue;
      const mine = own.get(fact.row) ?? [];
      own.delete(fact.row);
      books.change(fact, { changeId: placeOf(id, index), committedAt }, mine);
    }
  }
  return books.close();
}

/** Writes of ours in one transaction, by row. */
function ownWrites(
  facts: readonly StockFact[],
  writes: ReadonlyMap<number, BookedWrite>,
): Map<number, BookedWrite[]> {
  const byRow = new Map<number, BookedWrite[]>();
  for (const fact of facts) {
    if (fact.kind !== "own") continue;
    for (const id of fact.ids) {
      const write = writes.get(id);
      if (write !== undefined) byRow.set(write.row, [...(byRow.get(write.row) ?? []), write]);
    }
  }
  return byRow;
}

interface Place {
  readonly changeId: number;
  readonly committedAt: string;
}

class Books {
  readonly #situation: BookingSituation;
  readonly #rows = new Map<number, LedgerRow>();
  readonly #movements: NewMovement[] = [];
  readonly #touched = new Set<number>();
  readonly #own = new Set<number>();
  readonly #broken: Broken[] = [];

  constructor(situation: BookingSituation) {
    this.#situation = situation;
  }

  close(): Booking {
    const own = new Set([...this.#own].filter((row) => !this.#touched.has(row)));
    const rows = [...this.#rows.values()];
    return { rows, movements: this.#movements, touched: this.#touched, own, broken: this.#broken };
  }

  change(fact: RowFact, place: Place, own: readonly BookedWrite[]): void {
    const row = this.#rows.get(fact.row) ?? this.#situation.rows.get(fact.row);
    if (row === undefined) this.#changeUnknown(fact, place);
    else this.#changeKnown(row, fact, place, own);
  }

  /** Where no pass will observe it, the row is taken as it was before its first change that we read. */
  #changeUnknown(fact: RowFact, place: Place): void {
    if (fact.after === null) return;
    if (fact.before === null) {
      this.#open(fact, fact.after, "new", place);
      return;
    }
    if (this.#situation.isOpening) return;
    this.#changeKnown(this.#open(fact, fact.before, "gap", place), fact, place, []);
  }

  #open(fact: RowFact, opening: number, because: string, { changeId, committedAt }: Place): LedgerRow {
    const row: LedgerRow = {
      ...keysOf(fact),
      managed: fact.managed,
      opening,
      openedAt: committedAt,
      openedBecause: because,
      position: opening,
      lastDeclared: 0,
      // Orders of a row that was there before under another id are in what the new one begins with.
      linesAfter: this.#situation.lastLine,
      linesOrder: 0,
      linesAt: because === "new" ? null : committedAt,
      linesFrom: because === "new" ? 0 : changeId,
      closedAt: null,
    };
    this.#rows.set(row.row, row);
    return row;
  }

  #changeKnown(row: LedgerRow, fact: RowFact, place: Place, own: readonly BookedWrite[]): void {
    if (fact.before === null) this.#comeBack(row, fact, place);
    else {
      this.#mend(row, fact.before, place);
      const behind = { ...place, changeId: place.changeId + 1 };
      if (fact.after === null) this.#goAway(fact, fact.before, behind);
      else this.#move(fact, fact.after - fact.before, behind, own);
    }
  }

  /** A row of this id again, though it was never seen to go, or was: the shop emptied the table and filled it anew. */
  #comeBack(row: LedgerRow, fact: RowFact, place: Place): void {
    const after = fact.after ?? 0;
    this.#book(row.row, { ...BARE, cause: "deleted", delta: 0 - row.position, after: 0 }, place);
    const behind = { ...place, changeId: place.changeId + 1 };
    this.#book(row.row, { ...BARE, cause: "opening", delta: after, after }, behind);
    const { lastLine } = this.#situation;
    this.#put(fact, {
      position: after,
      closedAt: null,
      linesAfter: lastLine,
      linesOrder: 0,
      linesAt: null,
      linesFrom: place.changeId,
    });
  }

  /** The chain is broken: something was changed that the binlog did not tell. */
  #mend(row: LedgerRow, before: number, place: Place): void {
    if (row.position === before) return;
    this.#book(row.row, { ...BARE, cause: "gap", delta: before - row.position, after: before }, place);
    this.#broken.push({ row: row.row, shopUnits: before, ledgerUnits: row.position });
  }

  #goAway(fact: RowFact, before: number, place: Place): void {
    this.#book(fact.row, { ...BARE, cause: "deleted", delta: 0 - before, after: 0 }, place);
    this.#put(fact, { position: 0, closedAt: place.committedAt });
    this.#touched.add(fact.row);
  }

  /** What our own writes do not account for has its cause still to be found. */
  #move(fact: RowFact, delta: number, place: Place, own: readonly BookedWrite[]): void {
    const after = fact.after ?? 0;
    for (const { actor, cause, delta: mine, orderId, source } of own) {
      this.#book(fact.row, { cause, delta: mine, after, source, orderId, actor }, place);
    }
    const rest = own.reduce((left, write) => left - write.delta, delta);
    this.#book(fact.row, { ...BARE, cause: "pending", delta: rest, after }, place);
    this.#put(fact, { position: after, closedAt: null });
    (rest === 0 ? this.#own : this.#touched).add(fact.row);
  }

  #put(fact: RowFact, change: Partial<LedgerRow>): void {
    const row = this.#rows.get(fact.row) ?? this.#situation.rows.get(fact.row);
    if (row === undefined) return;
    // What was sold while another stock management kept the row, that one took.
    const isOurs = fact.managed && !row.managed;
    const lines = isOurs ? { linesAfter: this.#situation.lastLine } : {};
    this.#rows.set(row.row, { ...row, ...keysOf(fact), managed: fact.managed, ...lines, ...change });
  }

  #book(
    row: number,
    movement: Omit<NewMovement, "row" | "changeId" | "committedAt">,
    { changeId, committedAt }: Place,
  ): void {
    if (movement.delta !== 0) this.#movements.push({ row, changeId, committedAt, ...movement });
  }
}

const BARE = { source: null, orderId: null, actor: null } as const;

function keysOf({ combination, group, product, row, shop }: RowFact): StockRowKeys {
  return { row, product, combination, shop, group };
}
