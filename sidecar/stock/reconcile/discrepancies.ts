import type { Database } from "../../platform/database.ts";
import { type DiscrepancyDetail, decodeDetail } from "../history/decode-discrepancy.ts";
import {
  type DiscrepancyFilter,
  type DiscrepancyRow,
  listDiscrepancies,
} from "../history/discrepancy-statements.ts";
import { encodeMovement, type OwnWrite } from "../history/encode-movement.ts";
import { findWindowStart, pageMovements, readWritesBySource } from "../history/explain-statements.ts";

/** Movements of each side that are shown with a discrepancy. */
const MOVEMENTS_SHOWN = 3;

/** A discrepancy with what both sides did lately. */
export type ToldDiscrepancy = Omit<DiscrepancyRow, "detail"> & {
  readonly detail: DiscrepancyDetail;
  /** The row's last movements, the ERP's among them, the latest last. */
  readonly movements: readonly {
    readonly at: string;
    readonly delta: number;
    readonly after: number;
    readonly says: string;
  }[];
};

/** Discrepancies, the newest first, each with the last movements of its row. */
export async function tellDiscrepancies(
  db: Database,
  filter: DiscrepancyFilter,
  limit: number,
): Promise<readonly ToldDiscrepancy[]> {
  const told: ToldDiscrepancy[] = [];
  for (const { detail, ...found } of await listDiscrepancies(db, filter, limit)) {
    told.push({ ...found, detail: decodeDetail(detail), movements: await lastMovements(db, found.row) });
  }
  return told;
}

async function lastMovements(db: Database, row: number): Promise<ToldDiscrepancy["movements"]> {
  const fromId = await findWindowStart(db, row, MOVEMENTS_SHOWN);
  const movements = await pageMovements(db, row, fromId, MOVEMENTS_SHOWN);
  const sources = movements.flatMap(({ source }) => (source === null ? [] : [source]));
  const writes = sources.length === 0 ? new Map<string, OwnWrite>() : await readWritesBySource(db, sources);
  return movements.map((movement) => {
    const write = writes.get(movement.source ?? "");
    const { after, at, delta } = movement;
    const says = encodeMovement(movement, { write, repair: undefined, writer: undefined });
    return { at, delta, after, says };
  });
}
