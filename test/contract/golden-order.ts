// The golden orders of test/contract/orders: what a real PrestaShop wrote, and what has to become of it. They are made by
// `npm run golden` and held by golden-orders.test.ts; both encode with the settings below.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { orderFingerprint } from "../../sidecar/domain/fingerprint.ts";
import { erpRef, orderExternalId } from "../../sidecar/domain/ids.ts";
import type { NeutralOrder } from "../../sidecar/domain/order.ts";
import { encodeOrderCreation, type SalesOrderCreation } from "../../sidecar/erp/netsuite/encode-order.ts";
import { type NetSuiteSettings, settings as netsuiteSchema } from "../../sidecar/erp/netsuite/settings.ts";
import {
  encodeHead,
  encodeLines,
  type PlannedLine,
  type SaleHead,
} from "../../sidecar/erp/tryton/encode-order.ts";
import { settings as trytonSchema } from "../../sidecar/erp/tryton/settings.ts";
import { type CreditDecision, decideCredit } from "../../sidecar/orders/decide-credit.ts";
import { decidePayments, type PaymentDecision } from "../../sidecar/orders/decide-payments.ts";
import { decodeOrder, type OrderRows } from "../../sidecar/orders/decode-order.ts";
import { type OrderMoney, withInvoices } from "../../sidecar/orders/order-money.ts";
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
  readonly tryton: TrytonBody;
  readonly payments: PaymentDecision;
  /** One for each credit slip; a slip that contradicts itself is parked with its sentence. */
  readonly credits: readonly CreditDecision[];
}

/** What becomes of it: that, or the sentence that it is parked with, or nothing while it is held as a torn one. */
export type GoldenOutcome = GoldenExport | { readonly parked: string } | { readonly held: "order-torn" };

export interface TrytonBody {
  readonly head: SaleHead;
  readonly lines: readonly PlannedLine[];
}

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
  const credits = money.slips.map((slip) =>
    decideCredit(
      decoded.order,
      slip,
      money.slipLines.filter((line) => line.id_order_slip === slip.id_order_slip),
    ),
  );
  const payments = decidePayments(decoded.order, money.payments, money.siblings);
  return { neutral, ...bodies(neutral, rows), payments, credits };
}

/** What people decided of an order's life: here, that the ERP is told of the shop's invoice numbers. */
export const RULES = { unpaid: "export", invoiceNumbers: "shop", statesFromErp: {} } as const;

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
  tax: "taxDetails",
});

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

/** The bodies of the order's creation in each ERP. */
function bodies(
  order: NeutralOrder,
  rows: OrderRows,
): { readonly netsuite: SalesOrderCreation; readonly tryton: TrytonBody } {
  const body = {
    externalId: orderExternalId("golden", order.id, []),
    fingerprint: orderFingerprint(rows.order),
    customerRef: erpRef("647"),
    itemRefs: Object.fromEntries(
      order.lines.map((line, index) => [line.productKey, erpRef(String(1_001 + index))]),
    ),
    order,
  };
  const mapped = withCompoundTaxes(body, rows, `${TRYTON_COMPOUND_TAX},4`);
  const currencyId = TRYTON_CURRENCIES[order.currency.code] ?? 0;
  return {
    netsuite: encodeOrderCreation(body, withCodes(NETSUITE, order)),
    tryton: { head: encodeHead(mapped, currencyId, TRYTON), lines: encodeLines(mapped, TRYTON) },
  };
}
