import type { Tx } from "../../platform/database.ts";
import { decodeLineRules, SETTINGS } from "./decode-shop-rules.ts";
import { type OpenRow, readEarlier } from "./episode-statements.ts";
import { readRowsOfSubjects } from "./ledger-statements.ts";
import { readPackItems, readShopSettings } from "./line-statements.ts";

/** Quantities of an item that are looked back on. */
const LATELY = 20;

/**
 * Quantities that the items of packs allow, as they are and lately were. Only packs that follow their items (type 2) are
 * lowered by the shop when an item is sold (`updatePacksQuantityContainingProduct`, PrestaShop 8.2.1).
 */
export async function readPackLimits(
  tx: Tx,
  rows: readonly OpenRow[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  const heads = rows.filter(({ combination }) => combination === 0);
  if (heads.length === 0) return new Map();
  const packs = await readPackItems(tx, [...new Set(heads.map(({ product }) => product))]);
  if (packs.length === 0) return new Map();
  const { packType } = decodeLineRules(await readShopSettings(tx, SETTINGS), []);
  const linked = packs.filter(({ type }) => (type === 3 ? packType : type) === 2);
  if (linked.length === 0) return new Map();
  const items = await readRowsOfSubjects(tx, linked);
  const lately = await readEarlier(
    tx,
    new Map(items.map(({ row }) => [row, Number.MAX_SAFE_INTEGER])),
    LATELY,
  );
  return new Map(
    heads.map((pack) => {
      const limits = linked
        .filter(
          (item) =>
            item.pack === pack.product && (item.shop === null || item.shop === pack.shop || pack.shop === 0),
        )
        .flatMap((item) => {
          const row = items.find(
            (one) =>
              one.product === item.product &&
              one.combination === item.combination &&
              one.shop === pack.shop &&
              one.group === pack.group,
          );
          if (row === undefined || item.quantity <= 0) return [];
          const seen = lately.filter((one) => one.row === row.row).map(({ after }) => after);
          return [row.position, ...seen].map((units) => Math.max(0, Math.floor(units / item.quantity)));
        });
      return [pack.row, [...new Set(limits)]] as const;
    }),
  );
}
