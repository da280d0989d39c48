import type { CreditBody } from "../../domain/credit.ts";
import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import type { OrderBody } from "../../domain/order.ts";
import type { PaymentBody } from "../../domain/payment.ts";
import type { ErpOrderTotals, ErpRecord, OrderToRead } from "../port.ts";
import { createCompanionSales } from "./companion-sales.ts";
import { paymentFields } from "./decode-payment.ts";
import { decodeRows } from "./decode-record.ts";
import { decodeCredited, decodePaid, decodeTotals, TOTALS_FIELDS } from "./decode-totals.ts";
import { encodeCredit } from "./encode-credit.ts";
import { encodeOrigin } from "./encode-values.ts";
import { doneOrThrow, type Errand } from "./exchange.ts";
import type { Payments } from "./payments.ts";
import type { SaleParts } from "./reckon-sale.ts";
import { carriesPayments } from "./settings.ts";
import { createStepwiseSales } from "./stepwise-sales.ts";

/** Orders and credit slips, which are both sales in Tryton: those of a slip have negative quantities. */
export interface Orders {
  readonly find: (externalId: ExternalId, errand: Errand) => Promise<ErpRecord | undefined>;
  readonly create: (body: OrderBody, payments: readonly PaymentBody[], errand: Errand) => Promise<ErpRef>;
  readonly credit: (body: CreditBody, errand: Errand) => Promise<ErpRef>;
  readonly amend: (ref: ErpRef, body: OrderBody, errand: Errand) => Promise<void>;
  readonly cancel: (ref: ErpRef, errand: Errand) => Promise<void>;
  readonly withdraw: (ref: ErpRef, errand: Errand) => Promise<void>;
  readonly read: (order: OrderToRead, errand: Errand) => Promise<ErpOrderTotals | undefined>;
}

export function createOrders(parts: SaleParts, payments: Payments): Orders {
  const { companion } = parts.settings;
  const sales = companion ? createCompanionSales(parts) : createStepwiseSales(parts);
  return {
    find: sales.find,
    create: async (body, paid, errand) => {
      const booked = [];
      // Without the companion payments are operations of their own.
      for (const payment of companion ? paid : []) booked.push(await payments.encode(payment, errand));
      return await sales.create({ body }, booked, errand);
    },
    credit: (slip, errand) => sales.create(encodeCredit(slip), [], errand),
    amend: (ref, body, errand) => sales.amend(Number(ref), body, errand),
    cancel: (ref, errand) => sales.cancel(Number(ref), errand),
    withdraw: (ref, errand) => sales.withdraw(Number(ref), errand),
    read: (order, errand) => readTotals(parts, order, errand),
  };
}

async function readTotals(
  { ask, settings }: SaleParts,
  { ref, externalId, currency }: OrderToRead,
  errand: Errand,
): Promise<ErpOrderTotals | undefined> {
  const isPaying = carriesPayments(settings);
  const paid = isPaying ? paymentFields(settings.companion).map((field) => `payments.${field}`) : [];
  const params = [[["id", "=", Number(ref)]], 0, 1, null, [...TOTALS_FIELDS, ...paid]];
  const result = doneOrThrow(await ask("model.sale.sale.search_read", params, errand));
  const [row] = decodeRows(result, "sales");
  if (row === undefined) return undefined;
  const ofIt = [
    ["origin", "=", encodeOrigin(Number(ref))],
    ["state", "!=", "cancelled"],
  ];
  const keys = settings.companion ? ["reference", "shop_ref"] : ["reference"];
  const credits = await ask(
    "model.sale.sale.search_read",
    [ofIt, 0, null, null, [...keys, "total_amount"]],
    errand,
  );
  return {
    ...decodeTotals(row, currency),
    paidMinor: isPaying ? decodePaid(row, externalId, currency) : undefined,
    creditedTaxInclMinor: decodeCredited(decodeRows(doneOrThrow(credits), "sales"), externalId, currency),
  };
}
