import type { Command } from "commander";
import { insertActions } from "../ops/action-statements.ts";
import { inTransaction } from "../platform/transaction.ts";
import { type Undone, undoWrite } from "../stock/writer/undo.ts";
import { stockWriter } from "../stock-wiring.ts";
import {
  type ActionOptions,
  parseCount,
  say,
  type Terminal,
  withActionOptions,
  withDatabase,
} from "./command-line.ts";
import { commandStock } from "./command-stock.ts";

const ID_MAX = 999_999_999;

/** `erpsync stock undo`. */
export function registerStockUndo(stock: Command, terminal: Terminal): void {
  withActionOptions(stock.command("undo <write>"))
    .description("take a write of ours back, by its id; what moved the row since stays")
    .action(async (text: string, options: ActionOptions) => {
      const id = parseCount("write", text, ID_MAX);
      await withDatabase(options, async (db, config) => {
        const { actor, reason } = options;
        const audit = (): Promise<void> =>
          inTransaction(db, (tx) =>
            insertActions(tx, [
              { actor, reason, action: "stock.undo", subject: `stock-write:${String(id)}` },
            ]),
          );
        const writer = stockWriter(await commandStock(db, config));
        const undone = await undoWrite({ writer, audit }, id, { actor, reason });
        say(terminal, options, undone, [sentence(id, undone)]);
        if (undone.kind === "busy" || undone.kind === "gone") terminal.fail();
      });
    });
}

function sentence(id: number, undone: Undone): string {
  const write = `Write ${String(id)}`;
  switch (undone.kind) {
    case "undone": {
      const units = `${undone.delta > 0 ? "+" : ""}${String(undone.delta)}`;
      return `${write} is taken back: ${units} on stock row ${String(undone.row)}, which now has ${String(undone.quantityAfter)} (write ${String(undone.by)}).`;
    }
    case "known":
      return `${write} was taken back before, by write ${String(undone.by)}; nothing was done.`;
    case "busy":
      return `${write} is not taken back: a checkout is at its product; try again.`;
    case "gone":
      return `${write} cannot be taken back: the shop has no such stock row any more, or manages it elsewhere.`;
  }
}
