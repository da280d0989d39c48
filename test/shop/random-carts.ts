import type { Cart } from "./real-shop.ts";

/** Carts of random products in random order and quantities, the same for the same seed. */
export function randomCarts(seed: number, products: readonly number[], count: number): readonly Cart[] {
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
