import { invalidContent } from "./netsuite-emulator-problem.ts";
import type { Seed } from "./netsuite-emulator-seed.ts";

/** A JSON object of a request or a record. */
export type Json = Readonly<Record<string, unknown>>;

/**
 * How the account has taxes. With legacy tax a line has its tax code and gross amount (not known to work by REST); with
 * SuiteTax an order has tax details (section_159665260887).
 */
export type TaxFeature = "suite-tax" | "legacy" | "none";

/** What a body is checked against. */
export interface Account {
  readonly seed: Seed;
  /** Items that lie on stock. */
  readonly itemIds: ReadonlySet<string>;
  readonly tax: TaxFeature;
  readonly hasCustomer: (id: string) => boolean;
  /** The body of a sales order. */
  readonly order: (id: string) => Json | undefined;
  /** Decimals of the currency with this id, or undefined where there is none. */
  readonly currencyDecimals: (id: string) => number | undefined;
}

/** Checks one value; throws 400 INVALID_CONTENT with the value's path. */
export type Rule = (value: unknown, path: string, account: Account) => void;

/** True for a plain JSON object. */
export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The id of a reference; Oracle's examples write it as text and as number. */
export function refId(value: unknown): string {
  const id = isJson(value) ? value["id"] : undefined;
  return typeof id === "string" || typeof id === "number" ? String(id) : "";
}

const refuse = (value: unknown, path: string): never => {
  const shown = isJson(value) ? refId(value) : String(value);
  const field = path.split(".").at(-1) ?? path;
  // The words of section_156570709583.
  throw invalidContent(
    `You have entered an Invalid Field Value ${shown} for the following field: ${field}`,
    path,
  );
};

/** A text of at most so many characters (UTF-16 units). */
export const text =
  (charsMax: number): Rule =>
  (value, path) => {
    if (typeof value !== "string" || value.length > charsMax) refuse(value, path);
  };

export const truth: Rule = (value, path) => {
  if (typeof value !== "boolean") refuse(value, path);
};

/** A reference to something that exists. */
export const ref =
  (exists: (id: string, account: Account) => boolean): Rule =>
  (value, path, account) => {
    if (!isJson(value) || !exists(refId(value), account)) refuse(value, path);
  };

export const positive: Rule = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) refuse(value, path);
};

/** A price or a rate: any finite number. */
export const number: Rule = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) refuse(value, path);
};

/** `YYYY-MM-DD`, and a day that exists. */
export const date: Rule = (value, path) => {
  const good =
    typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
  if (!good) refuse(value, path);
};

/** Facts: external ids hold letters, digits, `_` and `-`. */
export const externalId: Rule = (value, path) => {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]{1,255}$/.test(value)) refuse(value, path);
};

export const email: Rule = (value, path) => {
  if (typeof value !== "string" || !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(value) || value.length > 254)
    refuse(value, path);
};

/** `A`, `B` or, to cancel, `C`; plain or as `{id}` (facts: orderStatus (A|B)). Others follow from other records. */
export const orderStatus: Rule = (value, path) => {
  if (!["A", "B", "C"].includes(isJson(value) ? refId(value) : String(value))) refuse(value, path);
};

const regionNames = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** Facts: `country{id:"FR"}`, the id being the ISO code. */
export const country: Rule = (value, path) => {
  const id = refId(value);
  if (!/^[A-Z]{2}$/.test(id) || regionNames.of(id) === undefined) refuse(value, path);
};

/** An object whose every field has a rule; any other field is refused, as NetSuite refuses what its schema lacks. */
export const object =
  (rules: Readonly<Record<string, Rule>>): Rule =>
  (value, path, account) => {
    if (!isJson(value)) refuse(value, path);
    else checkFields(value, rules, path, account);
  };

/** Checks the fields of an object, custom fields of the account included. */
export function checkFields(
  value: Json,
  rules: Readonly<Record<string, Rule>>,
  path: string,
  account: Account,
): void {
  for (const [name, field] of Object.entries(value)) {
    const at = path === "" ? name : `${path}.${name}`;
    const rule = rules[name] ?? (account.seed.customFields.includes(name) ? text(4_000) : undefined);
    if (rule === undefined) throw invalidContent(`Unknown reference or field: ${name}`, at);
    if (field !== null) rule(field, at, account);
  }
}

/** A field that the account only has with that tax feature. */
export const withTax =
  (feature: TaxFeature, rule: Rule): Rule =>
  (value, path, account) => {
    if (account.tax !== feature) throw invalidContent(`Unknown reference or field: ${path}`, path);
    rule(value, path, account);
  };

/** A sublist: `{items: [...]}`, its paths written as `item.items[0].quantity`. */
export const sublist =
  (line: Readonly<Record<string, Rule>>, required: readonly string[]): Rule =>
  (value, path, account) => {
    const items = isJson(value) ? value["items"] : undefined;
    if (!Array.isArray(items)) {
      refuse(value, path);
      return;
    }
    for (const [index, item] of items.entries()) {
      const at = `${path}.items[${String(index)}]`;
      if (!isJson(item)) throw invalidContent("a line must be an object", at);
      // A line with a number may be one that is there already, and then brings what changes of it.
      for (const name of item["line"] === undefined ? required : []) {
        if (item[name] === undefined)
          throw invalidContent(`Please enter value(s) for: ${name}`, `${at}.${name}`);
      }
      checkFields(item, line, at, account);
    }
  };
