import type { ErpRef } from "../domain/ids.ts";

/**
 * What may differ between an order in the shop and in the ERP:
 * - `never-arrived`: the ERP does not have it. `gone-from-erp`: the ERP had it, and has it no more.
 * - `cancelled`: one side has called it off and the other has not.
 * - `currency`: the ERP books it in another one, so no amount can be compared.
 * - `total` with tax and `total-without-tax`; `paid`, over all orders of its reference; `credited`, with tax.
 * - `customer`: the ERP has it for another one.
 */
export const DIFFERENCE_KINDS = [
  ...(["never-arrived", "gone-from-erp", "cancelled", "currency"] as const),
  ...(["total", "total-without-tax", "paid", "credited", "customer"] as const),
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/**
 * Who is likely to have made a difference, by what the ERP acknowledged last:
 * - `erp`: the shop still says that, and the ERP something else, so it was edited in the ERP.
 * - `shop`: the ERP still says that, so it was edited in the shop and the edit has not arrived.
 * - `both`: neither side says it any more.
 * - `never-arrived`: nothing of the order was ever acknowledged; its job says why.
 * - `unknown`: nobody knows any more what was acknowledged.
 */
export const AUTHORS = ["erp", "shop", "both", "never-arrived", "unknown"] as const;
export type Author = (typeof AUTHORS)[number];

/** Amounts in minor units of the order's currency, refs, codes, or whether it is called off. */
export type Value = number | string | boolean;

/** One thing that differs, with both sides and what was acknowledged; null where a side, or nobody, has no value. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly shop: Value | null;
  readonly erp: Value | null;
  readonly acknowledged: Value | null;
  readonly author: Author;
}

/** What a side says of an order. A value that is undefined is not compared. */
export interface OrderSide {
  readonly currencyCode: string;
  readonly isCancelled: boolean;
  readonly totalTaxExclMinor: number | undefined;
  readonly totalTaxInclMinor: number;
  /** Over all orders of its reference: the shop keeps payments by reference. */
  readonly paidMinor: number | undefined;
  readonly creditedTaxInclMinor: number | undefined;
  /** The ERP's id of the customer. */
  readonly customerRef: ErpRef | undefined;
}

/** What the ERP acknowledged last; undefined where nobody knows any more. */
export type Acknowledged = {
  readonly [Name in Exclude<keyof OrderSide, "currencyCode">]: OrderSide[Name] | undefined;
};

/** Where nothing is known of what was acknowledged. */
export const NOTHING_ACKNOWLEDGED: Acknowledged = {
  isCancelled: undefined,
  totalTaxExclMinor: undefined,
  totalTaxInclMinor: undefined,
  paidMinor: undefined,
  creditedTaxInclMinor: undefined,
  customerRef: undefined,
};

/** The ERP's side, or why it has none. */
export type ErpSide = OrderSide | "never-arrived" | "gone-from-erp";

/** Decides what differs of an order and who is likely to have made it so. Nothing is ever put right by it. */
export function decideOrderDifference(
  shop: OrderSide,
  erp: ErpSide,
  acknowledged: Acknowledged,
): readonly Difference[] {
  if (erp === "never-arrived") {
    return [{ kind: erp, shop: shop.totalTaxInclMinor, erp: null, acknowledged: null, author: erp }];
  }
  if (erp === "gone-from-erp") {
    const before = acknowledged.totalTaxInclMinor ?? null;
    return [{ kind: erp, shop: shop.totalTaxInclMinor, erp: null, acknowledged: before, author: "erp" }];
  }
  if (shop.currencyCode !== erp.currencyCode) {
    // An amendment keeps an order's currency, so only people change it, in the ERP.
    const { currencyCode } = shop;
    return [
      { kind: "currency", shop: currencyCode, erp: erp.currencyCode, acknowledged: null, author: "erp" },
    ];
  }
  return [
    ...differenceOf("cancelled", shop.isCancelled, erp.isCancelled, acknowledged.isCancelled),
    ...totalDifferences(shop, erp, acknowledged),
    ...differenceOf("paid", shop.paidMinor, erp.paidMinor, acknowledged.paidMinor),
    ...differenceOf(
      "credited",
      shop.creditedTaxInclMinor,
      erp.creditedTaxInclMinor,
      acknowledged.creditedTaxInclMinor,
    ),
    ...differenceOf("customer", shop.customerRef, erp.customerRef, acknowledged.customerRef),
  ];
}

/** An ERP may let an order that is called off come to nothing, so its totals are then no matter. */
function totalDifferences(
  shop: OrderSide,
  erp: OrderSide,
  acknowledged: Acknowledged,
): readonly Difference[] {
  if (erp.isCancelled) return [];
  return [
    ...differenceOf("total", shop.totalTaxInclMinor, erp.totalTaxInclMinor, acknowledged.totalTaxInclMinor),
    ...differenceOf(
      "total-without-tax",
      shop.totalTaxExclMinor,
      erp.totalTaxExclMinor,
      acknowledged.totalTaxExclMinor,
    ),
  ];
}

function differenceOf<T extends Value>(
  kind: DifferenceKind,
  shop: T | undefined,
  erp: T | undefined,
  acknowledged: T | undefined,
): readonly Difference[] {
  if (shop === undefined || erp === undefined || shop === erp) return [];
  const author = authorOf(shop, erp, acknowledged);
  return [{ kind, shop, erp, acknowledged: acknowledged ?? null, author }];
}

function authorOf<T extends Value>(shop: T, erp: T, acknowledged: T | undefined): Author {
  if (acknowledged === undefined) return "unknown";
  if (shop === acknowledged) return "erp";
  return erp === acknowledged ? "shop" : "both";
}

/** The likely author of all differences of an order together; undefined where there is none. */
export function decideAuthor(differences: readonly Difference[]): Author | undefined {
  const authors = new Set(differences.map(({ author }) => author));
  const known = [...authors].filter((author) => author !== "unknown");
  if (known.length === 0) return authors.size === 0 ? undefined : "unknown";
  return known.length === 1 ? known[0] : "both";
}
