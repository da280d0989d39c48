import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { ErpFailedError, type OrderToRead } from "../port.ts";
import { toWholeMinor } from "./decode-order-totals.ts";
import { digits, type QueryPage } from "./decode-page.ts";

const Row = z.object({
  externalid: z.string(),
  foreigntotal: digits(/^-?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]+)$/),
});

/**
 * Adds up the rows of `encodeMoneyQuery`. A credit's total is written below 0 or above it, by where one looks; deposits
 * and credits are ours, and neither is ever of the other sign.
 * @throws DecodeError where a row cannot be read, or has more decimals than the currency.
 */
export function decodeOrderMoney(
  page: QueryPage,
  order: OrderToRead,
): { readonly paidMinor: number; readonly creditedTaxInclMinor: number } {
  if (page.hasMore)
    throw new ErpFailedError(`NetSuite has too many payments and credits of ${order.externalId}`);
  const rows = page.items.map((row) => {
    const parsed = Row.safeParse(row);
    if (!parsed.success)
      throw new DecodeError(`a payment or credit of ${order.externalId} in NetSuite cannot be read`);
    return parsed.data;
  });
  const sumOf = (prefix: string): number =>
    rows
      .filter(({ externalid }) => externalid.startsWith(prefix))
      .reduce(
        (sum, { foreigntotal }) => sum + Math.abs(toWholeMinor(Number(foreigntotal), order.currency)),
        0,
      );
  return {
    paidMinor: sumOf(`${order.externalId}-PAY-`),
    creditedTaxInclMinor: sumOf(`${order.externalId}-CR-`),
  };
}
