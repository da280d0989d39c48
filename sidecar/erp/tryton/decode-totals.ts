import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { type ExternalId, erpRef } from "../../domain/ids.ts";
import { type Currency, toMinor } from "../../domain/money.ts";
import { ErpFailedError, type ErpOrderTotals } from "../port.ts";
import { decodePayments, isPaymentOf } from "./decode-payment.ts";
import { Decimal, decodeRows, Id } from "./decode-record.ts";

const Reckoned = z.object({ untaxed_amount: Decimal, tax_amount: Decimal, total_amount: Decimal });

/** The tax that Tryton reckons for the lines of a sale, in minor units. */
export function decodeReckonedTax(result: unknown, currency: Currency): number {
  const read = Reckoned.safeParse(result);
  if (!read.success) throw new ErpFailedError("Tryton's reckoning of a sale is not its own");
  return exactMinor(read.data.tax_amount.decimal, currency);
}

/** The fields that `decodeTotals` reads. */
export const TOTALS_FIELDS = [
  "currency.code",
  "untaxed_amount",
  "tax_amount",
  "total_amount",
  "lines",
  "party",
  "state",
] as const;

const Totals = Reckoned.extend({
  "currency.": z.object({ code: z.string() }),
  party: Id,
  state: z.string(),
  lines: z.array(Id),
});

/**
 * The totals of a sale, without payments and credits.
 * @throws DecodeError where an amount has more decimals than the currency.
 */
export function decodeTotals(
  row: unknown,
  currency: Currency,
): Omit<ErpOrderTotals, "paidMinor" | "creditedTaxInclMinor"> {
  const read = Totals.safeParse(row);
  if (!read.success) throw new DecodeError("the totals of a sale of Tryton cannot be read");
  return {
    currencyCode: read.data["currency."].code,
    totalTaxExclMinor: exactMinor(read.data.untaxed_amount.decimal, currency),
    totalTaxInclMinor: exactMinor(read.data.total_amount.decimal, currency),
    lines: read.data.lines.length,
    customerRef: erpRef(String(read.data.party)),
    isCancelled: read.data.state === "cancelled",
  };
}

/** The sum of our payments of a sale that did not fail. */
export function decodePaid(
  row: Readonly<Record<string, unknown>>,
  order: ExternalId,
  currency: Currency,
): number {
  return decodePayments(decodeRows(row["payments."], "payments"))
    .filter(({ key, state }) => isPaymentOf(order, key) && state !== "failed")
    .reduce((sum, { amount }) => sum + exactMinor(amount, currency), 0);
}

const Credit = z.object({
  reference: z.string().nullable(),
  shop_ref: z.string().nullish(),
  total_amount: Decimal,
});

/** The sum of our credits among the sales that take back from this one; positive. */
export function decodeCredited(rows: readonly unknown[], order: ExternalId, currency: Currency): number {
  const credits = z.array(Credit).safeParse(rows);
  if (!credits.success) throw new DecodeError("a credit of Tryton cannot be read");
  return credits.data
    .filter(({ reference, shop_ref }) => (shop_ref ?? reference ?? "").startsWith(`${order}-CR-`))
    .reduce((sum, { total_amount }) => sum - exactMinor(total_amount.decimal, currency), 0);
}

function exactMinor(decimal: string, currency: Currency): number {
  const tooFine = (decimal.split(".")[1] ?? "").slice(currency.decimals).replaceAll("0", "");
  if (tooFine !== "") {
    throw new DecodeError(`Tryton has ${decimal} ${currency.code}, which is no amount of that currency`);
  }
  return toMinor(decimal, currency);
}
