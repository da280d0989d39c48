import { describe, expect, test } from "vitest";
import { DecodeError, IdentityError, OrderAnonymisedError } from "../../../sidecar/domain/errors.ts";
import {
  type ErpRef,
  erpRef,
  orderSubject,
  shopCustomerId,
  shopOrderId,
} from "../../../sidecar/domain/ids.ts";
import type { NeutralOrder, OrderBody } from "../../../sidecar/domain/order.ts";
import {
  type AnonymisedFacts,
  type SentContent,
  sentContent,
  withoutAnonymised,
  withoutErased,
} from "../../../sidecar/orders/decide-anonymised.ts";
import type { OperationRow } from "../../../sidecar/orders/operation-statements.ts";
import { hashOrderContent } from "../../../sidecar/orders/order-effects.ts";
import type { Plan } from "../../../sidecar/orders/plan.ts";
import { ADDRESS, customerBody, line, orderBody, sampleOrder } from "../../contract/sample-bodies.ts";

const NOBODY = { ...ADDRESS, firstName: "Anonymous", lastName: "Anonymous", line1: "Anonymous" };
const DISCOUNT = { name: "Welcome", code: "ANN-10", freeShipping: false };
const order = sampleOrder(7, { discounts: [DISCOUNT] });
/** As psgdpr leaves it: another customer, other addresses, and the voucher that was his is gone. */
const givenAway: NeutralOrder = {
  ...order,
  customerId: shopCustomerId(99),
  billing: NOBODY,
  delivery: NOBODY,
  discounts: [{ ...DISCOUNT, code: "" }],
};
const edited: NeutralOrder = { ...givenAway, lines: [line("5:0", 9, 9_000)] };

const amend: Plan<OrderBody> = {
  kind: "amend",
  ref: erpRef("900"),
  body: orderBody(7, { customerRef: "77" as ErpRef, items: ["501", "502"] }),
};
const sent: SentContent = { isErased: false, contentHash: hashOrderContent(order) };

function facts(change: Partial<AnonymisedFacts> = {}): AnonymisedFacts {
  return {
    subject: orderSubject(shopOrderId(7)),
    isExported: true,
    isAnonymous: true,
    order: { kind: "agreed", order: givenAway },
    ...change,
  };
}
const planned = (plan: Plan<OrderBody>, about: AnonymisedFacts, known: SentContent | undefined) =>
  withoutAnonymised(plan, about, known, hashOrderContent);
const agreed = (content: NeutralOrder): AnonymisedFacts["order"] => ({ kind: "agreed", order: content });

describe("an order that lost its person", () => {
  test("is no edit, whoever it names now and wherever it went", () => {
    const hold: Plan<never> = { kind: "hold", code: "waits-for-customer", waitsFor: null };
    const park: Plan<never> = { kind: "park", error: new DecodeError("no customer"), waitsFor: null };
    for (const plan of [amend, hold, park]) {
      expect(planned(plan, facts(), sent)).toEqual({ kind: "nothing" });
      expect(planned(plan, facts({ isAnonymous: false }), { ...sent, isErased: true })).toEqual({
        kind: "nothing",
      });
    }
  });

  test("is parked with a sentence where anything else of it was edited, or nobody knows", () => {
    for (const [order, known, says] of [
      [edited, sent, "gave order:7 to its anonymous customer"],
      [givenAway, { isErased: true, contentHash: undefined }, "gave order:7"],
      [edited, { ...sent, isErased: true }, "customer of order:7 was erased"],
    ] as const) {
      const isAnonymous = says.startsWith("gave");
      const plan = planned(amend, facts({ isAnonymous, order: agreed(order) }), known);
      expect(plan).toMatchObject({ kind: "park", waitsFor: null });
      expect(plan.kind === "park" && plan.error).toBeInstanceOf(OrderAnonymisedError);
      expect(plan.kind === "park" && plan.error.message).toContain(says);
    }
  });

  test("still goes to the ERP where it is not there yet, and stays the ERP's own where we never sent it", () => {
    const create: Plan<OrderBody> = { kind: "create", body: amend.body, shopState: 2 };
    expect(planned(create, facts({ isExported: false }), undefined)).toBe(create);
    expect(planned(amend, facts({ order: agreed(edited) }), undefined)).toEqual({ kind: "nothing" });
  });

  test("stays parked where its id belongs to another order in the ERP", () => {
    const stranger: Plan<never> = { kind: "park", error: new IdentityError("another"), waitsFor: null };
    expect(planned(stranger, facts(), sent)).toBe(stranger);
  });
});

test("an order whose customer is known is planned as ever, also where the shop has deleted the account", () => {
  const known = facts({ isAnonymous: false, order: agreed(edited) });
  expect(planned(amend, known, sent)).toBe(amend);
});

test("every amount and every line is content, and no part of a person is", () => {
  const hash = hashOrderContent(order);
  expect(hashOrderContent(givenAway)).toBe(hash);
  const parts: readonly Partial<NeutralOrder>[] = [
    { totalPaidTaxInclMinor: order.totalPaidTaxInclMinor + 1 },
    { shippingTaxExclMinor: order.shippingTaxExclMinor + 1 },
    { lines: [] },
    { carrierName: "another" },
    { paymentMethod: "another" },
    { discounts: [] },
  ];
  for (const part of parts) expect(hashOrderContent({ ...givenAway, ...part })).not.toBe(hash);
});

const operation = (change: Partial<OperationRow>): OperationRow =>
  ({
    kind: "create",
    state: "acknowledged",
    contentHash: "h1",
    erased: false,
    ambiguous: false,
    ...change,
  }) as OperationRow;

describe("what the ERP has of an order", () => {
  test("is what was acknowledged last, unless an amendment after it may have been executed", () => {
    const created = operation({});
    expect(sentContent([])).toBeUndefined();
    expect(sentContent([operation({ state: "open" })])).toBeUndefined();
    expect(sentContent([operation({ kind: "set_status" }), created])).toEqual({
      isErased: false,
      contentHash: "h1",
    });
    const refused = operation({ kind: "amend", state: "refused" });
    expect(sentContent([refused, created])?.contentHash).toBe("h1");
    for (const change of [{ state: "open" }, { state: "refused", ambiguous: true }] as const) {
      const unsure = operation({ kind: "amend", ...change });
      expect(sentContent([unsure, created])?.contentHash).toBeUndefined();
    }
    expect(sentContent([operation({ contentHash: null, erased: true })])).toEqual({
      isErased: true,
      contentHash: undefined,
    });
  });
});

test("a customer who is nobody is never amended, and made where an order needs him", () => {
  const body = customerBody(9);
  const edit: Plan<typeof body> = { kind: "amend", ref: erpRef("5"), body };
  const create: Plan<typeof body> = { kind: "create", body, shopState: null };
  expect(withoutErased(edit, false, [operation({})])).toBe(edit);
  expect(withoutErased(edit, true, [])).toEqual({ kind: "nothing" });
  expect(withoutErased(edit, false, [operation({}), operation({ erased: true })])).toEqual({
    kind: "nothing",
  });
  expect(withoutErased(create, true, [])).toBe(create);
});
