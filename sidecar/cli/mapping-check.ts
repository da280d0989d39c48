import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { ENTRY_KINDS, type EntryKind } from "../domain/mapping-entry.ts";
import { checkMappings, type MappingCheck } from "../orders/mapping-check.ts";
import {
  type CommonOptions,
  counted,
  parseCount,
  say,
  type Terminal,
  withCommonOptions,
  withDatabase,
} from "./command-line.ts";
import { tellGaps } from "./mapping-entries.ts";

interface CheckOptions extends CommonOptions {
  readonly days: string;
  readonly kinds: string;
}

const DAYS_MAX = 3_660;

/** `erpsync mapping check`. Ends with 1 where orders lack an entry. */
export function registerMappingCheck(mapping: Command, terminal: Terminal): void {
  withCommonOptions(mapping.command("check"))
    .description("which orders lack which mapping entry, and the row to add")
    .option("--days <n>", "orders of so many days", "90")
    .option("--kinds <list>", "kinds to look at though they have no entry yet, with commas", "")
    .action(async (options: CheckOptions) => {
      const days = parseCount("--days", options.days, DAYS_MAX);
      const kinds = parseKinds(options.kinds);
      await withDatabase(options, async (db) => {
        const check = await checkMappings(db, days, kinds);
        say(terminal, options, { days, ...check }, told(check, days));
        if (check.lacking > 0) terminal.fail();
      });
    });
}

function parseKinds(text: string): readonly EntryKind[] {
  const names = text.split(",").filter((name) => name !== "");
  return names.map((name) => {
    const kind = ENTRY_KINDS.find((one) => one === name);
    if (kind === undefined) throw new UsageError(`--kinds: "${name}" is none of ${ENTRY_KINDS.join(", ")}`);
    return kind;
  });
}

function told(check: MappingCheck, days: number): readonly string[] {
  const whole = `${counted(check.orders, "order")} of the last ${counted(days, "day")}`;
  if (check.missing.length === 0) return [`${whole}: none lacks a mapping entry.`, ...tellGaps(check.gaps)];
  return [
    `${whole}: ${String(check.lacking)} without a mapping entry. Add these rows, each with the ERP's id at its end:`,
    ...check.missing.map(
      (entry) =>
        `  ${entry.row}   (${counted(entry.orders, "order")}, ${String(entry.firstOrder)} to ${String(entry.lastOrder)})`,
    ),
    ...tellGaps(check.gaps),
  ];
}
