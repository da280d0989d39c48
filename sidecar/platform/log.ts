import { pino } from "pino";

/**
 * Every line that the sidecar logs, one shape an event. Ids and codes only: names, addresses, e-mails and bodies
 * never leave the process by the log (law 9). ARCHITECTURE.md, "Log events" lists them; a test compares.
 */
export type LogEvent =
  | {
      readonly event: "process.started";
      readonly roles: readonly string[];
      readonly version: string;
      readonly schema: number;
    }
  | { readonly event: "process.draining"; readonly signal: string }
  | { readonly event: "process.stopped"; readonly drainedMs: number }
  | { readonly event: "process.crashed"; readonly message: string }
  | {
      readonly event: "loop.failed";
      readonly loop: string;
      readonly message: string;
      readonly retryMs: number;
    }
  | { readonly event: "capture.leading"; readonly server: string }
  | { readonly event: "capture.standby" }
  | { readonly event: "capture.resumed"; readonly by: "gtid" | "position" | "now"; readonly from: string }
  | { readonly event: "capture.gap"; readonly reason: string }
  | { readonly event: "capture.lost"; readonly message: string; readonly retryMs: number }
  | { readonly event: "capture.polling"; readonly reasons: readonly string[] }
  | { readonly event: "capture.warning"; readonly reason: string }
  | { readonly event: "hook.missed"; readonly orderId: number; readonly cause: string }
  | { readonly event: "outbox.quarantined"; readonly eventId: string; readonly reason: string }
  | {
      readonly event: "sweep.finished";
      readonly found: number;
      readonly changed: number;
      readonly tookMs: number;
    }
  | { readonly event: "job.done"; readonly subject: string; readonly tookMs: number }
  | { readonly event: "job.held"; readonly subject: string; readonly code: string }
  | {
      readonly event: "job.alarmed";
      readonly subject: string;
      readonly code: string;
      readonly heldMs: number;
    }
  | {
      readonly event: "job.retrying";
      readonly subject: string;
      readonly code: string;
      readonly attempt: number;
      readonly delayMs: number;
    }
  | { readonly event: "job.parked"; readonly subject: string; readonly code: string }
  | {
      readonly event: "job.buried";
      readonly subject: string;
      readonly code: string;
      readonly attempts: number;
    }
  | { readonly event: "job.rescued"; readonly jobs: number }
  | { readonly event: "job.claim_lost"; readonly subject: string }
  | {
      readonly event: "operation.acknowledged";
      readonly key: string;
      readonly externalId: string;
      readonly erpRef: string;
      readonly found: boolean;
    }
  | {
      readonly event: "progress.applied";
      readonly orders: number;
      readonly changed: number;
      readonly unknown: number;
      readonly tookMs: number;
    }
  | { readonly event: "progress.failed"; readonly code: string; readonly retryMs: number }
  | { readonly event: "progress.refused"; readonly code: string }
  | {
      readonly event: "stock.snapshot_applied";
      readonly snapshot: number;
      readonly kind: "full" | "delta";
      readonly part: string;
      readonly items: number;
      readonly changed: number;
      readonly waiting: number;
      readonly unknown: number;
      readonly absent: number;
      readonly tookMs: number;
    }
  | {
      readonly event: "stock.snapshot_held";
      readonly snapshot: number;
      readonly part: string;
      readonly code: string;
    }
  | {
      readonly event: "stock.snapshot_failed";
      readonly snapshot: number;
      readonly part: string;
      readonly code: string;
    }
  | { readonly event: "erp.breaker"; readonly state: "open" | "closed"; readonly reason: string }
  | { readonly event: "erp.port_held"; readonly holder: "us" | "another" }
  | { readonly event: "identity.stopped"; readonly code: string; readonly reason: string }
  | {
      readonly event: "stock.reconciled";
      readonly run: number;
      readonly dryRun: boolean;
      readonly compared: number;
      readonly waiting: number;
      readonly drifted: number;
      readonly corrected: number;
      readonly tookMs: number;
    }
  | {
      readonly event: "stock.reconcile_capped";
      readonly run: number;
      readonly wantedRows: number;
      readonly allowedRows: number;
    }
  | { readonly event: "stock.reconcile_failed"; readonly run: number; readonly code: string }
  | {
      readonly event: "orders.reconciled";
      readonly run: number;
      readonly compared: number;
      readonly differing: number;
      readonly waiting: number;
      readonly tookMs: number;
    }
  | { readonly event: "orders.reconcile_failed"; readonly run: number; readonly code: string }
  | {
      readonly event: "order.differs";
      readonly orderId: number;
      readonly kinds: readonly string[];
      readonly author: string;
    }
  | { readonly event: "http.listening"; readonly address: string }
  | {
      readonly event: "stock.announcement_dropped";
      readonly rows: readonly number[];
      readonly attempts: number;
      readonly code: string;
    }
  | { readonly event: "api.failed"; readonly path: string; readonly message: string }
  | { readonly event: "pruned"; readonly rows: number }
  | { readonly event: "stock.gap"; readonly reason: string }
  | {
      readonly event: "stock.opened";
      readonly reason: string;
      readonly rows: number;
      readonly differing: number;
    }
  | {
      readonly event: "stock.repaired";
      readonly row: number;
      readonly delta: number;
      readonly cause: string;
    }
  | { readonly event: "stock.unexplained"; readonly row: number; readonly units: number }
  | { readonly event: "stock.repair_limit"; readonly row: number; readonly units: number }
  | {
      readonly event: "stock.oversold";
      readonly row: number;
      readonly units: number;
      readonly orders: readonly number[];
    };

/** How bad it is: `info` is the normal course, `warn` heals by itself, `error` wants a person. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Writes one event. */
export type Log = (level: LogLevel, event: LogEvent) => void;

/** Logs JSON lines to standard output, with the process's ids and UTC times. */
export function createLog(level: LogLevel): Log {
  const logger = pino({
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    // The catalogue above carries no personal data; this is the second lock, should an event ever grow such a field.
    redact: {
      paths: ["email", "*.email", "password", "*.password", "secret", "*.secret", "authorization"],
      remove: true,
    },
  });
  return (at, event) => {
    logger[at](event);
  };
}
