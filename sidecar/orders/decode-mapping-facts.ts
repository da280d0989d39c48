import type { NeutralOrder } from "../domain/order.ts";
import type { MappedOrderRow, ShopSettingRow, TaxedLineRow } from "../shop/mapping-facts-statements.ts";
import type { MappingFacts, Taxed } from "./decide-mapping.ts";

/** Which of its two addresses a shop taxes an order by. */
export type TaxAddress = "billing" | "delivery";

/** How a shop taxes and reads the clock. */
export interface TaxRules {
  readonly timeZone: string;
  readonly taxesBy: TaxAddress;
}

/** A day of a country, from a time of the shop; see `CountryCalendar`. */
export type DayIn = (country: string, shopTime: string) => string;

/** A shop's settings: its own, else those of all shops. PrestaShop taxes by the delivery address unless told. */
export function decodeTaxRules(rows: readonly ShopSettingRow[], shopId: number): TaxRules {
  const setting = (name: string): string | undefined => {
    const named = rows.filter((row) => row.name === name && row.value !== null && row.value !== "");
    const own = named.find((row) => row.id_shop === shopId);
    const all = named.find((row) => row.id_shop === null && row.id_shop_group === null);
    return (own ?? all ?? named[0])?.value ?? undefined;
  };
  return {
    timeZone: setting("PS_TIMEZONE") ?? "UTC",
    taxesBy: setting("PS_TAX_ADDRESS_TYPE") === "id_address_invoice" ? "billing" : "delivery",
  };
}

/** What an order is looked up by. `stateId`: its state, where that is wanted. */
export function factsOfOrder(
  order: NeutralOrder,
  rules: TaxRules,
  dayIn: DayIn,
  stateId: number | undefined,
): MappingFacts {
  const { country } = order[rules.taxesBy];
  return {
    shopId: order.shopId,
    country,
    day: dayIn(country, order.placedAtShopTime),
    currency: order.currency.code,
    paymentModule: order.paymentModule,
    paymentMethod: order.paymentMethod,
    carrierReference: order.carrierReference,
    stateId,
    taxed: [...order.lines, ...fees(order.shippingTaxInclMinor !== 0, order.wrappingTaxInclMinor !== 0)],
  };
}

/** The same from the shop's rows alone, where nothing but the mappings is asked for. */
export function factsOfRows(
  order: MappedOrderRow,
  lines: readonly TaxedLineRow[],
  rules: TaxRules,
  dayIn: DayIn,
): MappingFacts {
  const country = (order[`${rules.taxesBy}_country`] ?? "").toUpperCase();
  return {
    shopId: order.id_shop,
    country,
    day: dayIn(country, order.date_add),
    currency: (order.currency ?? "").toUpperCase(),
    paymentModule: order.module ?? "",
    paymentMethod: order.payment,
    carrierReference: order.carrier_reference ?? 0,
    stateId: order.current_state,
    taxed: [
      ...lines.map((line) => ({
        categoryId: line.category_id ?? 0,
        taxRulesGroupId: line.id_tax_rules_group ?? 0,
      })),
      ...fees(Number(order.total_shipping_tax_incl) !== 0, Number(order.total_wrapping_tax_incl) !== 0),
    ],
  };
}

const fees = (hasShipping: boolean, hasWrapping: boolean): readonly Taxed[] => [
  ...(hasShipping ? (["shipping"] as const) : []),
  ...(hasWrapping ? (["wrapping"] as const) : []),
];
