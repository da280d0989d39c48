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

/**
 * What one tax makes of an amount. The taxes of a line, of the shipping and so on always add up to the difference of
 * their two tax sides, to the minor unit.
 */
export interface OrderTax {
  /** `id_tax`; 0 where the shop does not say which tax it is (shipping, wrapping or ecotax at a rate of their own). */
  readonly taxId: number;
  /** In the order's language, or empty. For people. */
  readonly name: string;
  /** Decimal text with three decimals, `20.000`. */
  readonly ratePercent: string;
  readonly amountMinor: number;
}

/** A voucher of an order. What it took off is in the order's totals only: the shop's own rows do not add up to them. */
export interface OrderDiscount {
  readonly name: string;
  /** What the customer typed; empty where there is none or the shop has deleted the voucher. */
  readonly code: string;
  readonly freeShipping: boolean;
}

/** Which amounts the shop rounds: each piece, each line, or only the total (its PS_ROUND_TYPE). */
export type RoundingType = "item" | "line" | "total";

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
  /** The same with tax. */
  readonly unitPriceTaxIncl: string;
  /** Before vouchers, rounded to the currency. */
  readonly totalTaxExclMinor: number;
  readonly totalTaxInclMinor: number;
  /** The tax rules group that the line was sold with; 0 if none. */
  readonly taxRulesGroupId: number;
  /** The taxes of the line before vouchers, its ecotax's included; their sum is the difference of the two totals. */
  readonly taxes: readonly OrderTax[];
  /** Ecotax of one piece without tax, decimal text; part of the unit price. */
  readonly ecotax: string;
  readonly ecotaxRatePercent: string;
  /** What the customer had made of it, for people; empty if nothing. */
  readonly customisation: string;
  /** The product's default category now; 0 where the shop has deleted the product. */
  readonly categoryId: number;
}

/**
 * A shop order in words that no ERP and no shop owns. Amounts are whole minor units of `currency`.
 * The law of its totals, without tax and with it: Σ lines + shipping + wrapping − discounts + rounding = total paid.
 * Readers must ignore what they do not know.
 */
export interface NeutralOrder {
  readonly id: ShopOrderId;
  /** For people; split orders share it. */
  readonly reference: string;
  readonly shopId: number;
  readonly shopGroupId: number;
  readonly customerId: ShopCustomerId;
  /** `YYYY-MM-DD HH:MM:SS` in the shop's own time zone. */
  readonly placedAtShopTime: string;
  readonly currency: Currency;
  /** Units of the order's currency for one unit of the shop's default currency, decimal text. */
  readonly conversionRate: string;
  readonly billing: Address;
  readonly delivery: Address;
  readonly carrierName: string;
  /** `id_reference`, which a carrier keeps through its edits; 0 if the order has no carrier. */
  readonly carrierReference: number;
  readonly paymentMethod: string;
  /** Technical name of the payment module, or empty. */
  readonly paymentModule: string;
  readonly rounding: RoundingType;
  readonly lines: readonly OrderLine[];
  /** The shop's own sum of the lines. Σ lines may differ from it in rounding per total; `rounding…` covers that. */
  readonly productsTaxExclMinor: number;
  readonly productsTaxInclMinor: number;
  /** What all vouchers take off, positive. */
  readonly discountsTaxExclMinor: number;
  readonly discountsTaxInclMinor: number;
  readonly discountsTaxes: readonly OrderTax[];
  readonly discounts: readonly OrderDiscount[];
  readonly shippingTaxExclMinor: number;
  readonly shippingTaxInclMinor: number;
  /** As the shop states it, decimal text with three decimals; the two amounts may differ from it by a minor unit. */
  readonly shippingTaxRatePercent: string;
  readonly shippingTaxes: readonly OrderTax[];
  readonly wrappingTaxExclMinor: number;
  readonly wrappingTaxInclMinor: number;
  readonly wrappingTaxes: readonly OrderTax[];
  /** What the amounts above miss of the total paid, because the shop rounds them one by one; of either sign. */
  readonly roundingTaxExclMinor: number;
  readonly roundingTaxInclMinor: number;
  readonly roundingTaxes: readonly OrderTax[];
  /** All of the above by tax; their sum is the difference of the two totals paid. */
  readonly taxes: readonly OrderTax[];
  readonly totalPaidTaxExclMinor: number;
  readonly totalPaidTaxInclMinor: number;
  /** By how much the shop's amounts contradict each other; above 0 only where a configured tolerance let it pass. */
  readonly toleratedMinor: number;
  /**
   * By how much the shop's own tax rows miss the tax of its totals. No amount above is taken from them, so it stops
   * nothing; the shop's own tax report is off by it.
   */
  readonly taxRowsOffMinor: number;
  /** The shop's invoice numbers, the oldest first; absent where the ERP is not told of them or there are none. */
  readonly invoiceNumbers?: readonly string[];
}

/** A customer account or guest of the shop. */
export interface NeutralCustomer {
  readonly id: ShopCustomerId;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly company: string;
  /** Of the newest of his addresses that has one; empty for private people. */
  readonly vatNumber: string;
  readonly isGuest: boolean;
}

/** What the ERP calls the things that an order names, as people mapped them. A kind that has no entry is absent. */
export interface OrderRefs {
  readonly subsidiary?: ErpRef;
  readonly currency?: ErpRef;
  readonly payment?: ErpRef;
  readonly carrier?: ErpRef;
  readonly state?: ErpRef;
  /** Tax codes by `taxRefKey`. */
  readonly taxes?: Readonly<Record<string, ErpRef>>;
}

/** The key of a tax code in `OrderRefs.taxes`: of a line by its category and tax rules group, or of a fee. */
export const taxRefKey = (
  taxed: Pick<OrderLine, "categoryId" | "taxRulesGroupId"> | "shipping" | "wrapping",
): string =>
  typeof taxed === "string" ? `${taxed}:` : `${String(taxed.categoryId)}:${String(taxed.taxRulesGroupId)}`;

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
  /** Absent where people have mapped nothing but products. */
  readonly refs?: OrderRefs;
  readonly order: NeutralOrder;
}

/** The body of a customer operation. */
export interface CustomerBody {
  readonly externalId: ExternalId;
  readonly fingerprint: string;
  readonly customer: NeutralCustomer;
}
