import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { type Cart, cartWord, RealShop } from "./real-shop.ts";

const PROCESSES = 8;
const LOCK = "ERPSYNC_LOCK_CHECKOUT";
/** What a checkout waits for its locks at most, and what it may take besides on a busy machine, in milliseconds. */
const WAIT_LIMIT_MS = 2_000;
const CHECKOUT_MS_MAX = 1_000;

let shop: RealShop;

async function addProduct(quantity: number, more: Readonly<Record<string, string | number>> = {}) {
  const made = await shop.backOffice("product-add", { quantity, ...more });
  return {
    product: made["product"] ?? 0,
    combinations: [made["combination0"] ?? 0, made["combination1"] ?? 0],
  };
}

async function addProducts(count: number, quantity: number): Promise<readonly number[]> {
  const made: number[] = [];
  for (let n = 0; n < count; n += 1) made.push((await addProduct(quantity)).product);
  return made;
}

/** So many processes at once, each with orders of its own carts in turn; each order's process says when it is done. */
async function atOnce(orders: number, cartsOf: (process: number) => readonly Cart[]): Promise<number> {
  const placed = await Promise.all(
    Array.from({ length: PROCESSES }, (_, process) => shop.placeCarts(orders, cartsOf(process))),
  );
  return placed.flat().length;
}

/** Units of a product that are sold, over all its combinations, by what the order lines say. */
const sold = (product: number): Promise<number> =>
  shop.count("SELECT SUM(product_quantity) FROM {order_detail} WHERE product_id = ?", [product]);

/** Carts of random products in random order and quantities, the same for the same seed. */
function randomCarts(seed: number, products: readonly number[], count: number): readonly Cart[] {
  let state = seed;
  const below = (limit: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
  return Array.from({ length: count }, () => {
    const left = [...products];
    return Array.from({ length: 1 + below(products.length) }, () => {
      const [product = 0] = left.splice(below(left.length), 1);
      return [product, 0, 1 + below(3)] as const;
    });
  });
}

/** The products of a cart of two, that of its first order before that of its second; the first one's lock is seen held. */
async function inOrderOfTheirOrders(cart: Cart): Promise<readonly [number, number]> {
  const [one = 0, other = 0] = cart.map(([product]) => product);
  const before = await shop.quantity(one);
  await using _checkout = await shop.pauseCheckoutAt("after-stock", cartWord(cart));
  const [first, second] = (await shop.quantity(one)) < before ? [one, other] : [other, one];
  expect(await shop.holderOf(first)).toBeGreaterThan(0);
  return [first, second];
}

beforeAll(async () => {
  shop = await RealShop.open();
  await shop.module("install").catch(() => undefined);
  // An installed one has the hooks of the version that was installed.
  await shop.module("reset");
  await shop.placeOrders(1);
});

afterAll(async () => {
  await shop.configure(LOCK, 1);
  await shop[Symbol.asyncDispose]();
});

describe("8 checkouts at once", () => {
  test("200 orders of one combination take exactly 200 from it and from its product", async () => {
    const { product, combinations } = await addProduct(1_000, { combinations: 2 });
    const [combination = 0] = combinations;
    const missed = shop.unlocked();
    const startedMs = performance.now();
    expect(await atOnce(25, () => [[[product, combination, 1]]])).toBe(200);
    const tookMs = performance.now() - startedMs;
    expect(await shop.quantity(product, combination)).toBe(800);
    expect(await shop.quantity(product)).toBe(1_800);
    expect(shop.unlocked()).toEqual(missed);
    console.log(`lock on: 800 of 800 in ${(tookMs / 1_000).toFixed(1)} s`);
  });

  test("the same without the lock is as wrong as PrestaShop alone, and is only told", async () => {
    const { product, combinations } = await addProduct(1_000, { combinations: 2 });
    const [combination = 0] = combinations;
    await shop.configure(LOCK, 0);
    const startedMs = performance.now();
    try {
      expect(await atOnce(25, () => [[[product, combination, 1]]])).toBe(200);
    } finally {
      await shop.configure(LOCK, 1);
    }
    const tookMs = performance.now() - startedMs;
    const left = await shop.quantity(product, combination);
    console.log(`lock off: ${left} instead of 800 in ${(tookMs / 1_000).toFixed(1)} s`);
    expect(left).toBeGreaterThanOrEqual(800);
  });

  test("random carts of five products leave each exact, and none waits in vain", async () => {
    const products = await addProducts(5, 1_000);
    const missed = shop.unlocked();
    expect(await atOnce(12, (process) => randomCarts(process + 1, products, 12))).toBe(96);
    for (const product of products) {
      expect(await shop.quantity(product)).toBe(1_000 - (await sold(product)));
    }
    expect(shop.unlocked()).toEqual(missed);
  });

  test("carts with the same products in opposite order neither deadlock nor lose a sale", async () => {
    const [first = 0, second = 0] = await addProducts(2, 1_000);
    const missed = shop.unlocked();
    const forth: Cart = [
      [first, 0, 1],
      [second, 0, 1],
    ];
    expect(await atOnce(15, (process) => [process % 2 === 0 ? forth : [...forth].reverse()])).toBe(120);
    expect([await shop.quantity(first), await shop.quantity(second)]).toEqual([880, 880]);
    expect(shop.unlocked()).toEqual(missed);
  });

  test("a cart that is split into two orders is covered whole", async () => {
    const collected = (await addProduct(1_000, { carrier: 1 })).product;
    const sent = (await addProduct(1_000, { carrier: 2 })).product;
    // PrestaShop sorts a cart by second and product; in the order of the products it is the same either way.
    const cart: Cart = [
      [collected, 0, 2],
      [sent, 0, 1],
    ];
    const [first, second] = await inOrderOfTheirOrders(cart);
    await using checkout = await shop.pauseCheckoutAt("after-stock", cartWord(cart), "--hit=2");
    expect(await shop.holderOf(second)).toBeGreaterThan(0);
    expect(await shop.holderOf(first)).toBe(0);
    await checkout.kill9();

    const before = await shop.count("SELECT MAX(id_order) FROM {orders}");
    const [sentBefore, collectedBefore] = [await shop.quantity(sent), await shop.quantity(collected)];
    expect(await atOnce(10, () => [cart])).toBe(80);
    expect(await shop.count("SELECT COUNT(*) FROM {orders} WHERE id_order > ?", [before])).toBe(160);
    expect([
      sentBefore - (await shop.quantity(sent)),
      collectedBefore - (await shop.quantity(collected)),
    ]).toEqual([80, 160]);
  });

  test("packs and their items sold beside each other are exact, down to the packs that an item's sale lowers", async () => {
    const item = (await addProduct(1_000)).product;
    const other = await addProduct(1_000, { combinations: 2 });
    const [combination = 0] = other.combinations;
    const items = `${item}:2,${other.product}:1:${combination}`;
    const pack = (await addProduct(1_000, { pack: items, "pack-type": 2 })).product;
    expect(await atOnce(10, (process) => [process % 2 === 0 ? [[pack, 0, 1]] : [[item, 0, 1]]])).toBe(80);
    expect(await shop.quantity(item)).toBe(1_000 - 40 * 2 - 40);
    expect(await shop.quantity(other.product, combination)).toBe(960);
    // An item's sale lowers the pack to what can be made of it: at the end, to half of what is left of the item.
    expect(await shop.quantity(pack)).toBeLessThanOrEqual(1_000 - 40);
    expect(await shop.quantity(pack)).toBeLessThanOrEqual(Math.floor((await shop.quantity(item)) / 2) + 1);
  });
});

describe("a checkout", () => {
  test("goes on after two seconds in all where another holds its locks, with those that are free, and is counted", async () => {
    const products = await addProducts(5, 100);
    const cart: Cart = products.map((product) => [product, 0, 1]);
    const missed = shop.unlocked()["wait_limit"] ?? 0;
    const [quick] = await shop.placeCarts(1, [cart]);
    const held = products.slice(1, 4);
    const [slow] = await shop.whileHeld(held, () => shop.placeCarts(1, [cart]));
    expect(slow?.validate_ms).toBeGreaterThan(WAIT_LIMIT_MS);
    expect(slow?.validate_ms).toBeLessThan(WAIT_LIMIT_MS + (quick?.validate_ms ?? 0) + CHECKOUT_MS_MAX);
    expect((shop.unlocked()["wait_limit"] ?? 0) - missed).toBe(1);
    expect(await Promise.all(products.map((product) => shop.quantity(product)))).toEqual([
      98, 98, 98, 98, 98,
    ]);

    // Those that were free are held during it, those before and behind the one that was not alike.
    await shop.whileHeld(held, async () => {
      await using _checkout = await shop.pauseCheckoutAt("after-stock", cartWord(cart));
      const holders = await Promise.all(products.map((product) => shop.holderOf(product)));
      expect(holders[0]).toBeGreaterThan(0);
      expect(holders[4]).toBe(holders[0]);
      expect(new Set(holders.slice(1, 4))).not.toContain(holders[0]);
    });
  });

  test("has freed them all when its lines are stored, while it goes on to its status", async () => {
    const products = await addProducts(3, 100);
    const cart: Cart = products.map((product) => [product, 0, 1]);
    await using _checkout = await shop.pauseCheckoutAt("before-status", cartWord(cart));
    expect(await Promise.all(products.map((product) => shop.holderOf(product)))).toEqual([0, 0, 0]);
    expect(await Promise.all(products.map((product) => shop.quantity(product)))).toEqual([99, 99, 99]);
  });

  test("leaves a lock of somebody else on its connection alone, order after order", async () => {
    const [product = 0] = await addProducts(1, 100);
    const placed = await shop.placeCarts(2, [[[product, 0, 1]]], "--foreign-lock=somebody.else");
    expect(placed.map((order) => order.foreign_lock)).toEqual([true, true]);
  });

  test("waits no longer for a PHP process that was killed with its locks", async () => {
    const products = await addProducts(2, 100);
    const cart: Cart = products.map((product) => [product, 0, 1]);
    await using checkout = await shop.pauseCheckoutAt("after-stock", cartWord(cart));
    const holders = await Promise.all(products.map((product) => shop.holderOf(product)));
    expect(holders[0]).toBeGreaterThan(0);
    expect(holders[1]).toBe(holders[0]);
    await checkout.kill9();
    await until(async () => (await shop.holderOf(products[0] ?? 0)) === 0, {
      what: "the lock of the dead process",
    });
    const missed = shop.unlocked();
    await shop.placeCarts(1, [cart]);
    expect(shop.unlocked()).toEqual(missed);
  });

  test("locks the items of a pack and the packs of an item", async () => {
    const item = (await addProduct(100)).product;
    const pack = (await addProduct(100, { pack: `${item}:2`, "pack-type": 1 })).product;
    for (const sale of [pack, item]) {
      await using checkout = await shop.pauseCheckoutAt("after-stock", cartWord([[sale, 0, 1]]));
      const holder = await shop.holderOf(item);
      expect(holder).toBeGreaterThan(0);
      expect(await shop.holderOf(pack)).toBe(holder);
      await checkout.kill9();
      await until(async () => (await shop.holderOf(item)) === 0, { what: "the lock of the dead process" });
    }
  });

  test("takes none where the lock is switched off", async () => {
    const [product = 0] = await addProducts(1, 100);
    await shop.configure(LOCK, 0);
    try {
      await using _checkout = await shop.pauseCheckoutAt("after-stock", cartWord([[product, 0, 1]]));
      expect(await shop.holderOf(product)).toBe(0);
    } finally {
      await shop.configure(LOCK, 1);
    }
  });
});
