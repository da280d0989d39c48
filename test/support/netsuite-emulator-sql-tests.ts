import { type Condition, type Expression, invalidQuery } from "./netsuite-emulator-sql.ts";
import {
  type Compiled,
  compare,
  compile,
  type Input,
  type Scope,
  type Value,
} from "./netsuite-emulator-sql-values.ts";

/** True, false, or null where SQL says "unknown". */
export type Test = (input: Input) => boolean | null;

/** Makes a condition ready. */
export function test(condition: Condition, scope: Scope): Test {
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
      const known = numbersIn(condition.values);
      const left = compile(condition.left, scope);
      if (known !== undefined && left.kind === "number") {
        return (input) => {
          const value = left.run(input);
          return value === null ? null : known.has(value);
        };
      }
      const tests = condition.values.map((right) =>
        test({ kind: "compare", operator: "=", left: condition.left, right }, scope),
      );
      return (input) => some(tests, input);
    }
    case "compare":
      return compareTest(condition, scope);
  }
}

/** The values of a list that is of numbers only: a page asks about hundreds of ids. */
function numbersIn(values: readonly Expression[]): ReadonlySet<Value> | undefined {
  const numbers = values.flatMap((value) => (value.kind === "number" ? [value.value] : []));
  return numbers.length === values.length ? new Set(numbers) : undefined;
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
