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
  customFormIds: ["68"],
  customFields: ["custbody_erpsync_fingerprint", "custentity_erpsync_fingerprint"],
};
