import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  customerSubject,
  type ErpRef,
  type ExternalId,
  orderSubject,
  shopCustomerId,
  shopOrderId,
} from "../../../sidecar/domain/ids.ts";
import type { Address, NeutralOrder, OrderBody } from "../../../sidecar/domain/order.ts";
import { hashOrder } from "../../../sidecar/orders/order-record.ts";
import { type OrderFacts, planCustomer, planOrder } from "../../../sidecar/orders/plan-record.ts";

const ADDRESS: Address = {
  company: "",
  firstName: "Ada",
  lastName: "Byron",
  line1: "1 rue X",
  line2: "",
  postcode: "75001",
  city: "Paris",
  state: "",
  country: "FR",
  phone: "",
  vatNumber: "",
};

function order(quantity = 1): NeutralOrder {
  return {
    id: shopOrderId(12),
    reference: "ABCDEFGHI",
    shopId: 1,
    customerId: shopCustomerId(3),
    placedAtShopTime: "2026-11-21 10:00:00",
    currency: { code: "EUR", decimals: 2 },
    conversionRate: "1.000000",
    billing: ADDRESS,
    delivery: ADDRESS,
    carrierName: "Post",
    paymentMethod: "Wire",
    lines: [
      {
        id: 1,
        productKey: "5:0",
        sku: "SKU-5",
        name: "Mug",
        quantity,
        unitPriceTaxExcl: "10.000000",
        totalTaxExclMinor: 1_000 * quantity,
        totalTaxInclMinor: 1_200 * quantity,
      },
    ],
    shippingTaxExclMinor: 500,
    shippingTaxInclMinor: 600,
    totalPaidTaxExclMinor: 500 + 1_000 * quantity,
    totalPaidTaxInclMinor: 600 + 1_200 * quantity,
  };
}

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
    order: order(),
    externalId: "PS-main-12" as ExternalId,
    customerExists: true,
    status: { wanted: undefined, now: 10, whenCreated: undefined, acknowledged: false },
    ...change,
  };
}

/** What the ERP knows after it acknowledged this plan. */
function acknowledged(body: OrderBody): OrderFacts["known"] {
  return { ref: "900" as ErpRef, fingerprint: body.fingerprint, bodyHash: hashOrder(body) };
}

describe("the plan of an order", () => {
  test("creates a whole order that the ERP does not know", () => {
    const plan = planOrder(facts(), hashOrder);
    expect(plan).toMatchObject({ kind: "create", body: { externalId: "PS-main-12", customerRef: "77" } });
  });

  test("plans nothing once the same order was acknowledged, however often it is asked", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), (quantity) => {
        const first = planOrder(facts({ order: order(quantity) }), hashOrder);
        if (first.kind !== "create") throw new Error(first.kind);
        const again = planOrder(
          facts({ order: order(quantity), known: acknowledged(first.body) }),
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
        const first = planOrder(facts({ order: order(before) }), hashOrder);
        if (first.kind !== "create") throw new Error(first.kind);
        const second = planOrder(facts({ order: order(after), known: acknowledged(first.body) }), hashOrder);
        expect(second.kind).toBe(before === after ? "nothing" : "amend");
      }),
    );
  });

  test("does not depend on the order in which mappings were read", () => {
    const line = order().lines[0];
    if (line === undefined) throw new Error("no line");
    const two = { ...order(), lines: [line, { ...line, id: 2, productKey: "4:0" }] };
    const refs = { "5:0": "501" as ErpRef, "4:0": "401" as ErpRef };
    const swapped = { "4:0": "401" as ErpRef, "5:0": "501" as ErpRef };
    const [a, b] = [refs, swapped].map((itemRefs) => planOrder(facts({ order: two, itemRefs }), hashOrder));
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
    expect(plan.kind === "park" && plan.error.message).toContain('product,5:0 (SKU "SKU-5")');
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
    const edited = facts({ inScope: false, order: order(2), known: acknowledged(first.body) });
    expect(planOrder(edited, hashOrder).kind).toBe("amend");
  });

  test("never touches the record of another order that had the same id", () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (fingerprint, edited) => {
        fc.pre(fingerprint !== "f1");
        const known = { ref: "900" as ErpRef, fingerprint, bodyHash: edited ? "other" : undefined };
        const plan = planOrder(facts({ known }), hashOrder);
        expect(plan).toMatchObject({ kind: "park", error: { code: "E_IDENTITY" } });
      }),
    );
  });

  test("sets the shop's status only after the order stands in the ERP, and once", () => {
    const wanted = { wanted: 3, now: 10, whenCreated: 10, acknowledged: false };
    const first = planOrder(facts({ status: wanted }), hashOrder);
    if (first.kind !== "create") throw new Error(first.kind);
    const known = acknowledged(first.body);
    expect(planOrder(facts({ status: wanted, known }), hashOrder)).toEqual({ kind: "set_status", state: 3 });
    const done = planOrder(facts({ status: { ...wanted, acknowledged: true }, known }), hashOrder);
    expect(done).toEqual({ kind: "nothing" });
  });
});

describe("the status of an exported order in the shop", () => {
  const first = planOrder(facts(), hashOrder);
  const known = first.kind === "create" ? acknowledged(first.body) : undefined;

  test("is never thrown back once the order has gone on from the state in which it was exported", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.option(fc.integer({ min: 1, max: 20 })),
        (now, then) => {
          const status = { wanted: 3, now, whenCreated: then ?? undefined, acknowledged: false };
          const plan = planOrder(facts({ known, status }), hashOrder);
          expect(plan.kind).toBe(now === then && now !== 3 ? "set_status" : "nothing");
        },
      ),
    );
  });

  test("is remembered with the creation that is planned", () => {
    const status = { wanted: 3, now: 10, whenCreated: undefined, acknowledged: false };
    expect(planOrder(facts({ status }), hashOrder)).toMatchObject({ kind: "create", shopState: 10 });
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
      isGuest: false,
    },
  };
  const subject = customerSubject(shopCustomerId(3));

  test("uses a customer that people mapped, and never amends the ERP's own record", () => {
    const known = { ref: "5" as ErpRef, fingerprint: undefined, bodyHash: undefined };
    expect(planCustomer(subject, body, known, () => "h")).toEqual({ kind: "nothing" });
  });

  test("amends a customer that we sent and that changed since", () => {
    const known = { ref: "5" as ErpRef, fingerprint: "c1", bodyHash: "old" };
    expect(planCustomer(subject, body, known, () => "h")).toMatchObject({ kind: "amend", ref: "5" });
  });

  test("creates nothing for a customer that the shop has deleted", () => {
    expect(planCustomer(subject, undefined, undefined, () => "h")).toMatchObject({ kind: "park" });
    const known = { ref: "5" as ErpRef, fingerprint: "c1", bodyHash: "old" };
    expect(planCustomer(subject, undefined, known, () => "h")).toEqual({ kind: "nothing" });
  });
});
