import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import { type ErpCall, ErpDuplicateError, ErpFailedError, type ErpRecord } from "../port.ts";
import { decodeLocation, decodeRecord } from "./decode-answer.ts";
import { type Ask, type Budget, doneOrThrow } from "./exchange.ts";

/** Where NetSuite's records are. */
export const RECORDS = "/services/rest/record/v1";

/** Types of records that we make. */
export type RecordType = "salesOrder" | "customer" | "customerDeposit" | "creditMemo";

/** A record by its key. */
export interface Target {
  readonly type: RecordType;
  readonly externalId: ExternalId;
  /** The field that carries the fingerprint. */
  readonly field: string;
}

/** The record with that key, or undefined where there is none. */
export async function findRecord(
  ask: Ask,
  target: Target,
  call: ErpCall,
  budget: Budget,
): Promise<ErpRecord | undefined> {
  const path = `${RECORDS}/${target.type}/eid:${target.externalId}`;
  const verdict = await ask({ method: "GET", path }, call, budget);
  if (verdict.kind === "absent") return undefined;
  const record = decodeRecord(doneOrThrow(verdict), target.externalId, target.field);
  // Neither there nor absent: to call it absent would make a second record.
  if (record === undefined)
    throw new ErpFailedError(`NetSuite's answer is not the record ${target.externalId}`);
  return record;
}

/**
 * POST with the external id, never PUT: an upsert repeated adds its lines again (Oracle section_1545295601).
 * @throws ErpDuplicateError where the record exists, confirmed by a lookup.
 */
export async function createRecord(
  ask: Ask,
  target: Target,
  body: unknown,
  call: ErpCall,
  budget: Budget,
): Promise<ErpRef> {
  const verdict = await ask({ method: "POST", path: `${RECORDS}/${target.type}`, body }, call, budget);
  if (verdict.kind === "rejected" && verdict.mayBeDuplicate) {
    const existing = await findRecord(ask, target, call, budget);
    if (existing === undefined) throw verdict.error;
    throw new ErpDuplicateError(`${target.type} ${target.externalId} exists as ${existing.ref}`);
  }
  const ref = decodeLocation(doneOrThrow(verdict));
  if (ref === undefined) throw new ErpFailedError(`NetSuite did not say where ${target.externalId} is`);
  return ref;
}

/** Changes a record; `path` is its address below the records. */
export async function amendRecord(
  ask: Ask,
  path: string,
  body: unknown,
  call: ErpCall,
  budget: Budget,
): Promise<void> {
  doneOrThrow(await ask({ method: "PATCH", path: `${RECORDS}/${path}`, body }, call, budget));
}

/** Takes a record out of NetSuite; one that is gone is no error. */
export async function removeRecord(ask: Ask, path: string, call: ErpCall, budget: Budget): Promise<void> {
  const verdict = await ask({ method: "DELETE", path: `${RECORDS}/${path}` }, call, budget);
  if (verdict.kind !== "absent") doneOrThrow(verdict);
}
