import { inflateRawSync } from "node:zlib";
import type { World } from "./world.ts";

/**
 * Where any of these words stand in erpsync's tables, as `table.column: word`: in every column that holds text or bytes,
 * inflated where it was deflated, in any case.
 */
export async function findInTables(world: World, words: readonly string[]): Promise<readonly string[]> {
  const columns = await world.rows<{ table: string; column: string }>(
    `SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\` FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME LIKE ? AND (DATA_TYPE LIKE '%char%' OR DATA_TYPE LIKE '%text'
       OR DATA_TYPE LIKE '%blob' OR DATA_TYPE LIKE '%binary' OR DATA_TYPE = 'json')`,
    [world.database, `${world.prefix}erpsync\\_%`],
  );
  const found = new Set<string>();
  for (const { column, table } of columns) {
    const rows = await world.rows<{ value: unknown }>("SELECT ?? AS value FROM ?? WHERE ?? IS NOT NULL", [
      column,
      table,
      column,
    ]);
    for (const { value } of rows) {
      for (const text of textsOf(value)) {
        const small = text.toLowerCase();
        for (const word of words) {
          if (small.includes(word.toLowerCase()))
            found.add(`${table.slice(world.prefix.length)}.${column}: ${word}`);
        }
      }
    }
  }
  return [...found].sort();
}

/** A value as it is, and as what it was deflated from. */
function textsOf(value: unknown): readonly string[] {
  if (!Buffer.isBuffer(value)) return [typeof value === "string" ? value : JSON.stringify(value)];
  const raw = value.toString("utf8");
  try {
    return [raw, inflateRawSync(value).toString("utf8")];
  } catch {
    return [raw];
  }
}
