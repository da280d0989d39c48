import { fromMinor } from "../../domain/money.ts";
import { decodeReckonedTax } from "./decode-totals.ts";
import type { Directory } from "./directory.ts";
import { encodeAddress, type PartyAddress } from "./encode-address.ts";
import { type SaleWish, takeBack } from "./encode-credit.ts";
import {
  encodeHead,
  encodeLines,
  encodeSaleLine,
  encodeTaxDifference,
  type SaleHead,
  type SaleLine,
} from "./encode-order.ts";
import { encodeDecimal, encodeOrigin } from "./encode-values.ts";
import { type Ask, doneOrThrow, type Errand } from "./exchange.ts";
import type { TrytonSettings } from "./settings.ts";

/** What the shop's order is in Tryton, with Tryton's own ids. */
export interface Sale {
  readonly head: SaleHead;
  readonly lines: readonly SaleLine[];
  readonly billing: PartyAddress;
  readonly delivery: PartyAddress;
}

/** What work on sales needs. */
export interface SaleParts {
  readonly ask: Ask;
  readonly directory: Directory;
  readonly settings: TrytonSettings;
}

/** The sale with the taxes that the shop has, to the cent: Tryton is asked first what it makes of the lines. */
export async function reckonSale(
  { ask, directory, settings }: SaleParts,
  wish: SaleWish,
  errand: Errand,
): Promise<Sale> {
  const { body, takesBackFrom } = wish;
  const { order } = body;
  const isCredit = takesBackFrom !== undefined;
  const ordered = encodeLines(body, settings);
  const lines = isCredit ? ordered.map(takeBack) : ordered;
  const productIds = [...lines.map(({ productId }) => productId), settings.taxDifference?.productId ?? ""];
  const units = await directory.units(
    productIds.filter((id) => id !== ""),
    errand,
  );
  const currencyId = await directory.currencyId(order.currency, errand);
  const countryId = await directory.countryIds([order.billing.country, order.delivery.country], errand);
  const head = {
    ...encodeHead(body, currencyId, settings),
    ...(isCredit ? { origin: encodeOrigin(Number(takesBackFrom)) } : {}),
  };
  const saleLines = lines.map((line, index) => encodeSaleLine(line, index, units));
  const reckoning = {
    party: head.party,
    currency: currencyId,
    sale_date: head.sale_date,
    lines: lines.map((line) => ({
      type: "line",
      quantity: line.quantity,
      unit_price: encodeDecimal(line.unitPrice),
      amount: encodeDecimal(fromMinor(line.amountMinor, order.currency)),
      taxes: line.taxIds.map(Number),
    })),
  };
  const reckoned = doneOrThrow(await ask("model.sale.sale.on_change_lines", [reckoning], errand));
  const reckonedTax = decodeReckonedTax(reckoned, order.currency);
  const missed = encodeTaxDifference(order, isCredit ? 0 - reckonedTax : reckonedTax, lines.length, settings);
  const difference = missed !== undefined && isCredit ? takeBack(missed) : missed;
  return {
    head,
    lines:
      difference === undefined
        ? saleLines
        : [...saleLines, encodeSaleLine(difference, saleLines.length, units)],
    billing: encodeAddress(order.billing, countryId(order.billing.country)),
    delivery: encodeAddress(order.delivery, countryId(order.delivery.country)),
  };
}
