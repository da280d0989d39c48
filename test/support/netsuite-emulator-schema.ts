import {
  address,
  checkDecimals,
  checkLines,
  checkTaxDetails,
  currency,
  decimalsOf,
  LINE,
  linesOf,
  location,
  subsidiary,
  TAX_DETAIL,
} from "./netsuite-emulator-fields.ts";
import { invalidContent, userError } from "./netsuite-emulator-problem.ts";
import {
  type Account,
  checkFields,
  date,
  email,
  externalId,
  type Json,
  number,
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

/** The record types that a client may write. */
export type RestType = "salesOrder" | "customer" | "customerDeposit" | "creditMemo";

/** All of the emulator's record types; fulfilments and invoices are made by the account's own people. */
export type RecordType = RestType | "itemFulfillment" | "invoice";

const entity = ref((id, account) => account.hasCustomer(id));
const shipMethod = ref((id, account) => account.seed.shippingItemIds.includes(id));
const taxes: Readonly<Record<string, Rule>> = {
  taxDetailsOverride: withTax("suite-tax", truth),
  taxDetails: withTax("suite-tax", sublist(TAX_DETAIL, Object.keys(TAX_DETAIL))),
};

/** Body fields by record type, from the list in the facts (REST API Browser 2026.1). */
const FIELDS: Readonly<Record<RestType, Readonly<Record<string, Rule>>>> = {
  salesOrder: {
    externalId,
    entity,
    subsidiary,
    currency,
    exchangeRate: positive,
    tranDate: date,
    otherRefNum: text(45),
    memo: text(999),
    orderStatus,
    shippingAddress: address,
    billingAddress: address,
    shipMethod,
    shippingCost: number,
    customForm: ref((id, account) => account.seed.customFormIds.includes(id)),
    location,
    item: sublist({ ...LINE, isClosed: truth }, ["item"]),
    ...taxes,
  },
  // Facts: what a deposit of a prepaid order has.
  customerDeposit: {
    externalId,
    customer: entity,
    salesOrder: ref((id, account) => account.order(id) !== undefined),
    payment: positive,
    subsidiary,
    currency,
    exchangeRate: positive,
    paymentOption: ref((id, account) => account.seed.paymentOptionIds.includes(id)),
    account: ref((id, account) => account.seed.bankAccountIds.includes(id)),
    undepFunds: truth,
    tranDate: date,
    memo: text(999),
  },
  creditMemo: {
    externalId,
    entity,
    subsidiary,
    currency,
    exchangeRate: positive,
    tranDate: date,
    otherRefNum: text(45),
    memo: text(999),
    shipMethod,
    shippingCost: number,
    location,
    item: sublist(LINE, ["item"]),
    ...taxes,
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

const REQUIRED: Readonly<Record<RestType, readonly string[]>> = {
  salesOrder: ["entity", "item"],
  customer: ["subsidiary"],
  customerDeposit: ["customer", "salesOrder", "payment"],
  creditMemo: ["entity", "item"],
};

/** Checks the form of a body: every field known, every reference resolvable. */
export function checkBody(type: RestType, body: Json, account: Account): void {
  checkFields(body, FIELDS[type], "", account);
}

/** Checks a record as it would stand after the call. */
export function checkRecord(type: RestType, record: Json, account: Account): void {
  for (const name of REQUIRED[type]) {
    if (record[name] === undefined) throw invalidContent(`Please enter value(s) for: ${name}`, name);
  }
  CHECKS[type](record, account);
}

const CHECKS: Readonly<Record<RestType, (record: Json, account: Account) => void>> = {
  salesOrder: checkSale,
  customer: checkCustomer,
  customerDeposit: checkDeposit,
  creditMemo: checkCredit,
};

/** What orders and credit memos have in common. */
function checkSale(record: Json, account: Account): void {
  checkLines(record, account);
  const decimals = decimalsOf(record, account);
  checkDecimals(record["shippingCost"], decimals, "shippingCost");
  checkTaxDetails(record, decimals, account);
}

/** A standalone credit memo puts its items back on stock (bridgehead_4337971641), so each needs to know where. */
function checkCredit(record: Json, account: Account): void {
  checkSale(record, account);
  for (const [index, line] of linesOf(record).entries()) {
    if (!account.itemIds.has(refId(line["item"]))) continue;
    if ((line["location"] ?? record["location"]) !== undefined) continue;
    throw invalidContent("Please enter value(s) for: location", `item.items[${String(index)}].location`);
  }
}

/** A deposit is of an order's own customer and currency, and lies on an account or with the undeposited funds. */
function checkDeposit(record: Json, account: Account): void {
  checkDecimals(record["payment"], decimalsOf(record, account), "payment");
  const order = account.order(refId(record["salesOrder"]));
  if (refId(order?.["entity"]) !== refId(record["customer"])) {
    throw invalidContent("Invalid Field Value for the following field: salesOrder", "salesOrder");
  }
  if (refId(order?.["currency"]) !== refId(record["currency"])) {
    throw userError("The currency of the deposit is not that of its sales order.");
  }
  if ((record["undepFunds"] === true) === (record["account"] !== undefined)) {
    throw userError("Please choose either an account or undeposited funds.");
  }
}

function checkCustomer(record: Json): void {
  // NetSuite's form: a person has a last name, a company its name.
  const needed = record["isPerson"] === true ? "lastName" : "companyName";
  if (typeof record[needed] !== "string" || record[needed] === "") {
    throw invalidContent(`Please enter value(s) for: ${needed}`, needed);
  }
}
