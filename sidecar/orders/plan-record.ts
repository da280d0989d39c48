import {
  DecodeError,
  IdentityError,
  MappingMissingError,
  OrderTotalsError,
  type SidecarError,
} from "../domain/errors.ts";
import type { ErpRef, Subject } from "../domain/ids.ts";
import type { CustomerBody, NeutralOrder, OrderBody } from "../domain/order.ts";
import type { MappingDecision } from "./decide-mapping.ts";
import type { DecodedOrder } from "./decode-order.ts";

/** What has to be done so that the ERP (and the shop's status) agree with what the shop says now. */
export type Plan<Body> =
  | { readonly kind: "nothing" }
  | { readonly kind: "hold"; readonly code: HoldCode; readonly waitsFor: Subject | null }
  | { readonly kind: "park"; readonly error: SidecarError; readonly waitsFor: string | null }
  /** `shopState`: the order's state in the shop now, which decides later whether its status is ours to set. */
  | { readonly kind: "create"; readonly body: Body; readonly shopState: number | null }
  | { readonly kind: "amend"; readonly ref: ErpRef; readonly body: Body }
  | { readonly kind: "set_status"; readonly state: number };

/**
 * Why a job waits: the order has no status row yet, its customer is not in the ERP yet, or its amounts contradict each
 * other, as they do while it is being edited.
 */
export type HoldCode = "order-torn" | "waits-for-customer" | "amounts-differ";

/** The back office writes an edit statement by statement: line, taxes, totals. It is given so long to end. */
const EDIT_MS_MAX = 10_000;

/** What we know of a record in the ERP. */
export interface KnownRecord {
  readonly ref: ErpRef;
  /** Undefined for a mapping that people imported. */
  readonly fingerprint: string | undefined;
  /** Hash of the body that the ERP acknowledged last; undefined where we never sent one. */
  readonly bodyHash: string | undefined;
}

/** All that the plan of an order depends on. */
export interface OrderFacts {
  readonly subject: Subject;
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
  readonly status: StatusFacts;
}

/** What decides on the order's status in the shop after its export. */
export interface StatusFacts {
  /** The configured state; undefined leaves the shop's status alone. */
  readonly wanted: number | undefined;
  /** The order's state in the shop. */
  readonly now: number;
  /** Its state when we created it in the ERP; undefined where another created it, or long ago. */
  readonly whenCreated: number | undefined;
  readonly acknowledged: boolean;
}

/** Plans an order. Pure, so replays and events out of order plan the same. */
export function planOrder(facts: OrderFacts, hash: (body: OrderBody) => string): Plan<OrderBody> {
  // A record that the shop no longer has is left in the ERP as it stands; deleting is no business of the export.
  if (facts.presence === "missing") return { kind: "nothing" };
  if (facts.known === undefined && !facts.inScope) return { kind: "nothing" };
  if (facts.presence === "torn" || facts.order === undefined) {
    return { kind: "hold", code: "order-torn", waitsFor: null };
  }
  const stranger = refuseStranger(facts.subject, facts.known, facts.fingerprint);
  if (stranger !== undefined) return stranger;
  if (facts.order.kind === "mismatch") return planMismatch(facts, facts.order.sentence);
  return planWhole(facts, facts.order.order, hash);
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
  const { externalId, fingerprint, customerRef } = facts;
  const body: OrderBody = {
    ...{ externalId, fingerprint, customerRef, itemRefs: itemRefsOf(facts, order) },
    ...(mapped === undefined || Object.keys(mapped.refs).length === 0 ? {} : { refs: mapped.refs }),
    order,
  };
  const plan = planBody(facts.known, body, hash(body), facts.status.now);
  return plan.kind === "nothing" ? planStatus(facts.status) : plan;
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
  if (known.bodyHash === undefined || known.bodyHash === bodyHash) return { kind: "nothing" };
  return { kind: "amend", ref: known.ref, body };
}

/**
 * The status is set once, and only while the order is still in the state in which we created it in the ERP: an order
 * that went on meanwhile, or that another exported, must not be thrown back (and its customer mailed).
 */
function planStatus({ wanted, now, whenCreated, acknowledged }: StatusFacts): Plan<never> {
  if (wanted === undefined || acknowledged || now === wanted || now !== whenCreated)
    return { kind: "nothing" };
  return { kind: "set_status", state: wanted };
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

/** What a parked job waits for, where it lacks a mapping. */
export const mappingKey = (kind: string, shopKey: string): string => `mapping:${kind}:${shopKey}`;

function itemRefsOf(facts: OrderFacts, order: NeutralOrder): Readonly<Record<string, ErpRef>> {
  const keys = new Set(order.lines.map((line) => line.productKey));
  return Object.fromEntries(
    [...keys].flatMap((key) => {
      const ref = facts.itemRefs[key];
      return ref === undefined ? [] : [[key, ref]];
    }),
  );
}
