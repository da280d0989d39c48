import { randomBytes, randomUUID } from "node:crypto";
import type { PhpProcess } from "./php-process.ts";
import { SHOP_ID } from "./seed.ts";

export type ChangeCause = "line" | "payment" | "carrier" | "address" | "slip";

/** An outbox row as the module writes it, as a statement for the shop's own connection. */
export function eventStatement(
  php: PhpProcess,
  type: string,
  subject: string,
  payload: object | null,
): [sql: string, values: unknown[]] {
  return [
    `INSERT INTO ?? (event_id, type, version, subject, id_shop, occurred_at, traceparent, payload)
     VALUES (?, ?, 1, ?, ?, UTC_TIMESTAMP(6), ?, ?)`,
    [
      php.name("erpsync_outbox"),
      randomUUID(),
      type,
      subject,
      SHOP_ID,
      `00-${php.traceId}-${randomBytes(8).toString("hex")}-01`,
      payload === null ? null : JSON.stringify(payload),
    ],
  ];
}

export async function announce(
  php: PhpProcess,
  type: string,
  subject: string,
  payload: object | null,
): Promise<void> {
  await php.query(...eventStatement(php, type, subject, payload));
}

export async function announceOrderChanged(
  php: PhpProcess,
  orderId: number,
  cause: ChangeCause,
): Promise<void> {
  await announce(php, "order.changed", `order:${orderId}`, { cause });
}

export async function announceStockMoved(
  php: PhpProcess,
  row: { readonly productId: number; readonly attributeId: number },
  moved: { readonly delta: number | null; readonly after: number; readonly writer: string },
): Promise<void> {
  await announce(php, "stock.moved", `stock:${row.productId}:${row.attributeId}:${SHOP_ID}`, moved);
}
