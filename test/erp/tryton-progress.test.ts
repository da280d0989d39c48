import { afterAll, describe, expect, test } from "vitest";
import type { CreditBody } from "../../sidecar/domain/credit.ts";
import type { ErpRef, ExternalId } from "../../sidecar/domain/ids.ts";
import type { OrderBody } from "../../sidecar/domain/order.ts";
import type { ErpProgress } from "../../sidecar/domain/progress.ts";
import { type ErpCall, type ErpPort, type ProgressMark, progressMark } from "../../sidecar/erp/port.ts";
import { open, settings } from "../../sidecar/erp/tryton/adapter.ts";
import { createHttp } from "../../sidecar/platform/http.ts";
import { customerBody, orderBody } from "../contract/sample-bodies.ts";
import { startTryton, type TrytonServer, trytonMissing } from "../support/tryton.ts";
import { progressOf } from "../support/tryton-life.ts";

const missing = trytonMissing();

interface Bench {
  readonly server: TrytonServer;
  readonly port: (companion: boolean) => ErpPort;
  readonly customerRef: ErpRef;
}

const call: ErpCall = { signal: new AbortController().signal, priority: 6, note: () => undefined };
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const bench = missing === undefined ? await startBench() : undefined;
let lastId = 0;

async function startBench(): Promise<Bench> {
  const server = await startTryton({ companion: true });
  const http = createHttp({ connections: 4 });
  const openPort = (companion: boolean): ErpPort =>
    open(settings.parse({ ...server.settings, companion }), { http: http.send, clock });
  const withIt = openPort(true);
  const withoutIt = openPort(false);
  const customerRef = await withIt.createCustomer(customerBody(1), call);
  afterAll(async () => {
    await http.close();
    await server.stop();
  });
  return { server, port: (companion) => (companion ? withIt : withoutIt), customerRef };
}

function newOrder(): OrderBody {
  lastId += 1;
  const [first, second] = bench!.server.seed.items;
  return orderBody(lastId, { customerRef: bench!.customerRef, items: [String(first), String(second)] });
}

async function progress(
  port: ErpPort,
  orderRef: ErpRef,
  changedSince?: ProgressMark,
): Promise<ErpProgress | undefined> {
  const { orders } = await port.readProgress({ changedSince, after: undefined }, call);
  return orders.find((order) => order.orderRef === orderRef);
}

const read = async (model: string, ids: readonly number[], fields: readonly string[]) =>
  (await bench!.server.rpc(`model.${model}.read`, [ids, fields])) as Record<string, unknown>[];

describe.skipIf(bench === undefined)(`what becomes of orders in Tryton (${missing ?? "it is here"})`, () => {
  describe.each([true, false])("companion: %s", (companion) => {
    const port = (): ErpPort => bench!.port(companion);

    test("an order goes from open over its parcels to its invoice, each step told with all before it", async () => {
      const life = progressOf(bench!.server);
      const body = newOrder();
      const ref = await port().createOrder(body, [], call);
      const known = { orderExternalId: body.externalId, orderRef: ref };
      expect(await progress(port(), ref)).toEqual({
        ...known,
        stage: "open",
        parcels: [],
        invoiceNumbers: [],
      });
      await life.ship(ref, { trackingNumber: "1Z-1", carrier: "" }, "first line");
      const first = await progress(port(), ref);
      expect(first).toMatchObject({ stage: "partly-shipped", parcels: [{ trackingNumber: "1Z-1" }] });
      await life.ship(ref, { trackingNumber: "1Z-2", carrier: "" }, "all");
      const second = await progress(port(), ref);
      expect(second).toMatchObject({ stage: "shipped", invoiceNumbers: [] });
      expect(second?.parcels.map(({ trackingNumber }) => trackingNumber)).toEqual(["1Z-1", "1Z-2"]);
      expect(second?.parcels[0]).toEqual(first?.parcels[0]);
      const number = await life.bill(ref);
      expect(await progress(port(), ref)).toMatchObject({ stage: "invoiced", invoiceNumbers: [number] });
    });

    test("an order that was invoiced before anything left is open, and has its number", async () => {
      const body = newOrder();
      const ref = await port().createOrder(body, [], call);
      const number = await progressOf(bench!.server).bill(ref);
      expect(await progress(port(), ref)).toMatchObject({ stage: "open", invoiceNumbers: [number] });
    });

    test("an order that was called off is told, and a credit of it is no order", async () => {
      const body = newOrder();
      const ref = await port().createOrder(body, [], call);
      const credit: CreditBody = {
        ...body,
        externalId: `${body.externalId}-CR-1` as ExternalId,
        orderExternalId: body.externalId,
        orderRef: ref,
        slip: { id: 1, issuedAtShopTime: "2026-11-23 09:00:00" },
      };
      const credited = await port().createCredit(credit, call);
      await port().cancelOrder(ref, call);
      expect((await progress(port(), ref))?.stage).toBe("cancelled");
      expect(await progress(port(), credited)).toBeUndefined();
    });

    test("what changed before the mark and its overlap is not told again, and a shipment alone is a change", async () => {
      const life = progressOf(bench!.server);
      const body = newOrder();
      const ref = await port().createOrder(body, [], call);
      await life.ship(ref, { trackingNumber: "1Z-3", carrier: "" }, "all");
      await life.changed([ref], life.lateMs + 120_000);
      const mark = progressMark(`read ${String(Date.now())}`);
      expect(await progress(port(), ref, mark)).toBeUndefined();
      const [sale] = await read("sale.sale", [Number(ref)], ["shipments"]);
      const shipments = sale?.["shipments"];
      await bench!.server.rpc("model.stock.shipment.out.write", [shipments, { reference: "1Z-4" }]);
      expect((await progress(port(), ref, mark))?.parcels[0]?.trackingNumber).toBe("1Z-4");
    });
  });

  test("the companion has a field for the tracking number, which goes before the reference", async () => {
    const port = bench!.port(true);
    const body = newOrder();
    const ref = await port.createOrder(body, [], call);
    await progressOf(bench!.server).ship(ref, { trackingNumber: "a customer's word", carrier: "" }, "all");
    const [sale] = await read("sale.sale", [Number(ref)], ["shipments"]);
    const { rpc } = bench!.server;
    await rpc("model.stock.shipment.out.write", [sale?.["shipments"], { shop_tracking: "1Z-5" }]);
    expect((await progress(port, ref))?.parcels[0]?.trackingNumber).toBe("1Z-5");
    const view = (await rpc("model.stock.shipment.out.fields_view_get", [null, "form"])) as { arch: string };
    expect(view.arch).toContain('name="shop_tracking"');
  });
});
