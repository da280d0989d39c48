import { DecodeError, messageOf, SidecarError } from "../domain/errors.ts";
import { orderSubject } from "../domain/ids.ts";
import type { ErpExchange, ErpPort, ProgressMark, ProgressPage } from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import type { Metrics } from "../platform/metrics.ts";
import { inTransaction } from "../platform/transaction.ts";
import { markJobs } from "../queue/mark-statements.ts";
import { decideProgressPage, ordersOnPage } from "./decide-progress-page.ts";
import {
  findOrders,
  findOrdersUnderWay,
  insertPageAttempts,
  moveCursor,
  readCursor,
  readHashes,
  upsertProgress,
} from "./progress-statements.ts";

/** Orders go before feeds. */
const PRIORITY = 6;
/** 400,000 orders; more pages than that are a circle. */
const PAGES_MAX = 2_000;

export interface ReadingDeps {
  readonly db: Database;
  readonly erp: Pick<ErpPort, "name" | "readProgress">;
  readonly metrics: Pick<Metrics, "erpCalls" | "erpCallSeconds" | "progressOrders">;
  /** `host:pid`. */
  readonly actor: string;
  /** Orders were marked. */
  readonly onMarked: () => void;
}

/** What a reading has come to so far. */
export interface ReadingCounts {
  readonly orders: number;
  readonly changed: number;
  readonly unknown: number;
}

/**
 * One reading of all that moved on since the stored mark, page by page. A page that fails may be asked for again; what
 * dies between two pages leaves rows that are right and the mark where it was, and the next reading repeats them, which
 * changes nothing.
 */
export class Reading {
  readonly #deps: ReadingDeps;
  readonly #feed: string;
  readonly #since: ProgressMark | undefined;
  readonly #cursors = new Set<string>();
  #after: string | undefined;
  #counts: ReadingCounts = { orders: 0, changed: 0, unknown: 0 };

  static async begin(deps: ReadingDeps): Promise<Reading> {
    const feed = `progress:${deps.erp.name}`;
    return new Reading(deps, feed, await readCursor(deps.db, feed));
  }

  private constructor(deps: ReadingDeps, feed: string, since: ProgressMark | undefined) {
    this.#deps = deps;
    this.#feed = feed;
    this.#since = since;
  }

  get counts(): ReadingCounts {
    return this.#counts;
  }

  /**
   * Reads and applies one page; true where it was the last.
   * @throws what the port throws; nothing of the page was applied then.
   */
  async turnPage(signal: AbortSignal): Promise<boolean> {
    const page = await this.#read(signal);
    await this.#apply(page);
    if (page.next === undefined) return true;
    if (this.#cursors.has(page.next) || this.#cursors.size >= PAGES_MAX) {
      throw new DecodeError("The ERP's pages of orders that moved on go in a circle");
    }
    this.#cursors.add(page.next);
    this.#after = page.next;
    return false;
  }

  async #read(signal: AbortSignal): Promise<ProgressPage> {
    const exchanges: ErpExchange[] = [];
    const call = {
      signal,
      priority: PRIORITY,
      note: (exchange: ErpExchange) => void exchanges.push(exchange),
    };
    try {
      const query = { changedSince: this.#since, after: this.#after };
      const page = await this.#deps.erp.readProgress(query, call);
      await this.#record(exchanges, summaryOf(page));
      return page;
    } catch (thrown) {
      await this.#record(exchanges, undefined, thrown);
      throw thrown;
    }
  }

  /** The rows, the marks of their orders and, with the last page, the cursor: one commit. */
  async #apply(page: ProgressPage): Promise<void> {
    const verdict = await inTransaction(this.#deps.db, async (tx) => {
      // In this order: a creation that is acknowledged between the two is found by the second.
      const underWay = await findOrdersUnderWay(
        tx,
        page.orders.map(({ orderExternalId }) => orderExternalId),
      );
      const known = [...underWay, ...(await findOrders(tx, page.orders))];
      const hashes = await readHashes(tx, [...ordersOnPage(page.orders, known).keys()]);
      const decided = decideProgressPage(page.orders, known, hashes);
      await upsertProgress(tx, decided.changed);
      const marks = decided.changed.map(({ id_order }) => ({
        subject: orderSubject(id_order),
        when: "now" as const,
        traceparent: null,
      }));
      await markJobs(tx, marks);
      if (page.next === undefined && page.mark !== undefined) {
        // Where it has been moved elsewhere the next reading goes on from there: orders come again, and none is missed.
        await moveCursor(tx, this.#feed, this.#since, page.mark);
      }
      return decided;
    });
    const changed = verdict.changed.length;
    this.#counts = {
      orders: this.#counts.orders + page.orders.length,
      changed: this.#counts.changed + changed,
      unknown: this.#counts.unknown + verdict.unknown,
    };
    this.#deps.metrics.progressOrders.inc(changed);
    if (changed > 0) this.#deps.onMarked();
  }

  /** Records the exchanges of a call; the last is the one that it ended in. */
  async #record(
    exchanges: readonly ErpExchange[],
    summary: string | undefined,
    thrown?: unknown,
  ): Promise<void> {
    const { actor, db, metrics } = this.#deps;
    const attempts = exchanges.map((exchange, index) => {
      const isLast = index === exchanges.length - 1;
      const code = thrown instanceof SidecarError ? thrown.code : "E_BUG";
      const outcome = thrown === undefined || !isLast ? "ok" : code;
      metrics.erpCalls.inc({ purpose: "read_progress", outcome });
      metrics.erpCallSeconds.observe(exchange.tookMs / 1_000);
      const answer = isLast && summary !== undefined ? summary : exchange.answer;
      return { outcome, message: outcome === "ok" ? null : messageOf(thrown), exchange, answer, actor };
    });
    await insertPageAttempts(db, this.#feed, attempts);
  }
}

/** What is kept of an answer that could be read. */
function summaryOf({ mark, next, orders }: ProgressPage): string {
  const [first, last] = [orders.at(0)?.orderExternalId, orders.at(-1)?.orderExternalId];
  return JSON.stringify({ orders: orders.length, first, last, next, mark });
}
