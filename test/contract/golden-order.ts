// The golden orders of test/contract/orders: what a real PrestaShop wrote, and what has to become of it. They are made by
// `npm run golden` and held by golden-orders.test.ts; both encode with the settings below.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CreditBody } from "../../sidecar/domain/credit.ts";
import { orderFingerprint } from "../../sidecar/domain/fingerprint.ts";
import { erpRef, orderExternalId, orderSubject } from "../../sidecar/domain/ids.ts";
import type { NeutralOrder, OrderBody } from "../../sidecar/domain/order.ts";
import type { PaymentBody } from "../../sidecar/domain/payment.ts";
import { encodeCredit as encodeNetSuiteCredit } from "../../sidecar/erp/netsuite/encode-credit.ts";
import { encodeDeposit } from "../../sidecar/erp/netsuite/encode-deposit.ts";
import { encodeOrderCreation, type SalesOrderCreation } from "../../sidecar/erp/netsuite/encode-order.ts";
import {
  type CreditSettings,
  type DepositSettings,
  type NetSuiteSettings,
  settings as netsuiteSchema,
} from "../../sidecar/erp/netsuite/settings.ts";
import {
  encodeCredit as encodeTrytonCredit,
  type SaleWish,
  takeBack,
} from "../../sidecar/erp/tryton/encode-credit.ts";
import {
  encodeHead,
  encodeLines,
  type PlannedLine,
  type SaleHead,
} from "../../sidecar/erp/tryton/encode-order.ts";
import { encodeJournal, encodePayment, type KeyedPayment } from "../../sidecar/erp/tryton/encode-payment.ts";
import { settings as trytonSchema } from "../../sidecar/erp/tryton/settings.ts";
import { decidePayments } from "../../sidecar/orders/decide-payments.ts";
import { decodeOrder, type OrderRows } from "../../sidecar/orders/decode-order.ts";
import { lifeFacts, type OrderMoney, withInvoices } from "../../sidecar/orders/order-money.ts";
import { withCodes, withCompoundTaxes } from "../support/booked-taxes.ts";

/** A row as the shop's database has it, decimals and times as texts. */
export type ShopRow = Readonly<Record<string, string | number | null>>;

/** What the shop wrote for one order. */
export interface GoldenRows {
  /** Read as the product reads them, and so is the money. */
  readonly rows: OrderRows;
  readonly money: OrderMoney;
  /** Whole rows of `order_carrier`. */
  readonly parcels: readonly ShopRow[];
}

/** What becomes of an order that is whole and does not contradict itself. */
export interface GoldenExport {
  readonly neutral: NeutralOrder;
  readonly netsuite: SalesOrderCreation;
  readonly tryton: TrytonSale;
  readonly payments: readonly GoldenPayment[];
  /** `id_order_payment` of rows that tell of a payment a second time. */
  readonly doubledPayments: readonly number[];
  /** One for each credit slip. */
  readonly credits: readonly GoldenCredit[];
}

export interface GoldenPayment {
  readonly body: PaymentBody;
  readonly netsuite: ReturnType<typeof encodeDeposit>;
  readonly tryton: KeyedPayment;
}

/** A slip that contradicts itself is parked with its sentence. */
export type GoldenCredit =
  | {
      readonly body: CreditBody;
      readonly netsuite: ReturnType<typeof encodeNetSuiteCredit>;
      readonly tryton: TrytonSale;
    }
  | { readonly parked: string };

/** What is sent to Tryton before its own ids of units, addresses and countries are in it. */
export interface TrytonSale {
  readonly head: SaleHead;
  readonly lines: readonly PlannedLine[];
}

/** What becomes of it: that, or the sentence that it is parked with, or nothing while it is held as a torn one. */
export type GoldenOutcome = GoldenExport | { readonly parked: string } | { readonly held: "order-torn" };

/** One file. */
export type GoldenOrder = { readonly case: string } & GoldenRows & GoldenOutcome;

export const GOLDEN_FOLDER = join(import.meta.dirname, "orders");

/** All golden orders, by their cases' names. */
export function readGoldenOrders(): readonly GoldenOrder[] {
  return readdirSync(GOLDEN_FOLDER)
    .map((name) => JSON.parse(readFileSync(join(GOLDEN_FOLDER, name), "utf8")) as GoldenOrder)
    .sort((a, b) => (a.case < b.case ? -1 : 1));
}

/** Decides anew what becomes of the rows. */
export function decideGolden({ rows, money }: GoldenRows): GoldenOutcome {
  if (rows.order.current_state === 0 || rows.order.has_history === 0) return { held: "order-torn" };
  const decoded = decodeOrder(rows, TOLERANCE_MINOR);
  if (decoded.kind === "mismatch") return { parked: decoded.sentence };
  const neutral = withInvoices(decoded.order, money, RULES);
  const body = bodyOf(neutral, rows);
  const facts = { subject: orderSubject(neutral.id), heldMs: 0, shopState: rows.order.current_state };
  const life = lifeFacts(
    {
      ...facts,
      ...body,
      order: decoded,
      mapped: undefined,
      mappings: new Map(),
      money,
      erp: { payments: true, paymentsWithOrder: false },
      orderId: neutral.id,
      carried: { payments: true, credits: true },
      isAnonymous: false,
      progress: undefined,
    },
    ORDER_REF,
    { ...RULES, stateAfterExport: undefined },
    [],
  );
  return {
    neutral,
    netsuite: encodeOrderCreation(body, withCodes(NETSUITE, neutral)),
    tryton: trytonSale({ body: withCompoundTaxes(body, rows, TRYTON_COMPOUND) }),
    payments: life.payments.map(paymentBodies),
    doubledPayments: decidePayments(decoded.order, money.payments, money.siblings).doubled,
    credits: life.credits.map((credit) =>
      credit.kind === "mismatch" ? { parked: credit.sentence } : creditBodies(credit.body, rows),
    ),
  };
}

function paymentBodies(body: PaymentBody): GoldenPayment {
  const journal = { id: encodeJournal(body, TRYTON), currencyCode: body.payment.currency.code };
  return {
    body,
    netsuite: encodeDeposit(body, NETSUITE, DEPOSITS),
    tryton: encodePayment(body, journal, TRYTON),
  };
}

function creditBodies(body: CreditBody, rows: OrderRows): GoldenCredit {
  const mapped = withCompoundTaxes(body, rows, TRYTON_COMPOUND);
  return {
    body,
    netsuite: encodeNetSuiteCredit(body, withCodes(NETSUITE, body.order), CREDITS),
    tryton: trytonSale(encodeTrytonCredit(mapped)),
  };
}

function trytonSale({ body, takesBackFrom }: SaleWish): TrytonSale {
  const lines = encodeLines(body, TRYTON);
  return {
    head: encodeHead(body, TRYTON_CURRENCIES[body.order.currency.code] ?? 0, TRYTON),
    lines: takesBackFrom === undefined ? lines : lines.map(takeBack),
  };
}

/** The body of the order's creation, sold to one customer and in items of as many numbers as it has lines. */
function bodyOf(order: NeutralOrder, rows: OrderRows): OrderBody {
  return {
    externalId: orderExternalId("golden", order.id, []),
    fingerprint: orderFingerprint(rows.order),
    customerRef: erpRef("647"),
    itemRefs: Object.fromEntries(
      order.lines.map((line, index) => [line.productKey, erpRef(String(1_001 + index))]),
    ),
    order,
  };
}

/** What people decided of an order's life: here, that the ERP is told of the shop's invoice numbers. */
export const RULES = { unpaid: "export", invoiceNumbers: "shop", statesFromErp: {} } as const;

/** What the order is in the ERP. */
const ORDER_REF = erpRef("9001");

/** How far amounts that have to agree may be apart: not at all. */
const TOLERANCE_MINOR = 0;

const NETSUITE: NetSuiteSettings = netsuiteSchema.parse({
  account: "5256042_SB1",
  auth: { kind: "tba", consumerKey: "key", consumerSecret: "secret", tokenId: "id", tokenSecret: "secret" },
  subsidiaryId: "1",
  currencies: { EUR: "4", USD: "1", JPY: "5", KWD: "7" },
  shippingItemId: "92",
  wrappingItemId: "900000002",
  discountItemId: "900000004",
  roundingItemId: "900000003",
  locationId: "1",
  invoiceNumberField: "custbody_shop_invoice",
  tax: "taxDetails",
});
const DEPOSITS: DepositSettings = { undepositedFunds: true, fingerprintField: "memo" };
const CREDITS: CreditSettings = { fingerprintField: "memo" };

const TRYTON = trytonSchema.parse({
  url: "http://127.0.0.1:8000",
  database: "erp",
  user: "shop",
  password: "secret",
  companion: true,
  taxes: { "20.000": "1", "5.500": "2", "5.000": "3", "9.975": "4" },
  taxDifference: { productId: "14", taxId: "9", unit: "0.001" },
  shippingProductId: "10",
  wrappingProductId: "11",
  discountProductId: "12",
  roundingProductId: "13",
  paymentJournals: { EUR: "1", USD: "2", JPY: "3", KWD: "4" },
});
const TRYTON_CURRENCIES: Readonly<Record<string, number>> = { EUR: 1, USD: 2, JPY: 3, KWD: 4 };

/** Percent of each of Tryton's taxes. The fifth changes the price that those after it are taken on. */
export const TRYTON_RATES: Readonly<Record<string, number>> = {
  "1": 20,
  "2": 5.5,
  "3": 5,
  "4": 9.975,
  "5": 5,
};
export const TRYTON_COMPOUND_TAX = "5";
/** The taxes that build on each other, as people map them. */
const TRYTON_COMPOUND = `${TRYTON_COMPOUND_TAX},4`;
