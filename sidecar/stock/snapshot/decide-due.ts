/** A reading of the ERP's stock that is to be made. */
export interface Round {
  /** Partition of the adapter; empty for all items. */
  readonly part: string;
  readonly kind: "full" | "delta";
  /** Id of its row where a person asked for it; undefined where the schedule does. */
  readonly askedId: number | undefined;
}

/** What is on record of one part, as far as it decides what comes next. */
export interface PartHistory {
  readonly part: string;
  /** The last full one that was applied; ages are in milliseconds since it began. */
  readonly lastFull: { readonly ageMs: number; readonly items: number } | undefined;
  /** The last one of any kind that was applied, and whether it left a mark for a delta. */
  readonly lastApplied: { readonly ageMs: number; readonly hasMark: boolean } | undefined;
  /** One that was not applied, after the last that was. */
  readonly lastMiss: { readonly ageMs: number; readonly state: "failed" | "rejected" } | undefined;
  /** Nothing is read while one is held. */
  readonly isHeld: boolean;
  /** A held one was released: the next is of its kind, at once. */
  readonly released: Round["kind"] | undefined;
  /** A person asks; a delta only where one can be read. */
  readonly asked: { readonly id: number; readonly kind: Round["kind"] } | undefined;
}

/** The schedule, as `stock` of the configuration says it. */
export interface ScheduleRules {
  readonly snapshotEveryMs: number;
  readonly fullEveryMs: number;
  readonly deltaAboveItems: number;
  /** Own schedules of the parts; empty where all is read at once. */
  readonly partitions: Readonly<Record<string, { readonly everyMs: number }>>;
}

export type Due =
  | { readonly kind: "run"; readonly round: Round }
  | { readonly kind: "wait"; readonly ms: number };

/** An ERP that could not be read is tried again after this, whatever the schedule. */
const RETRY_MS = 60_000;

/** The parts that are read, each on its own schedule. */
export function partsOf(rules: ScheduleRules): readonly string[] {
  const parts = Object.keys(rules.partitions);
  return parts.length === 0 ? [""] : parts;
}

/** Deltas are read where a full reading names more items than `deltaAboveItems`. */
export function usesDeltas(histories: readonly PartHistory[], rules: ScheduleRules): boolean {
  const items = histories.reduce((sum, { lastFull }) => sum + (lastFull?.items ?? 0), 0);
  return items > rules.deltaAboveItems;
}

/** Decides what is read next: what people ask for first, then what has been due the longest; a part's first is full. */
export function decideDue(histories: readonly PartHistory[], rules: ScheduleRules): Due {
  const deltas = usesDeltas(histories, rules);
  const free = histories.filter((history) => !history.isHeld);
  const next = free
    .map((history) => planPart(history, rules, deltas))
    .sort((a, b) => a.inMs - b.inMs)
    .at(0);
  if (next === undefined) return { kind: "wait", ms: Number.POSITIVE_INFINITY };
  return next.inMs > 0 ? { kind: "wait", ms: next.inMs } : { kind: "run", round: next.round };
}

interface Planned {
  readonly round: Round;
  readonly inMs: number;
}

function planPart(history: PartHistory, rules: ScheduleRules, deltas: boolean): Planned {
  const { asked, lastApplied, part, released } = history;
  const canDelta = deltas && lastApplied?.hasMark === true;
  const kindOf = (kind: Round["kind"]): Round["kind"] => (canDelta ? kind : "full");
  if (asked !== undefined) {
    const round = { part, kind: kindOf(asked.kind), askedId: asked.id };
    return { round, inMs: Number.NEGATIVE_INFINITY };
  }
  const pauseMs = pauseAfterMiss(history, rules);
  if (released !== undefined) {
    return { round: { part, kind: kindOf(released), askedId: undefined }, inMs: pauseMs };
  }
  const fullInMs = untilFull(history, rules, deltas);
  const deltaInMs = canDelta ? rules.snapshotEveryMs - lastApplied.ageMs : Number.POSITIVE_INFINITY;
  // What is due anyway is read in full.
  const kind = deltaInMs < fullInMs && fullInMs > 0 ? "delta" : "full";
  const inMs = Math.max(Math.min(fullInMs, deltaInMs), pauseMs);
  return { round: { part, kind, askedId: undefined }, inMs };
}

function untilFull(
  { lastApplied, lastFull, part }: PartHistory,
  rules: ScheduleRules,
  deltas: boolean,
): number {
  if (lastFull === undefined || lastApplied === undefined) return Number.NEGATIVE_INFINITY;
  // Deltas that cannot be read (nothing says from where) are full ones.
  const alone = deltas && lastApplied.hasMark ? rules.fullEveryMs : rules.snapshotEveryMs;
  const everyMs = rules.partitions[part]?.everyMs ?? alone;
  return everyMs - lastFull.ageMs;
}

function pauseAfterMiss({ lastMiss }: PartHistory, rules: ScheduleRules): number {
  if (lastMiss === undefined) return Number.NEGATIVE_INFINITY;
  const pauseMs =
    lastMiss.state === "failed" ? Math.min(RETRY_MS, rules.snapshotEveryMs) : rules.snapshotEveryMs;
  return pauseMs - lastMiss.ageMs;
}
