import { groupBy } from "../domain/groups.ts";
import { type ShopCustomerId, type ShopOrderId, shopCustomerId, shopOrderId } from "../domain/ids.ts";
import { type Currency, microsPerMinor, toMicros, toMinor } from "../domain/money.ts";
import type {
  OrderAmountsRow,
  ReferencePaymentRow,
  SlipAmountsRow,
} from "../shop/order-amounts-statements.ts";

/** An order as the shop says it. Amounts are minor units of its currency. */
export interface ShopOrder {
  readonly id: ShopOrderId;
  readonly reference: string;
  readonly customerId: ShopCustomerId;
  readonly stateId: number;
  readonly currency: Currency;
  readonly totalTaxExclMinor: number;
  readonly totalTaxInclMinor: number;
  readonly creditedTaxInclMinor: number;
  /** All payments of its reference: the shop does not say which of a split cart's orders a payment is for. */
  readonly referencePaidMinor: number;
  /** The part of them that falls to this order, as orders/ sends it: filled up by id, and the rest is the last one's. */
  readonly paidMinor: number;
  /** All orders of its reference, itself among them. */
  readonly siblings: readonly ShopOrderId[];
}

/** The rows that orders are read from. */
export interface ShopOrderRows {
  readonly orders: readonly OrderAmountsRow[];
  readonly payments: readonly ReferencePaymentRow[];
  readonly slips: readonly SlipAmountsRow[];
}

/** Puts the orders together by id; one whose currency the shop has deleted is left out, as nobody can say its amounts. */
export function decodeShopOrders(rows: ShopOrderRows): ReadonlyMap<number, ShopOrder> {
  const payments = groupBy(rows.payments, (row) => row.order_reference);
  const slips = groupBy(rows.slips, (row) => row.id_order);
  const orders = new Map<number, ShopOrder>();
  for (const [reference, members] of groupBy(rows.orders, (row) => row.reference)) {
    const [first] = members;
    const currency = first === undefined ? undefined : currencyOf(first);
    if (first === undefined || currency === undefined) continue;
    const paid = paidOf(payments.get(reference) ?? [], first, currency);
    const totals = members.map((row) => toMinor(row.total_paid_tax_incl, currency));
    const parts = pour(paid, totals);
    const siblings = members.map((row) => shopOrderId(row.id_order));
    for (const [index, row] of members.entries()) {
      orders.set(row.id_order, {
        id: shopOrderId(row.id_order),
        reference,
        customerId: shopCustomerId(row.id_customer),
        stateId: row.current_state,
        currency,
        totalTaxExclMinor: toMinor(row.total_paid_tax_excl, currency),
        totalTaxInclMinor: totals[index] ?? 0,
        creditedTaxInclMinor: creditedOf(slips.get(row.id_order) ?? [], currency),
        referencePaidMinor: paid,
        paidMinor: parts[index] ?? 0,
        siblings,
      });
    }
  }
  return orders;
}

function pour(paidMinor: number, totals: readonly number[]): readonly number[] {
  let rest = paidMinor;
  return totals.map((total, index) => {
    const isLast = index === totals.length - 1;
    const part = isLast ? rest : Math.min(Math.max(rest, 0), Math.max(total, 0));
    rest -= part;
    return part;
  });
}

function currencyOf({
  currency_code: code,
  currency_decimals: decimals,
}: OrderAmountsRow): Currency | undefined {
  if (code === null) return undefined;
  return decimals === 0 || decimals === 1 || decimals === 2 || decimals === 3
    ? { code, decimals }
    : undefined;
}

function paidOf(
  payments: readonly ReferencePaymentRow[],
  order: OrderAmountsRow,
  currency: Currency,
): number {
  return payments.reduce((sum, payment) => sum + paymentMinor(payment, order, currency), 0);
}

/** A payment in another currency is converted by both rates that the shop noted, rounding half away from zero. */
function paymentMinor(payment: ReferencePaymentRow, order: OrderAmountsRow, currency: Currency): number {
  if (payment.currency_code === currency.code) return toMinor(payment.amount, currency);
  const amount = toMicros(payment.amount) * toMicros(order.conversion_rate);
  const divisor = toMicros(payment.conversion_rate) * microsPerMinor(currency);
  if (divisor <= 0n) return toMinor(payment.amount, currency);
  const half = amount < 0n ? -divisor / 2n : divisor / 2n;
  return Number((amount + half) / divisor);
}

function creditedOf(slips: readonly SlipAmountsRow[], currency: Currency): number {
  return slips.reduce((sum, slip) => {
    const products = toMinor(slip.total_products_tax_incl ?? slip.amount, currency);
    return sum + products + toMinor(slip.total_shipping_tax_incl ?? "0", currency);
  }, 0);
}
