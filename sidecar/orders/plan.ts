import type { SidecarError } from "../domain/errors.ts";
import type { ErpRef, ExternalId, Subject } from "../domain/ids.ts";
import type { CarriedMoney } from "../domain/operation.ts";
import type { ErpParcel, ErpStage } from "../domain/progress.ts";

/** What has to be done so that the ERP (and the shop's status) agree with what the shop says now; one step at a time. */
export type Plan<Body> =
  | { readonly kind: "nothing" }
  | { readonly kind: "hold"; readonly code: HoldCode; readonly waitsFor: Subject | null }
  | { readonly kind: "park"; readonly error: SidecarError; readonly waitsFor: string | null }
  | ErpPlan<Body>
  | ShopCommand;

/** A step that is carried out in the ERP. `goesOn` where another follows it, so that the claim is kept. */
export type ErpPlan<Body> =
  /** `shopState`: the order's state in the shop now, which decides later whether its status is ours to set. */
  | {
      readonly kind: "create";
      readonly body: Body;
      readonly shopState: number | null;
      /** What of the order's money the ERP takes; absent for a customer. */
      readonly money?: CarriedMoney;
      readonly goesOn?: boolean;
    }
  | { readonly kind: "amend"; readonly ref: ErpRef; readonly body: Body; readonly goesOn?: boolean }
  /** A record of its own beside the order. */
  | { readonly kind: "pay" | "credit"; readonly body: Body }
  /** What is done to the record as a whole, so there is nothing to send but its name. */
  | { readonly kind: "cancel" | "withdraw"; readonly ref: ErpRef; readonly body: NamedOrder };

/** A record by its names alone. */
export interface NamedRecord {
  readonly externalId: ExternalId;
  readonly fingerprint: string;
}

/** An order by its names alone. */
export interface NamedOrder extends NamedRecord {
  readonly orderId: number;
}

/** What the shop is asked to do by signed command. */
export type ShopCommand =
  | { readonly kind: "set_status"; readonly state: number; readonly stage?: ErpStage }
  | { readonly kind: "set_tracking"; readonly parcels: readonly ShopParcel[] }
  | { readonly kind: "set_invoice"; readonly number: string };

/** A parcel as the shop is told of it. */
export type ShopParcel = Pick<ErpParcel, "ref" | "trackingNumber">;

/**
 * Why a job waits: the order has no status row yet, its customer is not in the ERP yet, nobody has paid it, or its
 * amounts contradict each other, as they do while it is being edited.
 */
export type HoldCode = "order-torn" | "waits-for-customer" | "unpaid" | "amounts-differ";
