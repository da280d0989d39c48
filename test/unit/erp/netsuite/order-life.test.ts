/** An order's life as the account is set up; what holds for every ERP is in test/contract/money-kit.ts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ErpRef } from "../../../../sidecar/domain/ids.ts";
import type { OrderBody } from "../../../../sidecar/domain/order.ts";
import { open, settings } from "../../../../sidecar/erp/netsuite/adapter.ts";
import { type ErpCall, type ErpPort, ErpRejectedError } from "../../../../sidecar/erp/port.ts";
import { createHttp } from "../../../../sidecar/platform/http.ts";
import {
  creditBody,
  customerBody,
  line,
  orderBody,
  paymentBody,
  sampleOrder,
} from "../../../contract/sample-bodies.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../../../support/netsuite-emulator.ts";
import { MONEY } from "../../../support/netsuite-emulator-settings.ts";

const http = createHttp({ connections: 2 });
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const call: ErpCall = { signal: new AbortController().signal, priority: 3, note: () => undefined };
let emulator: NetSuiteEmulator;
let customerRef: ErpRef;
let lastId = 0;

const openPort = (change: object = {}): ErpPort =>
  open(settings.parse({ ...emulator.settings("tba"), ...MONEY, ...change }), { http: http.send, clock });

async function place(port: ErpPort): Promise<{ readonly body: OrderBody; readonly ref: ErpRef }> {
  lastId += 1;
  const body = orderBody(lastId, { customerRef, items: ["1001", "1002"] });
  return { body, ref: await port.createOrder(body, [], call) };
}

beforeAll(async () => {
  emulator = await startNetSuiteEmulator();
  customerRef = await openPort().createCustomer(customerBody(1), call);
});
afterAll(async () => {
  await http.close();
  await emulator.close();
});

test("an order pending approval is cancelled, read as such, and opened by an amendment to where it was", async () => {
  const port = openPort({ orderStatus: "A" });
  const { body, ref } = await place(port);
  const read = () =>
    port.readOrder({ ref, externalId: body.externalId, currency: body.order.currency }, call);
  const writes = (): number => emulator.calls().filter(({ method }) => method === "PATCH").length;
  const before = writes();
  for (let times = 0; times < 2; times += 1) await port.cancelOrder(ref, call);
  expect(writes()).toBe(before + 1);
  expect(await read()).toMatchObject({ isCancelled: true });
  const order = sampleOrder(body.order.id, { lines: [line("2:7", 5, 4_950, "9.900000")] });
  await port.amendOrder(ref, { ...body, order }, call);
  expect(await read()).toMatchObject({ isCancelled: false, totalTaxInclMinor: order.totalPaidTaxInclMinor });
  expect(emulator.orders().find(({ id }) => id === ref)?.body["orderStatus"]).toBe("A");
});

test("an amendment sends no status to an order that is not cancelled, so that none is set back", async () => {
  const { body, ref } = await place(openPort({ orderStatus: "A" }));
  await openPort().amendOrder(ref, body, call);
  expect(emulator.orders().find(({ id }) => id === ref)?.body["orderStatus"]).toBe("A");
});

test("a payment into closed books is refused with NetSuite's own sentence", async () => {
  const port = openPort();
  const { body, ref } = await place(port);
  const payment = paymentBody(1, body, { orderRef: ref, method: undefined });
  emulator.closeBooks(payment.payment.paidAtShopTime.slice(0, 10));
  const end = port.createPayment(payment, call);
  await expect(end).rejects.toThrow(ErpRejectedError);
  await expect(end).rejects.toThrow(/not within the date range of your accounting period/);
  emulator.closeBooks(undefined);
});

test("an order with a deposit is not taken back", async () => {
  const port = openPort();
  const { body, ref } = await place(port);
  await port.createPayment(paymentBody(1, body, { orderRef: ref, method: "7" }), call);
  await expect(port.withdrawOrder(ref, call)).rejects.toThrow(ErpRejectedError);
  expect(await port.findOrder(body.externalId, call)).toMatchObject({ ref });
});

test("a payment by a method that NetSuite does not know is refused, and nothing is left of it", async () => {
  const port = openPort();
  const { body, ref } = await place(port);
  const payment = paymentBody(1, body, { orderRef: ref, method: "99" });
  await expect(port.createPayment(payment, call)).rejects.toThrow(/paymentOption/);
  expect(await port.findPayment(payment.externalId, call)).toBeUndefined();
  await port.withdrawOrder(ref, call);
});

test.each([
  { credits: {}, back: 2 },
  { credits: { itemId: "900000001" }, back: 0 },
])("a credit with the settings $credits puts $back pieces back on stock", async ({ credits, back }) => {
  const port = openPort({ credits });
  const { body, ref } = await place(port);
  emulator.setStock([{ item: "1001", location: "1", onHand: 100 }]);
  await port.createCredit(creditBody(1, body, ref), call);
  expect(emulator.stock("1001")[0]?.quantityonhand).toBe(100 + back);
  emulator.clearStock();
});

test("two parcels of one fulfilment are told, and what is picked only is not", async () => {
  const port = openPort();
  const { body, ref } = await place(port);
  emulator.life.ship(ref, { trackingNumbers: ["1Z1"], carrier: "UPS", isWaiting: true });
  const shipment = emulator.life.ship(ref, { trackingNumbers: ["1Z2", "1Z3"], carrier: "UPS" });
  const { orders } = await port.readProgress({ changedSince: undefined, after: undefined }, call);
  expect(orders.find(({ orderExternalId }) => orderExternalId === body.externalId)?.parcels).toEqual([
    { ref: shipment, trackingNumber: "1Z2", carrier: "UPS" },
    { ref: `${shipment}-2`, trackingNumber: "1Z3", carrier: "UPS" },
  ]);
});
