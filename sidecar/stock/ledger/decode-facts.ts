import { z } from "zod";
import type { ObservedChunk, StockFact } from "../../domain/stock.ts";

const id = z.int().positive();
const keys = { row: id, product: z.int(), combination: z.int(), shop: z.int(), group: z.int() };

const Fact = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("row"),
    ...keys,
    managed: z.boolean(),
    before: z.int().nullable(),
    after: z.int().nullable(),
  }),
  z.object({ kind: z.literal("orders"), ids: z.array(id) }),
  z.object({ kind: z.literal("lines"), last: id }),
  z.object({ kind: z.literal("declared"), rows: z.array(id), subjects: z.array(z.string()) }),
  z.object({ kind: z.literal("own"), ids: z.array(id) }),
  z.object({ kind: z.literal("check"), ids: z.array(id) }),
  z.object({ kind: z.literal("gap"), reason: z.enum(["first", "gap", "restored", "verify"]) }),
]);
const Facts = z.array(Fact);

/** What cannot be read was not booked, so from there on the ledger knows no more than after a gap of the binlog. */
const UNREADABLE: readonly StockFact[] = [{ kind: "gap", reason: "gap" }];

/** Reads the facts of one transaction. Text that cannot be read is a gap: it stops nobody, and all rows are read anew. */
export function decodeFacts(text: string): {
  readonly facts: readonly StockFact[];
  readonly isReadable: boolean;
} {
  const read = Facts.safeParse(jsonOf(text));
  return read.success ? { facts: read.data, isReadable: true } : { facts: UNREADABLE, isReadable: false };
}

const Chunk = z.object({
  rows: z.array(z.object({ ...keys, managed: z.boolean(), quantity: z.int() })),
  gone: z.array(id),
  lastOrder: z.int(),
  lastDeclared: z.int(),
  isLast: z.boolean(),
});

const NOTHING: ObservedChunk = { rows: [], gone: [], lastOrder: 0, lastDeclared: 0, isLast: false };

/** Reads what a check observed; one that observed nothing only marks its place in the binlog. */
export function decodeObserved(text: string): ObservedChunk {
  const read = Chunk.safeParse(jsonOf(text));
  return read.success ? read.data : NOTHING;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
