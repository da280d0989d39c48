import { type Condition, type Expression, invalidQuery, type Select } from "./netsuite-emulator-sql.ts";

/** Null, a number, a text, or a moment in milliseconds, by the column's kind. */
export type Value = number | string | null;
export type Row = Readonly<Record<string, Value>>;
export type Kind = "number" | "text" | "date";

/** A table of the account. */
export interface Table {
  readonly columns: Readonly<Record<string, Kind>>;
  readonly rows: () => readonly Row[];
  /**
   * Where the rows of one value of `column` lie together, and what was made of them can be kept until they change: one
   * row for each value, in their ascending order, or none where `make` gives undefined.
   */
  readonly groups?: {
    readonly column: string;
    readonly make: (key: string, make: (rows: readonly Row[]) => Row | undefined) => readonly Row[];
  };
}

/** What a query is run on. */
export interface Catalog {
  readonly tables: Readonly<Record<string, Table>>;
  /** Minutes that the account's time zone is ahead of UTC. */
  readonly utcOffsetMinutes: number;
}

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

/** The rows that one output row is made of: the row itself, or all rows of its group. */
type Input = readonly Row[];

interface Compiled {
  readonly kind: Kind;
  readonly run: (input: Input) => Value;
}

/** True, false, or null where SQL says "unknown". */
type Test = (input: Input) => boolean | null;

interface Scope {
  readonly select: Select;
  readonly columns: Readonly<Record<string, Kind>>;
  readonly catalog: Catalog;
  /** Whether rows are grouped, so that a plain column must be one of GROUP BY. */
  readonly grouped: boolean;
  /** Whether an aggregate may stand here. */
  readonly aggregates: boolean;
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
    const table = catalog.tables[select.from.name];
    if (table === undefined)
      throw invalidQuery(`Search error occurred: Record '${select.from.name}' was not found.`);
    return table;
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
  if (!("name" in inner.from)) return undefined;
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

function compile(expression: Expression, scope: Scope): Compiled {
  switch (expression.kind) {
    case "number":
      return { kind: "number", run: () => expression.value };
    case "text":
      // To Oracle an empty text is NULL.
      return { kind: "text", run: () => (expression.value === "" ? null : expression.value) };
    case "column":
      return compileColumn(expression, scope);
    case "call":
      return AGGREGATES.has(expression.name)
        ? compileAggregate(expression.name, expression.args, scope)
        : compileCall(expression.name, expression.args, scope);
  }
}

function compileColumn(column: Extract<Expression, { kind: "column" }>, scope: Scope): Compiled {
  const { name, table } = column;
  const kind = Object.hasOwn(scope.columns, name) ? scope.columns[name] : undefined;
  if (kind === undefined || (table !== undefined && !scope.select.names.includes(table))) {
    throw invalidQuery(`Search error occurred: Unknown identifier '${table ?? name}'.`);
  }
  if (scope.grouped && !scope.select.groupBy.some((by) => by.kind === "column" && by.name === name)) {
    throw invalidQuery(`Search error occurred: Field '${name}' is not a GROUP BY expression.`);
  }
  return { kind, run: (input) => input[0]?.[name] ?? null };
}

const AGGREGATES: ReadonlySet<string> = new Set(["sum", "max", "min", "count"]);

function hasAggregate(expression: Expression): boolean {
  if (expression.kind !== "call") return false;
  return AGGREGATES.has(expression.name) || expression.args.some(hasAggregate);
}

function compileAggregate(name: string, args: readonly Expression[], scope: Scope): Compiled {
  if (!scope.aggregates)
    throw invalidQuery(`Search error occurred: group function ${name} is not allowed here.`);
  const [arg] = args;
  if (name === "count" && arg?.kind === "column" && arg.name === "*") {
    return { kind: "number", run: (input) => input.length };
  }
  if (arg === undefined || args.length > 1) throw wrongArguments(name);
  const value = compile(arg, { ...scope, grouped: false, aggregates: false });
  if (name === "sum" && value.kind !== "number") throw wrongArguments(name);
  const all = (input: Input): readonly (number | string)[] => {
    const values: (number | string)[] = [];
    for (const row of input) {
      const one = value.run([row]);
      if (one !== null) values.push(one);
    }
    return values;
  };
  if (name === "count") return { kind: "number", run: (input) => all(input).length };
  return { kind: value.kind, run: (input) => fold(name, all(input)) };
}

function fold(name: string, values: readonly (number | string)[]): Value {
  if (values.length === 0) return null;
  if (name === "sum") {
    // Oracle's numbers are decimal: 0.1 + 0.2 is 0.3.
    return Number(values.reduce<number>((sum, value) => sum + Number(value), 0).toFixed(8));
  }
  return values.reduce((best, value) => (compare(value, best) > 0 === (name === "max") ? value : best));
}

const wrongArguments = (name: string): Error =>
  invalidQuery(`Search error occurred: invalid arguments of function ${name}.`);

/** Functions of Oracle's list (section_158513731864) that the emulator has. */
function compileCall(name: string, args: readonly Expression[], scope: Scope): Compiled {
  const values = args.map((arg) => compile(arg, scope));
  const [first, second] = values;
  switch (name) {
    case "nvl":
    case "coalesce":
      if (first === undefined || second === undefined || values.some(({ kind }) => kind !== first.kind)) {
        throw wrongArguments(name);
      }
      return {
        kind: first.kind,
        run: (input) => {
          for (const value of values) {
            const result = value.run(input);
            if (result !== null) return result;
          }
          return null;
        },
      };
    case "to_char":
      return compileToChar(first, args[1], scope);
    case "to_date":
    case "to_timestamp":
      return compileToDate(name, first, args[1], scope);
    default:
      throw invalidQuery(`Search error occurred: Unknown function '${name}'.`);
  }
}

const FORMAT_PART = /YYYY|MM|DD|HH24|MI|SS|[-/:. ]/gy;

/** The parts of a format of TO_CHAR and TO_DATE; NetSuite knows more of them. */
function formatOf(name: string, arg: Expression | undefined): readonly string[] {
  if (arg?.kind !== "text") throw wrongArguments(name);
  const parts = arg.value.match(FORMAT_PART) ?? [];
  if (parts.join("") !== arg.value) throw invalidQuery("Search error occurred: date format not recognized.");
  return parts;
}

function compileToChar(value: Compiled | undefined, arg: Expression | undefined, scope: Scope): Compiled {
  if (value?.kind !== "date") throw wrongArguments("to_char");
  const parts = formatOf("to_char", arg);
  const { utcOffsetMinutes } = scope.catalog;
  const known = new Map<number, string>();
  return {
    kind: "text",
    run: (input) => {
      const moment = value.run(input);
      if (typeof moment !== "number") return null;
      const text = known.get(moment) ?? writeMoment(moment + utcOffsetMinutes * 60_000, parts);
      if (known.size < 10_000) known.set(moment, text);
      return text;
    },
  };
}

function writeMoment(localMs: number, parts: readonly string[]): string {
  const iso = new Date(localMs).toISOString();
  const values: Readonly<Record<string, string>> = {
    YYYY: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    DD: iso.slice(8, 10),
    HH24: iso.slice(11, 13),
    MI: iso.slice(14, 16),
    SS: iso.slice(17, 19),
  };
  return parts.map((part) => values[part] ?? part).join("");
}

function compileToDate(
  name: string,
  value: Compiled | undefined,
  arg: Expression | undefined,
  scope: Scope,
): Compiled {
  if (value?.kind !== "text") throw wrongArguments(name);
  const parts = formatOf(name, arg);
  const { utcOffsetMinutes } = scope.catalog;
  return {
    kind: "date",
    run: (input) => {
      const text = value.run(input);
      return typeof text === "string" ? readMoment(text, parts) - utcOffsetMinutes * 60_000 : null;
    },
  };
}

function readMoment(text: string, parts: readonly string[]): number {
  const read: Record<string, string> = {};
  let at = 0;
  for (const part of parts) {
    const width = part === "YYYY" ? 4 : part.length === 1 ? 1 : 2;
    read[part] = text.slice(at, at + width);
    at += width;
  }
  const { YYYY = "", MM = "01", DD = "01", HH24 = "00", MI = "00", SS = "00" } = read;
  const moment = Date.parse(`${YYYY}-${MM}-${DD}T${HH24}:${MI}:${SS}Z`);
  if (Number.isNaN(moment) || at !== text.length) {
    throw invalidQuery("Search error occurred: literal does not match format string.");
  }
  return moment;
}

function test(condition: Condition, scope: Scope): Test {
  switch (condition.kind) {
    case "and":
    case "or": {
      const parts = condition.parts.map((part) => test(part, scope));
      return condition.kind === "and" ? (input) => every(parts, input) : (input) => some(parts, input);
    }
    case "not": {
      const part = test(condition.part, scope);
      return (input) => {
        const result = part(input);
        return result === null ? null : !result;
      };
    }
    case "null": {
      const left = compile(condition.left, scope);
      return (input) => left.run(input) === null;
    }
    case "in": {
      const tests = condition.values.map((right) =>
        test({ kind: "compare", operator: "=", left: condition.left, right }, scope),
      );
      return (input) => some(tests, input);
    }
    case "compare":
      return compareTest(condition, scope);
  }
}

function every(parts: readonly Test[], input: Input): boolean | null {
  let result: boolean | null = true;
  for (const part of parts) {
    const one = part(input);
    if (one === false) return false;
    if (one === null) result = null;
  }
  return result;
}

function some(parts: readonly Test[], input: Input): boolean | null {
  let result: boolean | null = false;
  for (const part of parts) {
    const one = part(input);
    if (one === true) return true;
    if (one === null) result = null;
  }
  return result;
}

function compareTest({ operator, left, right }: Extract<Condition, { kind: "compare" }>, scope: Scope): Test {
  const [a, b] = alike(compile(left, scope), compile(right, scope));
  const holds =
    operator === "like"
      ? like
      : (one: number | string, other: number | string) => HOLDS[operator](compare(one, other));
  return (input) => {
    const one = a.run(input);
    const other = b.run(input);
    return one === null || other === null ? null : holds(one, other);
  };
}

const HOLDS: Readonly<Record<"=" | "<>" | ">" | ">=" | "<" | "<=", (difference: number) => boolean>> = {
  "=": (difference) => difference === 0,
  "<>": (difference) => difference !== 0,
  ">": (difference) => difference > 0,
  ">=": (difference) => difference >= 0,
  "<": (difference) => difference < 0,
  "<=": (difference) => difference <= 0,
};

const like = (one: number | string, pattern: number | string): boolean => {
  const escaped = String(pattern).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("%", ".*").replaceAll("_", ".")}$`, "s").test(String(one));
};

/**
 * Two sides of a comparison. A text beside a number is read as one, as Oracle does; a date beside anything but a date is
 * refused: what Oracle makes of it depends on the user's date format.
 */
function alike(a: Compiled, b: Compiled): readonly [Compiled, Compiled] {
  if (a.kind === b.kind) return [a, b];
  if (a.kind === "date" || b.kind === "date") {
    throw invalidQuery(
      "Search error occurred: a date can only be compared with a date (TO_DATE, TO_TIMESTAMP).",
    );
  }
  return [toNumber(a), toNumber(b)];
}

function toNumber(value: Compiled): Compiled {
  if (value.kind === "number") return value;
  return {
    kind: "number",
    run: (input) => {
      const text = value.run(input);
      if (text === null) return null;
      if (!/^-?[0-9]+(\.[0-9]+)?$/.test(String(text)))
        throw invalidQuery("Search error occurred: invalid number.");
      return Number(text);
    },
  };
}

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  // Oracle sorts NULL behind everything.
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
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
