import type { PassReason } from "../../domain/stock.ts";
import type { Tx } from "../../platform/database.ts";
import { type InboxFacts, type NewMovement, placeOf } from "./decide-booking.ts";
import { type CheckedRows, decideCheck, decideReason, type ReadCheck } from "./decide-pass.ts";
import { decodeObserved } from "./decode-facts.ts";
import {
  insertMovements,
  readLedgerRows,
  touchOwing,
  touchRows,
  upsertBroken,
  upsertLedgerRows,
} from "./ledger-statements.ts";
import {
  deleteChecks,
  finishPasses,
  insertPass,
  type RawCheck,
  readChecks,
  readOpenPasses,
  resetLines,
} from "./pass-statements.ts";

/** What checks came to. */
export interface BookChecksResult {
  /** Rows that stood elsewhere than the ledger had them. */
  readonly rows: readonly number[];
  readonly movements: readonly NewMovement[];
  /** A pass all of whose checks are booked now. */
  readonly finished: { readonly id: number; readonly reason: PassReason } | undefined;
}

/** Books the checks that the binlog told of, and removes them. One that is told a second time is not there any more. */
export async function bookChecks(tx: Tx, batch: readonly InboxFacts[]): Promise<BookChecksResult> {
  const rows: number[] = [];
  const movements: NewMovement[] = [];
  let finished: BookChecksResult["finished"];
  for (const { committedAt, facts, id } of batch) {
    for (const [index, fact] of facts.entries()) {
      if (fact.kind !== "check" || fact.ids.length === 0) continue;
      for (const raw of await readChecks(tx, fact.ids)) {
        const booked = await bookCheck(tx, readCheck(raw, placeOf(id, index), committedAt));
        rows.push(...booked.rows);
        movements.push(...booked.movements);
        finished = (await finish(tx, raw)) ?? finished;
      }
      await deleteChecks(tx, fact.ids);
    }
  }
  return { rows, movements, finished };
}

function readCheck(raw: RawCheck, changeId: number, committedAt: string): ReadCheck {
  const { lastLine, madeAt, reason } = raw;
  const observed = decodeObserved(raw.observed);
  const pass = reason === null ? undefined : { reason, changeId: raw.changeId ?? changeId };
  return { changeId, committedAt, madeAt, lastLine, observed, pass };
}

async function bookCheck(tx: Tx, check: ReadCheck): Promise<Pick<BookChecksResult, "rows" | "movements">> {
  const ids = [...check.observed.rows.map(({ row }) => row), ...check.observed.gone];
  if (ids.length === 0) return { rows: [], movements: [] };
  const known = new Map((await readLedgerRows(tx, ids)).map((row) => [row.row, row]));
  const checked = decideCheck(check, known);
  await writeChecked(tx, check, checked);
  const moved = [...new Set(checked.movements.map(({ row }) => row))];
  if (moved.length > 0) await touchRows(tx, moved);
  return { rows: moved, movements: checked.movements };
}

async function writeChecked(tx: Tx, check: ReadCheck, checked: CheckedRows): Promise<void> {
  if (checked.movements.length > 0) await insertMovements(tx, checked.movements);
  if (checked.rows.length > 0) await upsertLedgerRows(tx, checked.rows);
  if (checked.broken.length > 0) await upsertBroken(tx, checked.broken, check.pass?.reason ?? "verify");
  if (checked.reset.length > 0) {
    await resetLines(tx, checked.reset, check.lastLine, check.pass?.changeId ?? 0);
    // A line that was told of before its row was known touched nobody.
    await touchOwing(tx, checked.reset);
  }
}

async function finish(tx: Tx, raw: RawCheck): Promise<BookChecksResult["finished"]> {
  if (raw.reason === null || !decodeObserved(raw.observed).isLast) return undefined;
  const [newest] = await readOpenPasses(tx);
  // One that began since has to look at all rows again.
  if (newest?.id !== raw.pass) return undefined;
  await finishPasses(tx, raw.pass);
  return { id: raw.pass, reason: raw.reason };
}

/** A gap: all rows are to be read anew, from here on. A pass that is under way lost what it had observed. */
export async function bookGap(tx: Tx, batch: readonly InboxFacts[]): Promise<void> {
  for (const { facts, id } of batch) {
    for (const [index, fact] of facts.entries()) {
      if (fact.kind !== "gap") continue;
      const open = await readOpenPasses(tx);
      const reason = decideReason(
        fact.reason,
        open.map((pass) => pass.reason),
      );
      const [newest] = open;
      if (newest !== undefined) await finishPasses(tx, newest.id);
      await insertPass(tx, reason, placeOf(id, index));
    }
  }
}
