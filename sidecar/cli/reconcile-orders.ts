import type { Command } from "commander";
import type { Config } from "../config.ts";
import { UsageError } from "../domain/errors.ts";
import { insertActions } from "../ops/action-statements.ts";
import { readStockStatus } from "../ops/status-statements.ts";
import type { Database } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { countDifferences } from "../reconcile/count-differences.ts";
import { decodeScope, encodeScope, type Scope } from "../reconcile/decode-scope.ts";
import { tellDifference } from "../reconcile/encode-difference.ts";
import { decodeRunDetail } from "../reconcile/encode-run.ts";
import {
  insertOrderRun,
  type OrderRunRow,
  readOrderRun,
  withdrawOrderRun,
} from "../reconcile/run-statements.ts";
import { type DifferingOrder, readDifferingOrders } from "../reconcile/tell-differences.ts";
import { awaitRun } from "./await-run.ts";
import {
  type ActionOptions,
  type CommonOptions,
  counted,
  parseCount,
  say,
  type Terminal,
  withActionOptions,
  withCommonOptions,
  withDatabase,
} from "./command-line.ts";

const WAIT_MAX_S = 86_400;
const DAYS_MAX = 400;
const LIST_MAX = 10_000;
/** Orders that the outcome of a comparison lists; `reconcile differences` has all. */
const SHOWN = 50;

interface OrdersOptions extends ActionOptions {
  readonly days?: string;
  readonly month?: string;
  readonly wait: string;
}

interface DifferencesOptions extends CommonOptions {
  readonly limit: string;
}

/** `erpsync reconcile orders | differences`. Both end with 1 where orders differ. */
export function registerReconcileOrders(group: Command, terminal: Terminal): void {
  withActionOptions(group.command("orders"), "reconciliation")
    .description("ask the running sidecar to compare orders in shop and ERP; it flags, and corrects nothing")
    .option("--days <n>", "orders placed or touched within so many days; without it those of the schedule")
    .option("--month <month>", "orders placed in that month, for instance 2026-10")
    .option("--wait <seconds>", "how long to wait for the outcome", "7200")
    .action(async (options: OrdersOptions) => {
      const waitMs = parseCount("--wait", options.wait, WAIT_MAX_S) * 1_000;
      await withDatabase(options, async (db, config) => {
        const scope = scopeOf(options, config.orders.reconcileDays);
        const run = await compare(db, options, scope, waitMs);
        const outcome = await readOutcome(db, config, run);
        say(terminal, options, { ...run, ...outcome }, outcomeSentences(run, outcome));
        if (run.state !== "done" || outcome.differing.length > 0) terminal.fail();
      });
    });
  withCommonOptions(group.command("differences"))
    .description(
      "the orders that differed when they were last compared, with both sides and the likely author",
    )
    .option("--limit <n>", "at most so many", "200")
    .action(async (options: DifferencesOptions) => {
      const limit = parseCount("--limit", options.limit, LIST_MAX);
      await withDatabase(options, async (db) => {
        const differing = await readDifferingOrders(db, limit);
        const lines = differing.length === 0 ? ["No order differs."] : differing.flatMap(orderSentences);
        say(terminal, options, differing, lines);
        if (differing.length > 0) terminal.fail();
      });
    });
}

function scopeOf({ days, month }: OrdersOptions, scheduledDays: number): Scope {
  if (days !== undefined && month !== undefined) throw new UsageError("Give --days or --month, not both");
  if (month === undefined) {
    const count = days === undefined ? Math.max(scheduledDays, 1) : parseCount("--days", days, DAYS_MAX);
    return { kind: "days", days: count };
  }
  const scope = decodeScope(month);
  if (scope?.kind === "month") return scope;
  throw new UsageError(`--month: "${month}" is no month; write it as 2026-10`);
}

async function compare(
  db: Database,
  { actor, reason }: OrdersOptions,
  scope: Scope,
  waitMs: number,
): Promise<OrderRunRow> {
  const id = await inTransaction(db, async (tx) => {
    const asked = await insertOrderRun(tx, { state: "asked", scope: encodeScope(scope), actor });
    const subject = `order-reconciliation:${String(asked)}`;
    await insertActions(tx, [{ actor, reason, action: "orders.reconcile", subject }]);
    return asked;
  });
  const run = {
    read: () => readOrderRun(db, id),
    withdraw: () => withdrawOrderRun(db, id),
    nobody:
      'a sidecar with the role reconcile must run, hold the ERP port and not be stopped (see "erpsync status"); another comparison may just be under way',
  };
  return await awaitRun(run, waitMs);
}

interface Outcome {
  readonly differing: readonly DifferingOrder[];
  /** Orders that differ by kind, those of other comparisons too. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Open discrepancies of stock; null where no ledger is kept. */
  readonly stockDiscrepancies: number | null;
}

async function readOutcome(db: Database, config: Config, run: OrderRunRow): Promise<Outcome> {
  const differing = run.state === "done" ? await readDifferingOrders(db, SHOWN) : [];
  const stock = config.stock.ledger ? (await readStockStatus(db)).discrepancies : null;
  return {
    differing,
    kinds: Object.fromEntries(await countDifferences(db)),
    stockDiscrepancies: stock,
  };
}

function outcomeSentences(run: OrderRunRow, outcome: Outcome): readonly string[] {
  const head = `Comparison ${String(run.id)} of orders`;
  if (run.state === "failed") return [`${head} FAILED: ${run.reason ?? "?"}.`];
  if (run.state !== "done")
    return [`${head} is still under way; "erpsync reconcile differences" tells later.`];
  const left = decodeRunDetail(run.detail);
  const kinds = Object.entries(outcome.kinds).map(([kind, orders]) => `${kind} ${String(orders)}`);
  return [
    `${head}: ${counted(run.compared, "order")} compared, ${String(run.differing)} differ, ${String(run.waiting)} left to the next one.`,
    ...outcome.differing.flatMap(orderSentences),
    ...left.slice(0, SHOWN).map(({ because, order }) => `Not compared: order ${String(order)} (${because}).`),
    ...(kinds.length === 0 ? [] : [`On record as differing: ${kinds.join(", ")}.`]),
    stockSentence(outcome.stockDiscrepancies),
  ];
}

/** Inventory has a comparison of its own, row by row and with bounded corrections. */
function stockSentence(discrepancies: number | null): string {
  return discrepancies === null
    ? "Inventory is not compared: stock.ledger is off."
    : `Inventory is compared by "erpsync reconcile stock" and every night: ${counted(discrepancies, "stock discrepancy", "stock discrepancies")} open.`;
}

function orderSentences({
  comparedAt,
  currency,
  differences,
  erpRef,
  firstSeenAt,
  job,
  orderId,
}: DifferingOrder): readonly string[] {
  const ref = erpRef === null ? "" : ` (ERP ${erpRef})`;
  const reason = job?.reason === null || job?.reason === undefined ? [] : [`    ${job.reason}`];
  return [
    `Order ${String(orderId)}${ref} differs since ${firstSeenAt.slice(0, 19)} UTC, last compared ${comparedAt.slice(0, 19)} UTC`,
    ...differences.map((difference) => `    ${tellDifference(difference, currency, job)}`),
    ...reason,
  ];
}
