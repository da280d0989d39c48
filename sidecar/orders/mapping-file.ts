import { CsvError, parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { type RetryAdvice, SidecarError } from "../domain/errors.ts";
import type { EntryKind } from "../domain/mapping-entry.ts";
import { decodeEntries, type EntryFile } from "./decode-entries.ts";
import {
  decodeMappings,
  type FileKind,
  type FileRow,
  MAPPING_HEADER,
  type MappingFile,
} from "./decode-mappings.ts";

/** What csv-parse gives with `info`. */
interface ParsedRow {
  readonly info: { readonly lines: number };
  readonly record: readonly string[];
}

/** A mapping file has faults; nothing of it was imported. */
export class MappingFileError extends SidecarError {
  readonly code = "E_MAPPING_FILE";
  readonly advice: RetryAdvice = { kind: "park" };
  constructor(file: string, faults: readonly string[]) {
    const count = `${String(faults.length)} ${faults.length === 1 ? "fault" : "faults"}`;
    super(`${file} has ${count}, so nothing was imported:\n- ${faults.join("\n- ")}`);
  }
}

/** Reads the text of a file of products or customers: commas or semicolons between fields, a byte order mark or none. */
export function readMappingFile(kind: FileKind, text: string): MappingFile {
  const read = readRows(text);
  return "fault" in read ? { mappings: [], faults: [read.fault] } : decodeMappings(kind, read.rows);
}

/** Reads the text of a file of entries, in the same way. */
export function readEntryFile(kind: EntryKind, text: string): EntryFile {
  const read = readRows(text);
  return "fault" in read ? { entries: [], faults: [read.fault] } : decodeEntries(kind, read.rows);
}

function readRows(text: string): { readonly rows: readonly FileRow[] } | { readonly fault: string } {
  const header = text.split("\n", 1)[0] ?? "";
  const delimiter = header.includes(";") && !header.includes(",") ? ";" : ",";
  try {
    const rows = parse(text, {
      bom: true,
      delimiter,
      skip_empty_lines: true,
      relax_column_count: true,
      trim: true,
      info: true,
    }) as unknown as readonly ParsedRow[];
    return { rows: rows.map(({ info, record }) => ({ line: info.lines, fields: record })) };
  } catch (thrown) {
    if (thrown instanceof CsvError) return { fault: thrown.message };
    throw thrown;
  }
}

/** A page of a mapping file, with the header where it is the first. */
export function writeMappingPage(
  rows: readonly { readonly shopKey: string; readonly externalId: string; readonly ref: string }[],
  isFirst: boolean,
): string {
  const lines = rows.map((row) => [row.shopKey, row.externalId, row.ref]);
  return stringify(isFirst ? [[...MAPPING_HEADER], ...lines] : lines);
}
