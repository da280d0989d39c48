import type { World } from "./world.ts";

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly nullable: string;
  readonly initial: string | null;
  readonly extra: string;
  readonly charset: string | null;
  readonly collation: string | null;
}

interface KeyRow {
  readonly table: string;
  readonly name: string;
  readonly loose: number;
  readonly columns: string;
}

/**
 * The schema of our tables as text, a line a column and a key, the same on MariaDB and MySQL: display widths, quotes
 * and the server's own default collation are left out, because they differ and mean nothing.
 */
export async function describeSchema(world: World): Promise<string> {
  const where = "TABLE_SCHEMA = ? AND TABLE_NAME LIKE ?";
  const values = [world.database, `${world.prefix}erpsync\\_%`];
  const columns = await world.rows<ColumnRow>(
    `SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS name, COLUMN_TYPE AS type, IS_NULLABLE AS nullable,
       COLUMN_DEFAULT AS initial, EXTRA AS extra, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation
     FROM information_schema.COLUMNS WHERE ${where} ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    values,
  );
  const keys = await world.rows<KeyRow>(
    `SELECT TABLE_NAME AS \`table\`, INDEX_NAME AS name, MAX(NON_UNIQUE) AS loose,
       GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) AS columns
     FROM information_schema.STATISTICS WHERE ${where} GROUP BY TABLE_NAME, INDEX_NAME
     ORDER BY TABLE_NAME, INDEX_NAME`,
    values,
  );
  const tables = [...new Set(columns.map(({ table }) => table))];
  return tables
    .map((table) =>
      [
        `-- ${table.slice(world.prefix.length)}`,
        ...columns.filter((column) => column.table === table).map(columnLine),
        ...keys.filter((key) => key.table === table).map(keyLine),
        "",
      ].join("\n"),
    )
    .join("\n");
}

function columnLine({ charset, collation, extra, initial, name, nullable, type }: ColumnRow): string {
  const plainType = type.replace(/\b(tinyint|smallint|int|bigint)\(\d+\)/, "$1");
  const plainDefault = initial?.replaceAll("'", "");
  const given = plainDefault === undefined || plainDefault === "NULL" ? "" : ` DEFAULT ${plainDefault}`;
  const text = charset === null ? "" : ` ${charset}${collation?.endsWith("_bin") === true ? " bin" : ""}`;
  const counts = extra.includes("auto_increment") ? " AUTO_INCREMENT" : "";
  return `  ${name} ${plainType}${text}${nullable === "YES" ? " NULL" : " NOT NULL"}${given}${counts}`;
}

function keyLine({ columns, loose, name }: KeyRow): string {
  const kind = name === "PRIMARY" ? "PRIMARY KEY" : `${loose === 1 ? "KEY" : "UNIQUE KEY"} ${name}`;
  return `  ${kind} (${columns})`;
}
