import type { ApiRoute } from "./ops/api.ts";
import type { Base } from "./wiring.ts";

/** What `/api` offers: the stages' functions, by path. */
export function apiRoutes(_base: Base): readonly ApiRoute[] {
  return [];
}
