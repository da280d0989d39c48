import { DecodeError, IdentityError, MappingMissingError, OrderTotalsError } from "../domain/errors.ts";
import type { ErpRef, ShopOrderId, Subject } from "../domain/ids.ts";
import { mappingKey } from "../domain/job.ts";
import type { CustomerBody, NeutralOrder, OrderBody } from "../domain/order.ts";
import type { MappingDecision } from "./decide-mapping.ts";
import type { DecodedOrder } from "./decode-order.ts";
import type { NamedOrder, Plan } from "./plan.ts";
import { refuseClosed } from "./plan-life.ts";

/** The back office writes an edit statement by statement: line, taxes, totals. It is given so long to end. */
const EDIT_MS_MAX = 10_000;

/** What we know of a record in the ERP. */
export interface KnownRecord {
  readonly ref: ErpRef;
  /** Undefined for a mapping that people imported. */
  readonly fingerprint: string | undefined;
  /** Hash of the body that the ERP acknowledged last; undefined where we never sent one. */
  readonly bodyHash: string | undefined;
  /** We called it off, and nothing opened it since. */
  readonly isCancelled: boolean;
}

/** All that the plan of an order depends on. */
export interface OrderFacts {
  readonly subject: Subject;
  readonly orderId: ShopOrderId;
  /** `missing`: deleted in the shop. `torn`: no status or no history row, and nobody released it. */
  readonly presence: "missing" | "torn" | "whole";
  /** False for orders older than the start of the export that nobody asked for. */
  readonly inScope: boolean;
  readonly fingerprint: string;
  readonly known: KnownRecord | undefined;
  readonly customerSubject: Subject;
  readonly customerRef: ErpRef | undefined;
  /** False where the shop no longer has the customer's row. */
  readonly customerExists: boolean;
  readonly itemRefs: Readonly<Record<string, ErpRef>>;
  /** What people mapped by pattern, where the order's amounts agree. */
  readonly mapped: MappingDecision | undefined;
  /** The order, where it is whole. */
  readonly order: DecodedOrder | undefined;
  /** How long the job has been held. */
  readonly heldMs: number;
  readonly externalId: OrderBody["externalId"];
  /** The order's state in the shop, and whether it calls the order off. */
  readonly shopState: number;
  readonly isCalledOff: boolean;
  /** Nobody has paid it, and orders are to wait for that. */
  readonly waitsForPayment: boolean;
  /** Last day of the last closed accounting period, `YYYY-MM-DD`; undefined where none was configured. */
  readonly booksClosedUntil: string | undefined;
}

/** Plans the order's own record in the ERP. Pure, so replays and events out of order plan the same. */
export function planOrder(facts: OrderFacts, hash: (body: OrderBody) => string): Plan<OrderBody> {
  const plan = planOpen(facts, hash);
  if (plan.kind !== "create" && plan.kind !== "amend" && plan.kind !== "cancel") return plan;
  const day = facts.order?.kind === "agreed" ? facts.order.order.placedAtShopTime.slice(0, 10) : undefined;
  return (day === undefined ? undefined : refuseClosed(facts, "The order", day)) ?? plan;
}

/** The same where no period is closed. */
function planOpen(facts: OrderFacts, hash: (body: OrderBody) => string): Plan<OrderBody> {
  // A record that the shop no longer has is left in the ERP as it stands; deleting is no business of the export.
  if (facts.presence === "missing") return { kind: "nothing" };
  if (facts.known === undefined && !facts.inScope) return { kind: "nothing" };
  if (facts.presence === "torn" || facts.order === undefined) {
    return { kind: "hold", code: "order-torn", waitsFor: null };
  }
  const stranger = refuseStranger(facts.subject, facts.known, facts.fingerprint);
  if (stranger !== undefined) return stranger;
  const off = planCalledOff(facts);
  if (off !== undefined) return off;
  if (facts.order.kind === "mismatch") return planMismatch(facts, facts.order.sentence);
  return planWhole(facts, facts.order.order, hash);
}

/** An order that is called off is not amended any more. One that the ERP does not have yet goes there first. */
function planCalledOff({
  externalId,
  fingerprint,
  isCalledOff,
  known,
  orderId,
}: OrderFacts): Plan<never> | undefined {
  if (!isCalledOff || known?.bodyHash === undefined) return undefined;
  const body: NamedOrder = { externalId, fingerprint, orderId };
  return known.isCancelled ? { kind: "nothing" } : { kind: "cancel", ref: known.ref, body };
}

/** Plans an order that the shop has whole, and whose amounts agree. */
function planWhole(
  facts: OrderFacts,
  order: NeutralOrder,
  hash: (body: OrderBody) => string,
): Plan<OrderBody> {
  const missing = planMissingMapping(facts, order);
  if (missing !== undefined) return missing;
  const { mapped } = facts;
  if (mapped?.kind === "missing") return { kind: "park", error: mapped.error, waitsFor: mapped.waitsFor };
  if (facts.customerRef === undefined) return planMissingCustomer(facts, order);
  if (facts.known === undefined && facts.waitsForPayment) {
    return { kind: "hold", code: "unpaid", waitsFor: null };
  }
  const { externalId, fingerprint, customerRef } = facts;
  const body: OrderBody = {
    ...{ externalId, fingerprint, customerRef, itemRefs: itemRefsOf(facts, order) },
    ...(mapped === undefined || Object.keys(mapped.refs).length === 0 ? {} : { refs: mapped.refs }),
    order,
  };
  return planBody(facts.known, body, hash(body), facts.shopState);
}

/** Neither a creation nor an amendment: what the shop itself cannot add up, the ERP must not be told. */
function planMismatch({ subject, heldMs }: OrderFacts, sentence: string): Plan<never> {
  if (heldMs < EDIT_MS_MAX) return { kind: "hold", code: "amounts-differ", waitsFor: null };
  const error = new OrderTotalsError(`The amounts of ${subject} contradict each other. ${sentence}`);
  return { kind: "park", error, waitsFor: null };
}

/** An order waits for its customer, unless the shop has deleted the customer: then only a person can help. */
function planMissingCustomer(facts: OrderFacts, order: NeutralOrder): Plan<never> {
  if (facts.customerExists)
    return { kind: "hold", code: "waits-for-customer", waitsFor: facts.customerSubject };
  const id = String(order.customerId);
  const error = new MappingMissingError(
    `The shop has deleted customer ${id} of this order. Add the mapping row: customer,${id}`,
  );
  return { kind: "park", error, waitsFor: mappingKey("customer", id) };
}

/** Plans a customer. */
export function planCustomer(
  subject: Subject,
  body: CustomerBody | undefined,
  known: KnownRecord | undefined,
  hash: (body: CustomerBody) => string,
): Plan<CustomerBody> {
  if (body === undefined) return planDeletedCustomer(subject, known);
  return refuseStranger(subject, known, body.fingerprint) ?? planBody(known, body, hash(body), null);
}

function planDeletedCustomer(subject: Subject, known: KnownRecord | undefined): Plan<never> {
  if (known !== undefined) return { kind: "nothing" };
  return { kind: "park", error: new DecodeError(`The shop has deleted ${subject}`), waitsFor: null };
}

/** An id that came back (restore, cleared shop): the record in the ERP is not this one, so nothing is written. */
function refuseStranger(
  subject: Subject,
  known: KnownRecord | undefined,
  fingerprint: string,
): Extract<Plan<never>, { kind: "park" }> | undefined {
  if (known?.fingerprint === undefined || known.fingerprint === fingerprint) return undefined;
  const error = new IdentityError(
    `${subject} is not the one that the ERP knows as ${known.ref}: the shop was restored or cleared. Run "erpsync adopt --restored"`,
  );
  return { kind: "park", error, waitsFor: null };
}

function planBody<Body>(
  known: KnownRecord | undefined,
  body: Body,
  bodyHash: string,
  shopState: number | null,
): Plan<Body> {
  if (known === undefined) return { kind: "create", body, shopState };
  // A mapping that people imported names a record that the ERP owns: it is used, and never amended.
  if (known.bodyHash === undefined) return { kind: "nothing" };
  // What was called off is opened again by its content.
  if (known.bodyHash === bodyHash && !known.isCancelled) return { kind: "nothing" };
  return { kind: "amend", ref: known.ref, body };
}

function planMissingMapping(
  facts: OrderFacts,
  order: NeutralOrder,
): Extract<Plan<never>, { kind: "park" }> | undefined {
  const missing = order.lines.filter((line) => facts.itemRefs[line.productKey] === undefined);
  const [first] = missing;
  if (first === undefined) return undefined;
  const rows = missing.map((line) => `product,${line.productKey} (SKU "${line.sku}")`).join("; ");
  return {
    kind: "park",
    error: new MappingMissingError(`The ERP item is not known. Add the mapping row: ${rows}`),
    waitsFor: mappingKey("product", first.productKey),
  };
}

function itemRefsOf(facts: OrderFacts, order: NeutralOrder): Readonly<Record<string, ErpRef>> {
  const keys = new Set(order.lines.map((line) => line.productKey));
  return Object.fromEntries(
    [...keys].flatMap((key) => {
      const ref = facts.itemRefs[key];
      return ref === undefined ? [] : [[key, ref]];
    }),
  );
}
