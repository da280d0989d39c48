import type { Sleep } from "../domain/clock.ts";
import { SidecarError } from "../domain/errors.ts";
import type { ErpOrderTotals, ErpPort, OrderToRead } from "../erp/port.ts";
import type { Metrics } from "../platform/metrics.ts";

/** Behind orders, customers and stock. */
const PRIORITY = 8;
/** Times that one order is read again after a 429. */
const THROTTLED_MAX = 5;

export interface ReadErpDeps {
  readonly erp: Pick<ErpPort, "readOrder">;
  /** Orders that are read at once; below the limit, so that a comparison never fills it. */
  readonly concurrency: number;
  readonly sleep: Sleep;
  readonly metrics: Pick<Metrics, "erpCalls">;
}

/** What the ERP says of an order; `unread` where it could not be read, with the error's code. */
export type ErpReading =
  | { readonly kind: "read"; readonly totals: ErpOrderTotals }
  | { readonly kind: "gone" }
  | { readonly kind: "unread"; readonly code: string };

/**
 * Reads these orders in the ERP, by their ids in the shop. The answers are not kept as attempts are: what is found of
 * them stands in the checks, and they hold addresses.
 * @throws ErpUnavailableError where the ERP as a whole is away; the caller goes on when it is back.
 */
export async function readErpOrders(
  deps: ReadErpDeps,
  orders: ReadonlyMap<number, OrderToRead>,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, ErpReading>> {
  const readings = new Map<number, ErpReading>();
  const broken = new AbortController();
  const stop = AbortSignal.any([signal, broken.signal]);
  // All readers take from one iterator.
  const left = orders.entries();
  const reader = async (): Promise<void> => {
    for (const [id, order] of left) {
      if (stop.aborted) return;
      readings.set(id, await readOne(deps, order, stop));
    }
  };
  const readers = Array.from({ length: deps.concurrency }, () =>
    reader().catch((thrown: unknown) => {
      broken.abort(thrown);
    }),
  );
  await Promise.all(readers);
  signal.throwIfAborted();
  broken.signal.throwIfAborted();
  return readings;
}

async function readOne(deps: ReadErpDeps, order: OrderToRead, signal: AbortSignal): Promise<ErpReading> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const totals = await deps.erp.readOrder(order, { signal, priority: PRIORITY, note: () => undefined });
      deps.metrics.erpCalls.inc({ purpose: "compare", outcome: "ok" });
      return totals === undefined ? { kind: "gone" } : { kind: "read", totals };
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof SidecarError)) throw thrown;
      const { advice, code } = thrown;
      deps.metrics.erpCalls.inc({ purpose: "compare", outcome: code });
      if (advice.kind === "outage") throw thrown;
      if (advice.kind !== "slow-down" || attempt > THROTTLED_MAX) return { kind: "unread", code };
      await deps.sleep(advice.retryAfterMs, signal);
    }
  }
}
