import type { ErpRef } from "../../domain/ids.ts";
import type { OrderBody } from "../../domain/order.ts";
import type { ErpCall, ErpOrderTotals, OrderToRead } from "../port.ts";
import type { Answer } from "./decode-answer.ts";
import { decodeOrderMoney } from "./decode-order-money.ts";
import { decodeOrderState } from "./decode-order-state.ts";
import { decodeOrderTotals } from "./decode-order-totals.ts";
import { encodeCancellation } from "./encode-cancellation.ts";
import { encodeOrderAmendment, replacedSublists } from "./encode-order.ts";
import { encodeMoneyQuery } from "./encode-order-money.ts";
import { type Ask, type Budget, doneOrThrow } from "./exchange.ts";
import { createQuery } from "./query.ts";
import { amendRecord, RECORDS } from "./records.ts";
import type { NetSuiteSettings } from "./settings.ts";

/** The whole order as it stands; undefined where it is gone. */
async function readRecord(ask: Ask, ref: ErpRef, call: ErpCall, budget: Budget): Promise<Answer | undefined> {
  const path = `${RECORDS}/salesOrder/${ref}?expandSubResources=true`;
  const verdict = await ask({ method: "GET", path }, call, budget);
  return verdict.kind === "absent" ? undefined : doneOrThrow(verdict);
}

/**
 * Replaces the order's content: without `replace` NetSuite would add the lines to those that are there (Oracle
 * section_1545295601). Lines that were closed are gone with it, so the order is open again; one that was cancelled by its
 * status is opened by it too.
 */
export async function amendOrder(
  parts: { readonly ask: Ask; readonly settings: NetSuiteSettings; readonly budget: Budget },
  ref: ErpRef,
  body: OrderBody,
  call: ErpCall,
): Promise<void> {
  const { ask, settings, budget } = parts;
  const content = encodeOrderAmendment(body, settings);
  const record = await readRecord(ask, ref, call, budget);
  const isCancelled = record !== undefined && decodeOrderState(record).status === "C";
  const path = `salesOrder/${ref}?replace=${replacedSublists(settings)}`;
  await amendRecord(ask, path, isCancelled ? { orderStatus: "A", ...content } : content, call, budget);
}

/** Calls the order off; nothing is sent where it is off already. */
export async function cancelOrder(ask: Ask, ref: ErpRef, call: ErpCall, budget: Budget): Promise<void> {
  const path = `${RECORDS}/salesOrder/${ref}?expandSubResources=true`;
  const state = decodeOrderState(doneOrThrow(await ask({ method: "GET", path }, call, budget)));
  const cancellation = encodeCancellation(state);
  if (cancellation !== undefined) await amendRecord(ask, `salesOrder/${ref}`, cancellation, call, budget);
}

/** What the order comes to, and what was paid and credited of it; undefined where the record is gone. */
export async function readOrder(
  parts: { readonly ask: Ask; readonly settings: NetSuiteSettings; readonly budget: Budget },
  order: OrderToRead,
  call: ErpCall,
): Promise<ErpOrderTotals | undefined> {
  const { ask, settings, budget } = parts;
  const record = await readRecord(ask, order.ref, call, budget);
  if (record === undefined) return undefined;
  const totals = decodeOrderTotals(record, order.currency, settings);
  const carries = { payments: settings.deposits !== undefined, credits: settings.credits !== undefined };
  if (!carries.payments && !carries.credits) return totals;
  const page = await createQuery(ask, call, budget)(encodeMoneyQuery(order.externalId));
  const { paidMinor, creditedTaxInclMinor } = decodeOrderMoney(page, order);
  return {
    ...totals,
    paidMinor: carries.payments ? paidMinor : undefined,
    creditedTaxInclMinor: carries.credits ? creditedTaxInclMinor : undefined,
  };
}
