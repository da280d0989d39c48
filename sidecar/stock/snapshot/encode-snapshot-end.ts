import type { LastReading, Newest, ReleasedReading, SnapshotReading } from "./decide-snapshot.ts";
import { decodeSnapshotDetail, EXAMPLES_MAX, type SnapshotDetail } from "./decode-snapshot-detail.ts";
import type { SnapshotPlan, Waiting } from "./plan-snapshot.ts";

/** More figures than this are read again rather than kept for the next round. */
const CARRIED_MAX = 5_000;

/** Items whose figures are of no use, by the reason: how many, and the first of them. */
export interface OtherItems {
  readonly count: number;
  readonly examples: readonly string[];
}

/** What is counted of a reading. */
export interface Counted {
  readonly kind: "full" | "delta";
  readonly items: number;
  readonly newest: Newest | undefined;
  readonly lastNewestAt: string | undefined;
  readonly isBroken: boolean;
  readonly unknown: OtherItems;
  readonly doubled: OtherItems;
  readonly unfit: OtherItems;
  /** Mapped items that were not named; none where only the ERP knows what should have been. */
  readonly absent: readonly string[];
  /** Rows of the shop that it is about, and those of them that can be sold from. */
  readonly catalogue: number;
  readonly sellable: number;
  readonly plan: SnapshotPlan;
}

/** The columns of a snapshot's row that count. */
export interface SnapshotColumns {
  readonly items: number;
  readonly unknown: number;
  readonly absent: number;
  readonly waiting: number;
  readonly catalogue: number;
  readonly moves: number;
}

export function encodeColumns({ absent, catalogue, items, plan, unknown }: Counted): SnapshotColumns {
  return {
    items,
    unknown: unknown.count,
    absent: absent.length,
    waiting: plan.waiting.length,
    catalogue,
    moves: plan.moves.length,
  };
}

/** What decides whether a reading may be applied. */
export function encodeJudged(counted: Counted): SnapshotReading {
  const { moves, zeroed } = counted.plan;
  return { ...counted, moves: moves.length, zeroed };
}

/** The detail of a reading, with what still waits when it ended. */
export function encodeDetail(counted: Counted, waiting: readonly Waiting[]): string {
  const detail: SnapshotDetail = {
    unknown: counted.unknown.examples,
    doubled: counted.doubled.examples,
    unfit: counted.unfit.examples,
    absent: counted.absent.slice(0, EXAMPLES_MAX),
    waiting: waiting.slice(0, EXAMPLES_MAX).map(({ because, item }) => ({ item, because })),
    sellable: counted.sellable,
    zeroed: counted.plan.zeroed,
    newest: counted.newest,
    carried: canCarry(waiting)
      ? waiting.map(({ availableUnits, item }): [string, number] => [item, availableUnits])
      : [],
  };
  return JSON.stringify(detail);
}

/** Where the next delta begins: with too many figures to keep, where this one began. */
export function encodeMark(
  read: string | undefined,
  before: string | null,
  waiting: readonly Waiting[],
): string | null {
  return canCarry(waiting) ? (read ?? before) : before;
}

const canCarry = (waiting: readonly Waiting[]): boolean => waiting.length <= CARRIED_MAX;

/** A reading of before, as far as it decides on the next. */
interface PastRow {
  readonly items: number;
  readonly moves: number;
  readonly detail: string | null;
}

export function lastReadingOf({ detail, items }: PastRow): LastReading {
  return { items, newest: decodeSnapshotDetail(detail).newest };
}

export function releasedReadingOf(row: PastRow): ReleasedReading {
  return { ...lastReadingOf(row), moves: row.moves, zeroed: decodeSnapshotDetail(row.detail).zeroed };
}

/** The sentence of a held reading: what is wrong, where to look, what to type. */
export function encodeHoldReason(reason: string, id: number): string {
  const command = (word: string): string => `"erpsync stock snapshot ${word} ${String(id)}"`;
  return `${reason}. Then ${command("release")} lets the next reading pass if it is no worse than this one, and ${command("reject")} goes on as if this one had not been`;
}
