/** How the operations of an order are carried out in the ERP, and what is known once they stand there. */
import type { CreditBody } from "../domain/credit.ts";
import { sha256 } from "../domain/fingerprint.ts";
import type { ErpRef } from "../domain/ids.ts";
import type { NeutralOrder, OrderBody, OrderTax } from "../domain/order.ts";
import type { PaymentBody } from "../domain/payment.ts";
import type { ErpPort } from "../erp/port.ts";
import type { Mapping } from "./mapping-statements.ts";
import type { NamedOrder } from "./plan.ts";
import { type Effect, effect, type Outcome, type RecordBody, type RecordKind, requireRef } from "./record.ts";

/** The body of a creation: the order, and the payments that are made with it where the ERP makes both or neither. */
export interface OrderCreation extends OrderBody {
  readonly payments?: readonly PaymentBody[];
}

/**
 * Hash of an order's body; its key order is fixed, so equal orders have equal hashes. What is looked up in the shop's
 * catalogue of today is not the order's content: a tax renamed, a voucher deleted or a product moved to another category
 * later must not amend orders that were placed before. Nor are its payments, each of which is a record of its own.
 */
export function hashOrder(body: OrderCreation): string {
  const { payments: _payments, ...content } = body;
  return sha256(JSON.stringify({ ...content, order: lasting(body.order) }));
}

/** The same of an order without its person: an erasure changes customer and addresses, and no more. */
export function hashOrderContent(order: NeutralOrder): string {
  return sha256(JSON.stringify({ ...lasting(order), customerId: 0, billing: null, delivery: null }));
}

function lasting(order: NeutralOrder): NeutralOrder {
  const lines = order.lines.map((line) => ({ ...line, categoryId: 0, taxes: unnamed(line.taxes) }));
  const taxes = {
    discountsTaxes: unnamed(order.discountsTaxes),
    shippingTaxes: unnamed(order.shippingTaxes),
    wrappingTaxes: unnamed(order.wrappingTaxes),
    roundingTaxes: unnamed(order.roundingTaxes),
    taxes: unnamed(order.taxes),
  };
  const discounts = order.discounts.map((discount) => ({ ...discount, code: "" }));
  return { ...order, lines, ...taxes, discounts };
}

const unnamed = (taxes: readonly OrderTax[]): readonly OrderTax[] =>
  taxes.map((tax) => ({ ...tax, name: "" }));

/** `<id_order>:<id_order_payment>`: the orders of a split cart share a payment. */
export const paymentKey = (orderId: number, paymentId: number): string =>
  `${String(orderId)}:${String(paymentId)}`;

const hashBody = (body: RecordBody): string => sha256(JSON.stringify(body));
const shared = { hash: hashBody, contentHash: () => null };

/** The effects of an order's operations. */
export function orderEffects(erp: ErpPort): RecordKind["effects"] {
  return {
    create: effect<OrderCreation>({
      find: erp.findOrder,
      send: (body, _ref, call) => erp.createOrder(body, body.payments ?? [], call),
      hash: hashOrder,
      contentHash: ({ order }) => hashOrderContent(order),
      outcome: orderOutcome,
    }),
    amend: effect<OrderBody>({
      send: (body, ref, call) => done(ref, (known) => erp.amendOrder(known, body, call)),
      hash: hashOrder,
      contentHash: ({ order }) => hashOrderContent(order),
      outcome: orderOutcome,
    }),
    ...moneyEffects(erp),
    cancel: effect<NamedOrder>({
      ...shared,
      send: (_body, ref, call) => done(ref, (known) => erp.cancelOrder(known, call)),
      outcome: () => ({ resource: "order", mappings: [] }),
    }),
    withdraw: effect<NamedOrder>({
      ...shared,
      send: (_body, ref, call) => done(ref, (known) => erp.withdrawOrder(known, call)),
      outcome: ({ orderId }) => ({
        resource: "order",
        mappings: [],
        forgotten: { kind: "order", shopKey: String(orderId) },
      }),
    }),
  };
}

function moneyEffects(erp: ErpPort): Readonly<Record<"pay" | "credit", Effect<RecordBody>>> {
  return {
    pay: effect<PaymentBody>({
      ...shared,
      find: erp.findPayment,
      send: (body, _ref, call) => erp.createPayment(body, call),
      outcome: (body, ref) => ({ resource: "payment", mappings: [paymentMapping(body, ref)] }),
    }),
    credit: effect<CreditBody>({
      ...shared,
      find: erp.findCredit,
      send: (body, _ref, call) => erp.createCredit(body, call),
      outcome: (body, ref) => ({
        resource: "credit",
        mappings: [mappingOf("booked-credit", String(body.slip.id), body, ref)],
      }),
    }),
  };
}

async function done(ref: ErpRef | null, work: (known: ErpRef) => Promise<void>): Promise<ErpRef> {
  const known = requireRef(ref);
  await work(known);
  return known;
}

/**
 * Payments that were made with their order stand under its id: the ERP told of no other. Of an order that was found nobody
 * knows with which payments it was made (an earlier request may have won): each is then asked for by its own key.
 */
function orderOutcome(body: OrderCreation, ref: ErpRef, found: boolean): Outcome {
  return {
    resource: "order",
    mappings: [
      mappingOf("order", String(body.order.id), body, ref),
      ...(found ? [] : (body.payments ?? [])).map((payment) => paymentMapping(payment, ref)),
    ],
    confirmedOrder: body.order.id,
  };
}

const paymentMapping = (body: PaymentBody, ref: ErpRef): Mapping =>
  mappingOf("booked-payment", paymentKey(body.payment.orderId, body.payment.id), body, ref);

const mappingOf = (kind: Mapping["kind"], shopKey: string, body: RecordBody, ref: ErpRef): Mapping => ({
  kind,
  shopKey,
  externalId: body.externalId,
  ref,
  fingerprint: body.fingerprint,
  origin: "sync",
});
