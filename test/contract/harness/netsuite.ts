import * as adapter from "../../../sidecar/erp/netsuite/adapter.ts";
import { PAGE_ORDERS } from "../../../sidecar/erp/netsuite/encode-progress.ts";
import { OVERLAP_MS } from "../../../sidecar/erp/netsuite/read-progress.ts";
import {
  type NetSuiteEmulator,
  type StoredRecord,
  startNetSuiteEmulator,
} from "../../support/netsuite-emulator.ts";
import { totalsOf } from "../../support/netsuite-emulator-fields.ts";
import { isJson, type Json, refId } from "../../support/netsuite-emulator-rules.ts";
import { MONEY } from "../../support/netsuite-emulator-settings.ts";
import type {
  ErpBench,
  ErpHarness,
  MoneyBench,
  MoneyInErp,
  OrderInErp,
  ProgressBench,
  StockBench,
} from "../erp-harness.ts";

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
    // The emulator's settings have all of it.
    booking: {},
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
    stock: stockOf(emulator),
    money: moneyOf(emulator),
    progress: progressOf(emulator),
    calls: () => emulator.calls().length,
    maxInFlight: emulator.maxInFlight,
    close: emulator.close,
  };
}

function moneyOf(emulator: NetSuiteEmulator): MoneyBench {
  const paths = { payment: "/customerDeposit", credit: "/creditMemo" };
  return {
    carrying: MONEY,
    paymentMethod: "7",
    payments: () => Promise.resolve(emulator.deposits().map((record) => toMoney(record, "payment"))),
    credits: () => Promise.resolve(emulator.credits().map((record) => toMoney(record, "total"))),
    mishap: (of, kind) => {
      emulator.faults.add({ kind, match: { path: paths[of] }, times: 1 });
    },
    closeBooks: (until) => {
      emulator.closeBooks(until);
      return Promise.resolve();
    },
  };
}

const toMoney = ({ id, externalId, body }: StoredRecord, field: "payment" | "total"): MoneyInErp => {
  const amount = field === "payment" ? body["payment"] : totalsOf(body, 3)["total"];
  return { ref: id, externalId, amount: Number(amount) };
};

function progressOf(emulator: NetSuiteEmulator): ProgressBench {
  return {
    ship: (orderRef, { trackingNumber, carrier }, what) => {
      const lines = what === "all" ? {} : { lines: [1] };
      emulator.life.ship(orderRef, { trackingNumbers: [trackingNumber], carrier, ...lines });
      return Promise.resolve();
    },
    bill: (orderRef) => Promise.resolve(emulator.life.bill(orderRef)),
    changed: (orderRefs, agoMs) => {
      emulator.life.touch(orderRefs, Date.now() - agoMs);
      return Promise.resolve();
    },
    pageOrders: PAGE_ORDERS,
    lateMs: OVERLAP_MS,
  };
}

/** The change column knows days only, which is the harder case; seconds are tried in test/unit/erp/netsuite/. */
function stockOf(emulator: NetSuiteEmulator): StockBench {
  const queries = { path: "/services/rest/query/" };
  let lastItem = 100_000;
  return {
    places: ["1", "2", "3"],
    summing: (places) => ({ stockLocations: places }),
    partition: (name, items) => ({
      stockPartitions: { [name]: { fromItem: items[0], toItem: items.at(-1) } },
    }),
    newItems: (count) => {
      lastItem += count;
      return Array.from({ length: count }, (_, index) => String(lastItem - count + index + 1));
    },
    set: (stock) => {
      const nowMs = Date.now();
      emulator.setStock(
        stock.map(({ item, place, units, agoMs = 0 }) => ({
          item,
          location: place,
          onHand: units,
          changedAtMs: agoMs === null ? null : nowMs - agoMs,
        })),
      );
    },
    remove: emulator.removeStock,
    clear: emulator.clearStock,
    lateMs: 24 * 3_600_000,
    mishap: (kind) => {
      emulator.faults.add({ kind, match: queries, times: 1 });
    },
    spoil: (item, how) => {
      const value = how === "garbage" ? { value: "n/a" } : {};
      emulator.faults.add({
        kind: "spoilt-row",
        match: queries,
        item,
        field: "available",
        ...value,
        times: 1,
      });
    },
    halve: () => {
      emulator.faults.add({ kind: "half-page", match: queries, times: 1 });
    },
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
