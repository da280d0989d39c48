import { linesOf } from "./netsuite-emulator-fields.ts";
import { userError } from "./netsuite-emulator-problem.ts";
import { type Json, refId } from "./netsuite-emulator-rules.ts";

/** Letters of a sales order's status, as REST and SuiteQL write them (seen in public code). */
export const STATUS_NAMES = {
  A: "Pending Approval",
  B: "Pending Fulfillment",
  C: "Cancelled",
  D: "Partially Fulfilled",
  E: "Pending Billing/Partially Fulfilled",
  F: "Pending Billing",
  G: "Billed",
  H: "Closed",
} as const;

export type OrderStatus = keyof typeof STATUS_NAMES;

/** A change of an order by a client. */
export interface OrderChange {
  readonly before: Json;
  readonly sent: Json;
  readonly after: Json;
  /** Sublists that are replaced as a whole. */
  readonly replace: readonly string[];
}

/** The status that was sent; an order without one is pending approval. */
function sentStatus({ orderStatus = "A" }: { readonly orderStatus?: unknown }): string {
  return typeof orderStatus === "string" ? orderStatus : refId(orderStatus);
}

export const quantityOf = (line: Json): number => Number(line["quantity"] ?? 0);
export const fulfilledOf = (line: Json): number => Number(line["quantityFulfilled"] ?? 0);
const billedOf = (line: Json): number => Number(line["quantityBilled"] ?? 0);
const isClosed = (line: Json): boolean => line["isClosed"] === true;

/** Pieces of a line that are still to leave. */
export const openOf = (line: Json): number => (isClosed(line) ? 0 : quantityOf(line) - fulfilledOf(line));

/**
 * The status of an order, which follows from what was sent, fulfilled, billed and closed. Only items that lie on stock
 * are fulfilled: charges and discounts do not leave a place.
 */
export function statusOf(order: Json, stockedItems: ReadonlySet<string>): OrderStatus {
  const lines = linesOf(order);
  if (sentStatus(order) === "C") return "C";
  if (lines.length > 0 && lines.every(isClosed)) return "H";
  if (sentStatus(order) === "A") return "A";
  const goods = lines.filter((line) => stockedItems.has(refId(line["item"])));
  if (goods.every((line) => fulfilledOf(line) === 0)) return "B";
  const isBilled = goods.every((line) => billedOf(line) === fulfilledOf(line));
  if (goods.some((line) => openOf(line) > 0)) return goods.some((line) => billedOf(line) > 0) ? "E" : "D";
  return isBilled ? "G" : "F";
}

/**
 * What may be done to an order that is there. Closing is for approved orders (section_4698204292), cancelling for those
 * that are not. Stricter than is known of NetSuite: what was fulfilled cannot be closed any more, and a cancelled order
 * takes nothing but its return.
 * Throws 400 USER_ERROR.
 */
export function checkOrderChange(
  { before, sent, after, replace }: OrderChange,
  stockedItems: ReadonlySet<string>,
): void {
  const status = statusOf(before, stockedItems);
  checkWantedStatus(status, sent["orderStatus"] === undefined ? undefined : sentStatus(sent));
  const lines = linesOf(before);
  if (replace.includes("item") && lines.some((line) => fulfilledOf(line) > 0)) {
    throw userError("Lines that were fulfilled cannot be removed.");
  }
  const wasClosed = new Set(lines.filter(isClosed).map((line) => line["line"]));
  const closing = linesOf(after).filter((line) => isClosed(line) && !wasClosed.has(line["line"]));
  if (closing.length === 0) return;
  if (status === "A") throw userError("An order pending approval cannot be closed.");
  if (closing.some((line) => fulfilledOf(line) > 0))
    throw userError("Lines that were fulfilled cannot be closed.");
}

function checkWantedStatus(status: OrderStatus, wanted: string | undefined): void {
  const isWaiting = status === "A" || status === "C";
  if (status === "C" && wanted !== "A" && wanted !== "C") throw userError("The order is cancelled.");
  if (wanted === "C" && !isWaiting) throw userError("Only an order pending approval can be cancelled.");
  if (wanted === "A" && !isWaiting) throw userError("The order was approved already.");
}
