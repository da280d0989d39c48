// What comes back from the ERP, in a real shop: parcels to order_carrier, the ERP's number to the invoice.
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshShop } from "./fresh-shop.ts";
import { MailSink } from "./mail-sink.ts";
import type { RealShop } from "./real-shop.ts";

const LISTENER = "erpsynclistener";

let shop: RealShop;
let told: string;

beforeAll(async () => {
  shop = await freshShop();
  told = join(shop.root, "var/logs/erpsynclistener.log");
  const folder = join(shop.root, "modules", LISTENER);
  cpSync(join(import.meta.dirname, LISTENER), folder, { recursive: true });
  shop.onDispose(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(told, { force: true });
  });
  await shop.module("install", LISTENER);
  shop.onDispose(() => shop.module("uninstall", LISTENER));
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
});

async function placeOne(...more: readonly string[]): Promise<number> {
  const [placed] = await shop.placeOrders(1, ...more);
  rmSync(told, { force: true });
  return placed?.id_order ?? 0;
}

/** What the listener was told since the last order was placed. */
function tidings(): readonly unknown[] {
  if (!existsSync(told)) return [];
  return readFileSync(told, "utf8")
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

const carriersOf = (order: number) =>
  shop.rows("SELECT * FROM {order_carrier} WHERE id_order = ? ORDER BY id_order_carrier", [order]);

const numbersOf = async (order: number): Promise<readonly unknown[]> =>
  (await carriersOf(order)).map((row): unknown => row["tracking_number"]);

async function send(type: string, id: string, order: number, more: object): Promise<unknown> {
  const answer = await shop.command([{ id, type, order, ...more }]);
  const [result] = answer.body.results ?? [];
  expect(result, answer.text).toBeDefined();
  return result?.code ?? result?.outcome;
}

/** Parcels by reference, as the command lists them. */
const parcels = (numbers: Readonly<Record<string, string>>) =>
  Object.entries(numbers).map(([ref, tracking]) => ({ ref, tracking }));

async function track(
  order: number,
  operation: number,
  numbers: Readonly<Record<string, string>>,
): Promise<unknown> {
  return await send("order.set_tracking", `order:${order}#${operation}`, order, {
    parcels: parcels(numbers),
  });
}

describe("order.set_tracking", () => {
  test("shows the first parcel on the order's own row and each further one on a row that costs nothing", async () => {
    const order = await placeOne("--state=paid");
    const [own] = await carriersOf(order);

    expect(await track(order, 2, { S1: "1Z 001", S2: "1Z 002", S3: "1Z 003" })).toBe("done");

    const [first, ...further] = await carriersOf(order);
    expect(first).toEqual({ ...own, tracking_number: "1Z 001" });
    expect(further.map((row): unknown => row["tracking_number"])).toEqual(["1Z 002", "1Z 003"]);
    for (const row of further) {
      expect(row).toMatchObject({
        id_carrier: own?.["id_carrier"] as unknown,
        id_order_invoice: own?.["id_order_invoice"] as unknown,
        weight: "0.000000",
        shipping_cost_tax_excl: "0.000000",
        shipping_cost_tax_incl: "0.000000",
      });
    }
    expect(tidings()).toMatchObject([{ order, number: "1Z 001", carrier: own?.["id_carrier"] as unknown }]);
  });

  test("is the same again: no second row, no second word, and a changed number stays the same parcel", async () => {
    const order = await placeOne();
    expect(await track(order, 2, { S1: "A1", S2: "B2" })).toBe("done");
    expect(await track(order, 2, { S1: "A1", S2: "B2" })).toBe("replayed");
    expect(await track(order, 3, { S1: "A1", S2: "B2" })).toBe("unchanged");
    expect(await track(order, 4, { S1: "A1", S2: "B3" })).toBe("done");
    expect(await track(order, 5, { S1: "A2", S2: "B3", S3: "C4" })).toBe("done");
    expect(await numbersOf(order)).toEqual(["A2", "B3", "C4"]);
    expect(tidings()).toMatchObject([{ number: "A1" }, { number: "A1" }, { number: "A2" }]);
  });

  test("of ten requests at once leaves one row a parcel", async () => {
    const order = await placeOne();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => track(order, index + 2, { S1: "A1", S2: "B2" })),
    );
    expect(answers.filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(await numbersOf(order)).toEqual(["A1", "B2"]);
    expect(tidings()).toHaveLength(1);
  });

  test("doubles nothing where PHP died between a row and our note of it, and tells what was not told", async () => {
    const order = await placeOne();
    expect(await track(order, 2, { S1: "A1", S2: "B2" })).toBe("done");
    rmSync(told, { force: true });
    await shop.rows("DELETE FROM {erpsync_parcel} WHERE id_order = ?", [order]);
    await shop.rows(
      `UPDATE {erpsync_command} SET state = 'started', result = '{"tell":true}' WHERE command_id = ?`,
      [`order:${order}#2`],
    );
    expect(await track(order, 2, { S1: "A1", S2: "B2" })).toBe("done");
    expect(await numbersOf(order)).toEqual(["A1", "B2"]);
    expect(tidings()).toHaveLength(1);
  });

  test("takes a number that a person typed in for the parcel's, and the number of a gone parcel away", async () => {
    const order = await placeOne();
    await shop.rows("UPDATE {order_carrier} SET tracking_number = 'A1' WHERE id_order = ?", [order]);
    expect(await track(order, 2, { S1: "A1" })).toBe("unchanged");
    expect(await track(order, 3, { S1: "A1", S2: "B2" })).toBe("done");
    expect(await track(order, 4, { S1: "A1" })).toBe("done");
    expect(await numbersOf(order)).toEqual(["A1", ""]);
    expect(tidings()).toHaveLength(1);
  });

  test("sends no mail; the state that follows sends the one that it is set to send", async () => {
    await using sink = await MailSink.start();
    const order = await placeOne("--state=paid");
    const settings = { PS_MAIL_METHOD: 2, PS_MAIL_SERVER: "127.0.0.1", PS_MAIL_SMTP_PORT: sink.port };
    const saved = await Promise.all(Object.keys(settings).map((name) => shop.setting(name)));
    for (const [name, value] of Object.entries(settings)) await shop.configure(name, value);
    try {
      expect(await track(order, 2, { S1: "A1", S2: "B2" })).toBe("done");
      expect(sink.subjects).toEqual([]);
      expect(await send("order.set_status", `order:${order}#3`, order, { state: 4 })).toBe("done");
      expect(sink.subjects).toHaveLength(1);
      expect(await track(order, 4, { S1: "A1", S2: "B2" })).toBe("unchanged");
      expect(sink.subjects).toHaveLength(1);
    } finally {
      for (const [index, name] of Object.keys(settings).entries()) {
        await shop.configure(name, saved[index] ?? "");
      }
    }
  });

  test("is recorded as a change of the order, by which its job looks again and finds nothing to do", async () => {
    const order = await placeOne();
    await shop.rows("DELETE FROM {erpsync_outbox}");
    expect(await track(order, 2, { S1: "A1", S2: "B2" })).toBe("done");
    const events = await shop.rows("SELECT DISTINCT type, subject FROM {erpsync_outbox}");
    expect(events).toEqual([{ type: "order.changed", subject: `order:${order}` }]);
  });
});

describe("order.set_invoice", () => {
  const invoiceOf = async (order: number) =>
    (await shop.rows("SELECT * FROM {order_invoice} WHERE id_order = ?", [order]))[0];
  const number = (order: number, operation: number, text: string): Promise<unknown> =>
    send("order.set_invoice", `order:${order}#${operation}`, order, { number: text });

  test("writes the number into the note once, leaves the person's words, and touches nothing else", async () => {
    const order = await placeOne("--state=paid");
    const words = "Merci & à bientôt\r\n<b>30 jours</b>";
    await shop.rows("UPDATE {order_invoice} SET note = ? WHERE id_order = ?", [words, order]);
    const before = await invoiceOf(order);

    expect(await number(order, 2, "INV/2026-77")).toBe("done");
    const after = await invoiceOf(order);
    expect({ ...after, note: words }).toEqual(before);
    const note = String(after?.["note"]);
    expect(note.replaceAll("\r\n", "\n").replace("&amp;", "&")).toBe(
      "Merci & à bientôt\n<b>30 jours</b>\nERP invoice: INV/2026-77",
    );

    expect(await number(order, 3, "INV/2026-77")).toBe("unchanged");
    expect(await number(order, 4, "R&D 78")).toBe("done");
    expect(await number(order, 5, "R&D 78")).toBe("unchanged");
    expect(String((await invoiceOf(order))?.["note"])).toMatch(/\nERP invoice: R&amp;D 78$/);
  });

  test("comes again where the shop has made no invoice yet, under the same id", async () => {
    const order = await placeOne();
    expect(await number(order, 2, "INV-1")).toBe("no_invoice");
    expect(await send("order.set_status", `order:${order}#9`, order, { state: 2 })).toBe("done");
    expect(await number(order, 2, "INV-1")).toBe("done");
    expect((await invoiceOf(order))?.["note"]).toBe("ERP invoice: INV-1");
    expect(await number(order, 2, "INV-1")).toBe("replayed");
  });
});
