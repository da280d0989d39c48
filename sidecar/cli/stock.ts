import type { Command } from "commander";
import type { Terminal } from "./command-line.ts";
import { registerStockBuffer } from "./stock-buffer.ts";
import { registerStockDiscrepancies, registerStockResolve } from "./stock-discrepancies.ts";
import { registerStockExplain } from "./stock-explain.ts";
import { registerStockMove } from "./stock-move.ts";
import { registerStockSnapshot } from "./stock-snapshot.ts";
import { registerStockUndo } from "./stock-undo.ts";

/** Adds its commands to the group `erpsync stock`; each sort of them has a file of its own, `stock-….ts`. */
type Register = (stock: Command, terminal: Terminal) => void;

const COMMANDS: readonly Register[] = [
  registerStockExplain,
  registerStockDiscrepancies,
  registerStockResolve,
  registerStockMove,
  registerStockUndo,
  registerStockSnapshot,
  registerStockBuffer,
];

/** `erpsync stock …`: what people ask of the shop's stock. */
export function registerStock(program: Command, terminal: Terminal): void {
  const stock = program.command("stock").description("the shop's stock: its history, movements, corrections");
  for (const register of COMMANDS) register(stock, terminal);
}
