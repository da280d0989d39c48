import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../support/netsuite-emulator.ts";
import { Installation, type SidecarProcess } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import { freshShop } from "./fresh-shop.ts";
import { randomCarts } from "./random-carts.ts";
import type { Cart, RealShop } from "./real-shop.ts";

const LOCK = "ERPSYNC_LOCK_CHECKOUT";
const API_TOKEN = "a-token-of-the-tests-that-is-long-enough";
/** What the ledger waits for after the last statement, and what is asked of it in all, in milliseconds. */
const QUIET_MS = 2_000;
const SETTLED_MS = 3_000;

let shop: RealShop;
let erp: NetSuiteEmulator;
let installation: Installation;
let sidecar: SidecarProcess;

beforeAll(async () => {
  shop = await freshShop();
  erp = await startNetSuiteEmulator();
  installation = await Installation.create(shop, {
    netsuite: erp.settings(),
    shop: { url: shop.url, secret: await shop.setting("ERPSYNC_SECRET") },
    stock: { quietMs: QUIET_MS },
    http: { apiToken: API_TOKEN },
  });
  sidecar = await installation.start("erp.port_held");
  await sidecar.logged("stock.opened");
});

afterAll(async () => {
  await shop.configure(LOCK, 1);
  await sidecar.stop();
  await shop[Symbol.asyncDispose]();
  await erp.close();
});

interface Added {
  readonly product: number;
  readonly combination: number;
}

async function added(quantity: number, more: Readonly<Record<string, string | number>> = {}): Promise<Added> {
  const made = await shop.backOffice("product-add", { quantity, ...more });
  const product = { product: made["product"] ?? 0, combination: made["combination0"] ?? 0 };
  await rest();
  return product;
}

/** Waits until the ledger has read and settled all, and holds it to its law: each row is its opening and its movements. */
async function rest(): Promise<void> {
  const open = `SELECT (SELECT COUNT(*) FROM {erpsync_stock_inbox})
    + (SELECT COUNT(*) FROM {erpsync_stock_row} WHERE unsettled = 1)
    + (SELECT COUNT(*) FROM {erpsync_outbox} WHERE type = 'stock.moved')
    + (SELECT COUNT(*) FROM {stock_available} s LEFT JOIN {erpsync_stock_row} r USING (id_stock_available)
       WHERE r.position IS NULL OR r.position <> s.quantity)`;
  await until(async () => (await shop.count(open)) === 0, { what: "a ledger at rest", timeoutMs: 40_000 });
  const broken = await shop.rows(`SELECT r.id_stock_available, r.opening, r.position, SUM(m.delta) AS moved
    FROM {erpsync_stock_row} r LEFT JOIN {erpsync_stock_movement} m USING (id_stock_available)
    GROUP BY r.id_stock_available HAVING r.opening + COALESCE(moved, 0) <> r.position`);
  expect(broken).toEqual([]);
  const owing = "SELECT id_order, id_order_detail, owed FROM {erpsync_stock_line} WHERE owed <> 0";
  expect(await shop.rows(owing)).toEqual([]);
}

/** What the movements of a row since a place say: cause and delta, in order. */
async function movements(of: Added, since: number): Promise<readonly string[]> {
  const rows = await shop.rows(
    `SELECT m.cause, m.delta FROM {erpsync_stock_movement} m JOIN {erpsync_stock_row} r USING (id_stock_available)
     WHERE r.id_product = ? AND r.id_product_attribute = ? AND m.id > ? ORDER BY m.change_id, m.id`,
    [of.product, of.combination, since],
  );
  return rows.map((row) => `${String(row["cause"])} ${String(row["delta"])}`);
}

const lastMovement = (): Promise<number> => shop.count("SELECT MAX(id) FROM {erpsync_stock_movement}");

/** Runs an action of the shop and tells how the ledger explains what it did to the product's row. */
async function explained(of: Added, action: () => Promise<unknown>): Promise<readonly string[]> {
  const since = await lastMovement();
  await action();
  await rest();
  return await movements(of, since);
}

/** 8 processes at once, each with so many orders of its own carts. */
async function atOnce(orders: number, cartsOf: (process: number) => readonly Cart[]): Promise<void> {
  await Promise.all(Array.from({ length: 8 }, (_, process) => shop.placeCarts(orders, cartsOf(process))));
}

const quantityOf = ({ product, combination }: Added): Promise<number> => shop.quantity(product, combination);

const soldOf = ({ product }: Added): Promise<number> =>
  shop.count("SELECT COALESCE(SUM(product_quantity), 0) FROM {order_detail} WHERE product_id = ?", [product]);

/** Milliseconds until the quantities are these; fails when they are not within the time that is asked. */
async function whenExact(isExact: () => Promise<boolean>): Promise<number> {
  const startedMs = performance.now();
  await until(isExact, { what: "exact stock", timeoutMs: SETTLED_MS, everyMs: 50 });
  return Math.round(performance.now() - startedMs);
}

/** An order of one line, and the line. */
async function ordered(of: Added, quantity: number, ...more: readonly string[]) {
  const [order] = await shop.placeCarts(1, [[[of.product, of.combination, quantity]]], ...more);
  const id = order?.id_order ?? 0;
  const detail = await shop.count("SELECT MIN(id_order_detail) FROM {order_detail} WHERE id_order = ?", [id]);
  await rest();
  return { order: id, detail };
}

describe("8 processes of a real shop", () => {
  describe.each([
    { lock: 1, name: "with the lock" },
    { lock: 0, name: "without the lock" },
  ])("$name", ({ lock, name }) => {
    test("sell 200 of 1,000 exactly", async () => {
      const product = await added(1_000, { combinations: 2 });
      await shop.configure(LOCK, lock);
      await atOnce(25, () => [[[product.product, product.combination, 1]]]);
      const alone = await quantityOf(product);
      if (lock === 1) expect(alone).toBe(800);
      const tookMs = await whenExact(async () => (await quantityOf(product)) === 800);
      await rest();
      expect(await quantityOf(product)).toBe(800);
      expect(await shop.quantity(product.product)).toBe(1_800);
      console.log(`${name}: PrestaShop left ${String(alone)}, exact after ${String(tookMs)} ms`);
    });

    test("sell random carts of 5 products exactly", async () => {
      const products: Added[] = [];
      for (let n = 0; n < 5; n += 1) products.push(await added(1_000));
      await shop.configure(LOCK, lock);
      const ids = products.map(({ product }) => product);
      await atOnce(12, (process) => randomCarts(process + 1, ids, 12));
      const off = async (): Promise<number> => {
        let units = 0;
        for (const one of products) units += (await quantityOf(one)) - (1_000 - (await soldOf(one)));
        return units;
      };
      const alone = await off();
      if (lock === 1) expect(alone).toBe(0);
      const tookMs = await whenExact(async () => (await off()) === 0);
      await rest();
      expect(await off()).toBe(0);
      console.log(
        `${name}, random carts: PrestaShop was ${String(alone)} off, exact after ${String(tookMs)} ms`,
      );
    });

    test("sell 100 while another channel brings 200 times one, exactly", async () => {
      const product = await added(1_000);
      await shop.configure(LOCK, lock);
      const post = async (nth: number): Promise<void> => {
        const movement = {
          key: `${name}-${String(nth)}`.replaceAll(" ", "-"),
          product: product.product,
          units: 1,
        };
        const { address } = await sidecar.logged("http.listening");
        const answer = await fetch(`${String(address)}/api/stock/movements`, {
          method: "POST",
          headers: { authorization: `Bearer ${API_TOKEN}`, "content-type": "application/json" },
          body: JSON.stringify({ movements: [{ ...movement, channel: "pos" }] }),
        });
        expect(answer.status).toBe(200);
      };
      const channel = (async () => {
        for (let nth = 0; nth < 200; nth += 1) await post(nth);
      })();
      await Promise.all([
        channel,
        ...Array.from({ length: 4 }, () => shop.placeCarts(25, [[[product.product, 0, 1]]])),
      ]);
      const alone = await quantityOf(product);
      const tookMs = await whenExact(async () => (await quantityOf(product)) === 1_100);
      await rest();
      expect(await quantityOf(product)).toBe(1_100);
      console.log(
        `${name}, another channel: the row stood at ${String(alone)}, exact after ${String(tookMs)} ms`,
      );
    });
  });
});

describe("what a person does in the back office is explained", () => {
  beforeAll(() => shop.configure(LOCK, 1));

  test("a line's quantity up and down", async () => {
    const product = await added(50);
    const line = await ordered(product, 3);
    const edit = (quantity: number) => () => shop.backOffice("edit-line", { ...line, quantity });
    expect(await explained(product, edit(5))).toEqual(["edit -2"]);
    expect(await explained(product, edit(2))).toEqual(["edit 3"]);
    expect(await quantityOf(product)).toBe(48);
  });

  test("a line that is deleted", async () => {
    const product = await added(50);
    const line = await ordered(product, 3);
    expect(await explained(product, () => shop.backOffice("delete-line", line))).toEqual(["edit 3"]);
    expect(await quantityOf(product)).toBe(50);
  });

  test("an order cancelled, taken up again and cancelled once more", async () => {
    const product = await added(50, { combinations: 2 });
    const { order } = await ordered(product, 3);
    const state = (to: string) => () => shop.backOffice("set-state", { order, state: to });
    expect(await explained(product, state("cancel"))).toEqual(["cancellation 3"]);
    // PrestaShop takes nothing here, and gives back a second time at the next cancellation; the ledger puts it right.
    expect(await explained(product, state("wire"))).toEqual(["cancellation -3"]);
    expect(await explained(product, state("cancel"))).toEqual(["cancellation 3"]);
    expect(await quantityOf(product)).toBe(50);
    expect(await shop.quantity(product.product)).toBe(100);
  });

  test("a partial refund with restock, and the cancellation after it, which gives the whole back", async () => {
    const product = await added(50);
    const line = await ordered(product, 5, "--state=paid");
    const refund = () => shop.backOffice("partial-refund", { ...line, quantity: 3, restock: 1 });
    expect(await explained(product, refund)).toEqual(["return 3"]);
    const cancel = () => shop.backOffice("set-state", { order: line.order, state: "cancel" });
    expect(await explained(product, cancel)).toEqual(["cancellation 5", "cancellation -3"]);
    expect(await quantityOf(product)).toBe(50);
  });

  test("a combination that is deleted", async () => {
    const product = await added(50, { combinations: 2 });
    const parent = { product: product.product, combination: 0 };
    const remove = () => shop.backOffice("combination-delete", { combination: product.combination });
    expect(await explained(parent, remove)).toEqual(["parent -50"]);
    expect((await movements(product, 0)).at(-1)).toBe("deleted -50");
  });

  test("a webservice PUT of a simple product and of a combination", async () => {
    const simple = await added(50);
    const row = (of: Added) =>
      shop.count(
        "SELECT id_stock_available FROM {stock_available} WHERE id_product = ? AND id_product_attribute = ?",
        [of.product, of.combination],
      );
    const put = (of: Added, to: number) => async () => shop.webservicePut(await row(of), to);
    expect(await explained(simple, put(simple, 42))).toEqual(["employee -8"]);
    const combined = await added(50, { combinations: 2 });
    expect(await explained(combined, put(combined, 61))).toEqual(["employee 11"]);
  });

  test("a product page saved, with and without another quantity", async () => {
    const product = await added(50);
    const save = (delta: number) => () =>
      shop.backOffice("product-save", { product: product.product, delta });
    expect(await explained(product, save(-4))).toEqual(["employee -4"]);
    expect(
      await explained(product, () => shop.backOffice("product-save", { product: product.product })),
    ).toEqual([]);
  });

  test("and nothing of it all is unexplained, nor left to a person", async () => {
    await rest();
    expect(
      await shop.rows(
        "SELECT * FROM {erpsync_stock_movement} WHERE cause IN ('unexplained', 'pending', 'gap')",
      ),
    ).toEqual([]);
    expect(
      await shop.rows("SELECT kind, detail FROM {erpsync_stock_discrepancy} WHERE resolved_at IS NULL"),
    ).toEqual([]);
  });
});

describe("packs", () => {
  test.each([
    { type: 0, pack: ["sale -1"], item: [] },
    { type: 1, pack: [], item: ["sale -2"] },
    { type: 2, pack: ["sale -1"], item: ["sale -2"] },
  ])("of type $type are sold and cancelled", async ({ type, pack: ofPack, item: ofItem }) => {
    const item = await added(100);
    const pack = await added(40, { pack: `${String(item.product)}:2`, "pack-type": type });
    const since = await lastMovement();
    const { order } = await ordered(pack, 1);
    expect(await movements(pack, since)).toEqual(ofPack);
    expect(await movements(item, since)).toEqual(ofItem);
    await shop.backOffice("set-state", { order, state: "cancel" });
    await rest();
    expect([await quantityOf(pack), await quantityOf(item)]).toEqual([40, 100]);
  });

  test("that are paid and then cancelled are forgotten by PrestaShop, and reported", async () => {
    const item = await added(100);
    const pack = await added(40, { pack: `${String(item.product)}:2`, "pack-type": 2 });
    const { order } = await ordered(pack, 1, "--state=paid");
    await shop.backOffice("set-state", { order, state: "cancel" });
    await rest();
    const found = await shop.rows(
      `SELECT d.kind FROM {erpsync_stock_discrepancy} d JOIN {erpsync_stock_row} r USING (id_stock_available)
       WHERE r.id_product IN (?, ?) ORDER BY d.id`,
      [pack.product, item.product],
    );
    expect(found).toEqual([{ kind: "forgotten_restock" }, { kind: "forgotten_restock" }]);
  });
});

describe("a sale below zero", () => {
  test("of a product that denies orders is alarmed within a second, with the orders concerned", async () => {
    const product = await added(1, { deny: 1 });
    // Each cart is filled while there is one, as by customers who look at the same time.
    const placed = await shop.placeAtOnce(4, [[product.product, 0, 1]]);
    const soldAtMs = Date.now();
    const alarm = await sidecar.logged("stock.oversold");
    expect(Date.parse(String(alarm["time"])) - soldAtMs).toBeLessThan(1_000);
    await rest();
    expect(await quantityOf(product)).toBe(-3);
    const orders = placed.map((order) => order.id_order);
    const found = await shop.rows("SELECT detail FROM {erpsync_stock_discrepancy} WHERE kind = 'oversell'");
    const told = (JSON.parse(String(found[0]?.["detail"])) as { readonly orders: readonly number[] }).orders;
    expect(told.length).toBeGreaterThan(0);
    expect(orders).toEqual(expect.arrayContaining([...told]));
  });
});

describe("an order that an import writes by SQL", () => {
  test("is taken from stock once, at once, and the answer to a wrong figure tells of it", async () => {
    const product = await added(50);
    const [placed] = await shop.placeCarts(1, [[[product.product, 0, 2]]]);
    await rest();
    const startedMs = performance.now();
    const imported = await shop.copyOrderBySql(placed?.id_order ?? 0);
    await until(async () => (await quantityOf(product)) === 46, { what: "the import taken", everyMs: 20 });
    expect(performance.now() - startedMs).toBeLessThan(QUIET_MS);
    await rest();
    expect(await quantityOf(product)).toBe(46);
    const answer = await installation.command("stock", "explain", String(product.product));
    expect(answer).toMatchObject({ code: 0 });
    expect(answer.out).toContain(`order ${String(imported)}`);
  });
});
