import { type Condition, type Expression, type Select } from "./netsuite-emulator-sql.ts";
import { joined, tableOf } from "./netsuite-emulator-sql-join.ts";
import { test } from "./netsuite-emulator-sql-tests.ts";
import {
  type Catalog,
  type Compiled,
  compare,
  compile,
  hasAggregate,
  type Input,
  type Row,
  type Table,
  type Value,
  writeMoment,
} from "./netsuite-emulator-sql-values.ts";

/** The rows that were found, in their order; each is made when it is looked at. */
export interface Found {
  readonly total: number;
  /** Values as the REST service writes them: names in small letters, all values as text, nulls left out. */
  readonly page: (offset: number, limit: number) => readonly Readonly<Record<string, string>>[];
}

/** Carries a query out. Throws Problem 400 INVALID_PARAMETER where NetSuite refuses it. */
export function runSelect(select: Select, catalog: Catalog): Found {
  const run = prepare(select, catalog);
  const found = run.found();
  return {
    total: found.length,
    page: (offset, limit) =>
      found.slice(offset, offset + limit).map((input) =>
        Object.fromEntries(
          run.columns.flatMap(({ name, value }) => {
            const shown = show(value, value.run(input), catalog);
            return shown === undefined ? [] : [[name, shown]];
          }),
        ),
      ),
  };
}

interface Prepared {
  readonly columns: readonly { readonly name: string; readonly value: Compiled }[];
  readonly found: () => readonly Input[];
}

function prepare(select: Select, catalog: Catalog): Prepared {
  const source = sourceOf(select, catalog);
  const grouped =
    select.groupBy.length > 0 || select.columns.some(({ expression }) => hasAggregate(expression));
  const rowScope = { select, columns: source.columns, catalog, grouped: false, aggregates: false };
  const scope = { ...rowScope, grouped, aggregates: grouped };
  const columns = select.columns.map(({ name, expression }) => ({ name, value: compile(expression, scope) }));
  const where = select.where === undefined ? undefined : test(select.where, rowScope);
  const having = select.having === undefined ? undefined : test(select.having, scope);
  const keys = select.groupBy.map((expression) => compile(expression, rowScope));
  const order = select.orderBy.map(({ expression, descending }) => {
    const named =
      expression.kind === "column" && expression.table === undefined ? expression.name : undefined;
    const alias = columns.find(({ name }) => name === named)?.value;
    return { value: alias ?? compile(expression, scope), sign: descending ? -1 : 1 };
  });
  const isSorted = !grouped && isSortedBy(select, source.sortedBy);
  const found = (): readonly Input[] => {
    const all = source.rows();
    const kept: Input[] = [];
    for (let index = firstOf(all, select.where, source.sortedBy); index < all.length; index += 1) {
      const input = all.slice(index, index + 1);
      if (where === undefined || where(input) === true) kept.push(input);
    }
    const inputs = grouped ? group(kept, keys) : kept;
    const passed = having === undefined ? inputs : inputs.filter((input) => having(input) === true);
    if (order.length === 0 || isSorted) return passed;
    return passed.toSorted((a, b) => {
      for (const { value, sign } of order) {
        const difference = compare(value.run(a), value.run(b));
        if (difference !== 0) return difference * sign;
      }
      return 0;
    });
  };
  return { columns, found };
}

function isSortedBy({ orderBy }: Select, column: string | undefined): boolean {
  const [by] = orderBy;
  const isColumn = by?.expression.kind === "column" && by.expression.name === column;
  return orderBy.length === 1 && isColumn && !by.descending;
}

/**
 * Where to begin in rows that are sorted: at the first one that `column > number` lets through, so that the last page of
 * a reading by keys costs less than its first, as it does with an index.
 */
function firstOf(rows: readonly Row[], where: Condition | undefined, column: string | undefined): number {
  if (column === undefined || where === undefined) return 0;
  const parts = where.kind === "and" ? where.parts : [where];
  const bounds = parts.flatMap((part) => {
    if (part.kind !== "compare" || part.operator !== ">") return [];
    const { left, right } = part;
    return left.kind === "column" && left.name === column && right.kind === "number" ? [right.value] : [];
  });
  const above = Math.max(Number.NEGATIVE_INFINITY, ...bounds);
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(rows[middle]?.[column]) > above) high = middle;
    else low = middle + 1;
  }
  return low;
}

function group(inputs: readonly Input[], keys: readonly Compiled[]): readonly Input[] {
  // Without GROUP BY an aggregate makes one row of all, also of none.
  if (keys.length === 0) return [inputs.flat()];
  const groups = new Map<string, Row[]>();
  for (const input of inputs) {
    const key = JSON.stringify(keys.map((value) => value.run(input)));
    const rows = groups.get(key);
    if (rows === undefined) groups.set(key, [...input]);
    else rows.push(...input);
  }
  return [...groups.values()];
}

interface Source extends Pick<Table, "columns" | "rows"> {
  /** Rows come in the ascending order of this column. */
  readonly sortedBy?: string;
}

function sourceOf(select: Select, catalog: Catalog): Source {
  if ("name" in select.from) {
    const table = tableOf(select.from.name, catalog);
    return select.joins.length === 0 ? table : joined(table, select, catalog);
  }
  const inner = select.from.select;
  const prepared = prepare(inner, catalog);
  const columns = Object.fromEntries(prepared.columns.map(({ name, value }) => [name, value.kind]));
  const toRow = (input: Input): Row =>
    Object.fromEntries(prepared.columns.map(({ name, value }) => [name, value.run(input)]));
  const rows = kept(inner, catalog, toRow);
  if (rows === undefined) return { columns, rows: () => prepared.found().map(toRow) };
  const [by] = inner.groupBy;
  const key = prepared.columns[inner.columns.findIndex(({ expression }) => isSame(expression, by))]?.name;
  return { columns, rows, ...(key === undefined ? {} : { sortedBy: key }) };
}

const isSame = (a: Expression, b: Expression | undefined): boolean =>
  a.kind === "column" && b?.kind === "column" && a.name === b.name;

/**
 * The rows of an inner query that groups a whole table by the column that its rows lie together by. They are kept over
 * the pages of a reading: 150,000 rows would else be summed up for each.
 */
function kept(
  inner: Select,
  catalog: Catalog,
  toRow: (input: Input) => Row,
): (() => readonly Row[]) | undefined {
  if (!("name" in inner.from) || inner.joins.length > 0) return undefined;
  const table = catalog.tables[inner.from.name];
  const [by] = inner.groupBy;
  const groups = table?.groups;
  const fits = by?.kind === "column" && by.name === groups?.column && inner.groupBy.length === 1;
  if (table === undefined || groups === undefined || !fits || inner.having !== undefined) return undefined;
  const scope = { select: inner, columns: table.columns, catalog, grouped: false, aggregates: false };
  const where = inner.where === undefined ? undefined : test(inner.where, scope);
  return () =>
    groups.make(JSON.stringify(inner), (rows) => {
      const input = where === undefined ? rows : rows.filter((row) => where([row]) === true);
      return input.length === 0 ? undefined : toRow(input);
    });
}

function show(column: Compiled, value: Value, catalog: Catalog): string | undefined {
  if (value === null) return undefined;
  if (column.kind !== "date") return String(value);
  // A plain date comes in the user's date format, without its time (facts: wrap dates in TO_CHAR).
  const [year, month, day] = writeMoment(Number(value) + catalog.utcOffsetMinutes * 60_000, [
    "YYYY",
    "-",
    "MM",
    "-",
    "DD",
  ])
    .split("-")
    .map(Number);
  return `${String(month)}/${String(day)}/${String(year)}`;
}
