/** What decides whether the sidecar does its work. */
export interface Condition {
  readonly databaseReachable: boolean;
  /** Why writing is stopped, or undefined. */
  readonly stop: { readonly code: string; readonly reason: string } | undefined;
  readonly breaker: { readonly state: "open" | "closed"; readonly reason: string };
  /** `starting` until the source was looked at once. */
  readonly captureMode: "starting" | "binlog" | "polling" | "off";
  /** Milliseconds that the oldest outbox row has waited. */
  readonly outboxOldestMs: number;
  /** Milliseconds that the oldest fact of the binlog has waited for the stock ledger; 0 where none is kept. */
  readonly ledgerOldestMs: number;
}

/** Whether it does, and each reason why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** An outbox row that waits longer is a sign that nobody ingests. */
export const OUTBOX_LATE_MS = 60_000;
/** A fact that waits longer is a sign that nobody keeps the ledger. */
const LEDGER_LATE_MS = 60_000;

/** Decides on `/ready`. A standby process is ready: it waits for its turn. */
export function decideReady(condition: Condition): Readiness {
  const reasons: string[] = [];
  if (!condition.databaseReachable) reasons.push("the shop's database cannot be reached");
  if (condition.stop !== undefined) {
    reasons.push(
      `writing is stopped (${condition.stop.code}): ${condition.stop.reason}. See "erpsync adopt"`,
    );
  }
  if (condition.breaker.state === "open")
    reasons.push(`the ERP is taken to be away: ${condition.breaker.reason}`);
  if (condition.captureMode === "starting") reasons.push("the database's binlog has not been looked at yet");
  if (condition.outboxOldestMs > OUTBOX_LATE_MS) {
    reasons.push(
      `the oldest event has waited ${String(Math.round(condition.outboxOldestMs / 1_000))} s to be ingested`,
    );
  }
  if (condition.ledgerOldestMs > LEDGER_LATE_MS) {
    reasons.push(
      `the stock ledger is ${String(Math.round(condition.ledgerOldestMs / 1_000))} s behind the binlog that was read`,
    );
  }
  return { ready: reasons.length === 0, reasons };
}
