import type { Tx } from "../../platform/database.ts";
import type { Declaration } from "./decide-attribution.ts";
import { decodeMovedEvent, decodeMvt } from "./decode-declaration.ts";
import {
  type OpenMovement,
  type OpenRow,
  readBookedSources,
  readDeclaredEvents,
  readDeclaredMovements,
} from "./episode-statements.ts";
import { type ByRow, groupByRow, ofRow } from "./plan-groups.ts";

/** What was declared of rows, and not used yet. */
export interface Declared {
  readonly declarations: ByRow<{ readonly row: number; readonly declaration: Declaration }>;
  /** Highest id_stock_mvt that was considered, by row. */
  readonly declaredUpTo: ReadonlyMap<number, number>;
}

/** Reads what people and tools of the shop declared of these rows since their first open change. */
export async function readDeclarations(
  tx: Tx,
  rows: readonly OpenRow[],
  open: ByRow<OpenMovement>,
): Promise<Declared> {
  if (rows.length === 0) return { declarations: new Map(), declaredUpTo: new Map() };
  const seen = new Map(rows.map((row) => [row.row, row.lastDeclared]));
  const movements = await readDeclaredMovements(tx, seen);
  const declaredUpTo = new Map<number, number>();
  for (const { id, row } of movements) declaredUpTo.set(row, Math.max(id, declaredUpTo.get(row) ?? 0));
  const found = [
    ...movements.map((movement) => ({ row: movement.row, declaration: decodeMvt(movement) })),
    ...(await readEvents(tx, rows, open)),
  ];
  const sources = found.map(({ declaration }) => declaration.source);
  const used = sources.length === 0 ? new Set<string>() : await readBookedSources(tx, sources);
  const unused = found.filter(({ declaration }) => !used.has(declaration.source));
  return { declarations: groupByRow(unused), declaredUpTo };
}

async function readEvents(
  tx: Tx,
  rows: readonly OpenRow[],
  open: ByRow<OpenMovement>,
): Promise<readonly { readonly row: number; readonly declaration: Declaration }[]> {
  const since = rows
    .flatMap(({ row }) => ofRow(open, row))
    .reduce((oldest, { committedAt }) => (committedAt < oldest ? committedAt : oldest), "9999");
  // Two groups that share their stock have the same subject; the event then names the row.
  const bySubject = new Map<string, number[]>();
  for (const row of rows) bySubject.set(subjectOf(row), [...(bySubject.get(subjectOf(row)) ?? []), row.row]);
  return (await readDeclaredEvents(tx, [...bySubject.keys()], since)).flatMap((event) => {
    const named = decodeMovedEvent(event);
    const meant = bySubject.get(event.subject) ?? [];
    const row = meant.length > 1 ? named?.row : (named?.row ?? meant[0]);
    if (named === undefined || row == null || !meant.includes(row)) return [];
    return [{ row, declaration: named.declaration }];
  });
}

function subjectOf({ combination, product, shop }: OpenRow): string {
  return `stock:${String(product)}:${String(combination)}:${String(shop)}`;
}
