import type { ShopOrderId } from "../domain/ids.ts";
import { type Mark, urgentOf } from "../domain/job.ts";
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
  /** The place behind the last transaction. */
  point: BinlogPoint | undefined;
  /** True once a transaction came that is not our own checkpoint, so that writing one is worth it. */
  hasMoved = false;
  /** True when a job is due now, so that the commit must not wait for company. */
  isUrgent = false;
  /** When the first effect came, on the monotonic clock; undefined while there is none. */
  sinceMs: number | undefined;

  /** Subjects and references that wait; what memory is bounded by. */
  get size(): number {
    return this.marks.size + this.references.size;
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
    if (this.size > 0) this.sinceMs ??= monotonicMs;
  }
}
