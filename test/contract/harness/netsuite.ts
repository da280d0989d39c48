import * as adapter from "../../../sidecar/erp/netsuite/adapter.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { isJson, type Json, refId } from "../../support/netsuite-emulator-rules.ts";
import type { ErpBench, ErpHarness, OrderInErp } from "../erp-harness.ts";

/** The kit on the NetSuite emulator. */
export const harness: ErpHarness = { adapter, emulated: true, start };

async function start(): Promise<ErpBench> {
  const emulator = await startNetSuiteEmulator();
  const records = { path: "/services/rest/record/" };
  let slowId = 0;
  return {
    settings: {
      "OAuth 2.0 with ES256": emulator.settings("oauth2-es256"),
      "OAuth 2.0 with PS256": emulator.settings("oauth2-ps256"),
      "token-based": emulator.settings("tba"),
    },
    itemIds: ["1001", "1002"],
    unknownItemId: "999999",
    mishap: (kind) => {
      emulator.faults.add({ kind, match: records, times: 1 });
    },
    down: emulator.down,
    up: emulator.up,
    expireLogins: emulator.expireTokens,
    slow: (delayMs) => {
      emulator.faults.remove(slowId);
      if (delayMs > 0) slowId = emulator.faults.add({ kind: "slow", delayMs });
    },
    orders: () => Promise.resolve(emulator.orders().map(({ id, body }) => toOrder(id, body))),
    customers: () =>
      Promise.resolve(emulator.customers().map(({ id, externalId }) => ({ ref: id, externalId }))),
    calls: () => emulator.calls().length,
    maxInFlight: emulator.maxInFlight,
    close: emulator.close,
  };
}

function toOrder(ref: string, body: Json): OrderInErp {
  const items = isJson(body["item"]) ? body["item"]["items"] : [];
  return {
    ref,
    externalId: String(body["externalId"]),
    lines: (Array.isArray(items) ? items : []).filter(isJson).map((line) => ({
      item: refId(line["item"]),
      quantity: Number(line["quantity"]),
      amount: Number(line["amount"]),
    })),
    shippingCost: Number(body["shippingCost"]),
  };
}
