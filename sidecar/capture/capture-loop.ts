import { createHash } from "node:crypto";
import { messageOf } from "../domain/errors.ts";
import { type Database, openDatabase } from "../platform/database.ts";
import { lockName } from "../platform/named-lock.ts";
import { inTransaction } from "../platform/transaction.ts";
import type { CaptureDeps } from "./capture-deps.ts";
import { CaptureSession, type SessionEnd } from "./capture-session.ts";
import { checkSource, flavourOf, identify, type SourceVerdict } from "./check-source.ts";
import { decideResume, fromNow, type GapReason, type Resume, type ServerFacts } from "./decide-resume.ts";
import {
  holdsLeaderLock,
  insertStockFacts,
  noteLedgerOff,
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

/** The replica id of an installation, far above those that people give to servers. */
export function serverIdOf(installation: string): number {
  return 0x8000_0000 + (createHash("sha256").update(installation).digest().readUInt32BE(0) & 0x7fff_ff00);
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
  const leaderLock = lockName(deps.settings.database, deps.settings.prefix, "capture");
  Object.assign(deps.status, { mode: "binlog", reasons: [] });
  if (!(await isTaken(deps, connection, leaderLock, 0))) {
    if (!memory.said.has("standby")) deps.log("info", { event: "capture.standby" });
    memory.said.add("standby");
    do {
      if (signal.aborted) return;
    } while (!(await isTaken(deps, connection, leaderLock, deps.limits.standbySeconds)));
  }
  memory.said.delete("standby");
  try {
    await tailWhileLeading(deps, connection, leaderLock, memory, signal);
  } finally {
    deps.status.leader = false;
    deps.metrics.captureLeader.set(0);
  }
}

/** Waits in the server's queue for the lock, which is freed the moment that its holder's connection dies. */
function isTaken(
  deps: CaptureDeps,
  connection: Database,
  leaderLock: string,
  waitSeconds: number,
): Promise<boolean> {
  const patienceMs = waitSeconds * 1_000 + deps.limits.databaseSilenceMs;
  return within(takeLeaderLock(connection, leaderLock, waitSeconds), patienceMs, deps.sleep);
}

async function tailWhileLeading(
  deps: CaptureDeps,
  connection: Database,
  leaderLock: string,
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  const patienceMs = deps.limits.databaseSilenceMs;
  while (!signal.aborted) {
    const prepared = await within(prepare(deps, connection, memory), patienceMs, deps.sleep);
    if (prepared === undefined) return;
    const { server, resume } = prepared;
    const serverId = deps.serverId + memory.serverIdShift;
    const session = new CaptureSession(deps, { connection, lockName: leaderLock, server, serverId });
    const end = await session.run(resume, signal);
    // A newcomer with our replica id ends our tail; it is the next leader if our lock is gone.
    if (!(await within(holdsLeaderLock(connection, leaderLock), patienceMs, deps.sleep))) return;
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
  if (!deps.keepsLedger) await noteLedgerOff(connection);
  if (resume.kind === "on") return resume;
  await inTransaction(connection, async (tx) => {
    await writeCheckpoint(tx, { server: facts.server, ...resume.from });
    const reason = resume.reason === "first start" ? "first" : "gap";
    if (!deps.keepsLedger) return;
    await insertStockFacts(tx, [{ committedAtMs: deps.clock.nowMs(), facts: [{ kind: "gap", reason }] }]);
  });
  if (resume.reason !== "first start") {
    deps.log("error", { event: "capture.gap", reason: resume.reason });
    deps.metrics.captureGaps.inc();
  }
  if (deps.keepsLedger) deps.onStock();
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
