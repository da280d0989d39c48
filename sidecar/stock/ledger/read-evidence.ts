import type { Tx } from "../../platform/database.ts";
import { type Loss, looksBack, type PassingLine } from "./decide-attribution.ts";
import {
  countRepairs,
  type OpenLine,
  type OpenMovement,
  type OpenRow,
  type OwnSaleRow,
  readEarlier,
  readLate,
  readLosses,
  readOwnSales,
  readPassingLines,
} from "./episode-statements.ts";
import { type ByRow, groupByRow, ofRow } from "./plan-groups.ts";
import { type Declared, readDeclarations } from "./read-declarations.ts";
import { readPackLimits } from "./read-pack-limits.ts";

/** Quantities that are looked back on for one row, and lines that may have come and gone, for all. */
const LOOKED_BACK = { quantities: 50, passing: 500 } as const;

/** What helps to explain the changes of rows. */
export interface Evidence extends Declared {
  readonly late: ByRow<OpenMovement>;
  readonly earlier: ReadonlyMap<number, readonly number[]>;
  readonly passing: ByRow<PassingLine>;
  readonly ownSales: ByRow<OwnSaleRow>;
  readonly losses: ByRow<Loss>;
  readonly packLimits: ReadonlyMap<number, readonly number[]>;
  readonly repairs: ReadonlyMap<number, number>;
}

const NO_EVIDENCE: Evidence = {
  late: new Map(),
  earlier: new Map(),
  passing: new Map(),
  declarations: new Map(),
  declaredUpTo: new Map(),
  ownSales: new Map(),
  losses: new Map(),
  packLimits: new Map(),
  repairs: new Map(),
};

/** Reads it for the rows for which something is decided now; what a row has no use for is not asked. */
export async function readEvidence(
  tx: Tx,
  rows: readonly OpenRow[],
  { lines, pending }: { readonly lines: ByRow<OpenLine>; readonly pending: ByRow<OpenMovement> },
): Promise<Evidence> {
  const ripe = rows.filter((row) => row.isUnsettled && (row.isQuiet || row.isOverdue));
  const ids = ripe.map(({ row }) => row);
  const adopting = new Set([...ids, ...missingOf(lines)]);
  const late = adopting.size === 0 ? new Map() : groupByRow(await readLate(tx, [...adopting]));
  if (ids.length === 0) return { ...NO_EVIDENCE, late };
  const open = new Map(ids.map((row) => [row, [...ofRow(pending, row), ...ofRow(late, row)]]));
  const changing = ripe.filter(({ row }) => pending.has(row));
  const explaining = ripe.filter(({ row }) => ofRow(open, row).length > 0);
  const losses = groupByRow(await readLosses(tx, ids));
  const { declarations, declaredUpTo } = await readDeclarations(tx, explaining, open);
  const lookingBack = explaining.filter(({ row }) =>
    looksBack(ofRow(open, row), { lines: ofRow(lines, row), isDeclared: declarations.has(row) }),
  );
  const twice = ids.filter((row) => ofRow(pending, row).length > 1);
  return {
    late,
    losses,
    repairs: losses.size === 0 ? new Map() : await countRepairs(tx, [...losses.keys()]),
    ownSales: groupByRow(await readOwnSales(tx, ids)),
    earlier: await readQuantitiesBefore(tx, lookingBack, open),
    passing:
      twice.length === 0 ? new Map() : groupByRow(await readPassingLines(tx, twice, LOOKED_BACK.passing)),
    packLimits: await readPackLimits(tx, changing),
    declarations,
    declaredUpTo,
  };
}

/** Rows with sales that nobody announced: what they take is missing at once, not only when the row is quiet. */
function missingOf(lines: ByRow<OpenLine>): readonly number[] {
  const isMissing = ({ cause, isAnnounced }: OpenLine): boolean => cause === "sale" && !isAnnounced;
  return [...lines].filter(([, of]) => of.some(isMissing)).map(([row]) => row);
}

/** The quantities that rows had before their first open change, as far back as a stale read may reach. */
async function readQuantitiesBefore(
  tx: Tx,
  rows: readonly OpenRow[],
  open: ByRow<OpenMovement>,
): Promise<ReadonlyMap<number, readonly number[]>> {
  if (rows.length === 0) return new Map();
  const first = new Map(rows.map(({ row }) => [row, ofRow(open, row)[0]?.id ?? 0]));
  const quantities = new Map<number, number[]>();
  for (const { after, delta, row } of await readEarlier(tx, first, LOOKED_BACK.quantities)) {
    const known = quantities.get(row);
    if (known === undefined) quantities.set(row, [after - delta, after]);
    else known.push(after);
  }
  return quantities;
}
