import { z } from "zod";
import { type ErpRef, erpRef } from "../domain/ids.ts";
import type { OperationKind } from "../domain/operation.ts";
import { type Acknowledged, NOTHING_ACKNOWLEDGED } from "./decide-order-difference.ts";

/** An operation that the ERP acknowledged. */
export interface AcknowledgedOperation {
  readonly kind: OperationKind;
  /** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
  readonly acknowledgedAt: string;
  /** JSON text; undefined where it is not known what stands in the ERP, or the body is gone (after 90 days). */
  readonly body: string | undefined;
}

/** What both sides said when they last agreed. */
export interface Agreement {
  /** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
  readonly at: string;
  readonly said: Acknowledged;
}

const PaymentWords = z.looseObject({ payment: z.looseObject({ amountMinor: z.number() }) });
const OrderWords = z.looseObject({
  customerRef: z.string(),
  order: z.looseObject({ totalPaidTaxExclMinor: z.number(), totalPaidTaxInclMinor: z.number() }),
  /** Those that were made with the order, by an ERP that makes both or neither. */
  payments: z.array(PaymentWords).default([]),
});
const CreditWords = z.looseObject({ order: z.looseObject({ totalPaidTaxInclMinor: z.number() }) });

/**
 * What the ERP acknowledged last of an order: what it said when both sides last agreed, and what was acknowledged since.
 * An erased body tells as little as one that is gone.
 */
export function decodeAcknowledged(
  operations: readonly AcknowledgedOperation[],
  agreement: Agreement | undefined,
): Acknowledged {
  const since = operations.filter(
    ({ acknowledgedAt }) => agreement === undefined || acknowledgedAt > agreement.at,
  );
  return since.reduce(follow, agreement?.said ?? NOTHING_ACKNOWLEDGED);
}

function follow(before: Acknowledged, { kind, body }: AcknowledgedOperation): Acknowledged {
  switch (kind) {
    case "create":
      return { ...createdOf(body), isCancelled: false, creditedTaxInclMinor: 0 };
    case "amend": {
      const { paidMinor: _withItsCreation, ...said } = createdOf(body);
      return { ...before, ...said, isCancelled: false };
    }
    case "pay":
      return { ...before, paidMinor: sum(before.paidMinor, read(PaymentWords, body)?.payment.amountMinor) };
    case "credit": {
      const credited = read(CreditWords, body)?.order.totalPaidTaxInclMinor;
      return { ...before, creditedTaxInclMinor: sum(before.creditedTaxInclMinor, credited) };
    }
    case "cancel":
      return { ...before, isCancelled: true };
    case "withdraw":
      return NOTHING_ACKNOWLEDGED;
    case "set_status":
    case "set_tracking":
    case "set_invoice":
      return before;
  }
}

/** What an order's body says. */
function createdOf(body: string | undefined): Omit<Acknowledged, "isCancelled" | "creditedTaxInclMinor"> {
  const words = read(OrderWords, body);
  return {
    customerRef: refOf(words?.customerRef),
    totalTaxExclMinor: words?.order.totalPaidTaxExclMinor,
    totalTaxInclMinor: words?.order.totalPaidTaxInclMinor,
    paidMinor: words?.payments.reduce((paid, { payment }) => paid + payment.amountMinor, 0),
  };
}

const refOf = (text: string | undefined): ErpRef | undefined =>
  text === undefined ? undefined : erpRef(text);

const sum = (before: number | undefined, more: number | undefined): number | undefined =>
  before === undefined || more === undefined ? undefined : before + more;

function read<T>(schema: z.ZodType<T>, body: string | undefined): T | undefined {
  if (body === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
