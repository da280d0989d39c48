import { describe, expect, test } from "vitest";
import { MappingMissingError } from "../../../../sidecar/domain/errors.ts";
import { type ExternalId, erpRef, shopOrderId } from "../../../../sidecar/domain/ids.ts";
import type { PaymentBody } from "../../../../sidecar/domain/payment.ts";
import { ErpRejectedError } from "../../../../sidecar/erp/port.ts";
import { decodePayments, isPaymentOf } from "../../../../sidecar/erp/tryton/decode-payment.ts";
import {
  encodeJournal,
  encodePayment,
  encodePaymentValues,
} from "../../../../sidecar/erp/tryton/encode-payment.ts";
import { settings, type TrytonSettings } from "../../../../sidecar/erp/tryton/settings.ts";
import { EUR, JPY, KWD } from "../../../contract/sample-bodies.ts";

const config = (change: object = {}): TrytonSettings =>
  settings.parse({
    ...{ url: "http://127.0.0.1:8000", database: "erp", user: "shop", password: "secret" },
    paymentJournals: { EUR: "3", JPY: "4", KWD: "5" },
    ...change,
  });
const body = (change: Partial<PaymentBody["payment"]> = {}): PaymentBody => ({
  externalId: "PS-kit-1001-PAY-8" as ExternalId,
  fingerprint: "payment|8",
  customerRef: erpRef("7"),
  orderExternalId: "PS-kit-1001" as ExternalId,
  orderRef: erpRef("12"),
  payment: {
    id: 8,
    orderId: shopOrderId(1001),
    reference: "XKBKNABJK",
    paidAtShopTime: "2026-11-21 10:12:00",
    method: "PayPal",
    transactionId: "8XK",
    currency: EUR,
    conversionRate: "1.000000",
    amountMinor: 1_250,
    ...change,
  },
});
const euro = { id: 3, currencyCode: "EUR" };

describe("the journal of a payment", () => {
  test("is that of its currency, unless people mapped its method to one", () => {
    expect(encodeJournal(body({ currency: JPY }), config())).toBe(4);
    expect(encodeJournal({ ...body(), refs: { payment: erpRef("9") } }, config())).toBe(9);
  });

  test("is named where it is missing, or where something else was mapped", () => {
    const none = () => encodeJournal(body(), config({ paymentJournals: { USD: "1" } }));
    expect(none).toThrow(MappingMissingError);
    expect(none).toThrow(/erp\.tryton\.paymentJournals\.EUR/);
    const word = { ...body(), refs: { payment: erpRef("card") } };
    expect(() => encodeJournal(word, config())).toThrow(/PayPal is mapped to "card"/);
  });
});

describe("a payment for Tryton", () => {
  test("carries key, day and amount, and in its description what people look for", () => {
    expect(encodePayment(body(), euro, config())).toEqual({
      key: "PS-kit-1001-PAY-8",
      fingerprint: "payment|8",
      journal: 3,
      amount: { __class__: "Decimal", decimal: "12.50" },
      date: { __class__: "date", year: 2026, month: 11, day: 21 },
      description: "PS-kit-1001-PAY-8 PayPal 8XK",
      state: "succeeded",
    });
  });

  test.each([
    [JPY, "1250"],
    [KWD, "1.250"],
  ])("has as many decimals as $0.code", (currency, decimal) => {
    const journal = { id: 4, currencyCode: currency.code };
    expect(encodePayment(body({ currency }), journal, config()).amount.decimal).toBe(decimal);
  });

  test("is refused below 0, and in a journal of another currency", () => {
    const below = () => encodePayment(body({ amountMinor: -1 }), euro, config());
    expect(below).toThrow(ErpRejectedError);
    expect(below).toThrow(/-0\.01 EUR, money given back/);
    const yen = () => encodePayment(body({ currency: JPY }), euro, config());
    expect(yen).toThrow(ErpRejectedError);
    expect(yen).toThrow(/is in JPY, and journal 3 of Tryton in EUR/);
  });

  test("that has no field for its key is found by the first word of its description", () => {
    const values = encodePaymentValues(encodePayment(body(), euro, config()), { id: 12, party: 7 });
    expect(values).toMatchObject({ kind: "receivable", party: 7, origin: "sale.sale,12" });
    const amount = { __class__: "Decimal", decimal: "12.50" };
    const row = { id: 1, state: "draft", amount, origin: null, description: values.description };
    expect(decodePayments([row])).toMatchObject([{ key: "PS-kit-1001-PAY-8", hasOrigin: false }]);
  });
});

test("a payment is that of its own order, and of no order whose key begins alike", () => {
  expect(isPaymentOf("PS-kit-1001", "PS-kit-1001-PAY-8")).toBe(true);
  expect(isPaymentOf("PS-kit-100", "PS-kit-1001-PAY-8")).toBe(false);
  expect(isPaymentOf("PS-kit-1001", "PS-kit-1001-E2-PAY-8")).toBe(false);
});
