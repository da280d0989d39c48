import { Problem } from "./netsuite-emulator-problem.ts";

/** A value's expression. Names are in small letters and without the table before them. */
export type Expression =
  | { readonly kind: "column"; readonly table: string | undefined; readonly name: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] };

/** What a row has to be. */
export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | {
      readonly kind: "compare";
      readonly operator: "=" | "<>" | ">" | ">=" | "<" | "<=" | "like";
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "in"; readonly left: Expression; readonly values: readonly Expression[] }
  | { readonly kind: "null"; readonly left: Expression };

/** A query as it was read. */
export interface Select {
  readonly columns: readonly { readonly expression: Expression; readonly name: string }[];
  readonly from: { readonly name: string } | { readonly select: Select };
  /** Tables that are joined to the first, each by one column that is equal to one of those before it. */
  readonly joins: readonly Join[];
  /** Names that may stand before a column. */
  readonly names: readonly string[];
  readonly where: Condition | undefined;
  readonly groupBy: readonly Expression[];
  readonly having: Condition | undefined;
  readonly orderBy: readonly { readonly expression: Expression; readonly descending: boolean }[];
}

/** INNER JOIN of a table. */
export interface Join {
  readonly name: string;
  readonly alias: string;
  readonly left: Column;
  readonly right: Column;
}

export type Column = Extract<Expression, { kind: "column" }>;

/** 400 in the words of NetSuite's query service, as seen in public code. */
export const invalidQuery = (detail: string): Problem =>
  new Problem(
    400,
    "INVALID_PARAMETER",
    `Invalid search query. Detailed unprocessed description follows. ${detail}`,
    undefined,
    "q",
  );

const TOKEN =
  /\s*(?:('(?:[^']|'')*')|([0-9]+(?:\.[0-9]+)?)|([a-z_][a-z0-9_.]*)|(<=|>=|<>|!=|[=<>(),*?;-]))/iy;
const WORDS: ReadonlySet<string> = new Set(
  "select from join inner on where group by having order and or not in like is null as asc desc".split(" "),
);

/**
 * Reads a query: SELECT … FROM a table with its inner joins or one SELECT in parentheses, WHERE, GROUP BY, HAVING,
 * ORDER BY. What SuiteQL knows beyond that (outer joins, DISTINCT, arithmetic, `*`) is refused: less than NetSuite,
 * never more.
 * @throws Problem 400 INVALID_PARAMETER
 */
export function parseSelect(query: string, params: readonly string[]): Select {
  const reader = new Reader(tokensOf(query), [...params]);
  const select = reader.select();
  reader.accept(";");
  reader.end();
  return select;
}

function tokensOf(query: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (query.slice(TOKEN.lastIndex).trim() !== "") {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(query);
    if (match === null)
      throw invalidQuery(`Invalid or unsupported search near "${query.slice(at, at + 20)}"`);
    tokens.push(match[1] ?? match[0].trim().toLowerCase());
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly string[];
  readonly #params: string[];
  #at = 0;

  constructor(tokens: readonly string[], params: string[]) {
    this.#tokens = tokens;
    this.#params = params;
  }

  accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#unexpected();
    if (this.#params.length > 0) throw invalidQuery("there are more params than question marks");
  }

  select(): Select {
    this.#expect("select");
    const columns = this.#list(() => this.#column());
    this.#expect("from");
    const { from, names } = this.#source();
    const joins = "name" in from ? this.#joins() : [];
    return {
      columns,
      from,
      joins,
      names: [...names, ...joins.map(({ alias }) => alias)],
      where: this.accept("where") ? this.#condition() : undefined,
      groupBy: this.#after("group", () => this.#expression()),
      having: this.accept("having") ? this.#condition() : undefined,
      orderBy: this.#after("order", () => this.#ordering()),
    };
  }

  #source(): Pick<Select, "from" | "names"> {
    if (this.accept("(")) {
      const select = this.select();
      this.#expect(")");
      const alias = this.#alias();
      return { from: { select }, names: alias === undefined ? [] : [alias] };
    }
    const name = this.#word();
    const alias = this.#alias();
    return { from: { name }, names: [alias ?? name] };
  }

  #joins(): readonly Join[] {
    const joins: Join[] = [];
    while (this.accept("inner") || this.#tokens[this.#at] === "join") {
      this.#expect("join");
      const name = this.#word();
      const alias = this.#alias() ?? name;
      this.#expect("on");
      const left = this.#expression();
      this.#expect("=");
      const right = this.#expression();
      if (left.kind !== "column" || right.kind !== "column") throw this.#unexpected(1);
      joins.push({ name, alias, left, right });
    }
    return joins;
  }

  #column(): Select["columns"][number] {
    const expression = this.#expression();
    const alias = this.accept("as") ? this.#word() : this.#alias();
    return { expression, name: alias ?? (expression.kind === "column" ? expression.name : "expr1") };
  }

  #ordering(): Select["orderBy"][number] {
    const expression = this.#expression();
    const descending = this.accept("desc");
    if (!descending) this.accept("asc");
    return { expression, descending };
  }

  #condition(): Condition {
    const parts = [this.#conjunction()];
    while (this.accept("or")) parts.push(this.#conjunction());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "or", parts };
  }

  #conjunction(): Condition {
    const parts = [this.#predicate()];
    while (this.accept("and")) parts.push(this.#predicate());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "and", parts };
  }

  #predicate(): Condition {
    if (this.accept("not")) return { kind: "not", part: this.#predicate() };
    if (this.accept("(")) {
      const inner = this.#condition();
      this.#expect(")");
      return inner;
    }
    const left = this.#expression();
    if (this.accept("is")) {
      const negated = this.accept("not");
      this.#expect("null");
      return negate({ kind: "null", left }, negated);
    }
    const negated = this.accept("not");
    if (this.accept("in")) {
      this.#expect("(");
      const values = this.#list(() => this.#expression());
      this.#expect(")");
      // Oracle: ORA-01795.
      if (values.length > 1_000) throw invalidQuery("maximum number of expressions in a list is 1000");
      return negate({ kind: "in", left, values }, negated);
    }
    if (negated) throw this.#unexpected();
    return { kind: "compare", operator: this.#operator(), left, right: this.#expression() };
  }

  #operator(): Extract<Condition, { kind: "compare" }>["operator"] {
    const token = this.#next();
    switch (token) {
      case "=":
      case "<>":
      case ">":
      case ">=":
      case "<":
      case "<=":
      case "like":
        return token;
      case "!=":
        return "<>";
      default:
        throw this.#unexpected(1);
    }
  }

  #expression(): Expression {
    const token = this.#next();
    if (token.startsWith("'")) return { kind: "text", value: token.slice(1, -1).replaceAll("''", "'") };
    if (token === "-") return { kind: "number", value: -this.#number(this.#next()) };
    if (/^[0-9]/.test(token)) return { kind: "number", value: this.#number(token) };
    if (token === "?") return this.#param();
    if (!/^[a-z_]/.test(token) || WORDS.has(token)) throw this.#unexpected(1);
    if (!this.accept("(")) return columnOf(token);
    const args = this.#list(() => (this.accept("*") ? columnOf("*") : this.#expression()));
    this.#expect(")");
    return { kind: "call", name: token, args };
  }

  #param(): Expression {
    const value = this.#params.shift();
    if (value === undefined) throw invalidQuery("there are fewer params than question marks");
    return { kind: "text", value };
  }

  #number(token: string): number {
    if (!/^[0-9.]+$/.test(token)) throw this.#unexpected(1);
    return Number(token);
  }

  #after<T>(word: "group" | "order", read: () => T): readonly T[] {
    if (!this.accept(word)) return [];
    this.#expect("by");
    return this.#list(read);
  }

  #list<T>(read: () => T): readonly T[] {
    const list = [read()];
    while (this.accept(",")) list.push(read());
    return list;
  }

  #alias(): string | undefined {
    const token = this.#tokens[this.#at] ?? "";
    return /^[a-z_]/.test(token) && !WORDS.has(token) ? this.#word() : undefined;
  }

  #word(): string {
    const token = this.#next();
    if (!/^[a-z_][a-z0-9_]*$/.test(token) || WORDS.has(token)) throw this.#unexpected(1);
    return token;
  }

  #expect(token: string): void {
    if (!this.accept(token)) throw this.#unexpected();
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#unexpected();
    this.#at += 1;
    return token;
  }

  #unexpected(back = 0): Problem {
    const token = this.#tokens[this.#at - back] ?? "the end";
    return invalidQuery(`Invalid or unsupported search near "${token}"`);
  }
}

function columnOf(token: string): Column {
  const parts = token.split(".");
  const name = parts.at(-1) ?? "";
  return { kind: "column", table: parts.length > 1 ? parts.slice(0, -1).join(".") : undefined, name };
}

const negate = (part: Condition, negated: boolean): Condition => (negated ? { kind: "not", part } : part);
