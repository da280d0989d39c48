import { beforeEach, describe, expect, test } from "vitest";
import type { ErpRef } from "../../sidecar/domain/ids.ts";
import type { OrderBody } from "../../sidecar/domain/order.ts";
import type { PaymentBody } from "../../sidecar/domain/payment.ts";
import {
  ErpAmbiguousError,
  type ErpCall,
  ErpDuplicateError,
  ErpFailedError,
  type ErpOrderTotals,
  type ErpPort,
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
} from "../../sidecar/erp/port.ts";
import type { ErpBench, Mishap } from "./erp-harness.ts";
import {
  creditBody,
  EUR,
  JPY,
  KWD,
  line,
  ORDERS_TO_ADD_UP,
  paymentBody,
  sampleOrder,
} from "./sample-bodies.ts";

/** What the kits of money and progress are given by the kit that they are a part of. */
export interface OrderKitParts {
  readonly bench: ErpBench;
  readonly openPort: (change: Readonly<Record<string, unknown>>) => ErpPort;
  readonly call: () => ErpCall;
  /** An order of two lines: two pieces of the first item, one of the second. */
  readonly newOrder: (change?: Partial<OrderBody["order"]>) => OrderBody;
}

/** An order that stands in the ERP. */
interface Placed {
  readonly body: OrderBody;
  readonly ref: ErpRef;
}

const CUTS: readonly { readonly mishap: Mishap; readonly records: number }[] = [
  { mishap: "cut-before", records: 0 },
  { mishap: "cut-after-commit", records: 1 },
  { mishap: "cut-mid-answer", records: 1 },
];

const FAILURES = [
  { mishap: "throttle", error: ErpThrottledError },
  { mishap: "server-error", error: ErpFailedError },
  { mishap: "html", error: ErpFailedError },
  { mishap: "maintenance", error: ErpUnavailableError },
  { mishap: "reject", error: ErpRejectedError },
] as const;

/** Payments, credits and the end of orders, whatever ERP stands behind them. */
export function moneyKit({ bench, openPort, call, newOrder }: OrderKitParts): void {
  const { money } = bench;
  let port: ErpPort;
  /** Ids of payments and slips are told apart by their orders; within one they only have to differ. */
  let lastId = 0;

  const place = async (change: Partial<OrderBody["order"]> = {}): Promise<Placed> => {
    const body = newOrder(change);
    return { body, ref: await port.createOrder(body, [], call()) };
  };
  const payment = ({ body, ref }: Placed, amountMinor?: number): PaymentBody => {
    lastId += 1;
    const parts = { orderRef: ref, method: money.paymentMethod };
    return paymentBody(lastId, body, { ...parts, ...(amountMinor === undefined ? {} : { amountMinor }) });
  };
  const credit = ({ body, ref }: Placed, change: Partial<OrderBody["order"]> = {}) => {
    lastId += 1;
    return creditBody(lastId, body, ref, change);
  };
  const read = async ({ body, ref }: Placed): Promise<ErpOrderTotals | undefined> =>
    port.readOrder({ ref, externalId: body.externalId, currency: body.order.currency }, call());
  const count = (records: readonly { readonly externalId: string }[], key: string): number =>
    records.filter(({ externalId }) => externalId === key).length;

  beforeEach(() => {
    port = openPort({ ...bench.booking, ...money.carrying });
  });

  describe("payments", () => {
    beforeEach(({ skip }) => {
      if (!port.capabilities.payments) skip("payments are not carried");
    });

    test("a payment is found by its key, with its fingerprint, and is of the amount that was paid", async () => {
      const body = payment(await place());
      const ref = await port.createPayment(body, call());
      expect(await port.findPayment(body.externalId, call())).toEqual({ ref, fingerprint: body.fingerprint });
      const kept = (await money.payments()).find(({ externalId }) => externalId === body.externalId);
      expect(kept).toMatchObject({ ref, amount: body.payment.amountMinor / 100 });
    });

    test("a key that no payment has is found nowhere", async () => {
      expect(await port.findPayment(payment(await place()).externalId, call())).toBeUndefined();
    });

    test("one key in sequence makes one payment, also with other content, and the lookup shows whose it is", async () => {
      const body = payment(await place());
      await port.createPayment(body, call());
      await expect(port.createPayment(body, call())).rejects.toThrow(ErpDuplicateError);
      const other = { ...body, fingerprint: "another payment that once had this id" };
      await expect(port.createPayment(other, call())).rejects.toThrow(ErpDuplicateError);
      expect((await port.findPayment(body.externalId, call()))?.fingerprint).toBe(body.fingerprint);
      expect(count(await money.payments(), body.externalId)).toBe(1);
    });

    test("one key six times at once makes one payment, and five calls are told of it", async ({ skip }) => {
      if (!port.capabilities.uniqueKey) skip("this ERP does not hold the key unique");
      const body = payment(await place());
      const ends = await Promise.allSettled(
        Array.from({ length: 6 }, () => port.createPayment(body, call())),
      );
      const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
      expect(failures).toHaveLength(5);
      for (const failure of failures) expect(failure).toBeInstanceOf(ErpDuplicateError);
      expect(count(await money.payments(), body.externalId)).toBe(1);
    });

    test.each(CUTS)(
      "after $mishap the outcome of a payment is unknown, and a lookup tells it: $records",
      async ({ mishap, records }) => {
        const body = payment(await place());
        money.mishap("payment", mishap);
        await expect(port.createPayment(body, call())).rejects.toThrow(ErpAmbiguousError);
        expect((await port.findPayment(body.externalId, call())) === undefined ? 0 : 1).toBe(records);
        expect(count(await money.payments(), body.externalId)).toBe(records);
      },
    );

    test.each(FAILURES)(
      "$mishap is told apart on a payment, and nothing is paid",
      async ({ mishap, error }) => {
        const body = payment(await place());
        money.mishap("payment", mishap);
        await expect(port.createPayment(body, call())).rejects.toThrow(error);
        expect(await port.findPayment(body.externalId, call())).toBeUndefined();
      },
    );

    test("killed between order and payment, the work is resumed by two lookups", async () => {
      const placed = await place();
      const body = payment(placed);
      await port.close();
      port = openPort({ ...bench.booking, ...money.carrying });
      const found = await port.findOrder(placed.body.externalId, call());
      expect(found?.ref).toBe(placed.ref);
      expect(await port.findPayment(body.externalId, call())).toBeUndefined();
      await port.createPayment(body, call());
      expect(count(await bench.orders(), placed.body.externalId)).toBe(1);
      expect(await read(placed)).toMatchObject({ paidMinor: body.payment.amountMinor });
    });

    test("where a payment is refused, its order is not there or can be taken back, and its key is free", async () => {
      const body = newOrder();
      const parts = { orderRef: null, method: money.paymentMethod };
      const paid = paymentBody(1, body, parts);
      if (port.capabilities.paymentsWithOrder) {
        money.mishap("payment", "reject");
        await expect(port.createOrder(body, [paid], call())).rejects.toThrow(ErpRejectedError);
      } else {
        const ref = await port.createOrder(body, [paid], call());
        expect(await port.findPayment(paid.externalId, call())).toBeUndefined();
        money.mishap("payment", "reject");
        await expect(port.createPayment({ ...paid, orderRef: ref }, call())).rejects.toThrow(
          ErpRejectedError,
        );
        await port.withdrawOrder(ref, call());
      }
      expect(await port.findOrder(body.externalId, call())).toBeUndefined();
      expect(await port.findPayment(paid.externalId, call())).toBeUndefined();
      const again = await port.createOrder(body, [paid], call());
      if (!port.capabilities.paymentsWithOrder)
        await port.createPayment({ ...paid, orderRef: again }, call());
      expect(await read({ body, ref: again })).toMatchObject({ paidMinor: paid.payment.amountMinor });
    });

    test.for(CUTS)(
      "after $mishap an order that is made with its payment is there with it or not at all",
      async ({ mishap, records }, { skip }) => {
        if (!port.capabilities.paymentsWithOrder) skip("orders and payments are two records");
        const body = newOrder();
        const paid = paymentBody(1, body, { orderRef: null, method: money.paymentMethod });
        money.mishap("payment", mishap);
        await expect(port.createOrder(body, [paid], call())).rejects.toThrow(ErpAmbiguousError);
        expect(count(await bench.orders(), body.externalId)).toBe(records);
        expect(count(await money.payments(), paid.externalId)).toBe(records);
      },
    );

    test.each([EUR, JPY, KWD])(
      "payments in parts in $code add up, each order's its own",
      async (currency) => {
        const placed = await place({ currency });
        const like = {
          ...newOrder({ currency }),
          externalId: `${placed.body.externalId}0` as typeof placed.body.externalId,
        };
        const other = { body: like, ref: await port.createOrder(like, [], call()) };
        await port.createPayment(payment(placed, 1_001), call());
        await port.createPayment(payment(other, 5), call());
        expect(await read(placed)).toMatchObject({ paidMinor: 1_001 });
        await port.createPayment(payment(placed, 2_345), call());
        expect(await read(placed)).toMatchObject({ paidMinor: 3_346 });
        expect(await read(other)).toMatchObject({ paidMinor: 5 });
      },
    );

    test("an order of which nothing is paid has 0 paid", async () => {
      expect(await read(await place())).toMatchObject({ paidMinor: 0 });
    });
  });

  describe("credits", () => {
    beforeEach(({ skip }) => {
      if (!port.capabilities.credits) skip("credit slips are not carried");
    });

    test("a credit is found by its key, with its fingerprint", async () => {
      const body = credit(await place());
      const ref = await port.createCredit(body, call());
      expect(await port.findCredit(body.externalId, call())).toEqual({ ref, fingerprint: body.fingerprint });
    });

    test("one key six times at once makes one credit, and five calls are told of it", async ({ skip }) => {
      if (!port.capabilities.uniqueKey) skip("this ERP does not hold the key unique");
      const body = credit(await place());
      const ends = await Promise.allSettled(Array.from({ length: 6 }, () => port.createCredit(body, call())));
      const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
      expect(failures).toHaveLength(5);
      for (const failure of failures) expect(failure).toBeInstanceOf(ErpDuplicateError);
      expect(count(await money.credits(), body.externalId)).toBe(1);
    });

    test.each(CUTS)(
      "after $mishap the outcome of a credit is unknown, and a lookup tells it: $records",
      async ({ mishap, records }) => {
        const body = credit(await place());
        money.mishap("credit", mishap);
        await expect(port.createCredit(body, call())).rejects.toThrow(ErpAmbiguousError);
        expect((await port.findCredit(body.externalId, call())) === undefined ? 0 : 1).toBe(records);
        expect(count(await money.credits(), body.externalId)).toBe(records);
      },
    );

    test.each(FAILURES)(
      "$mishap is told apart on a credit, and nothing is credited",
      async ({ mishap, error }) => {
        const body = credit(await place());
        money.mishap("credit", mishap);
        await expect(port.createCredit(body, call())).rejects.toThrow(error);
        expect(await port.findCredit(body.externalId, call())).toBeUndefined();
      },
    );

    describe.each([EUR, JPY, KWD])("in $code", (currency) => {
      test.each([...Object.entries(ORDERS_TO_ADD_UP), ["the shipping alone", { lines: [] }] as const])(
        "with %s a credit is what the slip says, to the minor unit",
        async (_name, change) => {
          const placed = await place({ ...ORDERS_TO_ADD_UP["all of it"], currency });
          const body = credit(placed, change);
          await port.createCredit(body, call());
          expect(await read(placed)).toMatchObject({
            creditedTaxInclMinor: body.order.totalPaidTaxInclMinor,
            totalTaxInclMinor: placed.body.order.totalPaidTaxInclMinor,
          });
          const kept = (await money.credits()).find(({ externalId }) => externalId === body.externalId);
          const expected = body.order.totalPaidTaxInclMinor / 10 ** currency.decimals;
          expect(kept?.amount).toBeCloseTo(expected, currency.decimals + 1);
        },
      );
    });

    test("several credits of an order add up", async () => {
      const placed = await place();
      const bodies = [credit(placed, { lines: [line("1:0", 1, 1_250)] }), credit(placed, { lines: [] })];
      for (const body of bodies) await port.createCredit(body, call());
      const sum = bodies.reduce((all, { order }) => all + order.totalPaidTaxInclMinor, 0);
      expect(await read(placed)).toMatchObject({ creditedTaxInclMinor: sum });
    });

    test("a credit into closed books is refused, and goes through once they are open", async ({ skip }) => {
      const { closeBooks } = money;
      if (closeBooks === undefined) skip("the books of this ERP know no end");
      const body = credit(await place());
      await closeBooks?.(body.slip.issuedAtShopTime.slice(0, 10));
      try {
        await expect(port.createCredit(body, call())).rejects.toThrow(ErpRejectedError);
        expect(count(await money.credits(), body.externalId)).toBe(0);
      } finally {
        await closeBooks?.(undefined);
      }
      await port.createCredit(body, call());
      expect(count(await money.credits(), body.externalId)).toBe(1);
    });
  });

  describe("the end of an order", () => {
    test("an order that is cancelled stays as evidence, and cancelling it again changes nothing", async () => {
      const placed = await place();
      for (let times = 0; times < 2; times += 1) await port.cancelOrder(placed.ref, call());
      expect(await read(placed)).toMatchObject({ isCancelled: true, customerRef: placed.body.customerRef });
      expect(await port.findOrder(placed.body.externalId, call())).toMatchObject({ ref: placed.ref });
    });

    test("an amendment opens a cancelled order again, with what it says now", async () => {
      const placed = await place();
      await port.cancelOrder(placed.ref, call());
      const order = sampleOrder(placed.body.order.id, { lines: [line("2:7", 5, 4_950, "9.900000")] });
      await port.amendOrder(placed.ref, { ...placed.body, order }, call());
      expect(await read(placed)).toMatchObject({
        isCancelled: false,
        totalTaxInclMinor: order.totalPaidTaxInclMinor,
      });
      await port.cancelOrder(placed.ref, call());
      expect(await read(placed)).toMatchObject({ isCancelled: true });
    });

    test("an order of which something has left is neither cancelled nor withdrawn", async () => {
      const placed = await place();
      await bench.progress.ship(placed.ref, { trackingNumber: "1Z-LEFT", carrier: "UPS" }, "first line");
      await expect(port.cancelOrder(placed.ref, call())).rejects.toThrow(ErpRejectedError);
      await expect(port.withdrawOrder(placed.ref, call())).rejects.toThrow(ErpRejectedError);
      expect(await read(placed)).toMatchObject({ isCancelled: false });
    });

    test("an order that is withdrawn is gone, its key is free, and withdrawing it again is no error", async () => {
      const { body, ref } = await place();
      for (let times = 0; times < 2; times += 1) await port.withdrawOrder(ref, call());
      expect(await port.findOrder(body.externalId, call())).toBeUndefined();
      expect(await port.createOrder(body, [], call())).not.toBe(ref);
      expect(count(await bench.orders(), body.externalId)).toBe(1);
    });
  });
}
