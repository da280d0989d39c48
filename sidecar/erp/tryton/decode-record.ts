import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { type ErpRef, erpRef } from "../../domain/ids.ts";
import type { Currency } from "../../domain/money.ts";
import { toMinor } from "../../domain/money.ts";
import { ErpFailedError, type ErpOrderTotals, ErpRejectedError } from "../port.ts";

const Id = z.int().positive();
const Decimal = z.object({ __class__: z.literal("Decimal"), decimal: z.string() });

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

const Import = z.object({ id: Id, outcome: z.enum(["created", "replayed", "conflict", "amended"]) });

/** What the companion says of an import. */
export function decodeImport(result: unknown): z.infer<typeof Import> {
  const read = Import.safeParse(result);
  if (!read.success) throw new ErpFailedError("the answer of Tryton's companion module is not its own");
  return read.data;
}

const Reckoned = z.object({ untaxed_amount: Decimal, tax_amount: Decimal, total_amount: Decimal });

/** The tax that Tryton reckons for the lines of a sale, in minor units. */
export function decodeReckonedTax(result: unknown, currency: Currency): number {
  const read = Reckoned.safeParse(result);
  if (!read.success) throw new ErpFailedError("Tryton's reckoning of a sale is not its own");
  return exactMinor(read.data.tax_amount.decimal, currency);
}

const Totals = Reckoned.extend({
  "currency.": z.object({ code: z.string() }),
  party: Id,
  state: z.string(),
  lines: z.array(Id),
});

/**
 * The totals of a sale.
 * @throws DecodeError where an amount has more decimals than the currency.
 */
export function decodeTotals(row: unknown, currency: Currency): ErpOrderTotals {
  const read = Totals.safeParse(row);
  if (!read.success) throw new DecodeError("the totals of a sale of Tryton cannot be read");
  return {
    currencyCode: read.data["currency."].code,
    totalTaxExclMinor: exactMinor(read.data.untaxed_amount.decimal, currency),
    totalTaxInclMinor: exactMinor(read.data.total_amount.decimal, currency),
    lines: read.data.lines.length,
    customerRef: erpRef(String(read.data.party)),
    isCancelled: read.data.state === "cancelled",
    paidMinor: undefined,
    creditedTaxInclMinor: undefined,
  };
}

function exactMinor(decimal: string, currency: Currency): number {
  const tooFine = (decimal.split(".")[1] ?? "").slice(currency.decimals).replaceAll("0", "");
  if (tooFine !== "") {
    throw new DecodeError(`Tryton has ${decimal} ${currency.code}, which is no amount of that currency`);
  }
  return toMinor(decimal, currency);
}
