import { erpRef } from "../../sidecar/domain/ids.ts";
import { type NeutralOrder, type OrderBody, taxRefKey } from "../../sidecar/domain/order.ts";
import { taxesKey, taxKey } from "../../sidecar/domain/order-taxes.ts";
import type { NetSuiteSettings } from "../../sidecar/erp/netsuite/settings.ts";
import type { OrderRows } from "../../sidecar/orders/decode-order.ts";

/** The settings with a code of the emulator for each tax that the order may name, by itself or with others. */
export function withCodes(settings: NetSuiteSettings, order: NeutralOrder): NetSuiteSettings {
  const amounts = [...order.lines.map((line) => line.taxes), order.shippingTaxes, order.wrappingTaxes];
  const mixed = [...amounts, order.discountsTaxes, order.roundingTaxes].map(taxesKey);
  const keys = [...order.taxes.map(taxKey), ...mixed].filter((key) => key !== "");
  const codes = Object.fromEntries(keys.map((key) => [key, { taxCode: "501", taxType: "11" }]));
  return { ...settings, taxCodes: { ...settings.taxCodes, ...codes } };
}

/**
 * Tryton has one rate for taxes that are added up and for compound ones; which of its taxes build on each other, people
 * map by tax rules group.
 */
export function withCompoundTaxes<Body extends Pick<OrderBody, "order" | "refs">>(
  body: Body,
  rows: OrderRows,
  ref: string,
): Body {
  const compound = new Set(
    rows.lines.filter((line) => line.tax_computation_method === 2).map((line) => line.id_order_detail),
  );
  const keys = body.order.lines
    .filter((line) => compound.has(line.id) && line.taxes.length > 1)
    .map((line) => [taxRefKey(line), erpRef(ref)] as const);
  return keys.length === 0 ? body : { ...body, refs: { taxes: Object.fromEntries(keys) } };
}
