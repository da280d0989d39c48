import { orderFingerprint } from "../domain/fingerprint.ts";
import type { Database } from "../platform/database.ts";
import type { Remembered, ShopNow } from "./decide-identity.ts";
import { readNextOrderId, readOrderMark, readServerUuid, type ShopMarks } from "./statements.ts";

/** Reads what `decideIdentity` compares with what is remembered. `ordersTable` is the full name, with prefix. */
export async function readShopNow(
  db: Database,
  ordersTable: string,
  marks: ShopMarks,
  file: Remembered | undefined,
): Promise<ShopNow> {
  const high = file?.orderHighWater ?? 0;
  return {
    ...marks,
    server: await readServerUuid(db),
    nextOrderId: marks.orderMax < high ? await readNextOrderId(db, ordersTable) : undefined,
    fingerprintAtHighWater: await readOrderFingerprint(db, high),
  };
}

/** Fingerprint of an order; undefined where the order is gone, or there is none. */
export async function readOrderFingerprint(db: Database, id: number): Promise<string | undefined> {
  const mark = id === 0 ? undefined : await readOrderMark(db, id);
  return mark === undefined ? undefined : orderFingerprint(mark);
}
