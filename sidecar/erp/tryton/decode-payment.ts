import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import type { ExternalId } from "../../domain/ids.ts";
import { ErpFailedError } from "../port.ts";
import { Decimal, Id } from "./decode-record.ts";

/** A payment as Tryton has it. */
export interface TrytonPayment {
  readonly id: number;
  readonly key: string;
  readonly description: string;
  readonly state: string;
  /** Decimal text in the currency of its journal. */
  readonly amount: string;
  /** Whether it hangs on a sale. */
  readonly hasOrigin: boolean;
}

const Payment = z.object({
  id: Id,
  description: z.string().nullable(),
  shop_ref: z.string().nullish(),
  state: z.string(),
  amount: Decimal,
  origin: z.string().nullable(),
});

/** The fields that `decodePayments` reads; `shop_ref` is the companion's. */
export const paymentFields = (companion: boolean): readonly string[] => [
  "description",
  "state",
  "amount",
  "origin",
  ...(companion ? ["shop_ref"] : []),
];

/** @throws DecodeError where a row is no payment. */
export function decodePayments(rows: readonly unknown[]): readonly TrytonPayment[] {
  return rows.map((row) => {
    const read = Payment.safeParse(row);
    if (!read.success) throw new DecodeError("a payment of Tryton cannot be read");
    const { id, description, shop_ref, state, amount, origin } = read.data;
    const text = description ?? "";
    // Without the companion the key is the first word of the description.
    const key = shop_ref ?? text.split(" ", 1)[0] ?? "";
    return { id, key, description: text, state, amount: amount.decimal, hasOrigin: origin !== null };
  });
}

/** Whether a key is that of a payment of this order. */
export const isPaymentOf = (order: string, key: string): boolean => key.startsWith(`${order}-PAY-`);

const SaleToPay = z.object({
  party: Id,
  invoice_party: Id.nullable(),
  "currency.": z.object({ code: z.string() }),
  "payments.": z.array(z.object({ id: Id, description: z.string().nullable() })),
});

/** What a payment has to know of its sale. */
export interface SaleToPay {
  readonly party: number;
  readonly currencyCode: string;
  /** The id of the payment of it that has the key, if any. */
  readonly paidAs: (key: ExternalId) => number | undefined;
}

export const SALE_TO_PAY_FIELDS = [
  "party",
  "invoice_party",
  "currency.code",
  "payments.description",
] as const;

/** @throws ErpFailedError where the row is no sale with its payments. */
export function decodeSaleToPay(row: unknown): SaleToPay {
  const read = SaleToPay.safeParse(row);
  if (!read.success) throw new ErpFailedError("Tryton's answer is no sale with its payments");
  const { party, invoice_party, "currency.": currency, "payments.": payments } = read.data;
  return {
    party: invoice_party ?? party,
    currencyCode: currency.code,
    paidAs: (key) => payments.find(({ description }) => (description ?? "").split(" ", 1)[0] === key)?.id,
  };
}
