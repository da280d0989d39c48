import type { ErpRef, ExternalId } from "../domain/ids.ts";
import type { ErpCall, ErpRecord } from "../erp/port.ts";
import type { Claim } from "../queue/statements.ts";
import type { Mapping, MappingKind } from "./mapping-statements.ts";
import type { OperationRow } from "./operation-statements.ts";
import type { Plan } from "./plan-record.ts";

/** What every body has. */
export interface RecordBody {
  readonly externalId: ExternalId;
  readonly fingerprint: string;
}

/** Plans from what was read and from the operations; pure. */
export type Planner<Body> = (operations: readonly OperationRow[]) => Plan<Body>;

/**
 * A kind of record that the executor brings to the ERP: orders and customers. The executor knows how an operation is
 * carried out exactly once; this says what the record is.
 */
export interface RecordKind<Body extends RecordBody> {
  readonly kind: Exclude<MappingKind, "product">;
  /** Reads the shop and what is mapped, and returns what plans the difference to the subject's operations. */
  readonly look: (claim: Claim) => Promise<Planner<Body>>;
  readonly hash: (body: Body) => string;
  /** Hash of what does not tell of a person; null for a record that is nothing but a person. */
  readonly contentHash: (body: Body) => string | null;
  readonly find: (externalId: ExternalId, call: ErpCall) => Promise<ErpRecord | undefined>;
  readonly create: (body: Body, call: ErpCall) => Promise<ErpRef>;
  readonly amend: (ref: ErpRef, body: Body, call: ErpCall) => Promise<void>;
  /** The mapping that an acknowledgement writes. */
  readonly mapping: (body: Body, ref: ErpRef) => Mapping;
  /** The order that the back office shows the acknowledgement on; undefined for other records. */
  readonly confirmedOrder: (body: Body) => number | undefined;
}
