import type { AuthSettings } from "./netsuite-emulator-auth.ts";
import type { TaxFeature } from "./netsuite-emulator-rules.ts";
import type { Seed } from "./netsuite-emulator-seed.ts";

/**
 * The section `erp.netsuite` of a configuration that works on the emulator. Payments and credits are booked nowhere
 * unless a test says so: `MONEY`.
 */
export interface EmulatorSettings extends SeedSettings {
  readonly account: string;
  readonly baseUrl: string;
  readonly auth: AuthSettings;
}

/** What to add so that payments and credits are carried. */
export const MONEY = { deposits: { account: "101" }, credits: {} } as const;

/** What of those settings follows from how the account was seeded. */
export interface SeedSettings {
  readonly subsidiaryId: string;
  readonly currencies: Readonly<Record<string, string>>;
  readonly shippingItemId: string;
  readonly shippingLineItemId: string;
  readonly wrappingItemId: string;
  readonly discountItemId: string;
  readonly roundingItemId: string;
  readonly tax: "none" | "lineTaxCode" | "taxDetails";
  readonly taxCodes: Readonly<Record<string, { readonly taxCode: string; readonly taxType: string }>>;
  /** The type of each tax code that the account has: 501 to 540, 601, 602. */
  readonly taxTypes: Readonly<Record<string, string>>;
  /** Where orders ship from, and so where they take stock. */
  readonly locationId: string;
}

/** The settings of an account that was seeded so. */
export const seedSettings = (seed: Seed, tax: TaxFeature): SeedSettings => ({
  subsidiaryId: seed.subsidiaryIds[0] ?? "",
  currencies: Object.fromEntries(seed.currencies.map(({ code, id }) => [code, id])),
  shippingItemId: seed.shippingItemIds[0] ?? "",
  shippingLineItemId: seed.chargeItemIds[0] ?? "",
  wrappingItemId: seed.chargeItemIds[1] ?? "",
  roundingItemId: seed.chargeItemIds[2] ?? "",
  discountItemId: seed.discountItemIds[0] ?? "",
  ...taxSettings(tax, seed),
  locationId: seed.locationIds[0] ?? "",
});

/** Each tax of the shop has a code of its own, in the order of the codes; the last one is for what is not taxed. */
function taxSettings(tax: TaxFeature, seed: Seed): Pick<SeedSettings, "tax" | "taxCodes" | "taxTypes"> {
  const codes = Object.entries(seed.taxCodes).map(([taxCode, taxType]) => ({ taxCode, taxType }));
  const untaxed = codes.at(-1);
  const taxCodes = {
    ...Object.fromEntries(codes.slice(0, -1).map((code, index) => [String(index + 1), code])),
    ...(untaxed === undefined ? {} : { none: untaxed }),
    // An order that an import wrote has rates, and no tax rows that would say which taxes they are.
    ...(codes[0] === undefined ? {} : { "0@20.000": codes[0], "0@19.000": codes[0] }),
  };
  const ways = { "suite-tax": "taxDetails", legacy: "lineTaxCode", none: "none" } as const;
  return { tax: ways[tax], taxCodes, taxTypes: seed.taxCodes };
}
