/**
 * What can be done for a subject, each in an operation of its own:
 * - `create`, `amend`: a record of the ERP.
 * - `set_status`: the order's status in the shop, by signed command.
 * Payments, credits and cancellations join with the order's life after export.
 */
export type OperationKind = "create" | "amend" | "set_status";

/**
 * States of an operation, and who moves it on:
 * - `open`: committed, and it may be on the wire. The executor looks it up before it sends it again.
 * - `refused`: the other side said no, so nothing was executed; its body may be replaced by a newer plan.
 * - `acknowledged`: stands in the other system. Final.
 */
export type OperationState = "open" | "refused" | "acknowledged";
