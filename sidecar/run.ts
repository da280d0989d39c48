import { apiRoutes } from "./api-routes.ts";
import { CAPTURE_LIMITS, type CaptureStatus, initialCaptureStatus } from "./capture/capture-deps.ts";
import { runCapture, serverIdOf } from "./capture/capture-loop.ts";
import { decideMissedCause } from "./capture/decide-missed-cause.ts";
import { countMissedHooks, readModuleState } from "./capture/statements.ts";
import { ABORT_SLACK_MS } from "./config.ts";
import { UsageError } from "./domain/errors.ts";
import { parseSubject, shopOrderId } from "./domain/ids.ts";
import { runProgress } from "./feed/progress-loop.ts";
import { followsProgress, progressDeps } from "./feed-wiring.ts";
import type { IdentityGuard } from "./identity/identity-guard.ts";
import {
  Announcements,
  INGEST_BATCH_ROWS,
  type IngestDeps,
  ingestBatch,
  runIngest,
} from "./ingest/ingest-loop.ts";
import { lockOldestRows, outboxDepth } from "./ingest/statements.ts";
import { runSweep, type SweepDeps } from "./ingest/sweep.ts";
import { decideReady, type Readiness } from "./ops/decide-ready.ts";
import { type OpsServerDeps, startOpsServer } from "./ops/http-server.ts";
import { type PruneDeps, runPrune } from "./ops/prune.ts";
import type { LiveStatus } from "./ops/status.ts";
import { readStockStatus } from "./ops/status-statements.ts";
import { customerRecord } from "./orders/customer-record.ts";
import { Executor, type ExecutorDeps } from "./orders/executor.ts";
import { orderRecord } from "./orders/order-record.ts";
import { keepRunning } from "./platform/loop.ts";
import { requireSchema } from "./platform/migrate.ts";
import { lockName, withNamedLock } from "./platform/named-lock.ts";
import { packageVersion } from "./platform/package-root.ts";
import { systemClock, systemRandom, systemSleep } from "./platform/system-clock.ts";
import { inTransaction } from "./platform/transaction.ts";
import { v7 } from "./platform/uuid.ts";
import { countJobs } from "./queue/statements.ts";
import { type Work, Worker } from "./queue/worker.ts";
import { runOrderReconciliations } from "./reconcile/order-reconcile-loop.ts";
import { aloneWithFigures, orderReconcileDeps, reconcileDeps, tellDifferences } from "./reconcile-wiring.ts";
import { runLedger } from "./stock/ledger/ledger-loop.ts";
import { countOpen } from "./stock/ledger/settle-statements.ts";
import { runReconciliations } from "./stock/reconcile/reconcile-loop.ts";
import { awaitLedger } from "./stock/snapshot/await-ledger.ts";
import { runSnapshots, type SnapshotLoopDeps } from "./stock/snapshot/snapshot-loop.ts";
import { runAnnouncements } from "./stock/writer/announcements.ts";
import { Pacer } from "./stock/writer/pace.ts";
import { applyWrites } from "./stock/writer/stock-writer.ts";
import { runningStock, stockAnnouncements, stockLedger, stockWriter } from "./stock-wiring.ts";
import { type Base, callTimeoutMs, databaseSettings } from "./wiring.ts";

/** What a process does; a small shop runs all of it in one. */
export const ROLES = ["capture", "work", "feed", "reconcile", "ops"] as const;
export type Role = (typeof ROLES)[number];

/** Milliseconds after SIGTERM at which calls that are still under way are aborted. */
const DRAIN_MS = 25_000;
/** Jobs worked at once for each call that the ERP allows, so that its next call is always ready. */
const WORKED_PER_PLACE = 2;
/** Outbox looks of an idle process whose binlog tail announces rows. */
const IDLE_POLL_MS = 5_000;

/**
 * Runs the sidecar until the signal, then drains: nothing new is claimed, calls under way end or are aborted after
 * 25 s, and what they leave open is looked up at the next start.
 * @throws SchemaError where the database is not migrated, or is newer than the program.
 * @throws UsageError where the roles cannot be had in one process.
 */
export async function run(base: Base, roles: readonly Role[], signal: AbortSignal): Promise<void> {
  const { config, db, log } = base;
  requireRolesTogether(base, roles);
  const schema = await requireSchema(db);
  await base.guard.check();
  log("info", { event: "process.started", roles, version: packageVersion(), schema });
  const status = initialCaptureStatus();
  const lane: Lane = { worker: undefined, port: undefined, capture: status };
  const server = roles.includes("ops")
    ? await startOpsServer({
        ...config.http,
        ...opsDeps(base, status, lane, roles),
        apiRoutes: apiRoutes(base),
      })
    : undefined;
  const loops = { log, sleep: systemSleep, random: systemRandom };
  const keep = (name: string, loop: (signal: AbortSignal) => Promise<void>): Promise<void> =>
    keepRunning(name, loop, loops, signal);
  const ingest = ingestDeps(base, status, lane);
  let stoppedAtMs = systemClock.monotonicMs();
  signal.addEventListener("abort", () => {
    stoppedAtMs = systemClock.monotonicMs();
  });
  const keepIf = (wanted: boolean, ...of: Parameters<typeof keep>): readonly Promise<void>[] =>
    wanted ? [keep(...of)] : [];
  const has = (role: Role): boolean => roles.includes(role);
  await Promise.all([
    keep("identity", (stop) => base.guard.run(stop)),
    ...keepIf(has("capture"), "capture", captureLoop(base, status, ingest.announced)),
    ...keepIf(keepsLedger(base, roles), "ledger", (stop) => runLedger(stockLedger(base), stop)),
    ...keepIf(has("capture"), "ingest", (stop) => runIngest(ingest, stop)),
    ...keepIf(has("capture"), "sweep", (stop) => runSweep(sweepDeps(base, ingest), stop)),
    ...keepIf(has("work"), "work", (stop) => workLoop(base, lane, stop)),
    ...keepIf(feeds(base, roles), "feed", (stop) => feedLoop(base, lane, stop)),
    ...keepIf(has("feed") && followsProgress(base), "progress", (stop) => progressLoop(base, lane, stop)),
    ...keepIf(has("feed"), "announcements", (stop) => runAnnouncements(stockAnnouncements(base), stop)),
    ...keepIf(reconciles(base, roles), "reconcile", (stop) => reconcileLoop(base, lane, stop)),
    ...keepIf(has("reconcile"), "reconcile-orders", (stop) => orderReconcileLoop(base, lane, stop)),
    ...keepIf(has("ops"), "prune", (stop) => runPrune(pruneDeps(base), stop)),
  ]);
  await server?.close();
  log("info", { event: "process.stopped", drainedMs: Math.round(systemClock.monotonicMs() - stoppedAtMs) });
}

/** The ledger lives beside capture, whose facts it books; without a binlog there are none. */
function keepsLedger({ config }: Base, roles: readonly Role[]): boolean {
  return roles.includes("capture") && config.stock.ledger && config.capture.mode !== "polling";
}

function pruneDeps(base: Base): PruneDeps {
  return { db: base.db, log: base.log, sleep: systemSleep };
}

function captureLoop(base: Base, status: CaptureStatus, announced: Announcements) {
  return async (signal: AbortSignal): Promise<void> => {
    const { config, db, guard, log, metrics, wakes } = base;
    if (config.capture.mode === "polling") {
      Object.assign(status, { mode: "polling", reasons: ["capture.mode is polling"] });
      await systemSleep(60_000, signal);
      return;
    }
    await runCapture(
      {
        db,
        settings: databaseSettings(config),
        serverId: serverIdOf(guard.installation),
        log,
        metrics,
        clock: systemClock,
        sleep: systemSleep,
        random: systemRandom,
        status,
        limits: CAPTURE_LIMITS,
        onOutboxRows: (ids) => {
          announced.add(ids);
        },
        onMarked: () => {
          wakes.work.ring();
        },
        keepsLedger: config.stock.ledger,
        onStock: () => {
          wakes.stock.ring();
        },
        onGap: () => {
          wakes.sweep.ring();
        },
      },
      signal,
    );
  };
}

function ingestDeps(base: Base, status: CaptureStatus, lane: Lane): IngestDeps {
  const { config, db, log, metrics, wakes } = base;
  return {
    db,
    log,
    metrics,
    clock: systemClock,
    wake: wakes.ingest,
    announced: new Announcements(wakes.ingest),
    // Who stands by leaves the outbox to the leader, and looks only in case there is none.
    pollMs: () => (status.mode === "polling" ? config.capture.pollMs : IDLE_POLL_MS),
    onMarked: () => {
      wakes.work.ring();
    },
    worker: () => lane.worker,
  };
}

function sweepDeps(base: Base, ingest: IngestDeps): SweepDeps {
  const { config, db, guard, log, wakes } = base;
  return {
    db,
    log,
    clock: systemClock,
    wake: wakes.sweep,
    everyMs: config.capture.sweepEveryMs,
    days: config.capture.sweepDays,
    exportAfterOrder: () => guard.scope.exportAfterOrder,
    stopped: () => guard.stop !== undefined,
    emptyOutbox: async (stop) => {
      const batch = () => ingestBatch(ingest, (tx) => lockOldestRows(tx, INGEST_BATCH_ROWS));
      while (!stop.aborted && (await batch()) > 0);
    },
    countMissed: async (orderIds) => {
      const cause = decideMissedCause(await readModuleState(db));
      await inTransaction(db, (tx) => countMissedHooks(tx, cause, orderIds.map(shopOrderId)));
      base.metrics.missedHooks.inc({ cause }, orderIds.length);
      for (const orderId of orderIds) log("warn", { event: "hook.missed", orderId, cause });
    },
    onMarked: () => {
      wakes.work.ring();
    },
  };
}

/** The ERP owns the figure, and this process brings it to the shop. */
const feeds = ({ config }: Base, roles: readonly Role[]): boolean =>
  roles.includes("feed") && config.stock.owner === "erp";

/** Shop and ledger are compared, and the ERP's figures with them where it owns the stock. */
const reconciles = ({ config }: Base, roles: readonly Role[]): boolean =>
  roles.includes("reconcile") && config.stock.ledger && config.capture.mode !== "polling";

/** Comparing orders always reads the ERP, comparing stock where the ERP owns it. */
const readsErp = (base: Base, roles: readonly Role[]): boolean =>
  base.config.orders.reconcileDays > 0 || (base.config.stock.owner === "erp" && reconciles(base, roles));

/** Without Redis the limit of calls is kept by the one process that works, so nobody else may read the ERP. */
function requireRolesTogether(base: Base, roles: readonly Role[]): void {
  const reads = roles.includes("reconcile") && readsErp(base, roles) ? "reconcile" : undefined;
  const role = feeds(base, roles) || (roles.includes("feed") && followsProgress(base)) ? "feed" : reads;
  if (role === undefined || base.config.erp.redisUrl !== undefined || roles.includes("work")) return;
  throw new UsageError(
    `--roles: ${role} needs work in the same process, or erp.redisUrl, which lets processes share the limit of calls`,
  );
}

/** How often it is looked whether this process has the ERP port by now. */
const PORT_LOOK_MS = 1_000;

/** Reads the ERP's stock where this process may call the ERP, in one process of the installation. */
async function feedLoop(base: Base, lane: Lane, signal: AbortSignal): Promise<void> {
  await underPort(base, lane, { purpose: "stock-feed", callsErp: true }, signal, async (held) => {
    await runSnapshots(snapshotDeps(base, lane), held);
  });
}

/** Reads which orders moved on in the ERP, in one process of the installation. */
async function progressLoop(base: Base, lane: Lane, signal: AbortSignal): Promise<void> {
  await underPort(base, lane, { purpose: "progress-feed", callsErp: true }, signal, async (held) => {
    await runProgress(
      progressDeps(base, () => isErpAway(lane)),
      held,
    );
  });
}

/** Compares shop, ledger and, where it owns the stock, ERP, in one process of the installation. */
async function reconcileLoop(base: Base, lane: Lane, signal: AbortSignal): Promise<void> {
  const callsErp = base.config.stock.owner === "erp";
  await underPort(base, lane, { purpose: "stock-reconcile", callsErp }, signal, async (held) => {
    await runReconciliations(
      reconcileDeps(base, () => isErpAway(lane)),
      held,
    );
  });
}

/** Compares the orders of shop and ERP, in one process of the installation that may call the ERP. */
async function orderReconcileLoop(base: Base, lane: Lane, signal: AbortSignal): Promise<void> {
  await underPort(base, lane, { purpose: "order-reconcile", callsErp: true }, signal, async (held) => {
    await runOrderReconciliations(
      orderReconcileDeps(base, () => isErpAway(lane)),
      held,
    );
  });
}

const isErpAway = (lane: Lane): boolean => lane.worker?.breaker.state === "open";

/** Work that one process of the installation does, and whether it calls the ERP. */
interface Duty {
  readonly purpose: string;
  readonly callsErp: boolean;
}

/** Runs work in one process of the installation, and where it calls the ERP for as long as this one may. */
async function underPort(
  base: Base,
  lane: Lane,
  { callsErp, purpose }: Duty,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { config, erp, guard } = base;
  const needsPort = callsErp && config.erp.redisUrl === undefined;
  const port = needsPort ? lane.port : new AbortController().signal;
  if (port === undefined) {
    await systemSleep(PORT_LOOK_MS, signal);
    return;
  }
  await guard.check();
  if (callsErp) await erp.ready();
  const settings = databaseSettings(config);
  const name = lockName(settings.database, settings.prefix, purpose);
  const mine = AbortSignal.any([signal, port]);
  await withNamedLock({ settings, name, sleep: systemSleep, signal: mine, onStandby: () => undefined }, work);
}

function snapshotDeps(base: Base, lane: Lane): SnapshotLoopDeps {
  const { actor, config, db, erp, guard, log, metrics } = base;
  const times = { clock: systemClock, sleep: systemSleep };
  const writer = stockWriter(runningStock(base));
  return {
    db,
    erp,
    ...times,
    log,
    metrics,
    actor,
    shopId: config.stock.shopId,
    holdShare: config.stock.holdShare,
    rules: config.stock,
    exportAfterOrder: () => guard.scope.exportAfterOrder,
    stopped: writer.stopped,
    apply: (writes, rows, stop) => applyWrites(writer, writes, rows, stop),
    pacer: new Pacer({ db, ...times, metrics, busyThreads: config.stock.busyThreads }),
    ledgerHasRead: (stop) => awaitLedger({ db, ...times }, stop),
    isErpAway: () => isErpAway(lane),
    alone: (work, stop) => aloneWithFigures(config, work, stop),
  };
}

/** The lane's worker, made anew each time that this process gets the ERP port. */
interface Lane {
  worker: Worker | undefined;
  /** Aborts when this process may not call the ERP any more; undefined while it may not. */
  port: AbortSignal | undefined;
  readonly capture: CaptureStatus;
}

/** Without Redis one process works and the others stand by for the ERP port; with it the limit itself is shared. */
async function workLoop(base: Base, lane: Lane, signal: AbortSignal): Promise<void> {
  const { config, guard, log } = base;
  await guard.check();
  await base.erp.ready();
  if (config.erp.redisUrl !== undefined) {
    await work(base, lane, signal, new AbortController().signal, false);
    return;
  }
  const settings = databaseSettings(config);
  const name = lockName(settings.database, settings.prefix, "erp-port");
  const onStandby = (): void => {
    log("info", { event: "erp.port_held", holder: "another" });
  };
  await withNamedLock({ settings, name, sleep: systemSleep, signal, onStandby }, async (held, lost) => {
    log("info", { event: "erp.port_held", holder: "us" });
    await work(base, lane, held, lost, true);
  });
}

/** `signal` drains; `lost` aborts at once, because another process may have the ERP port by now. */
async function work(
  base: Base,
  lane: Lane,
  signal: AbortSignal,
  lost: AbortSignal,
  alone: boolean,
): Promise<void> {
  const { config, db, guard, log, metrics, wakes, actor, erp } = base;
  const leaseMs = 2 * (callTimeoutMs(config) + ABORT_SLACK_MS) + config.shop.commandTimeoutMs;
  const worker: Worker = new Worker({
    db,
    log,
    metrics,
    clock: systemClock,
    sleep: systemSleep,
    wake: wakes.work,
    lane: "orders",
    concurrency: config.erp.limit * WORKED_PER_PLACE,
    // After 429s there are fewer places; who claimed more would let the rest wait on their leases.
    useful: () => erp.stats().limit * WORKED_PER_PLACE,
    leaseMs,
    actor,
    newToken: v7,
    work: createWork(base, leaseMs, () => void worker.hear({ kind: "success" })),
    probe: (abort) => erp.probe({ signal: abort, priority: 0, note: () => undefined }),
    stopped: () => guard.stop !== undefined,
    announced: () => lane.capture.leader,
    alone,
  });
  const left = new AbortController();
  lane.worker = worker;
  lane.port = AbortSignal.any([lost, left.signal]);
  const abort = new AbortController();
  const draining = new AbortController();
  const drain = (): void => {
    void systemSleep(DRAIN_MS, draining.signal).then(() => {
      abort.abort();
    });
  };
  signal.addEventListener("abort", drain, { once: true });
  try {
    await worker.run(signal, AbortSignal.any([abort.signal, lost]));
  } finally {
    signal.removeEventListener("abort", drain);
    draining.abort();
    lane.worker = undefined;
    lane.port = undefined;
    left.abort();
  }
}

/** Gives each claim to the executor of its kind of subject. */
function createWork(base: Base, leaseMs: number, onSuccess: () => void): Work {
  const { actor, config, db, erp, guard, log, metrics, shop } = base;
  const stateAfterExport = config.export.stateAfterExport;
  const deps: ExecutorDeps = {
    db,
    log,
    metrics,
    erpName: erp.name,
    uniqueKey: erp.capabilities.uniqueKey,
    settleMs: config.erp.settleMs,
    leaseMs,
    callBudgetMs: callTimeoutMs(config) + ABORT_SLACK_MS,
    clock: systemClock,
    actor,
    shop,
    stopped: () => guard.stop !== undefined,
    onSuccess,
    onStranger: () => {
      guard.suspect();
    },
    onExported: (orderId) => {
      guard.noteExported(orderId);
    },
    onLatency: (claim) => {
      if (claim.eventAgeMs === undefined) return;
      const workedMs = systemClock.monotonicMs() - claim.claimedAtMs;
      metrics.orderLatency.observe((claim.eventAgeMs + workedMs) / 1_000);
    },
  };
  const scope = (): IdentityGuard["scope"] => guard.scope;
  const records = { db, sleep: systemSleep, erp, scope, stateAfterExport, rules: config.orders };
  const orders = new Executor(deps, orderRecord(records));
  const customers = new Executor(deps, customerRecord({ db, erp, scope }));
  return (claim, signal) =>
    parseSubject(claim.subject).kind === "customer"
      ? customers.work(claim, signal)
      : orders.work(claim, signal);
}

function opsDeps(
  base: Base,
  status: CaptureStatus,
  lane: Lane,
  roles: readonly Role[],
): Omit<OpsServerDeps, "host" | "port" | "apiToken" | "apiRoutes"> {
  const { config, db, erp, guard, log, metrics } = base;
  const breaker = (): { state: "open" | "closed"; reason: string } => {
    const now = lane.worker?.breaker;
    return now?.state === "open" ? { state: "open", reason: now.reason } : { state: "closed", reason: "" };
  };
  const readiness = async (): Promise<Readiness> => {
    const outbox = await outboxDepth(db).catch(() => undefined);
    const stock = config.stock.ledger ? await readStockStatus(db).catch(() => undefined) : undefined;
    return decideReady({
      databaseReachable: outbox !== undefined,
      stop: guard.stop,
      breaker: breaker(),
      captureMode: roles.includes("capture") ? status.mode : "off",
      outboxOldestMs: outbox?.oldestMs ?? 0,
      ledgerOldestMs: stock?.unbookedMs ?? 0,
    });
  };
  const refresh = async (): Promise<void> => {
    const [jobs, outbox] = await Promise.all([countJobs(db), outboxDepth(db)]);
    for (const state of ["ready", "working", "held", "retrying", "parked", "dead"]) {
      metrics.jobs.set({ state }, jobs.get(state) ?? 0);
    }
    metrics.outboxDepth.set(outbox.depth);
    metrics.erpInFlight.set(erp.stats().inFlight);
    metrics.erpLimit.set(erp.stats().limit);
    await tellDifferences(base);
    if (!config.stock.ledger) return;
    const { findings, unsettled } = await countOpen(db);
    metrics.stockUnsettled.set(unsettled);
    metrics.stockDiscrepancies.reset();
    for (const [kind, count] of findings) metrics.stockDiscrepancies.set({ kind }, count);
  };
  const live = (): LiveStatus => {
    const { lagMs, position, leader, mode, reasons } = status;
    const { inFlight, limit } = erp.stats();
    return {
      installation: guard.installation,
      capture: { lagMs, position, leader, mode, reasons },
      erp: { breaker: breaker().state, breakerReason: breaker().reason, inFlight, limit },
    };
  };
  return { metrics, log, readiness, refresh, live };
}
