/** The latest change among the figures of a reading. */
export interface Newest {
  /** The ERP's item. */
  readonly item: string;
  /** `StockFigure.changedAt`; text that compares as time. */
  readonly at: string;
}

/** What a reading of the ERP's stock amounts to, before anything of it is written. */
export interface SnapshotReading {
  readonly kind: "full" | "delta";
  /** Different items that the ERP named. */
  readonly items: number;
  /** Undefined where no figure says when it changed. */
  readonly newest: Newest | undefined;
  /** When the item that was the newest of the last one changed, by this reading; undefined where it is not named. */
  readonly lastNewestAt: string | undefined;
  /** A cursor came twice, or the pages did not end: what was read is not the whole. */
  readonly isBroken: boolean;
  /** Rows of the shop that it could move. */
  readonly catalogue: number;
  /** Rows that it would move. */
  readonly moves: number;
  /** Rows that can be sold from now, and those of them that could no longer be. */
  readonly sellable: number;
  readonly zeroed: number;
}

/** The last reading of the kind and part that was applied. */
export interface LastReading {
  readonly items: number;
  readonly newest: Newest | undefined;
}

/** A held reading that a person released: the next one may be like it, and no worse. */
export interface ReleasedReading extends LastReading {
  readonly moves: number;
  readonly zeroed: number;
}

/** Why a reading is held. */
export type HoldCode = "broken" | "empty" | "half" | "older" | "zeroes" | "moves-too-much";

export type SnapshotVerdict =
  | { readonly kind: "apply" }
  | {
      readonly kind: "hold";
      readonly code: HoldCode;
      /** What is wrong and what to look at, in words; what to type is the caller's to add. */
      readonly reason: string;
    };

/** Below this share of the last one's items a reading is taken to be a part of it. */
const WHOLE_SHARE = 0.9;
/** Above this share of what can be sold, a reading that takes it all away is more likely wrong than right. */
const ZERO_SHARE = 0.5;
/** So few rows may always move: shares mean nothing in a small catalogue. */
const FEW_ROWS = 5;
/** A released reading may be exceeded by so much: the shop went on selling meanwhile. */
const RELEASE_SLACK = 1.1;

const APPLY: SnapshotVerdict = { kind: "apply" };
const hold = (code: HoldCode, reason: string): SnapshotVerdict => ({ kind: "hold", code, reason });
const percent = (share: number): string => `${String(Math.round(share * 100))} %`;

/**
 * Decides whether a reading may be applied without a person's word. What a person released is applied up to what was
 * released.
 * @param holdShare `stock.holdShare`: the share of the catalogue that may move.
 */
export function decideSnapshot(
  reading: SnapshotReading,
  last: LastReading | undefined,
  released: ReleasedReading | undefined,
  holdShare: number,
): SnapshotVerdict {
  // A delta names what changed, so neither its size nor its age says anything.
  const looks =
    reading.kind === "full"
      ? [judgeForm(reading), judgeWhole(reading, last, released), judgeAge(reading, last, released)]
      : [judgeForm(reading)];
  const bad = looks.find((verdict) => verdict.kind === "hold");
  return bad ?? judgeMoves(reading, released, holdShare);
}

/** A reading that is not whole is never applied, whoever releases it: a person can only ask for another. */
function judgeForm(reading: SnapshotReading): SnapshotVerdict {
  if (!reading.isBroken) return APPLY;
  return hold(
    "broken",
    "The ERP's pages do not fit together: the same one came twice, or they did not end. Look at the attempts of this snapshot and at the ERP",
  );
}

function judgeWhole(
  { items }: SnapshotReading,
  last: LastReading | undefined,
  released: ReleasedReading | undefined,
): SnapshotVerdict {
  // Where as few were released, as few may come.
  if (released !== undefined && items >= released.items * WHOLE_SHARE) return APPLY;
  if (items === 0) {
    return hold(
      "empty",
      "The ERP named no item at all. Look at the rights of the sidecar's role in the ERP, and at the configured locations",
    );
  }
  if (last === undefined || items >= last.items * WHOLE_SHARE) return APPLY;
  return hold(
    "half",
    `The ERP named ${String(items)} items, and ${String(last.items)} the last time: a part seems to be missing. Look at the rights of the sidecar's role in the ERP, and at what was deactivated there`,
  );
}

/** Time went back for an item that is still there: the ERP was restored, or another one answers. */
function judgeAge(
  { newest, lastNewestAt }: SnapshotReading,
  last: LastReading | undefined,
  released: ReleasedReading | undefined,
): SnapshotVerdict {
  const before = last?.newest;
  if (before === undefined || newest === undefined || lastNewestAt === undefined) return APPLY;
  if (newest.at >= before.at || newest.at >= (released?.newest ?? before).at) return APPLY;
  return hold(
    "older",
    `The ERP's latest change is of ${newest.at}, and was of ${before.at} the last time (item ${before.item}): these figures are older than those applied. Look whether the ERP was restored, or another account is configured`,
  );
}

function judgeMoves(
  { catalogue, moves, sellable, zeroed }: SnapshotReading,
  released: ReleasedReading | undefined,
  holdShare: number,
): SnapshotVerdict {
  const zeroedMax = Math.max(sellable * ZERO_SHARE, FEW_ROWS, (released?.zeroed ?? 0) * RELEASE_SLACK);
  if (zeroed > zeroedMax) {
    return hold(
      "zeroes",
      `Of ${String(sellable)} rows that can be sold, ${String(zeroed)} would go to 0 or below. Look at the figures in the ERP`,
    );
  }
  const movesMax = Math.max(
    catalogue * holdShare,
    holdShare === 0 ? 0 : FEW_ROWS,
    (released?.moves ?? 0) * RELEASE_SLACK,
  );
  if (moves <= movesMax) return APPLY;
  const share = catalogue === 0 ? 1 : moves / catalogue;
  return hold(
    "moves-too-much",
    `${String(moves)} of ${String(catalogue)} rows (${percent(share)}) would move, and stock.holdShare allows ${percent(holdShare)}. Look at the figures in the ERP; a first snapshot of a shop whose stock nobody kept is often like this`,
  );
}
