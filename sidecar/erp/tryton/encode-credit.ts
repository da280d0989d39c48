import type { CreditBody } from "../../domain/credit.ts";
import type { ErpRef } from "../../domain/ids.ts";
import type { OrderBody } from "../../domain/order.ts";
import { expectedTotals, type PlannedLine } from "./encode-order.ts";

/** A sale that an order or a credit slip of the shop becomes. */
export interface SaleWish {
  readonly body: OrderBody;
  /** Of a credit, which is a sale of negative quantities: the sale that it takes back from. */
  readonly takesBackFrom?: ErpRef;
}

/** A credit slip goes the way of an order, with its own key and day. */
export function encodeCredit({ slip, orderRef, orderExternalId: _order, ...body }: CreditBody): SaleWish {
  const order = { ...body.order, placedAtShopTime: slip.issuedAtShopTime };
  return { body: { ...body, order }, takesBackFrom: orderRef };
}

/** What is given back counts below 0; its price stays what it was. */
export const takeBack = (line: PlannedLine): PlannedLine => ({
  ...line,
  // Subtracting from 0 never gives −0.
  quantity: 0 - line.quantity,
  amountMinor: 0 - line.amountMinor,
});

/** What a sale has to come to. */
export function saleTotals({ body, takesBackFrom }: SaleWish): ReturnType<typeof expectedTotals> {
  const { untaxedMinor, taxMinor } = expectedTotals(body.order);
  if (takesBackFrom === undefined) return { untaxedMinor, taxMinor };
  return { untaxedMinor: 0 - untaxedMinor, taxMinor: 0 - taxMinor };
}
