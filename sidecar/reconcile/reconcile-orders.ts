import type { Clock, Sleep } from "../domain/clock.ts";
import { messageOf, SidecarError, WritingStoppedError } from "../domain/errors.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { type CompareDeps, type ComparedPage, compareOrders } from "./compare-orders.ts";
import type { NewDifference } from "./decide-verdict.ts";
import { decodeMonth, type Scope } from "./decode-scope.ts";
import { encodeRunDetail, type LeftOrder } from "./encode-run.ts";
import { type PlacedOrder, pageMovedOrders, pagePlacedOrders, type ShopSpan } from "./order-statements.ts";
import { finishOrderRun } from "./run-statements.ts";

/** Orders of one page: their figures are read at once, and what is found of them is one statement. */
const PAGE_ORDERS = 200;
/** New differences that a run logs one by one; all are on record. */
const TOLD_MAX = 50;
/** Rest before a page is compared again that met an ERP which is away, and how often in a row. */
const AWAY_REST_MS = 15_000;
const AWAY_MAX = 8;

export interface ReconcileOrdersDeps extends CompareDeps {
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: CompareDeps["metrics"] & Pick<Metrics, "orderReconciliations">;
  /** True while the ERP as a whole is taken to be away: the comparison waits for it. */
  readonly isErpAway: () => boolean;
  /** True while writing is stopped: the shop is not the one last seen, so its ids mean other orders. */
  readonly stopped: () => boolean;
}

/** A comparison that is on record as running. */
export interface OrderRun {
  readonly id: number;
  readonly scope: Scope;
}

/**
 * Compares the orders of a scope on both sides, page by page, and puts each order on record as it was found. It flags, and
 * never puts anything right: a person decides which side is. What is on record stays where a run breaks off.
 * @throws what is no error of ours (a lost database, a bug); the run is then on record as failed, where it can be.
 */
export async function reconcileOrders(
  deps: ReconcileOrdersDeps,
  run: OrderRun,
  signal: AbortSignal,
): Promise<"done" | "failed"> {
  try {
    await new Reconciling(deps, run).run(signal);
    return "done";
  } catch (thrown) {
    const code = thrown instanceof SidecarError ? thrown.code : "E_BUG";
    const reason = signal.aborted ? "its process was asked to end" : `${code}: ${messageOf(thrown)}`;
    await finishOrderRun(deps.db, run.id, { state: "failed", reason: reason.slice(0, 4_000) }).catch(
      () => undefined,
    );
    deps.metrics.orderReconciliations.inc({ outcome: "failed" });
    if (signal.aborted) return "failed";
    if (!(thrown instanceof SidecarError)) throw thrown;
    deps.log("error", { event: "orders.reconcile_failed", run: run.id, code });
    return "failed";
  }
}

class Reconciling {
  readonly #deps: ReconcileOrdersDeps;
  readonly #run: OrderRun;
  readonly #done = new Set<number>();
  readonly #left: LeftOrder[] = [];
  #compared = 0;
  #differing = 0;
  #told = 0;

  constructor(deps: ReconcileOrdersDeps, run: OrderRun) {
    this.#deps = deps;
    this.#run = run;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, db, log, metrics } = this.#deps;
    const startedMs = clock.monotonicMs();
    for await (const page of pagesOf(this.#deps, this.#run.scope)) {
      this.#add(await this.#compare(page, signal));
    }
    const counts = { compared: this.#compared, differing: this.#differing, waiting: this.#left.length };
    const detail = encodeRunDetail(this.#left);
    await finishOrderRun(db, this.#run.id, { state: "done", ...counts, detail });
    metrics.orderReconciliations.inc({ outcome: "done" });
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    log("info", { event: "orders.reconciled", run: this.#run.id, ...counts, tookMs });
  }

  /** A page that met an ERP which is away is compared again when it is back. */
  async #compare(page: readonly number[], signal: AbortSignal): Promise<ComparedPage> {
    const { isErpAway, sleep, stopped } = this.#deps;
    for (let attempt = 1; ; attempt += 1) {
      while (isErpAway() && !signal.aborted) await sleep(AWAY_REST_MS, signal);
      signal.throwIfAborted();
      if (stopped()) throw new WritingStoppedError("Writing is stopped: the shop is not the one last seen");
      try {
        return await compareOrders(this.#deps, page, this.#done, signal);
      } catch (thrown) {
        const isAway = thrown instanceof SidecarError && thrown.advice.kind === "outage";
        if (!isAway || attempt === AWAY_MAX) throw thrown;
        await sleep(AWAY_REST_MS, signal);
      }
    }
  }

  #add({ compared, differing, left, news }: ComparedPage): void {
    this.#compared += compared;
    this.#differing += differing;
    this.#left.push(...left);
    for (const one of news.slice(0, TOLD_MAX - this.#told)) tell(this.#deps.log, one);
    this.#told = Math.min(TOLD_MAX, this.#told + news.length);
  }
}

/** What is on its way from the shop heals by itself, or its job is parked or dead and has told so. */
function tell(log: Log, { author, kinds, orderId }: NewDifference): void {
  const heals = author === "shop" || author === "never-arrived";
  log(heals ? "warn" : "error", { event: "order.differs", orderId, kinds, author });
}

async function* pagesOf({ db }: CompareDeps, scope: Scope): AsyncGenerator<readonly number[], void> {
  if (scope.kind === "month") {
    const span = decodeMonth(scope.month);
    if (span === undefined) return;
    for await (const page of placedPages(db, span, PAGE_ORDERS)) yield page.map(({ id }) => id);
    return;
  }
  let after = 0;
  for (;;) {
    const page = await pageMovedOrders(db, scope.days, after, PAGE_ORDERS);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last;
  }
}

/** The orders that were placed within a span, page by page. */
export async function* placedPages(
  db: CompareDeps["db"],
  span: ShopSpan,
  limit: number,
): AsyncGenerator<Awaited<ReturnType<typeof pagePlacedOrders>>, void> {
  let after: PlacedOrder = { id: 0, placedAt: span.from };
  for (;;) {
    const page = await pagePlacedOrders(db, span, after, limit);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last;
  }
}
