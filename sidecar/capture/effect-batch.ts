import type { ShopOrderId } from "../domain/ids.ts";
import { type Mark, urgentOf } from "../domain/job.ts";
import type { StockFact } from "../domain/stock.ts";
import type { BinlogTransaction } from "./binlog-tail.ts";
import { type Effects, isOwnCheckpoint } from "./decide-effects.ts";
import type { BinlogPoint } from "./decide-resume.ts";

/**
 * The effects of several binlog transactions that become one commit: a checkout writes a dozen transactions, and all
 * of them concern one job. Nothing is lost if the process dies, because the checkpoint is part of that commit.
 */
export class EffectBatch {
  /** One mark a subject, the most urgent. */
  readonly marks = new Map<string, Mark>();
  readonly references = new Set<string>();
  readonly unannounced: ShopOrderId[] = [];
  /** One entry a transaction with facts of the stock ledger, in commit order. */
  readonly stock: { readonly committedAtMs: number; readonly facts: readonly StockFact[] }[] = [];
  /** The place behind the last transaction. */
  point: BinlogPoint | undefined;
  /** True once a transaction came that is not our own checkpoint, so that writing one is worth it. */
  hasMoved = false;
  /** True when a job is due now, so that the commit must not wait for company. */
  isUrgent = false;
  /** When the first effect came, on the monotonic clock; undefined while there is none. */
  sinceMs: number | undefined;
  /** When the first stock fact came; the ledger is told sooner than a job that is not due. */
  stockSinceMs: number | undefined;
  #stockFacts = 0;

  /** Subjects, references and facts that wait; what memory is bounded by. */
  get size(): number {
    return this.marks.size + this.references.size + this.#stockFacts;
  }

  add(transaction: BinlogTransaction, effects: Effects, monotonicMs: number): void {
    this.point = transaction.at;
    if (!isOwnCheckpoint(transaction.changes)) this.hasMoved = true;
    for (const mark of effects.marks) {
      this.marks.set(mark.subject, urgentOf(this.marks.get(mark.subject), mark));
      if (mark.when === "now") this.isUrgent = true;
    }
    for (const reference of effects.orderReferences) this.references.add(reference);
    for (const orderId of effects.unannounced) this.unannounced.push(orderId);
    if (effects.stockFacts.length > 0) {
      this.stock.push({ committedAtMs: transaction.committedAtMs, facts: effects.stockFacts });
      this.#stockFacts += effects.stockFacts.length;
      this.stockSinceMs ??= monotonicMs;
    }
    if (this.size > 0) this.sinceMs ??= monotonicMs;
  }
}
