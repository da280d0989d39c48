import type { Clock, Random, Sleep } from "../domain/clock.ts";
import type { Database, DatabaseSettings } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { GapReason } from "./decide-resume.ts";

/** Times and sizes, in the units of their names. An idle leader asks the database about seven times a minute. */
export const CAPTURE_LIMITS = {
  /** How often an idle server gives a sign of life. */
  heartbeatMs: 10_000,
  /** Silence after which the connection is taken to be dead: three heartbeats. */
  silenceMs: 30_000,
  netWriteTimeoutSeconds: 600,
  /** How long marks that are not due now wait for company; a whole checkout then is one commit. */
  lingerMs: 250,
  /** How long stock facts wait for company: the ledger may not be more than 100 ms behind. */
  stockLingerMs: 20,
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
  /** True where the stock ledger is kept, so that its tables are tailed as well. */
  readonly keepsLedger: boolean;
  /** Facts for the stock ledger were committed to its inbox. */
  readonly onStock: () => void;
  /** Changes before the recorded place were not seen: sweep everything. Also at the first start. */
  readonly onGap: (reason: GapReason) => void;
}
