import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { customerSubject, shopCustomerId } from "../domain/ids.ts";
import { mappingKey } from "../domain/job.ts";
import { ENTRY_KINDS, type EntryKind } from "../domain/mapping-entry.ts";
import { insertActions } from "../ops/action-statements.ts";
import { FILE_KINDS, type FileKind } from "../orders/decode-mappings.ts";
import { MappingFileError, readMappingFile, writeMappingPage } from "../orders/mapping-file.ts";
import { type Mapping, pageMappings, readMappings, upsertMappings } from "../orders/mapping-statements.ts";

import type { Database } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { raiseWorkingGenerations, readyWaitingJobs } from "../queue/statements.ts";
import {
  type CommonOptions,
  counted,
  say,
  type Terminal,
  withActionOptions,
  withCommonOptions,
  withDatabase,
} from "./command-line.ts";
import { registerMappingCheck } from "./mapping-check.ts";
import { entryPages, type ImportOptions, importEntryFile } from "./mapping-entries.ts";

/** Rows of one transaction, or of one page of an export. */
const BATCH_ROWS = 500;

const ALL_KINDS = [...FILE_KINDS, ...ENTRY_KINDS] as const;

/** `erpsync mapping import | export | check`. */
export function registerMapping(program: Command, terminal: Terminal): void {
  const mapping = program.command("mapping").description("what is which in the ERP");
  withActionOptions(mapping.command("import <kind> <file>"), "import")
    .option("--replace", "the file is the whole list of the kind: entries that it does not hold are removed")
    .description(`read a CSV file of ${ALL_KINDS.join(", ")}; "export" shows its columns`)
    .action(async (kind: string, file: string, options: ImportOptions) => {
      const known = parseKind(kind);
      const text = await readText(file);
      if (known.sort === "entry") await importEntryFile(terminal, known.kind, text, { ...options, file });
      else await importMappingFile(terminal, known.kind, text, { ...options, file });
    });
  withCommonOptions(mapping.command("export <kind> [file]"))
    .description("write the mappings of a kind as CSV, to the terminal without a file")
    .action(async (kind: string, file: string | undefined, options: CommonOptions) => {
      const known = parseKind(kind);
      await withDatabase(options, async (db) => {
        const text = known.sort === "entry" ? entryPages(db, known.kind) : pages(db, known.kind);
        if (file !== undefined) {
          await pipeline(text, createWriteStream(file, { mode: 0o600 }));
          return;
        }
        for await (const page of text) terminal.out(page);
      });
    });
  registerMappingCheck(mapping, terminal);
}

type Kind =
  | { readonly sort: "mapping"; readonly kind: FileKind }
  | { readonly sort: "entry"; readonly kind: EntryKind };

function parseKind(text: string): Kind {
  const mapping = FILE_KINDS.find((one) => one === text);
  if (mapping !== undefined) return { sort: "mapping", kind: mapping };
  const entry = ENTRY_KINDS.find((one) => one === text);
  if (entry !== undefined) return { sort: "entry", kind: entry };
  throw new UsageError(`"${text}" cannot be mapped; use one of ${ALL_KINDS.join(", ")}`);
}

async function readText(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => {
    throw new UsageError(`${file} cannot be read: give the path of a CSV file`);
  });
}

async function importMappingFile(
  terminal: Terminal,
  kind: FileKind,
  text: string,
  options: ImportOptions & { readonly file: string },
): Promise<void> {
  if (options.replace === true) {
    throw new UsageError(`--replace is for ${ENTRY_KINDS.join(", ")}; no ${kind} is unmapped by a list`);
  }
  const { mappings, faults } = readMappingFile(kind, text);
  if (faults.length > 0) throw new MappingFileError(options.file, faults);
  await withDatabase(options, async (db) => {
    const count = await importMappings(db, mappings, options);
    say(terminal, options, count, [
      `${counted(count.added, "mapping")} added, ${String(count.changed)} changed, ${String(count.same)} the same; ${counted(count.freed, "waiting job")} freed.`,
    ]);
  });
}

interface ImportCount {
  readonly added: number;
  readonly changed: number;
  readonly same: number;
  readonly freed: number;
}

/**
 * A job that waits for a mapping, or an order that waits for its customer, goes on in the same commit. One that was
 * being worked meanwhile and did not see the row yet is looked at again: that needs a second look after the commit.
 */
async function importMappings(
  db: Database,
  mappings: readonly Mapping[],
  by: { readonly actor: string; readonly reason: string; readonly file: string },
): Promise<ImportCount> {
  const total = { added: 0, changed: 0, same: 0, freed: 0 };
  for (let from = 0; from < mappings.length; from += BATCH_ROWS) {
    const batch = mappings.slice(from, from + BATCH_ROWS);
    const count = await inTransaction(db, (tx) => importBatch(tx, batch, by));
    await inTransaction(db, async (tx) => {
      await raiseWorkingGenerations(tx);
      total.freed += await readyWaitingJobs(tx, batch.map(waitedFor));
    });
    total.added += count.added;
    total.changed += count.changed;
    total.same += batch.length - count.added - count.changed;
    total.freed += count.freed;
  }
  return total;
}

async function importBatch(
  tx: Parameters<typeof upsertMappings>[0],
  batch: readonly Mapping[],
  by: { readonly actor: string; readonly reason: string; readonly file: string },
): Promise<{ readonly added: number; readonly changed: number; readonly freed: number }> {
  const known = await readMappings(tx, batch);
  const before = (mapping: Mapping): Mapping | undefined => known.get(`${mapping.kind}:${mapping.shopKey}`);
  const added = batch.filter((mapping) => before(mapping) === undefined);
  const changed = batch.filter((mapping) => isChanged(before(mapping), mapping));
  await upsertMappings(tx, [...added, ...changed]);
  if (added.length + changed.length > 0) {
    const reason = `${by.reason} (${by.file})`;
    const action = { actor: by.actor, reason, action: "mapping.import", subject: batch[0]?.kind ?? "" };
    await insertActions(tx, [action]);
  }
  const freed = await readyWaitingJobs(tx, batch.map(waitedFor));
  return { added: added.length, changed: changed.length, freed };
}

function isChanged(before: Mapping | undefined, mapping: Mapping): boolean {
  return before !== undefined && (before.ref !== mapping.ref || before.externalId !== mapping.externalId);
}

/** An order waits for its customer as a subject, and for a product as a mapping. */
function waitedFor(mapping: Mapping): string {
  return mapping.kind === "customer"
    ? customerSubject(shopCustomerId(Number(mapping.shopKey)))
    : mappingKey(mapping.kind, mapping.shopKey);
}

async function* pages(db: Database, kind: FileKind): AsyncGenerator<string> {
  let afterKey = "";
  for (let isFirst = true; ; isFirst = false) {
    const rows = await pageMappings(db, kind, afterKey, BATCH_ROWS);
    if (isFirst || rows.length > 0) yield writeMappingPage(rows, isFirst);
    if (rows.length < BATCH_ROWS) return;
    afterKey = rows.at(-1)?.shopKey ?? afterKey;
  }
}
