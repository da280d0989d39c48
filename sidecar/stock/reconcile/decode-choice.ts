import { z } from "zod";
import { UsageError } from "../../domain/errors.ts";
import type { DiscrepancyKind } from "../../domain/stock.ts";
import type { HistoryWindow } from "../history/explain.ts";
import type { WhichRows } from "../history/explain-statements.ts";
import type { Choice } from "./resolve-discrepancy.ts";

const ID_MAX = 4_294_967_295;
/** Movements of one answer; what is older is asked for by `since`. */
const MOVEMENTS_MAX = 10_000;
/** Discrepancies of one answer. */
const LISTED_MAX = 1_000;

const Id = z.coerce.number().int().min(1).max(ID_MAX);
const Count = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual);
const Time = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?$/, "use YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, UTC")
  .transform((text) => (text.length === 10 ? `${text} 00:00:00` : text));

/** Every kind that there is. */
export const DISCREPANCY_KINDS = [
  ...(["oversell", "unexplained", "repair_limit", "forgotten_restock", "drift", "gap"] as const),
] as const satisfies readonly DiscrepancyKind[];

const ChoiceBody = z
  .object({
    side: z.enum(["shop", "erp"]),
    reason: z.string().trim().min(1).max(1_000),
    actor: z.string().trim().min(1).max(96),
  })
  .strict();

const ListQuery = z
  .object({
    kind: z.enum(DISCREPANCY_KINDS).optional(),
    all: z
      .enum(["true", "false"])
      .default("false")
      .transform((text) => text === "true"),
    limit: Count(LISTED_MAX, 50),
  })
  .strict();

const HistoryQuery = z
  .object({
    combination: z.coerce.number().int().min(0).max(ID_MAX).optional(),
    shop: Id.optional(),
    since: Time.optional(),
    limit: Count(MOVEMENTS_MAX, 200),
  })
  .strict();

/**
 * A person's choice, as `/api` is given it.
 * @throws UsageError with all that is wrong with it.
 */
export function decodeChoice(id: string, body: unknown): Choice {
  return { id: read(Id, id, "id"), ...read(ChoiceBody, body, "body") };
}

/**
 * Which discrepancies are asked for.
 * @throws UsageError with all that is wrong with it.
 */
export function decodeListQuery(query: unknown): {
  readonly filter: { readonly kind?: DiscrepancyKind; readonly all: boolean };
  readonly limit: number;
} {
  const { all, kind, limit } = read(ListQuery, query, "query");
  return { filter: kind === undefined ? { all } : { all, kind }, limit };
}

/**
 * Whose history is asked for, and how much of it.
 * @throws UsageError with all that is wrong with it.
 */
export function decodeHistoryQuery(
  product: string,
  query: unknown,
): { readonly which: WhichRows; readonly window: HistoryWindow } {
  const { combination, limit, shop, since } = read(HistoryQuery, query, "query");
  return {
    which: {
      product: read(Id, product, "product"),
      ...(combination === undefined ? {} : { combination }),
      ...(shop === undefined ? {} : { shop }),
    },
    window: since === undefined ? { limit } : { limit, since },
  };
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ message, path }) => `${[what, ...path.map(String)].join(".")}: ${message}`,
  );
  throw new UsageError(faults.join("; "));
}
