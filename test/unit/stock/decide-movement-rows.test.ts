import { describe, expect, test } from "vitest";
import { type Catalogue, decideMovementRow } from "../../../sidecar/stock/writer/decide-movement-rows.ts";
import type { MovedProduct } from "../../../sidecar/stock/writer/decode-movements.ts";

/** Shop 1 keeps its own stock; shops 2 and 3 share that of group 2. Product 5 has combinations 51 and 52. */
const CATALOGUE: Catalogue = {
  places: [
    { shop: 1, group: 1, sharesStock: false },
    { shop: 2, group: 2, sharesStock: true },
  ],
  targets: [
    { reference: "MUG", product: 4, combination: 0 },
    { reference: "SHIRT", product: 5, combination: 0 },
    { reference: "SHIRT", product: 5, combination: 51 },
    { reference: "SHIRT-L", product: 5, combination: 52 },
    { reference: "CAP", product: 5, combination: 0 },
    { reference: "TWIN", product: 4, combination: 0 },
    { reference: "TWIN", product: 6, combination: 0 },
    { reference: "twin", product: 5, combination: 51 },
  ],
  rows: [
    { row: 40, product: 4, combination: 0, shop: 1, group: 0 },
    { row: 41, product: 4, combination: 0, shop: 0, group: 2 },
    { row: 60, product: 6, combination: 0, shop: 1, group: 0 },
    { row: 50, product: 5, combination: 0, shop: 1, group: 0 },
    { row: 51, product: 5, combination: 51, shop: 1, group: 0 },
    { row: 52, product: 5, combination: 52, shop: 1, group: 0 },
  ],
};

function find(what: MovedProduct, shop: number | null = null): number | string {
  const movement = { key: "1", channel: "pos", units: -1, reason: "", what, shop };
  const found = decideMovementRow(movement, 1, CATALOGUE);
  return found.kind === "row" ? found.row : found.code;
}

const product = (id: number, combination = 0): MovedProduct => ({
  kind: "product",
  product: id,
  combination,
});
const reference = (text: string): MovedProduct => ({ kind: "reference", reference: text });

describe("the row of a movement", () => {
  test("is that of the product or combination in the shop", () => {
    expect(find(product(4))).toBe(40);
    expect(find(product(5, 52))).toBe(52);
  });

  test("is the shared one where the shop's group shares its stock", () => {
    expect(find(product(4), 2)).toBe(41);
  });

  test("is not guessed for shops, products and combinations that are not there", () => {
    expect(find(product(4), 9)).toBe("unknown_shop");
    expect(find(product(9))).toBe("unknown_product");
    expect(find(product(6), 2)).toBe("unknown_product");
    expect(find(product(5, 59))).toBe("unknown_combination");
  });

  test("is never a parent's, whose figure is only a sum", () => {
    expect(find(product(5))).toBe("combination_needed");
    expect(find(reference("CAP"))).toBe("combination_needed");
  });

  test("is found by a reference that one product or combination has", () => {
    expect(find(reference("MUG"))).toBe(40);
    expect(find(reference("SHIRT-L"))).toBe(52);
    expect(find(reference("mug"))).toBe(40);
  });

  test("is found by a reference that a product shares with one of its own combinations only", () => {
    expect(find(reference("SHIRT"))).toBe(51);
  });

  test("is refused for a reference that nobody or that several have, but where case tells them apart", () => {
    expect(find(reference("HAT"))).toBe("unknown_reference");
    expect(find(reference("TWIN"))).toBe("ambiguous_reference");
    expect(find(reference("Twin"))).toBe("ambiguous_reference");
    expect(find(reference("twin"))).toBe(51);
  });
});
