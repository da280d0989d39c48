import { createHash } from "node:crypto";
import type { Clock, Random, Sleep } from "../domain/clock.ts";
import { messageOf } from "../domain/errors.ts";
import { type Database, type DatabaseSettings, openDatabase } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { CaptureSession, type SessionEnd } from "./capture-session.ts";
import { checkSource, flavourOf, identify, type SourceVerdict } from "./check-source.ts";
import { decideResume, fromNow, type GapReason, type Resume, type ServerFacts } from "./decide-resume.ts";
import {
  holdsLeaderLock,
  readBinaryLogs,
  readCheckpoint,
  readGrants,
  readMariadbGtids,
  readMysqlGtids,
  readVariables,
  takeLeaderLock,
  writeCheckpoint,
} from "./statements.ts";
import { within } from "./within.ts";

/** Times and sizes, in the units of their names. An idle leader asks the database about seven times a minute. */
export const CAPTURE_LIMITS = {
  /** How often an idle server gives a sign of life. */
  heartbeatMs: 10_000,
  /** Silence after which the connection is taken to be dead: three heartbeats. */
  silenceMs: 30_000,
  netWriteTimeoutSeconds: 600,
  /** How long marks that are not due now wait for company; a whole checkout then is one commit. */
  lingerMs: 250,
  /** How often the place is recorded when nothing else is. */
  checkpointMs: 10_000,
  /** How often the lead is checked; the database frees the lock at once when our connection dies. */
  maintenanceMs: 10_000,
  /** How often the server's settings are checked again, and how often a shop without binlog is asked for one. */
  recheckMs: 60_000,
  /** How long one attempt at the leader lock waits in the server; also the longest delay of a stop. */
  standbySeconds: 5,
  /** Longer than any lock wait; a database that takes longer is on a connection that no longer leads anywhere. */
  databaseSilenceMs: 30_000,
  closeMs: 1_000,
  /** Subjects that wait for a commit before the tail is paused. */
  batchSubjects: 2_000,
  retryFirstMs: 100,
  retryMaxMs: 30_000,
  /** Failures at one place after which it is given up and a sweep closes the gap. */
  decodeTries: 3,
} as const;

export type CaptureLimits = { readonly [Name in keyof typeof CAPTURE_LIMITS]: number };

/** What `status` and `/health` show; the loop writes it, everybody may read it. */
export interface CaptureStatus {
  mode: "starting" | "binlog" | "polling";
  /** True where this process reads the binlog. */
  leader: boolean;
  /** `<file>:<offset>` behind the last transaction read; null before the first. */
  position: string | null;
  /** Age of the last transaction when it was read; null before the first. */
  lagMs: number | null;
  /** Why the binlog cannot be used, each with its remedy; empty otherwise. */
  reasons: readonly string[];
}

export const initialCaptureStatus = (): CaptureStatus => ({
  mode: "starting",
  leader: false,
  position: null,
  lagMs: null,
  reasons: [],
});

export interface CaptureDeps {
  /** For looks at the server while we do not lead; the lead opens a connection of its own by `settings`. */
  readonly db: Database;
  readonly settings: DatabaseSettings;
  /** One for an installation; see `serverIdOf`. */
  readonly serverId: number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly random: Random;
  readonly status: CaptureStatus;
  readonly limits: CaptureLimits;
  /** Committed outbox rows, in commit order, at once; called synchronously from the tail. */
  readonly onOutboxRows: (ids: readonly number[]) => void;
  /** Jobs were marked and committed. */
  readonly onMarked: () => void;
  /** Changes before the recorded place were not seen: sweep everything. Also at the first start. */
  readonly onGap: (reason: GapReason) => void;
}

/** The replica id of an installation, far above those that people give to servers. */
export function serverIdOf(installation: string): number {
  return 0x8000_0000 + (createHash("sha256").update(installation).digest().readUInt32BE(0) & 0x7fff_ff00);
}

/** Of database and prefix, so that two shops on one server lead apart; MySQL allows 64 characters. */
export function captureLockName(settings: DatabaseSettings): string {
  const shop = createHash("sha256").update(`${settings.database}\0${settings.prefix}`).digest("hex");
  return `erpsync.capture.${shop.slice(0, 32)}`;
}

/** What is remembered from one try to the next. */
interface Memory {
  failures: number;
  /** Set when the next tail must start from now, whatever the checkpoint says. */
  gap: GapReason | undefined;
  decodeFailures: number;
  /** The last place read before an event that could not be decoded. */
  stuckAt: string | undefined;
  /** Added to the replica id after a clash. */
  serverIdShift: number;
  /** Said once and not at every retry. */
  readonly said: Set<string>;
}

/**
 * Reads what the shop commits, for as long as the signal lasts. One process leads; the others stand by in the
 * database's own queue for the lock. Where the binlog cannot be used, `status.mode` says `polling` and the settings
 * are looked at again from time to time.
 */
export async function runCapture(deps: CaptureDeps, signal: AbortSignal): Promise<void> {
  const memory: Memory = {
    failures: 0,
    gap: undefined,
    decodeFailures: 0,
    stuckAt: undefined,
    serverIdShift: 0,
    said: new Set(),
  };
  while (!signal.aborted) {
    try {
      const verdict = await within(readVerdict(deps.db), deps.limits.databaseSilenceMs, deps.sleep);
      if (verdict.mode === "polling") await poll(deps, verdict.reasons, memory, signal);
      else await leadOnOwnConnection(deps, memory, signal);
    } catch (thrown) {
      await backOff(deps, memory, messageOf(thrown), signal);
    }
  }
}

async function readVerdict(db: Database): Promise<SourceVerdict> {
  return checkSource(await readVariables(db), await readGrants(db));
}

/**
 * The lead has a connection of its own, which is thrown away with it: in a pool, one that no longer answers would
 * sooner or later be lent to somebody else.
 */
async function leadOnOwnConnection(deps: CaptureDeps, memory: Memory, signal: AbortSignal): Promise<void> {
  const database = openDatabase({ ...deps.settings, connections: 1 });
  try {
    await database.connection().execute((connection) => lead(deps, connection, memory, signal));
  } finally {
    // One that hangs cannot be closed in good order, and nobody waits for it.
    await within(database.destroy(), deps.limits.closeMs, deps.sleep).catch(() => undefined);
  }
}

async function poll(
  deps: CaptureDeps,
  reasons: readonly string[],
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  if (deps.status.mode !== "polling") deps.log("warn", { event: "capture.polling", reasons });
  Object.assign(deps.status, { mode: "polling", reasons, lagMs: null });
  // What happened meanwhile may be missing in the binlog, also if its files look whole.
  memory.gap = "unsuitable source";
  await deps.sleep(deps.limits.recheckMs, signal);
}

async function lead(
  deps: CaptureDeps,
  connection: Database,
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  const lockName = captureLockName(deps.settings);
  Object.assign(deps.status, { mode: "binlog", reasons: [] });
  if (!(await isTaken(deps, connection, lockName, 0))) {
    if (!memory.said.has("standby")) deps.log("info", { event: "capture.standby" });
    memory.said.add("standby");
    do {
      if (signal.aborted) return;
    } while (!(await isTaken(deps, connection, lockName, deps.limits.standbySeconds)));
  }
  memory.said.delete("standby");
  try {
    await tailWhileLeading(deps, connection, lockName, memory, signal);
  } finally {
    deps.status.leader = false;
    deps.metrics.captureLeader.set(0);
  }
}

/** Waits in the server's queue for the lock, which is freed the moment that its holder's connection dies. */
function isTaken(
  deps: CaptureDeps,
  connection: Database,
  lockName: string,
  waitSeconds: number,
): Promise<boolean> {
  const patienceMs = waitSeconds * 1_000 + deps.limits.databaseSilenceMs;
  return within(takeLeaderLock(connection, lockName, waitSeconds), patienceMs, deps.sleep);
}

async function tailWhileLeading(
  deps: CaptureDeps,
  connection: Database,
  lockName: string,
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  const patienceMs = deps.limits.databaseSilenceMs;
  while (!signal.aborted) {
    const prepared = await within(prepare(deps, connection, memory), patienceMs, deps.sleep);
    if (prepared === undefined) return;
    const { server, resume } = prepared;
    const serverId = deps.serverId + memory.serverIdShift;
    const session = new CaptureSession(deps, { connection, lockName, server, serverId });
    const end = await session.run(resume, signal);
    // A newcomer with our replica id ends our tail; it is the next leader if our lock is gone.
    if (!(await within(holdsLeaderLock(connection, lockName), patienceMs, deps.sleep))) return;
    if (session.hasHeard) memory.failures = 0;
    if (!noteEnd(deps, end, session.lastPlace, memory)) return;
    if (end.kind !== "closed") await backOff(deps, memory, end.message, signal);
  }
}

/** Looks at the server and decides where to start; undefined where its binlog cannot be tailed. */
async function prepare(
  deps: CaptureDeps,
  connection: Database,
  memory: Memory,
): Promise<{ readonly server: string; readonly resume: Resume } | undefined> {
  const variables = await readVariables(connection);
  const verdict = checkSource(variables);
  if (verdict.mode === "polling") return undefined;
  noteLead(deps, verdict, memory);
  const facts = await readFacts(connection, variables);
  return { server: facts.server, resume: await startPlace(deps, connection, facts, memory) };
}

function noteLead(
  deps: CaptureDeps,
  verdict: Extract<SourceVerdict, { mode: "binlog" }>,
  memory: Memory,
): void {
  if (!deps.status.leader) deps.log("info", { event: "capture.leading", server: verdict.server });
  deps.status.leader = true;
  deps.metrics.captureLeader.set(1);
  for (const reason of verdict.warnings) {
    if (!memory.said.has(reason)) deps.log("warn", { event: "capture.warning", reason });
    memory.said.add(reason);
  }
}

async function readFacts(
  connection: Database,
  variables: Readonly<Record<string, string>>,
): Promise<ServerFacts> {
  const flavour = flavourOf(variables);
  const logs = await readBinaryLogs(connection);
  const oldest = logs[0]?.file ?? "";
  const none = { executed: "", purged: "" };
  const mysqlGtids = variables["gtid_mode"] === "ON" ? readMysqlGtids : () => Promise.resolve(none);
  const gtids = await (flavour === "mariadb" ? readMariadbGtids(connection, oldest) : mysqlGtids(connection));
  return {
    flavour,
    server: identify(variables),
    logs,
    gtidExecuted: gtids.executed.replace(/\s/g, ""),
    gtidPurged: gtids.purged.replace(/\s/g, ""),
  };
}

/** Decides where to start. Where that is now, the place is on record before the gap is reported. */
async function startPlace(
  deps: CaptureDeps,
  connection: Database,
  facts: ServerFacts,
  memory: Memory,
): Promise<Resume> {
  const checkpoint = await readCheckpoint(connection);
  const { gap } = memory;
  const isForced = gap !== undefined && checkpoint !== undefined;
  const resume = isForced ? fromNow(facts, gap) : decideResume(checkpoint, facts);
  if (resume.kind === "on") return resume;
  await writeCheckpoint(connection, { server: facts.server, ...resume.from });
  if (resume.reason !== "first start") {
    deps.log("error", { event: "capture.gap", reason: resume.reason });
    deps.metrics.captureGaps.inc();
  }
  deps.onGap(resume.reason);
  // Not before it is on record and reported: a failure up to here must not forget it.
  memory.gap = undefined;
  return resume;
}

/** Takes the lesson of an ended session; false where the lead is given up. */
function noteEnd(deps: CaptureDeps, end: SessionEnd, lastPlace: string | undefined, memory: Memory): boolean {
  switch (end.kind) {
    case "closed":
    case "lost":
    case "watchdog":
      return true;
    case "deposed":
      return false;
    case "unsuitable":
      memory.gap = "unsuitable source";
      return false;
    case "gap":
      memory.gap = "refused by the server";
      return true;
    case "clash":
      // We hold the lead, so it is no other sidecar of this shop: leave the id to the other replica.
      memory.serverIdShift = (memory.serverIdShift + 1) % 256;
      deps.log("warn", {
        event: "capture.warning",
        reason: `Another replica uses our server_id: ${end.message}`,
      });
      return true;
    case "decode":
      memory.decodeFailures = memory.stuckAt === lastPlace ? memory.decodeFailures + 1 : 1;
      memory.stuckAt = lastPlace;
      if (memory.decodeFailures < deps.limits.decodeTries) return true;
      memory.gap = "unreadable event";
      memory.decodeFailures = 0;
      return true;
  }
}

async function backOff(
  deps: CaptureDeps,
  memory: Memory,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const { retryFirstMs, retryMaxMs } = deps.limits;
  const ceilingMs = Math.min(retryMaxMs, retryFirstMs * 2 ** memory.failures);
  const retryMs = Math.round(ceilingMs * (0.5 + deps.random.roll() / 2));
  memory.failures += 1;
  deps.log("warn", { event: "capture.lost", message, retryMs });
  await deps.sleep(retryMs, signal);
}
