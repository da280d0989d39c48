import fc from "fast-check";
import { expect, test } from "vitest";
import {
  customerExternalId,
  type Epoch,
  FIRST_EPOCH,
  orderExternalId,
  orderSubject,
  parseSubject,
  shopCustomerId,
  shopOrderId,
} from "../../../sidecar/domain/ids.ts";

const SECOND: Epoch = { number: 2, firstOrderId: 1_001, firstCustomerId: 51 };

test("an order's key in the ERP holds the shop's key and the order's id", () => {
  expect(orderExternalId("main", shopOrderId(1_001), [FIRST_EPOCH])).toBe("PS-main-1001");
  expect(customerExternalId("main", shopCustomerId(9), [FIRST_EPOCH])).toBe("PS-main-CUST-9");
});

test("an id that comes back after a restore gets a key that was never used", () => {
  const epochs = [FIRST_EPOCH, SECOND];
  expect(orderExternalId("main", shopOrderId(1_000), epochs)).toBe("PS-main-1000");
  expect(orderExternalId("main", shopOrderId(1_001), epochs)).toBe("PS-main-1001-E2");
  expect(customerExternalId("main", shopCustomerId(51), epochs)).toBe("PS-main-CUST-51-E2");
});

test("a shop that was restored twice to an earlier point uses the newest epoch, not the first that fits", () => {
  const third: Epoch = { number: 3, firstOrderId: 900, firstCustomerId: 40 };
  expect(orderExternalId("main", shopOrderId(1_500), [FIRST_EPOCH, SECOND, third])).toBe("PS-main-1500-E3");
});

test("a subject that is written is read back as what it was", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000_000_000 }), (id) => {
      expect(parseSubject(orderSubject(shopOrderId(id)))).toEqual({ kind: "order", id });
    }),
  );
});

test("a text that is not exactly an order or a customer is worked by nobody", () => {
  for (const text of [
    "order:",
    "order:0",
    "order:01",
    "order:1 ",
    "stock:1:0:1",
    "ORDER:1",
    "order:1;DROP",
  ]) {
    expect(parseSubject(text)).toEqual({ kind: "other" });
  }
});
