import type { StockRowKeys } from "../../domain/stock.ts";
import type { ChannelMovement } from "./decode-movements.ts";

/** A product or combination that has a reference. */
export interface ReferenceTarget {
  readonly reference: string;
  readonly product: number;
  /** 0 for the product itself. */
  readonly combination: number;
}

/** Where a shop keeps its stock. */
export interface ShopPlace {
  readonly shop: number;
  readonly group: number;
  /** The group's shops share their stock: its rows have id_shop 0. */
  readonly sharesStock: boolean;
}

/** What the shop says of the products that movements name. */
export interface Catalogue {
  readonly places: readonly ShopPlace[];
  readonly targets: readonly ReferenceTarget[];
  /** All rows of the products concerned. */
  readonly rows: readonly StockRowKeys[];
}

/** Why a movement cannot be made, in words for its channel. */
export interface MovementFault {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The row that a movement is about, or why there is none. */
export type MovementRow =
  | { readonly kind: "row"; readonly row: number }
  | ({ readonly kind: "refused" } & MovementFault);

/** Finds the row of one movement. A reference must name one product or combination that has a figure of its own. */
export function decideMovementRow(
  movement: ChannelMovement,
  shopId: number,
  catalogue: Catalogue,
): MovementRow {
  const wanted = movement.shop ?? shopId;
  const place = catalogue.places.find(({ shop }) => shop === wanted);
  if (place === undefined) {
    return refused("unknown_shop", `There is no shop ${String(wanted)}`, "Name an id_shop that exists");
  }
  const target = targetOf(movement, place, catalogue);
  return target.kind === "refused" ? target : rowOf(target, place, catalogue);
}

interface Target {
  readonly kind: "target";
  readonly product: number;
  readonly combination: number;
}

function targetOf(
  { what }: ChannelMovement,
  place: ShopPlace,
  catalogue: Catalogue,
): Target | Extract<MovementRow, { kind: "refused" }> {
  if (what.kind === "product") return { ...what, kind: "target" };
  const named = namedBy(what.reference, catalogue.targets);
  // A product's own reference is no stock of its own where it has combinations; often they even share it.
  const own = named.filter(
    (target) => target.combination > 0 || !hasCombinations(target.product, place, catalogue),
  );
  const [only] = own;
  if (own.length === 1 && only !== undefined) return { ...only, kind: "target" };
  if (own.length > 1) {
    const ids = own.map(({ combination, product }) => `${String(product)}:${String(combination)}`).join(", ");
    return refused(
      "ambiguous_reference",
      `Several products have the reference ${what.reference}: ${ids}`,
      "Name the product by `product` and `combination`",
    );
  }
  if (named.length > 0) return combinationNeeded(`The product with the reference ${what.reference}`);
  return refused(
    "unknown_reference",
    `No product and no combination has the reference ${what.reference}`,
    "Correct the reference in the shop or in the channel",
  );
}

/** The shop compares without case; where that finds several, the exact ones count. */
function namedBy(reference: string, targets: readonly ReferenceTarget[]): readonly ReferenceTarget[] {
  const folded = reference.toLowerCase();
  const named = targets.filter((target) => target.reference.trim().toLowerCase() === folded);
  const exact = named.filter((target) => target.reference.trim() === reference);
  return exact.length > 0 ? exact : named;
}

function rowOf({ combination, product }: Target, place: ShopPlace, catalogue: Catalogue): MovementRow {
  const row = rowsIn(place, product, catalogue).find((one) => one.combination === combination);
  if (row === undefined) {
    const what = combination === 0 ? "" : `, combination ${String(combination)},`;
    return refused(
      combination === 0 ? "unknown_product" : "unknown_combination",
      `Product ${String(product)}${what} has no stock in shop ${String(place.shop)}`,
      "Name a product that this shop sells",
    );
  }
  if (combination === 0 && hasCombinations(product, place, catalogue)) {
    return combinationNeeded(`Product ${String(product)}`);
  }
  return { kind: "row", row: row.row };
}

function rowsIn(place: ShopPlace, product: number, { rows }: Catalogue): readonly StockRowKeys[] {
  return rows.filter(
    (row) =>
      row.product === product &&
      (place.sharesStock ? row.shop === 0 && row.group === place.group : row.shop === place.shop),
  );
}

const hasCombinations = (product: number, place: ShopPlace, catalogue: Catalogue): boolean =>
  rowsIn(place, product, catalogue).some((row) => row.combination > 0);

function combinationNeeded(what: string): Extract<MovementRow, { kind: "refused" }> {
  return refused(
    "combination_needed",
    `${what} has combinations, and its own figure is only their sum`,
    "Name the combination that moved",
  );
}

function refused(code: string, message: string, remedy: string): Extract<MovementRow, { kind: "refused" }> {
  return { kind: "refused", code, message, remedy };
}
