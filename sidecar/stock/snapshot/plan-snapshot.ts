import {
  decideTaken,
  decideTarget,
  type InFlightOrder,
  type ReadingWindow,
  type Taken,
  type TakenLine,
} from "./decide-target.ts";

/** The ERP's figure of a row. */
export interface RowFigure {
  /** `id_stock_available`. */
  readonly row: number;
  readonly product: number;
  /** The ERP's item. */
  readonly item: string;
  readonly availableUnits: number;
  readonly bufferUnits: number;
  readonly window: ReadingWindow;
}

/** What one consistent look at the database saw of a row. */
export interface RowSituation {
  readonly position: number;
  readonly isUnsettled: boolean;
  /** Orders that the figure may not hold, with their lines on the row. */
  readonly orders: readonly { readonly order: InFlightOrder; readonly lines: readonly TakenLine[] }[];
}

/** A row that is to be written. */
export interface Move {
  readonly row: number;
  readonly product: number;
  readonly item: string;
  readonly availableUnits: number;
  readonly delta: number;
  /** For people. */
  readonly reason: string;
}

/** A row that waits for the next round. */
export interface Waiting {
  readonly row: number;
  readonly item: string;
  readonly availableUnits: number;
  /** `unsettled`, or the orders in doubt: `orders 12, 14`. */
  readonly because: string;
}

/** What a reading, or a part of its rows, comes to. */
export interface SnapshotPlan {
  /** Of the whole by product, so that a batch touches few of them. */
  readonly moves: readonly Move[];
  readonly waiting: readonly Waiting[];
  /** Rows that can be sold from now, and those of them that could no longer be. */
  readonly sellable: number;
  readonly zeroed: number;
}

/** When the oldest of these figures was asked for: what another channel moved since may not be in it. */
export function oldestAskedAt(figures: readonly RowFigure[]): string {
  return figures.reduce((oldest, { window }) => (window.askedAt < oldest ? window.askedAt : oldest), "9999");
}

/** Orders that a reason names at most. */
const NAMED_MAX = 5;

/** Plans what becomes of rows that the ERP named; rows that the ledger does not keep any more are left out. */
export function planSnapshot(
  figures: Iterable<RowFigure>,
  situationOf: (row: number) => RowSituation | undefined,
): SnapshotPlan {
  const moves: Move[] = [];
  const waiting: Waiting[] = [];
  let sellable = 0;
  let zeroed = 0;
  for (const figure of figures) {
    const situation = situationOf(figure.row);
    if (situation === undefined) continue;
    const planned = planRow(figure, situation);
    if (planned.kind === "wait") {
      waiting.push({ ...figure, because: planned.because });
      continue;
    }
    if (situation.position > 0) sellable += 1;
    if (situation.position > 0 && planned.target <= 0) zeroed += 1;
    if (planned.move !== undefined) moves.push(planned.move);
  }
  return { moves, waiting, sellable, zeroed };
}

/** One plan of the plans of parts, its moves by product. */
export function mergePlans(parts: readonly SnapshotPlan[]): SnapshotPlan {
  const sum = (of: (part: SnapshotPlan) => number): number => parts.reduce((all, part) => all + of(part), 0);
  return {
    moves: parts.flatMap(({ moves }) => moves).sort((a, b) => a.product - b.product || a.row - b.row),
    waiting: parts.flatMap(({ waiting }) => waiting),
    sellable: sum(({ sellable }) => sellable),
    zeroed: sum(({ zeroed }) => zeroed),
  };
}

type PlannedRow =
  | { readonly kind: "wait"; readonly because: string }
  | { readonly kind: "set"; readonly target: number; readonly move: Move | undefined };

const NOTHING: readonly Taken[] = [];

function planRow(figure: RowFigure, { isUnsettled, orders, position }: RowSituation): PlannedRow {
  const taken =
    orders.length === 0
      ? NOTHING
      : orders.map(({ lines, order }) => decideTaken(order, lines, figure.window));
  const { availableUnits, bufferUnits, item, product, row } = figure;
  const verdict = decideTarget({ availableUnits, bufferUnits, position, isUnsettled, taken });
  if (verdict.kind === "wait") {
    const doubtful = orders.filter((_, index) => taken[index] === "wait").map(({ order }) => order.id);
    return { kind: "wait", because: verdict.because === "unsettled" ? "unsettled" : nameOrders(doubtful) };
  }
  const { delta, target } = verdict;
  if (delta === 0) return { kind: "set", target, move: undefined };
  const units = taken.reduce<number>((sum, one) => sum + (one === "wait" ? 0 : one), 0);
  const reason = [
    `The ERP has ${String(availableUnits)} of item ${item}`,
    ...(units === 0 ? [] : [`${String(units)} in orders that this does not hold yet`]),
    ...(bufferUnits === 0 ? [] : [`${String(bufferUnits)} are kept back`]),
  ].join(", ");
  return { kind: "set", target, move: { row, product, item, availableUnits, delta, reason } };
}

function nameOrders(ids: readonly number[]): string {
  const named = ids.slice(0, NAMED_MAX).map(String).join(", ");
  return `${ids.length === 1 ? "order" : "orders"} ${named}${ids.length > NAMED_MAX ? " …" : ""}`;
}
