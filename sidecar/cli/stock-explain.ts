import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { signed } from "../stock/history/encode-movement.ts";
import {
  collectHistories,
  type HistoryHead,
  type HistoryTail,
  type HistoryWindow,
  openHistories,
  type RowHistory,
  type ToldMovement,
} from "../stock/history/explain.ts";
import type { ExplainedRow, WhichRows } from "../stock/history/explain-statements.ts";
import {
  type CommonOptions,
  counted,
  parseCount,
  say,
  type Terminal,
  withCommonOptions,
  withDatabase,
} from "./command-line.ts";
import { discrepancySentences } from "./stock-discrepancies.ts";

/** Sentences are printed page by page; JSON is one value, which must fit in memory. */
const LIMITS = { sentences: 10_000_000, json: 100_000 } as const;

interface ExplainOptions extends CommonOptions {
  readonly combination?: string;
  readonly shop?: string;
  readonly since?: string;
  readonly limit: string;
}

/** `erpsync stock explain`. */
export function registerStockExplain(stock: Command, terminal: Terminal): void {
  withCommonOptions(stock.command("explain <product>"))
    .description("the history of a quantity in words: opening, every movement with its cause, what is owed")
    .option("--combination <id>", "only this combination (0: the product's own row)")
    .option("--shop <id>", "only the rows that this shop sells from")
    .option("--since <time>", 'movements from this UTC time on: "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS"')
    .option("--limit <n>", "at most so many movements a row, the latest", "200")
    .action(async (product: string, options: ExplainOptions) => {
      const which = parseWhich(product, options);
      const window = parseWindow(options);
      await withDatabase(options, async (db) => {
        const histories = await openHistories(db, which, window);
        if (histories.length === 0) {
          say(terminal, options, { product: which.product, rows: [] }, [
            `${nameOf(which)} has no stock row.`,
          ]);
          terminal.fail();
        } else if (options.json === true) {
          say(terminal, options, await collectHistories(which.product, histories), []);
        } else {
          await print(terminal, histories);
        }
      });
    });
}

async function print(terminal: Terminal, histories: readonly RowHistory[]): Promise<void> {
  for (const [index, history] of histories.entries()) {
    if (index > 0) terminal.out("\n");
    for (const line of headSentences(history.head)) terminal.out(`${line}\n`);
    for await (const page of history.movements()) {
      terminal.out(page.map((movement) => `${movementSentence(movement)}\n`).join(""));
    }
    for (const line of tailSentences(await history.tail())) terminal.out(`${line}\n`);
  }
}

function headSentences({ earlier, opening, row }: HistoryHead): readonly string[] {
  const title = `${nameOfRow(row)} (stock row ${String(row.row)})`;
  if (opening === undefined) return [title, "  The ledger does not know this row yet."];
  const movements = earlier.reduce((sum, one) => sum + one.movements, 0);
  const units = earlier.reduce((sum, one) => sum + one.units, 0);
  const byCause = earlier.map((one) => `${one.cause} ${signed(one.units)}`).join(", ");
  return [
    title,
    `  ${opening.at.slice(0, 19)} UTC  opened with ${String(opening.units)} (${BECAUSE[opening.because] ?? opening.because})`,
    ...(opening.isManaged
      ? []
      : ["  The shop's advanced stock management has it (depends_on_stock): never written."]),
    ...(movements === 0
      ? []
      : [`  … ${counted(movements, "earlier movement")}: ${signed(units)} in all (${byCause})`]),
  ];
}

/** Why a row was opened; see `erpsync_stock_row.opened_because`. */
const BECAUSE: Readonly<Record<string, string>> = {
  first: "as it stood when the ledger began",
  gap: "as it stood after a gap in the binlog",
  new: "the shop made the row",
  restored: "as it stood after the shop was restored",
};

function movementSentence({ after, at, delta, says }: ToldMovement): string {
  return `  ${at.slice(0, 19)} UTC  ${signed(delta).padStart(6)} → ${String(after).padStart(6)}  ${says}`;
}

function tailSentences({ balance, discrepancies, owed }: HistoryTail): readonly string[] {
  return [
    ...owed.map(({ detailId, orderId, owed: units }) =>
      units > 0
        ? `  Owed: order ${String(orderId)} (line ${String(detailId)}) has still to take ${String(units)}.`
        : `  Owed: order ${String(orderId)} (line ${String(detailId)}) has still to give ${String(-units)} back.`,
    ),
    ...discrepancies.flatMap((one) => discrepancySentences(one)).map((line) => `  ${line}`),
    ...balanceSentences(balance),
  ];
}

/** The law, with both sides of it. */
function balanceSentences(balance: HistoryTail["balance"]): readonly string[] {
  if (balance === undefined) return [];
  const { isBehind, movements, opening, position, shopUnits, units } = balance;
  const law = `  ${String(opening)} at the opening, ${signed(units)} by ${counted(movements, "movement")}: ${String(opening + units)}.`;
  const ledger =
    opening + units === position ? law : `${law} THE LEDGER IS BROKEN: its position is ${String(position)}.`;
  if (shopUnits === null) return [`${ledger} The shop has deleted the row.`];
  if (shopUnits === position) return [`${ledger} The shop's row says ${String(shopUnits)}.`];
  return [
    `${ledger} The shop's row says ${String(shopUnits)}: ${
      isBehind
        ? "changes are still being read."
        : 'either they are not read yet or nobody told them; see "erpsync reconcile stock".'
    }`,
  ];
}

function nameOf({ combination, product, shop }: WhichRows): string {
  const parts = [`Product ${String(product)}`];
  if (combination !== undefined) parts.push(`combination ${String(combination)}`);
  if (shop !== undefined) parts.push(`shop ${String(shop)}`);
  return parts.join(", ");
}

function nameOfRow({ combination, group, product, shop }: ExplainedRow): string {
  const where = shop === 0 ? `shared by shop group ${String(group)}` : `shop ${String(shop)}`;
  return `Product ${String(product)}${combination === 0 ? "" : `, combination ${String(combination)}`}, ${where}`;
}

function parseWhich(product: string, { combination, shop }: ExplainOptions): WhichRows {
  return {
    product: parseId("<product>", product, 1),
    ...(combination === undefined ? {} : { combination: parseId("--combination", combination, 0) }),
    ...(shop === undefined ? {} : { shop: parseId("--shop", shop, 1) }),
  };
}

function parseWindow({ json, limit, since }: ExplainOptions): HistoryWindow {
  const most = json === true ? LIMITS.json : LIMITS.sentences;
  return {
    limit: parseCount("--limit", limit, most),
    ...(since === undefined ? {} : { since: parseTime(since) }),
  };
}

function parseId(name: string, text: string, least: number): number {
  const id = /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
  if (id < least) throw new UsageError(`${name}: "${text}" is no id`);
  return id;
}

const TIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])( ([01]\d|2[0-3]):[0-5]\d:[0-5]\d)?$/;

function parseTime(text: string): string {
  if (!TIME.test(text)) {
    throw new UsageError(`--since: "${text}" is no time; write YYYY-MM-DD or "YYYY-MM-DD HH:MM:SS", UTC`);
  }
  return text.length === 10 ? `${text} 00:00:00` : text;
}
