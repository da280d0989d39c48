import { DecodeError } from "../domain/errors.ts";
import type { ErpRef, ExternalId } from "../domain/ids.ts";
import type { ErpCall, ErpRecord } from "../erp/port.ts";
import type { Claim } from "../queue/statements.ts";
import type { Mapping, MappingKind } from "./mapping-statements.ts";
import type { OperationRow } from "./operation-statements.ts";
import type { ErpPlan, NamedRecord, Plan } from "./plan.ts";

/** What every body has. */
export type RecordBody = NamedRecord;

/** Plans from what was read and from the operations; pure. */
export type Planner = (operations: readonly OperationRow[]) => Plan<RecordBody>;

/** The operations that are carried out in the ERP. */
export type ErpOperation = ErpPlan<never>["kind"];

/** What is known once an operation stands in the ERP; it is committed with the acknowledgement. */
export interface Outcome {
  /** What the sync log calls the record. */
  readonly resource: "order" | "customer" | "payment" | "credit";
  readonly mappings: readonly Mapping[];
  /** The mapping of a record that was taken out of the ERP again. */
  readonly forgotten?: { readonly kind: MappingKind; readonly shopKey: string };
  /** The order that the back office shows the acknowledgement on. */
  readonly confirmedOrder?: number;
}

/** How an operation of one kind is carried out. */
export interface Effect<Body extends RecordBody> {
  /** Finds by its key what it made. Absent where it makes no record of its own: repeating it does no harm then. */
  readonly find?: (externalId: ExternalId, call: ErpCall) => Promise<ErpRecord | undefined>;
  /** `ref`: the record that the plan names; null where this makes one. Returns the record that it was done to. */
  readonly send: (body: Body, ref: ErpRef | null, call: ErpCall) => Promise<ErpRef>;
  readonly hash: (body: Body) => string;
  /** Hash of what does not tell of a person; null where that is not asked for. */
  readonly contentHash: (body: Body) => string | null;
  /** `found`: a look-up proved it, so the body may not be what was executed. */
  readonly outcome: (body: Body, ref: ErpRef, found: boolean) => Outcome;
}

/**
 * A kind of subject that the executor brings to the ERP: orders and customers. The executor knows how an operation is
 * carried out exactly once; this says what there is to do, and how.
 */
export interface RecordKind {
  readonly kind: "order" | "customer";
  /** Reads the shop and what is mapped, and returns what plans the difference to the subject's operations. */
  readonly look: (claim: Claim) => Promise<Planner>;
  readonly effects: Readonly<Partial<Record<ErpOperation, Effect<RecordBody>>>>;
}

/**
 * An effect beside those with other bodies. The body comes from a plan of its kind, or from the stored operation of that
 * kind, so each gets its own.
 */
export const effect = <Body extends RecordBody>(of: Effect<Body>): Effect<RecordBody> =>
  of as unknown as Effect<RecordBody>;

/** The record that a plan of an amendment or the like names. */
export function requireRef(ref: ErpRef | null): ErpRef {
  if (ref === null) throw new DecodeError("an operation on a record of the ERP names none");
  return ref;
}
