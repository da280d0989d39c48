import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { readIdentity } from "../identity/statements.ts";
import { decodeMonth } from "../reconcile/decode-scope.ts";
import { type CurrencySums, MonthReport, type MonthSummary } from "../reconcile/month-report.ts";
import {
  type CommonOptions,
  counted,
  say,
  type Terminal,
  withCommonOptions,
  withDatabase,
} from "./command-line.ts";

interface MonthOptions extends CommonOptions {
  /** A file, `-` for the terminal, or true where the option stands alone. */
  readonly csv?: string | true;
}

/** `erpsync report month`. Ends with 1 where orders differ, lack in the ERP or were not compared. */
export function registerReport(program: Command, terminal: Terminal): void {
  const group = program.command("report").description("what finance signs");
  withCommonOptions(group.command("month <month>"))
    .description("the orders placed in a month, on both sides as they were last compared; no call of the ERP")
    .option("--csv [file]", "one row an order, to this file; to the terminal with - or without a file")
    .action(async (text: string, options: MonthOptions) => {
      const month = decodeMonth(text);
      if (month === undefined) throw new UsageError(`"${text}" is no month; write it as 2026-10`);
      await withDatabase(options, async (db, { orders }) => {
        const exportAfterOrder = (await readIdentity(db))?.exportAfterOrder ?? 0;
        const deps = { db, cancelledStates: orders.cancelledStates, exportAfterOrder };
        const report = new MonthReport(deps, month);
        await write(terminal, report.pages(), options.csv);
        const summary = report.summary();
        say(besideCsv(terminal, options), options, { month: text, ...summary }, told(text, summary));
        const { absent, differs, uncompared } = summary.verdicts;
        if (absent + differs + uncompared > 0) terminal.fail();
      });
    });
}

const isOnTerminal = (csv: MonthOptions["csv"]): boolean => csv === true || csv === "-";

/** Where the rows take the output, the summary goes beside it. */
function besideCsv(terminal: Terminal, { csv }: MonthOptions): Terminal {
  return isOnTerminal(csv) ? { ...terminal, out: terminal.err } : terminal;
}

async function write(
  terminal: Terminal,
  pages: AsyncGenerator<string, void>,
  csv: MonthOptions["csv"],
): Promise<void> {
  if (typeof csv === "string" && csv !== "-") {
    await pipeline(pages, createWriteStream(csv, { mode: 0o600 }));
    return;
  }
  for await (const page of pages) if (isOnTerminal(csv)) terminal.out(page);
}

function told(month: string, { currencies, orders, verdicts }: MonthSummary): readonly string[] {
  const { absent, agrees, differs, history, uncompared } = verdicts;
  return [
    `${month}: ${counted(orders, "order")}. ${String(agrees)} agree, ${String(differs)} differ, ${String(absent)} are not in the ERP, ${String(uncompared)} were not compared as they are now.`,
    ...(verdicts["left-out"] === 0
      ? []
      : [`${counted(verdicts["left-out"], "order")} cancelled before being sent; not in the sums.`]),
    ...(history === 0
      ? []
      : [`${counted(history, "order")} older than the start of the export; not in the sums.`]),
    ...currencies.flatMap(sumSentences),
    ...(uncompared === 0
      ? []
      : [`Compare them by "erpsync reconcile orders --month ${month}", then make the report again.`]),
    ...(differs === 0 ? [] : ['"erpsync reconcile differences" has both sides of what differs.']),
  ];
}

function sumSentences(sums: CurrencySums): readonly string[] {
  const { currency, difference, erpCredited, erpPaid, erpTotal, orders, shopCredited, shopPaid, shopTotal } =
    sums;
  const more = difference === null ? "" : `; the shop has ${difference} more`;
  return [
    `${currency}: ${counted(orders, "order")}`,
    `    total     shop ${said(shopTotal)}, ERP ${said(erpTotal)}${more}`,
    `    paid      shop ${said(shopPaid)}, ERP ${said(erpPaid)}`,
    `    credited  shop ${said(shopCredited)}, ERP ${said(erpCredited)}`,
  ];
}

const said = (sum: string | null): string => sum ?? "not compared";
