import type { Command } from "commander";
import { readCheckpoint } from "../capture/statements.ts";
import type { Config } from "../config.ts";
import { readIdentity } from "../identity/statements.ts";
import { outboxDepth } from "../ingest/statements.ts";
import { composeStatus, type LiveStatus, LiveStatusSchema, type Status } from "../ops/status.ts";
import {
  type AlarmedJob,
  readAlarmed,
  readMissedHooks,
  readOldestReady,
  readStockStatus,
} from "../ops/status-statements.ts";
import type { Database } from "../platform/database.ts";
import { createHttp } from "../platform/http.ts";
import { countJobs } from "../queue/statements.ts";
import {
  type CommonOptions,
  counted,
  say,
  type Terminal,
  withCommonOptions,
  withDatabase,
} from "./command-line.ts";

/** A process on the same machine answers within milliseconds, or not at all. */
const LIVE_TIMEOUT_MS = 2_000;
const MISSED_DAYS = 7;
const ALARMS_SHOWN = 10;

/** `erpsync status`. */
export function registerStatus(program: Command, terminal: Terminal): void {
  withCommonOptions(program.command("status"))
    .description("what waits, what runs and what is stuck")
    .action(async (options: CommonOptions) => {
      await withDatabase(options, async (db, config) => {
        const [facts, more] = await Promise.all([readFacts(db, config), readMore(db)]);
        const status = composeStatus(facts);
        say(terminal, options, status, sentences(status, facts.live, more));
      });
    });
}

async function readFacts(db: Database, config: Config): Promise<Parameters<typeof composeStatus>[0]> {
  const [jobs, outbox, live, checkpoint, stock] = await Promise.all([
    countJobs(db),
    outboxDepth(db),
    askRunning(db, config),
    readCheckpoint(db),
    readStockStatus(db),
  ]);
  const place = checkpoint === undefined ? null : `${checkpoint.file}:${String(checkpoint.position)}`;
  return { jobs, outbox, live, checkpoint: place, stock };
}

/** Asks the process that the configuration says is running here; undefined where none, or another's, answers. */
async function askRunning(db: Database, config: Config): Promise<LiveStatus | undefined> {
  if (config.http.port === 0) return undefined;
  const http = createHttp({ connections: 1 });
  const host = ["0.0.0.0", "::"].includes(config.http.host) ? "127.0.0.1" : config.http.host;
  const url = `http://${host}:${String(config.http.port)}/status`;
  try {
    const [outcome, identity] = await Promise.all([
      http.send(
        { method: "GET", url, headers: {}, timeoutMs: LIVE_TIMEOUT_MS },
        AbortSignal.timeout(LIVE_TIMEOUT_MS),
      ),
      readIdentity(db),
    ]);
    if (outcome.kind !== "answered" || outcome.status !== 200) return undefined;
    const live = LiveStatusSchema.safeParse(JSON.parse(outcome.body));
    return live.success && live.data.installation === identity?.installation ? live.data : undefined;
  } catch {
    return undefined;
  } finally {
    await http.close();
  }
}

interface More {
  readonly stop: { readonly code: string; readonly reason: string } | undefined;
  readonly alarmed: readonly AlarmedJob[];
  readonly missed: readonly { readonly cause: string; readonly orders: number }[];
  readonly oldest: { readonly subject: string; readonly waitedMs: number } | undefined;
}

async function readMore(db: Database): Promise<More> {
  const [identity, alarmed, missed, oldest] = await Promise.all([
    readIdentity(db),
    readAlarmed(db, ALARMS_SHOWN),
    readMissedHooks(db, MISSED_DAYS),
    readOldestReady(db),
  ]);
  const code = identity?.stoppedCode ?? null;
  const stop = code === null ? undefined : { code, reason: identity?.stoppedReason ?? "" };
  return { stop, alarmed, missed, oldest };
}

function sentences(status: Status, live: LiveStatus | undefined, more: More): readonly string[] {
  const { jobs, outbox } = status;
  const states = Object.entries(jobs).map(([state, count]) => `${String(count)} ${state}`);
  return [
    ...(more.stop === undefined
      ? []
      : [`STOPPED (${more.stop.code}): ${more.stop.reason}. Nothing is written; see "erpsync adopt".`]),
    `Jobs: ${states.join(", ")}.`,
    ...(more.oldest === undefined
      ? []
      : [`The oldest ready job is ${more.oldest.subject}, for ${duration(more.oldest.waitedMs)}.`]),
    outbox.depth === 0
      ? "The outbox is empty."
      : `Outbox: ${counted(outbox.depth, "event")}, the oldest for ${duration(outbox.oldestMs)}.`,
    ...liveSentences(status, live),
    ...stockSentences(status.stock),
    ...more.alarmed.map(
      (job) => `ALARM: ${job.subject} is held (${job.code ?? "?"}) for ${duration(job.forMs)}.`,
    ),
    ...more.missed.map(
      ({ cause, orders }) =>
        `Missed hooks in ${String(MISSED_DAYS)} days: ${counted(orders, "order")}, cause ${cause}.`,
    ),
    ...(jobs.dead + jobs.parked > 0 ? ['See "erpsync dlq list" for what is dead or parked.'] : []),
  ];
}

function stockSentences(stock: Status["stock"]): readonly string[] {
  const { discrepancies, heldSnapshots, reconciliation, unbooked, unbookedMs, unsettled } = stock;
  const waits =
    unbooked === 0
      ? "all booked"
      : `${counted(unbooked, "fact")} to book, the oldest for ${duration(unbookedMs)}`;
  const compared =
    reconciliation === null
      ? "never reconciled"
      : `last reconciled ${reconciliation.startedAt} (${reconciliation.state})`;
  return [
    `Stock: ${waits}, ${counted(unsettled, "row")} not settled, ${compared}.`,
    ...(discrepancies === 0
      ? []
      : [
          `${counted(discrepancies, "stock discrepancy", "stock discrepancies")} open; see "erpsync stock discrepancies".`,
        ]),
    ...(heldSnapshots === 0
      ? []
      : [
          `ALARM: ${counted(heldSnapshots, "reading")} of the ERP's stock held; see "erpsync stock snapshot list".`,
        ]),
  ];
}

function liveSentences(status: Status, live: LiveStatus | undefined): readonly string[] {
  if (live === undefined) {
    const place = status.capture.position ?? "nowhere yet";
    return [`No sidecar answers here; the binlog was last read up to ${place}.`];
  }
  const { capture, erp } = live;
  const reading =
    capture.mode === "polling"
      ? `Capture polls the outbox: ${capture.reasons.join(" ")}`
      : `Capture: ${capture.leader ? "reads the binlog" : "stands by"}, at ${capture.position ?? "no place yet"}, lag ${capture.lagMs === null ? "unknown" : duration(capture.lagMs)}.`;
  const breaker = erp.breaker === "open" ? `taken to be away: ${erp.breakerReason}` : "answers";
  return [reading, `ERP: ${breaker}; ${String(erp.inFlight)} of ${String(erp.limit)} calls under way.`];
}

/** A time span in the unit that a person would use. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${String(ms)} ms`;
  if (ms < 120_000) return `${String(Math.round(ms / 1_000))} s`;
  if (ms < 7_200_000) return `${String(Math.round(ms / 60_000))} min`;
  return `${String(Math.round(ms / 3_600_000))} h`;
}
