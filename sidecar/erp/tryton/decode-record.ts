import { z } from "zod";
import { type ErpRef, erpRef } from "../../domain/ids.ts";
import { ErpFailedError, ErpRejectedError } from "../port.ts";

/** An id of a record. */
export const Id = z.int().positive();
/** A decimal number as Tryton's JSON-RPC writes it. */
export const Decimal = z.object({ __class__: z.literal("Decimal"), decimal: z.string() });

/** The ids of an answer that is a list of them. */
export function decodeIds(result: unknown, what: string): readonly number[] {
  const ids = z.array(Id).safeParse(result);
  if (!ids.success) throw new ErpFailedError(`Tryton's answer is no list of ${what}`);
  return ids.data;
}

/** The id of the one record that was made. */
export function decodeCreated(result: unknown, what: string): ErpRef {
  const [id, ...more] = decodeIds(result, what);
  if (id === undefined || more.length > 0)
    throw new ErpFailedError(`Tryton did not say which ${what} it made`);
  return erpRef(String(id));
}

const Named = z.array(z.looseObject({ id: Id }));

/** Rows of a `search_read` or `read`; each has its id. */
export function decodeRows(result: unknown, what: string): readonly z.infer<typeof Named>[number][] {
  const rows = Named.safeParse(result);
  if (!rows.success) throw new ErpFailedError(`Tryton's answer is no list of ${what}`);
  return rows.data;
}

/**
 * The one row of a look-up by key, or undefined.
 * @throws ErpRejectedError where several have the key, which only a person can tell apart.
 */
export function decodeOnly(
  rows: readonly z.infer<typeof Named>[number][],
  key: string,
): z.infer<typeof Named>[number] | undefined {
  if (rows.length > 1) {
    const ids = rows.map(({ id }) => String(id)).join(", ");
    throw new ErpRejectedError(`Tryton has several records with the key ${key}: ${ids}`);
  }
  return rows[0];
}

const Import = z.object({
  id: Id,
  outcome: z.enum(["created", "replayed", "conflict", "amended", "cancelled", "withdrawn"]),
});

/** What the companion says of an import. */
export function decodeImport(result: unknown): z.infer<typeof Import> {
  const read = Import.safeParse(result);
  if (!read.success) throw new ErpFailedError("the answer of Tryton's companion module is not its own");
  return read.data;
}
