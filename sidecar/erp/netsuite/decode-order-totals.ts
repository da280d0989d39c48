import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { erpRef } from "../../domain/ids.ts";
import { type Currency, microsPerMinor, toMicros } from "../../domain/money.ts";
import type { ErpOrderTotals } from "../port.ts";
import { type Answer, json } from "./decode-answer.ts";
import { decodeOrderState, isCalledOff } from "./decode-order-state.ts";
import type { NetSuiteSettings } from "./settings.ts";

const Reference = z.looseObject({ id: z.union([z.string(), z.int().transform(String)]) });

const SalesOrder = z.looseObject({
  entity: Reference,
  currency: Reference,
  total: z.number(),
  /** Missing where the account has no taxes. */
  taxTotal: z.number().optional(),
  item: z.looseObject({ items: z.array(z.unknown()) }),
});

/**
 * Reads what an order comes to from the record, its sublists expanded.
 * @throws DecodeError where the answer is no sales order with its status, or an amount has more decimals than the currency.
 */
export function decodeOrderTotals(
  answer: Answer,
  currency: Currency,
  settings: Pick<NetSuiteSettings, "currencies">,
): ErpOrderTotals {
  const parsed = SalesOrder.safeParse(json(answer.body));
  if (!parsed.success) throw new DecodeError("NetSuite's answer is not a sales order with its totals");
  const { total, taxTotal, item, entity, currency: booked } = parsed.data;
  const totalTaxInclMinor = toWholeMinor(total, currency);
  return {
    currencyCode: codeOf(booked.id, settings),
    totalTaxExclMinor:
      taxTotal === undefined ? undefined : totalTaxInclMinor - toWholeMinor(taxTotal, currency),
    totalTaxInclMinor,
    lines: item.items.length,
    customerRef: erpRef(entity.id),
    isCancelled: isCalledOff(decodeOrderState(answer)),
    paidMinor: undefined,
    creditedTaxInclMinor: undefined,
  };
}

/** A currency that nobody configured is told by its internal id, which is no code and so agrees with none. */
function codeOf(id: string, settings: Pick<NetSuiteSettings, "currencies">): string {
  return Object.entries(settings.currencies).find(([, known]) => known === id)?.[0] ?? `currency ${id}`;
}

/**
 * A number of NetSuite in minor units.
 * @throws DecodeError where it has more decimals than the currency.
 */
export function toWholeMinor(value: number, currency: Currency): number {
  const micros = toMicros(String(value));
  const step = microsPerMinor(currency);
  if (micros % step !== 0n) {
    throw new DecodeError(
      `NetSuite says ${String(value)}, which has more decimals than ${currency.code} (${String(currency.decimals)})`,
    );
  }
  return Number(micros / step);
}
