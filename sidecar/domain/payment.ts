import type { ErpRef, ExternalId, ShopOrderId } from "./ids.ts";
import type { Currency } from "./money.ts";
import type { OrderRefs } from "./order.ts";

/** A payment of an order: one `order_payment` row, or the part of it that falls to this order of a split cart. */
export interface NeutralPayment {
  /** `id_order_payment`. */
  readonly id: number;
  readonly orderId: ShopOrderId;
  /** The order's reference, for people. */
  readonly reference: string;
  /** `YYYY-MM-DD HH:MM:SS` in the shop's own time zone. */
  readonly paidAtShopTime: string;
  /** As the payment module calls itself. */
  readonly method: string;
  /** The payment service's own id of it, or empty. */
  readonly transactionId: string;
  /** The order's currency. */
  readonly currency: Currency;
  /** Units of the order's currency for one unit of the shop's default currency, decimal text. */
  readonly conversionRate: string;
  /** Below 0 where money was given back. */
  readonly amountMinor: number;
  /** What was paid, where that was in another currency than the order's. */
  readonly paidIn?: { readonly currency: Currency; readonly amountMinor: number };
}

/** The body of a payment operation. */
export interface PaymentBody {
  readonly externalId: ExternalId;
  /** Tells this payment from another that once had the same key. */
  readonly fingerprint: string;
  readonly customerRef: ErpRef;
  readonly orderExternalId: ExternalId;
  /** The ERP's id of the order; null where the same call creates the order. */
  readonly orderRef: ErpRef | null;
  readonly refs?: Pick<OrderRefs, "subsidiary" | "currency" | "payment">;
  readonly payment: NeutralPayment;
}
