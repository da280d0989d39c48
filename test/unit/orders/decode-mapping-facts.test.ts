import { expect, test } from "vitest";
import { taxRefKey } from "../../../sidecar/domain/order.ts";
import { decodeTaxRules, factsOfOrder, factsOfRows } from "../../../sidecar/orders/decode-mapping-facts.ts";
import type { MappedOrderRow, ShopSettingRow } from "../../../sidecar/shop/mapping-facts-statements.ts";
import { sampleOrder } from "../../contract/sample-bodies.ts";

const setting = (
  name: string,
  value: string | null,
  shop: number | null = null,
  group: number | null = null,
): ShopSettingRow => ({ name, value, id_shop: shop, id_shop_group: group });

const ORDER: MappedOrderRow = {
  id_order: 7,
  id_shop: 2,
  date_add: "2026-12-31 23:30:00",
  current_state: 5,
  module: "mollie",
  payment: "iDEAL",
  currency: "eur",
  carrier_reference: 3,
  billing_country: "gr",
  delivery_country: "PT",
  total_shipping_tax_incl: "7.000000",
  total_wrapping_tax_incl: "0.000000",
};

test("a shop's own setting comes before that of all shops, and both before nothing", () => {
  const rows = [
    setting("PS_TIMEZONE", "Europe/Lisbon", 2),
    setting("PS_TIMEZONE", "Europe/Paris"),
    setting("PS_TAX_ADDRESS_TYPE", "id_address_invoice"),
    setting("PS_TAX_ADDRESS_TYPE", "id_address_delivery", 3),
    setting("PS_TAX_ADDRESS_TYPE", "", 2),
  ];
  expect(decodeTaxRules(rows, 2)).toEqual({ timeZone: "Europe/Lisbon", taxesBy: "billing" });
  expect(decodeTaxRules(rows, 1)).toEqual({ timeZone: "Europe/Paris", taxesBy: "billing" });
  expect(decodeTaxRules(rows, 3)).toEqual({ timeZone: "Europe/Paris", taxesBy: "delivery" });
  expect(decodeTaxRules([], 1)).toEqual({ timeZone: "UTC", taxesBy: "delivery" });
});

test("an order is looked up by the country that the shop taxes by, and by that country's day", () => {
  const lines = [
    { id_order: 7, category_id: 9, id_tax_rules_group: 12 },
    { id_order: 7, category_id: null, id_tax_rules_group: null },
  ];
  const asked: string[] = [];
  const dayIn = (country: string, at: string): string => {
    asked.push(`${country} ${at}`);
    return "2027-01-01";
  };
  const byInvoice = factsOfRows(ORDER, lines, { timeZone: "Europe/Paris", taxesBy: "billing" }, dayIn);
  expect(byInvoice).toEqual({
    shopId: 2,
    country: "GR",
    day: "2027-01-01",
    currency: "EUR",
    paymentModule: "mollie",
    paymentMethod: "iDEAL",
    carrierReference: 3,
    stateId: 5,
    taxed: [{ categoryId: 9, taxRulesGroupId: 12 }, { categoryId: 0, taxRulesGroupId: 0 }, "shipping"],
  });
  const byDelivery = factsOfRows(ORDER, [], { timeZone: "Europe/Paris", taxesBy: "delivery" }, dayIn);
  expect(byDelivery.country).toBe("PT");
  expect(asked).toEqual(["GR 2026-12-31 23:30:00", "PT 2026-12-31 23:30:00"]);
});

test("what the shop has deleted of an order leaves its values empty, and what costs nothing needs no tax code", () => {
  const gone = {
    ...{ module: null, currency: null, carrier_reference: null, delivery_country: null },
    ...{ total_shipping_tax_incl: "0.000000", total_wrapping_tax_incl: "2.500000" },
  };
  const rules = { timeZone: "UTC", taxesBy: "delivery" } as const;
  expect(factsOfRows({ ...ORDER, ...gone }, [], rules, () => "2026-12-31")).toMatchObject({
    country: "",
    currency: "",
    paymentModule: "",
    carrierReference: 0,
    taxed: ["wrapping"],
  });
});

test("the neutral order is looked up as its rows are", () => {
  const order = sampleOrder(7, {
    shopId: 2,
    paymentModule: "mollie",
    paymentMethod: "iDEAL",
    carrierReference: 3,
    placedAtShopTime: ORDER.date_add,
  });
  const rows = {
    ...ORDER,
    billing_country: order.billing.country,
    delivery_country: order.delivery.country,
    total_shipping_tax_incl: String(order.shippingTaxInclMinor),
    total_wrapping_tax_incl: String(order.wrappingTaxInclMinor),
  };
  const lines = order.lines.map((line) => ({
    id_order: 7,
    category_id: line.categoryId,
    id_tax_rules_group: line.taxRulesGroupId,
  }));
  const rules = { timeZone: "Europe/Paris", taxesBy: "billing" } as const;
  const dayIn = (country: string, at: string): string => `${country} ${at}`;
  const fromOrder = factsOfOrder(order, rules, dayIn, 5);
  const fromRows = factsOfRows(rows, lines, rules, dayIn);
  expect(fromOrder).toMatchObject(fromRows);
  expect(fromOrder.taxed.map(taxRefKey)).toEqual(fromRows.taxed.map(taxRefKey));
  expect(factsOfOrder(order, rules, dayIn, undefined).stateId).toBeUndefined();
});
