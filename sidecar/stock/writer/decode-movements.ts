import { z } from "zod";
import { UsageError } from "../../domain/errors.ts";

/** A sale, delivery or correction that another channel made. */
export interface ChannelMovement {
  /** The channel's own key of it; the same key is the same movement, for ever. */
  readonly key: string;
  readonly channel: string;
  readonly units: number;
  readonly reason: string;
  readonly what: MovedProduct;
  /** `id_shop`; null for the configured one. */
  readonly shop: number | null;
}

/** Which product moved, by the shop's ids or by its reference (SKU). */
export type MovedProduct =
  | { readonly kind: "product"; readonly product: number; readonly combination: number }
  | { readonly kind: "reference"; readonly reference: string };

/** Movements of one request. */
export const MOVEMENTS_MAX = 500;
const ID_MAX = 4_294_967_295;
const UNITS_MAX = 1_000_000;

const Id = z.int().min(1).max(ID_MAX);

const Movement = z
  .object({
    key: z
      .string()
      .regex(
        /^[A-Za-z0-9._:/+=-]{1,64}$/,
        "use 1 to 64 letters, digits and . _ : / + = -, unique in the channel",
      ),
    channel: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "use 1 to 32 lower-case letters, digits, _ and -, as in pos-lyon"),
    product: Id.optional(),
    combination: z.int().min(0).max(ID_MAX).optional(),
    reference: z.string().trim().min(1).max(64).optional(),
    shop: Id.optional(),
    units: z
      .int("use a whole number: negative for what was sold, positive for what came in")
      .min(-UNITS_MAX)
      .max(UNITS_MAX)
      .refine((units) => units !== 0, "0 moves nothing"),
    reason: z.string().max(200).default(""),
  })
  .strict()
  .refine(
    (movement) => (movement.product === undefined) !== (movement.reference === undefined),
    "name the product by `product` (and `combination`) or by `reference`",
  )
  .refine(
    (movement) => movement.reference === undefined || movement.combination === undefined,
    "`combination` goes with `product`; a reference names the combination itself",
  )
  .transform(
    ({ combination = 0, product, reference = "", shop = null, ...rest }): ChannelMovement => ({
      ...rest,
      shop,
      what:
        product === undefined ? { kind: "reference", reference } : { kind: "product", product, combination },
    }),
  );

const Movements = z.object({ movements: z.array(Movement).min(1).max(MOVEMENTS_MAX) }).strict();

/** What a body asks for, and whether it was one movement alone. */
export interface DecodedMovements {
  readonly movements: readonly ChannelMovement[];
  readonly isSingle: boolean;
}

/**
 * Reads a body: one movement, or `{movements: […]}` with up to 500.
 * @throws UsageError with all faults, each with its path; nothing of such a body is done.
 */
export function decodeMovements(body: unknown): DecodedMovements {
  const isList = typeof body === "object" && body !== null && "movements" in body;
  const parsed = isList
    ? Movements.transform(({ movements }) => movements).safeParse(body)
    : Movement.transform((movement) => [movement]).safeParse(body);
  if (!parsed.success) throw new UsageError(faultsOf(parsed.error));
  return { movements: parsed.data, isSingle: !isList };
}

/** Faults that are told; a list of 500 may have as many. */
const FAULTS_SHOWN = 20;

function faultsOf({ issues }: z.ZodError): string {
  const shown = issues.slice(0, FAULTS_SHOWN).map(({ message, path }) => {
    const at = path.join(".");
    return at === "" ? message : `${at}: ${message}`;
  });
  const rest = issues.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${String(rest)} more`] : [])].join("; ");
}
