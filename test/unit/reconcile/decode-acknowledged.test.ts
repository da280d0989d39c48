import { describe, expect, test } from "vitest";
import { erpRef } from "../../../sidecar/domain/ids.ts";
import type { OperationKind } from "../../../sidecar/domain/operation.ts";
import { NOTHING_ACKNOWLEDGED } from "../../../sidecar/reconcile/decide-order-difference.ts";
import {
  type AcknowledgedOperation,
  decodeAcknowledged,
} from "../../../sidecar/reconcile/decode-acknowledged.ts";

const at = (minute: number): string => `2026-10-01 10:${String(minute).padStart(2, "0")}:00.000000`;

const operation = (kind: OperationKind, minute: number, body?: object): AcknowledgedOperation => ({
  kind,
  acknowledgedAt: at(minute),
  body: body === undefined ? undefined : JSON.stringify(body),
});

const order = (incl: number): object => ({
  customerRef: "70",
  order: { totalPaidTaxExclMinor: incl - 200, totalPaidTaxInclMinor: incl },
});
const payment = (amountMinor: number): object => ({ payment: { amountMinor } });

const SAID = {
  isCancelled: false,
  totalTaxExclMinor: 1_000,
  totalTaxInclMinor: 1_200,
  paidMinor: 1_200,
  creditedTaxInclMinor: 0,
  customerRef: erpRef("70"),
};

describe("what the ERP acknowledged of an order", () => {
  test("is its last body, with all payments and credits added up", () => {
    const operations = [
      operation("create", 1, order(1_200)),
      operation("pay", 2, payment(1_000)),
      operation("amend", 3, order(1_500)),
      operation("pay", 4, payment(500)),
      operation("credit", 5, order(300)),
      operation("set_status", 6),
    ];
    expect(decodeAcknowledged(operations, undefined)).toEqual({
      ...{ isCancelled: false, totalTaxExclMinor: 1_300, totalTaxInclMinor: 1_500, paidMinor: 1_500 },
      ...{ creditedTaxInclMinor: 300, customerRef: "70" },
    });
  });

  test("is called off until an amendment opens it again", () => {
    const created = operation("create", 1, order(1_200));
    const cancelled = [created, operation("cancel", 2)];
    expect(decodeAcknowledged(cancelled, undefined).isCancelled).toBe(true);
    const opened = [...cancelled, operation("amend", 3, order(1_200))];
    expect(decodeAcknowledged(opened, undefined).isCancelled).toBe(false);
  });

  test("goes on from the last agreement, so bodies that are gone since are not missed", () => {
    const operations = [operation("create", 1), operation("pay", 2), operation("pay", 9, payment(100))];
    expect(decodeAcknowledged(operations, { at: at(5), said: SAID })).toEqual({ ...SAID, paidMinor: 1_300 });
    expect(decodeAcknowledged(operations, undefined)).toMatchObject({
      ...{ totalTaxInclMinor: undefined, paidMinor: undefined, isCancelled: false },
    });
  });

  test("counts payments that were made with the order, and begins anew where it was taken back and sent again", () => {
    const paid = { ...order(1_200), payments: [payment(1_000), payment(200)] };
    const again = [
      operation("create", 1, order(900)),
      operation("withdraw", 2),
      operation("create", 3, paid),
    ];
    expect(decodeAcknowledged(again, undefined)).toMatchObject({
      ...{ totalTaxInclMinor: 1_200, paidMinor: 1_200, creditedTaxInclMinor: 0, isCancelled: false },
    });
    const amended = [...again, operation("amend", 4, order(1_300))];
    expect(decodeAcknowledged(amended, undefined)).toMatchObject({
      totalTaxInclMinor: 1_300,
      paidMinor: 1_200,
    });
  });

  test("is not known of an order that was found in the ERP, nor after one was taken out of it", () => {
    expect(decodeAcknowledged([], undefined)).toEqual(NOTHING_ACKNOWLEDGED);
    const withdrawn = [operation("create", 1, order(1_200)), operation("withdraw", 2)];
    expect(decodeAcknowledged(withdrawn, undefined)).toEqual(NOTHING_ACKNOWLEDGED);
  });

  test("is not known where a body was erased or cannot be read", () => {
    for (const body of ["{}", "not JSON", '{"order":{"totalPaidTaxInclMinor":"12"}}']) {
      const erased = { kind: "amend", acknowledgedAt: at(3), body } as const;
      const said = decodeAcknowledged([operation("create", 1, order(1_200)), erased], undefined);
      expect(said.totalTaxInclMinor).toBeUndefined();
    }
  });
});
