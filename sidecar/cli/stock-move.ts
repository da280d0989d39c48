import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Config } from "../config.ts";
import { UsageError } from "../domain/errors.ts";
import { insertActions } from "../ops/action-statements.ts";
import type { Database } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import type { MovementAnswer } from "../stock/writer/channel-movements.ts";
import { decodeMovements } from "../stock/writer/decode-movements.ts";
import { encodeAnswers, statusOf } from "../stock/writer/encode-movement-answers.ts";
import { stockMovements } from "../stock-wiring.ts";
import { type ActionOptions, say, type Terminal, withActionOptions, withDatabase } from "./command-line.ts";
import { commandStock } from "./command-stock.ts";

interface MoveOptions extends ActionOptions {
  readonly file?: string;
  readonly product?: string;
  readonly combination?: string;
  readonly reference?: string;
  readonly shop?: string;
  readonly units?: string;
  readonly channel?: string;
  readonly key?: string;
}

/** `erpsync stock move`: what `POST /api/stock/movements` does. */
export function registerStockMove(stock: Command, terminal: Terminal): void {
  withActionOptions(stock.command("move"), "")
    .description("sell or book in what another channel moved, at once and once for its key")
    .option("--product <id>", "id_product")
    .option("--combination <id>", "id_product_attribute, where the product has combinations")
    .option("--reference <sku>", "the reference instead of the ids")
    .option("--shop <id>", "id_shop; the configured one by default")
    .option("--units <n>", "negative for what was sold, positive for what came in")
    .option("--channel <name>", "the channel, for instance pos-lyon")
    .option("--key <key>", "the channel's own key of the movement; the same key moves nothing again")
    .option("--file <json>", "many movements, as the body of POST /api/stock/movements")
    .action(async (options: MoveOptions) => {
      const { isSingle, movements } = decodeMovements(await readBody(options));
      await withDatabase(options, async (db, config) => {
        const answers = await move(db, config, options, movements);
        const { body } = encodeAnswers(answers, isSingle);
        say(terminal, options, body, answers.map(sentence));
        if (answers.some((answer) => statusOf(answer) !== 200)) terminal.fail();
      });
    });
}

async function move(
  db: Database,
  config: Config,
  { actor, reason }: MoveOptions,
  movements: ReturnType<typeof decodeMovements>["movements"],
): Promise<readonly MovementAnswer[]> {
  const answers = await stockMovements(await commandStock(db, config))(movements);
  const actions = answers.flatMap((answer) =>
    answer.outcome === "written"
      ? [{ actor, reason, action: "stock.move", subject: `stock-write:${String(answer.write)}` }]
      : [],
  );
  await inTransaction(db, (tx) => insertActions(tx, actions));
  return answers;
}

async function readBody(options: MoveOptions): Promise<unknown> {
  const { channel, combination, file, key, product, reason, reference, shop, units } = options;
  if (file === undefined) {
    const numbers = { product, combination, shop, units };
    const given = { ...mapNumbers(numbers), channel, key, reason, reference };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  }
  const text = await readFile(file, "utf8").catch(() => {
    throw new UsageError(`--file: ${file} cannot be read`);
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`--file: ${file} holds no JSON`);
  }
}

/** Options are texts; what is no number stays one, and its check says so. */
function mapNumbers(texts: Readonly<Record<string, string | undefined>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [
      name,
      text !== undefined && /^-?[0-9]{1,15}$/.test(text) ? Number(text) : text,
    ]),
  );
}

function sentence(answer: MovementAnswer): string {
  const of = `${answer.channel} ${answer.key}`;
  if ("fault" in answer) return `${of}: ${answer.fault.message}. ${answer.fault.remedy}.`;
  const how = answer.outcome === "written" ? "moved" : "was moved before";
  return `${of}: ${how} by write ${String(answer.write)}; the shop then had ${String(answer.quantityAfter)}.`;
}
