import { MappingMissingError } from "../../domain/errors.ts";
import type { ExternalId } from "../../domain/ids.ts";
import { fromMinor } from "../../domain/money.ts";
import type { PaymentBody } from "../../domain/payment.ts";
import { ErpRejectedError } from "../port.ts";
import { encodeFingerprint } from "./decode-fingerprint.ts";
import {
  encodeDate,
  encodeDecimal,
  encodeOrigin,
  type TrytonDate,
  type TrytonDecimal,
} from "./encode-values.ts";
import type { TrytonSettings } from "./settings.ts";

/** A payment as Tryton's companion takes it. */
export interface KeyedPayment {
  readonly key: ExternalId;
  readonly fingerprint: string;
  readonly journal: number;
  readonly amount: TrytonDecimal;
  readonly date: TrytonDate;
  readonly description: string;
  readonly state: TrytonSettings["paymentState"];
}

const JOURNAL = /^[1-9][0-9]{0,8}$/;

/**
 * The journal that a payment is booked in: that of its method, as people mapped it, else that of its currency.
 * @throws MappingMissingError where there is none, or what was mapped is no id.
 */
export function encodeJournal({ refs, payment }: PaymentBody, settings: TrytonSettings): number {
  const { code } = payment.currency;
  const journal = refs?.payment ?? settings.paymentJournals[code];
  if (journal === undefined) {
    throw new MappingMissingError(
      `payments in ${code} have no journal: set erp.tryton.paymentJournals.${code}`,
    );
  }
  if (JOURNAL.test(journal)) return Number(journal);
  throw new MappingMissingError(
    `the payment method ${payment.method} is mapped to "${journal}", which is no id of a payment journal of Tryton`,
  );
}

/** @throws ErpRejectedError for what is no payment in Tryton: money given back, or a journal of another currency. */
export function encodePayment(
  body: PaymentBody,
  journal: { readonly id: number; readonly currencyCode: string },
  settings: TrytonSettings,
): KeyedPayment {
  const { payment, externalId, fingerprint } = body;
  const { currency, amountMinor } = payment;
  const amount = fromMinor(amountMinor, currency);
  if (amountMinor < 0) {
    throw new ErpRejectedError(
      `payment ${externalId} is of ${amount} ${currency.code}, money given back: Tryton books payments of customers above 0 only`,
    );
  }
  if (journal.currencyCode !== currency.code) {
    throw new ErpRejectedError(
      `payment ${externalId} is in ${currency.code}, and journal ${String(journal.id)} of Tryton in ${journal.currencyCode}`,
    );
  }
  return {
    key: externalId,
    fingerprint,
    journal: journal.id,
    amount: encodeDecimal(amount),
    date: encodeDate(payment.paidAtShopTime),
    description: [externalId, payment.method, payment.transactionId].filter((text) => text !== "").join(" "),
    state: settings.paymentState,
  };
}

/**
 * The values of a payment where nothing but its description can hold its key: at its beginning, and the fingerprint at
 * its end.
 */
export function encodePaymentValues(
  payment: KeyedPayment,
  sale: { readonly id: number; readonly party: number },
): Readonly<Record<"description", string>> & Readonly<Record<string, unknown>> {
  const { journal, amount, date, description, fingerprint } = payment;
  return {
    kind: "receivable",
    party: sale.party,
    origin: encodeOrigin(sale.id),
    journal,
    amount,
    date,
    description: `${description} ${encodeFingerprint(fingerprint)}`,
  };
}
