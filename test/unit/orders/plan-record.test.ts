import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MappingMissingError } from "../../../sidecar/domain/errors.ts";
import {
  customerSubject,
  type ErpRef,
  type ExternalId,
  orderSubject,
  shopCustomerId,
  shopOrderId,
} from "../../../sidecar/domain/ids.ts";
import type { NeutralOrder, OrderBody } from "../../../sidecar/domain/order.ts";
import type { DecodedOrder } from "../../../sidecar/orders/decode-order.ts";
import { hashOrder } from "../../../sidecar/orders/order-effects.ts";
import { type OrderFacts, planCustomer, planOrder } from "../../../sidecar/orders/plan-record.ts";
import { line, sampleOrder } from "../../contract/sample-bodies.ts";

function order(quantity = 1): NeutralOrder {
  const sold = line("5:0", quantity, 1_000 * quantity, "10.000000");
  return sampleOrder(12, { customerId: shopCustomerId(3), lines: [sold] });
}

const agreed = (content: NeutralOrder = order()): DecodedOrder => ({ kind: "agreed", order: content });

function facts(change: Partial<OrderFacts> = {}): OrderFacts {
  return {
    subject: orderSubject(shopOrderId(12)),
    presence: "whole",
    inScope: true,
    fingerprint: "f1",
    known: undefined,
    customerSubject: customerSubject(shopCustomerId(3)),
    customerRef: "77" as ErpRef,
    itemRefs: { "5:0": "501" as ErpRef },
    order: agreed(),
    mapped: { kind: "found", refs: {} },
    heldMs: 0,
    externalId: "PS-main-12" as ExternalId,
    customerExists: true,
    orderId: shopOrderId(12),
    shopState: 10,
    isCalledOff: false,
    waitsForPayment: false,
    booksClosedUntil: undefined,
    ...change,
  };
}

/** What the ERP knows after it acknowledged this plan. */
function acknowledged(body: OrderBody): OrderFacts["known"] {
  return {
    ref: "900" as ErpRef,
    fingerprint: body.fingerprint,
    bodyHash: hashOrder(body),
    isCancelled: false,
  };
}

describe("the plan of an order", () => {
  test("creates a whole order that the ERP does not know", () => {
    const plan = planOrder(facts(), hashOrder);
    expect(plan).toMatchObject({ kind: "create", body: { externalId: "PS-main-12", customerRef: "77" } });
  });

  test("plans nothing once the same order was acknowledged, however often it is asked", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), (quantity) => {
        const first = planOrder(facts({ order: agreed(order(quantity)) }), hashOrder);
        if (first.kind !== "create") throw new Error(first.kind);
        const again = planOrder(
          facts({ order: agreed(order(quantity)), known: acknowledged(first.body) }),
          hashOrder,
        );
        expect(again).toEqual({ kind: "nothing" });
      }),
    );
  });

  test("amends exactly when the content differs from what was acknowledged", () => {
    const quantities = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(quantities, ([before, after]) => {
        const first = planOrder(facts({ order: agreed(order(before)) }), hashOrder);
        if (first.kind !== "create") throw new Error(first.kind);
        const second = planOrder(
          facts({ order: agreed(order(after)), known: acknowledged(first.body) }),
          hashOrder,
        );
        expect(second.kind).toBe(before === after ? "nothing" : "amend");
      }),
    );
  });

  test("amends nothing where only the catalogue has changed since: a category, a tax's name, a voucher's code", () => {
    const [sold] = order().lines;
    if (sold === undefined) throw new Error("no line");
    const content = (name: string, code: string, categoryId: number): NeutralOrder => ({
      ...order(),
      lines: [{ ...sold, categoryId, taxes: sold.taxes.map((tax) => ({ ...tax, name })) }],
      taxes: order().taxes.map((tax) => ({ ...tax, name })),
      discounts: [{ name: "Summer", code, freeShipping: false }],
    });
    const first = planOrder(facts({ order: agreed(content("VAT", "SUMMER", 4)) }), hashOrder);
    if (first.kind !== "create") throw new Error(first.kind);
    const known = acknowledged(first.body);
    const later = agreed(content("TVA", "", 0));
    expect(planOrder(facts({ order: later, known }), hashOrder)).toEqual({ kind: "nothing" });
  });

  test("does not depend on the order in which mappings were read", () => {
    const two = { ...order(), lines: [line("5:0", 1, 1_000), line("4:0", 1, 1_000)] };
    const refs = { "5:0": "501" as ErpRef, "4:0": "401" as ErpRef };
    const swapped = { "4:0": "401" as ErpRef, "5:0": "501" as ErpRef };
    const [a, b] = [refs, swapped].map((itemRefs) =>
      planOrder(facts({ order: agreed(two), itemRefs }), hashOrder),
    );
    expect(JSON.stringify(a)).toBe(JSON.stringify(b));
  });

  test("holds a torn order and exports nothing of it", () => {
    const plan = planOrder(facts({ presence: "torn", order: undefined }), hashOrder);
    expect(plan).toEqual({ kind: "hold", code: "order-torn", waitsFor: null });
  });

  test("waits for its customer as a subject of its own", () => {
    const plan = planOrder(facts({ customerRef: undefined }), hashOrder);
    expect(plan).toEqual({ kind: "hold", code: "waits-for-customer", waitsFor: "customer:3" });
  });

  test("parks an order with an unknown product, names the row to add, and waits for just that row", () => {
    const plan = planOrder(facts({ itemRefs: {} }), hashOrder);
    expect(plan).toMatchObject({ kind: "park", waitsFor: "mapping:product:5:0" });
    expect(plan.kind === "park" && plan.error.message).toContain('product,5:0 (SKU "demo_5:0")');
  });

  test("carries what people mapped by pattern, parks where an entry is missing, and amends where one changed", () => {
    const refs = { subsidiary: "2" as ErpRef, taxes: { "3:1": "20" as ErpRef } };
    const first = planOrder(facts({ mapped: { kind: "found", refs } }), hashOrder);
    if (first.kind !== "create") throw new Error(first.kind);
    expect(first.body.refs).toEqual(refs);
    const known = acknowledged(first.body);
    expect(planOrder(facts({ mapped: { kind: "found", refs }, known }), hashOrder).kind).toBe("nothing");
    const other = { ...refs, taxes: { "3:1": "21" as ErpRef } };
    expect(planOrder(facts({ mapped: { kind: "found", refs: other }, known }), hashOrder).kind).toBe("amend");
    const error = new MappingMissingError("Add the row: tax,FR,,1,,,,");
    const mapped = { kind: "missing", rows: ["tax,FR,,1,,,,"], error, waitsFor: "mapping:tax" } as const;
    expect(planOrder(facts({ mapped }), hashOrder)).toEqual({ kind: "park", error, waitsFor: "mapping:tax" });
    const bare = planOrder(facts(), hashOrder);
    expect(bare.kind === "create" && "refs" in bare.body).toBe(false);
  });

  test("parks an order whose amounts contradict each other, exported before or not, with the sentence", () => {
    const first = planOrder(facts(), hashOrder);
    if (first.kind !== "create") throw new Error(first.kind);
    const sentence = "total paid with tax: lines make 17.40, and the order says 17.00";
    for (const known of [undefined, acknowledged(first.body)]) {
      const order = { kind: "mismatch", sentence } as const;
      // While it may still be being edited it waits.
      const early = planOrder(facts({ known, order, heldMs: 9_999 }), hashOrder);
      expect(early).toEqual({ kind: "hold", code: "amounts-differ", waitsFor: null });
      const plan = planOrder(facts({ known, order, heldMs: 10_000 }), hashOrder);
      expect(plan).toMatchObject({ kind: "park", waitsFor: null, error: { code: "E_ORDER_TOTALS" } });
      expect(plan.kind === "park" && plan.error.message).toContain(sentence);
    }
  });

  test("leaves history alone that nobody asked for, and a deleted order as it stands", () => {
    expect(planOrder(facts({ inScope: false }), hashOrder)).toEqual({ kind: "nothing" });
    expect(planOrder(facts({ presence: "missing", order: undefined }), hashOrder)).toEqual({
      kind: "nothing",
    });
  });

  test("goes on amending an order of history once a person had it exported", () => {
    const first = planOrder(facts(), hashOrder);
    if (first.kind !== "create") throw new Error(first.kind);
    const edited = facts({ inScope: false, order: agreed(order(2)), known: acknowledged(first.body) });
    expect(planOrder(edited, hashOrder).kind).toBe("amend");
  });

  test("never touches the record of another order that had the same id", () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (fingerprint, edited) => {
        fc.pre(fingerprint !== "f1");
        const known = {
          ref: "900" as ErpRef,
          fingerprint,
          bodyHash: edited ? "other" : undefined,
          isCancelled: false,
        };
        const plan = planOrder(facts({ known }), hashOrder);
        expect(plan).toMatchObject({ kind: "park", error: { code: "E_IDENTITY" } });
      }),
    );
  });

  test("remembers with the creation in which state the order then was in the shop", () => {
    expect(planOrder(facts({ shopState: 3 }), hashOrder)).toMatchObject({ kind: "create", shopState: 3 });
  });

  test("calls an order off once, amends it no more, and opens it again by its content", () => {
    const first = planOrder(facts(), hashOrder);
    if (first.kind !== "create") throw new Error(first.kind);
    const known = { ...acknowledged(first.body)!, isCancelled: false };
    const off = { isCalledOff: true, known };
    const body = { externalId: "PS-main-12", fingerprint: "f1", orderId: 12 };
    expect(planOrder(facts(off), hashOrder)).toEqual({ kind: "cancel", ref: "900", body });
    const mismatch = { kind: "mismatch", sentence: "edited half way" } as const;
    expect(planOrder(facts({ ...off, order: mismatch }), hashOrder).kind).toBe("cancel");
    const cancelled = { ...known, isCancelled: true };
    const edited = agreed(order(5));
    expect(planOrder(facts({ ...off, known: cancelled, order: edited }), hashOrder).kind).toBe("nothing");
    expect(planOrder(facts({ known: cancelled }), hashOrder)).toMatchObject({ kind: "amend", ref: "900" });
  });

  test("brings an order that was called off before it was exported to the ERP first", () => {
    expect(planOrder(facts({ isCalledOff: true }), hashOrder).kind).toBe("create");
  });

  test("lets an unpaid order wait where people want that, but not one that the ERP has", () => {
    const waits = facts({ waitsForPayment: true });
    expect(planOrder(waits, hashOrder)).toEqual({ kind: "hold", code: "unpaid", waitsFor: null });
    const first = planOrder(facts(), hashOrder);
    if (first.kind !== "create") throw new Error(first.kind);
    const known = acknowledged(first.body);
    const edited = facts({ waitsForPayment: true, known, order: agreed(order(2)) });
    expect(planOrder(edited, hashOrder).kind).toBe("amend");
  });

  test("neither sends nor changes what belongs to a closed period, to the day", () => {
    const day = order().placedAtShopTime.slice(0, 10);
    const closed = planOrder(facts({ booksClosedUntil: day }), hashOrder);
    expect(closed).toMatchObject({ kind: "park", error: { code: "E_PERIOD_CLOSED" } });
    expect(closed.kind === "park" && closed.error.message).toContain(day);
    expect(planOrder(facts({ booksClosedUntil: "2026-11-20" }), hashOrder).kind).toBe("create");
    const first = planOrder(facts(), hashOrder);
    if (first.kind !== "create") throw new Error(first.kind);
    const known = acknowledged(first.body);
    const edit = facts({ known, order: agreed(order(2)), booksClosedUntil: day });
    expect(planOrder(edit, hashOrder).kind).toBe("park");
    expect(planOrder(facts({ known, isCalledOff: true, booksClosedUntil: day }), hashOrder).kind).toBe(
      "park",
    );
    expect(planOrder(facts({ known, booksClosedUntil: day }), hashOrder).kind).toBe("nothing");
  });
});

test("an order whose customer the shop has deleted is parked, since waiting would never end", () => {
  const plan = planOrder(facts({ customerRef: undefined, customerExists: false }), hashOrder);
  expect(plan).toMatchObject({ kind: "park", waitsFor: "mapping:customer:3" });
});

describe("the plan of a customer", () => {
  const body = {
    externalId: "PS-main-CUST-3" as ExternalId,
    fingerprint: "c1",
    customer: {
      id: shopCustomerId(3),
      email: "a@b.c",
      firstName: "A",
      lastName: "B",
      company: "",
      vatNumber: "",
      isGuest: false,
    },
  };
  const subject = customerSubject(shopCustomerId(3));

  test("uses a customer that people mapped, and never amends the ERP's own record", () => {
    const known = { ref: "5" as ErpRef, fingerprint: undefined, bodyHash: undefined, isCancelled: false };
    expect(planCustomer(subject, body, known, () => "h")).toEqual({ kind: "nothing" });
  });

  test("amends a customer that we sent and that changed since", () => {
    const known = { ref: "5" as ErpRef, fingerprint: "c1", bodyHash: "old", isCancelled: false };
    expect(planCustomer(subject, body, known, () => "h")).toMatchObject({ kind: "amend", ref: "5" });
  });

  test("creates nothing for a customer that the shop has deleted", () => {
    expect(planCustomer(subject, undefined, undefined, () => "h")).toMatchObject({ kind: "park" });
    const known = { ref: "5" as ErpRef, fingerprint: "c1", bodyHash: "old", isCancelled: false };
    expect(planCustomer(subject, undefined, known, () => "h")).toEqual({ kind: "nothing" });
  });
});
