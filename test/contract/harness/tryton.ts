import * as adapter from "../../../sidecar/erp/tryton/adapter.ts";
import { OVERLAP_MS } from "../../../sidecar/erp/tryton/decode-mark.ts";
import { startTryton, type TrytonServer, trytonMissing } from "../../support/tryton.ts";
import { startTrytonFront, type TrytonFront } from "../../support/tryton-front.ts";
import { moneyOf, progressOf } from "../../support/tryton-life.ts";
import type { ErpBench, ErpHarness, Mishap, OrderInErp, StockBench } from "../erp-harness.ts";

/** The kit on Tryton itself. What a Tryton does not do on demand, a proxy before it does. */
export const harness: ErpHarness = { adapter, emulated: false, missing: trytonMissing, start };

/** Tryton has no pool; the proxy before it lets through so many at once. */
const POOL_MAX = 8;
/** Requests that make an order, and those that read stock. */
const CREATION = /^model\.sale\.sale\.(create|shop_import)$/;
const STOCK = /^model\.(product\.product\.(search|read|shop_figures)|stock\.move\..*)$/;
const FIGURES = /^model\.product\.product\.(read|shop_figures)$/;
const ANY = /./;

async function start(): Promise<ErpBench> {
  const server = await startTryton({ companion: true });
  const front = await startTrytonFront(server.url, POOL_MAX);
  const settings = { ...server.settings, url: front.url };
  const [first, second] = server.seed.items;
  return {
    // The adapter uses what it is told to; the companion is there both times.
    settings: {
      "with the companion": { ...settings, companion: true },
      "without the companion": { ...settings, companion: false },
    },
    booking: {},
    itemIds: [String(first), String(second)],
    unknownItemId: "999999",
    mishap: (kind) => {
      const hasCommit = kind === "cut-after-commit" || kind === "cut-mid-answer";
      front.mishap({ kind, methods: hasCommit ? CREATION : ANY });
    },
    down: front.down,
    up: front.up,
    expireLogins: () => {
      server.spoil({ do: "expire" });
    },
    slow: front.slow,
    orders: () => readOrders(server),
    customers: async () => {
      const params = [[["code", "like", "PS-kit-%"]], 0, null, null, ["code"]];
      const rows = (await server.rpc("model.party.party.search_read", params)) as readonly Named[];
      return rows.map(({ id, code }) => ({ ref: String(id), externalId: String(code) }));
    },
    stock: stockOf(server, front),
    money: moneyOf(server, front),
    progress: progressOf(server),
    calls: front.calls,
    maxInFlight: front.maxInFlight,
    close: async () => {
      await front.close();
      await server.stop();
    },
  };
}

interface Named {
  readonly id: number;
  readonly [field: string]: unknown;
}

function stockOf(server: TrytonServer, front: TrytonFront): StockBench {
  const { places, supplierLocation, items } = server.seed;
  const [, , like] = items;
  const stockMishap = (kind: Mishap): void => {
    front.mishap({ kind, methods: STOCK });
  };
  return {
    places: [String(places[0]), String(places[1]), String(places[2])],
    summing: (summed) => ({ stockLocations: summed }),
    partition: (name, ids) => ({
      stockPartitions: { [name]: { fromProduct: ids[0], toProduct: ids.at(-1) } },
    }),
    newItems: (count) => {
      const ids = server.spoil({ do: "new_items", like, count }) as readonly number[];
      return ids.map(String);
    },
    set: (stock) => {
      const entries = stock.map(({ item, place, units, agoMs = 0, createdAgoMs = 0 }) => ({
        item: Number(item),
        place: Number(place),
        units,
        agoMs,
        createdAgoMs,
      }));
      server.spoil({ do: "set", stock: entries, supplier: supplierLocation, like });
    },
    remove: (ids) => {
      server.spoil({ do: "remove", items: ids.map(Number) });
    },
    clear: () => {
      server.spoil({ do: "clear" });
    },
    // Tryton's own methods do not tell a product that never moved from one of which nothing is left.
    namesAll: (section) => !(section as { readonly companion: boolean }).companion,
    lateMs: OVERLAP_MS,
    mishap: stockMishap,
    spoil: (item, how) => {
      const rewrite = onFigures((rows) =>
        rows.map((row) => {
          if (row.id !== Number(item)) return row;
          const { quantity: _quantity, ...rest } = row;
          return how === "garbage" ? { ...row, quantity: "n/a" } : rest;
        }),
      );
      front.mishap({ kind: "rewrite", methods: FIGURES, rewrite });
    },
    halve: () => {
      const rewrite = onFigures((rows) => rows.slice(0, rows.length / 2));
      front.mishap({ kind: "rewrite", methods: FIGURES, rewrite });
    },
  };
}

/** Changes the rows of a page, with the companion and without. */
function onFigures(change: (rows: readonly Named[]) => readonly object[]): (result: unknown) => unknown {
  return (result) => {
    if (Array.isArray(result)) return change(result as readonly Named[]);
    const page = result as { readonly figures: readonly Named[] };
    return { ...page, figures: change(page.figures) };
  };
}

async function readOrders(server: TrytonServer): Promise<readonly OrderInErp[]> {
  // Credits are sales as well.
  const isOrder = [
    ["reference", "like", "PS-kit-%"],
    ["reference", "not like", "%-CR-%"],
  ];
  const ours = isOrder.map(([field, ...rest]) => [`sale.${String(field)}`, ...rest]);
  const fields = ["sale", "product", "quantity", "amount"];
  const sales = [isOrder, 0, null, [["id", "ASC"]], ["reference"]];
  const orders = (await server.rpc("model.sale.sale.search_read", sales)) as readonly Named[];
  const order = [["sequence", "ASC"]];
  const lines = (await server.rpc("model.sale.line.search_read", [
    ours,
    0,
    null,
    order,
    fields,
  ])) as readonly Named[];
  const amount = (line: Named): number => Number((line["amount"] as { readonly decimal: string }).decimal);
  const services = new Set<unknown>(Object.values(server.seed.services));
  return orders.map(({ id, reference }) => {
    const own = lines.filter((line) => line["sale"] === id);
    return {
      ref: String(id),
      externalId: String(reference),
      lines: own
        .filter((line) => !services.has(line["product"]))
        .map((line) => ({
          item: String(line["product"]),
          quantity: Number(line["quantity"]),
          amount: amount(line),
        })),
      shippingCost: own
        .filter((line) => line["product"] === server.seed.services.shipping)
        .reduce((sum, line) => sum + amount(line), 0),
    };
  });
}
