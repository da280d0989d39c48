// What it takes of a CPU to decide on one order: `decodeOrder` (the law of the totals), `planOrder` with its hash, and
// the body that goes on the wire, for NetSuite and for Tryton.
//
// The order has twenty lines of four tax rules groups in turn (20 %, 5.5 %, two taxes added up, two compound), ecotax on
// every other, vouchers of 10 % and gift wrapping: the dearest that the generator of orders makes. It is planned 200 times
// to warm up, then 2,000 times; what counts is the process's own CPU time, so a busy machine hardly matters.
//
// Peers: the same order parsed from and written to JSON once, which is the least that its body costs, and one of two lines.
import { type ErpRef, type ExternalId, erpRef, shopOrderId } from "../../sidecar/domain/ids.ts";
import { encodeOrderCreation } from "../../sidecar/erp/netsuite/encode-order.ts";
import { type NetSuiteSettings, settings as netSuite } from "../../sidecar/erp/netsuite/settings.ts";
import { encodeHead, encodeLines } from "../../sidecar/erp/tryton/encode-order.ts";
import { settings as tryton } from "../../sidecar/erp/tryton/settings.ts";
import { decodeOrder, type OrderRows } from "../../sidecar/orders/decode-order.ts";
import { hashOrder } from "../../sidecar/orders/order-effects.ts";
import { type OrderFacts, planOrder } from "../../sidecar/orders/plan-record.ts";
import { withCodes } from "../support/booked-taxes.ts";
import { CURRENCIES, orderRowsOf, TAXES } from "../support/random-order.ts";
import { atMost, BenchCannotRun, type BenchResult, peer } from "./support/result.ts";

const LINES = 20;
const WARM_UP = 200;
const TIMES = 2_000;
const TARGET_MS = 2;

const NETSUITE = netSuite.parse({
  account: "TSTDRV1",
  baseUrl: "http://127.0.0.1:1",
  auth: { kind: "tba", consumerKey: "k", consumerSecret: "s", tokenId: "t", tokenSecret: "s" },
  currencies: { EUR: "1" },
  ...{ shippingItemId: "81", wrappingItemId: "82", discountItemId: "83", roundingItemId: "84" },
  tax: "taxDetails",
});
const TRYTON = tryton.parse({
  ...{ url: "http://127.0.0.1:1", database: "erp", user: "shop", password: "secret" },
  taxes: { "20.000": "1", "5.500": "2", "5.000": "3", "9.975": "4" },
  ...{ shippingProductId: "10", wrappingProductId: "11", discountProductId: "12", roundingProductId: "13" },
});

export function benchPlanOrder(): Promise<BenchResult> {
  const rows = rowsOf(LINES);
  const ways = [
    { name: "NetSuite", encode: netSuiteEncoder(rows) },
    { name: "Tryton", encode: trytonBody },
  ];
  const body = planned(rows);
  const small = rowsOf(2);
  const encodeSmall = netSuiteEncoder(small);
  return Promise.resolve({
    name: "plan-order",
    figures: ways.map(({ encode, name }) =>
      atMost(
        `decode, plan, hash and encode for ${name}, an order of ${String(LINES)} lines`,
        cpuMs(() => encode(planned(rows))),
        "ms of CPU",
        TARGET_MS,
      ),
    ),
    peers: [
      peer(
        "its body parsed from JSON and written again",
        "ms of CPU",
        cpuMs(() => JSON.stringify(JSON.parse(JSON.stringify(body)))),
      ),
      peer(
        "an order of two lines, for NetSuite",
        "ms of CPU",
        cpuMs(() => encodeSmall(planned(small))),
      ),
    ],
  });
}

function rowsOf(lines: number): OrderRows {
  const taxes = [TAXES.normal, TAXES.reduced, TAXES.combined, TAXES.compound];
  return orderRowsOf({
    currency: CURRENCIES.EUR,
    roundType: 2,
    lines: Array.from({ length: lines }, (_, index) => ({
      unitTaxExcl: 12_345_678 + index,
      quantity: 1 + (index % 5),
      taxes: taxes[index % taxes.length] ?? TAXES.normal,
      ecotax: index % 2 === 0 ? 100_000 : 0,
      ecotaxPercent: index % 2 === 0 ? 20 : 0,
      groupReductionPercent: 0,
    })),
    shipping: { taxExcl: 7_000_000, taxPercent: 20 },
    wrapping: { taxExcl: 2_000_000, taxPercent: 20 },
    discountPercent: 10,
    freeShipping: false,
  });
}

/** The body that the planner makes of the shop's rows. */
function planned(rows: OrderRows) {
  const order = decodeOrder(rows, 0);
  if (order.kind === "mismatch") throw new BenchCannotRun(order.sentence);
  const itemRefs = Object.fromEntries(
    order.order.lines.map((line, index) => [line.productKey, erpRef(String(1_001 + index))]),
  );
  const facts: OrderFacts = {
    subject: "order:1" as OrderFacts["subject"],
    orderId: shopOrderId(1),
    presence: "whole",
    inScope: true,
    fingerprint: "f",
    known: { ref: "1" as ErpRef, fingerprint: "f", bodyHash: "another", isCancelled: false },
    customerSubject: "customer:1" as OrderFacts["customerSubject"],
    customerRef: "7" as ErpRef,
    customerExists: true,
    itemRefs,
    mapped: { kind: "found", refs: {} },
    order,
    heldMs: 0,
    externalId: "PS-main-1" as ExternalId,
    shopState: 2,
    isCalledOff: false,
    waitsForPayment: false,
    booksClosedUntil: undefined,
  };
  const plan = planOrder(facts, hashOrder);
  if (plan.kind !== "amend") throw new BenchCannotRun(`The order was planned as ${plan.kind}`);
  return plan.body;
}

type Body = ReturnType<typeof planned>;

function netSuiteEncoder(rows: OrderRows): (body: Body) => unknown {
  const settings: NetSuiteSettings = withCodes(NETSUITE, planned(rows).order);
  return (body) => JSON.stringify(encodeOrderCreation(body, settings));
}

const trytonBody = (body: Body): unknown =>
  JSON.stringify([encodeHead(body, 1, TRYTON), encodeLines(body, TRYTON)]);

/** CPU time of one run, user and system, on the average of many. */
function cpuMs(work: () => unknown): number {
  for (let times = 0; times < WARM_UP; times += 1) work();
  const before = process.cpuUsage();
  for (let times = 0; times < TIMES; times += 1) work();
  const { system, user } = process.cpuUsage(before);
  return (system + user) / 1_000 / TIMES;
}
