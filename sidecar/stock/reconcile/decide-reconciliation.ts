/** A row as its three sides say it, at about the same time. */
export interface ComparedRow {
  /** `id_stock_available`. */
  readonly row: number;
  /** Quantity that stands in the shop's row. */
  readonly shopUnits: number;
  /** Opening + movements. */
  readonly ledgerUnits: number;
  /** What the row should hold by the ERP's figure, as a snapshot computes it; null where the ERP has no say. */
  readonly targetUnits: number | null;
  /** The ledger owes the row nothing, and nothing was written to it for `stock.quietMs`. */
  readonly isSettled: boolean;
  /** An order that takes from the row is on its way to the ERP, so nobody knows whether its figure has it. */
  readonly hasOrderUnderWay: boolean;
}

/** How far reconciliation may correct without a person. */
export interface CorrectionBounds {
  readonly units: number;
  /** Of the figure that the row would be set to, from 0 to 1. */
  readonly share: number;
  readonly rowsMax: number;
  /** Of the rows that were compared with a figure of the ERP, from 0 to 1. */
  readonly rowsShareMax: number;
}

/** Why a drift is left to a person. */
export type LeftBecause =
  /** The ledger does not know how the shop's row came to its quantity: nothing is written on such ground. */
  "ledger-differs" | "not-quiet" | "order-under-way" | "too-many-units" | "too-large-a-share";

/** A row whose sides differ. */
export interface Drift extends ComparedRow {
  /** What the row has too much of; the ERP's say where it has one, else the ledger's. */
  readonly excessUnits: number;
  /** Undefined where it may be corrected by `-excessUnits`. */
  readonly leftBecause: LeftBecause | undefined;
}

/**
 * Compares one row; undefined where all sides agree. It may be corrected where the ledger has explained the row, it is
 * quiet, no order is under way, and the difference is within both bounds.
 *
 * Both bounds hold, and the share is taken of what the row would be set to and never rounded up: with 2 units and 5 %
 * a difference of 1 is corrected from a figure of 20 on, one of 2 from 40 on, and below 20 nothing. The fewer units
 * there are, the more one of them matters: the last one sold twice is a customer, one of 500 is a recount.
 */
export function decideDrift(compared: ComparedRow, bounds: CorrectionBounds): Drift | undefined {
  const { ledgerUnits, shopUnits, targetUnits } = compared;
  const excessUnits = shopUnits - (targetUnits ?? ledgerUnits);
  if (excessUnits === 0 && shopUnits === ledgerUnits) return undefined;
  return { ...compared, excessUnits, leftBecause: leftBecause(compared, bounds) };
}

function leftBecause(compared: ComparedRow, bounds: CorrectionBounds): LeftBecause | undefined {
  const { hasOrderUnderWay, isSettled, ledgerUnits, shopUnits, targetUnits } = compared;
  if (targetUnits === null || ledgerUnits !== shopUnits) return "ledger-differs";
  if (!isSettled) return "not-quiet";
  if (hasOrderUnderWay) return "order-under-way";
  const units = Math.abs(shopUnits - targetUnits);
  if (units > bounds.units) return "too-many-units";
  return units > partOf(targetUnits, bounds.share) ? "too-large-a-share" : undefined;
}

/** Whole units in this share of a figure; none of a negative one. */
function partOf(figure: number, share: number): number {
  // 0.29 × 100 is 28.999999999999996: what is a whole number on paper must be one here.
  return Math.max(0, Math.floor(figure * share + 1e-9));
}

/** What a run corrects. */
export type Corrections =
  | { readonly kind: "correct"; readonly drifts: readonly Drift[] }
  /** More than it may: something is wrong as a whole, so nothing at all is corrected. */
  | { readonly kind: "capped"; readonly wantedRows: number; readonly allowedRows: number };

/** Decides once all is compared; before that nothing may be corrected. `comparedRows`: those with a figure of the ERP. */
export function decideCorrections(
  drifts: readonly Drift[],
  comparedRows: number,
  bounds: CorrectionBounds,
): Corrections {
  const wanted = drifts.filter((drift) => drift.leftBecause === undefined);
  const allowedRows = rowsAllowed(comparedRows, bounds);
  return wanted.length > allowedRows
    ? { kind: "capped", wantedRows: wanted.length, allowedRows }
    : { kind: "correct", drifts: wanted };
}

/**
 * Rows that one run may correct: the smaller of the two bounds, the share rounded up to a whole row, so that in a
 * catalogue of fewer than 100 rows one may still be corrected. 0 where either bound is 0.
 */
export function rowsAllowed(comparedRows: number, bounds: CorrectionBounds): number {
  return Math.min(bounds.rowsMax, Math.max(0, Math.ceil(comparedRows * bounds.rowsShareMax - 1e-9)));
}
