/** A currency of the account. */
export interface SeedCurrency {
  readonly id: string;
  readonly code: string;
  readonly decimals: number;
}

/** What an account has before the first call. */
export interface Seed {
  readonly subsidiaryIds: readonly string[];
  readonly currencies: readonly SeedCurrency[];
  readonly itemIds: readonly string[];
  readonly locationIds: readonly string[];
  readonly shippingItemIds: readonly string[];
  /** Items of the type Other Charge, and of the type Discount: neither lies on stock. */
  readonly chargeItemIds: readonly string[];
  readonly discountItemIds: readonly string[];
  /** Tax codes by id, with the tax type of each. */
  readonly taxCodes: Readonly<Record<string, string>>;
  /** Accounts that money lies on, and how it may come (payment options). */
  readonly bankAccountIds: readonly string[];
  readonly paymentOptionIds: readonly string[];
  readonly customFormIds: readonly string[];
  /** Custom text fields: `custbody_…` on transactions, `custentity_…` on entities. */
  readonly customFields: readonly string[];
}

/** An account with two subsidiaries, six currencies, three locations and the items 1001 to 2000. */
export const SEED: Seed = {
  subsidiaryIds: ["1", "2"],
  currencies: [
    { id: "1", code: "USD", decimals: 2 },
    { id: "2", code: "GBP", decimals: 2 },
    { id: "4", code: "EUR", decimals: 2 },
    { id: "5", code: "JPY", decimals: 0 },
    { id: "6", code: "CHF", decimals: 2 },
    { id: "7", code: "KWD", decimals: 3 },
  ],
  itemIds: Array.from({ length: 1_000 }, (_, index) => String(1_001 + index)),
  locationIds: ["1", "2", "3"],
  shippingItemIds: ["92"],
  chargeItemIds: ["900000001", "900000002", "900000003"],
  discountItemIds: ["900000004"],
  // 40 codes of one type, another of a second type, and the code of what is not taxed.
  taxCodes: {
    ...Object.fromEntries(Array.from({ length: 40 }, (_, index) => [String(501 + index), "11"])),
    "601": "12",
    "602": "11",
  },
  bankAccountIds: ["101", "102"],
  paymentOptionIds: ["1", "2", "7"],
  customFormIds: ["68"],
  customFields: ["custbody_shop_invoice", "custbody_erpsync_fingerprint", "custentity_erpsync_fingerprint"],
};
