import type { LineRules, ShopPlace } from "./decide-line-units.ts";

/** A setting of the shop, with the shop or group for which it holds; null and null for all. */
export interface ShopSetting {
  readonly name: string;
  readonly value: string | null;
  readonly shop: number | null;
  readonly group: number | null;
}

/** The settings that the ledger asks for. */
export const SETTINGS = [
  "PS_OS_CANCELED",
  "PS_OS_ERROR",
  "PS_PACK_STOCK_TYPE",
  "PS_ORDER_OUT_OF_STOCK",
  "PS_STOCK_MANAGEMENT",
] as const;

/** What the shop's settings say of lines; PrestaShop's own numbers where a setting is missing. */
export function decodeLineRules(settings: readonly ShopSetting[], shops: readonly ShopPlace[]): LineRules {
  const canceled = valueOf(settings, "PS_OS_CANCELED", {}) ?? 6;
  const failed = valueOf(settings, "PS_OS_ERROR", {}) ?? 8;
  const packType = valueOf(settings, "PS_PACK_STOCK_TYPE", {}) ?? 0;
  return { idleStates: new Set([canceled, failed]), packType, shops };
}

/** Whether a shop refuses orders for what it does not have, where the row itself leaves it to the shop. */
export function decodeDenies(
  settings: readonly ShopSetting[],
  place: { readonly shop: number; readonly group: number },
): { readonly byDefault: boolean; readonly managesStock: boolean } {
  return {
    byDefault: (valueOf(settings, "PS_ORDER_OUT_OF_STOCK", place) ?? 0) === 0,
    managesStock: (valueOf(settings, "PS_STOCK_MANAGEMENT", place) ?? 1) !== 0,
  };
}

/** The shop's own value, else its group's, else that for all. */
function valueOf(
  settings: readonly ShopSetting[],
  name: (typeof SETTINGS)[number],
  place: { readonly shop?: number; readonly group?: number },
): number | undefined {
  const named = settings.filter((setting) => setting.name === name && setting.value !== null);
  const found =
    named.find((setting) => setting.shop !== null && setting.shop === place.shop) ??
    named.find(
      (setting) => setting.shop === null && setting.group !== null && setting.group === place.group,
    ) ??
    named.find((setting) => setting.shop === null && setting.group === null);
  const value = Number(found?.value ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}
