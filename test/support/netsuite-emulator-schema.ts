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

/** Fields of `item.items[]`. `taxCode` and the tax details join with the taxes: see facts on SuiteTax. */
const LINE: Readonly<Record<string, Rule>> = {
  line: positive,
  item: ref((id, account) => account.itemIds.has(id)),
  quantity: positive,
  rate: number,
  amount: number,
  description: text(4_000),
  // -1 is the custom price level; the others are the account's.
  price: ref((id) => /^(-1|[1-9][0-9]*)$/.test(id)),
  location,
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
  },
  customer: {
    externalId,
    entityId: text(83),
    isPerson: truth,
    firstName: text(32),
    lastName: text(32),
    companyName: text(83),
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
    checkDecimals(line["amount"], decimals, `item.items[${String(index)}].amount`);
  }
  checkDecimals(record["shippingCost"], decimals, "shippingCost");
}

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
export function linesOf(record: Json): readonly Json[] {
  const items = isJson(record["item"]) ? record["item"]["items"] : undefined;
  return Array.isArray(items) ? items.filter(isJson) : [];
}
