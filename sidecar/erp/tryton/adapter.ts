import {
  type AdapterTools,
  type ErpCall,
  type ErpPort,
  ErpRejectedError,
  ErpUnavailableError,
} from "../port.ts";
import { createCustomers } from "./customers.ts";
import { createDirectory } from "./directory.ts";
import { type Ask, createAsk, doneOrThrow, type Errand, startBudget } from "./exchange.ts";
import { createOrders } from "./orders.ts";
import { readStock } from "./read-stock.ts";
import { settings, type TrytonSettings } from "./settings.ts";

export { settings };

/** Tryton 6.0 by JSON-RPC; facts and open questions are in this folder's README. */
export function open(config: TrytonSettings, tools: AdapterTools): ErpPort {
  const ask = createAsk(config, tools);
  const errand = (call: ErpCall): Errand => ({ call, budget: startBudget(tools.clock, config.timeoutMs) });
  const customers = createCustomers(ask);
  const orders = createOrders({ ask, directory: createDirectory(ask), settings: config });
  return {
    name: "tryton",
    capabilities: {
      uniqueKey: config.companion,
      // Without the companion an order takes nothing before a person assigns its shipment.
      stockCountsOrders:
        config.companion && (config.stockLocations.length === 0 || config.shipsFromStockLocations),
      payments: false,
      paymentsWithOrder: false,
      credits: false,
      stockPartitions: Object.keys(config.stockPartitions),
    },
    probe: (call) => probe(ask, config, errand(call)),
    findCustomer: (externalId, call) => customers.find(externalId, errand(call)),
    createCustomer: (body, call) => customers.create(body, errand(call)),
    amendCustomer: (ref, body, call) => customers.amend(ref, body, errand(call)),
    findOrder: (externalId, call) => orders.find(externalId, errand(call)),
    createOrder: (body, _payments, call) => orders.create(body, errand(call)),
    amendOrder: (ref, body, call) => orders.amend(ref, body, errand(call)),
    cancelOrder: () => notCarried("cancellations"),
    withdrawOrder: () => notCarried("withdrawals"),
    findPayment: () => notCarried("payments"),
    createPayment: () => notCarried("payments"),
    findCredit: () => notCarried("credits"),
    createCredit: () => notCarried("credits"),
    readProgress: () => notCarried("the progress of orders"),
    readOrder: ({ ref, currency }, call) => orders.read(ref, currency, errand(call)),
    readStock: (query, call) => readStock({ ask, settings: config, clock: tools.clock }, query, errand(call)),
    close: () => Promise.resolve(),
  };
}

const notCarried = (what: string): Promise<never> =>
  Promise.reject(new ErpRejectedError(`${what} are not carried to Tryton`));

/**
 * Looks up a sale that is not there, by the key that orders are looked up by: it takes the same login, rights and
 * module as the work itself.
 */
async function probe(ask: Ask, config: TrytonSettings, errand: Errand): Promise<void> {
  const key = config.companion ? "shop_ref" : "reference";
  const params = [[[key, "=", "erpsync-probe"]], 0, 1, null, ["id"]];
  const verdict = await ask("model.sale.sale.search_read", params, errand);
  if (!config.companion || verdict.kind === "done") {
    doneOrThrow(verdict);
    return;
  }
  // The answer to an unknown field is an exception like any other; which fields there are, Tryton tells.
  const fields = await ask("model.sale.sale.fields_get", [[]], errand);
  if (fields.kind === "done" && !Object.hasOwn(Object(fields.result) as object, "shop_ref")) {
    throw new ErpUnavailableError(
      "Tryton lacks the companion module erpsync: install it, or set erp.tryton.companion: false",
    );
  }
  doneOrThrow(verdict);
}
