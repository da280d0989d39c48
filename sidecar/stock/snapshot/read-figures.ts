import type { Clock, Sleep } from "../../domain/clock.ts";
import { messageOf, type RetryAdvice, SidecarError } from "../../domain/errors.ts";
import type { ErpExchange, ErpPort, StockFigure, StockMark, StockPage } from "../../erp/port.ts";
import type { Database } from "../../platform/database.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Newest } from "./decide-snapshot.ts";
import type { ReadingWindow } from "./decide-target.ts";
import { EXAMPLES_MAX } from "./decode-snapshot-detail.ts";
import type { OtherItems } from "./encode-snapshot-end.ts";
import { insertPageAttempts, readTime } from "./snapshot-statements.ts";

export interface ReadFiguresDeps {
  readonly db: Database;
  readonly erp: Pick<ErpPort, "readStock">;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly metrics: Pick<Metrics, "erpCalls" | "erpCallSeconds">;
  /** `host:pid`. */
  readonly actor: string;
}

/** What is to be read. */
export interface FiguresQuestion {
  /** Whose attempts these are on record as, for instance `stock-snapshot:7`. */
  readonly subject: string;
  /** Of the calls; see `ErpCall`. */
  readonly priority: number;
  /** Partition; empty for all items. */
  readonly part: string;
  /** Undefined for a full reading. */
  readonly changedSince: StockMark | undefined;
  /** The item that changed last by the last reading. */
  readonly lastNewest: Newest | undefined;
  /** Given each page's items, before `fitOf` is asked about them. */
  readonly learn: (refs: readonly string[]) => Promise<void>;
  /** What an item is to the shop; only figures of a `row` are kept. */
  readonly fitOf: (ref: string) => ItemFit;
}

/** See `Fit` of the catalogue. */
export type ItemFit = "row" | "unknown" | "doubled" | "unfit";

/** An item's figure, and in which of the windows it was read. */
export interface ReadFigure {
  readonly units: number;
  readonly window: number;
}

/** All that the ERP said. */
export interface Reading {
  readonly figures: ReadonlyMap<string, ReadFigure>;
  /** When each page was read. */
  readonly windows: readonly ReadingWindow[];
  /** Items that were named, known or not. */
  readonly items: number;
  readonly others: Readonly<Record<Exclude<ItemFit, "row">, OtherItems>>;
  readonly newest: Newest | undefined;
  readonly lastNewestAt: string | undefined;
  readonly mark: StockMark | undefined;
  /** A cursor came twice, or the pages did not end. */
  readonly isBroken: boolean;
}

/** Two million items; more pages than that are a circle. */
const PAGES_MAX = 2_000;
/** Milliseconds between the tries of one page; a read may be repeated whatever became of it. */
const RETRY_AFTER_MS = [1_000, 5_000] as const;
/** An ERP that asks so often for fewer calls has none to spare for now. */
const SLOW_DOWNS_MAX = 20;

/**
 * Reads all pages, each exchange on record.
 * @throws what the port throws, once trying again did not help; nothing was then learnt that could be used.
 */
export async function readFigures(
  deps: ReadFiguresDeps,
  question: FiguresQuestion,
  signal: AbortSignal,
): Promise<Reading> {
  const pages = new Pages(question);
  let after: string | undefined;
  do {
    const { page, window } = await readPage(deps, question, after, signal);
    await question.learn(page.figures.map(({ itemRef }) => itemRef));
    after = pages.add(page, window);
  } while (after !== undefined);
  return pages.reading();
}

/** A page, and when it was read. */
interface TimedPage {
  readonly page: StockPage;
  readonly window: ReadingWindow;
}

async function readPage(
  deps: ReadFiguresDeps,
  question: FiguresQuestion,
  after: string | undefined,
  signal: AbortSignal,
): Promise<TimedPage> {
  const tries = { failures: 0, slowDowns: 0 };
  for (;;) {
    try {
      return await readOnce(deps, question, after, signal);
    } catch (thrown) {
      const waitMs = thrown instanceof SidecarError ? pauseAfter(thrown.advice, tries) : undefined;
      if (waitMs === undefined || signal.aborted) throw thrown;
      await deps.sleep(waitMs, signal);
    }
  }
}

/** Milliseconds until the page is asked for again; undefined where that is of no use. */
function pauseAfter(advice: RetryAdvice, tries: { failures: number; slowDowns: number }): number | undefined {
  if (advice.kind === "slow-down") {
    tries.slowDowns += 1;
    return tries.slowDowns > SLOW_DOWNS_MAX ? undefined : advice.retryAfterMs;
  }
  tries.failures += 1;
  return advice.kind === "retry" ? RETRY_AFTER_MS[tries.failures - 1] : undefined;
}

async function readOnce(
  deps: ReadFiguresDeps,
  question: FiguresQuestion,
  after: string | undefined,
  signal: AbortSignal,
): Promise<TimedPage> {
  const exchanges: ErpExchange[] = [];
  const { changedSince, part, priority } = question;
  const query = { changedSince, after, ...(part === "" ? {} : { partition: part }) };
  const call = { signal, priority, note: (exchange: ErpExchange) => void exchanges.push(exchange) };
  try {
    const askedAt = await readTime(deps.db);
    const page = await deps.erp.readStock(query, call);
    const answeredAt = await readTime(deps.db);
    await record(deps, question, exchanges, summaryOf(page));
    return { page, window: { askedAt, answeredAt } };
  } catch (thrown) {
    await record(deps, question, exchanges, undefined, thrown);
    throw thrown;
  }
}

/** Records the exchanges of a call; the last is the one that it ended in. */
async function record(
  { actor, db, metrics }: ReadFiguresDeps,
  { subject }: FiguresQuestion,
  exchanges: readonly ErpExchange[],
  summary: string | undefined,
  thrown?: unknown,
): Promise<void> {
  if (exchanges.length === 0) return;
  const attempts = exchanges.map((exchange, index) => {
    const isLast = index === exchanges.length - 1;
    const code = thrown instanceof SidecarError ? thrown.code : "E_BUG";
    const outcome = thrown === undefined || !isLast ? "ok" : code;
    metrics.erpCalls.inc({ purpose: "read_stock", outcome });
    metrics.erpCallSeconds.observe(exchange.tookMs / 1_000);
    const answer = isLast && summary !== undefined ? summary : exchange.answer;
    const message = outcome === "ok" ? null : messageOf(thrown);
    return { subject, outcome, message, exchange, answer, actor };
  });
  await insertPageAttempts(db, attempts);
}

/** What is kept of an answer that could be read. */
function summaryOf({ figures, mark, next }: StockPage): string {
  const [first, last] = [figures.at(0)?.itemRef, figures.at(-1)?.itemRef];
  return JSON.stringify({ items: figures.length, first, last, next, mark });
}

const noItems = (): { count: number; readonly examples: string[] } => ({ count: 0, examples: [] });

/** Pages as they come. */
class Pages {
  readonly #question: FiguresQuestion;
  readonly #figures = new Map<string, ReadFigure>();
  readonly #windows: ReadingWindow[] = [];
  readonly #ofPage = new Map<number, ReadFigure>();
  readonly #cursors = new Set<string>();
  /** Counted only: an ERP may have many more items than the shop. */
  readonly #others = { unknown: noItems(), doubled: noItems(), unfit: noItems() };
  #newest: Newest | undefined;
  #lastNewestAt: string | undefined;
  #mark: StockMark | undefined;
  #isBroken = false;

  constructor(question: FiguresQuestion) {
    this.#question = question;
  }

  /** Takes a page in, and returns the cursor of the next one. */
  add({ figures, mark, next }: StockPage, window: ReadingWindow): string | undefined {
    for (const figure of figures) this.#take(figure);
    this.#ofPage.clear();
    this.#windows.push(window);
    this.#mark = mark ?? this.#mark;
    if (next === undefined) return undefined;
    this.#isBroken = this.#cursors.has(next) || this.#windows.length >= PAGES_MAX;
    this.#cursors.add(next);
    return this.#isBroken ? undefined : next;
  }

  reading(): Reading {
    return {
      figures: this.#figures,
      windows: this.#windows,
      items: this.#figures.size + Object.values(this.#others).reduce((sum, { count }) => sum + count, 0),
      others: this.#others,
      newest: this.#newest,
      lastNewestAt: this.#lastNewestAt,
      mark: this.#mark,
      isBroken: this.#isBroken,
    };
  }

  /** Equal figures of a page are one object: most of a large catalogue's are. */
  #figureOf(units: number): ReadFigure {
    const figure = this.#ofPage.get(units) ?? { units, window: this.#windows.length };
    this.#ofPage.set(units, figure);
    return figure;
  }

  /** An item that comes twice changed meanwhile, and what was said last counts. */
  #take({ availableUnits, changedAt, itemRef }: StockFigure): void {
    const fit = this.#question.fitOf(itemRef);
    if (fit === "row") this.#figures.set(itemRef, this.#figureOf(availableUnits));
    else {
      const others = this.#others[fit];
      others.count += 1;
      if (others.examples.length < EXAMPLES_MAX) others.examples.push(itemRef);
    }
    if (changedAt === undefined) return;
    if (itemRef === this.#question.lastNewest?.item) this.#lastNewestAt = changedAt;
    if (this.#newest === undefined || changedAt > this.#newest.at) {
      this.#newest = { item: itemRef, at: changedAt };
    }
  }
}
