import type { DiscrepancyKind, StockCause, StockRowKeys, StockWrite } from "../domain/stock.ts";

/** A change of the row that has no cause yet. */
export interface OpenChange {
  readonly movementId: number;
  /** Place in the binlog; grows with it. */
  readonly changeId: number;
  /** Units. */
  readonly delta: number;
  /** Quantity of the row after it. */
  readonly after: number;
}

/** An order line that the row owes a movement, or that owes one to the row. */
export interface OwedLine {
  readonly detailId: number;
  readonly orderId: number;
  /** Units still to be taken; negative: to be put back. Not 0. */
  readonly owed: number;
  /** Units that the line took before, 0 for a new one. */
  readonly taken: number;
  readonly cause: Extract<StockCause, "sale" | "edit" | "cancellation" | "return">;
  /** `line:<id_order_detail>:<id_stock_available>#<change id>`; booked once, whoever makes the movement. */
  readonly source: string;
  readonly changeId: number;
  /** A hook of the module told of the order, so the shop's own stock management wrote it. */
  readonly announced: boolean;
  /** Written about when the row was opened: its units may be in the opening already. */
  readonly maybeInOpening: boolean;
}

/** A movement that somebody in the shop declared: the module's `stock.moved`, or a row of `stock_mvt`. */
export interface Declaration {
  /** `event:<event id>` or `mvt:<id_stock_mvt>`. */
  readonly source: string;
  /** Null where the writer did not say it. */
  readonly delta: number | null;
  readonly after: number | null;
  /** `employee:3`, `AdminProducts`, `WebserviceRequest`. */
  readonly actor: string;
  readonly orderId: number | null;
}

/** A movement that was adopted as unexplained a moment ago, and may still find its cause. */
export interface LateChange extends OpenChange {
  readonly ageMs: number;
}

/** A decrement that we made for a line because the shop had not. */
export interface OwnSale {
  readonly writeId: number;
  readonly delta: number;
  readonly orderId: number;
  readonly changeId: number;
  readonly announced: boolean;
  readonly ageMs: number;
  /** A write took it back already. */
  readonly isUndone: boolean;
}

/** The part of a stale write that threw away what others had moved, and that no repair has put back. */
export interface Loss {
  readonly movementId: number;
  /** Units that the stale write moved beyond its own movement; the repair is the opposite. */
  readonly delta: number;
}

/** All that is open about one row, and what helps to explain it. */
export interface Episode {
  readonly keys: StockRowKeys;
  /** False for `depends_on_stock`: booked, never written. */
  readonly managed: boolean;
  readonly position: number;
  /** Sum of the combinations' positions where this is their parent row; null for any other row. */
  readonly combinationsSum: number | null;
  /** Quantities that the row had before the first open change, the latest last; as far back as a stale read may reach. */
  readonly earlier: readonly number[];
  /** In the order of the binlog. */
  readonly changes: readonly OpenChange[];
  readonly lines: readonly OwedLine[];
  readonly declarations: readonly Declaration[];
  readonly late: readonly LateChange[];
  readonly ownSales: readonly OwnSale[];
  readonly losses: readonly Loss[];
  /** Quantities that the items of this pack allow, as they were lately; empty for what is no linked pack. */
  readonly packLimits: readonly number[];
  /** Repairs of this row in the last minute. */
  readonly repairs: number;
  /** Nothing was written to the row, nor to its lines, for `stock.quietMs`. */
  readonly isQuiet: boolean;
}

/** Configuration that decides with. */
export interface AttributionRules {
  readonly repairsMax: number;
  readonly forgottenRestock: "report" | "apply";
}

/** One part of a change. */
export interface Part {
  readonly delta: number;
  readonly cause: StockCause;
  readonly source: string | null;
  readonly orderId: number | null;
  readonly actor: string | null;
  /** The line whose `moved` grows by delta. */
  readonly detailId: number | null;
}

/** What is now known of one change; the deltas of its parts add up to its own. */
export interface Explained {
  readonly movementId: number;
  readonly parts: readonly Part[];
}

/** Something for a person. */
export interface Finding {
  readonly kind: DiscrepancyKind;
  readonly orders: readonly number[];
  readonly units: number;
}

/** What becomes of an episode. */
export interface Verdict {
  readonly explained: readonly Explained[];
  /** Lines whose owed units are dropped: they are in the opening, or the shop forgot to put them back. */
  readonly settledLines: readonly OwedLine[];
  /** For the writer, guard `read`. */
  readonly writes: readonly StockWrite[];
  readonly findings: readonly Finding[];
  /** True while something is left open. */
  readonly isUnsettled: boolean;
}
