import type { Database } from "../platform/database.ts";
import { countDiffering } from "./order-check-statements.ts";

/** How many orders differ in each kind; an order that differs in two counts in both. */
export async function countDifferences(db: Database): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const [kinds, orders] of await countDiffering(db)) {
    for (const kind of kinds.split(",")) counts.set(kind, (counts.get(kind) ?? 0) + orders);
  }
  return counts;
}
