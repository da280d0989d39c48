/**
 * Why a stock row moved:
 * - `pending`: just read, not attributed yet. The ledger attributes it once it knows enough, at the latest when the row
 *   has been quiet.
 * - `sale`, `edit`, `cancellation`, `return`: an order line took units or gave them back, by the shop or, where the shop
 *   lost it, by us.
 * - `employee`: a person or a tool in the shop, who declared it (hook or `stock_mvt`).
 * - `snapshot`: the ERP's figure. `channel`: a sale or delivery elsewhere. `correction`: reconciliation, within its
 *   bounds. `undo`: takes back a write of ours.
 * - `overwrite`: the part of a stale write that threw away others' movements; `repair` puts them back.
 * - `parent`: the sum of the combinations. `pack`: a pack that its items limit.
 * - `opening`, `gap`, `deleted`: the row came, was changed while nobody watched, or went.
 * - `unexplained`: nobody knows. Adopted and reported, never reverted.
 */
export type StockCause =
  | "pending"
  | "sale"
  | "edit"
  | "cancellation"
  | "return"
  | "employee"
  | "snapshot"
  | "channel"
  | "correction"
  | "undo"
  | "overwrite"
  | "repair"
  | "parent"
  | "pack"
  | "opening"
  | "gap"
  | "deleted"
  | "unexplained";

/** Causes of writes that we make ourselves. */
export type OwnCause = Extract<
  StockCause,
  | "sale"
  | "edit"
  | "cancellation"
  | "return"
  | "snapshot"
  | "channel"
  | "correction"
  | "undo"
  | "repair"
  | "parent"
>;

/** What a person has to look at. */
export type DiscrepancyKind =
  | "oversell"
  | "unexplained"
  | "repair_limit"
  | "forgotten_restock"
  | "drift"
  | "gap";

/** A product or one of its combinations. */
export interface StockSubject {
  readonly product: number;
  /** `id_product_attribute`; 0 for the product itself, or for the parent row of its combinations. */
  readonly combination: number;
}

/** A row of `stock_available` by its keys. */
export interface StockRowKeys extends StockSubject {
  /** `id_stock_available`. */
  readonly row: number;
  /** `id_shop`; 0 where the group shares its stock. */
  readonly shop: number;
  readonly group: number;
}

/**
 * One fact of the binlog that the ledger books, as it stands in `erpsync_stock_inbox.facts`. Those of one row of the
 * inbox belong to one transaction of the shop, in its order.
 */
export type StockFact =
  /** A row changed. `before` is null for an insert, `after` for a delete. `managed` is false for `depends_on_stock`. */
  | (StockRowKeys & {
      readonly kind: "row";
      readonly managed: boolean;
      readonly before: number | null;
      readonly after: number | null;
    })
  /** Lines of these orders, or their states, were written; the shop is asked what they are now. */
  | { readonly kind: "orders"; readonly ids: readonly number[] }
  /** Order lines were inserted, this the highest of them: what is read of the shop may be ahead of the binlog. */
  | { readonly kind: "lines"; readonly last: number }
  /** Somebody declared movements of these rows (`stock_mvt`), or of these subjects (`stock:<p>:<a>:<shop>`). */
  | { readonly kind: "declared"; readonly rows: readonly number[]; readonly subjects: readonly string[] }
  /** Rows of `erpsync_stock_write`: the row changes of the same transaction are ours. */
  | { readonly kind: "own"; readonly ids: readonly number[] }
  /** Rows of `erpsync_stock_check`: what they observed is true at this place in the binlog. */
  | { readonly kind: "check"; readonly ids: readonly number[] }
  /** The binlog begins here: what was changed before is not known. Capture says so where it cannot go on. */
  | { readonly kind: "gap"; readonly reason: PassReason };

/** Why the ledger walks over all rows. */
export type PassReason = "first" | "gap" | "restored" | "verify";

/** One row as a check read it under a lock. */
export type ObservedRow = StockRowKeys & { readonly managed: boolean; readonly quantity: number };

/** What a check observed; `erpsync_stock_check.observed` as JSON. */
export interface ObservedChunk {
  readonly rows: readonly ObservedRow[];
  /** Rows that the ledger knows and that are not there. */
  readonly gone: readonly number[];
  /** Highest `id_order` at that moment. */
  readonly lastOrder: number;
  /** Highest `id_stock_mvt` at that moment. */
  readonly lastDeclared: number;
  /** True for the last check of its pass. */
  readonly isLast: boolean;
}

/**
 * A change that we want made to a stock row. It is made at most once for its `source`, relative to what stands there,
 * in one transaction with its record.
 */
export interface StockWrite {
  /** `id_stock_available`. */
  readonly row: number;
  /** Units, not 0. */
  readonly delta: number;
  readonly cause: OwnCause;
  /** What it is the movement of, for instance `line:123#2`, `channel:pos-1:778`, `snapshot:7:42`; unique for ever. */
  readonly source: string;
  readonly orderId: number | null;
  /** Who asked, for instance `ledger`, `pos-lyon`, `cli:anna`. */
  readonly actor: string;
  /** For people; no personal data. */
  readonly reason: string;
  /** Id of the write that it takes back, or null. */
  readonly undoes: number | null;
  /**
   * The ledger's position that it was decided on, where it holds for no other: nothing is written where the row was
   * moved since. Without it a write holds wherever the row stands.
   */
  readonly expectedUnits?: number;
}
