import { type Column, type Expression, invalidQuery, type Select } from "./netsuite-emulator-sql.ts";

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

/** The rows that one output row is made of: the row itself, or all rows of its group. */
export type Input = readonly Row[];

/** An expression that can be worked out. */
export interface Compiled {
  readonly kind: Kind;
  readonly run: (input: Input) => Value;
}

/** Where an expression stands. */
export interface Scope {
  readonly select: Select;
  readonly columns: Readonly<Record<string, Kind>>;
  readonly catalog: Catalog;
  /** Whether rows are grouped, so that a plain column must be one of GROUP BY. */
  readonly grouped: boolean;
  /** Whether an aggregate may stand here. */
  readonly aggregates: boolean;
}

/** Makes an expression ready. Throws Problem 400 INVALID_PARAMETER where a name, a kind or a place is wrong. */
export function compile(expression: Expression, scope: Scope): Compiled {
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

function compileColumn(column: Column, scope: Scope): Compiled {
  const { name, table } = column;
  const key = keyOf(column, scope);
  const kind = key !== undefined && Object.hasOwn(scope.columns, key) ? scope.columns[key] : undefined;
  if (key === undefined || kind === undefined) {
    throw invalidQuery(`Search error occurred: Unknown identifier '${table ?? name}'.`);
  }
  const isKey = scope.select.groupBy.some((by) => by.kind === "column" && keyOf(by, scope) === key);
  if (scope.grouped && !isKey) {
    throw invalidQuery(`Search error occurred: Field '${name}' is not a GROUP BY expression.`);
  }
  return { kind, run: (input) => input[0]?.[key] ?? null };
}

/** A column's name in the rows, where joined tables have their own before it; undefined where it could be of several. */
function keyOf({ name, table }: Column, { select, columns }: Scope): string | undefined {
  if (table !== undefined && !select.names.includes(table)) return undefined;
  if (select.joins.length === 0) return name;
  if (table !== undefined) return `${table}.${name}`;
  const keys = Object.keys(columns).filter((key) => key.endsWith(`.${name}`));
  return keys.length === 1 ? keys[0] : undefined;
}

const AGGREGATES: ReadonlySet<string> = new Set(["sum", "max", "min", "count"]);

/** Whether an expression sums rows up. */
export function hasAggregate(expression: Expression): boolean {
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
      return constant(compileToDate(name, first, args[1], scope), args[0]);
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

/** A moment, already in the account's time zone, by the parts of a format. */
export function writeMoment(localMs: number, parts: readonly string[]): string {
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

/** What a literal comes to is worked out once, not for each row. */
function constant(value: Compiled, arg: Expression | undefined): Compiled {
  if (arg?.kind !== "text") return value;
  const known = value.run([]);
  return { kind: value.kind, run: () => known };
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

/** The order of two values of one kind. */
export function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  // Oracle sorts NULL behind everything.
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}
