import { z } from "zod";
import type { Declaration } from "./decide-attribution.ts";

/** Pages of products and of stock: they never move what an order line takes. */
const STOCK_PAGES: ReadonlySet<string> = new Set([
  "AdminProducts",
  "AdminStockManagement",
  "AdminStock",
  "AdminImport",
  "AdminCombinations",
]);

const Payload = z.object({
  delta: z.int().nullable(),
  after: z.int().nullable(),
  writer: z.string().max(90),
  row: z.int().optional().catch(undefined),
  employee: z.int().optional().catch(undefined),
});

/** A declaration, and the row that it names itself; undefined where it names only its product. */
export interface NamedDeclaration {
  readonly row: number | undefined;
  readonly declaration: Declaration;
}

/** What the module said of a stock movement; undefined where it cannot be read. */
export function decodeMovedEvent(event: {
  readonly eventId: string;
  readonly payload: string | null;
}): NamedDeclaration | undefined {
  const read = Payload.safeParse(jsonOf(event.payload ?? ""));
  if (!read.success) return undefined;
  const { after, delta, employee, row, writer } = read.data;
  const isPage = STOCK_PAGES.has(writer);
  return {
    row,
    declaration: {
      source: `event:${event.eventId}`,
      delta,
      after,
      actor: employee !== undefined && employee > 0 && isPage ? `employee:${String(employee)}` : writer,
      orderId: null,
      mayBeOrders: !isPage,
    },
  };
}

/** What a row of `stock_mvt` says. The shop writes one for an order where it moves the order's lines. */
export function decodeMvt(movement: {
  readonly id: number;
  readonly delta: number;
  readonly orderId: number | null;
  readonly employee: number;
}): Declaration {
  return {
    source: `mvt:${String(movement.id)}`,
    delta: movement.delta,
    after: null,
    actor: `employee:${String(movement.employee)}`,
    orderId: movement.orderId,
    mayBeOrders: movement.orderId !== null && movement.orderId > 0,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
