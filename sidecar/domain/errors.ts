/**
 * What the queue does about an error. The error itself knows, because only the place that raised it knows what
 * may have happened on the other side.
 */
export type RetryAdvice =
  /**
   * It failed for a reason that may pass: spend an attempt, back off, try again. `suspect` says whether the ERP as a
   * whole may be the cause, which is what the breaker counts.
   */
  | { readonly kind: "retry"; readonly suspect: "erp" | "other" }
  /** The ERP as a whole is away: spend nothing; the breaker decides when to go on. */
  | { readonly kind: "outage" }
  /** The ERP asks for fewer calls: spend nothing, come back after this many milliseconds. */
  | { readonly kind: "slow-down"; readonly retryAfterMs: number }
  /** The record itself is refused: park the job until a person or a mapping changes something. */
  | { readonly kind: "park" };

/** Base of every error that the sidecar raises on purpose. Anything else that is thrown is a bug. */
export abstract class SidecarError extends Error {
  /** Stable, documented in ARCHITECTURE.md, "Errors"; what alarms and people search for. */
  abstract readonly code: `E_${string}`;
  abstract readonly advice: RetryAdvice;
  override get name(): string {
    return this.code;
  }
}

/** Data of the shop or the ERP does not have the form that it must have. */
export class DecodeError extends SidecarError {
  readonly code = "E_DECODE";
  readonly advice: RetryAdvice = { kind: "park" };
}

/** The configuration cannot be used; `faults` lists all that is wrong, each with its remedy. */
export class ConfigError extends SidecarError {
  readonly code = "E_CONFIG";
  readonly advice: RetryAdvice = { kind: "park" };
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The configuration has ${String(faults.length)} fault(s):\n- ${faults.join("\n- ")}`);
    this.faults = faults;
  }
}

/** The database schema is newer than the program, half migrated, or was changed by hand. */
export class SchemaError extends SidecarError {
  readonly code = "E_SCHEMA";
  readonly advice: RetryAdvice = { kind: "park" };
}

/** The shop is not the one that this installation last saw: restored, cleared, cloned or moved. */
export class IdentityError extends SidecarError {
  readonly code = "E_IDENTITY";
  readonly advice: RetryAdvice = { kind: "park" };
}

/** A mapping row is missing; `kind` and `key` name the very row to add. */
export class MappingMissingError extends SidecarError {
  readonly code = "E_MAPPING_MISSING";
  readonly advice: RetryAdvice = { kind: "park" };
}

/** The shop's own amounts of an order contradict each other; the message says which amount differs where. */
export class OrderTotalsError extends SidecarError {
  readonly code = "E_ORDER_TOTALS";
  readonly advice: RetryAdvice = { kind: "park" };
}

/** An edit, payment or credit belongs to an accounting period that finance has closed. */
export class PeriodClosedError extends SidecarError {
  readonly code = "E_PERIOD_CLOSED";
  readonly advice: RetryAdvice = { kind: "park" };
}

/** An order whose customer was erased was edited; nobody knows any more what the ERP would have to be sent. */
export class OrderAnonymisedError extends SidecarError {
  readonly code = "E_ORDER_ANONYMISED";
  readonly advice: RetryAdvice = { kind: "park" };
}

/** The shop's signed endpoint cannot be reached or refused the request. */
export class ShopCommandError extends SidecarError {
  readonly code = "E_SHOP_COMMAND";
  readonly advice: RetryAdvice = { kind: "retry", suspect: "other" };
}

/** The worker no longer holds its claim: its lease ran out and another worker may have the job. */
export class ClaimLostError extends SidecarError {
  readonly code = "E_CLAIM_LOST";
  readonly advice: RetryAdvice = { kind: "retry", suspect: "other" };
}

/** Nothing is written while the shop's identity is in doubt; the job waits as it is. */
export class WritingStoppedError extends SidecarError {
  readonly code = "E_WRITING_STOPPED";
  readonly advice: RetryAdvice = { kind: "slow-down", retryAfterMs: 5_000 };
}

/** The database neither answered nor failed in time, as behind a half-open connection. */
export class DatabaseSilentError extends SidecarError {
  readonly code = "E_DATABASE_SILENT";
  readonly advice: RetryAdvice = { kind: "retry", suspect: "other" };
}

/** A reading of the ERP's stock could not be made or carried to its end; the next round begins anew. */
export class StockSnapshotError extends SidecarError {
  readonly code = "E_STOCK_SNAPSHOT";
  readonly advice: RetryAdvice = { kind: "retry", suspect: "other" };
}

/** Shop, ledger and ERP could not be compared; the next run begins anew. */
export class StockReconciliationError extends SidecarError {
  readonly code = "E_STOCK_RECONCILIATION";
  readonly advice: RetryAdvice = { kind: "retry", suspect: "other" };
}

/** A line of the command line cannot be carried out; the message says what to type instead. */
export class UsageError extends SidecarError {
  readonly code = "E_USAGE";
  readonly advice: RetryAdvice = { kind: "park" };
}

/**
 * What may leave the process of anything that was thrown: its code, and where a bug was, but never its text, which can
 * hold a row of the shop or an answer of the ERP.
 */
export function safeDescription(thrown: unknown): string {
  if (thrown instanceof SidecarError) return thrown.code;
  if (!(thrown instanceof Error)) return typeof thrown;
  if ("code" in thrown && typeof thrown.code === "string") return thrown.code;
  const frame = thrown.stack?.split("\n").find((line) => /^\s+at /.test(line));
  return `${thrown.name} ${frame?.trim() ?? ""}`.trim();
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
