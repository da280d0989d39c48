import { describe, expect, test } from "vitest";
import { DecodeError } from "../../../../sidecar/domain/errors.ts";
import type { ExternalId } from "../../../../sidecar/domain/ids.ts";
import { decodeCredited, decodePaid } from "../../../../sidecar/erp/tryton/decode-totals.ts";
import { EUR, JPY } from "../../../contract/sample-bodies.ts";

const ORDER = "PS-main-1001" as ExternalId;
const decimal = (text: string) => ({ __class__: "Decimal", decimal: text });
const payment = (id: number, amount: string, change: object = {}) => ({
  id,
  description: `PS-main-1001-PAY-${id} PayPal`,
  state: "succeeded",
  amount: decimal(amount),
  origin: "sale.sale,12",
  ...change,
});
const credit = (reference: string, total: string) => ({ id: 1, reference, total_amount: decimal(total) });

describe("what was paid of a sale", () => {
  test("is the sum of our payments that did not fail", () => {
    const payments = [
      payment(1, "10.00"),
      payment(2, "2.50", { state: "approved" }),
      payment(3, "4.00", { state: "failed" }),
      payment(4, "5.00", { description: "a person's" }),
      payment(5, "1.00", { description: "their text", shop_ref: "PS-main-1001-PAY-5" }),
    ];
    expect(decodePaid({ "payments.": payments }, ORDER, EUR)).toBe(1_350);
    expect(decodePaid({ "payments.": [] }, ORDER, EUR)).toBe(0);
  });

  test("is never rounded to the currency", () => {
    expect(() => decodePaid({ "payments.": [payment(1, "10.5")] }, ORDER, JPY)).toThrow(DecodeError);
  });
});

test("what was credited is the sum of our slips of that order, positive", () => {
  const rows = [
    credit("PS-main-1001-CR-1", "-10.00"),
    credit("PS-main-1001-CR-2", "-0.50"),
    credit("PS-main-10011-CR-3", "-7.00"),
    credit("a person's return", "-9.00"),
    { ...credit("their text", "-1.00"), shop_ref: "PS-main-1001-CR-4" },
  ];
  expect(decodeCredited(rows, ORDER, EUR)).toBe(1_150);
  expect(decodeCredited([], ORDER, EUR)).toBe(0);
});
