import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import type { DiscrepancyKind } from "../domain/stock.ts";
import { stockResolver } from "../reconcile-wiring.ts";
import { signed } from "../stock/history/encode-movement.ts";
import { DISCREPANCY_KINDS } from "../stock/reconcile/decode-choice.ts";
import { type ToldDiscrepancy, tellDiscrepancies } from "../stock/reconcile/discrepancies.ts";
import type { Resolved } from "../stock/reconcile/resolve-discrepancy.ts";
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
import { commandStock } from "./command-stock.ts";

const LIST_MAX = 10_000;
const ID_MAX = 999_999_999;

interface ListOptions extends CommonOptions {
  readonly kind?: string;
  readonly all?: boolean;
  readonly limit: string;
}

/** `erpsync stock discrepancies`. */
export function registerStockDiscrepancies(stock: Command, terminal: Terminal): void {
  withCommonOptions(stock.command("discrepancies"))
    .description("what a person has to look at, with both sides' figures and the last movements")
    .option("--kind <kind>", `only one of ${DISCREPANCY_KINDS.join(", ")}`)
    .option("--all", "resolved ones too")
    .option("--limit <n>", "at most so many, the newest first", "50")
    .action(async (options: ListOptions) => {
      const kind = options.kind === undefined ? {} : { kind: parseKind(options.kind) };
      const filter = { ...kind, all: options.all === true };
      const limit = parseCount("--limit", options.limit, LIST_MAX);
      await withDatabase(options, async (db) => {
        const told = await tellDiscrepancies(db, filter, limit);
        const lines = told.length === 0 ? ["There is none."] : told.flatMap(sentences);
        say(terminal, options, told, lines);
      });
    });
}

interface ResolveOptions extends ActionOptions {
  readonly side: string;
}

/** `erpsync stock resolve`. */
export function registerStockResolve(stock: Command, terminal: Terminal): void {
  withActionOptions(stock.command("resolve <id>"))
    .description("end a discrepancy by choosing whose figure is right")
    .requiredOption("--side <side>", "`erp`: the shop takes the ERP's figure; `shop`: the shop's stays")
    .action(async (text: string, options: ResolveOptions) => {
      const { actor, reason, side } = options;
      const id = parseCount("<id>", text, ID_MAX);
      if (side !== "shop" && side !== "erp") {
        throw new UsageError(`--side: "${side}" is none; use shop or erp`);
      }
      await withDatabase(options, async (db, config) => {
        const resolved = await stockResolver(await commandStock(db, config))({ id, side, reason, actor });
        say(terminal, options, resolved, [resolvedSentence(resolved)]);
      });
    });
}

function resolvedSentence({ id, remains, side, writeId }: Resolved): string {
  const head = `Discrepancy ${String(id)} is resolved`;
  if (side === "shop") return `${head}: the shop's figure stays${remains === null ? "" : `; ${remains}`}.`;
  if (writeId === null) return `${head}: shop and ERP agreed, nothing was written.`;
  return `${head}: the shop took the ERP's figure (write ${String(writeId)}, taken back by "erpsync stock undo ${String(writeId)}").`;
}

function parseKind(text: string): DiscrepancyKind {
  const kind = DISCREPANCY_KINDS.find((one) => one === text);
  if (kind === undefined)
    throw new UsageError(`--kind: "${text}" is unknown; use ${DISCREPANCY_KINDS.join(", ")}`);
  return kind;
}

function sentences(told: ToldDiscrepancy): readonly string[] {
  const row =
    told.product === null
      ? `stock row ${String(told.row)}`
      : `product ${String(told.product)}, combination ${String(told.combination)}, stock row ${String(told.row)}`;
  return [
    ...discrepancySentences(told, row),
    ...told.movements.map(
      ({ after, at, delta, says }) =>
        `    ${at.slice(0, 19)} UTC  ${signed(delta)} → ${String(after)}  ${says}`,
    ),
  ];
}

/** What each kind means, for people. */
const MEANS: Readonly<Record<DiscrepancyKind, string>> = {
  oversell: "sold below zero though the shop denies orders out of stock",
  unexplained: "changed, and nobody declared it",
  repair_limit: "stale writes throw repairs away again and again; nothing more is repaired",
  forgotten_restock: "the shop did not put back what a cancelled order had taken",
  drift: "the sides differ",
  gap: "changed while nobody watched",
};

/** A discrepancy in sentences; `row` names its stock row where the reader does not know it. */
export function discrepancySentences(
  told: Pick<ToldDiscrepancy, "id" | "kind" | "detail" | "foundAt" | "resolution" | "resolvedAt"> &
    Pick<ToldDiscrepancy, "shopUnits" | "ledgerUnits" | "erpUnits">,
  row = "",
): readonly string[] {
  const { detail, kind } = told;
  const means = DISCREPANCY_KINDS.some((one) => one === kind) ? MEANS[kind as DiscrepancyKind] : kind;
  const end =
    told.resolvedAt === null
      ? ""
      : `, resolved ${told.resolvedAt.slice(0, 19)} UTC: ${told.resolution ?? "?"}`;
  const more = [...figures(told), ...detailSentences(detail)];
  return [
    `Discrepancy ${String(told.id)}  ${kind}  ${[row, means].filter((part) => part !== "").join(": ")} (found ${told.foundAt.slice(0, 19)} UTC${end})`,
    ...(more.length === 0 ? [] : [`    ${more.join("; ")}`]),
  ];
}

function detailSentences(detail: ToldDiscrepancy["detail"]): readonly string[] {
  const orders = detail.orders ?? [];
  return [
    ...(detail.units === undefined ? [] : [`${signed(detail.units)} units`]),
    ...(orders.length === 0 ? [] : [`${counted(orders.length, "order")}: ${orders.map(String).join(", ")}`]),
    ...(detail.says === undefined ? [] : [`probable cause: ${detail.says}`]),
    ...(detail.leftBecause === undefined ? [] : [`not corrected: ${detail.leftBecause}`]),
  ];
}

function figures({
  detail,
  erpUnits,
  ledgerUnits,
  shopUnits,
}: Pick<ToldDiscrepancy, "detail" | "shopUnits" | "ledgerUnits" | "erpUnits">): readonly string[] {
  const how = detail.erpSays === undefined ? "" : ` (${detail.erpSays})`;
  const said = [
    ...(shopUnits === null ? [] : [`shop ${String(shopUnits)}`]),
    ...(ledgerUnits === null ? [] : [`ledger ${String(ledgerUnits)}`]),
    ...(erpUnits === null ? [] : [`ERP ${String(erpUnits)}${how}`]),
  ];
  return said.length === 0 ? [] : [said.join(", ")];
}
