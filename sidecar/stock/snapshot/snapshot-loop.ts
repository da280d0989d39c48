import type { Metrics } from "../../platform/metrics.ts";
import { isLedgerOpening } from "./catalogue-statements.ts";
import { decideDue, partsOf, type Round, type ScheduleRules } from "./decide-due.ts";
import { decideHistory, type PartPast } from "./decide-history.ts";
import type { OrderMemory } from "./in-flight.ts";
import { type RoundEnd, runRound, type SnapshotDeps } from "./snapshot.ts";
import { deleteSnapshots, finishSnapshot, latestSnapshots, oldSnapshots } from "./snapshot-statements.ts";

/** How often it is looked whether a person asks for a reading, or has released one. */
const LOOK_EVERY_MS = 5_000;
/** Readings older than this are forgotten; the writes that they made stay on record. */
const KEPT_DAYS = 90;
/** Old readings of one look. */
const OLD_ROWS = 200;

export interface SnapshotLoopDeps extends SnapshotDeps {
  readonly rules: ScheduleRules;
  /** True while the ERP as a whole is taken to be away: reading it would only fail. */
  readonly isErpAway: () => boolean;
  /** Runs a round while nobody else compares with figures of the ERP, or writes them. */
  readonly alone: (work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) => Promise<void>;
  readonly metrics: SnapshotDeps["metrics"] & Pick<Metrics, "stockSnapshotsHeld">;
}

/**
 * Reads the ERP's stock whenever it is due, until the signal. One process an installation, under a named lock: rounds
 * never overlap, so no figure is ever followed by one that was read before it.
 */
export async function runSnapshots(deps: SnapshotLoopDeps, signal: AbortSignal): Promise<void> {
  const memory: OrderMemory = { jobsUpTo: 0 };
  await endOrphans(deps);
  while (!signal.aborted) {
    const waitMs = await turn(deps, memory, signal);
    if (waitMs > 0) await deps.sleep(Math.min(waitMs, LOOK_EVERY_MS), signal);
  }
}

/** A round, where one is due and may be made; returns the milliseconds until it is worth looking again. */
async function turn(deps: SnapshotLoopDeps, memory: OrderMemory, signal: AbortSignal): Promise<number> {
  const { db, isErpAway, metrics, rules, stopped } = deps;
  if (stopped() || isErpAway()) return LOOK_EVERY_MS;
  const parts = await readParts(deps);
  metrics.stockSnapshotsHeld.set(parts.filter(({ history }) => history.isHeld).length);
  const due = decideDue(
    parts.map(({ history }) => history),
    rules,
  );
  if (due.kind === "wait") return due.ms;
  // Figures would be compared with positions that are just being taken.
  if (await isLedgerOpening(db)) return LOOK_EVERY_MS;
  let end = "failed" as RoundEnd;
  await deps.alone(async (held) => {
    end = await runRound(deps, due.round, pastOf(parts, due.round), memory, held);
  }, signal);
  await forgetOld(deps);
  return end === "failed" ? LOOK_EVERY_MS : 0;
}

async function readParts({ db, rules }: SnapshotLoopDeps): Promise<readonly PartPast[]> {
  const latest = await latestSnapshots(db);
  return partsOf(rules).map((part) => decideHistory(part, latest));
}

function pastOf(parts: readonly PartPast[], { part }: Round): PartPast["past"] {
  const found = parts.find(({ history }) => history.part === part);
  return found?.past ?? { lastApplied: undefined, lastFull: undefined, released: undefined };
}

/** Nobody but us makes rounds, so one that is running when we begin has lost its process. */
async function endOrphans(deps: SnapshotLoopDeps): Promise<void> {
  for (const { running } of await readParts(deps)) {
    for (const { id } of running) {
      const reason = "The process ended in the middle. What it wrote stands, and the next round goes on";
      await finishSnapshot(deps.db, id, { state: "failed", reason });
    }
  }
}

async function forgetOld({ db }: SnapshotLoopDeps): Promise<void> {
  const kept = new Set((await latestSnapshots(db)).map(({ id }) => id));
  const old = (await oldSnapshots(db, KEPT_DAYS, OLD_ROWS)).filter((id) => !kept.has(id));
  if (old.length > 0) await deleteSnapshots(db, old);
}
