import { fromMinor } from "../../domain/money.ts";
import type { PaymentBody } from "../../domain/payment.ts";
import { ErpRejectedError } from "../port.ts";
import {
  encodeAmount,
  encodeMemo,
  encodeMoney,
  encodeSubsidiary,
  type Money,
  type Reference,
} from "./encode-sale.ts";
import type { DepositSettings, NetSuiteSettings } from "./settings.ts";

/** The body of `POST /customerDeposit`. */
interface DepositCreation extends Money {
  readonly externalId: string;
  readonly customer: Reference;
  readonly salesOrder: Reference;
  readonly payment: number;
  readonly subsidiary?: Reference;
  readonly paymentOption?: Reference;
  /** Where the money lies: an account, or undeposited funds. */
  readonly account?: Reference;
  readonly undepFunds?: true;
  readonly tranDate: string;
}

/**
 * Turns a payment into the deposit of its order, in the order's currency.
 * @throws ErpRejectedError where it is no money that came in, or its order is not in NetSuite.
 * @throws MappingMissingError where the currency has no internal id.
 */
export function encodeDeposit(
  body: PaymentBody,
  settings: NetSuiteSettings,
  deposits: DepositSettings,
): DepositCreation {
  const { payment, orderRef, refs } = body;
  const named = `payment ${String(payment.id)} of order ${payment.reference}`;
  if (orderRef === null) throw new ErpRejectedError(`${named} has no order in NetSuite to be deposited for`);
  if (payment.amountMinor <= 0) {
    const amount = `${fromMinor(payment.amountMinor, payment.currency)} ${payment.currency.code}`;
    throw new ErpRejectedError(
      `${named} is ${amount}: money that was given back is no deposit, and is booked in NetSuite by people`,
    );
  }
  return {
    externalId: body.externalId,
    customer: { id: body.customerRef },
    salesOrder: { id: orderRef },
    payment: encodeAmount(payment.amountMinor, payment.currency),
    ...encodeSubsidiary(refs, settings),
    ...encodeMoney(payment, refs, settings),
    ...(refs?.payment === undefined ? {} : { paymentOption: { id: refs.payment } }),
    ...(deposits.account === undefined ? { undepFunds: true } : { account: { id: deposits.account } }),
    tranDate: payment.paidAtShopTime.slice(0, 10),
    ...encodeMemo(`${payment.method} ${payment.transactionId}`, body.fingerprint, deposits.fingerprintField),
  };
}
