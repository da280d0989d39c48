import { beforeEach, describe, expect, test } from "vitest";
import type { ErpRef } from "../../sidecar/domain/ids.ts";
import type { OrderBody } from "../../sidecar/domain/order.ts";
import type { ErpProgress } from "../../sidecar/domain/progress.ts";
import type { ErpPort, ProgressMark, ProgressPage } from "../../sidecar/erp/port.ts";
import type { OrderKitParts } from "./money-kit.ts";

/** A whole reading. */
interface Reading {
  readonly orders: readonly ErpProgress[];
  readonly pages: number;
  readonly mark: ProgressMark | undefined;
}

const MINUTE_MS = 60_000;

/** What becomes of orders in the ERP, whatever ERP it is. */
export function progressKit({ bench, openPort, call, newOrder }: OrderKitParts): void {
  const { progress } = bench;
  let port: ErpPort;

  const place = async (): Promise<{ readonly body: OrderBody; readonly ref: ErpRef }> => {
    const body = newOrder();
    return { body, ref: await port.createOrder(body, [], call()) };
  };
  const read = async (changedSince?: ProgressMark): Promise<Reading> => {
    const orders: ErpProgress[] = [];
    let page: ProgressPage | undefined;
    let pages = 0;
    do {
      page = await port.readProgress({ changedSince, after: page?.next }, call());
      expect(page.orders.length).toBeLessThanOrEqual(200);
      expect((page.next ?? "").length).toBeLessThanOrEqual(160);
      expect((page.mark ?? "").length).toBeLessThanOrEqual(96);
      orders.push(...page.orders);
      pages += 1;
    } while (page.next !== undefined);
    return { orders, pages, mark: page.mark };
  };
  /** What a reading says last of an order. */
  const of = (reading: Reading, { externalId }: OrderBody): ErpProgress | undefined =>
    reading.orders.findLast(({ orderExternalId }) => orderExternalId === externalId);
  const shipped = { trackingNumber: "1Z999AA10123456784", carrier: "UPS" };
  const told = (parcel: typeof shipped): typeof shipped =>
    progress.namesCarriers === false ? { ...parcel, carrier: "" } : parcel;

  describe("the progress of orders", () => {
    beforeEach(() => {
      port = openPort(bench.booking);
    });

    test("an order that was shipped whole is told with its parcel", async () => {
      const { body, ref } = await place();
      await progress.ship(ref, shipped, "all");
      expect(of(await read(), body)).toMatchObject({
        orderRef: ref,
        stage: "shipped",
        parcels: [told(shipped)],
        invoiceNumbers: [],
      });
    });

    test("an order that leaves in two parcels is told after each, the oldest first, under names that stay", async () => {
      const { body, ref } = await place();
      await progress.ship(ref, shipped, "first line");
      const partly = of(await read(), body);
      expect(partly).toMatchObject({ stage: "partly-shipped", parcels: [told(shipped)] });
      const second = { trackingNumber: "6A12345678901", carrier: "La Poste" };
      await progress.ship(ref, second, "all");
      const whole = of(await read(), body);
      expect(whole).toMatchObject({ stage: "shipped", parcels: [told(shipped), told(second)] });
      expect(whole?.parcels[0]).toEqual(partly?.parcels[0]);
      expect(whole?.parcels[1]?.ref).not.toBe(whole?.parcels[0]?.ref);
    });

    test("an order that was invoiced is told with the number of its invoice", async () => {
      const { body, ref } = await place();
      await progress.ship(ref, shipped, "all");
      const number = await progress.bill(ref);
      expect(of(await read(), body)).toMatchObject({ stage: "invoiced", invoiceNumbers: [number] });
    });

    test("an order that was cancelled is told as cancelled", async () => {
      const { body, ref } = await place();
      await port.cancelOrder(ref, call());
      expect(of(await read(), body)).toMatchObject({ stage: "cancelled", parcels: [] });
    });

    test("changes of one moment that fill more than a page are all told, each once", async () => {
      const placed: { readonly body: OrderBody; readonly ref: ErpRef }[] = [];
      for (let made = 0; made < progress.pageOrders + 5; made += 1) placed.push(await place());
      await progress.changed(
        placed.map(({ ref }) => ref),
        3 * MINUTE_MS,
      );
      const reading = await read();
      expect(reading.pages).toBeGreaterThan(1);
      const told = reading.orders.map(({ orderExternalId }) => orderExternalId);
      for (const { body } of placed) expect(told.filter((key) => key === body.externalId)).toHaveLength(1);
    }, 120_000);

    test("a reading from a mark tells what changed since, and its mark never lies before", async () => {
      await place();
      const { mark } = await read();
      expect(mark).toBeDefined();
      const { body, ref } = await place();
      await progress.ship(ref, shipped, "all");
      const next = await read(mark);
      expect(of(next, body)).toMatchObject({ stage: "shipped" });
      expect(String(next.mark) >= String(mark)).toBe(true);
    });

    test("a change that becomes visible late is told, as long as it lies inside the overlap", async () => {
      const { body, ref } = await place();
      const { mark } = await read();
      await progress.ship(ref, shipped, "all");
      await progress.changed([ref], progress.lateMs - MINUTE_MS);
      expect(of(await read(mark), body)).toMatchObject({ stage: "shipped", parcels: [told(shipped)] });
    });

    test("a parcel is told although the order itself was not touched by it", async () => {
      const { body, ref } = await place();
      await progress.changed([ref], progress.lateMs + 60 * MINUTE_MS);
      await place();
      const { mark } = await read();
      await progress.ship(ref, shipped, "all");
      expect(of(await read(mark), body)).toMatchObject({ parcels: [told(shipped)] });
    });
  });
}
