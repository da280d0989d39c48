import { ErpRejectedError } from "../port.ts";
import type { OrderState } from "./decode-order-state.ts";

/** What calls an order off: a status where nobody has approved it, else lines that are closed. */
export type Cancellation =
  | { readonly orderStatus: "C" }
  | { readonly item: { readonly items: readonly { readonly line: number; readonly isClosed: true }[] } };

/**
 * The body of `PATCH /salesOrder/<id>` that calls the order off; undefined where it is off already.
 * @throws ErpRejectedError where something of it has left or was invoiced.
 */
export function encodeCancellation(state: OrderState): Cancellation | undefined {
  switch (state.status) {
    case "C":
    case "H":
      return undefined;
    case "A":
      return { orderStatus: "C" };
    case "B":
      return { item: { items: state.lines.map(({ line }) => ({ line, isClosed: true })) } };
    case "D":
    case "E":
    case "F":
    case "G":
      throw new ErpRejectedError(
        "the order cannot be called off: some of it was fulfilled or billed in NetSuite already",
      );
  }
}
