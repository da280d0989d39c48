import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from "kysely";
import { ConfigSchema } from "../../sidecar/config.ts";
import type { Clock, Sleep } from "../../sidecar/domain/clock.ts";
import { FIRST_EPOCH, parseSubject } from "../../sidecar/domain/ids.ts";
import type { ExportScope } from "../../sidecar/domain/scope.ts";
import { limitErp } from "../../sidecar/erp/limiter.ts";
import { settings as netSuiteSettings, open as openNetSuite } from "../../sidecar/erp/netsuite/adapter.ts";
import type { ErpPort } from "../../sidecar/erp/port.ts";
import { INGEST_BATCH_ROWS, ingestBatch } from "../../sidecar/ingest/ingest-loop.ts";
import { lockOldestRows } from "../../sidecar/ingest/statements.ts";
import { customerRecord } from "../../sidecar/orders/customer-record.ts";
import { Executor, type ExecutorDeps } from "../../sidecar/orders/executor.ts";
import { type OrderRules, orderRecord } from "../../sidecar/orders/order-record.ts";
import type { OrderCommands } from "../../sidecar/orders/shop-command.ts";
import { type Database, openDatabase } from "../../sidecar/platform/database.ts";
import { createHttp } from "../../sidecar/platform/http.ts";
import type { Log, LogEvent } from "../../sidecar/platform/log.ts";
import { createMetrics } from "../../sidecar/platform/metrics.ts";
import { systemClock, systemSleep } from "../../sidecar/platform/system-clock.ts";
import { v7 } from "../../sidecar/platform/uuid.ts";
import { Wake } from "../../sidecar/platform/wake.ts";
import { type Work, Worker } from "../../sidecar/queue/worker.ts";
import { Ledger } from "../../sidecar/stock/ledger/ledger-loop.ts";
import { applyWrites } from "../../sidecar/stock/writer/stock-writer.ts";
import type { NetSuiteEmulator } from "./netsuite-emulator.ts";
import { SupportError } from "./support-error.ts";
import { until } from "./until.ts";
import type { World } from "./world.ts";

/**
 * The machine's clock, and jumps: time passes as it does, and `advance` lets hours pass at once. Sleepers whose time
 * has come through a jump wake in the order in which they were due.
 */
export class VirtualClock implements Clock {
  #jumpedMs = 0;
  #sleeps = 0;
  readonly #sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();

  readonly nowMs = (): number => systemClock.nowMs() + this.#jumpedMs;
  readonly monotonicMs = (): number => systemClock.monotonicMs() + this.#jumpedMs;

  readonly sleep: Sleep = (ms, signal) => {
    this.#sleeps += 1;
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        this.#sleepers.delete(sleeper);
        resolve();
      };
      const sleeper = { dueMs: this.monotonicMs() + ms, wake };
      const timer = setTimeout(wake, ms);
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
      if (signal?.aborted === true) wake();
    });
  };

  /** How many sleeps began so far; a loop that went to sleep again has done its round. */
  sleepsBegun(): number {
    return this.#sleeps;
  }

  advance(ms: number): void {
    this.#jumpedMs += ms;
    const nowMs = this.monotonicMs();
    const due = [...this.#sleepers].filter((sleeper) => sleeper.dueMs <= nowMs);
    for (const sleeper of due.sort((a, b) => a.dueMs - b.dueMs)) sleeper.wake();
  }
}

/** What a simulated process dies of; it reaches only code of the dead process. */
class ProcessDied extends SupportError {}

/**
 * A life that ends at a chosen step. Steps are the statements of the database and the two sides of each call of the
 * ERP, so a process can be ended between any two things that it does to the world.
 */
class Life implements KyselyPlugin {
  steps = 0;
  dead = false;
  readonly #dieAtStep: number;

  constructor(dieAtStep: number) {
    this.#dieAtStep = dieAtStep;
  }

  step(): void {
    this.steps += 1;
    if (this.steps >= this.#dieAtStep) this.dead = true;
    if (this.dead) throw new ProcessDied("The simulated process is dead.");
  }

  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    this.step();
    return args.node;
  }

  transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(args.result);
  }
}

const OBLIGING: OrderCommands = {
  setStatus: () => Promise.resolve(),
  setTracking: () => Promise.resolve(),
  setInvoice: () => Promise.resolve(),
};

export interface InProcessOptions {
  /** Give its `nowMs` to the emulator too, or the emulator will not believe the process's tokens after a jump. */
  readonly clock?: VirtualClock;
  /** Calls at once; 8 unless told. */
  readonly limit?: number;
  readonly leaseMs?: number;
  readonly settleMs?: number;
  /** False pretends that the ERP enforces no key; use an emulator with `uniqueExternalIds: false`. */
  readonly uniqueKey?: boolean;
  readonly stateAfterExport?: number;
  /** What the shop does about commands; it obeys unless told. */
  readonly shop?: Partial<OrderCommands>;
  /** What people decided about orders; the product's defaults unless told. */
  readonly rules?: Partial<OrderRules>;
  /** How long a stock row must have been quiet, in milliseconds; 50 unless told. */
  readonly quietMs?: number;
  /** Settings of the adapter beside those that the emulator needs. */
  readonly netsuite?: object;
  /** Lets a test put itself between the sidecar and the ERP. */
  readonly wrapErp?: (port: ErpPort) => ErpPort;
  /** The process dies instead of taking this step (see `SidecarInside.steps`); never unless told. */
  readonly dieAtStep?: number;
}

/**
 * The path from the outbox to the ERP inside the test's own process: ingest, worker, executor, limiter and adapter are
 * the product's, put together as `wiring.ts` does, and so is the stock ledger behind its inbox; capture, sweep and
 * identity are left out. It can be given a virtual clock, and be killed between any two statements.
 *
 * Due times stand in the database and are compared with the database's clock, which a test cannot move. So `advance`
 * moves the rows instead: `run_at`, leases and ages go back by as much as the clock goes on. That is the same to every
 * statement that compares them with UTC_TIMESTAMP.
 */
export class SidecarInside implements AsyncDisposable {
  readonly log: LogEvent[] = [];
  /** What the work on claims rejected with, with its subject. */
  readonly failures: string[] = [];
  readonly clock: VirtualClock;
  readonly worker: Worker;
  readonly #world: World;
  readonly #life: Life;
  readonly #db: Database;
  readonly #wake: Wake;
  readonly #erp: ErpPort;
  readonly #ledger: Ledger;
  readonly #closeAll: () => Promise<void>;
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #failure: unknown;
  #closed = false;

  constructor(world: World, erp: NetSuiteEmulator, options: InProcessOptions = {}) {
    this.#world = world;
    this.clock = options.clock ?? new VirtualClock();
    this.#life = new Life(options.dieAtStep ?? Number.POSITIVE_INFINITY);
    const pool = openDatabase({ ...world.settings, connections: 24 });
    this.#db = pool.withPlugin(this.#life);
    this.#wake = new Wake(this.clock.sleep);
    const limit = options.limit ?? 8;
    const http = createHttp({ connections: limit + 1 });
    const adapter = openNetSuite(netSuiteSettings.parse({ ...erp.settings(), ...options.netsuite }), {
      http: http.send,
      clock: this.clock,
    });
    const limited = limitErp((options.wrapErp ?? ((port) => port))(adapter), {
      limit,
      callTimeoutMs: 30_000,
      clock: this.clock,
      sleep: this.clock.sleep,
    });
    this.#erp = mortal(limited, this.#life, options.uniqueKey ?? true);
    this.worker = this.#createWorker(limit, options);
    this.#ledger = this.#createLedger(options.quietMs ?? 50);
    this.#closeAll = async () => {
      await limited.close();
      await http.close();
      await pool.destroy();
    };
  }

  /** Statements and calls so far; a run that is repeated in the same way takes the same steps. */
  get steps(): number {
    return this.#life.steps;
  }

  get dead(): boolean {
    return this.#life.dead;
  }

  /** Ingests what the outbox holds, as the ingest loop does. Rejects where the process dies of it. */
  async ingest(): Promise<number> {
    let rows = 0;
    const deps = { db: this.#db, log: this.#log, metrics: createMetrics(), onMarked: () => undefined };
    for (;;) {
      const batch = await ingestBatch(deps, (tx) => lockOldestRows(tx, INGEST_BATCH_ROWS));
      rows += batch;
      if (batch === 0) return rows;
    }
  }

  /**
   * Books what capture handed over (it runs elsewhere), attributes it and puts right what is missing, until nothing is
   * open. Rejects where the process dies of it.
   */
  async keepStock(timeoutMs = 30_000): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    const open = `SELECT EXISTS (SELECT 1 FROM ${this.#world.table("erpsync_stock_inbox")})
      + EXISTS (SELECT 1 FROM ${this.#world.table("erpsync_stock_row")} WHERE unsettled = 1)
      + EXISTS (SELECT 1 FROM ${this.#world.table("erpsync_stock_pass")} WHERE finished_at IS NULL) AS open`;
    for (;;) {
      const waitMs = await this.#ledger.round(true, this.#stop.signal);
      const [state] = await this.#world.rows<{ open: number }>(open);
      if (state?.open === 0) return;
      if (performance.now() > deadlineMs) throw new SupportError("The stock ledger does not come to rest.");
      await this.clock.sleep(Math.min(waitMs, 10));
    }
  }

  /** Starts the worker; it goes on until `stop` or `kill`. */
  start(): void {
    this.#running ??= this.worker.run(this.#stop.signal, this.#abort.signal).catch((thrown: unknown) => {
      if (!this.dead) this.#failure = thrown;
    });
  }

  ring(): void {
    this.#wake.ring();
  }

  /** Ingests, works, and waits until nothing is ready or in work (held, retrying and parked jobs stay). */
  async workOff(timeoutMs = 30_000): Promise<void> {
    await this.ingest();
    this.start();
    this.ring();
    await until(async () => this.dead || this.#failure !== undefined || (await busyJobs(this.#world)) === 0, {
      what: "the jobs that are ready or in work",
      timeoutMs,
      everyMs: 3,
    });
    this.#throwFailure();
  }

  /** Lets time pass at once, for the process and for the rows that it waits for, and waits for the worker's round. */
  async advance(ms: number): Promise<void> {
    await ageRows(this.#world, ms);
    const before = this.clock.sleepsBegun();
    this.clock.advance(ms);
    if (this.#running === undefined) return;
    await until(() => this.dead || this.#failure !== undefined || this.clock.sleepsBegun() > before, {
      what: "the worker's next round",
      everyMs: 1,
    });
    this.#throwFailure();
  }

  /** From here on the process does nothing more to the database or the ERP; what is on the wire stays on its way. */
  kill(): void {
    this.#life.dead = true;
    this.#stop.abort();
  }

  /** As SIGTERM: nothing new is claimed, and what is under way ends. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop.abort();
    this.#abort.abort();
    await this.#running;
    await this.#closeAll();
  }

  readonly #log: Log = (_level, event) => {
    if (!this.dead) this.log.push(event);
  };

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  #createLedger(quietMs: number): Ledger {
    const metrics = createMetrics();
    const db = this.#db;
    const writer = { db, settings: this.#world.settings, metrics, stopped: () => false };
    return new Ledger({
      db,
      settings: { ...this.#world.settings, connections: 1 },
      log: this.#log,
      metrics,
      clock: this.clock,
      sleep: this.clock.sleep,
      wake: new Wake(this.clock.sleep),
      quietMs,
      rules: { repairsMax: 1_000, overdueMs: 30_000, forgottenRestock: "report" },
      applyWrites: (writes, guard, signal) => applyWrites(writer, writes, guard, signal),
    });
  }

  #createWorker(limit: number, options: InProcessOptions): Worker {
    const leaseMs = options.leaseMs ?? 100_000;
    const actor = "in-process:1";
    const metrics = createMetrics();
    const worker: Worker = new Worker({
      db: this.#db,
      log: this.#log,
      metrics,
      clock: this.clock,
      sleep: this.clock.sleep,
      wake: this.#wake,
      lane: "orders",
      concurrency: limit * 2,
      leaseMs,
      actor,
      newToken: v7,
      work: this.#createWork(
        {
          db: this.#db,
          log: this.#log,
          metrics,
          erpName: this.#erp.name,
          uniqueKey: this.#erp.capabilities.uniqueKey,
          settleMs: options.settleMs ?? 60_000,
          leaseMs,
          callBudgetMs: 35_000,
          clock: this.clock,
          actor,
          shop: { ...OBLIGING, ...options.shop },
          stopped: () => false,
          onSuccess: () => void worker.hear({ kind: "success" }),
          onStranger: () => undefined,
          onExported: () => undefined,
          onLatency: () => undefined,
        },
        options,
      ),
      probe: (abort) => this.#erp.probe({ signal: abort, priority: 0, note: () => undefined }),
      stopped: () => false,
      announced: () => true,
      useful: () => limit * 2,
      alone: true,
    });
    return worker;
  }

  #createWork(deps: ExecutorDeps, { rules, stateAfterExport }: InProcessOptions): Work {
    const { db } = deps;
    const scope = (): ExportScope => ({ shopKey: "main", exportAfterOrder: 0, epochs: [FIRST_EPOCH] });
    const record = orderRecord({
      ...{ db, sleep: systemSleep, erp: this.#erp, scope, stateAfterExport },
      rules: { ...ConfigSchema.shape.orders.parse({}), ...rules },
    });
    const orders = new Executor(deps, record);
    const customers = new Executor(deps, customerRecord({ db, erp: this.#erp, scope }));
    return async (claim, signal) => {
      const executor = parseSubject(claim.subject).kind === "customer" ? customers : orders;
      return await executor.work(claim, signal).catch((thrown: unknown) => {
        if (!this.dead) this.failures.push(`${claim.subject}: ${String((thrown as Error).stack ?? thrown)}`);
        throw thrown;
      });
    };
  }
}

/** A port whose calls are steps of a life: one before the request leaves, one when the answer has come. */
function mortal(port: ErpPort, life: Life, uniqueKey: boolean): ErpPort {
  const steps =
    <Args extends readonly unknown[], Result>(run: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      life.step();
      const ended = await run(...args).then(
        (result) => () => result,
        (thrown: unknown) => () => {
          throw thrown;
        },
      );
      life.step();
      return ended();
    };
  return {
    ...port,
    capabilities: { ...port.capabilities, uniqueKey },
    // Probes go by the clock, so they are no steps: the same run must take the same steps.
    findCustomer: steps(port.findCustomer),
    createCustomer: steps(port.createCustomer),
    amendCustomer: steps(port.amendCustomer),
    findOrder: steps(port.findOrder),
    createOrder: steps(port.createOrder),
    amendOrder: steps(port.amendOrder),
    cancelOrder: steps(port.cancelOrder),
    withdrawOrder: steps(port.withdrawOrder),
    findPayment: steps(port.findPayment),
    createPayment: steps(port.createPayment),
    findCredit: steps(port.findCredit),
    createCredit: steps(port.createCredit),
  };
}

/** Makes all rows that wait for a time older by so much, which is what the passing of that time does to them. */
export async function ageRows(world: World, ms: number): Promise<void> {
  const by = `INTERVAL ${String(Math.round(ms * 1_000))} MICROSECOND`;
  await world.pool.query(
    `UPDATE ${world.table("erpsync_job")} SET run_at = run_at - ${by}, lease_until = lease_until - ${by},
       held_since = held_since - ${by};
     UPDATE ${world.table("erpsync_operation")} SET created_at = created_at - ${by}, ambiguous_at = ambiguous_at - ${by}`,
  );
}

async function busyJobs(world: World): Promise<number> {
  const [row] = await world.rows<{ busy: number }>(
    `SELECT COUNT(*) AS busy FROM ${world.table("erpsync_job")} WHERE state IN ('ready', 'working')`,
  );
  return row?.busy ?? 0;
}
