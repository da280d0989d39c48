import type { OperationRow } from "./operation-statements.ts";

/**
 * Whether an order has to be taken out of the ERP again, from its operations, the newest first: it was created together
 * with its payments and the first of them was refused for certain, or a withdrawal was begun and its answer stayed away. An
 * order that was created unpaid, or has lived on (a payment stands, it was amended), stays, and its payment parks.
 */
export function mustWithdraw(operations: readonly OperationRow[]): boolean {
  const [last] = operations;
  if (last === undefined || last.state === "acknowledged") return false;
  if (last.kind === "withdraw") return last.state === "open";
  if (last.kind !== "pay" || last.state !== "refused" || last.ambiguous) return false;
  const before = operations.find(({ state }) => state === "acknowledged");
  return before?.kind === "create" && before.money?.paymentsDue === true;
}
