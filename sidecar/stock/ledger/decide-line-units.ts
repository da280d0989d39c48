import type { StockRowKeys, StockSubject } from "../../domain/stock.ts";

/** An order line as the shop has it now, with its order. */
export interface ShopLine {
  readonly detailId: number;
  readonly orderId: number;
  /** `id_shop` of the order. */
  readonly shop: number;
  /** `current_state` of the order; 0 while it is being written. */
  readonly state: number;
  readonly product: number;
  readonly combination: number;
  /** Units sold. */
  readonly quantity: number;
  /** Units of them that a refund put back. */
  readonly reinjected: number;
}

/** What a pack is made of, and from which rows it takes. */
export interface PackItem {
  readonly pack: number;
  /** The shop for which the type holds; null for all that have none of their own. */
  readonly shop: number | null;
  /** 0 the pack, 1 its products, 2 both, 3 as the shop's setting says. */
  readonly type: number;
  readonly product: number;
  readonly combination: number;
  /** Units for one pack. */
  readonly quantity: number;
}

/** A stock row of the shop. */
export type StockPlace = StockRowKeys & { readonly managed: boolean };

/** How a shop shares its stock: with its group, or not. */
export interface ShopPlace {
  readonly shop: number;
  readonly group: number;
  readonly sharesStock: boolean;
}

/** The shop's settings that say what an order takes. */
export interface LineRules {
  /** Orders in these states take nothing: cancelled, payment error. */
  readonly idleStates: ReadonlySet<number>;
  /** What `pack_stock_type` 3 stands for. */
  readonly packType: number;
  readonly shops: readonly ShopPlace[];
}

/** A row that a line takes from. */
export interface Take {
  readonly row: number;
  /** Units of the row for one unit of the line. */
  readonly factor: number;
}

/** A product or combination, and how many of it one unit of the line is. */
interface Portion {
  readonly product: number;
  readonly combination: number;
  readonly factor: number;
}

/**
 * From which rows a line takes, as PrestaShop 8.2.1 does it (`StockManager::updatePackQuantity`): its product's, or for a
 * pack those that its type says. Rows that another stock management keeps (`depends_on_stock`) are left alone, and a
 * product whose row was deleted takes from nowhere.
 */
export function decideTakes(
  line: ShopLine,
  { packs, places }: { readonly packs: readonly PackItem[]; readonly places: readonly StockPlace[] },
  rules: LineRules,
): readonly Take[] {
  const owner = ownerOf(line.shop, rules.shops);
  const takes = new Map<number, number>();
  for (const { product, combination, factor } of portionsOf(line, packs, rules)) {
    const place = places.find(
      (row) =>
        row.product === product &&
        row.combination === combination &&
        row.shop === owner.shop &&
        row.group === owner.group,
    );
    if (place?.managed === true) takes.set(place.row, (takes.get(place.row) ?? 0) + factor);
  }
  return [...takes].map(([row, factor]) => ({ row, factor }));
}

/** Products whose rows a line may take from. */
export function decidePortions(line: ShopLine, packs: readonly PackItem[]): readonly StockSubject[] {
  return [line, ...packs.filter(({ pack }) => pack === line.product)];
}

/** Units that a line takes now: sold less put back, and none while its order is cancelled or its payment failed. */
export function decideUnits(line: ShopLine, rules: LineRules): number {
  return rules.idleStates.has(line.state) ? 0 : Math.max(0, line.quantity - line.reinjected);
}

function portionsOf(line: ShopLine, packs: readonly PackItem[], rules: LineRules): readonly Portion[] {
  const { combination, product } = line;
  const whole: Portion = { product, combination, factor: 1 };
  const ofPack = packs.filter(({ pack }) => pack === product);
  const own = ofPack.filter(({ shop }) => shop === line.shop);
  const items = own.length > 0 ? own : ofPack.filter(({ shop }) => shop === null);
  const [first] = items;
  if (first === undefined) return [whole];
  const type = first.type === 3 ? rules.packType : first.type;
  const parts = items.map((item) => ({
    product: item.product,
    combination: item.combination,
    factor: item.quantity,
  }));
  if (type === 1) return parts;
  return type === 2 ? [whole, ...parts] : [whole];
}

/** The keys of the rows that a shop sells from. */
function ownerOf(
  shop: number,
  shops: readonly ShopPlace[],
): { readonly shop: number; readonly group: number } {
  const place = shops.find((one) => one.shop === shop);
  return place?.sharesStock === true ? { shop: 0, group: place.group } : { shop, group: 0 };
}
