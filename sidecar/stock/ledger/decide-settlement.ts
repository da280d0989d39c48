import type { StockCause, StockWrite } from "../../domain/stock.ts";
import type { Explained, OwnSale, Part, Verdict } from "./decide-attribution.ts";
import { type LineRecord, owedOf } from "./decide-lines.ts";

/** A movement as it was loaded. */
export interface SettledMovement {
  readonly id: number;
  readonly row: number;
  readonly changeId: number;
  readonly after: number;
  readonly committedAt: string;
  readonly readAt: string;
}

/** A part of a movement with its cause; the first part stands in the movement's own row. */
export interface BookedPart extends SettledMovement {
  readonly isFirst: boolean;
  readonly delta: number;
  readonly cause: StockCause;
  readonly source: string | null;
  readonly orderId: number | null;
  readonly actor: string | null;
}

/** What becomes of a line on a row. */
export interface LineSum {
  readonly detailId: number;
  readonly row: number;
  /** Units that were moved for it. */
  readonly moved: number;
  /** Units that nobody moves. */
  readonly settled: number;
  /** Place of the last change that moved for it, which names what it still owes; 0 where none did. */
  readonly changeId: number;
}

/** What a verdict comes to in the ledger's tables. */
export interface Settlement {
  readonly parts: readonly BookedPart[];
  readonly lines: readonly LineSum[];
}

/**
 * Turns a verdict into rows. A movement that the shop made as well as we is named after our write (`twin:<id>`), so that
 * taking ours back is owed until it is done, whoever dies in between.
 */
export function decideSettlement(
  row: number,
  verdict: Pick<Verdict, "explained" | "settledLines" | "writes">,
  movements: ReadonlyMap<number, SettledMovement>,
): Settlement {
  const lines = new Map<number, LineSum>();
  const add = (detailId: number, moved: number, settled: number, changeId: number): void => {
    const sum = lines.get(detailId) ?? { detailId, row, moved: 0, settled: 0, changeId: 0 };
    lines.set(detailId, {
      ...sum,
      moved: sum.moved + moved,
      settled: sum.settled + settled,
      changeId: Math.max(sum.changeId, changeId),
    });
  };
  const parts = namedTwins(verdict).flatMap(({ movementId, parts: ofOne }) => {
    const movement = movements.get(movementId);
    if (movement === undefined) return [];
    for (const part of ofOne)
      if (part.detailId !== null) add(part.detailId, part.delta, 0, movement.changeId);
    return ofOne.map((part, nth) => ({ ...movement, ...columnsOf(part), isFirst: nth === 0 }));
  });
  for (const line of verdict.settledLines) add(line.detailId, 0, 0 - line.owed, 0);
  return { parts, lines: [...lines.values()] };
}

/** Notes at lines what was moved for them, and what is not going to be; lines that the ledger forgot are left out. */
export function decideSettledLines(
  records: readonly LineRecord[],
  sums: readonly LineSum[],
): readonly LineRecord[] {
  const known = new Map(records.map((record) => [keyOf(record), record]));
  return sums.flatMap((sum) => {
    const record = known.get(keyOf(sum));
    if (record === undefined) return [];
    const next = { ...record, moved: record.moved + sum.moved, settled: record.settled + sum.settled };
    const isNamedAnew = owedOf(next) !== 0 && sum.changeId !== 0;
    return [isNamedAnew ? { ...next, changeId: sum.changeId } : next];
  });
}

const keyOf = ({ detailId, row }: { readonly detailId: number; readonly row: number }): string =>
  `${String(detailId)}:${String(row)}`;

function columnsOf({ actor, cause, delta, orderId, source }: Part): Omit<Part, "detailId"> {
  return { delta, cause, source, orderId, actor };
}

function namedTwins({ explained, writes }: Pick<Verdict, "explained" | "writes">): readonly Explained[] {
  const open = writes.filter(({ undoes }) => undoes !== null);
  return explained.map((one) => {
    const [part, ...more] = one.parts;
    if (part === undefined || more.length > 0 || part.source !== null || part.detailId !== null) return one;
    const at = open.findIndex((write) => write.orderId === part.orderId && write.delta === -part.delta);
    const [write] = at === -1 ? [] : open.splice(at, 1);
    return write === undefined
      ? one
      : { ...one, parts: [{ ...part, source: `twin:${String(write.undoes)}` }] };
  });
}

/** Takes back a movement of ours that the shop made as well. */
export function decideTakeBack(row: number, sale: OwnSale): StockWrite {
  return {
    row,
    delta: -sale.delta,
    cause: "undo",
    source: `undo:${String(sale.writeId)}`,
    orderId: sale.orderId,
    actor: "ledger",
    reason: "the writer of the order took the units itself",
    undoes: sale.writeId,
  };
}
