import type { Tx } from "../platform/database.ts";
import { utcNow } from "../platform/database.ts";

/** Something that a person did, and why. */
export interface Action {
  readonly actor: string;
  readonly action: string;
  /** The subject, or what stands for many: `orders since 2026-11-01`. At most 96 ASCII characters. */
  readonly subject: string;
  readonly reason: string;
}

/** Actions of one INSERT. */
const BATCH = 500;

/**
 * Records what people did, in the transaction of what they did.
 * Locks: none but the new rows.
 * Reads: nothing.
 */
export async function insertActions(tx: Tx, actions: readonly Action[]): Promise<void> {
  for (let from = 0; from < actions.length; from += BATCH) {
    const rows = actions.slice(from, from + BATCH).map((action) => ({
      at: utcNow,
      actor: action.actor.slice(0, 96),
      action: action.action,
      subject: action.subject.slice(0, 96),
      reason: action.reason,
    }));
    await tx.insertInto("erpsync_action").values(rows).execute();
  }
}
