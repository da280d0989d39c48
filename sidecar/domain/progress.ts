import type { ErpRef, ExternalId } from "./ids.ts";

/**
 * How far an order has come in the ERP, from its beginning on. `cancelled` stands apart: it may follow any but `shipped`.
 * An ERP that knows fewer stages leaves some out.
 */
export const ERP_STAGES = ["open", "partly-shipped", "shipped", "invoiced", "closed", "cancelled"] as const;
export type ErpStage = (typeof ERP_STAGES)[number];

/** A parcel that has left, as the ERP says. */
export interface ErpParcel {
  /** The ERP's own id of the shipment (and of the package in it), which never changes; letters, digits, `_`, `-`. */
  readonly ref: ErpRef;
  /** At most 64 characters, as `order_carrier.tracking_number` holds; empty where the ERP has none yet. */
  readonly trackingNumber: string;
  /** The carrier as the ERP calls it, for people; empty if unknown. */
  readonly carrier: string;
}

/** All that the ERP says of an order after its export. */
export interface ErpProgress {
  readonly orderExternalId: ExternalId;
  readonly orderRef: ErpRef;
  readonly stage: ErpStage;
  /** All of them, the oldest first. */
  readonly parcels: readonly ErpParcel[];
  /** Numbers of its invoices, the oldest first. */
  readonly invoiceNumbers: readonly string[];
}
