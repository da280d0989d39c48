import { IdentityError, OrderAnonymisedError } from "../domain/errors.ts";
import type { Subject } from "../domain/ids.ts";
import type { CustomerBody, NeutralOrder, OrderBody } from "../domain/order.ts";
import type { DecodedOrder } from "./decode-order.ts";
import type { OperationRow } from "./operation-statements.ts";
import type { Plan } from "./plan.ts";

/** What the ERP has of an order, as far as its operations tell it without its person. */
export interface SentContent {
  /** `erpsync gdpr erase` took the person out of what we kept. */
  readonly isErased: boolean;
  /** Undefined where that is not certain. */
  readonly contentHash: string | undefined;
}

/** Reads the operations of an order, the newest first; undefined where we never brought it to the ERP. */
export function sentContent(operations: readonly OperationRow[]): SentContent | undefined {
  const bodies = operations.filter(({ kind }) => kind === "create" || kind === "amend");
  const sent = bodies.find((operation) => operation.state === "acknowledged");
  if (sent === undefined) return undefined;
  const [last] = bodies;
  const isUnsure = last !== undefined && last !== sent && (last.state === "open" || last.ambiguous);
  return {
    isErased: operations.some((operation) => operation.erased),
    contentHash: isUnsure ? undefined : (sent.contentHash ?? undefined),
  };
}

/** What decides on an edit of an order whose person may be gone. */
export interface AnonymisedFacts {
  readonly subject: Subject;
  /** Whether the ERP has the order. */
  readonly isExported: boolean;
  /** The shop gave it to psgdpr's anonymous customer. */
  readonly isAnonymous: boolean;
  readonly order: DecodedOrder | undefined;
}

/**
 * The plan of an order with what an erasure must not do left out. An order that lost its person stays in the ERP as it
 * is: its customer and its addresses there are not ours to overwrite with nobody's. Any other edit of it cannot be sent
 * either, since who bought it, and with which taxes, is known no more: a person makes it in the ERP.
 * An order that is not in the ERP yet goes there as the shop has it: no sale is left out. One that still names a deleted
 * account, as psgdpr 1.4 leaves it, is planned as ever: its addresses are there, and the ERP's customer is known.
 * `hash`: of what an order says without its person.
 */
export function withoutAnonymised(
  plan: Plan<OrderBody>,
  { isAnonymous, isExported, order, subject }: AnonymisedFacts,
  sent: SentContent | undefined,
  hash: (order: NeutralOrder) => string,
): Plan<OrderBody> {
  const isLost = isAnonymous || sent?.isErased === true;
  if (!isLost || !isExported || !isEdit(plan) || order?.kind !== "agreed") return plan;
  // What we never sent is the ERP's own.
  if (sent === undefined || sent.contentHash === hash(order.order)) return { kind: "nothing" };
  return refuseEdit(subject, isAnonymous);
}

function refuseEdit(subject: Subject, isAnonymous: boolean): Plan<never> {
  const why = isAnonymous
    ? `The shop gave ${subject} to its anonymous customer.`
    : `The customer of ${subject} was erased on request.`;
  const error = new OrderAnonymisedError(
    `${why} The order was edited since. Who bought it is known no more, so the edit cannot be sent: make it in the ERP by hand`,
  );
  return { kind: "park", error, waitsFor: null };
}

function isEdit(plan: Plan<unknown>): boolean {
  if (plan.kind === "park") return !(plan.error instanceof IdentityError);
  return plan.kind === "amend" || plan.kind === "hold";
}

/** The plan of a customer, without edits of one who is nobody (any more). */
export function withoutErased(
  plan: Plan<CustomerBody>,
  isAnonymous: boolean,
  operations: readonly OperationRow[],
): Plan<CustomerBody> {
  const isErased = isAnonymous || operations.some((operation) => operation.erased);
  return plan.kind === "amend" && isErased ? { kind: "nothing" } : plan;
}
