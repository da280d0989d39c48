import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { insertActions } from "../ops/action-statements.ts";
import type { Database } from "../platform/database.ts";
import { systemClock, systemSleep } from "../platform/system-clock.ts";
import { inTransaction } from "../platform/transaction.ts";
import { partsOf, type ScheduleRules } from "../stock/snapshot/decide-due.ts";
import { decideHistory } from "../stock/snapshot/decide-history.ts";
import { decodeSnapshotDetail } from "../stock/snapshot/decode-snapshot-detail.ts";
import {
  insertSnapshot,
  judgeSnapshot,
  latestSnapshots,
  listSnapshots,
  readSnapshot,
  type SnapshotRow,
} from "../stock/snapshot/snapshot-statements.ts";
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

const LIST_MAX = 1_000;
/** Milliseconds between two looks whether the reading has ended. */
const LOOK_EVERY_MS = 500;
const WAIT_MAX_S = 3_600;

interface NowOptions extends CommonOptions {
  readonly full?: boolean;
  readonly part?: string;
  readonly wait: string;
}

/** `erpsync stock snapshot now | list | release | reject`. */
export function registerStockSnapshot(stock: Command, terminal: Terminal): void {
  const snapshot = stock.command("snapshot").description("readings of the ERP's stock");
  registerNow(snapshot, terminal);
  withCommonOptions(snapshot.command("list"))
    .description("the latest readings, what they named and changed, and why one is held")
    .option("--limit <n>", "at most so many", "20")
    .action(async (options: CommonOptions & { readonly limit: string }) => {
      const limit = parseCount("--limit", options.limit, LIST_MAX);
      await withDatabase(options, async (db) => {
        const rows = await listSnapshots(db, limit);
        say(terminal, options, rows.map(jsonOf), rows.length === 0 ? [NONE] : rows.flatMap(sentences));
      });
    });
  registerJudgement(
    snapshot,
    terminal,
    "release",
    "let the next reading pass that is no worse than this one",
  );
  registerJudgement(snapshot, terminal, "reject", "go on as if this reading had not been");
}

const NONE = "The ERP's stock was never read. Set stock.owner: erp, and run the role feed.";

function registerNow(snapshot: Command, terminal: Terminal): void {
  withCommonOptions(snapshot.command("now"))
    .description("ask the running sidecar to read the ERP's stock now")
    .option("--full", "all of it, also where deltas are read in between")
    .option("--part <name>", "this partition; needed where there are several")
    .option("--wait <seconds>", "how long to wait for the outcome", "60")
    .action(async (options: NowOptions) => {
      const waitMs = parseCount("--wait", options.wait, WAIT_MAX_S) * 1_000;
      await withDatabase(options, async (db, { stock }) => {
        const id = await ask(db, stock, options);
        const row = await awaitEnd(db, id, waitMs);
        if (row === undefined || row.state === "asked") {
          say(terminal, options, { id, state: row?.state ?? "asked" }, [
            `Nobody has taken reading ${String(id)} up yet. It is made as soon as a sidecar with the role feed runs, and the ERP can be reached.`,
          ]);
          terminal.fail();
          return;
        }
        say(terminal, options, jsonOf(row), sentences(row));
        if (row.state === "held" || row.state === "failed") terminal.fail();
      });
    });
}

async function ask(
  db: Database,
  rules: ScheduleRules & { readonly owner: string },
  options: NowOptions,
): Promise<number> {
  if (rules.owner !== "erp") {
    throw new UsageError("The shop owns its stock (stock.owner: shop), so the ERP's is not read");
  }
  const part = parsePart(rules, options.part);
  const { history } = decideHistory(part, await latestSnapshots(db));
  if (history.isHeld) {
    throw new UsageError(
      'A reading is held, and nothing is read until it is judged: "erpsync stock snapshot list"',
    );
  }
  // Who asks twice waits for the same one.
  return (
    history.asked?.id ??
    (await insertSnapshot(db, { kind: options.full === true ? "full" : "delta", part, state: "asked" }))
  );
}

function parsePart(rules: ScheduleRules, text: string | undefined): string {
  const parts = partsOf(rules);
  const [only = ""] = parts;
  const part = text ?? (parts.length === 1 ? only : undefined);
  if (part !== undefined && parts.includes(part)) return part;
  throw new UsageError(
    only === ""
      ? "--part: stock.partitions names none, so all is read at once"
      : `--part: say which of ${parts.join(", ")}`,
  );
}

/** The reading as it is when it has ended, or when the time is over. */
async function awaitEnd(db: Database, id: number, waitMs: number): Promise<SnapshotRow | undefined> {
  const deadlineMs = systemClock.monotonicMs() + waitMs;
  for (;;) {
    const row = await readSnapshot(db, id);
    const isOpen = row?.state === "asked" || row?.state === "running";
    if (!isOpen || systemClock.monotonicMs() >= deadlineMs) return row;
    await systemSleep(LOOK_EVERY_MS);
  }
}

function registerJudgement(
  snapshot: Command,
  terminal: Terminal,
  word: "release" | "reject",
  description: string,
): void {
  withActionOptions(snapshot.command(`${word} <id>`))
    .description(description)
    .action(async (text: string, options: ActionOptions) => {
      const id = parseCount("<id>", text, 999_999_999);
      const { actor, reason } = options;
      await withDatabase(options, async (db) => {
        const state = word === "release" ? "released" : "rejected";
        const isDone = await inTransaction(db, async (tx) => {
          if (!(await judgeSnapshot(tx, id, state, `${actor}: ${reason}`))) return false;
          const subject = `stock-snapshot:${text}`;
          await insertActions(tx, [{ actor, action: `stock.snapshot.${word}`, subject, reason }]);
          return true;
        });
        if (!isDone) throw new UsageError(`Reading ${text} is not held; see "erpsync stock snapshot list"`);
        say(terminal, options, { id, state }, [AFTERWARDS[word]]);
      });
    });
}

const AFTERWARDS = {
  release: "Released. The next reading is made at once, and applied if it is no worse than this one.",
  reject: "Rejected. The next reading comes in its time, and is held again if it looks the same.",
} as const;

function jsonOf({ ageMs: _, detail, ...row }: SnapshotRow): unknown {
  const { carried: _carried, ...examples } = decodeSnapshotDetail(detail);
  return { ...row, ...examples };
}

function sentences(row: SnapshotRow): readonly string[] {
  const { absent, changed, id, items, kind, part, reason, startedAt, state, unknown, waiting } = row;
  const name = part === "" ? kind : `${kind}, ${part}`;
  const counts = [
    counted(items, "item"),
    `${counted(changed, "row")} written`,
    ...(waiting === 0 ? [] : [`${String(waiting)} waiting`]),
    ...(unknown === 0 ? [] : [`${String(unknown)} unknown`]),
    ...(absent === 0 ? [] : [`${String(absent)} absent`]),
  ].join(", ");
  const head = `${String(id)}  ${startedAt.slice(0, 19)} UTC  ${name}  ${state.toUpperCase()}: ${counts}`;
  return [
    head,
    ...(reason === null ? [] : [`    ${reason}`]),
    ...exampleSentences(row).map((line) => `    ${line}`),
  ];
}

function exampleSentences({ detail }: SnapshotRow): readonly string[] {
  const { absent, doubled, unfit, unknown, waiting } = decodeSnapshotDetail(detail);
  const list = (says: string, items: readonly string[]): readonly string[] =>
    items.length === 0 ? [] : [`${says}: ${items.join(", ")}`];
  return [
    ...list("Not mapped to any product", unknown),
    ...list("Mapped to several products, so left alone", doubled),
    ...list("Mapped to a row that is not ours to set, so left alone", unfit),
    ...list("Mapped, but not named by the ERP, so left alone", absent),
    ...list(
      "Waiting for the next reading",
      waiting.map(({ because, item }) => `${item} (${because})`),
    ),
  ];
}
