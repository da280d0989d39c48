import type { Database } from "../../platform/database.ts";
import { readOpenKinds } from "../history/discrepancy-statements.ts";
import type { TakenRow } from "./compare.ts";
import { type DriftCause, decideDriftCause, SUSPICIOUS_CAUSES, type Suspect } from "./decide-drift-cause.ts";
import {
  type LastOfCause,
  readLastMovements,
  readLastOfCauses,
  readSuspects,
} from "./reconcile-statements.ts";

/** Movements after which a row had the ERP's figure: what was before them explains nothing. */
const AGREEMENTS: readonly string[] = ["snapshot", "correction"];

/** A drifted row with what its ledger says of it. */
export interface ExplainedDrift {
  readonly cause: DriftCause;
  /** Highest movement of the row; 0 where it has none. */
  readonly lastMovement: number;
}

/** The probable causes of drifts, by row; for at most a few hundred rows at once. */
export async function explainDrifts(
  db: Database,
  drifts: readonly (TakenRow & { readonly excessUnits: number })[],
): Promise<ReadonlyMap<number, ExplainedDrift>> {
  const rows = drifts.map(({ row }) => row);
  if (rows.length === 0) return new Map();
  const last = await readLastOfCauses(db, rows, [...SUSPICIOUS_CAUSES, ...AGREEMENTS]);
  const suspects = await suspectsOf(db, last);
  const kinds = await readOpenKinds(db, rows);
  const movements = await readLastMovements(db, rows);
  return new Map(
    drifts.map((drift) => {
      const cause = decideDriftCause({
        excessUnits: drift.excessUnits,
        ledgerDiffers: drift.shopUnits !== drift.ledgerUnits,
        ordersUnderWay: drift.ordersUnderWay,
        suspects: suspects.filter(({ row }) => row === drift.row),
        openKinds: kinds.filter(({ row }) => row === drift.row).map(({ kind }) => kind),
      });
      return [drift.row, { cause, lastMovement: movements.get(drift.row) ?? 0 }];
    }),
  );
}

async function suspectsOf(
  db: Database,
  last: readonly LastOfCause[],
): Promise<readonly (Suspect & { readonly row: number })[]> {
  const agreedAt = new Map<number, number>();
  for (const { cause, movementId, row } of last) {
    if (AGREEMENTS.includes(cause)) agreedAt.set(row, Math.max(agreedAt.get(row) ?? 0, movementId));
  }
  const ids = last
    .filter(
      ({ cause, movementId, row }) => !AGREEMENTS.includes(cause) && movementId > (agreedAt.get(row) ?? 0),
    )
    .map(({ movementId }) => movementId);
  return ids.length === 0 ? [] : await readSuspects(db, ids);
}
