import { CsvError, parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { type RetryAdvice, SidecarError } from "../domain/errors.ts";
import { decodeMappings, type FileKind, MAPPING_HEADER, type MappingFile } from "./decode-mappings.ts";

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

/** Reads the text of a mapping file: commas or semicolons between fields, a byte order mark or none. */
export function readMappingFile(kind: FileKind, text: string): MappingFile {
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
    return decodeMappings(
      kind,
      rows.map(({ info, record }) => ({ line: info.lines, fields: record })),
    );
  } catch (thrown) {
    if (thrown instanceof CsvError) return { mappings: [], faults: [thrown.message] };
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
