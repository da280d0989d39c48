import type { ErpRef, ExternalId } from "./ids.ts";
import type { NeutralOrder, OrderRefs } from "./order.ts";

/**
 * The body of a credit operation: one credit slip of the shop. `order` is the slip in the words of an order: its lines,
 * shipping, vouchers and rounding are what is given back, all positive, under the law of an order's totals.
 */
export interface CreditBody {
  readonly externalId: ExternalId;
  /** Tells this slip from another that once had the same key. */
  readonly fingerprint: string;
  readonly customerRef: ErpRef;
  readonly orderExternalId: ExternalId;
  /** The ERP's id of the order that it takes back from. */
  readonly orderRef: ErpRef;
  /** ERP ids of the lines' products, by `productKey`. */
  readonly itemRefs: Readonly<Record<string, ErpRef>>;
  readonly refs?: OrderRefs;
  readonly slip: {
    /** `id_order_slip`. */
    readonly id: number;
    /** `YYYY-MM-DD HH:MM:SS` in the shop's own time zone. */
    readonly issuedAtShopTime: string;
  };
  readonly order: NeutralOrder;
}
