import { sql } from "kysely";
import type { ErpRef } from "../domain/ids.ts";
import type { Entry, EntryKind } from "../domain/mapping-entry.ts";
import { type Database, type Tx, utcNow } from "../platform/database.ts";

/**
 * Raises the revision of a kind, before its entries are read to be changed: imports of a kind come one after the other,
 * and every process reads the entries anew.
 * Locks: X on the kind's row, so that a second import waits.
 * Reads: the primary key.
 */
export async function raiseEntryRevision(tx: Tx, kind: EntryKind): Promise<void> {
  await tx
    .insertInto("erpsync_mapping_revision")
    .values({ kind, revision: 1, changed_at: utcNow })
    .onDuplicateKeyUpdate({ revision: sql<number>`revision + 1`, changed_at: utcNow })
    .execute();
}

/**
 * The revision of each kind that was ever imported.
 * Locks: none.
 * Reads: the whole table, a row a kind.
 */
export async function readEntryRevisions(db: Database): Promise<ReadonlyMap<EntryKind, number>> {
  const rows = await db.selectFrom("erpsync_mapping_revision").select(["kind", "revision"]).execute();
  return new Map(rows.map((row) => [row.kind as EntryKind, row.revision]));
}

/**
 * All entries of a kind, in the order of selector and day.
 * Locks: none.
 * Reads: the primary key, one range.
 */
export async function readEntries(db: Database, kind: EntryKind): Promise<readonly Entry[]> {
  const rows = await db
    .selectFrom("erpsync_mapping_entry")
    .select(["selector", "first_day", "last_day", "erp_ref"])
    .where("kind", "=", kind)
    .orderBy("selector")
    .orderBy("first_day")
    .execute();
  return rows.map((row) => ({
    kind,
    selector: JSON.parse(row.selector) as readonly string[],
    firstDay: row.first_day,
    lastDay: row.last_day,
    ref: row.erp_ref as ErpRef,
  }));
}

/**
 * Writes entries; one with the same selector and first day is replaced.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function upsertEntries(tx: Tx, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx
    .replaceInto("erpsync_mapping_entry")
    .values(
      entries.map((entry) => ({
        kind: entry.kind,
        selector: JSON.stringify(entry.selector),
        first_day: entry.firstDay,
        last_day: entry.lastDay,
        erp_ref: entry.ref,
        updated_at: utcNow,
      })),
    )
    .execute();
}

/**
 * Deletes entries of one kind, by selector and first day.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteEntries(tx: Tx, kind: EntryKind, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx
    .deleteFrom("erpsync_mapping_entry")
    .where("kind", "=", kind)
    .where((eb) =>
      eb.or(
        entries.map((entry) =>
          eb("selector", "=", JSON.stringify(entry.selector)).and("first_day", "=", entry.firstDay),
        ),
      ),
    )
    .execute();
}
