import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { insertActions } from "../ops/action-statements.ts";
import type { Database } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { decodeReconciliation, type ReconciliationDetail } from "../stock/reconcile/encode-reconciliation.ts";
import {
  insertReconciliation,
  type ReconciliationRow,
  readReconciliation,
  withdrawReconciliation,
} from "../stock/reconcile/reconcile-statements.ts";
import { awaitRun } from "./await-run.ts";
import {
  type ActionOptions,
  counted,
  parseCount,
  say,
  type Terminal,
  withActionOptions,
  withDatabase,
} from "./command-line.ts";
import { registerReconcileOrders } from "./reconcile-orders.ts";

const WAIT_MAX_S = 86_400;

interface ReconcileOptions extends ActionOptions {
  readonly dryRun?: boolean;
  readonly wait: string;
}

/** `erpsync reconcile stock | orders | differences`. */
export function registerReconcile(program: Command, terminal: Terminal): void {
  const group = program.command("reconcile").description("compare shop and ERP now");
  registerReconcileOrders(group, terminal);
  withActionOptions(group.command("stock"), "reconciliation")
    .description("ask the running sidecar to compare shop, ledger and ERP, and to correct within the bounds")
    .option("--dry-run", "compare only: nothing is corrected, and no discrepancy put on record")
    .option("--wait <seconds>", "how long to wait for the outcome", "3600")
    .action(async (options: ReconcileOptions) => {
      const waitMs = parseCount("--wait", options.wait, WAIT_MAX_S) * 1_000;
      await withDatabase(options, async (db, { stock }) => {
        if (!stock.ledger) {
          throw new UsageError("There is nothing to compare with: stock.ledger is off");
        }
        const id = await ask(db, options);
        const asked = {
          read: () => readReconciliation(db, id),
          withdraw: () => withdrawReconciliation(db, id),
          nobody:
            "a sidecar with the role reconcile must run, which may call the ERP where the ERP owns the stock; another comparison, or a reading of the ERP's stock, may just be under way",
        };
        const row = await awaitRun(asked, waitMs);
        const detail = decodeReconciliation(row.detail);
        say(terminal, options, { ...row, detail: detail ?? null }, sentences(row, detail));
        if (row.state !== "done") terminal.fail();
      });
    });
}

async function ask(db: Database, { actor, dryRun = false, reason }: ReconcileOptions): Promise<number> {
  return await inTransaction(db, async (tx) => {
    const id = await insertReconciliation(tx, { state: "asked", dryRun, actor });
    const subject = `stock-reconciliation:${String(id)}`;
    await insertActions(tx, [
      { actor, reason, action: dryRun ? "stock.compare" : "stock.reconcile", subject },
    ]);
    return id;
  });
}

function sentences(row: ReconciliationRow, detail: ReconciliationDetail | undefined): readonly string[] {
  const head = `Comparison ${String(row.id)}${row.dryRun ? " (dry run)" : ""}`;
  if (row.state === "running" || row.state === "asked") {
    return [`${head} is still under way; "erpsync status" tells when it has ended.`];
  }
  if (row.state === "failed") return [`${head} FAILED: ${row.reason ?? "?"}.`];
  return [
    `${head}: ${counted(row.compared, "row")} compared, ${String(row.drifted)} drifted, ${String(row.corrected)} corrected, ${String(row.waiting)} could not be compared.`,
    ...(row.state === "capped" ? [`CAPPED: ${row.reason ?? "?"}.`] : []),
    ...(detail === undefined ? [] : detailSentences(row, detail)),
  ];
}

function detailSentences(row: ReconciliationRow, detail: ReconciliationDetail): readonly string[] {
  const { absentItems, drifts, leftToNext, unknownRows, waiting } = detail;
  const more = row.drifted - drifts.length;
  return [
    ...drifts.map((drift) => driftSentence(row, drift)),
    ...(more <= 0
      ? []
      : [`… and ${counted(more, "more drift")}: "erpsync stock discrepancies --kind drift".`]),
    ...waiting.map((one) => `Not compared: stock row ${String(one.row)} (${one.because}).`),
    ...unknownRows.map((one) => `The ledger does not know stock row ${String(one)} yet.`),
    ...(absentItems === 0
      ? []
      : [`${counted(absentItems, "mapped item")} of the ERP not named by it: not compared.`]),
    ...(leftToNext === 0 ? [] : [`${counted(leftToNext, "row")} moved meanwhile and left to the next run.`]),
  ];
}

function driftSentence(row: ReconciliationRow, drift: ReconciliationDetail["drifts"][number]): string {
  const { combination, ledgerUnits, leftBecause, product, shopUnits, targetUnits } = drift;
  const sides = [
    `shop ${String(shopUnits)}`,
    `ledger ${String(ledgerUnits)}`,
    ...(targetUnits === null ? [] : [`ERP ${String(targetUnits)}`]),
  ];
  const within = row.dryRun ? "would be corrected" : "within the bounds";
  const fate = leftBecause === null ? within : `not corrected (${leftBecause})`;
  return `Product ${String(product)}, combination ${String(combination)}: ${sides.join(", ")}; ${fate}; probable cause: ${drift.says}.`;
}
