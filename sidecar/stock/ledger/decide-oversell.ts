/** What decides whether more was sold of a row than there is. */
export interface OversellSituation {
  readonly position: number;
  /** Units that lines still have to take (positive) or to give back (negative), one entry a line. */
  readonly owed: readonly number[];
  /** Changes without a cause; each of them may be a line's. */
  readonly pending: readonly number[];
  /** Units that stale writes moved beyond their own movement, and that a repair will take back. */
  readonly losses: readonly number[];
}

/**
 * Where the row ends at best once all that is open is settled: as many changes as possible are the lines' own, and what
 * lines owe beyond them is still to be taken. Below 0 it is oversold, whatever else is still read.
 */
export function decideFigure({ losses, owed, pending, position }: OversellSituation): number {
  const taking = sumOf(owed.filter((units) => units > 0));
  const giving = sumOf(owed.filter((units) => units < 0));
  const taken = sumOf(pending.filter((units) => units < 0));
  const given = sumOf(pending.filter((units) => units > 0));
  const stillTaken = Math.max(0, taking + taken);
  const stillGiven = Math.max(0, 0 - giving - given);
  return position - stillTaken + stillGiven - sumOf(losses);
}

/** Orders whose lines come to the shortfall, the latest first. */
export function decideOrdersConcerned(
  shortUnits: number,
  latestLines: readonly { readonly orderId: number; readonly units: number }[],
): readonly number[] {
  const orders = new Set<number>();
  let left = shortUnits;
  for (const { orderId, units } of latestLines) {
    if (left <= 0) break;
    orders.add(orderId);
    left -= units;
  }
  return [...orders];
}

const sumOf = (units: readonly number[]): number => units.reduce((sum, one) => sum + one, 0);
