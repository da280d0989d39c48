import type { Clock } from "../domain/clock.ts";
import type { Mark } from "../domain/job.ts";
import type { Database, Tx } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { inTransaction } from "../platform/transaction.ts";
import type { Wake } from "../platform/wake.ts";
import { knownSubjects, markJobs } from "../queue/mark-statements.ts";
import type { Worker } from "../queue/worker.ts";
import { decodeOutboxRow, mergeMarks } from "./decode-outbox-row.ts";
import {
  deleteRows,
  insertEvents,
  knownEvents,
  lockAnnouncedRows,
  lockOldestRows,
  outboxHasRows,
  type RawOutboxRow,
} from "./statements.ts";

/** Rows of one transaction: 500 keep it under 50 ms and reach over 5,000 events/s (bench `ingest`). */
export const INGEST_BATCH_ROWS = 500;

/** Outbox ids that the binlog announced and nobody has fetched yet; a hint, so losing it loses nothing. */
export class Announcements {
  readonly #ids = new Set<number>();
  readonly #wake: Wake;
  constructor(wake: Wake) {
    this.#wake = wake;
  }
  /** Adds ids and wakes the loop. Beyond one batch the loop scans anyway, so no more are kept. */
  add(ids: readonly number[]): void {
    for (const id of ids) if (this.#ids.size < INGEST_BATCH_ROWS) this.#ids.add(id);
    this.#wake.ring();
  }
  take(): readonly number[] {
    const ids = [...this.#ids];
    this.#ids.clear();
    return ids;
  }
}

export interface IngestDeps {
  readonly db: Database;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly wake: Wake;
  readonly announced: Announcements;
  /** Milliseconds between two looks at the whole outbox, however many rows are announced meanwhile. */
  readonly pollMs: () => number;
  /** Called after jobs were marked that nobody has claimed yet, so that workers look at once. */
  readonly onMarked: () => void;
  /** The worker of this process, while it has one: it may claim what is marked in the same transaction. */
  readonly worker?: () => DirectWorker | undefined;
}

/** What ingest asks of a worker. */
export type DirectWorker = Pick<Worker, "claimMarked" | "take">;

/**
 * Empties the outbox until the signal ends it. Announced rows are fetched at once. The whole outbox is looked at every
 * `pollMs`, whatever is announced, and at the start: a batch that failed ended the loop, and its ids are only there.
 */
export async function runIngest(deps: IngestDeps, signal: AbortSignal): Promise<void> {
  const { announced, clock, pollMs, wake } = deps;
  let scannedMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const ids = announced.take();
    if (ids.length > 0) await ingestBatch(deps, (tx) => lockAnnouncedRows(tx, ids));
    // A full set of announcements may have been cut.
    const nowMs = clock.monotonicMs();
    if (ids.length >= INGEST_BATCH_ROWS || nowMs - scannedMs >= pollMs()) {
      scannedMs = (await scanOutbox(deps)) < INGEST_BATCH_ROWS ? nowMs : Number.NEGATIVE_INFINITY;
    }
    const leftMs = scannedMs + pollMs() - clock.monotonicMs();
    if (leftMs > 0) await wake.wait(leftMs, signal);
  }
}

/** Ingests the oldest rows. Looks before it opens a transaction, because an idle shop's outbox is empty. */
async function scanOutbox(deps: IngestDeps): Promise<number> {
  if (!(await outboxHasRows(deps.db))) return 0;
  return await ingestBatch(deps, (tx) => lockOldestRows(tx, INGEST_BATCH_ROWS));
}

/**
 * Ingests what `lockRows` gives in one transaction: event recorded, job marked, row gone. A crash before the commit
 * leaves all as it was. Returns the number of rows.
 */
export async function ingestBatch(
  deps: Pick<IngestDeps, "db" | "log" | "metrics" | "onMarked" | "worker">,
  lockRows: (tx: Tx) => Promise<readonly RawOutboxRow[]>,
): Promise<number> {
  const worker = deps.worker?.();
  const fresh = await inTransaction(deps.db, async (tx) => {
    const rows = await lockRows(tx);
    if (rows.length === 0) return { all: 0, events: [], quarantined: [], due: 0, claims: [] };
    const events = await recordNew(tx, firstOfEach(rows));
    const { marks, quarantined } = await decideMarks(tx, events);
    await markJobs(tx, marks);
    await deleteRows(
      tx,
      rows.map((row) => row.id),
    );
    const due = marks.filter((mark) => mark.when === "now").map((mark) => mark.subject);
    const claims = (await worker?.claimMarked(tx, due)) ?? [];
    return { all: rows.length, events, quarantined, due: due.length, claims };
  });
  worker?.take(fresh.claims);
  for (const event of fresh.quarantined) deps.log("error", { event: "outbox.quarantined", ...event });
  for (const event of fresh.events) deps.metrics.eventsIngested.inc({ type: event.type });
  if (fresh.due > fresh.claims.length) deps.onMarked();
  return fresh.all;
}

/**
 * Records the events that are new, and returns them. Nearly always all are, so they are not looked up before. Each
 * refusal means that somebody recorded one of them meanwhile, so the rest is smaller each time.
 */
async function recordNew(tx: Tx, events: readonly RawOutboxRow[]): Promise<readonly RawOutboxRow[]> {
  let fresh = events;
  while (fresh.length > 0 && !(await insertEvents(tx, fresh))) {
    const known = await knownEvents(
      tx,
      fresh.map((event) => event.event_id),
    );
    fresh = fresh.filter((event) => !known.has(event.event_id));
  }
  return fresh;
}

function firstOfEach(rows: readonly RawOutboxRow[]): readonly RawOutboxRow[] {
  return [...new Map([...rows].reverse().map((row) => [row.event_id, row])).values()].reverse();
}

async function decideMarks(tx: Tx, events: readonly RawOutboxRow[]) {
  const decoded = events.map((event) => ({ event, row: decodeOutboxRow(event) }));
  const marks: Mark[] = [];
  const ifKnown: Mark[] = [];
  const quarantined: { eventId: string; reason: string }[] = [];
  for (const { event, row } of decoded) {
    if (row.kind === "mark") marks.push(row.mark);
    if (row.kind === "mark-known") ifKnown.push(row.mark);
    if (row.kind === "quarantine") quarantined.push({ eventId: event.event_id, reason: row.reason });
  }
  const known = await knownSubjects(
    tx,
    ifKnown.map((mark) => mark.subject),
  );
  return { marks: mergeMarks([...marks, ...ifKnown.filter((mark) => known.has(mark.subject))]), quarantined };
}
