import {
  type Column,
  type Condition,
  type Expression,
  invalidQuery,
  type Select,
} from "./netsuite-emulator-sql.ts";
import { type Test, test } from "./netsuite-emulator-sql-tests.ts";
import type { Catalog, Row, Table, Value } from "./netsuite-emulator-sql-values.ts";

/** A table of the account. Throws Problem 400 INVALID_PARAMETER where there is none of that name. */
export function tableOf(name: string, catalog: Catalog): Table {
  const table = catalog.tables[name];
  if (table === undefined) throw invalidQuery(`Search error occurred: Record '${name}' was not found.`);
  return table;
}

/** A table of a join, with the columns that tie it to those before it. */
interface Side {
  readonly alias: string;
  readonly table: Table;
  readonly own: string;
  /** Which of the tables before it the other column is of. */
  readonly otherIndex: number;
  readonly other: string;
}

/**
 * The rows of a table with its inner joins; their columns have the tables' names before them. What is asked of the first
 * table alone is asked before the join, as with an index: an account has many more transactions than a page is about.
 */
export function joined(first: Table, select: Select, catalog: Catalog): Pick<Table, "columns" | "rows"> {
  const [alias = ""] = select.names;
  const sides: Side[] = [];
  const aliases = [alias];
  const tables = [first];
  for (const join of select.joins) {
    const table = tableOf(join.name, catalog);
    const [own, other] = join.left.table === join.alias ? [join.left, join.right] : [join.right, join.left];
    const otherIndex = aliases.indexOf(other.table ?? "");
    requireColumn(own, own.table === join.alias ? table : undefined);
    requireColumn(other, tables[otherIndex]);
    sides.push({ alias: join.alias, table, own: own.name, otherIndex, other: other.name });
    aliases.push(join.alias);
    tables.push(table);
  }
  const tests = testsOf(alias, first, select, catalog);
  return {
    columns: Object.assign(
      {},
      ...tables.map((table, index) => named(table.columns, aliases[index])),
    ) as Table["columns"],
    rows: () => {
      const rows = first.rows().filter((row) => tests.every((holds) => holds([row]) === true));
      const tuples = sides.reduce<readonly (readonly Row[])[]>(
        addSide,
        rows.map((row) => [row]),
      );
      return tuples.map(
        (tuple) => Object.assign({}, ...tuple.map((row, index) => named(row, aliases[index]))) as Row,
      );
    },
  };
}

function addSide(tuples: readonly (readonly Row[])[], side: Side): readonly (readonly Row[])[] {
  const matches = rowsBy(side.table.rows(), side.own);
  return tuples.flatMap((tuple) =>
    (matches.get(tuple[side.otherIndex]?.[side.other]) ?? []).map((match) => [...tuple, match]),
  );
}

/** NULL is equal to nothing, so its rows are left out. */
function rowsBy(rows: readonly Row[], key: string): ReadonlyMap<Value | undefined, readonly Row[]> {
  const found = new Map<Value | undefined, Row[]>();
  for (const row of rows) {
    const value = row[key];
    if (value === null) continue;
    const same = found.get(value);
    if (same === undefined) found.set(value, [row]);
    else same.push(row);
  }
  return found;
}

const named = <T>(fields: Readonly<Record<string, T>>, alias = ""): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [`${alias}.${name}`, field]));

function requireColumn({ table: alias, name }: Column, table: Table | undefined): void {
  if (table !== undefined && Object.hasOwn(table.columns, name)) return;
  throw invalidQuery(`Search error occurred: Unknown identifier '${alias ?? name}'.`);
}

/** The conditions that are about the first table alone. */
function testsOf(alias: string, table: Table, select: Select, catalog: Catalog): readonly Test[] {
  const { where } = select;
  const parts = where === undefined ? [] : where.kind === "and" ? where.parts : [where];
  const alone = { ...select, joins: [] };
  const scope = { select: alone, columns: table.columns, catalog, grouped: false, aggregates: false };
  return parts
    .filter((part) => columnsOf(part).every((column) => column.table === alias))
    .map((part) => test(part, scope));
}

function columnsOf(condition: Condition): readonly Column[] {
  switch (condition.kind) {
    case "and":
    case "or":
      return condition.parts.flatMap(columnsOf);
    case "not":
      return columnsOf(condition.part);
    case "compare":
      return [condition.left, condition.right].flatMap(columnsIn);
    case "in":
      return [condition.left, ...condition.values].flatMap(columnsIn);
    case "null":
      return columnsIn(condition.left);
  }
}

function columnsIn(expression: Expression): readonly Column[] {
  if (expression.kind === "column") return [expression];
  return expression.kind === "call" ? expression.args.flatMap(columnsIn) : [];
}
