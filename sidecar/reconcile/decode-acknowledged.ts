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

const OrderWords = z.looseObject({
  customerRef: z.string(),
  order: z.looseObject({ totalPaidTaxExclMinor: z.number(), totalPaidTaxInclMinor: z.number() }),
});
const PaymentWords = z.looseObject({ payment: z.looseObject({ amountMinor: z.number() }) });
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
  const wasCreatedByUs = operations.some(({ kind }) => kind === "create");
  return since.reduce(follow, agreement?.said ?? (wasCreatedByUs ? UNTOUCHED : NOTHING_ACKNOWLEDGED));
}

/** An order before its first payment, credit or cancellation. */
const UNTOUCHED: Acknowledged = {
  ...NOTHING_ACKNOWLEDGED,
  isCancelled: false,
  paidMinor: 0,
  creditedTaxInclMinor: 0,
};

function follow(before: Acknowledged, { kind, body }: AcknowledgedOperation): Acknowledged {
  switch (kind) {
    case "create":
    case "amend":
      return { ...before, ...orderWords(body), isCancelled: false };
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

function orderWords(
  body: string | undefined,
): Pick<Acknowledged, "customerRef" | "totalTaxExclMinor" | "totalTaxInclMinor"> {
  const words = read(OrderWords, body);
  return {
    customerRef: refOf(words?.customerRef),
    totalTaxExclMinor: words?.order.totalPaidTaxExclMinor,
    totalTaxInclMinor: words?.order.totalPaidTaxInclMinor,
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
