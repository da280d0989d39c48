import type { NeutralOrder } from "../../sidecar/domain/order.ts";
import { taxesKey, taxKey } from "../../sidecar/domain/order-taxes.ts";
import type { NetSuiteSettings } from "../../sidecar/erp/netsuite/settings.ts";

/** The settings with a code of the emulator for each tax that the order may name, by itself or with others. */
export function withCodes(settings: NetSuiteSettings, order: NeutralOrder): NetSuiteSettings {
  const amounts = [...order.lines.map((line) => line.taxes), order.shippingTaxes, order.wrappingTaxes];
  const mixed = [...amounts, order.discountsTaxes, order.roundingTaxes].map(taxesKey);
  const keys = [...order.taxes.map(taxKey), ...mixed].filter((key) => key !== "");
  const codes = Object.fromEntries(keys.map((key) => [key, { taxCode: "501", taxType: "11" }]));
  return { ...settings, taxCodes: { ...settings.taxCodes, ...codes } };
}
