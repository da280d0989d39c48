import type { EntryKind } from "../domain/mapping-entry.ts";
import type { Database } from "../platform/database.ts";
import { pageMappedOrders, readTaxedLines, type TaxedLineRow } from "../shop/mapping-facts-statements.ts";
import { findGaps, type Gap } from "./check-entries.ts";
import { decideMappings, type EntryIndex, indexEntries } from "./decide-mapping.ts";
import { factsOfRows } from "./decode-mapping-facts.ts";
import { MappingBook, type MappingView } from "./mapping-book.ts";

/** Orders of one page. */
const PAGE_ORDERS = 500;

/** A row that orders lack. */
export interface MissingEntry {
  /** A line of the kind's file that wants nothing but the ERP's id at its end. */
  readonly row: string;
  readonly orders: number;
  readonly firstOrder: number;
  readonly lastOrder: number;
}

/** What the mappings lack for the orders that there were. */
export interface MappingCheck {
  readonly orders: number;
  /** Orders that lack at least one entry. */
  readonly lacking: number;
  /** The most wanted first. */
  readonly missing: readonly MissingEntry[];
  readonly gaps: readonly Gap[];
}

/** `kinds` are looked at though nobody has made an entry of them yet; those that orders need always are. */
export async function checkMappings(
  db: Database,
  days: number,
  kinds: readonly EntryKind[],
): Promise<MappingCheck> {
  const view = await new MappingBook(db).view();
  const index = withKinds(view.index, kinds);
  const missing = new Map<string, MissingEntry>();
  const count = { orders: 0, lacking: 0 };
  let after = { placedAt: "1000-01-01 00:00:00", id: 0 };
  for (;;) {
    const orders = await pageMappedOrders(db, days, after, PAGE_ORDERS);
    const last = orders.at(-1);
    if (last === undefined) break;
    const lines = byOrder(
      await readTaxedLines(
        db,
        orders.map((order) => order.id_order),
      ),
    );
    for (const order of orders) {
      const facts = factsOfRows(order, lines.get(order.id_order) ?? [], ...rulesOf(view, order.id_shop));
      const decision = decideMappings(index, facts);
      count.orders += 1;
      if (decision.kind === "found") continue;
      count.lacking += 1;
      for (const row of decision.rows) addMissing(missing, row, order.id_order);
    }
    after = { placedAt: last.date_add, id: last.id_order };
  }
  return {
    ...count,
    missing: [...missing.values()].sort((a, b) => b.orders - a.orders || (a.row < b.row ? -1 : 1)),
    gaps: [...index.values()].flatMap((kind) => findGaps([...kind.slots.values()].flat())),
  };
}

/** The kinds that orders need, and those asked for. No order needs a state: it is not part of what the ERP gets. */
function withKinds(index: EntryIndex, kinds: readonly EntryKind[]): EntryIndex {
  const needed = [...index].filter(([kind]) => kind !== "state" || kinds.includes("state"));
  return new Map([...kinds.map((kind) => [kind, indexEntries(kind, [])] as const), ...needed]);
}

function rulesOf(view: MappingView, shopId: number) {
  const rules = view.rulesOf(shopId);
  const dayIn = (country: string, at: string): string => view.dayIn(country, at, rules.timeZone);
  return [rules, dayIn] as const;
}

function byOrder(lines: readonly TaxedLineRow[]): ReadonlyMap<number, readonly TaxedLineRow[]> {
  const grouped = new Map<number, TaxedLineRow[]>();
  for (const line of lines) {
    const group = grouped.get(line.id_order);
    if (group === undefined) grouped.set(line.id_order, [line]);
    else group.push(line);
  }
  return grouped;
}

function addMissing(missing: Map<string, MissingEntry>, row: string, order: number): void {
  const known = missing.get(row) ?? { row, orders: 0, firstOrder: order, lastOrder: order };
  missing.set(row, {
    row,
    orders: known.orders + 1,
    firstOrder: Math.min(known.firstOrder, order),
    lastOrder: Math.max(known.lastOrder, order),
  });
}
