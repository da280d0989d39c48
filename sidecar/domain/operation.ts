/**
 * What can be done for a subject, each in an operation of its own:
 * - `create`, `amend`: a record of the ERP.
 * - `pay`: a payment of the order, `credit`: a credit slip of it, each a record of its own key.
 * - `cancel`: the order is called off in the ERP; it stays there as evidence, and an amendment opens it again.
 * - `withdraw`: an order whose payment was refused is taken out of the ERP again, so that neither of both is there.
 * - `set_status`, `set_tracking`, `set_invoice`: status, parcels and the ERP's invoice number of the order in the shop,
 *   by signed command.
 */
export type OperationKind =
  | "create"
  | "amend"
  | "pay"
  | "credit"
  | "cancel"
  | "withdraw"
  | "set_status"
  | "set_tracking"
  | "set_invoice";

/**
 * States of an operation, and who moves it on:
 * - `open`: committed, and it may be on the wire. The executor looks it up before it sends it again.
 * - `refused`: the other side said no, so nothing was executed; its body may be replaced by a newer plan.
 * - `acknowledged`: stands in the other system. Final.
 */
export type OperationState = "open" | "refused" | "acknowledged";

/** What of an order's money the ERP took when the order was created in it. */
export interface CarriedMoney {
  readonly payments: boolean;
  /** The order had payments by then, so both belong together. */
  readonly paymentsDue: boolean;
  readonly credits: boolean;
}
