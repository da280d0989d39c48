import { chunksOf } from "../../domain/chunks.ts";
import type { Sleep } from "../../domain/clock.ts";
import { StockReconciliationError } from "../../domain/errors.ts";
import type { ErpPort } from "../../erp/port.ts";
import type { Database, Tx } from "../../platform/database.ts";
import { atOneMoment } from "../../platform/transaction.ts";
import { Catalogue } from "../snapshot/catalogue.ts";
import { isLedgerOpening, readRowsMovedElsewhere, readStockScope } from "../snapshot/catalogue-statements.ts";
import { type OrderOnRow, readGoodsHere, readInFlight } from "../snapshot/in-flight.ts";
import { oldestAskedAt, planSnapshot, type RowFigure, type Waiting } from "../snapshot/plan-snapshot.ts";
import { type ReadFiguresDeps, readFigures } from "../snapshot/read-figures.ts";
import { readRowFigures } from "../snapshot/row-figures.ts";
import type { ComparedRow } from "./decide-reconciliation.ts";
import { pageSeenRows, readSeenRows, type SeenRow } from "./reconcile-statements.ts";

/** Rows of one statement: a few milliseconds. */
const PAGE_ROWS = 2_000;
const CHUNK_ROWS = 500;
/** All else goes before a comparison. */
const PRIORITY = 8;
/** Looks at a row that is in motion, before it is left out; each waits for two quiet spans. */
const LOOKS = 3;

/** The ERP's side of a comparison. */
export interface ErpSide {
  readonly port: Pick<ErpPort, "readStock" | "capabilities">;
  /** `id_shop` that the ERP's figures are for. */
  readonly shopId: number;
  /** Orders up to this id are history. */
  readonly exportAfterOrder: () => number;
}

export interface CompareDeps extends Omit<ReadFiguresDeps, "erp"> {
  readonly db: Database;
  readonly sleep: Sleep;
  /** Undefined where the shop owns its stock: shop and ledger are compared alone. */
  readonly erp: ErpSide | undefined;
  readonly quietMs: number;
  /** Waits until the ledger has booked all that was committed before; see `awaitLedger`. */
  readonly ledgerHasRead: (signal: AbortSignal) => Promise<boolean>;
}

/** A row with its three sides, and what is known of them. */
export interface TakenRow extends ComparedRow {
  readonly product: number;
  readonly combination: number;
  /** How the ERP's side came to its figure, for people; undefined where it agrees or has no say. */
  readonly erpSays: string | undefined;
  /** Orders on their way to the ERP that take from the row. */
  readonly ordersUnderWay: readonly number[];
}

/** What was compared. */
export interface Comparison {
  readonly rows: readonly TakenRow[];
  /** Rows that were compared with a figure of the ERP. */
  readonly withFigure: number;
  /** Rows that stayed in motion, or whose orders leave the ERP's figure in doubt. */
  readonly waiting: readonly { readonly row: number; readonly because: string }[];
  /** Rows of the shop that the ledger does not know. */
  readonly unknownRows: readonly number[];
  /** Mapped items that the ERP did not name. */
  readonly absentItems: number;
}

/** What the ERP said, ready to be compared. */
interface ErpReading {
  readonly figures: readonly RowFigure[];
  readonly absentItems: number;
  readonly orders: (
    tx: Tx,
    wanted: ReadonlySet<number>,
  ) => Promise<ReadonlyMap<number, readonly OrderOnRow[]>>;
}

/**
 * Compares every row of the shop with the ledger and, where the ERP owns the stock, with its figures. The ERP is read
 * first, page by page; then the ledger reads on, and both sides in the database are looked at in one moment, as a
 * snapshot does. What is in motion then is looked at again.
 * @throws StockReconciliationError where the ledger does not read on, or opens anew; what the port throws.
 */
export async function compareAll(
  deps: CompareDeps,
  subject: string,
  signal: AbortSignal,
): Promise<Comparison> {
  const reading = deps.erp === undefined ? undefined : await readErp(deps, deps.erp, subject, signal);
  return await new Comparing(deps, reading, signal).run();
}

async function readErp(
  deps: CompareDeps,
  { exportAfterOrder, port, shopId }: ErpSide,
  subject: string,
  signal: AbortSignal,
): Promise<ErpReading> {
  const { db } = deps;
  const scope = await readStockScope(db, shopId);
  if (scope === undefined) {
    throw new StockReconciliationError(`stock.shopId: the shop has no id_shop ${String(shopId)}`);
  }
  const goodsBefore = port.capabilities.stockCountsOrders
    ? undefined
    : await readGoodsHere(db, exportAfterOrder());
  const catalogue = await Catalogue.whole(db, scope, signal);
  const reading = await readFigures(
    { ...deps, erp: port },
    {
      ...{ subject, priority: PRIORITY, part: "", changedSince: undefined, lastNewest: undefined },
      learn: () => Promise.resolve(),
      fitOf: (ref) => catalogue.fitOf(ref).kind,
    },
    signal,
  );
  if (reading.isBroken || reading.items === 0) {
    throw new StockReconciliationError("The ERP named no item, or its pages do not fit together");
  }
  const memory = { jobsUpTo: 0 };
  const since = reading.windows[0]?.askedAt ?? "";
  return {
    figures: await readRowFigures(db, catalogue, reading),
    absentItems: [...catalogue.items()].filter((item) => !reading.figures.has(item)).length,
    orders: async (tx, wanted) =>
      await readInFlight(tx, {
        ...{ since, exportAfterOrder: exportAfterOrder(), goodsBefore, memory },
        isWanted: (row) => wanted.has(row),
      }),
  };
}

/** What the ERP's side of a row came to, at the moment of the look. */
interface ErpVerdict {
  /** The ledger's position at that moment. */
  readonly position: number;
  readonly target: number | null;
  readonly says: string | undefined;
  readonly isSettled: boolean;
  readonly ordersUnderWay: readonly number[];
}

class Comparing {
  readonly #deps: CompareDeps;
  readonly #reading: ErpReading | undefined;
  readonly #signal: AbortSignal;
  readonly #verdicts = new Map<number, ErpVerdict>();

  constructor(deps: CompareDeps, reading: ErpReading | undefined, signal: AbortSignal) {
    this.#deps = deps;
    this.#reading = reading;
    this.#signal = signal;
  }

  async run(): Promise<Comparison> {
    const figures = this.#reading?.figures ?? [];
    const { db, quietMs } = this.#deps;
    const seen = await this.#look(figures, async (tx) => await readAllRows(tx, quietMs));
    let waiting = this.#judge(figures, seen);
    for (let look = 1; look < LOOKS && waiting.length > 0; look += 1) {
      waiting = await this.#lookAgain(figures, waiting);
    }
    const differing = [...seen.values()].filter((one) => one.shopUnits !== one.ledgerUnits);
    const confirmed = await this.#confirm(differing);
    const left = new Set([...waiting.map(({ row }) => row), ...confirmed.moving]);
    const rows = [...seen.values()].flatMap((one) => this.#take(one, confirmed.stands));
    const unknown = differing.filter((one) => one.ledgerUnits === null).map(({ row }) => row);
    const stillThere = unknown.length === 0 ? [] : await readChunks(db, unknown, quietMs);
    return {
      rows: rows.filter(({ row }) => !left.has(row)),
      withFigure: this.#verdicts.size,
      waiting: [
        ...waiting.map(({ because, row }) => ({ row, because })),
        ...confirmed.moving.map((row) => ({ row, because: "in motion" })),
      ],
      unknownRows: stillThere.filter((one) => one.ledgerUnits === null).map(({ row }) => row),
      absentItems: this.#reading?.absentItems ?? 0,
    };
  }

  /** One moment's look at the rows, and at the orders on those with a figure. */
  async #look(
    figures: readonly RowFigure[],
    readRows: (tx: Tx) => Promise<readonly SeenRow[]>,
  ): Promise<ReadonlyMap<number, SeenRow & { readonly orders: readonly OrderOnRow[] }>> {
    await this.#requireLedger();
    const wanted = new Set(figures.map(({ row }) => row));
    return await atOneMoment(this.#deps.db, async (tx) => {
      if (await isLedgerOpening(tx)) {
        throw new StockReconciliationError("The ledger opens anew; compare again when it stands");
      }
      const orders = wanted.size === 0 ? undefined : await this.#reading?.orders(tx, wanted);
      const rows = await readRows(tx);
      const moved = await movedElsewhere(tx, [...wanted], oldestAskedAt(figures));
      return new Map(
        rows.map((one) => {
          const isUnsettled = one.isUnsettled || moved.has(one.row);
          return [one.row, { ...one, isUnsettled, orders: orders?.get(one.row) ?? [] }];
        }),
      );
    });
  }

  async #requireLedger(): Promise<void> {
    if (await this.#deps.ledgerHasRead(this.#signal)) return;
    throw new StockReconciliationError(
      "The ledger did not read on in time. Look at erpsync status, and at the log of capture",
    );
  }

  /** Puts down what the ERP says of each row; returns those that nobody can say now. */
  #judge(
    figures: readonly RowFigure[],
    seen: ReadonlyMap<number, SeenRow & { readonly orders: readonly OrderOnRow[] }>,
  ): readonly Waiting[] {
    const plan = planSnapshot(figures, (row) => {
      const one = seen.get(row);
      if (one?.ledgerUnits == null) return undefined;
      return { position: one.ledgerUnits, isUnsettled: one.isUnsettled, orders: one.orders };
    });
    const moves = new Map(plan.moves.map((move) => [move.row, move]));
    const waits = new Set(plan.waiting.map(({ row }) => row));
    for (const { row } of figures) {
      const one = seen.get(row);
      if (one?.ledgerUnits == null || waits.has(row)) continue;
      const move = moves.get(row);
      this.#verdicts.set(row, {
        position: one.ledgerUnits,
        target: one.ledgerUnits + (move?.delta ?? 0),
        says: move?.reason,
        // What is not settled waits.
        isSettled: one.isQuiet,
        ordersUnderWay: one.orders.filter(({ order }) => !order.isSettled).map(({ order }) => order.id),
      });
    }
    return plan.waiting;
  }

  async #lookAgain(figures: readonly RowFigure[], waiting: readonly Waiting[]): Promise<readonly Waiting[]> {
    const { quietMs, sleep } = this.#deps;
    await sleep(2 * quietMs, this.#signal);
    const rows = new Set(waiting.map(({ row }) => row));
    const again = figures.filter(({ row }) => rows.has(row));
    return this.#judge(again, await this.#look(again, (tx) => readChunks(tx, [...rows], quietMs)));
  }

  /**
   * Of rows that differed from the ledger, those that still do when they have come to rest. The ledger follows the shop
   * by some milliseconds, so a row that just sold differs for as long, and agrees at some later look.
   */
  async #confirm(differing: readonly SeenRow[]): Promise<{
    readonly stands: ReadonlyMap<number, SeenRow>;
    readonly moving: readonly number[];
  }> {
    const { db, quietMs, sleep } = this.#deps;
    let open: readonly SeenRow[] = differing.filter((one) => one.ledgerUnits !== null);
    for (let look = 0; look < LOOKS && open.length > 0; look += 1) {
      await sleep(2 * quietMs, this.#signal);
      await this.#requireLedger();
      const now = await readChunks(
        db,
        open.map(({ row }) => row),
        quietMs,
      );
      open = now.filter((one) => one.ledgerUnits !== null && one.shopUnits !== one.ledgerUnits);
    }
    return {
      stands: new Map(open.filter((one) => one.isQuiet).map((one) => [one.row, one])),
      moving: open.filter((one) => !one.isQuiet).map(({ row }) => row),
    };
  }

  #take(seen: SeenRow, stands: ReadonlyMap<number, SeenRow>): readonly TakenRow[] {
    if (seen.ledgerUnits === null) return [];
    const { combination, product, row } = seen;
    const verdict = this.#verdicts.get(row) ?? {
      ...UNSAID,
      position: seen.ledgerUnits,
      isSettled: seen.isQuiet && !seen.isUnsettled,
    };
    const { isSettled, ordersUnderWay, position, says, target } = verdict;
    return [
      {
        ...{ row, product, combination, ledgerUnits: position, targetUnits: target },
        shopUnits: position + excessOf(stands.get(row)),
        isSettled,
        hasOrderUnderWay: ordersUnderWay.length > 0,
        ...{ erpSays: says, ordersUnderWay },
      },
    ];
  }
}

/** The ERP's side of a row of which it has no say. */
const UNSAID = { target: null, says: undefined, ordersUnderWay: [] } as const;

/** What the shop's row has more than the ledger's. */
const excessOf = (seen: SeenRow | undefined): number =>
  seen === undefined ? 0 : seen.shopUnits - (seen.ledgerUnits ?? seen.shopUnits);

/** Rows that something else than orders moved since the ERP was asked: nobody can say whether its figure has that. */
async function movedElsewhere(tx: Tx, ids: readonly number[], since: string): Promise<ReadonlySet<number>> {
  const moved = new Set<number>();
  for (const chunk of chunksOf(ids, CHUNK_ROWS)) {
    for (const row of await readRowsMovedElsewhere(tx, chunk, since)) moved.add(row);
  }
  return moved;
}

async function readAllRows(tx: Tx, quietMs: number): Promise<readonly SeenRow[]> {
  const rows: SeenRow[] = [];
  for (let after = 0; ; ) {
    const page = await pageSeenRows(tx, after, PAGE_ROWS, quietMs);
    rows.push(...page);
    if (page.length < PAGE_ROWS) return rows;
    after = page.at(-1)?.row ?? after;
  }
}

async function readChunks(
  db: Database,
  ids: readonly number[],
  quietMs: number,
): Promise<readonly SeenRow[]> {
  const rows: SeenRow[] = [];
  for (const chunk of chunksOf(ids, CHUNK_ROWS)) rows.push(...(await readSeenRows(db, chunk, quietMs)));
  return rows;
}
