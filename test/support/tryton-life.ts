import { OVERLAP_MS } from "../../sidecar/erp/tryton/decode-mark.ts";
import { PAGE_ORDERS } from "../../sidecar/erp/tryton/read-progress.ts";
import type { MoneyBench, MoneyInErp, ProgressBench } from "../contract/erp-harness.ts";
import { SupportError } from "./support-error.ts";
import type { TrytonServer } from "./tryton.ts";
import type { TrytonFront } from "./tryton-front.ts";

interface Row {
  readonly id: number;
  readonly [field: string]: unknown;
}

/** Requests that make a payment, alone or with its order, and those that make a credit. */
const MAKING = {
  payment: /^model\.(account\.payment\.(create|shop_pay)|sale\.sale\.shop_import)$/,
  credit: /^model\.sale\.sale\.(create|shop_import)$/,
};

/** The settings by which payments are carried: a journal for each currency. */
export const carryingPayments = ({ seed }: TrytonServer): Readonly<Record<string, unknown>> => ({
  paymentJournals: Object.fromEntries(
    Object.entries(seed.paymentJournals).map(([code, id]) => [code, String(id)]),
  ),
});

/** Payments and credits of the kit's orders. */
export function moneyOf(server: TrytonServer, front: TrytonFront): MoneyBench {
  return {
    carrying: carryingPayments(server),
    paymentMethod: undefined,
    payments: async () => {
      const domain = [
        ["description", "like", "PS-kit-%"],
        ["state", "!=", "failed"],
      ];
      const rows = await search(server, "account.payment", domain, ["description", "amount"]);
      return rows.map((row) => money(row, String(row["description"]).split(" ", 1)[0], row["amount"], 1));
    },
    credits: async () => {
      const domain = [
        ["reference", "like", "PS-kit-%-CR-%"],
        ["state", "!=", "cancelled"],
      ];
      const rows = await search(server, "sale.sale", domain, ["reference", "total_amount"]);
      return rows.map((row) => money(row, row["reference"], row["total_amount"], -1));
    },
    mishap: (of, kind) => {
      front.mishap({ kind, methods: MAKING[of] });
    },
  };
}

/** What people do in Tryton with orders of the shop. */
export function progressOf(server: TrytonServer): ProgressBench {
  return {
    ship: async (orderRef, { trackingNumber }, what) => {
      const sale = await underWay(server, orderRef);
      const shipments = await search(
        server,
        "stock.shipment.out",
        [
          ["id", "in", sale["shipments"]],
          ["state", "not in", ["done", "cancelled"]],
        ],
        ["number"],
      );
      const ids = shipments.map(({ id }) => id);
      if (ids.length === 0) throw new SupportError(`Sale ${orderRef} has nothing to ship.`);
      if (what === "first line") await keepFirstMove(server, ids);
      for (const step of ["assign_force", "pick", "pack", "done"]) {
        await server.rpc(`model.stock.shipment.out.${step}`, [ids]);
      }
      await server.rpc("model.stock.shipment.out.write", [ids, { reference: trackingNumber }]);
    },
    bill: async (orderRef) => {
      const sale = await underWay(server, orderRef);
      const drafts = await search(
        server,
        "account.invoice",
        [
          ["id", "in", sale["invoices"]],
          ["state", "=", "draft"],
        ],
        ["number"],
      );
      const ids = drafts.map(({ id }) => id);
      await server.rpc("model.account.invoice.post", [ids]);
      const [posted] = await search(server, "account.invoice", [["id", "in", ids]], ["number"]);
      if (posted === undefined) throw new SupportError(`Sale ${orderRef} has nothing to invoice.`);
      return String(posted["number"]);
    },
    changed: (orderRefs, agoMs) => {
      server.spoil({ do: "age", sales: orderRefs.map(Number), agoMs });
      return Promise.resolve();
    },
    namesCarriers: false,
    pageOrders: PAGE_ORDERS,
    lateMs: OVERLAP_MS,
  };
}

/** The sale, confirmed if it was not: Tryton ships and invoices no other. */
async function underWay(server: TrytonServer, orderRef: string): Promise<Row> {
  const id = Number(orderRef);
  const fields = ["state", "shipments", "invoices"];
  const [sale] = await search(server, "sale.sale", [["id", "=", id]], fields);
  if (sale?.["state"] !== "quotation") return sale ?? fail(`There is no sale ${orderRef}.`);
  await server.rpc("model.sale.sale.confirm", [[id]]);
  const [confirmed] = await search(server, "sale.sale", [["id", "=", id]], fields);
  return confirmed ?? fail(`There is no sale ${orderRef}.`);
}

/** Takes all but the first line out of shipments; Tryton makes another one of them. */
async function keepFirstMove(server: TrytonServer, shipments: readonly number[]): Promise<void> {
  await server.rpc("model.stock.shipment.out.draft", [shipments]);
  const moves = await search(
    server,
    "stock.move",
    [["shipment.id", "in", shipments, "stock.shipment.out"]],
    ["id"],
  );
  const rest = moves.map(({ id }) => id).slice(1);
  await server.rpc("model.stock.move.delete", [rest]);
  await server.rpc("model.stock.shipment.out.wait", [shipments]);
}

async function search(
  server: TrytonServer,
  model: string,
  domain: readonly unknown[],
  fields: readonly string[],
): Promise<readonly Row[]> {
  const params = [domain, 0, null, [["id", "ASC"]], fields];
  return (await server.rpc(`model.${model}.search_read`, params)) as readonly Row[];
}

const money = ({ id }: Row, key: unknown, amount: unknown, sign: 1 | -1): MoneyInErp => ({
  ref: String(id),
  externalId: String(key),
  amount: sign * Number((amount as { readonly decimal: string }).decimal),
});

function fail(sentence: string): never {
  throw new SupportError(sentence);
}
