import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MailSink } from "./mail-sink.ts";
import { RealShop } from "./real-shop.ts";

const EMPLOYEE = 1;

let shop: RealShop;

/** The movements that were declared since the last look: `combination delta>after writer`, the product's own row as 0. */
async function declared(product: number): Promise<readonly string[]> {
  const rows = await shop.rows(
    "SELECT subject, payload FROM {erpsync_outbox} WHERE type = 'stock.moved' AND subject LIKE ? ORDER BY id",
    [`stock:${product}:%`],
  );
  await shop.rows("DELETE FROM {erpsync_outbox}");
  const told = rows.map((row) => {
    const payload = JSON.parse(String(row["payload"])) as Payload;
    const [, , combination, shopId] = String(row["subject"]).split(":");
    return { ...payload, combination, shopId };
  });
  for (const { row, combination, shopId } of told) {
    // A row that is gone keeps its number and nothing else.
    const found = await shop.rows(
      "SELECT id_product_attribute, id_shop FROM {stock_available} WHERE id_stock_available = ?",
      [row],
    );
    if (found.length > 0) {
      expect(found[0]).toEqual({ id_product_attribute: Number(combination), id_shop: Number(shopId) });
    }
  }
  return told
    .map(({ combination, delta, after, writer }) => `${combination} ${delta ?? "?"}>${after} ${writer}`)
    .sort();
}

interface Payload {
  readonly delta: number | null;
  readonly after: number;
  readonly writer: string;
  readonly row: number;
  readonly employee?: number;
}

interface Made {
  readonly product: number;
  readonly combination: number;
}

async function add(args: Readonly<Record<string, string | number>>): Promise<Made> {
  const made = await shop.backOffice("product-add", { quantity: 100, ...args });
  const product = made["product"] ?? 0;
  await declared(product);
  return { product, combination: made["combination0"] ?? 0 };
}

/** An order of two pieces, and its line. */
async function order({ product, combination }: Made, ...more: readonly string[]) {
  const [placed] = await shop.placeCarts(1, [[[product, combination, 2]]], ...more);
  const id = placed?.id_order ?? 0;
  const detail = await shop.count("SELECT id_order_detail FROM {order_detail} WHERE id_order = ?", [id]);
  expect(await declared(product)).toEqual([]);
  return { order: id, detail };
}

const rowOf = ({ product, combination }: Made): Promise<number> =>
  shop.count(
    "SELECT id_stock_available FROM {stock_available} WHERE id_product = ? AND id_product_attribute = ?",
    [product, combination],
  );

beforeAll(async () => {
  shop = await RealShop.open();
  await shop.module("install").catch(() => undefined);
  // An installed one has the hooks of the version that was installed.
  await shop.module("reset");
  await shop.serve();
  await shop.placeOrders(1);
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
});

describe("a change of stock is declared once, with its row, by", () => {
  test("a person who edits, deletes and adds lines, for the combination and for its product", async () => {
    const made = await add({ combinations: 2 });
    const { product, combination } = made;
    const { order: id, detail } = await order(made);
    await shop.backOffice("edit-line", { order: id, detail, quantity: 5 });
    expect(await declared(product)).toEqual(["0 -3>195 AdminOrders", `${combination} -3>95 AdminOrders`]);
    await shop.backOffice("edit-line", { order: id, detail, quantity: 1 });
    expect(await declared(product)).toEqual(["0 4>199 AdminOrders", `${combination} 4>99 AdminOrders`]);
    await shop.backOffice("delete-line", { order: id, detail });
    expect(await declared(product)).toEqual(["0 1>200 AdminOrders", `${combination} 1>100 AdminOrders`]);
    await shop.backOffice("add-line", { order: id, product, combination, quantity: 3 });
    expect(await declared(product)).toEqual(["0 -3>197 AdminOrders", `${combination} -3>97 AdminOrders`]);
  });

  test("a cancellation and a refund, with the employee's number", async () => {
    const made = await add({});
    const { order: id, detail } = await order(made, "--state=paid");
    await shop.backOffice("partial-refund", { order: id, detail, quantity: 1 });
    const [refund] = await shop.rows(
      "SELECT payload FROM {erpsync_outbox} WHERE type = 'stock.moved' ORDER BY id DESC LIMIT 1",
    );
    expect(JSON.parse(String(refund?.["payload"]))).toMatchObject({ employee: EMPLOYEE });
    expect(await declared(made.product)).toEqual(["0 1>99 AdminOrders"]);
    const other = await order(made);
    await shop.backOffice("set-state", { order: other.order, state: "cancel" });
    expect(await declared(made.product)).toEqual(["0 2>99 AdminOrders"]);
  });

  test("the product page and the stock page, and nobody when nothing moved", async () => {
    const made = await add({ combinations: 2 });
    const { product, combination } = made;
    await shop.backOffice("product-save", { product });
    await shop.backOffice("product-save", { product, combination, delta: 7 });
    expect(await declared(product)).toEqual(["0 7>207 AdminProducts", `${combination} 7>107 AdminProducts`]);
    await shop.backOffice("move-quantity", { product, combination, delta: -7 });
    expect(await declared(product)).toEqual([
      "0 -7>200 AdminStockManagement",
      `${combination} -7>100 AdminStockManagement`,
    ]);
    await shop.backOffice("set-quantity", { product, combination, quantity: 100 });
    expect(await declared(product)).toEqual([]);
  });

  test("the webservice, which says no delta, of a simple product and of a combination", async () => {
    const simple = await add({});
    await shop.webservicePut(await rowOf(simple), 42);
    expect(await declared(simple.product)).toEqual(["0 ?>42 webservice/stock_availables"]);
    const made = await add({ combinations: 2 });
    await shop.webservicePut(await rowOf(made), 42);
    expect(await declared(made.product)).toEqual([
      "0 -58>142 webservice/stock_availables",
      `${made.combination} ?>42 webservice/stock_availables`,
    ]);
  });

  test("whoever deletes a combination or a product, rows that no hook tells of included", async () => {
    const { product, combination } = await add({ combinations: 2 });
    await shop.backOffice("combination-delete", { combination });
    expect(await declared(product)).toEqual([
      "0 -100>100 AdminProducts",
      `${combination} -100>0 AdminProducts`,
    ]);
    const simple = await add({});
    await shop.backOffice("product-delete", { product: simple.product });
    expect(await declared(simple.product)).toEqual(["0 -100>0 AdminProducts"]);
  });

  test("a cancelled pack, for the pack and for each of its items", async () => {
    const item = await add({ combinations: 2 });
    const pack = await add({ pack: `${item.product}:3:${item.combination}`, "pack-type": 2 });
    const { order: id } = await order({ ...pack, combination: 0 });
    const itemEvents = await shop.count("SELECT COUNT(*) FROM {erpsync_outbox} WHERE type = 'stock.moved'");
    expect(itemEvents).toBe(0);
    await shop.backOffice("set-state", { order: id, state: "cancel" });
    const rows = await shop.rows(
      "SELECT subject, payload FROM {erpsync_outbox} WHERE type = 'stock.moved' ORDER BY subject",
    );
    expect(rows.map((row) => String(row["subject"])).sort()).toEqual(
      [
        `stock:${item.product}:0:1`,
        `stock:${item.product}:${item.combination}:1`,
        `stock:${pack.product}:0:1`,
      ].sort(),
    );
    expect(await declared(pack.product)).toEqual(["0 2>100 AdminOrders"]);
  });

  test("a shop whose group shares its stock, under the row's own shop", async () => {
    const { product, combination } = await add({ combinations: 2 });
    await shop.backOffice("share-stock", { on: 1 });
    try {
      await shop.backOffice("product-save", { product, combination, delta: 2 });
      const subjects = await shop.rows(
        "SELECT subject FROM {erpsync_outbox} WHERE type = 'stock.moved' ORDER BY id",
      );
      expect(subjects.map((row) => String(row["subject"])).sort()).toEqual([
        `stock:${product}:0:0`,
        `stock:${product}:${combination}:0`,
      ]);
      expect(await declared(product)).toEqual([
        "0 2>202 AdminProducts",
        `${combination} 2>102 AdminProducts`,
      ]);
    } finally {
      await shop.backOffice("share-stock", { on: 0 });
    }
  });
});

describe("stock.announce", () => {
  /** A customer who wants to be told when the product is back, as ps_emailalerts keeps him. */
  async function waitFor({ product, combination }: Made): Promise<void> {
    await shop.rows("INSERT INTO {mailalert_customer_oos} VALUES (0, 'waits@example.test', ?, ?, 1, 1)", [
      product,
      combination,
    ]);
  }

  test("lets the shop's listeners hear of what came back, once, and declares no movement", async () => {
    await using sink = await MailSink.start();
    const made = await add({ combinations: 2 });
    const unknown = 4_000_000;
    const settings = { PS_MAIL_METHOD: 2, PS_MAIL_SERVER: "127.0.0.1", PS_MAIL_SMTP_PORT: sink.port };
    const saved = await Promise.all(Object.keys(settings).map((name) => shop.setting(name)));
    for (const [name, value] of Object.entries(settings)) await shop.configure(name, value);
    try {
      await waitFor(made);
      const item = { id_product_attribute: made.combination, id_shop: 1, quantity: 12 };
      const command = {
        id: `announce:${made.product}`,
        type: "stock.announce",
        products: [
          { id_product: unknown, ...item },
          { id_product: made.product, ...item },
          { id_product: made.product, ...item, id_shop: 99 },
        ],
      };
      const answer = await shop.command([command]);
      expect(answer.body.results, answer.text).toMatchObject([
        {
          outcome: "done",
          data: {
            products: [
              { id_product: unknown, outcome: "unknown_product" },
              { id_product: made.product, id_shop: 1, outcome: "announced" },
              { id_product: made.product, id_shop: 99, outcome: "unknown_product" },
            ],
          },
        },
      ]);
      expect(sink.subjects).toHaveLength(1);
      await waitFor(made);
      expect((await shop.command([command])).body.results).toMatchObject([{ outcome: "replayed" }]);
      expect(sink.subjects).toHaveLength(1);
      expect(await declared(made.product)).toEqual([]);
    } finally {
      for (const [index, name] of Object.keys(settings).entries()) {
        await shop.configure(name, saved[index] ?? "");
      }
    }
  });

  test("refuses a list that it cannot read, and says so of no product at all", async () => {
    const answer = await shop.command([
      { id: "announce:bad", type: "stock.announce", products: [{ id_product: 1 }] },
    ]);
    expect(answer.body.results).toMatchObject([{ outcome: "rejected", code: "invalid_argument" }]);
    expect(await shop.count("SELECT COUNT(*) FROM {erpsync_command} WHERE command_id = 'announce:bad'")).toBe(
      0,
    );
  });

  test("and the rest of the shop's description tell whether checkouts are locked", async () => {
    const answer = await shop.command([{ id: "describe", type: "shop.describe" }]);
    expect(answer.body.results?.[0]?.data?.["checkoutLock"]).toMatchObject({
      on: true,
      missed: { byCause: {} },
    });
  });
});
