import { stringify } from "csv-stringify/sync";
import { type Currency, fromMinor } from "../domain/money.ts";
import type { Database } from "../platform/database.ts";
import {
  decideMonthRow,
  encodeMonthRow,
  MONTH_HEADER,
  type MonthFacts,
  type MonthRow,
  type MonthVerdict,
} from "./encode-month-row.ts";
import { readChecks } from "./order-check-statements.ts";
import { type PlacedOrderRow, readOrderJobs, readRefs, type ShopSpan } from "./order-statements.ts";
import { readShopOrders } from "./read-shop-orders.ts";
import { placedPages } from "./reconcile-orders.ts";

/** Orders of one page. */
const PAGE_ORDERS = 1_000;

/** What the report is made by. */
export interface MonthReportDeps {
  readonly db: Database;
  readonly cancelledStates: readonly number[];
  readonly exportAfterOrder: number;
}

/** Amounts that are summed up. */
const SUMMED = [
  ...(["shopTotal", "erpTotal", "shopPaid", "erpPaid", "shopCredited", "erpCredited"] as const),
  "difference",
] as const;
type Summed = (typeof SUMMED)[number];

/**
 * Sums of one currency, decimal texts of it; null where no order has such an amount. Orders that do not belong in the ERP
 * are left out, and what the ERP says is only of those that were compared.
 */
export interface CurrencySums extends Readonly<Record<Summed, string | null>> {
  readonly currency: string;
  readonly orders: number;
}

/** How a month stands. */
export interface MonthSummary {
  readonly orders: number;
  readonly verdicts: Readonly<Record<MonthVerdict, number>>;
  readonly currencies: readonly CurrencySums[];
}

/** The report of a month: its text page by page, and the summary once all pages were read. */
export class MonthReport {
  readonly #deps: MonthReportDeps;
  readonly #span: ShopSpan;
  readonly #sums = new Map<string, Sums>();
  readonly #verdicts: Record<MonthVerdict, number> = {
    ...{ agrees: 0, differs: 0, absent: 0, uncompared: 0, history: 0, "left-out": 0 },
  };

  constructor(deps: MonthReportDeps, span: ShopSpan) {
    this.#deps = deps;
    this.#span = span;
  }

  /** CSV, a page at a time, with its header. */
  async *pages(): AsyncGenerator<string, void> {
    yield stringify([[...MONTH_HEADER]]);
    for await (const page of placedPages(this.#deps.db, this.#span, PAGE_ORDERS)) {
      const facts = await readFacts(this.#deps, page);
      yield stringify(facts.map((one) => [...this.#row(one)]));
    }
  }

  #row(facts: MonthFacts): readonly string[] {
    const row = decideMonthRow(facts);
    this.#verdicts[row.verdict] += 1;
    this.#add(facts, row);
    return encodeMonthRow(facts, row);
  }

  #add({ shop }: MonthFacts, { figures, verdict }: MonthRow): void {
    if (shop === undefined || verdict === "history" || verdict === "left-out") return;
    const { currency } = shop;
    const sums = this.#sums.get(currency.code) ?? { currency, orders: 0, minor: new Map<Summed, number>() };
    for (const name of SUMMED) {
      const minor = figures[name];
      if (minor !== undefined) sums.minor.set(name, (sums.minor.get(name) ?? 0) + minor);
    }
    sums.orders += 1;
    this.#sums.set(currency.code, sums);
  }

  summary(): MonthSummary {
    const currencies = [...this.#sums.values()]
      .sort((a, b) => (a.currency.code < b.currency.code ? -1 : 1))
      .map(tellSums);
    const orders = Object.values(this.#verdicts).reduce((sum, count) => sum + count, 0);
    return { orders, verdicts: { ...this.#verdicts }, currencies };
  }
}

/** Sums in minor units, which stay below 2^53 in any month. */
interface Sums {
  readonly currency: Currency;
  orders: number;
  readonly minor: Map<Summed, number>;
}

function tellSums({ currency, minor, orders }: Sums): CurrencySums {
  const words = SUMMED.map((name) => {
    const sum = minor.get(name);
    return [name, sum === undefined ? null : fromMinor(sum, currency)] as const;
  });
  return {
    currency: currency.code,
    orders,
    ...(Object.fromEntries(words) as Readonly<Record<Summed, string | null>>),
  };
}

async function readFacts(
  { cancelledStates, db, exportAfterOrder }: MonthReportDeps,
  page: readonly PlacedOrderRow[],
): Promise<readonly MonthFacts[]> {
  const ids = page.map(({ id }) => id);
  const [shop, checks, jobs, refs] = await Promise.all([
    readShopOrders(db, ids),
    readChecks(db, ids),
    readOrderJobs(db, ids),
    readRefs(db, ids, []),
  ]);
  const checkOf = new Map(checks.map((check) => [check.id_order, check]));
  const jobOf = new Map(jobs.map((job) => [job.orderId, job]));
  return page.map((placed) => {
    const [id, job] = [placed.id, jobOf.get(placed.id)];
    const ref = refs.orders.get(id)?.ref;
    const isHistory = ref === undefined && id <= exportAfterOrder && job?.isRequested !== true;
    return { placed, shop: shop.get(id), ref, check: checkOf.get(id), job, isHistory, cancelledStates };
  });
}
