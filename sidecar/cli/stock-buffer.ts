import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { insertActions } from "../ops/action-statements.ts";
import { inTransaction } from "../platform/transaction.ts";
import {
  deleteBuffer,
  readBuffers,
  type StockBuffer,
  writeBuffer,
} from "../stock/snapshot/buffer-statements.ts";
import {
  type ActionOptions,
  type CommonOptions,
  counted,
  say,
  type Terminal,
  withActionOptions,
  withCommonOptions,
  withDatabase,
} from "./command-line.ts";

const UNITS_MAX = 1_000_000;

type BufferOptions = ActionOptions & { readonly combination: string };

/** `erpsync stock buffer set | list | remove`: units that the shop does not offer of what the ERP has. */
export function registerStockBuffer(stock: Command, terminal: Terminal): void {
  const buffer = stock.command("buffer").description("units that the shop keeps back of what the ERP has");
  const combination = ["--combination <id>", "of this combination only", "0"] as const;
  withActionOptions(buffer.command("set <product> <units>"), "safety buffer")
    .description("keep so many units back, from the next reading on")
    .option(...combination)
    .action(async (product: string, units: string, options: BufferOptions) => {
      const wanted = { ...parseWhich(product, options), units: parseNumber("<units>", units, 0, UNITS_MAX) };
      await withDatabase(options, async (db) => {
        await inTransaction(db, async (tx) => {
          await writeBuffer(tx, wanted);
          await insertActions(tx, [actionOf("stock.buffer.set", wanted, options)]);
        });
        say(terminal, options, wanted, [sentence(wanted)]);
      });
    });
  withActionOptions(buffer.command("remove <product>"), "no safety buffer")
    .description("offer all that there is again, from the next reading on")
    .option(...combination)
    .action(async (product: string, options: BufferOptions) => {
      const which = parseWhich(product, options);
      await withDatabase(options, async (db) => {
        const isDone = await inTransaction(db, async (tx) => {
          if (!(await deleteBuffer(tx, which.product, which.combination))) return false;
          await insertActions(tx, [actionOf("stock.buffer.remove", which, options)]);
          return true;
        });
        if (!isDone) throw new UsageError(`${nameOf(which)} has no buffer; see "erpsync stock buffer list"`);
        say(terminal, options, which, [`${nameOf(which)} has no buffer any more.`]);
      });
    });
  withCommonOptions(buffer.command("list"))
    .description("all buffers")
    .action(async (options: CommonOptions) => {
      await withDatabase(options, async (db) => {
        const buffers = await readBuffers(db);
        say(
          terminal,
          options,
          buffers,
          buffers.length === 0 ? ["No product has a buffer."] : buffers.map(sentence),
        );
      });
    });
}

type Which = Pick<StockBuffer, "product" | "combination">;

function parseWhich(product: string, { combination }: BufferOptions): Which {
  return {
    product: parseNumber("<product>", product, 1, 999_999_999),
    combination: parseNumber("--combination", combination, 0, 999_999_999),
  };
}

function parseNumber(name: string, text: string, least: number, most: number): number {
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
  if (number < least || number > most) {
    throw new UsageError(`${name}: "${text}" is not a whole number from ${String(least)} to ${String(most)}`);
  }
  return number;
}

function actionOf(action: string, { combination, product }: Which, { actor, reason }: ActionOptions) {
  return { actor, action, subject: `stock:${String(product)}:${String(combination)}`, reason };
}

const nameOf = ({ combination, product }: Which): string =>
  `Product ${String(product)}${combination === 0 ? "" : `, combination ${String(combination)}`}`;

const sentence = (buffer: StockBuffer): string =>
  `${nameOf(buffer)}: ${counted(buffer.units, "unit")} kept back.`;
