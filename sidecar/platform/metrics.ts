import { Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * All metrics of the sidecar, made here so that one reads the catalogue in one place. Labels hold codes and states,
 * never ids or personal data. ARCHITECTURE.md, "Metrics" lists them; a test compares.
 */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the catalogue is its own type
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    eventsIngested: new Counter({
      name: "erpsync_events_ingested_total",
      help: "Outbox events ingested, by type",
      labelNames: ["type"],
      registers,
    }),
    binlogTransactions: new Counter({
      name: "erpsync_binlog_transactions_total",
      help: "Binlog transactions with rows of ours",
      registers,
    }),
    binlogLagMs: new Gauge({
      name: "erpsync_binlog_lag_milliseconds",
      help: "Age of the last binlog event when it was read, in whole seconds of the server's clock",
      registers,
    }),
    captureLeader: new Gauge({
      name: "erpsync_capture_leader",
      help: "1 where this process reads the binlog",
      registers,
    }),
    captureGaps: new Counter({
      name: "erpsync_capture_gaps_total",
      help: "Times that the binlog could not be read on",
      registers,
    }),
    missedHooks: new Counter({
      name: "erpsync_missed_hooks_total",
      help: "Orders that no hook announced, by cause",
      labelNames: ["cause"],
      registers,
    }),
    outboxDepth: new Gauge({ name: "erpsync_outbox_depth", help: "Rows that wait in the outbox", registers }),
    jobs: new Gauge({
      name: "erpsync_jobs",
      help: "Jobs by state, finished ones left out",
      labelNames: ["state"],
      registers,
    }),
    jobsSettled: new Counter({
      name: "erpsync_jobs_settled_total",
      help: "Claims settled, by outcome",
      labelNames: ["outcome"],
      registers,
    }),
    orderLatency: new Histogram({
      name: "erpsync_order_latency_seconds",
      help: "From the event in the shop to the acknowledgement",
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 14400],
      registers,
    }),
    erpCalls: new Counter({
      name: "erpsync_erp_calls_total",
      help: "Calls of the ERP, by purpose and outcome",
      labelNames: ["purpose", "outcome"],
      registers,
    }),
    erpCallSeconds: new Histogram({
      name: "erpsync_erp_call_seconds",
      help: "Duration of ERP calls",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
      registers,
    }),
    erpInFlight: new Gauge({ name: "erpsync_erp_in_flight", help: "ERP calls under way", registers }),
    erpLimit: new Gauge({ name: "erpsync_erp_limit", help: "ERP calls allowed at once", registers }),
    breakerOpen: new Gauge({
      name: "erpsync_erp_breaker_open",
      help: "1 while the ERP as a whole is taken to be away",
      registers,
    }),
    progressReadings: new Counter({
      name: "erpsync_progress_readings_total",
      help: "Readings of the orders that moved on in the ERP, by outcome",
      labelNames: ["outcome"],
      registers,
    }),
    progressOrders: new Counter({
      name: "erpsync_progress_orders_total",
      help: "Orders of which the ERP said something new",
      registers,
    }),
    stockMovements: new Counter({
      name: "erpsync_stock_movements_total",
      help: "Changes of stock rows that were booked, by cause; `pending` are attributed later",
      labelNames: ["cause"],
      registers,
    }),
    stockUnsettled: new Gauge({
      name: "erpsync_stock_unsettled",
      help: "Stock rows of which something is still to be attributed or put right",
      registers,
    }),
    stockLedgerLag: new Gauge({
      name: "erpsync_stock_ledger_lag_seconds",
      help: "Age of the oldest change of the last batch when it was booked; the binlog's clock has whole seconds",
      registers,
    }),
    stockRepairs: new Counter({
      name: "erpsync_stock_repairs_total",
      help: "Movements that the shop lost or forgot and the ledger made, by cause",
      labelNames: ["cause"],
      registers,
    }),
    stockDiscrepancies: new Gauge({
      name: "erpsync_stock_discrepancies",
      help: "What a person has to look at, by kind",
      labelNames: ["kind"],
      registers,
    }),
    stockWrites: new Counter({
      name: "erpsync_stock_writes_total",
      help: "Writes to the shop's stock that were asked for, by cause and what became of them",
      labelNames: ["cause", "outcome"],
      registers,
    }),
    stockPaceMs: new Gauge({
      name: "erpsync_stock_pace_milliseconds",
      help: "Rest before each batch of stock writes, because the shop is busy",
      registers,
    }),
    stockSnapshots: new Counter({
      name: "erpsync_stock_snapshots_total",
      help: "Readings of the ERP's stock, by kind and outcome",
      labelNames: ["kind", "outcome"],
      registers,
    }),
    stockReconciliations: new Counter({
      name: "erpsync_stock_reconciliations_total",
      help: "Comparisons of shop, ledger and ERP, by outcome",
      labelNames: ["outcome"],
      registers,
    }),
    stockDrifted: new Gauge({
      name: "erpsync_stock_drifted_rows",
      help: "Rows whose sides differed at the last comparison and were not corrected",
      registers,
    }),
    orderReconciliations: new Counter({
      name: "erpsync_order_reconciliations_total",
      help: "Comparisons of orders in shop and ERP, by outcome",
      labelNames: ["outcome"],
      registers,
    }),
    orderDifferences: new Gauge({
      name: "erpsync_order_differences",
      help: "Orders that differ between shop and ERP since they were last compared, by kind of difference",
      labelNames: ["kind"],
      registers,
    }),
    stockSnapshotsHeld: new Gauge({
      name: "erpsync_stock_snapshots_held",
      help: "Parts of the stock that are not read on until a person has looked at a held reading",
      registers,
    }),
    stockRowsWaiting: new Gauge({
      name: "erpsync_stock_rows_waiting",
      help: "Rows that the last reading left to the next one",
      registers,
    }),
    stopped: new Gauge({
      name: "erpsync_stopped",
      help: "1 while writing is stopped because the shop is not the one last seen",
      registers,
    }),
  } as const;
}

/** The catalogue, as made by `createMetrics`. */
export type Metrics = ReturnType<typeof createMetrics>;
