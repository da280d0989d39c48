import type { ExternalId } from "../../domain/ids.ts";
import { checkedKey } from "./encode-progress.ts";

/**
 * The SuiteQL for the deposits and credit memos of an order, by the keys that we gave them. To LIKE `_` is any sign, so
 * it may find those of another order too: the decoder looks at each key again.
 * @throws DecodeError where the key has a sign that a key cannot have.
 */
export function encodeMoneyQuery(order: ExternalId): string {
  const key = checkedKey(order);
  return (
    "SELECT externalid, foreigntotal FROM transaction WHERE type IN ('CustDep', 'CustCred') " +
    `AND (externalid LIKE '${key}-PAY-%' OR externalid LIKE '${key}-CR-%') ORDER BY id`
  );
}
