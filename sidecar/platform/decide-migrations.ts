import { SchemaError } from "../domain/errors.ts";

/** A migration file: `0001_queue.sql`. */
export interface MigrationFile {
  readonly id: number;
  readonly name: string;
  /** SHA-256 of the file's text. */
  readonly checksum: string;
  /** True where the program of the version before cannot work on the schema that it leaves. */
  readonly breaking: boolean;
  readonly statements: readonly string[];
}

/** A row of erpsync_migration. */
export interface AppliedMigration {
  readonly id: number;
  readonly checksum: string;
  /** False where a run broke off; its statements can be repeated, so it is run again. */
  readonly finished: boolean;
}

const HEADER = /^--! (additive|breaking)\n-- \S/;

/**
 * Reads a migration's text.
 * @throws SchemaError without the two header lines (`--! additive | breaking`, then what it is for).
 */
export function parseMigration(name: string, text: string, checksum: string): MigrationFile {
  const header = HEADER.exec(text);
  const id = Number(/^([0-9]{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]);
  if (header === null || !Number.isInteger(id)) {
    throw new SchemaError(
      `${name} needs a name like 0001_topic.sql and the header "--! additive" or "--! breaking"`,
    );
  }
  return { id, name, checksum, breaking: header[1] === "breaking", statements: splitStatements(text) };
}

/** Splits at semicolons that end a line; comments between statements are dropped. */
export function splitStatements(text: string): readonly string[] {
  return text
    .split(/;[ \t]*$/m)
    .map((part) => part.replaceAll(/^--.*$/gm, "").trim())
    .filter((part) => part !== "");
}

/**
 * Which migrations are still to be run, in order.
 * @throws SchemaError where the database knows more than this program, or a migration was changed after it ran.
 */
export function decidePending(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): readonly MigrationFile[] {
  const byId = new Map(files.map((file) => [file.id, file]));
  for (const row of applied) {
    const file = byId.get(row.id);
    if (file === undefined) {
      throw new SchemaError(
        `The database has migration ${String(row.id)}, which this version of erpsync does not know: install the newer version again`,
      );
    }
    if (row.finished && row.checksum !== file.checksum) {
      throw new SchemaError(`${file.name} was changed after it ran here: restore the released file`);
    }
  }
  const finished = new Set(applied.filter((row) => row.finished).map((row) => row.id));
  return files.filter((file) => !finished.has(file.id));
}
