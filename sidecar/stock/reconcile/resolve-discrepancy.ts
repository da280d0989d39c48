import { UsageError } from "../../domain/errors.ts";
import type { StockWrite } from "../../domain/stock.ts";
import type { Database, Tx } from "../../platform/database.ts";
import { inTransaction } from "../../platform/transaction.ts";
import { decodeDetail } from "../history/decode-discrepancy.ts";
import {
  type Discrepancy,
  lockDiscrepancy,
  readMovedSince,
  readRowState,
  resolveDiscrepancies,
} from "../history/discrepancy-statements.ts";
import type { Guard, WriteOutcome } from "../writer/decide-writes.ts";
import { findSources } from "../writer/writer-statements.ts";
import { readOrdersUnderWay } from "./reconcile-statements.ts";

/** A person's choice: whose figure is right. */
export interface Choice {
  readonly id: number;
  readonly side: "shop" | "erp";
  readonly reason: string;
  readonly actor: string;
}

/** What came of it. */
export interface Resolved {
  readonly id: number;
  readonly side: "shop" | "erp";
  /** The write that took the ERP's figure over; null where nothing had to be written. */
  readonly writeId: number | null;
  /** What a person has still to do; null where nothing. */
  readonly remains: string | null;
}

/** What resolving needs of others. */
export interface ResolveDeps {
  readonly db: Database;
  /** The writer; see `applyWrites`. */
  readonly apply: (writes: readonly StockWrite[], guard: Guard) => Promise<readonly WriteOutcome[]>;
  /** Records what a person did, in the transaction of it. */
  readonly record: (
    tx: Tx,
    action: {
      readonly actor: string;
      readonly action: string;
      readonly subject: string;
      readonly reason: string;
    },
  ) => Promise<void>;
  /** Snapshots set the row: the shop's figure stays only until the next one. */
  readonly erpOwns: boolean;
}

/**
 * Resolves a discrepancy once. Side `erp` takes the ERP's figure over, as a write that can be undone. It is the difference
 * of the comparison that is written, not the figure, so that what was sold since stays sold. Side `shop` leaves the row
 * alone and records that the ERP is to be changed by a person.
 * @throws UsageError where it is resolved already, where no figure of the ERP was compared, and while the row is in motion.
 */
export async function resolveDiscrepancy(deps: ResolveDeps, choice: Choice): Promise<Resolved> {
  return await inTransaction(deps.db, async (tx) => {
    const found = await lockDiscrepancy(tx, choice.id);
    const open = requireOpen(found, choice.id);
    const writeId = choice.side === "erp" ? await takeErpFigure(deps, tx, open, choice) : null;
    await resolveDiscrepancies(tx, [open.id], choice.side);
    const remains = choice.side === "shop" ? toBeChanged(open, deps.erpOwns) : null;
    await deps.record(tx, {
      actor: choice.actor,
      action: "stock.resolve",
      subject: `discrepancy:${String(open.id)}`,
      reason: [choice.reason, choice.side === "erp" ? "the ERP's figure was taken" : remains]
        .filter((part) => part !== null)
        .join("; "),
    });
    return { id: open.id, side: choice.side, writeId, remains };
  });
}

function requireOpen(found: Discrepancy | undefined, id: number): Discrepancy {
  if (found === undefined) throw new UsageError(`There is no discrepancy ${String(id)}`);
  if (found.resolvedAt !== null) {
    throw new UsageError(
      `Discrepancy ${String(id)} was resolved at ${found.resolvedAt.slice(0, 19)} UTC (${found.resolution ?? "?"})`,
    );
  }
  return found;
}

/** The writer works on a connection of its own; repeated after a deadlock it finds its source written. */
async function takeErpFigure(
  deps: ResolveDeps,
  tx: Tx,
  open: Discrepancy,
  choice: Choice,
): Promise<number | null> {
  const { erpUnits, shopUnits } = open;
  if (erpUnits === null || shopUnits === null) {
    throw new UsageError(
      `Discrepancy ${String(open.id)} holds no figure of the ERP; "erpsync reconcile stock" compares the row, or resolve it with --side shop`,
    );
  }
  const source = `discrepancy:${String(open.id)}`;
  // A process that died between write and resolution has left the one without the other.
  const written = (await findSources(tx, [source])).get(source);
  if (written !== undefined) return written;
  const expectedUnits = await requireAtRest(tx, open);
  const delta = erpUnits - shopUnits;
  if (delta === 0) return null;
  const [outcome] = await deps.apply(
    [
      {
        ...{ row: open.row, delta, cause: "correction", source, orderId: null, undoes: null, expectedUnits },
        ...{ actor: choice.actor, reason: choice.reason },
      },
    ],
    "settled",
  );
  return writeIdOf(outcome, open.id);
}

function writeIdOf(outcome: WriteOutcome | undefined, id: number): number {
  switch (outcome?.kind) {
    case "written":
    case "known":
      return outcome.id;
    case "gone":
      throw new UsageError(`The stock row of discrepancy ${String(id)} is gone, or is not ours to write`);
    case "busy":
    case "unread":
    case undefined:
      throw new UsageError(
        `The stock row of discrepancy ${String(id)} is being sold or read just now; try again in a moment`,
      );
  }
}

/**
 * The difference is the comparison's. It still holds if only sales, which both sides hear of, moved the row since.
 * Returns the ledger's position, on which that is decided.
 */
async function requireAtRest(tx: Tx, open: Discrepancy): Promise<number> {
  const state = await readRowState(tx, open.row);
  if (state === undefined) {
    throw new UsageError(`The ledger does not know the stock row of discrepancy ${String(open.id)} any more`);
  }
  if (state.isUnsettled) {
    throw new UsageError(
      `The stock row of discrepancy ${String(open.id)} is in motion: the ledger has still to explain it; try again in a moment`,
    );
  }
  const orders = await readOrdersUnderWay(tx, [open.row]);
  if (orders.length > 0) {
    throw new UsageError(
      `Order ${orders.map(({ orderId }) => String(orderId)).join(", ")} takes from the stock row of discrepancy ${String(open.id)} and is on its way to the ERP; try again when it is there`,
    );
  }
  const { movement = 0 } = decodeDetail(open.detail);
  const since = await readMovedSince(tx, open.row, movement);
  const others = since.filter((cause) => !BOTH_SIDES_HEAR.has(cause));
  if (others.length > 0) {
    throw new UsageError(
      `The stock row of discrepancy ${String(open.id)} was moved since it was compared (${others.join(", ")}); "erpsync reconcile stock" compares it anew`,
    );
  }
  return state.position;
}

const BOTH_SIDES_HEAR: ReadonlySet<string> = new Set(["sale", "edit", "cancellation", "return", "parent"]);

function toBeChanged({ erpUnits, shopUnits }: Discrepancy, erpOwns: boolean): string | null {
  if (erpUnits === null || shopUnits === null) return null;
  const by = shopUnits - erpUnits;
  const change = `the ERP's figure is to be changed by a person: by ${by > 0 ? "+" : ""}${String(by)}`;
  return erpOwns ? `${change}, before the next snapshot sets the shop's row to it` : change;
}
