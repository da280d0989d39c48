import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import {
  type AdapterTools,
  type ErpCall,
  ErpDuplicateError,
  ErpFailedError,
  type ErpPort,
  type ErpRecord,
  ErpRejectedError,
} from "../port.ts";
import { decodeLocation, decodeRecord } from "./decode-answer.ts";
import { decodeOrderTotals } from "./decode-order-totals.ts";
import { encodeCustomerAmendment, encodeCustomerCreation } from "./encode-customer.ts";
import { encodeOrderAmendment, encodeOrderCreation, replacedSublists } from "./encode-order.ts";
import { type Ask, type Budget, createAsk, doneOrThrow, startBudget } from "./exchange.ts";
import { readStock } from "./read-stock.ts";
import { type NetSuiteSettings, settings } from "./settings.ts";

export { settings };

type RecordType = "salesOrder" | "customer";

const RECORDS = "/services/rest/record/v1";

/** NetSuite by its REST record service; facts and open questions are in this folder's README. */
export function open(config: NetSuiteSettings, tools: AdapterTools): ErpPort {
  const ask = createAsk(config, tools);
  const budget = (): Budget => startBudget(tools.clock, config.timeoutMs);
  const fields = { salesOrder: config.fingerprintField, customer: config.customerFingerprintField };
  const find = (type: RecordType, externalId: ExternalId, call: ErpCall): Promise<ErpRecord | undefined> =>
    findRecord(ask, { type, externalId, field: fields[type] }, call, budget());
  const create = (type: RecordType, externalId: ExternalId, body: unknown, call: ErpCall): Promise<ErpRef> =>
    createRecord(ask, { type, externalId, field: fields[type] }, body, call, budget());
  return {
    name: "netsuite",
    capabilities: {
      uniqueKey: true,
      stockCountsOrders: countsOrders(config),
      payments: false,
      paymentsWithOrder: false,
      credits: false,
      stockPartitions: Object.keys(config.stockPartitions),
    },
    probe: (call) => probe(ask, call, budget()),
    findCustomer: (externalId, call) => find("customer", externalId, call),
    createCustomer: async (body, call) =>
      create("customer", body.externalId, encodeCustomerCreation(body, config), call),
    amendCustomer: async (ref, body, call) =>
      amendRecord(ask, `customer/${ref}`, encodeCustomerAmendment(body, config), call, budget()),
    findOrder: (externalId, call) => find("salesOrder", externalId, call),
    createOrder: async (body, _payments, call) =>
      create("salesOrder", body.externalId, encodeOrderCreation(body, config), call),
    // Without `replace` NetSuite would add the lines to those that are there (Oracle section_1545295601).
    amendOrder: async (ref, body, call) =>
      amendRecord(
        ask,
        `salesOrder/${ref}?replace=${replacedSublists(config)}`,
        encodeOrderAmendment(body, config),
        call,
        budget(),
      ),
    cancelOrder: () => notCarried("cancellations"),
    withdrawOrder: () => notCarried("withdrawals"),
    findPayment: () => notCarried("payments"),
    createPayment: () => notCarried("payments"),
    findCredit: () => notCarried("credits"),
    createCredit: () => notCarried("credits"),
    readProgress: () => notCarried("the progress of orders"),
    readOrder: async ({ ref, currency }, call) => {
      const path = `${RECORDS}/salesOrder/${ref}?expandSubResources=true`;
      const verdict = await ask({ method: "GET", path }, call, budget());
      if (verdict.kind === "absent") return undefined;
      return decodeOrderTotals(doneOrThrow(verdict), currency, config);
    },
    readStock: (query, call) =>
      readStock(ask, { settings: config, clock: tools.clock, budget: budget() }, query, call),
    close: () => Promise.resolve(),
  };
}

const notCarried = (what: string): Promise<never> =>
  Promise.reject(new ErpRejectedError(`${what} are not carried to NetSuite`));

/**
 * An approved order is committed at its location when it is saved, and `quantityavailable` is what is on hand less what
 * is committed. Pending approval nothing is committed, and an order whose location we do not choose may be committed at
 * one that is not summed.
 */
function countsOrders(config: NetSuiteSettings): boolean {
  const { locationId, stockLocations } = config;
  if (!config.stockCommitsAtEntry || config.orderStatus !== "B" || locationId === undefined) return false;
  return stockLocations.length === 0 || stockLocations.includes(locationId);
}

interface Target {
  readonly type: RecordType;
  readonly externalId: ExternalId;
  /** The field that carries the fingerprint. */
  readonly field: string;
}

/**
 * Looks up an order that is not there. It takes the same login, pool, service and permission as the work itself, and
 * costs NetSuite one read of an index.
 */
async function probe(ask: Ask, call: ErpCall, budget: Budget): Promise<void> {
  const verdict = await ask({ method: "GET", path: `${RECORDS}/salesOrder/eid:erpsync-probe` }, call, budget);
  if (verdict.kind !== "absent") doneOrThrow(verdict);
}

async function findRecord(
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
async function createRecord(
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

async function amendRecord(
  ask: Ask,
  path: string,
  body: unknown,
  call: ErpCall,
  budget: Budget,
): Promise<void> {
  doneOrThrow(await ask({ method: "PATCH", path: `${RECORDS}/${path}`, body }, call, budget));
}
