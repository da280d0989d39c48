import { type AdapterTools, type ErpCall, type ErpPort, ErpUnavailableError } from "../port.ts";
import { createCustomers } from "./customers.ts";
import { createDirectory } from "./directory.ts";
import { type Ask, createAsk, doneOrThrow, type Errand, startBudget } from "./exchange.ts";
import { createOrders } from "./orders.ts";
import { createPayments } from "./payments.ts";
import { readProgress } from "./read-progress.ts";
import { readStock } from "./read-stock.ts";
import { carriesPayments, settings, type TrytonSettings } from "./settings.ts";

export { settings };

/** Tryton 6.0 by JSON-RPC; facts and open questions are in this folder's README. */
export function open(config: TrytonSettings, tools: AdapterTools): ErpPort {
  const ask = createAsk(config, tools);
  const errand = (call: ErpCall): Errand => ({ call, budget: startBudget(tools.clock, config.timeoutMs) });
  const directory = createDirectory(ask);
  const parts = { ask, directory, settings: config, clock: tools.clock };
  const customers = createCustomers(ask);
  const payments = createPayments(parts);
  const orders = createOrders(parts, payments);
  return {
    name: "tryton",
    capabilities: {
      uniqueKey: config.companion,
      // Without the companion an order takes nothing before a person assigns its shipment.
      stockCountsOrders:
        config.companion && (config.stockLocations.length === 0 || config.shipsFromStockLocations),
      payments: carriesPayments(config),
      paymentsWithOrder: config.companion && carriesPayments(config),
      credits: true,
      stockPartitions: Object.keys(config.stockPartitions),
    },
    probe: (call) => probe(ask, config, errand(call)),
    findCustomer: (externalId, call) => customers.find(externalId, errand(call)),
    createCustomer: (body, call) => customers.create(body, errand(call)),
    amendCustomer: (ref, body, call) => customers.amend(ref, body, errand(call)),
    findOrder: (externalId, call) => orders.find(externalId, errand(call)),
    createOrder: (body, paid, call) => orders.create(body, carriesPayments(config) ? paid : [], errand(call)),
    amendOrder: (ref, body, call) => orders.amend(ref, body, errand(call)),
    cancelOrder: (ref, call) => orders.cancel(ref, errand(call)),
    withdrawOrder: (ref, call) => orders.withdraw(ref, errand(call)),
    readOrder: (order, call) => orders.read(order, errand(call)),
    findPayment: (externalId, call) => payments.find(externalId, errand(call)),
    createPayment: (body, call) => payments.create(body, errand(call)),
    findCredit: (externalId, call) => orders.find(externalId, errand(call)),
    createCredit: (body, call) => orders.credit(body, errand(call)),
    readProgress: (query, call) => readProgress(parts, query, errand(call)),
    readStock: (query, call) => readStock(parts, query, errand(call)),
    close: () => Promise.resolve(),
  };
}

/**
 * Looks up a sale that is not there, by the key that orders are looked up by, and a payment where those are carried: it
 * takes the same login, rights and modules as the work itself.
 */
async function probe(ask: Ask, config: TrytonSettings, errand: Errand): Promise<void> {
  await probeModel(ask, "sale.sale", config.companion ? "shop_ref" : "reference", errand);
  if (!carriesPayments(config)) return;
  await probeModel(ask, "account.payment", config.companion ? "shop_ref" : "description", errand);
}

async function probeModel(ask: Ask, model: string, key: string, errand: Errand): Promise<void> {
  const params = [[[key, "=", "erpsync-probe"]], 0, 1, null, ["id"]];
  const verdict = await ask(`model.${model}.search_read`, params, errand);
  if (key !== "shop_ref" || verdict.kind === "done") {
    doneOrThrow(verdict);
    return;
  }
  // The answer to an unknown field is an exception like any other; which fields there are, Tryton tells.
  const fields = await ask(`model.${model}.fields_get`, [[]], errand);
  if (fields.kind === "done" && !Object.hasOwn(Object(fields.result) as object, key)) {
    throw new ErpUnavailableError(
      `Tryton's ${model} lacks the companion module erpsync: install or update it, or set erp.tryton.companion: false`,
    );
  }
  doneOrThrow(verdict);
}
