// What the sidecar asks the shop's signed endpoint for, and what it makes of the answers.
import { expect, test } from "vitest";
import { ShopCommandError } from "../../../sidecar/domain/errors.ts";
import {
  customerSubject,
  erpRef,
  orderSubject,
  shopCustomerId,
  shopOrderId,
} from "../../../sidecar/domain/ids.ts";
import { createHttp } from "../../../sidecar/platform/http.ts";
import { systemClock } from "../../../sidecar/platform/system-clock.ts";
import { createShopCommands, type ShopParcel } from "../../../sidecar/shop/commands.ts";
import { startShopEndpoint } from "../../support/shop-endpoint.ts";

const SUBJECT = orderSubject(shopOrderId(7));

async function open() {
  const endpoint = await startShopEndpoint("secret");
  const http = createHttp({ connections: 1 });
  const settings = { shopUrl: endpoint.url, secret: "secret", timeoutMs: 5_000 };
  const shop = createShopCommands(settings, http.send, systemClock);
  const { signal } = new AbortController();
  const notes: string[] = [];
  const note = ({ request }: { readonly request: string }): void => void notes.push(request);
  let commands = 0;
  const commandId = (): string => `order:7#${String((commands += 1))}`;
  return {
    endpoint,
    notes,
    track: (...parcels: readonly (readonly [string, string])[]) =>
      shop.setTracking(
        {
          commandId: commandId(),
          subject: SUBJECT,
          parcels: parcels.map(([ref, trackingNumber]): ShopParcel => ({ ref: erpRef(ref), trackingNumber })),
        },
        note,
        signal,
      ),
    invoice: (number: string, subject = SUBJECT) =>
      shop.setInvoice({ commandId: commandId(), subject, number }, note, signal),
    [Symbol.asyncDispose]: async () => {
      await http.close();
      await endpoint[Symbol.asyncDispose]();
    },
  };
}

test("parcels without a number are left out of the command until they have one", async () => {
  await using shop = await open();
  const order = shop.endpoint.orders.add(7);
  await shop.track(["S1", ""], ["S2", "B2"]);
  expect(JSON.parse(shop.notes[0] ?? "")).toEqual({
    commands: [
      { id: "order:7#1", type: "order.set_tracking", order: 7, parcels: [{ ref: "S2", tracking: "B2" }] },
    ],
  });
  await shop.track(["S1", "A1"], ["S2", "B2"]);
  expect(order.carriers.map(({ tracking }) => tracking)).toEqual(["B2", "A1"]);
});

test("the simulated shop keeps the module's rules for parcels: no doubles, no lost rows, one word to listeners", async () => {
  await using shop = await open();
  const order = shop.endpoint.orders.add(7);
  const numbers = (): readonly string[] => order.carriers.map(({ tracking }) => tracking);
  await shop.track(["S1", "A1"], ["S2", "B2"], ["S3", "C3"]);
  await shop.track(["S1", "A1"], ["S2", "B2"], ["S3", "C3"]);
  expect(numbers()).toEqual(["A1", "B2", "C3"]);
  expect(order.told).toBe(1);
  await shop.track(["S1", "A9"], ["S4", "D4"]);
  expect(numbers()).toEqual(["A9", "D4", ""]);
  order.remembered.clear();
  await shop.track(["S1", "A9"], ["S4", "D4"]);
  expect(numbers()).toEqual(["A9", "D4", ""]);
  expect(order.told).toBe(2);
});

test("an invoice that the shop has not made yet costs no attempt, and what is hopeless is parked", async () => {
  await using shop = await open();
  const order = shop.endpoint.orders.add(7);
  const adviceOf = async (work: Promise<void>): Promise<unknown> =>
    work.then(
      () => "done",
      (thrown: unknown) => thrown instanceof ShopCommandError && thrown.advice.kind,
    );
  expect(await adviceOf(shop.invoice("INV-1"))).toBe("slow-down");
  order.invoiceNote = "Thank you";
  expect(await adviceOf(shop.invoice("INV-1"))).toBe("done");
  expect(order.invoiceNote).toBe("Thank you\nERP invoice: INV-1");
  expect(await adviceOf(shop.invoice("INV-2"))).toBe("done");
  expect(order.invoiceNote).toBe("Thank you\nERP invoice: INV-2");
  expect(await adviceOf(shop.invoice("two\nlines"))).toBe("park");
  expect(await adviceOf(shop.invoice("INV-1", orderSubject(shopOrderId(8))))).toBe("park");
  expect(await adviceOf(shop.invoice("INV-1", customerSubject(shopCustomerId(7))))).toBe("park");
  expect(await adviceOf(shop.track(["S 1", "A1"]))).toBe("park");
});
