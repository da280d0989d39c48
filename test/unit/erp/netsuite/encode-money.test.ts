/** Payments and credit slips in NetSuite's words; what NetSuite makes of them is in test/contract/money-kit.ts. */
import { expect, test } from "vitest";
import type { CreditBody } from "../../../../sidecar/domain/credit.ts";
import { MappingMissingError } from "../../../../sidecar/domain/errors.ts";
import { erpRef } from "../../../../sidecar/domain/ids.ts";
import type { PaymentBody } from "../../../../sidecar/domain/payment.ts";
import { open } from "../../../../sidecar/erp/netsuite/adapter.ts";
import { encodeCredit } from "../../../../sidecar/erp/netsuite/encode-credit.ts";
import { encodeDeposit } from "../../../../sidecar/erp/netsuite/encode-deposit.ts";
import { type NetSuiteSettings, settings as schema } from "../../../../sidecar/erp/netsuite/settings.ts";
import { type ErpCall, ErpRejectedError } from "../../../../sidecar/erp/port.ts";
import { creditBody, JPY, orderBody, paymentBody } from "../../../contract/sample-bodies.ts";

const GIVEN = {
  account: "5256042_SB1",
  auth: { kind: "tba", consumerKey: "a", consumerSecret: "b", tokenId: "c", tokenSecret: "d" },
  subsidiaryId: "1",
  currencies: { EUR: "4", JPY: "5" },
  shippingItemId: "92",
  shippingLineItemId: "93",
  locationId: "3",
};
const SETTINGS: NetSuiteSettings = schema.parse({ ...GIVEN, deposits: { account: "101" }, credits: {} });
const ORDER = orderBody(7, { customerRef: erpRef("647"), items: ["1001", "1002"] });
const PAYMENT = paymentBody(3, ORDER, { orderRef: erpRef("701"), method: "21" });

const deposit = (
  change: Partial<PaymentBody["payment"]> = {},
  section: object = { account: "101" },
): object => {
  const { deposits } = schema.parse({ ...GIVEN, deposits: section });
  if (deposits === undefined) throw new RangeError("no deposits");
  return encodeDeposit({ ...PAYMENT, payment: { ...PAYMENT.payment, ...change } }, SETTINGS, deposits);
};
const credit = (body: CreditBody, section: object = {}): ReturnType<typeof encodeCredit> => {
  const { credits } = schema.parse({ ...GIVEN, credits: section });
  if (credits === undefined) throw new RangeError("no credits");
  return encodeCredit(body, SETTINGS, credits);
};

test("a payment becomes a deposit of its order with every field that NetSuite is to keep", () => {
  expect(deposit()).toEqual({
    externalId: "PS-kit-7-PAY-3",
    customer: { id: "647" },
    salesOrder: { id: "701" },
    payment: 50.28,
    subsidiary: { id: "1" },
    currency: { id: "4" },
    exchangeRate: 1,
    paymentOption: { id: "21" },
    account: { id: "101" },
    tranDate: "2026-11-22",
    memo: "Carte bancaire — 3-D Secure TX-3 [erpsync:payment|3|TX-3]",
  });
});

test("a deposit lies with the undeposited funds where the settings say so, and its mark in a field of its own", () => {
  const section = { undepositedFunds: true, fingerprintField: "custbody_mark" };
  const body = deposit({ currency: JPY, amountMinor: 5_028, conversionRate: "160.000000" }, section);
  expect(body).toMatchObject({
    undepFunds: true,
    payment: 5_028,
    currency: { id: "5" },
    exchangeRate: 0.00625,
    memo: "Carte bancaire — 3-D Secure TX-3",
    custbody_mark: "[erpsync:payment|3|TX-3]",
  });
  expect(body).not.toHaveProperty("account");
});

test.each([0, -1_000])("an amount of %i is no deposit, and the refusal says what to do", (amountMinor) => {
  expect(() => deposit({ amountMinor })).toThrow(ErpRejectedError);
  expect(() => deposit({ amountMinor })).toThrow(
    /payment 3 of order XKBKNABJK is -?[0-9.]+ EUR: .* by people$/,
  );
});

test("a payment whose order is not in NetSuite is refused", () => {
  const { deposits } = SETTINGS;
  if (deposits === undefined) throw new RangeError("no deposits");
  expect(() => encodeDeposit({ ...PAYMENT, orderRef: null }, SETTINGS, deposits)).toThrow(ErpRejectedError);
});

test("a long note leaves room for the mark behind it", () => {
  const { memo } = deposit({ method: "m".repeat(2_000) }) as { memo: string };
  expect(memo).toHaveLength(999);
  expect(memo).toMatch(/ \[erpsync:payment\|3\|TX-3\]$/);
});

test("a slip becomes a credit memo that stands alone, with the slip's day and the order's key in its memo", () => {
  expect(credit(creditBody(5, ORDER, erpRef("701")))).toMatchObject({
    externalId: "PS-kit-7-CR-5",
    subsidiary: { id: "1" },
    location: { id: "3" },
    entity: { id: "647" },
    currency: { id: "4" },
    tranDate: "2026-11-25",
    otherRefNum: "XKBKNABJK",
    memo: "Credit slip 5 of PS-kit-7 [erpsync:slip|5|2026-11-25]",
    shippingCost: 7,
    item: {
      items: [
        { item: { id: "1001" }, quantity: 2, amount: 25 },
        { item: { id: "1002" }, amount: 9.9 },
      ],
    },
  });
});

test("where an item is set for credits, all products are booked to it, and no stock is moved", () => {
  const { item } = credit(creditBody(5, ORDER, erpRef("701")), { itemId: "900" });
  expect(item.items.map((entry) => entry.item.id)).toEqual(["900", "900"]);
});

test("a slip of the shipping alone has the shipping as its line", () => {
  const body = credit(creditBody(5, ORDER, erpRef("701"), { lines: [] }));
  expect(body.shippingCost).toBe(0);
  expect(body.item.items).toEqual([expect.objectContaining({ item: { id: "93" }, quantity: 1, amount: 7 })]);
  const { shippingLineItemId: _item, ...without } = SETTINGS;
  const slip = creditBody(5, ORDER, erpRef("701"), { lines: [] });
  expect(() => encodeCredit(slip, without, { fingerprintField: "memo" })).toThrow(MappingMissingError);
});

test("a slip with a product that has no item parks and names it", () => {
  const slip = { ...creditBody(5, ORDER, erpRef("701")), itemRefs: {} };
  expect(() => credit(slip)).toThrow(MappingMissingError);
});

test.each([
  [{}],
  [{ account: "101", undepositedFunds: true }],
  [{ undepositedFunds: false }],
  [{ account: "bank" }],
])("deposits of %j say not, or twice, where the money lies, and do not start", (deposits) => {
  expect(schema.safeParse({ ...GIVEN, deposits }).success).toBe(false);
});

test("without their sections neither payments nor credits are carried, and nothing is sent", async () => {
  const sent: string[] = [];
  const port = open(schema.parse(GIVEN), {
    http: (request) => {
      sent.push(request.url);
      return Promise.resolve({ kind: "not-sent", cause: "no network" });
    },
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
  });
  const call: ErpCall = { signal: new AbortController().signal, priority: 3, note: () => undefined };
  expect(port.capabilities).toMatchObject({ payments: false, paymentsWithOrder: false, credits: false });
  await expect(port.createPayment(PAYMENT, call)).rejects.toThrow(/erp\.netsuite\.deposits is not set/);
  await expect(port.createCredit(creditBody(5, ORDER, erpRef("701")), call)).rejects.toThrow(
    /erp\.netsuite\.credits is not set/,
  );
  expect(sent).toEqual([]);
});
