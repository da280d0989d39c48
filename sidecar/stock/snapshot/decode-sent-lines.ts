import { z } from "zod";

/** The part of an order's stored body that says what it takes; see `OrderBody`. */
const Body = z.looseObject({
  order: z.looseObject({
    lines: z.array(z.looseObject({ id: z.int(), quantity: z.number() })),
  }),
});

/** A body that nobody knows to be what stands in the ERP, by its hash; the executor writes it so. */
const UNKNOWN_BODY_HASH = "0".repeat(64);

/**
 * The units that an acknowledged operation left in the ERP, by `id_order_detail`; undefined where its body is not what
 * stands there for certain, or cannot be read.
 */
export function decodeSentLines(text: string, bodyHash: string): ReadonlyMap<number, number> | undefined {
  if (bodyHash === UNKNOWN_BODY_HASH) return undefined;
  const body = Body.safeParse(json(text));
  if (!body.success) return undefined;
  return new Map(body.data.order.lines.map(({ id, quantity }) => [id, quantity]));
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
