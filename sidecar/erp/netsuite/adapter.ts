import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import { type AdapterTools, type ErpCall, type ErpPort, type ErpRecord, ErpRejectedError } from "../port.ts";
import { encodeCredit } from "./encode-credit.ts";
import { encodeCustomerAmendment, encodeCustomerCreation } from "./encode-customer.ts";
import { encodeDeposit } from "./encode-deposit.ts";
import { encodeOrderCreation } from "./encode-order.ts";
import { type Ask, type Budget, createAsk, doneOrThrow, startBudget } from "./exchange.ts";
import { amendOrder, cancelOrder, readOrder } from "./orders.ts";
import { createQuery } from "./query.ts";
import { readProgress } from "./read-progress.ts";
import { readStock } from "./read-stock.ts";
import { amendRecord, createRecord, findRecord, RECORDS, type RecordType, removeRecord } from "./records.ts";
import { type NetSuiteSettings, settings } from "./settings.ts";

export { settings };

/** NetSuite by its REST record service; facts and open questions are in this folder's README. */
export function open(config: NetSuiteSettings, tools: AdapterTools): ErpPort {
  const ask = createAsk(config, tools);
  const budget = (): Budget => startBudget(tools.clock, config.timeoutMs);
  const parts = (): { ask: Ask; settings: NetSuiteSettings; budget: Budget } => ({
    ask,
    settings: config,
    budget: budget(),
  });
  const fields = fingerprintFields(config);
  const find = (type: RecordType, externalId: ExternalId, call: ErpCall): Promise<ErpRecord | undefined> =>
    findRecord(ask, { type, externalId, field: fields[type] }, call, budget());
  const create = (type: RecordType, externalId: ExternalId, body: unknown, call: ErpCall): Promise<ErpRef> =>
    createRecord(ask, { type, externalId, field: fields[type] }, body, call, budget());
  return {
    name: "netsuite",
    capabilities: {
      uniqueKey: true,
      stockCountsOrders: countsOrders(config),
      payments: config.deposits !== undefined,
      // NetSuite has no transaction over two records.
      paymentsWithOrder: false,
      credits: config.credits !== undefined,
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
    amendOrder: (ref, body, call) => amendOrder(parts(), ref, body, call),
    cancelOrder: (ref, call) => cancelOrder(ask, ref, call, budget()),
    // NetSuite refuses it where a deposit, a fulfilment or an invoice hangs on the order.
    withdrawOrder: (ref, call) => removeRecord(ask, `salesOrder/${ref}`, call, budget()),
    findPayment: (externalId, call) => find("customerDeposit", externalId, call),
    createPayment: async (body, call) => {
      const { deposits = notCarried("payments", "erp.netsuite.deposits") } = config;
      return create("customerDeposit", body.externalId, encodeDeposit(body, config, deposits), call);
    },
    findCredit: (externalId, call) => find("creditMemo", externalId, call),
    createCredit: async (body, call) => {
      const { credits = notCarried("credit slips", "erp.netsuite.credits") } = config;
      return create("creditMemo", body.externalId, encodeCredit(body, config, credits), call);
    },
    readOrder: (order, call) => readOrder(parts(), order, call),
    readProgress: async (query, call) =>
      readProgress(createQuery(ask, call, budget()), query, tools.clock.nowMs()),
    readStock: (query, call) =>
      readStock(ask, { settings: config, clock: tools.clock, budget: budget() }, query, call),
    close: () => Promise.resolve(),
  };
}

function notCarried(what: string, setting: string): never {
  throw new ErpRejectedError(`${setting} is not set: ${what} are not carried to NetSuite`);
}

const fingerprintFields = (config: NetSuiteSettings): Readonly<Record<RecordType, string>> => ({
  salesOrder: config.fingerprintField,
  customer: config.customerFingerprintField,
  customerDeposit: config.deposits?.fingerprintField ?? "memo",
  creditMemo: config.credits?.fingerprintField ?? "memo",
});

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

/**
 * Looks up an order that is not there. It takes the same login, pool, service and permission as the work itself, and
 * costs NetSuite one read of an index.
 */
async function probe(ask: Ask, call: ErpCall, budget: Budget): Promise<void> {
  const verdict = await ask({ method: "GET", path: `${RECORDS}/salesOrder/eid:erpsync-probe` }, call, budget);
  if (verdict.kind !== "absent") doneOrThrow(verdict);
}
