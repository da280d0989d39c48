import { afterAll, describe, expect, test } from "vitest";
import { type ErpRef, erpRef } from "../../sidecar/domain/ids.ts";
import type { NeutralOrder, OrderBody } from "../../sidecar/domain/order.ts";
import type { PaymentBody } from "../../sidecar/domain/payment.ts";
import {
  type ErpCall,
  ErpDuplicateError,
  ErpFailedError,
  type ErpOrderTotals,
  type ErpPort,
  ErpRejectedError,
} from "../../sidecar/erp/port.ts";
import { open, settings } from "../../sidecar/erp/tryton/adapter.ts";
import { createHttp } from "../../sidecar/platform/http.ts";
import {
  creditBody,
  customerBody,
  JPY,
  KWD,
  line,
  ORDERS_TO_ADD_UP,
  orderBody,
  paymentBody,
  sampleOrder,
} from "../contract/sample-bodies.ts";
import { startTryton, type TrytonServer, trytonMissing } from "../support/tryton.ts";
import { startTrytonFront, type TrytonFront } from "../support/tryton-front.ts";
import { carryingPayments } from "../support/tryton-life.ts";

const missing = trytonMissing();

interface Bench {
  readonly server: TrytonServer;
  readonly front: TrytonFront;
  readonly port: (companion: boolean) => ErpPort;
  readonly openPort: (change: Readonly<Record<string, unknown>>) => ErpPort;
  readonly customerRef: ErpRef;
}

const call: ErpCall = { signal: new AbortController().signal, priority: 3, note: () => undefined };
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const bench = missing === undefined ? await startBench() : undefined;
let lastId = 0;

async function startBench(): Promise<Bench> {
  const server = await startTryton({ companion: true });
  const front = await startTrytonFront(server.url, 100);
  const http = createHttp({ connections: 4 });
  const openPort = (change: Readonly<Record<string, unknown>>): ErpPort =>
    open(settings.parse({ ...server.settings, url: front.url, ...carryingPayments(server), ...change }), {
      http: http.send,
      clock,
    });
  const withIt = openPort({ companion: true });
  const withoutIt = openPort({ companion: false });
  const customerRef = await withIt.createCustomer(customerBody(1), call);
  afterAll(async () => {
    await http.close();
    await front.close();
    await server.stop();
  });
  const port = (companion: boolean): ErpPort => (companion ? withIt : withoutIt);
  return { server, front, port, openPort, customerRef };
}

function newOrder(change: Partial<NeutralOrder> = {}): OrderBody {
  lastId += 1;
  const [first, second] = bench!.server.seed.items;
  return orderBody(lastId, {
    customerRef: bench!.customerRef,
    items: [String(first), String(second)],
    change,
  });
}

function paymentOf(
  body: OrderBody,
  orderRef: ErpRef | null,
  change: Partial<PaymentBody["payment"]> = {},
): PaymentBody {
  lastId += 1;
  const made = paymentBody(lastId, body, { orderRef, method: undefined });
  return { ...made, payment: { ...made.payment, ...change } };
}

async function stateOf(model: string, ref: string): Promise<string | undefined> {
  const params = [[["id", "=", Number(ref)]], 0, 1, null, ["state"]];
  const rows = (await bench!.server.rpc(`model.${model}.search_read`, params)) as { state: string }[];
  return rows[0]?.state;
}
const saleState = (ref: string) => stateOf("sale.sale", ref);

const read = (port: ErpPort, body: OrderBody, ref: ErpRef): Promise<ErpOrderTotals | undefined> =>
  port.readOrder({ ref, externalId: body.externalId, currency: body.order.currency }, call);

describe.skipIf(bench === undefined)(`money in Tryton (${missing ?? "it is here"})`, () => {
  describe.each([true, false])("companion: %s", (companion) => {
    const port = (): ErpPort => bench!.port(companion);
    const order = async (change: Partial<NeutralOrder> = {}): Promise<[OrderBody, ErpRef]> => {
      const body = newOrder(change);
      return [body, await port().createOrder(body, [], call)];
    };

    test("a payment that covers its sale confirms it, and is found with its fingerprint", async () => {
      const [body, ref] = await order();
      const payment = paymentOf(body, ref);
      const paid = await port().createPayment(payment, call);
      expect(await port().findPayment(payment.externalId, call)).toEqual({
        ref: paid,
        fingerprint: payment.fingerprint,
      });
      expect(await stateOf("account.payment", paid)).toBe("succeeded");
      expect(await saleState(ref)).toBe("processing");
      expect((await read(port(), body, ref))?.paidMinor).toBe(body.order.totalPaidTaxInclMinor);
      await expect(port().createPayment(payment, call)).rejects.toThrow(ErpDuplicateError);
      await expect(port().amendOrder(ref, body, call)).rejects.toThrow(/processing/);
      await expect(port().cancelOrder(ref, call)).rejects.toThrow(/processing/);
      await expect(port().withdrawOrder(ref, call)).rejects.toThrow(/processing/);
    });

    test("an order that is paid in part is edited, called off and opened again, and its payment stays", async () => {
      const [body, ref] = await order();
      const payment = paymentOf(body, ref, { amountMinor: 500 });
      const paid = await port().createPayment(payment, call);
      expect(await saleState(ref)).toBe("quotation");
      const edited = {
        ...body,
        order: sampleOrder(body.order.id, { lines: [line("2:7", 5, 4_950, "9.900000")] }),
      };
      await port().amendOrder(ref, edited, call);
      expect(await read(port(), body, ref)).toMatchObject({
        totalTaxInclMinor: edited.order.totalPaidTaxInclMinor,
        paidMinor: 500,
        isCancelled: false,
      });
      for (let times = 0; times < 2; times += 1) await port().cancelOrder(ref, call);
      expect(await read(port(), body, ref)).toMatchObject({ isCancelled: true, paidMinor: 500 });
      await port().amendOrder(ref, body, call);
      expect(await read(port(), body, ref)).toMatchObject({
        totalTaxInclMinor: body.order.totalPaidTaxInclMinor,
        isCancelled: false,
        paidMinor: 500,
      });
      expect(await saleState(ref)).toBe("quotation");
      expect(await stateOf("account.payment", paid)).toBe("succeeded");
    });

    test("an edit that makes the order as cheap as what was paid confirms it", async () => {
      const [body, ref] = await order();
      await port().createPayment(paymentOf(body, ref, { amountMinor: 1_000 }), call);
      const cheap = {
        lines: [line("2:7", 1, 100)],
        shippingTaxExclMinor: 0,
        shippingTaxInclMinor: 0,
        shippingTaxes: [],
      };
      await port().amendOrder(ref, { ...body, order: sampleOrder(body.order.id, cheap) }, call);
      expect(await saleState(ref)).toBe("processing");
    });

    test("an order that is withdrawn is gone with its payments, and both keys are free", async () => {
      const [body, ref] = await order();
      const payment = paymentOf(body, ref, { amountMinor: 500 });
      await port().createPayment(payment, call);
      for (let times = 0; times < 2; times += 1) await port().withdrawOrder(ref, call);
      expect(await port().findOrder(body.externalId, call)).toBeUndefined();
      expect(await port().findPayment(payment.externalId, call)).toBeUndefined();
      expect(await read(port(), body, ref)).toBeUndefined();
      const again = await port().createOrder(body, [], call);
      await port().createPayment({ ...payment, orderRef: again }, call);
      expect((await read(port(), body, again))?.paidMinor).toBe(500);
    });

    test("payments that are only approved leave the sale to a person", async () => {
      const careful = bench!.openPort({ companion, paymentState: "approved" });
      const [body, ref] = await order();
      const paid = await careful.createPayment(paymentOf(body, ref), call);
      expect(await stateOf("account.payment", paid)).toBe("approved");
      expect(await saleState(ref)).toBe("quotation");
      await careful.withdrawOrder(ref, call);
      expect(await stateOf("account.payment", paid)).toBeUndefined();
    });

    test("money given back is no payment, and the sentence says so", async () => {
      const [body, ref] = await order();
      const payment = paymentOf(body, ref, { amountMinor: -500 });
      await expect(port().createPayment(payment, call)).rejects.toThrow(/-5\.00 EUR, money given back/);
      await expect(port().createPayment(payment, call)).rejects.toThrow(ErpRejectedError);
    });

    test("a payment in another currency than its sale's is refused, and books nothing", async () => {
      const [body, ref] = await order();
      const payment = paymentOf(body, ref, { currency: JPY, amountMinor: 500 });
      await expect(port().createPayment(payment, call)).rejects.toThrow(ErpRejectedError);
      await expect(port().createPayment(payment, call)).rejects.toThrow(/JPY.*EUR/);
      expect((await read(port(), body, ref))?.paidMinor).toBe(0);
    });

    test("a payment method may be mapped to a journal, which has to be one of the currency", async () => {
      const [body, ref] = await order();
      const { EUR: euro, USD: dollar } = bench!.server.seed.paymentJournals;
      const mapped = (journal: number | string) => ({
        ...paymentOf(body, ref, { amountMinor: 100 }),
        refs: { payment: erpRef(String(journal)) },
      });
      await port().createPayment(mapped(euro!), call);
      await expect(port().createPayment(mapped(dollar!), call)).rejects.toThrow(/journal .* in USD/);
      await expect(port().createPayment(mapped("PayPal"), call)).rejects.toThrow(
        /no id of a payment journal/,
      );
      await expect(port().createPayment(mapped(999_999), call)).rejects.toThrow(/no payment journal 999999/);
    });

    test("a credit is a sale of its own below nothing, to the unit, and refers to the sale", async () => {
      const change = { ...ORDERS_TO_ADD_UP["all of it"], currency: KWD };
      const [body, ref] = await order(change);
      lastId += 1;
      const credit = creditBody(lastId, body, ref, change);
      const made = await port().createCredit(credit, call);
      expect(await read(port(), { ...body, externalId: credit.externalId }, made)).toMatchObject({
        totalTaxExclMinor: -credit.order.totalPaidTaxExclMinor,
        totalTaxInclMinor: -credit.order.totalPaidTaxInclMinor,
      });
      const params = [[["origin", "=", `sale.sale,${ref}`]], 0, 5, null, ["state"]];
      const rows = await bench!.server.rpc("model.sale.sale.search_read", params);
      expect(rows).toEqual([{ id: Number(made), state: "quotation" }]);
    });
  });

  describe("with the companion", () => {
    const port = (): ErpPort => bench!.port(true);

    test("an order and its payments are made together, and the next call is told of it", async () => {
      const body = newOrder();
      const payments = [
        paymentOf(body, null, { amountMinor: 300 }),
        paymentOf(body, null, { amountMinor: 200 }),
      ];
      const ref = await port().createOrder(body, payments, call);
      expect((await read(port(), body, ref))?.paidMinor).toBe(500);
      await expect(port().createOrder(body, payments, call)).rejects.toThrow(ErpDuplicateError);
    });

    test("an order whose payment is refused is not there", async () => {
      const body = newOrder();
      const first = paymentOf(body, null, { amountMinor: 300 });
      // Tryton holds the key unique, so the second one is refused by the database itself.
      const second = { ...paymentOf(body, null, { amountMinor: 200 }), externalId: first.externalId };
      await expect(port().createOrder(body, [first, second], call)).rejects.toThrow(ErpRejectedError);
      expect(await port().findOrder(body.externalId, call)).toBeUndefined();
      expect(await port().findPayment(first.externalId, call)).toBeUndefined();
    });

    test("the database itself lets no second record have a key, whoever writes it", async () => {
      const { server } = bench!;
      const [first, second] = [newOrder(), newOrder()];
      await port().createOrder(first, [], call);
      const ref = await port().createOrder(second, [], call);
      const write = server.rpc("model.sale.sale.write", [[Number(ref)], { shop_ref: first.externalId }]);
      await expect(write).rejects.toThrow(/has this shop reference/);
    });
  });

  describe("without the companion", () => {
    const port = (): ErpPort => bench!.port(false);

    test.each(["approve", "process.execute", "process.delete", "succeed"])(
      "a payment that was cut before %s is brought on by the look-up that finds it",
      async (step) => {
        const body = newOrder();
        const ref = await port().createOrder(body, [], call);
        const payment = paymentOf(body, ref, { amountMinor: 100 });
        bench!.front.mishap({ kind: "cut-before", methods: new RegExp(`account\\.payment\\.${step}$`) });
        await expect(port().createPayment(payment, call)).rejects.toThrow(ErpFailedError);
        const found = await port().findPayment(payment.externalId, call);
        expect(found?.fingerprint).toBe(payment.fingerprint);
        expect(await stateOf("account.payment", found?.ref ?? "")).toBe("succeeded");
      },
    );

    test.each(["approve", "succeed"])(
      "a payment that Tryton refuses to %s is taken back, and its key is free",
      async (step) => {
        const body = newOrder();
        const ref = await port().createOrder(body, [], call);
        const payment = paymentOf(body, ref, { amountMinor: 100 });
        bench!.front.mishap({ kind: "reject", methods: new RegExp(`account\\.payment\\.${step}$`) });
        await expect(port().createPayment(payment, call)).rejects.toThrow(ErpRejectedError);
        expect(await port().findPayment(payment.externalId, call)).toBeUndefined();
        expect((await read(port(), body, ref))?.paidMinor).toBe(0);
      },
    );

    test.each(["sale.draft", "sale.write", "sale.quote", "payment.write"])(
      "an amendment of a paid order that was cut before %s is whole when it is sent again",
      async (step) => {
        const body = newOrder();
        const ref = await port().createOrder(body, [], call);
        await port().createPayment(paymentOf(body, ref, { amountMinor: 100 }), call);
        const edited = {
          ...body,
          order: sampleOrder(body.order.id, { lines: [line("2:7", 5, 4_950, "9.900000")] }),
        };
        bench!.front.mishap({ kind: "cut-before", methods: new RegExp(`${step.replace(".", "\\.")}$`) });
        await expect(port().amendOrder(ref, edited, call)).rejects.toThrow(ErpFailedError);
        await port().amendOrder(ref, edited, call);
        expect(await read(port(), body, ref)).toMatchObject({
          totalTaxInclMinor: edited.order.totalPaidTaxInclMinor,
          paidMinor: 100,
        });
        expect(await saleState(ref)).toBe("quotation");
      },
    );

    test("a withdrawal that was cut is whole when it is sent again", async () => {
      const body = newOrder();
      const ref = await port().createOrder(body, [], call);
      const payment = paymentOf(body, ref, { amountMinor: 100 });
      await port().createPayment(payment, call);
      for (const step of ["payment.write", "sale.delete"]) {
        bench!.front.mishap({ kind: "cut-before", methods: new RegExp(`${step.replace(".", "\\.")}$`) });
        await expect(port().withdrawOrder(ref, call)).rejects.toThrow(ErpFailedError);
      }
      await port().withdrawOrder(ref, call);
      expect(await port().findOrder(body.externalId, call)).toBeUndefined();
      expect(await port().findPayment(payment.externalId, call)).toBeUndefined();
    });
  });
});
