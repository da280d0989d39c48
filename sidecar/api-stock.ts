import type { ApiRoute } from "./ops/api.ts";
import { stockResolver } from "./reconcile-wiring.ts";
import { collectHistories, openHistories } from "./stock/history/explain.ts";
import { decodeChoice, decodeHistoryQuery, decodeListQuery } from "./stock/reconcile/decode-choice.ts";
import { tellDiscrepancies } from "./stock/reconcile/discrepancies.ts";
import { runningStock } from "./stock-wiring.ts";
import type { Base } from "./wiring.ts";

/** What `/api` tells people of stock, and lets them decide. */
export function stockRoutes(base: Base): readonly ApiRoute[] {
  const { db } = base;
  const resolve = stockResolver(runningStock(base));
  return [
    {
      method: "GET",
      path: "/stock/explain/:product",
      answer: async ({ parameters, query }) => {
        const { which, window } = decodeHistoryQuery(parameters["product"] ?? "", query);
        const histories = await openHistories(db, which, window);
        const body = await collectHistories(which.product, histories);
        return { status: histories.length === 0 ? 404 : 200, body };
      },
    },
    {
      method: "GET",
      path: "/stock/discrepancies",
      answer: async ({ query }) => {
        const { filter, limit } = decodeListQuery(query);
        return { status: 200, body: { discrepancies: await tellDiscrepancies(db, filter, limit) } };
      },
    },
    {
      method: "POST",
      path: "/stock/discrepancies/:id/resolve",
      answer: async ({ body, parameters }) => ({
        status: 200,
        body: await resolve(decodeChoice(parameters["id"] ?? "", body)),
      }),
    },
  ];
}
