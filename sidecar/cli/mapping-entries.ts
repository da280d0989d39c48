import type { Entry, EntryKind } from "../domain/mapping-entry.ts";
import { insertActions } from "../ops/action-statements.ts";
import type { Gap, PlacedEntry } from "../orders/check-entries.ts";
import { entryKey } from "../orders/decide-mapping.ts";
import { encodeEntry, entryHeader } from "../orders/encode-entry.ts";
import { deleteEntries, raiseEntryRevision, readEntries, upsertEntries } from "../orders/entry-statements.ts";
import { MappingFileError, readEntryFile } from "../orders/mapping-file.ts";
import { type EntryImport, planEntryImport } from "../orders/plan-entry-import.ts";
import type { Database, Tx } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { raiseWorkingGenerations, readyWaitingJobs } from "../queue/statements.ts";
import { type ActionOptions, counted, say, type Terminal, withDatabase } from "./command-line.ts";

/** Options of an import. */
export interface ImportOptions extends ActionOptions {
  /** The file is the whole list of its kind. */
  readonly replace?: boolean;
}

/** Rows of one statement, or of one page of an export. */
const BATCH_ROWS = 500;

/** What an import says that it did. */
interface EntryCount extends Pick<EntryImport, "added" | "changed" | "same" | "gaps"> {
  readonly removed: number;
  readonly freed: number;
}

/** Imports a file of entries, all or nothing, and says what became of it. */
export async function importEntryFile(
  terminal: Terminal,
  kind: EntryKind,
  text: string,
  options: ImportOptions & { readonly file: string },
): Promise<void> {
  const { entries, faults } = readEntryFile(kind, text);
  if (faults.length > 0) throw new MappingFileError(options.file, faults);
  await withDatabase(options, async (db) => {
    const count = await importEntries(db, kind, entries, options);
    say(terminal, options, count, [
      `${counted(count.added, "entry", "entries")} added, ${String(count.changed)} changed, ${String(count.removed)} removed, ${String(count.same)} the same; ${counted(count.freed, "waiting job")} freed.`,
      ...tellGaps(count.gaps),
    ]);
  });
}

/** Days without an entry between entries, each with the row that would fill them. */
export function tellGaps(gaps: readonly Gap[]): readonly string[] {
  if (gaps.length === 0) return [];
  return [
    "Days without an entry between entries; a less specific one holds there, if there is one:",
    ...gaps.map((gap) => `  ${gap.firstDay} to ${gap.lastDay}: ${gap.row}`),
  ];
}

/**
 * In one transaction, so that no order is planned with half of a list. All jobs that wait for the kind go on in the same
 * commit, and those that still lack an entry wait again. One that was being worked meanwhile and did not see the entries
 * yet is looked at again: that needs a second look after the commit.
 */
async function importEntries(
  db: Database,
  kind: EntryKind,
  file: readonly PlacedEntry[],
  options: ImportOptions & { readonly file: string },
): Promise<EntryCount> {
  const { plan, freed } = await inTransaction(db, async (tx) => {
    await raiseEntryRevision(tx, kind);
    const planned = planEntryImport(await readEntries(tx, kind), file, options.replace === true);
    if (planned.faults.length > 0) throw new MappingFileError(options.file, planned.faults);
    await writeImport(tx, kind, planned);
    if (planned.write.length + planned.remove.length > 0) {
      const reason = `${options.reason} (${options.file})`;
      await insertActions(tx, [{ actor: options.actor, reason, action: "mapping.import", subject: kind }]);
    }
    return { plan: planned, freed: await readyWaitingJobs(tx, [entryKey(kind)]) };
  });
  const freedLater = await inTransaction(db, async (tx) => {
    await raiseWorkingGenerations(tx);
    return await readyWaitingJobs(tx, [entryKey(kind)]);
  });
  const { added, changed, same, gaps, remove } = plan;
  return { added, changed, same, gaps, removed: remove.length, freed: freed + freedLater };
}

async function writeImport(tx: Tx, kind: EntryKind, plan: EntryImport): Promise<void> {
  for (const batch of batches(plan.remove)) await deleteEntries(tx, kind, batch);
  for (const batch of batches(plan.write)) await upsertEntries(tx, batch);
}

function batches(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const count = Math.ceil(entries.length / BATCH_ROWS);
  return Array.from({ length: count }, (_, n) => entries.slice(n * BATCH_ROWS, (n + 1) * BATCH_ROWS));
}

/** The text of a kind's file. */
export async function* entryPages(db: Database, kind: EntryKind): AsyncGenerator<string> {
  yield `${entryHeader(kind).join(",")}\n`;
  for (const page of batches(await readEntries(db, kind))) {
    yield page.map((entry) => `${encodeEntry(entry)}\n`).join("");
  }
}
