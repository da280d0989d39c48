import type { ErpRef, ExternalId, ShopCustomerId, ShopOrderId } from "./ids.ts";
import type { Currency } from "./money.ts";

/** A postal address as it stood on the order. Empty text where the shop has none. */
export interface Address {
  readonly company: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly line1: string;
  readonly line2: string;
  readonly postcode: string;
  readonly city: string;
  /** ISO code of the state or province, or empty. */
  readonly state: string;
  /** ISO 3166-1 alpha-2 code. */
  readonly country: string;
  readonly phone: string;
  readonly vatNumber: string;
}

/** One `order_detail` row. */
export interface OrderLine {
  /** `id_order_detail`. */
  readonly id: number;
  /** `<id_product>:<id_product_attribute>`, the key of the product mapping. */
  readonly productKey: string;
  /** The reference (SKU) as sold; for people, never a key. */
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  /** Decimal text with up to six decimals, as PrestaShop stores it, without tax, in the order's currency. */
  readonly unitPriceTaxExcl: string;
  readonly totalTaxExclMinor: number;
  readonly totalTaxInclMinor: number;
}

/**
 * A shop order in words that no ERP and no shop owns. Amounts are whole minor units of `currency`.
 * Discounts, taxes by rate and rounding lines join with the totals law; readers must ignore what they do not know.
 */
export interface NeutralOrder {
  readonly id: ShopOrderId;
  /** For people; split orders share it. */
  readonly reference: string;
  readonly shopId: number;
  readonly customerId: ShopCustomerId;
  /** `YYYY-MM-DD HH:MM:SS` in the shop's own time zone. */
  readonly placedAtShopTime: string;
  readonly currency: Currency;
  /** Units of the order's currency for one unit of the shop's default currency, decimal text. */
  readonly conversionRate: string;
  readonly billing: Address;
  readonly delivery: Address;
  readonly carrierName: string;
  readonly paymentMethod: string;
  readonly lines: readonly OrderLine[];
  readonly shippingTaxExclMinor: number;
  readonly shippingTaxInclMinor: number;
  readonly totalPaidTaxExclMinor: number;
  readonly totalPaidTaxInclMinor: number;
}

/** A customer account or guest of the shop. */
export interface NeutralCustomer {
  readonly id: ShopCustomerId;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly company: string;
  readonly isGuest: boolean;
}

/**
 * The body of an order operation: what is stored before the call and sent by it. Adapters turn it into the ERP's
 * own form; two equal bodies mean that there is nothing to amend.
 */
export interface OrderBody {
  readonly externalId: ExternalId;
  /** Tells this order from another that once had the same id; see `fingerprint`. */
  readonly fingerprint: string;
  readonly customerRef: ErpRef;
  /** ERP ids of the lines' products, by `productKey`. */
  readonly itemRefs: Readonly<Record<string, ErpRef>>;
  readonly order: NeutralOrder;
}

/** The body of a customer operation. */
export interface CustomerBody {
  readonly externalId: ExternalId;
  readonly fingerprint: string;
  readonly customer: NeutralCustomer;
}
