import type { ErpRef, ExternalId, ShopOrderId } from "../domain/ids.ts";
import type { ErpProgress } from "../domain/progress.ts";
import { encodeProgress, type ProgressRow } from "./encode-progress.ts";

/** An order of ours by its key in the ERP. */
export interface KnownOrder {
  readonly orderId: ShopOrderId;
  readonly externalId: ExternalId;
  /** Its record in the ERP; undefined while its creation waits for an answer, as then nobody knows it yet. */
  readonly ref: ErpRef | undefined;
}

/** What a page comes to. */
export interface PageVerdict {
  /** Rows to write, by rising order; their orders are to be looked at. */
  readonly changed: readonly ProgressRow[];
  /** Orders that are not ours: another shop's, another epoch's, or a record that people made with a key like ours. */
  readonly unknown: number;
}

/** The orders of ours on a page, each as the ERP said last: the later of two words on one order counts. */
export function ordersOnPage(
  page: readonly ErpProgress[],
  known: readonly KnownOrder[],
): ReadonlyMap<ShopOrderId, ErpProgress> {
  const byExternalId = new Map(known.map((order) => [order.externalId, order]));
  const found = new Map<ShopOrderId, ErpProgress>();
  for (const progress of page) {
    const order = byExternalId.get(progress.orderExternalId);
    if (order === undefined || (order.ref !== undefined && order.ref !== progress.orderRef)) continue;
    found.set(order.orderId, progress);
  }
  return found;
}

/**
 * Decides what of a page is new. Readings overlap, so most of it usually is not.
 * @param hashes content hashes on record, by order.
 */
export function decideProgressPage(
  page: readonly ErpProgress[],
  known: readonly KnownOrder[],
  hashes: ReadonlyMap<ShopOrderId, string>,
): PageVerdict {
  const found = ordersOnPage(page, known);
  const changed = [...found]
    .map(([orderId, progress]) => encodeProgress(orderId, progress))
    .filter((row) => hashes.get(row.id_order) !== row.content_hash)
    .sort((a, b) => a.id_order - b.id_order);
  const ours = new Set([...found.values()].map(({ orderExternalId }) => orderExternalId));
  const named = new Set(page.map(({ orderExternalId }) => orderExternalId));
  return { changed, unknown: named.size - ours.size };
}
