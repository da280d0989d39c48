import { stockRoutes } from "./api-stock.ts";
import type { ApiRoute } from "./ops/api.ts";
import { decodeMovements } from "./stock/writer/decode-movements.ts";
import { encodeAnswers } from "./stock/writer/encode-movement-answers.ts";
import { runningStock, stockMovements } from "./stock-wiring.ts";
import type { Base } from "./wiring.ts";

/** What `/api` offers: the stages' functions, by path. */
export function apiRoutes(base: Base): readonly ApiRoute[] {
  const move = stockMovements(runningStock(base));
  return [
    ...stockRoutes(base),
    {
      method: "POST",
      path: "/stock/movements",
      answer: async ({ body }) => {
        const { isSingle, movements } = decodeMovements(body);
        return encodeAnswers(await move(movements), isSingle);
      },
    },
  ];
}
