import { orderSubject, shopOrderId } from "../domain/ids.ts";
import type { Database } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { markJobs } from "../queue/mark-statements.ts";
import { type BackfillRange, noteRequested, pageBackfill } from "./backfill-statements.ts";

/** Orders of one transaction. */
const BATCH_ORDERS = 500;

/** What a backfill found. */
export interface BackfillCount {
  /** Marked for the export now. */
  readonly asked: number;
  /** In the ERP already, or on their way. */
  readonly known: number;
}

/**
 * Asks for the orders of a range, history included. Orders that stand in the ERP or were asked for before are left
 * alone, so a repeated call changes nothing. `onProgress` hears of each batch.
 */
export async function backfill(
  db: Database,
  range: BackfillRange,
  exportAfterOrder: number,
  onProgress: (count: BackfillCount) => void,
): Promise<BackfillCount> {
  let count: BackfillCount = { asked: 0, known: 0 };
  let afterId = 0;
  for (;;) {
    const page = await pageBackfill(db, range, afterId, BATCH_ORDERS);
    const last = page.at(-1);
    if (last === undefined) return count;
    const fresh = page.filter(
      (order) => !order.mapped && !order.requested && !(order.hasJob && order.id > exportAfterOrder),
    );
    const subjects = fresh.map((order) => orderSubject(shopOrderId(order.id)));
    if (subjects.length > 0) {
      await inTransaction(db, async (tx) => {
        await markJobs(
          tx,
          subjects.map((subject) => ({ subject, when: "now", traceparent: null, isBackfill: true }) as const),
        );
        await noteRequested(tx, subjects);
      });
    }
    count = { asked: count.asked + fresh.length, known: count.known + page.length - fresh.length };
    onProgress(count);
    afterId = last.id;
  }
}
