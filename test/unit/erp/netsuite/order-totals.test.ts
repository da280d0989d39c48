// The law over the whole way: the shop's totals, the neutral order, the request's body and what the ERP answers.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MappingMissingError, OrderTotalsError } from "../../../../sidecar/domain/errors.ts";
import { type ErpRef, erpRef } from "../../../../sidecar/domain/ids.ts";
import type { OrderBody } from "../../../../sidecar/domain/order.ts";
import * as adapter from "../../../../sidecar/erp/netsuite/adapter.ts";
import {
  encodeOrderCreation,
  type SalesOrderCreation,
} from "../../../../sidecar/erp/netsuite/encode-order.ts";
import type { NetSuiteSettings } from "../../../../sidecar/erp/netsuite/settings.ts";
import { type ErpCall, type ErpPort, ErpRejectedError } from "../../../../sidecar/erp/port.ts";
import { decodeOrder } from "../../../../sidecar/orders/decode-order.ts";
import { createHttp, type Http } from "../../../../sidecar/platform/http.ts";
import { customerBody, ORDERS_TO_ADD_UP, orderBody } from "../../../contract/sample-bodies.ts";
import { withCodes } from "../../../support/booked-taxes.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../../../support/netsuite-emulator.ts";
import { anyOrder, type OrderIdea, orderRowsOf } from "../../../support/random-order.ts";

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const call: ErpCall = { signal: new AbortController().signal, priority: 3, note: () => undefined };
let lastId = 1_000;

/** The order of these rows, sold in the emulator's items. */
function bodyOf(idea: OrderIdea, customerRef: ErpRef): OrderBody {
  const decoded = decodeOrder(orderRowsOf(idea), 0);
  if (decoded.kind === "mismatch") throw new Error(decoded.sentence);
  lastId += 1;
  const { order } = decoded;
  const itemRefs = Object.fromEntries(
    order.lines.map((line, index) => [line.productKey, erpRef(String(1_001 + index))]),
  );
  return { ...orderBody(lastId, { customerRef, items: ["1001", "1002"] }), itemRefs, order };
}

/** What a body comes to by its own figures. */
function addUp(body: SalesOrderCreation): readonly [number, number] {
  const sum = (amounts: readonly number[]): number => amounts.reduce((all, amount) => all + amount, 0);
  const excl = sum(body.item.items.map(({ amount }) => amount)) + body.shippingCost;
  const details = sum((body.taxDetails?.items ?? []).map(({ taxAmount }) => taxAmount));
  const gross = sum(body.item.items.map(({ amount, grossAmt }) => (grossAmt ?? amount) - amount));
  return [excl, excl + details + gross];
}

describe.each([
  { tax: "suite-tax", agrees: "with tax and without" },
  { tax: "legacy", agrees: "with tax and without" },
  { tax: "none", agrees: "without tax" },
] as const)("in an account with $tax taxes", ({ tax, agrees }) => {
  let emulator: NetSuiteEmulator;
  let http: Http;
  let settings: NetSuiteSettings;
  let customerRef: ErpRef;
  const open = (config: NetSuiteSettings): ErpPort => adapter.open(config, { http: http.send, clock });

  beforeAll(async () => {
    emulator = await startNetSuiteEmulator({ tax });
    http = createHttp({ connections: 4 });
    settings = adapter.settings.parse(emulator.settings("tba"));
    customerRef = await open(settings).createCustomer(customerBody(1), call);
  });
  afterAll(async () => {
    await http.close();
    await emulator.close();
  });

  test(`shop, neutral order, body and answer agree ${agrees}, whatever the order`, {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(anyOrder, async (idea) => {
        const body = bodyOf(idea, customerRef);
        const { order } = body;
        const config = withCodes(settings, order);
        const shop = orderRowsOf(idea).order;
        const scale = 10 ** order.currency.decimals;
        const paid = [shop.total_paid_tax_excl, shop.total_paid_tax_incl].map(Number);
        const [excl, incl] = addUp(encodeOrderCreation(body, config));
        expect(excl).toBeCloseTo(paid[0] ?? -1, 6);
        if (tax !== "none") expect(incl).toBeCloseTo(paid[1] ?? -1, 6);
        const port = open(config);
        const ref = await port.createOrder(body, [], call);
        const totals = await port.readOrder(
          { ref, externalId: body.externalId, currency: order.currency },
          call,
        );
        expect(totals?.currencyCode).toBe(idea.currency.code);
        expect(totals?.totalTaxExclMinor).toBe(Math.round((paid[0] ?? -1) * scale));
        if (tax !== "none") expect(totals?.totalTaxInclMinor).toBe(Math.round((paid[1] ?? -1) * scale));
      }),
      { numRuns: 60 },
    );
  });

  test.each(["wrappingItemId", "discountItemId", "roundingItemId"] as const)(
    "without %s an order that needs it parks and names the setting, and others go",
    async (name) => {
      const { [name]: _left, ...config } = settings;
      const port = open(config);
      const full = orderBody((lastId += 1), {
        customerRef,
        items: ["1001", "1002"],
        change: ORDERS_TO_ADD_UP["all of it"] ?? {},
      });
      const encode = port.createOrder(full, [], call);
      await expect(encode).rejects.toThrow(MappingMissingError);
      await expect(encode).rejects.toThrow(`erp.netsuite.${name}`);
      const plain = orderBody((lastId += 1), { customerRef, items: ["1001", "1002"] });
      await expect(port.createOrder(plain, [], call)).resolves.toBeDefined();
    },
  );

  test("an order that does not obey the law is not sent", async () => {
    const change = { totalPaidTaxExclMinor: 4_191 };
    const body = orderBody((lastId += 1), { customerRef, items: ["1001", "1002"], change });
    const calls = emulator.calls().length;
    const end = open(settings).createOrder(body, [], call);
    await expect(end).rejects.toThrow(OrderTotalsError);
    await expect(end).rejects.toThrow(
      "without tax: the sales order would come to 41.90, and the shop says 41.91",
    );
    expect(emulator.calls()).toHaveLength(calls);
  });
});

describe("a tax that NetSuite has no code for", () => {
  const settings = adapter.settings.parse({
    account: "5256042_SB1",
    auth: { kind: "tba", consumerKey: "a", consumerSecret: "b", tokenId: "c", tokenSecret: "d" },
    currencies: { EUR: "4" },
    shippingLineItemId: "900000001",
  });
  const body = orderBody(7, { customerRef: erpRef("647"), items: ["1001", "1002"] });
  const untaxed = orderBody(7, {
    customerRef: erpRef("647"),
    items: ["1001", "1002"],
    change: ORDERS_TO_ADD_UP["no tax"] ?? {},
  });

  test.each([
    { tax: "taxDetails" as const, taxCodes: {}, order: body, says: 'erp.netsuite.taxCodes["1"]' },
    {
      tax: "taxDetails" as const,
      taxCodes: { "1": { taxCode: "501" } },
      order: body,
      says: 'erp.netsuite.taxCodes["1"].taxType',
    },
    { tax: "lineTaxCode" as const, taxCodes: {}, order: body, says: 'erp.netsuite.taxCodes["1"]' },
    { tax: "lineTaxCode" as const, taxCodes: {}, order: untaxed, says: 'erp.netsuite.taxCodes["none"]' },
  ])("parks the order and names $says, with $tax", ({ tax, taxCodes, order, says }) => {
    const encode = (): unknown => encodeOrderCreation(order, { ...settings, tax, taxCodes });
    expect(encode).toThrow(MappingMissingError);
    expect(encode).toThrow(says);
  });

  test("is no matter where no taxes are sent", () => {
    expect(encodeOrderCreation(body, settings)).not.toHaveProperty("taxDetails");
  });
});

describe("tax codes that people mapped", () => {
  const settings = adapter.settings.parse({
    account: "5256042_SB1",
    auth: { kind: "tba", consumerKey: "a", consumerSecret: "b", tokenId: "c", tokenSecret: "d" },
    subsidiaryId: "1",
    currencies: { EUR: "4" },
    wrappingItemId: "900000002",
    discountItemId: "900000004",
    roundingItemId: "900000003",
    tax: "taxDetails",
    taxTypes: { "701": "11", "702": "11", "703": "12" },
  });
  const refs = {
    subsidiary: erpRef("2"),
    currency: erpRef("6"),
    taxes: {
      "3:1": erpRef("701"),
      "3:2": erpRef("702"),
      "shipping:": erpRef("701"),
      "wrapping:": erpRef("703"),
    },
  };
  const change = ORDERS_TO_ADD_UP["all of it"] ?? {};
  const body = { ...orderBody(7, { customerRef: erpRef("647"), items: ["1001", "1002"], change }), refs };

  test("are on the lines, the fees, a voucher's parts and the rounding, and win over the settings", () => {
    const sent = encodeOrderCreation(body, settings);
    expect(sent).toMatchObject({ subsidiary: { id: "2" }, currency: { id: "6" } });
    expect(
      sent.taxDetails?.items.map((detail) => [
        detail.taxDetailsReference,
        detail.taxCode.id,
        detail.taxType.id,
      ]),
    ).toEqual([
      ["LINE1", "701", "11"],
      ["LINE2", "702", "11"],
      ["SHIPPING", "701", "11"],
      ["WRAPPING", "703", "12"],
      ["DISCOUNT1", "701", "11"],
      ["DISCOUNT2", "702", "11"],
      ["ROUNDING", "701", "11"],
    ]);
    const [excl, incl] = addUp(sent);
    expect(excl).toBeCloseTo(body.order.totalPaidTaxExclMinor / 100, 6);
    expect(incl).toBeCloseTo(body.order.totalPaidTaxInclMinor / 100, 6);
  });

  test("need their tax type, which a parked order names", () => {
    const encode = (): unknown => encodeOrderCreation(body, { ...settings, taxTypes: { "701": "11" } });
    expect(encode).toThrow(MappingMissingError);
    expect(encode).toThrow('erp.netsuite.taxTypes["702"]');
  });
});

describe("the emulator refuses", () => {
  test("tax details in an account with legacy taxes, and gross amounts in one with SuiteTax", async () => {
    for (const [account, way] of [
      ["legacy", "taxDetails"],
      ["suite-tax", "lineTaxCode"],
    ] as const) {
      await using emulator = await startNetSuiteEmulator({ tax: account });
      const http = createHttp({ connections: 1 });
      const settings = adapter.settings.parse({ ...emulator.settings("tba"), tax: way });
      const port = adapter.open(settings, { http: http.send, clock });
      const customerRef = await port.createCustomer(customerBody(1), call);
      const body = orderBody(1, { customerRef, items: ["1001", "1002"] });
      await expect(port.createOrder(body, [], call)).rejects.toThrow(ErpRejectedError);
      await http.close();
    }
  });
});
