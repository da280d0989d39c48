import { chunksOf } from "../../domain/chunks.ts";
import type { Tx } from "../../platform/database.ts";
import type { LedgerRow } from "./decide-booking.ts";
import { readLedgerRows } from "./ledger-statements.ts";

/** Rows of one statement. */
const CHUNK = 500;

/** The rows of the ledger with these ids, by id; each is read once, and those that it does not know are left out. */
export async function readRows(tx: Tx, ids: Iterable<number>): Promise<ReadonlyMap<number, LedgerRow>> {
  const rows = new Map<number, LedgerRow>();
  for (const chunk of chunksOf([...new Set(ids)], CHUNK)) {
    for (const row of await readLedgerRows(tx, chunk)) rows.set(row.row, row);
  }
  return rows;
}
