import { invalidContent } from "./netsuite-emulator-problem.ts";
import {
  type Account,
  country,
  isJson,
  type Json,
  number,
  object,
  positive,
  type Rule,
  ref,
  refId,
  text,
  truth,
  withTax,
} from "./netsuite-emulator-rules.ts";

/** An address of a transaction. */
export const address = object({
  addressee: text(83),
  attention: text(83),
  addr1: text(150),
  addr2: text(150),
  addr3: text(150),
  city: text(50),
  state: text(50),
  zip: text(36),
  country,
  addrPhone: text(32),
  override: truth,
});
export const subsidiary = ref((id, account) => account.seed.subsidiaryIds.includes(id));
export const currency = ref((id, account) => account.currencyDecimals(id) !== undefined);
export const location = ref((id, account) => account.seed.locationIds.includes(id));

const taxCode = ref((id, account) => account.seed.taxCodes[id] !== undefined);

/** Fields of `item.items[]`. */
export const LINE: Readonly<Record<string, Rule>> = {
  line: positive,
  item: ref((id, account) => account.itemIds.has(id) || isChargeItem(id, account)),
  quantity: positive,
  rate: number,
  amount: number,
  description: text(4_000),
  // -1 is the custom price level; the others are the account's.
  price: ref((id) => /^(-1|[1-9][0-9]*)$/.test(id)),
  location,
  taxCode: withTax("legacy", taxCode),
  grossAmt: withTax("legacy", number),
  taxDetailsReference: withTax("suite-tax", text(50)),
};

/** Facts: `taxDetails.items[]` of SuiteTax. */
export const TAX_DETAIL: Readonly<Record<string, Rule>> = {
  taxDetailsReference: text(50),
  taxType: ref((id, account) => Object.values(account.seed.taxCodes).includes(id)),
  taxCode,
  taxBasis: number,
  taxRate: number,
  taxAmount: number,
};

/** Tax details stand only where they override, each for a line that is there or the shipping, its code of its type. */
export function checkTaxDetails(record: Json, decimals: number, account: Account): void {
  const details = sublistOf(record, "taxDetails");
  if (details.length > 0 && record["taxDetailsOverride"] !== true) {
    throw invalidContent("Tax details can only be set with taxDetailsOverride", "taxDetails");
  }
  const references = linesOf(record).flatMap((line) => line["taxDetailsReference"] ?? []);
  const known = new Set<unknown>([...references, "SHIPPING"]);
  if (known.size !== references.length + 1) {
    throw invalidContent("A tax details reference stands on two lines", "item");
  }
  for (const [index, detail] of details.entries()) {
    const at = `taxDetails.items[${String(index)}]`;
    if (!known.has(detail["taxDetailsReference"]))
      throw invalidContent("Invalid tax details reference", `${at}.taxDetailsReference`);
    if (account.seed.taxCodes[refId(detail["taxCode"])] !== refId(detail["taxType"]))
      throw invalidContent("The tax code is of another tax type", `${at}.taxCode`);
    checkDecimals(detail["taxAmount"], decimals, `${at}.taxAmount`);
  }
}

/** Decimals of a record's currency. */
export const decimalsOf = (record: Json, account: Account): number =>
  account.currencyDecimals(refId(record["currency"])) ?? 2;

/** At least one line, each with amounts that its currency has and a quantity, unless it is a discount. */
export function checkLines(record: Json, account: Account): void {
  if (linesOf(record).length === 0) throw invalidContent("Please enter value(s) for: item", "item");
  const decimals = decimalsOf(record, account);
  // Stricter than is known of NetSuite: it may round. An amount with more decimals than its currency has is our error.
  for (const [index, line] of linesOf(record).entries()) {
    const at = `item.items[${String(index)}]`;
    if (line["item"] === undefined) throw invalidContent("Please enter value(s) for: item", `${at}.item`);
    checkDecimals(line["amount"], decimals, `${at}.amount`);
    checkDecimals(line["grossAmt"], decimals, `${at}.grossAmt`);
    if (line["quantity"] === undefined && !isDiscountItem(refId(line["item"]), account)) {
      throw invalidContent("Please enter value(s) for: quantity", `${at}.quantity`);
    }
  }
}

const isDiscountItem = (id: string, account: Account): boolean => account.seed.discountItemIds.includes(id);

const isChargeItem = (id: string, account: Account): boolean =>
  account.seed.chargeItemIds.includes(id) || isDiscountItem(id, account);

/**
 * What an order or a credit memo comes to: its lines, the shipping cost, and the tax, which is the tax details' or what the lines' gross
 * amounts have above their amounts. All three are fields that NetSuite reckons and answers with.
 */
export function totalsOf(record: Json, decimals: number): Json {
  const lines = linesOf(record);
  const amounts = lines.map(amountOf);
  const taxes = [
    ...sublistOf(record, "taxDetails").map((detail) => Number(detail["taxAmount"])),
    ...lines.map((line) => (line["grossAmt"] === undefined ? 0 : Number(line["grossAmt"]) - amountOf(line))),
  ];
  const sum = (values: readonly number[]): number =>
    Number(values.reduce((all, value) => all + value, 0).toFixed(decimals));
  const [subtotal, taxTotal] = [sum(amounts), sum(taxes)];
  return { subtotal, taxTotal, total: sum([subtotal, Number(record["shippingCost"] ?? 0), taxTotal]) };
}

const amountOf = (line: Json): number =>
  typeof line["amount"] === "number" ? line["amount"] : Number(line["rate"]) * Number(line["quantity"] ?? 1);

/** Throws where an amount has more decimals than its currency. */
export function checkDecimals(value: unknown, decimals: number, path: string): void {
  if (typeof value !== "number") return;
  if (Number(value.toFixed(decimals)) !== value) {
    throw invalidContent(`the amount ${String(value)} has more than ${String(decimals)} decimals`, path);
  }
}

/** The lines of an order's sublist. */
export const linesOf = (record: Json): readonly Json[] => sublistOf(record, "item");

/** The rows of a sublist. */
export function sublistOf(record: Json, name: string): readonly Json[] {
  const sublist = record[name];
  const items = isJson(sublist) ? sublist["items"] : undefined;
  return Array.isArray(items) ? items.filter(isJson) : [];
}
