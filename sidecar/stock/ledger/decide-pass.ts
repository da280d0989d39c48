import type { ObservedChunk, ObservedRow, PassReason } from "../../domain/stock.ts";
import type { Broken, LedgerRow, NewMovement } from "./decide-booking.ts";

/** A walk over all rows, as it stands; see the table of this name. */
export interface Pass {
  readonly id: number;
  readonly reason: PassReason;
  /** Its place in the binlog; null while it is only asked for. */
  readonly changeId: number | null;
  /** The next order whose lines are taken in; null when all are. */
  readonly nextOrder: number | null;
  readonly nextRow: number;
  /** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
  readonly begunAt: string;
}

/** `next_row` of a pass that has looked at all rows and waits for the binlog to tell it. */
export const ALL_ROWS = 4_294_967_295;

/** What a pass does next. */
export type PassStep =
  | { readonly kind: "begin" }
  | { readonly kind: "take-in"; readonly fromOrder: number }
  | { readonly kind: "walk"; readonly fromRow: number }
  /** Its last checks are still to be read from the binlog. */
  | { readonly kind: "wait" };

/** Lines are taken in before the first row is looked at: a row's figure holds what was written about them until then. */
export function decidePassStep(pass: Pass, unreadChecks: number, unreadMax: number): PassStep {
  if (pass.changeId === null) return { kind: "begin" };
  if (pass.nextOrder !== null) return { kind: "take-in", fromOrder: pass.nextOrder };
  if (pass.nextRow === ALL_ROWS || unreadChecks >= unreadMax) return { kind: "wait" };
  return { kind: "walk", fromRow: pass.nextRow };
}

/** Whether rows may stand in the shop otherwise than the binlog told, so that lines are read anew. */
export const isReset = (reason: PassReason): boolean => reason !== "verify";

/** The reason of a pass that begins while another is not finished: what that one had to do is still to be done. */
export function decideReason(reason: PassReason, unfinished: readonly PassReason[]): PassReason {
  const order: readonly PassReason[] = ["restored", "first", "gap", "verify"];
  return order.find((one) => one === reason || unfinished.includes(one)) ?? reason;
}

/** A check that the binlog told of, with its pass. */
export interface ReadCheck {
  readonly changeId: number;
  /** When it was made, by the database's clock. */
  readonly madeAt: string;
  readonly committedAt: string;
  readonly lastLine: number;
  readonly observed: ObservedChunk;
  /** The pass that it is of; undefined where it only marks its place. */
  readonly pass: { readonly reason: PassReason; readonly changeId: number } | undefined;
}

/** What a check comes to. */
export interface CheckedRows {
  /** Rows that are new or changed. */
  readonly rows: readonly LedgerRow[];
  readonly movements: readonly NewMovement[];
  readonly broken: readonly Broken[];
  /** Rows whose lines are in their figures, as far as the ledger did not see them move. */
  readonly reset: readonly number[];
}

/**
 * What was observed is true at the check's place in the binlog, so a row that is not known opens with it, and one that is
 * known moves to it. A row that is not there any more went unseen.
 */
export function decideCheck(check: ReadCheck, known: ReadonlyMap<number, LedgerRow>): CheckedRows {
  const rows: LedgerRow[] = [];
  const movements: NewMovement[] = [];
  const broken: Broken[] = [];
  const move = (row: LedgerRow, after: number, cause: "gap" | "deleted"): void => {
    const delta = after - row.position;
    const { changeId, committedAt } = check;
    const bare = { source: null, orderId: null, actor: null };
    if (delta !== 0) movements.push({ row: row.row, changeId, committedAt, delta, after, cause, ...bare });
  };
  for (const seen of check.observed.rows) {
    const row = known.get(seen.row);
    if (row === undefined) rows.push(opened(seen, check));
    else {
      move(row, seen.quantity, "gap");
      if (row.position !== seen.quantity && isReported(check)) {
        broken.push({ row: row.row, shopUnits: seen.quantity, ledgerUnits: row.position });
      }
      rows.push({ ...row, ...keysOf(seen), position: seen.quantity, closedAt: null, ...linesOf(check, row) });
    }
  }
  for (const id of check.observed.gone) {
    const row = known.get(id);
    if (row?.closedAt !== null) continue;
    move(row, 0, "deleted");
    rows.push({ ...row, position: 0, closedAt: check.madeAt });
  }
  const isResetting = check.pass !== undefined && isReset(check.pass.reason);
  return { rows, movements, broken, reset: isResetting ? check.observed.rows.map(({ row }) => row) : [] };
}

/** After a restore rows are expected to stand elsewhere, and at the first pass there is nothing to compare with. */
function isReported({ pass }: ReadCheck): boolean {
  return pass?.reason === "gap" || pass?.reason === "verify";
}

function opened(seen: ObservedRow, check: ReadCheck): LedgerRow {
  const reason = check.pass?.reason ?? "gap";
  return {
    ...keysOf(seen),
    opening: seen.quantity,
    openedAt: check.madeAt,
    openedBecause: reason === "verify" ? "gap" : reason,
    position: seen.quantity,
    lastDeclared: check.observed.lastDeclared,
    linesAfter: check.lastLine,
    linesOrder: check.observed.lastOrder,
    linesAt: check.madeAt,
    linesFrom: check.pass?.changeId ?? check.changeId,
    closedAt: null,
  };
}

function linesOf(
  check: ReadCheck,
  row: LedgerRow,
): Pick<LedgerRow, "linesAfter" | "linesOrder" | "linesAt" | "linesFrom"> {
  const { linesAfter, linesAt, linesFrom, linesOrder } = row;
  if (check.pass === undefined || !isReset(check.pass.reason)) {
    return { linesAfter, linesOrder, linesAt, linesFrom };
  }
  return {
    linesAfter: check.lastLine,
    linesOrder: check.observed.lastOrder,
    linesAt: check.madeAt,
    linesFrom: check.pass.changeId,
  };
}

function keysOf(seen: ObservedRow): Omit<ObservedRow, "quantity"> {
  const { combination, group, managed, product, row, shop } = seen;
  return { row, product, combination, shop, group, managed };
}
