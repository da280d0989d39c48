/** How an order stands in NetSuite, what calls it off, and what was paid and credited of it. */
import { describe, expect, test } from "vitest";
import { DecodeError } from "../../../../sidecar/domain/errors.ts";
import { type ExternalId, erpRef } from "../../../../sidecar/domain/ids.ts";
import type { Answer } from "../../../../sidecar/erp/netsuite/decode-answer.ts";
import { decodeOrderMoney } from "../../../../sidecar/erp/netsuite/decode-order-money.ts";
import {
  decodeOrderState,
  isCalledOff,
  type OrderStatus,
} from "../../../../sidecar/erp/netsuite/decode-order-state.ts";
import { encodeCancellation } from "../../../../sidecar/erp/netsuite/encode-cancellation.ts";
import { encodeMoneyQuery } from "../../../../sidecar/erp/netsuite/encode-order-money.ts";
import { ErpFailedError, ErpRejectedError } from "../../../../sidecar/erp/port.ts";
import { EUR, JPY, KWD } from "../../../contract/sample-bodies.ts";

const answered = (body: unknown): Answer => ({
  kind: "answered",
  status: 200,
  headers: {},
  body: JSON.stringify(body),
});
const order = (status: unknown, fulfilled = 0): unknown => ({
  orderStatus: status,
  item: {
    items: [
      { line: 1, quantityFulfilled: fulfilled },
      { line: 4, isClosed: true },
    ],
  },
});

test.each([[{ id: "B", refName: "Pending Fulfillment" }], ["B"], [{ id: "SalesOrd:B" }]])(
  "a status of %j is read",
  (status) => {
    expect(decodeOrderState(answered(order(status)))).toEqual({
      status: "B",
      lines: [
        { line: 1, isClosed: false, fulfilled: 0 },
        { line: 4, isClosed: true, fulfilled: 0 },
      ],
    });
  },
);

test.each([[order("Z")], [order(undefined)], [{ orderStatus: "B" }], ["nothing"]])(
  "%j is no order that one could know the state of",
  (body) => {
    expect(() => decodeOrderState(answered(body))).toThrow(DecodeError);
  },
);

test("an order is off when it was cancelled, or closed before anything left", () => {
  const off = (status: string, fulfilled = 0): boolean =>
    isCalledOff(decodeOrderState(answered(order(status, fulfilled))));
  expect([off("C"), off("H"), off("H", 1), off("A"), off("B"), off("F", 1), off("G", 1)]).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

describe("calling off", () => {
  const lines = [
    { line: 1, isClosed: false, fulfilled: 0 },
    { line: 4, isClosed: false, fulfilled: 0 },
  ];

  test("an order that nobody has approved is cancelled, and one that was is closed line by line", () => {
    expect(encodeCancellation({ status: "A", lines })).toEqual({ orderStatus: "C" });
    expect(encodeCancellation({ status: "B", lines })).toEqual({
      item: {
        items: [
          { line: 1, isClosed: true },
          { line: 4, isClosed: true },
        ],
      },
    });
  });

  test.each<OrderStatus>(["C", "H"])("an order of status %s is off, so nothing is sent", (status) => {
    expect(encodeCancellation({ status, lines })).toBeUndefined();
  });

  test.each<OrderStatus>(["D", "E", "F", "G"])("an order of status %s has left, and stays", (status) => {
    expect(() => encodeCancellation({ status, lines })).toThrow(ErpRejectedError);
  });
});

describe("what was paid and credited", () => {
  const asked = { ref: erpRef("701"), externalId: "PS-main-1" as ExternalId, currency: EUR };
  const page = (rows: readonly unknown[], hasMore = false): Parameters<typeof decodeOrderMoney>[0] => ({
    items: [...rows],
    count: rows.length,
    hasMore,
  });
  const row = (externalid: string, foreigntotal: unknown): unknown => ({ externalid, foreigntotal });

  test("is the sum of the order's own deposits and credits, whatever the sign of a credit", () => {
    const rows = [
      row("PS-main-1-PAY-7", "12.5"),
      row("PS-main-1-PAY-8", ".05"),
      row("PS-main-1-CR-2", "-3.6"),
      row("PS-main-1-CR-3", 1),
    ];
    expect(decodeOrderMoney(page(rows), asked)).toEqual({ paidMinor: 1_255, creditedTaxInclMinor: 460 });
  });

  test("leaves out what LIKE found of other orders, for to it _ is any sign", () => {
    const rows = [row("PS-main-10-PAY-1", "9"), row("PS-main-1-E2-PAY-1", "9"), row("PS-xmain-1-PAY-1", "9")];
    expect(decodeOrderMoney(page(rows), asked)).toEqual({ paidMinor: 0, creditedTaxInclMinor: 0 });
  });

  test.each([
    { currency: JPY, total: "5028", minor: 5_028 },
    { currency: KWD, total: "5.028", minor: 5_028 },
  ])("is in minor units of $currency.code", ({ currency, total, minor }) => {
    const read = decodeOrderMoney(page([row("PS-main-1-PAY-7", total)]), { ...asked, currency });
    expect(read.paidMinor).toBe(minor);
  });

  test.each([["n/a"], [undefined], ["0.001"], ["1e3"]])("with a total of %j it cannot be read", (total) => {
    expect(() => decodeOrderMoney(page([row("PS-main-1-PAY-7", total)]), asked)).toThrow(DecodeError);
  });

  test("is not told from half of the rows", () => {
    expect(() => decodeOrderMoney(page([row("PS-main-1-PAY-7", "1")], true), asked)).toThrow(ErpFailedError);
  });

  test("is asked by the order's key, and never by one that could end the text", () => {
    expect(encodeMoneyQuery(asked.externalId)).toBe(
      "SELECT externalid, foreigntotal FROM transaction WHERE type IN ('CustDep', 'CustCred') AND " +
        "(externalid LIKE 'PS-main-1-PAY-%' OR externalid LIKE 'PS-main-1-CR-%') ORDER BY id",
    );
    expect(() => encodeMoneyQuery("x' OR 1 = 1" as ExternalId)).toThrow(DecodeError);
  });
});
