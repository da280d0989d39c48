import type { OperationRow } from "./operation-statements.ts";

/**
 * Whether an order has to be taken out of the ERP again, from its operations, the newest first: its first payment was
 * refused for certain right after it was created, or a withdrawal was begun and its answer stayed away. An order that
 * has lived on (a payment stands, it was amended) stays, and its later payment parks.
 */
export function mustWithdraw(operations: readonly OperationRow[]): boolean {
  const [last] = operations;
  if (last === undefined || last.state === "acknowledged") return false;
  if (last.kind === "withdraw") return last.state === "open" || last.ambiguous;
  const before = operations.find(({ state }) => state === "acknowledged");
  return last.kind === "pay" && last.state === "refused" && !last.ambiguous && before?.kind === "create";
}
