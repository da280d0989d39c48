import { deflateRawSync } from "node:zlib";
import { sha256 } from "../domain/fingerprint.ts";
import type { OperationKey, Subject } from "../domain/ids.ts";
import type { ErpExchange } from "../erp/port.ts";
import { type Database, utcNow } from "../platform/database.ts";

/** One exchange with the ERP or the shop's endpoint, as it is recorded. */
export interface Attempt {
  readonly subject: Subject;
  readonly key: OperationKey | null;
  readonly direction: "to_erp" | "to_shop";
  readonly purpose: "look_up" | "command" | "create" | "amend" | "pay" | "credit" | "cancel" | "withdraw";
  /** `ok`, or the code of the error that it ended in. */
  readonly outcome: string;
  readonly message: string | null;
  readonly exchange: ErpExchange;
  /** `host:pid` of the worker. */
  readonly actor: string;
}

/** Characters of a message that are kept; the whole answer is beside it. */
const MESSAGE_LENGTH_MAX = 4_000;

/**
 * Records attempts. Bodies are deflated; their hashes stay when the bodies are pruned after 90 days.
 * Locks: none but the new rows.
 * Reads: nothing.
 */
export async function insertAttempts(db: Database, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return;
  await db
    .insertInto("erpsync_attempt")
    .values(
      attempts.map(({ exchange, ...attempt }) => ({
        subject: attempt.subject,
        op_key: attempt.key,
        direction: attempt.direction,
        purpose: attempt.purpose,
        outcome: attempt.outcome,
        message: attempt.message?.slice(0, MESSAGE_LENGTH_MAX) ?? null,
        method: exchange.method,
        path: exchange.path.slice(0, 512),
        status: exchange.status,
        request: deflateRawSync(exchange.request),
        request_hash: sha256(exchange.request),
        answer: deflateRawSync(exchange.answer),
        answer_hash: sha256(exchange.answer),
        took_ms: Math.round(exchange.tookMs),
        actor: attempt.actor,
        ended_at: utcNow,
      })),
    )
    .execute();
}
