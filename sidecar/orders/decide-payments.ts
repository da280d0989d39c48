/**
 * Which payments are an order's. The shop keeps them by the reference, which the orders of a split cart share, and books
 * the whole payment on the last of them (measured on 8.2.1). In the ERP each order has its own: so payments are poured
 * into the orders in the order of their ids, each up to its total, and what is left over is the last one's.
 */
import { DecodeError } from "../domain/errors.ts";
import { type ShopOrderId, shopOrderId } from "../domain/ids.ts";
import { type Currency, microsPerMinor, toMicros, toMinor } from "../domain/money.ts";
import type { NeutralPayment } from "../domain/payment.ts";
import type { PaymentRow, SiblingRow } from "../shop/money-statements.ts";

/** The order whose payments are asked for. */
export interface PayingOrder {
  readonly id: ShopOrderId;
  readonly reference: string;
  readonly currency: Currency;
  readonly conversionRate: string;
}

/** The payments that fall to an order. */
export interface PaymentDecision {
  readonly payments: readonly NeutralPayment[];
  /** `id_order_payment` of rows that tell of a payment a second time; they are not sent, and a person has to look. */
  readonly doubled: readonly number[];
}

/**
 * Decides which payments, or parts of them, are this order's.
 * @throws DecodeError where a payment has a currency that the shop no longer knows.
 */
export function decidePayments(
  order: PayingOrder,
  rows: readonly PaymentRow[],
  siblings: readonly SiblingRow[],
): PaymentDecision {
  const told = new Set<string>();
  const doubled: number[] = [];
  const payments: NeutralPayment[] = [];
  const open = siblings.map((sibling) => ({
    id: sibling.id_order,
    leftMinor: Math.max(0, toMinor(sibling.total_paid_tax_incl, order.currency)),
  }));
  for (const row of rows) {
    const key = tellingKey(row);
    if (key !== undefined && told.has(key)) {
      doubled.push(row.id_order_payment);
      continue;
    }
    if (key !== undefined) told.add(key);
    const paid = decodeAmount(row, order);
    const amountMinor = pour(paid.amountMinor, open, order.id);
    if (amountMinor === 0) continue;
    const isWhole = amountMinor === paid.amountMinor;
    payments.push({
      id: row.id_order_payment,
      orderId: shopOrderId(order.id),
      reference: order.reference,
      paidAtShopTime: row.date_add,
      method: row.payment_method,
      transactionId: row.transaction_id ?? "",
      currency: order.currency,
      conversionRate: order.conversionRate,
      amountMinor,
      // Of a part nobody can say what it was in the other currency.
      ...(isWhole && paid.paidIn !== undefined ? { paidIn: paid.paidIn } : {}),
    });
  }
  return { payments, doubled };
}

/** A payment service's own id names a payment: the same amount under it again is the same payment, told twice. */
function tellingKey(row: PaymentRow): string | undefined {
  const id = row.transaction_id ?? "";
  return id === "" ? undefined : [id, row.currency_code, row.amount].join("\n");
}

/** Pours an amount into the orders and returns what this one gets; the last takes what is left over. */
function pour(
  amountMinor: number,
  open: { readonly id: number; leftMinor: number }[],
  orderId: ShopOrderId,
): number {
  let rest = amountMinor;
  let own = 0;
  for (const [index, sibling] of open.entries()) {
    const isLast = index === open.length - 1;
    const part = isLast ? rest : Math.min(Math.max(rest, 0), sibling.leftMinor);
    sibling.leftMinor -= part;
    rest -= part;
    if (sibling.id === orderId) own += part;
  }
  return own;
}

/** What was paid, in the order's currency; by the rates of payment and order where it was another. */
function decodeAmount(
  row: PaymentRow,
  order: PayingOrder,
): { readonly amountMinor: number; readonly paidIn?: NeutralPayment["paidIn"] } {
  const code = row.currency_code?.toUpperCase();
  if (code === order.currency.code) return { amountMinor: toMinor(row.amount, order.currency) };
  const decimals = row.currency_decimals;
  if (code === undefined || (decimals !== 0 && decimals !== 1 && decimals !== 2 && decimals !== 3)) {
    throw new DecodeError(
      `Payment ${String(row.id_order_payment)} of ${order.reference} has a currency that the shop no longer knows`,
    );
  }
  const rate = toMicros(row.conversion_rate);
  if (rate <= 0n)
    throw new DecodeError(`Payment ${String(row.id_order_payment)} of ${order.reference} has no rate`);
  const currency: Currency = { code, decimals };
  const micros = (toMicros(row.amount) * toMicros(order.conversionRate)) / rate;
  return {
    amountMinor: roundToMinor(micros, order.currency),
    paidIn: { currency, amountMinor: toMinor(row.amount, currency) },
  };
}

/** Half away from zero, as the shop rounds by default. */
function roundToMinor(micros: bigint, currency: Currency): number {
  const step = microsPerMinor(currency);
  const size = micros < 0n ? -micros : micros;
  const rounded = Number((size + step / 2n) / step);
  return micros < 0n ? 0 - rounded : rounded;
}
