import type { ObservedRow, PassReason } from "../../domain/stock.ts";
import type { Database, Tx } from "../../platform/database.ts";
import { inTransaction } from "../../platform/transaction.ts";
import { takeInLines } from "./book-lines.ts";
import { ALL_ROWS, decidePassStep, decideReason, isReset, type Pass } from "./decide-pass.ts";
import { insertInboxMark } from "./ledger-statements.ts";
import {
  beginPass,
  countChecks,
  finishPasses,
  forgetLinesAfter,
  insertCheck,
  insertPass,
  lacksFirstPass,
  lockFreeRows,
  lockRow,
  notePass,
  pageRecentOrders,
  pageStockRows,
  readHighest,
  readOpenPasses,
  readOpenRowIds,
} from "./pass-statements.ts";

/** Sizes of a pass: a chunk's rows are held for the time of one commit. */
export const PASS_LIMITS = {
  chunkRows: 250,
  /** Checks that may be on their way through the binlog. */
  unreadChecks: 4,
  ordersEach: 200,
  /** Lines of so many days are taken in, so that what becomes of them later is understood. */
  days: 90,
  forgetEach: 2_000,
} as const;

/** What a step of a pass came to: `idle` where there is no pass, `wait` where the binlog has to come first. */
export type PassProgress =
  | { readonly kind: "idle" }
  | { readonly kind: "wait" | "went"; readonly reason: PassReason };

/**
 * Takes the next step of the pass that is under way. Each is a transaction of its own, and one that is repeated after a
 * crash does no harm: what was observed twice is the same the second time, or moved as the binlog tells.
 */
export async function passStep(db: Database): Promise<PassProgress> {
  const open = await readOpenPasses(db);
  const [pass] = open;
  if (pass === undefined) {
    if (!(await lacksFirstPass(db))) return { kind: "idle" };
    await insertPass(db, "first", null);
    return { kind: "went", reason: "first" };
  }
  const { reason } = pass;
  const step = decidePassStep(pass, await countChecks(db, pass.id), PASS_LIMITS.unreadChecks);
  switch (step.kind) {
    case "begin":
      await begin(db, pass, open);
      return { kind: "went", reason };
    case "take-in":
      await takeIn(db, pass, step.fromOrder);
      return { kind: "went", reason };
    case "walk":
      await walk(db, pass, step.fromRow);
      return { kind: "went", reason };
    case "wait":
      return { kind: "wait", reason };
  }
}

/** A pass that was asked for gets its place, and takes over what an unfinished one had to do. */
async function begin(db: Database, pass: Pass, open: readonly Pass[]): Promise<void> {
  await inTransaction(db, async (tx) => {
    const reason = decideReason(
      pass.reason,
      open.map((one) => one.reason),
    );
    const older = open[1];
    if (older !== undefined) await finishPasses(tx, older.id);
    await beginPass(tx, { id: pass.id, reason }, (await insertInboxMark(tx)) * 1_000);
    if (!isReset(reason)) await notePass(tx, pass.id, { nextOrder: null });
  });
}

async function takeIn(db: Database, pass: Pass, fromOrder: number): Promise<void> {
  if (pass.reason === "restored" && fromOrder === 0) await forgetVanished(db);
  const { days, ordersEach } = PASS_LIMITS;
  const orderIds = await pageRecentOrders(db, fromOrder, days, ordersEach);
  const last = orderIds.at(-1);
  const nextOrder = last === undefined || orderIds.length < ordersEach ? null : last + 1;
  await takeInLines(db, orderIds, pass, (tx) => notePass(tx, pass.id, { nextOrder }));
}

async function forgetVanished(db: Database): Promise<void> {
  const { lastLine } = await readHighest(db);
  const { forgetEach } = PASS_LIMITS;
  const forget = () => inTransaction(db, (tx) => forgetLinesAfter(tx, lastLine, forgetEach));
  while ((await forget()) === forgetEach);
}

/**
 * Observes the next rows. Those that somebody holds are observed one by one, each while no other is held: only who holds
 * nothing may wait.
 */
async function walk(db: Database, pass: Pass, fromRow: number): Promise<void> {
  const { chunkRows } = PASS_LIMITS;
  const page = await pageStockRows(db, fromRow, chunkRows);
  const isLast = page.length < chunkRows;
  const upTo = isLast ? ALL_ROWS : (page.at(-1) ?? ALL_ROWS);
  const there = new Set(page);
  const gone = (await readOpenRowIds(db, fromRow, upTo)).filter((id) => !there.has(id));
  const held = await inTransaction(db, async (tx) => {
    const rows = page.length === 0 ? [] : await lockFreeRows(tx, page);
    const seen = new Set(rows.map(({ row }) => row));
    const rest = page.filter((id) => !seen.has(id));
    const isWhole = rest.length === 0;
    await check(tx, pass, { rows, gone, isLast: isLast && isWhole });
    if (isWhole) await notePass(tx, pass.id, { nextRow: upTo });
    return rest;
  });
  for (const id of held) {
    await inTransaction(db, async (tx) => {
      const row = await lockRow(tx, id);
      await check(tx, pass, { rows: row === undefined ? [] : [row], gone: [], isLast: false });
    });
  }
  if (held.length === 0) return;
  await inTransaction(db, async (tx) => {
    if (isLast) await check(tx, pass, { rows: [], gone: [], isLast });
    await notePass(tx, pass.id, { nextRow: upTo });
  });
}

async function check(
  tx: Tx,
  pass: Pass,
  seen: {
    readonly rows: readonly ObservedRow[];
    readonly gone: readonly number[];
    readonly isLast: boolean;
  },
): Promise<void> {
  const { lastDeclared, lastLine, lastOrder } = await readHighest(tx);
  await insertCheck(tx, { pass: pass.id, lastLine, observed: { ...seen, lastOrder, lastDeclared } });
}
