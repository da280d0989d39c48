import type { PartHistory } from "./decide-due.ts";
import type { RoundPast } from "./snapshot.ts";
import type { SnapshotRow, SnapshotState } from "./snapshot-statements.ts";

/** What is on record of one part: for the schedule, and for the round itself. */
export interface PartPast {
  readonly history: PartHistory;
  readonly past: RoundPast;
  /** Readings that nobody is making any more: a process ended in the middle of them. */
  readonly running: readonly SnapshotRow[];
}

/** A person's word, or its lack, is about the last reading that was judged. */
const JUDGED: readonly SnapshotState[] = ["applied", "held", "released", "rejected"];

/** Reads the history of a part from the latest rows of each kind and state. */
export function decideHistory(part: string, latest: readonly SnapshotRow[]): PartPast {
  const mine = latest.filter((row) => row.part === part).sort((a, b) => a.id - b.id);
  const lastOf = (...states: readonly SnapshotState[]): SnapshotRow | undefined =>
    mine.filter(({ state }) => states.includes(state)).at(-1);
  const lastApplied = lastOf("applied");
  const lastFull = mine.filter(({ kind, state }) => kind === "full" && state === "applied").at(-1);
  const judged = lastOf(...JUDGED);
  const released = judged?.state === "released" ? judged : undefined;
  const history: PartHistory = {
    part,
    lastFull,
    lastApplied: lastApplied && { ageMs: lastApplied.ageMs, hasMark: lastApplied.mark !== null },
    lastMiss: missAfter(lastApplied, lastOf("failed", "rejected")),
    isHeld: judged?.state === "held",
    released: released?.kind,
    asked: lastOf("asked"),
  };
  const running = mine.filter(({ state }) => state === "running");
  return { history, past: { lastApplied, lastFull, released }, running };
}

function missAfter(applied: SnapshotRow | undefined, miss: SnapshotRow | undefined): PartHistory["lastMiss"] {
  if (miss === undefined || miss.id < (applied?.id ?? 0)) return undefined;
  return { ageMs: miss.ageMs, state: miss.state === "failed" ? "failed" : "rejected" };
}
