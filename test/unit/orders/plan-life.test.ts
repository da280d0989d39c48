import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ErpRef, type ExternalId, orderSubject, shopOrderId } from "../../../sidecar/domain/ids.ts";
import type { PaymentBody } from "../../../sidecar/domain/payment.ts";
import { ERP_STAGES } from "../../../sidecar/domain/progress.ts";
import { mustWithdraw } from "../../../sidecar/orders/decide-withdrawal.ts";
import type { OperationRow } from "../../../sidecar/orders/operation-statements.ts";
import type { ShopCommand } from "../../../sidecar/orders/plan.ts";
import {
  type DueCredit,
  type LifeFacts,
  type ProgressFacts,
  planLife,
} from "../../../sidecar/orders/plan-life.ts";
import { EUR, sampleOrder } from "../../contract/sample-bodies.ts";

const SILENT: ProgressFacts = {
  stage: undefined,
  parcels: [],
  invoiceNumber: undefined,
  hasShopInvoice: true,
  states: {},
  wasTold: () => false,
};

const payment = (id: number, day = "2026-11-21"): PaymentBody => ({
  externalId: `PS-main-12-PAY-${String(id)}` as ExternalId,
  fingerprint: "p",
  customerRef: "77" as ErpRef,
  orderExternalId: "PS-main-12" as ExternalId,
  orderRef: "900" as ErpRef,
  payment: {
    id,
    orderId: shopOrderId(12),
    reference: "ABCDEFGHI",
    paidAtShopTime: `${day} 10:00:00`,
    method: "Bank wire",
    transactionId: "",
    currency: EUR,
    conversionRate: "1.000000",
    amountMinor: 3_000,
  },
});

const credit = (day = "2026-11-25"): DueCredit => ({
  kind: "agreed",
  body: {
    externalId: "PS-main-12-CR-5" as ExternalId,
    fingerprint: "c",
    customerRef: "77" as ErpRef,
    orderExternalId: "PS-main-12" as ExternalId,
    orderRef: "900" as ErpRef,
    itemRefs: {},
    slip: { id: 5, issuedAtShopTime: `${day} 09:00:00` },
    order: sampleOrder(12),
  },
});

function life(change: Partial<LifeFacts> = {}): LifeFacts {
  return {
    subject: orderSubject(shopOrderId(12)),
    heldMs: 0,
    payments: [],
    credits: [],
    lost: undefined,
    refused: undefined,
    booksClosedUntil: undefined,
    status: { wanted: undefined, now: 2, whenCreated: 2, acknowledged: false },
    progress: SILENT,
    ...change,
  };
}

const parcel = (ref: string, trackingNumber: string) => ({ ref: ref as ErpRef, trackingNumber, carrier: "" });

describe("what follows an order that both sides agree on", () => {
  test("is nothing where all of it stands", () => {
    expect(planLife(life())).toEqual({ kind: "nothing" });
  });

  test("is its payments one by one, then its credits, then what the shop is told", () => {
    const told = { ...SILENT, parcels: [parcel("3", "1Z")] };
    const all = { payments: [payment(1), payment(2)], credits: [credit()], progress: told };
    expect(planLife(life(all))).toMatchObject({ kind: "pay", body: { externalId: "PS-main-12-PAY-1" } });
    expect(planLife(life({ ...all, payments: [] }))).toMatchObject({ kind: "credit" });
    expect(planLife(life({ progress: told }))).toEqual({
      kind: "set_tracking",
      parcels: [{ ref: "3", trackingNumber: "1Z" }],
    });
  });

  test("parks payments and credits of a closed period, to the day", () => {
    const closed = { booksClosedUntil: "2026-11-25" };
    const paid = life({ ...closed, payments: [payment(1, "2026-11-25")] });
    expect(planLife(paid)).toMatchObject({ kind: "park", error: { code: "E_PERIOD_CLOSED" } });
    expect(planLife(life({ ...closed, payments: [payment(1, "2026-11-26")] })).kind).toBe("pay");
    expect(planLife(life({ ...closed, credits: [credit("2026-11-25")] })).kind).toBe("park");
    expect(planLife(life({ ...closed, credits: [credit("2026-11-26")] })).kind).toBe("credit");
  });

  test("waits for a slip that is being written, and parks it with its sentence once it should be whole", () => {
    const credits = [
      { kind: "mismatch", sentence: "credit slip 5: its lines come to 1.00", slipId: 5 },
    ] as const;
    expect(planLife(life({ credits, heldMs: 9_999 }))).toMatchObject({
      kind: "hold",
      code: "amounts-differ",
    });
    const parked = planLife(life({ credits, heldMs: 10_000 }));
    expect(parked).toMatchObject({ kind: "park", error: { code: "E_ORDER_TOTALS" } });
    expect(parked.kind === "park" && parked.error.message).toContain("credit slip 5: its lines come to 1.00");
  });
});

describe("what cannot be sent", () => {
  const told = { ...SILENT, parcels: [parcel("3", "1Z")] };

  test("keeps nothing else back, and then the job parks with it and waits for people to say that they booked it", () => {
    const mismatch = { kind: "mismatch", sentence: "credit slip 4: chosen amount", slipId: 4 } as const;
    const closed = payment(1, "2026-10-01");
    const facts = {
      payments: [closed, payment(2)],
      credits: [mismatch, credit()],
      heldMs: 60_000,
      progress: told,
    };
    const plan = (change: Partial<LifeFacts>) =>
      planLife(life({ ...facts, booksClosedUntil: "2026-10-31", ...change }));
    expect(plan({})).toMatchObject({ kind: "pay", body: { payment: { id: 2 } } });
    expect(plan({ payments: [closed] })).toMatchObject({ kind: "credit", body: { slip: { id: 5 } } });
    expect(plan({ payments: [closed], credits: [mismatch] }).kind).toBe("set_tracking");
    const quiet = { progress: SILENT };
    expect(plan({ payments: [closed], credits: [mismatch], ...quiet })).toMatchObject({
      kind: "park",
      waitsFor: "mapping:booked-payment:12:1",
    });
    expect(plan({ payments: [], credits: [mismatch], ...quiet })).toMatchObject({
      kind: "park",
      waitsFor: "mapping:booked-credit:4",
    });
  });

  test("is asked again last where the ERP refused it", () => {
    const refused = payment(1).externalId;
    const both = life({ payments: [payment(1), payment(2)], refused });
    expect(planLife(both)).toMatchObject({ kind: "pay", body: { payment: { id: 2 } } });
    expect(planLife(life({ payments: [payment(1)], refused, progress: told })).kind).toBe("set_tracking");
    expect(planLife(life({ payments: [payment(1)], refused }))).toMatchObject({ kind: "pay" });
  });

  test("parks where not even a body can be made of it, and is never left out without a word", () => {
    const lost = planLife(life({ lost: "credit slip 5: whose it is is known no more" }));
    expect(lost).toMatchObject({ kind: "park", error: { code: "E_ORDER_TOTALS" } });
    expect(planLife(life({ lost: "credit slip 5", progress: told })).kind).toBe("set_tracking");
  });
});

describe("what the shop is told", () => {
  const tell = (progress: Partial<ProgressFacts>, now = 2) =>
    planLife(life({ progress: { ...SILENT, ...progress }, status: { ...life().status, now } }));

  test("is parcels before the state, whose mail names them; each once", () => {
    const shipped = { stage: "shipped", parcels: [parcel("3", "1Z")], states: { shipped: 4 } } as const;
    const first = tell(shipped);
    expect(first.kind).toBe("set_tracking");
    const second = tell({ ...shipped, wasTold: ({ kind }) => kind === "set_tracking" });
    expect(second).toEqual({ kind: "set_status", state: 4, stage: "shipped" });
    expect(tell({ ...shipped, wasTold: () => true })).toEqual({ kind: "nothing" });
  });

  test("leaves out parcels without a number, and an invoice number where the shop has no invoice", () => {
    expect(tell({ parcels: [parcel("3", "")] })).toEqual({ kind: "nothing" });
    expect(tell({ invoiceNumber: "INV-1", hasShopInvoice: false })).toEqual({ kind: "nothing" });
    expect(tell({ invoiceNumber: "INV-1" })).toEqual({ kind: "set_invoice", number: "INV-1" });
  });

  test("never throws an order back from the state of a later stage", () => {
    const stages = ERP_STAGES.filter((stage) => stage !== "cancelled");
    const states = Object.fromEntries(stages.map((stage, index) => [stage, index + 10]));
    fc.assert(
      fc.property(fc.constantFrom(...stages), fc.constantFrom(...stages), (stage, shown) => {
        const plan = tell({ stage, states }, states[shown]);
        const isForward = stages.indexOf(stage) > stages.indexOf(shown);
        expect(plan.kind).toBe(isForward ? "set_status" : "nothing");
      }),
    );
  });

  test("is the state after the export once, only while the order is as it was when it was exported", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.option(fc.integer({ min: 1, max: 20 })),
        (now, then) => {
          const status = { wanted: 3, now, whenCreated: then ?? undefined, acknowledged: false };
          const plan = planLife(life({ status }));
          expect(plan.kind).toBe(now === then && now !== 3 ? "set_status" : "nothing");
          expect(planLife(life({ status: { ...status, acknowledged: true } })).kind).toBe("nothing");
        },
      ),
    );
    const command: ShopCommand = { kind: "set_status", state: 3 };
    expect(planLife(life({ status: { ...life().status, wanted: 3 } }))).toEqual(command);
  });
});

describe("an order is taken back", () => {
  const row = (
    kind: OperationRow["kind"],
    state: OperationRow["state"],
    change: Partial<OperationRow> = {},
  ): OperationRow => ({
    ...{
      kind,
      state,
      ambiguous: false,
      ageMs: 0,
      replaced: false,
      erased: false,
      contentHash: null,
      bodyHash: "h",
    },
    ...{ key: "order:12#1" as OperationRow["key"], number: 1, externalId: "x" as ExternalId, shopState: 2 },
    money: undefined,
    ...change,
  });
  const created = (paymentsDue: boolean): OperationRow =>
    row("create", "acknowledged", { money: { payments: true, credits: true, paymentsDue } });

  test("where it was created together with its payment and that was refused, and where that was begun", () => {
    expect(mustWithdraw([row("pay", "refused"), created(true)])).toBe(true);
    expect(mustWithdraw([row("withdraw", "open"), created(true)])).toBe(true);
    expect(mustWithdraw([row("withdraw", "open", { ambiguous: true }), created(true)])).toBe(true);
  });

  test("never for a payment that came later, nor where the ERP's people adopted it", () => {
    expect(mustWithdraw([row("pay", "refused"), created(false)])).toBe(false);
    expect(mustWithdraw([row("pay", "refused"), row("create", "acknowledged")])).toBe(false);
  });

  test("never while the payment may stand, never once it has lived on, and never again once the ERP said no", () => {
    expect(mustWithdraw([])).toBe(false);
    expect(mustWithdraw([created(true)])).toBe(false);
    expect(mustWithdraw([row("pay", "open"), created(true)])).toBe(false);
    expect(mustWithdraw([row("pay", "refused", { ambiguous: true }), created(true)])).toBe(false);
    expect(mustWithdraw([row("pay", "refused"), row("pay", "acknowledged"), created(true)])).toBe(false);
    expect(mustWithdraw([row("pay", "refused"), row("amend", "acknowledged"), created(true)])).toBe(false);
    expect(mustWithdraw([row("withdraw", "refused", { ambiguous: true }), created(true)])).toBe(false);
  });
});
