import { invalidContent } from "./netsuite-emulator-problem.ts";
import {
  type Account,
  checkFields,
  country,
  date,
  email,
  externalId,
  isJson,
  type Json,
  number,
  object,
  orderStatus,
  positive,
  type Rule,
  ref,
  refId,
  sublist,
  text,
  truth,
  withTax,
} from "./netsuite-emulator-rules.ts";

/** The record types that the emulator has. */
export type RecordType = "salesOrder" | "customer";

const address = object({
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
const subsidiary = ref((id, account) => account.seed.subsidiaryIds.includes(id));
const currency = ref((id, account) => account.currencyDecimals(id) !== undefined);
const location = ref((id, account) => account.seed.locationIds.includes(id));

const taxCode = ref((id, account) => account.seed.taxCodes[id] !== undefined);

/** Fields of `item.items[]`. */
const LINE: Readonly<Record<string, Rule>> = {
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
const TAX_DETAIL: Readonly<Record<string, Rule>> = {
  taxDetailsReference: text(50),
  taxType: ref((id, account) => Object.values(account.seed.taxCodes).includes(id)),
  taxCode,
  taxBasis: number,
  taxRate: number,
  taxAmount: number,
};

/** Body fields by record type, from the list in the facts (REST API Browser 2026.1). */
const FIELDS: Readonly<Record<RecordType, Readonly<Record<string, Rule>>>> = {
  salesOrder: {
    externalId,
    entity: ref((id, account) => account.hasCustomer(id)),
    subsidiary,
    currency,
    exchangeRate: positive,
    tranDate: date,
    otherRefNum: text(45),
    memo: text(999),
    orderStatus,
    shippingAddress: address,
    billingAddress: address,
    shipMethod: ref((id, account) => account.seed.shippingItemIds.includes(id)),
    shippingCost: number,
    customForm: ref((id, account) => account.seed.customFormIds.includes(id)),
    location,
    item: sublist(LINE, ["item"]),
    taxDetailsOverride: withTax("suite-tax", truth),
    taxDetails: withTax("suite-tax", sublist(TAX_DETAIL, Object.keys(TAX_DETAIL))),
  },
  customer: {
    externalId,
    entityId: text(83),
    isPerson: truth,
    firstName: text(32),
    lastName: text(32),
    companyName: text(83),
    vatRegNumber: text(20),
    email,
    phone: text(32),
    comments: text(4_000),
    subsidiary,
    currency,
    currencyList: sublist({ currency }, ["currency"]),
  },
};

const REQUIRED: Readonly<Record<RecordType, readonly string[]>> = {
  salesOrder: ["entity", "item"],
  customer: ["subsidiary"],
};

/** Checks the form of a body: every field known, every reference resolvable. */
export function checkBody(type: RecordType, body: Json, account: Account): void {
  checkFields(body, FIELDS[type], "", account);
}

/** Checks a record as it would stand after the call. */
export function checkRecord(type: RecordType, record: Json, account: Account): void {
  for (const name of REQUIRED[type]) {
    if (record[name] === undefined) throw invalidContent(`Please enter value(s) for: ${name}`, name);
  }
  if (type === "salesOrder") checkOrder(record, account);
  else checkCustomer(record);
}

function checkOrder(record: Json, account: Account): void {
  if (linesOf(record).length === 0) throw invalidContent("Please enter value(s) for: item", "item");
  const decimals = account.currencyDecimals(refId(record["currency"])) ?? 2;
  // Stricter than is known of NetSuite: it may round. An amount with more decimals than its currency has is our error.
  for (const [index, line] of linesOf(record).entries()) {
    const at = `item.items[${String(index)}]`;
    checkDecimals(line["amount"], decimals, `${at}.amount`);
    checkDecimals(line["grossAmt"], decimals, `${at}.grossAmt`);
    if (line["quantity"] === undefined && !isDiscountItem(refId(line["item"]), account)) {
      throw invalidContent("Please enter value(s) for: quantity", `${at}.quantity`);
    }
  }
  checkDecimals(record["shippingCost"], decimals, "shippingCost");
  checkTaxDetails(record, decimals, account);
}

/** Tax details stand only where they override, each for a line that is there or the shipping, its code of its type. */
function checkTaxDetails(record: Json, decimals: number, account: Account): void {
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

const isDiscountItem = (id: string, account: Account): boolean => account.seed.discountItemIds.includes(id);

const isChargeItem = (id: string, account: Account): boolean =>
  account.seed.chargeItemIds.includes(id) || isDiscountItem(id, account);

/**
 * What the order comes to: its lines, the shipping cost, and the tax, which is the tax details' or what the lines' gross
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

function checkDecimals(value: unknown, decimals: number, path: string): void {
  if (typeof value !== "number") return;
  if (Number(value.toFixed(decimals)) !== value) {
    throw invalidContent(`the amount ${String(value)} has more than ${String(decimals)} decimals`, path);
  }
}

function checkCustomer(record: Json): void {
  // NetSuite's form: a person has a last name, a company its name.
  const needed = record["isPerson"] === true ? "lastName" : "companyName";
  if (typeof record[needed] !== "string" || record[needed] === "") {
    throw invalidContent(`Please enter value(s) for: ${needed}`, needed);
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
