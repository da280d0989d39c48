import { SingleBar } from "cli-progress";
import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { readIdentity } from "../identity/statements.ts";
import { type BackfillCount, backfill } from "../ingest/backfill.ts";
import { type BackfillRange, countOrders } from "../ingest/backfill-statements.ts";
import { insertActions } from "../ops/action-statements.ts";
import type { Database } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import {
  type ActionOptions,
  counted,
  say,
  type Terminal,
  withActionOptions,
  withDatabase,
} from "./command-line.ts";

/** Orders between two lines of progress where nobody watches. */
const LINE_EVERY_ORDERS = 5_000;
/** Ids of one call; more are a span of time. */
const IDS_MAX = 1_000;

interface SyncOptions extends ActionOptions {
  readonly since?: string;
  readonly until?: string;
  readonly orders?: string;
}

/** `erpsync sync orders`. */
export function registerSync(program: Command, terminal: Terminal): void {
  const sync = program.command("sync").description("ask for records that were not exported");
  withActionOptions(sync.command("orders"), "backfill")
    .description("export orders that are older than the start of the export, or were left out")
    .option("--since <time>", 'placed from this shop time on: "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS"')
    .option("--until <time>", "placed before this shop time")
    .option("--orders <ids>", "only these ids, by comma")
    .action(async (options: SyncOptions) => {
      const range = parseRange(options);
      await withDatabase(options, async (db) => {
        await audit(db, options);
        const total = await countOrders(db, range);
        const identity = await readIdentity(db);
        const progress = showProgress(terminal, options, total);
        const count = await backfill(db, range, identity?.exportAfterOrder ?? 0, progress.update);
        progress.stop();
        say(terminal, options, count, [
          `${counted(count.asked, "order")} asked for; ${String(count.known)} in the ERP or on the way already.`,
          ...(count.asked > 0 && identity === undefined
            ? ["They are exported as soon as the sidecar runs."]
            : []),
        ]);
      });
    });
}

async function audit(db: Database, options: SyncOptions): Promise<void> {
  const { actor, reason, since, until, orders } = options;
  const span = [since === undefined ? "" : `from ${since}`, until === undefined ? "" : `until ${until}`];
  const ids = orders === undefined ? "" : `ids ${orders}`;
  const what = [...span, ids].filter((part) => part !== "").join(" ");
  await inTransaction(db, (tx) =>
    insertActions(tx, [{ actor, reason: `${reason} (${what})`, action: "sync.orders", subject: "orders" }]),
  );
}

interface Progress {
  readonly update: (count: BackfillCount) => void;
  readonly stop: () => void;
}

/** A bar where a person watches, a line now and then where not, nothing between JSON. */
function showProgress(terminal: Terminal, options: SyncOptions, total: number): Progress {
  if (options.json === true) return { update: () => undefined, stop: () => undefined };
  if (!terminal.isWatched) {
    let next = LINE_EVERY_ORDERS;
    const update = ({ asked, known }: BackfillCount): void => {
      if (asked + known < next) return;
      next = asked + known + LINE_EVERY_ORDERS;
      terminal.out(`${String(asked + known)} of ${counted(total, "order")} …\n`);
    };
    return { update, stop: () => undefined };
  }
  const bar = new SingleBar({ format: "{bar} {value} of {total} orders, {eta} s left", hideCursor: true });
  bar.start(total, 0);
  return {
    update: ({ asked, known }) => {
      bar.update(asked + known);
    },
    stop: () => {
      bar.stop();
    },
  };
}

function parseRange(options: SyncOptions): BackfillRange {
  const { since, until, orders } = options;
  if (since === undefined && orders === undefined) {
    throw new UsageError('Say which orders: --since "YYYY-MM-DD", or --orders 12,13');
  }
  return {
    ...(since === undefined ? {} : { since: parseTime("--since", since) }),
    ...(until === undefined ? {} : { until: parseTime("--until", until) }),
    ...(orders === undefined ? {} : { orderIds: parseIds(orders) }),
  };
}

const TIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])( ([01]\d|2[0-3]):[0-5]\d:[0-5]\d)?$/;

function parseTime(option: string, text: string): string {
  if (!TIME.test(text)) {
    throw new UsageError(`${option}: "${text}" is no time; write YYYY-MM-DD or "YYYY-MM-DD HH:MM:SS"`);
  }
  return text.length === 10 ? `${text} 00:00:00` : text;
}

function parseIds(text: string): readonly number[] {
  const parts = text.split(",").map((part) => part.trim());
  const wrong = parts.filter((part) => !/^[1-9][0-9]{0,9}$/.test(part));
  if (wrong.length > 0) throw new UsageError(`--orders: "${wrong.join(", ")}" is no order id`);
  if (parts.length > IDS_MAX) {
    throw new UsageError(`--orders takes at most ${String(IDS_MAX)} ids; use --since and --until`);
  }
  return parts.map(Number);
}
