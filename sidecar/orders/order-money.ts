/** An order's payments, credit slips and invoices: read from the shop, and turned into what the ERP lacks of them. */
import type { CreditBody } from "../domain/credit.ts";
import { fingerprint, sha256 } from "../domain/fingerprint.ts";
import type { ErpRef, ExternalId, ShopOrderId, Subject } from "../domain/ids.ts";
import type { CarriedMoney } from "../domain/operation.ts";
import type { NeutralOrder, OrderBody, OrderRefs } from "../domain/order.ts";
import type { NeutralPayment, PaymentBody } from "../domain/payment.ts";
import type { ErpStage } from "../domain/progress.ts";
import type { ErpCapabilities } from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import {
  type PaymentRow,
  readInvoiceNumbers,
  readOrderPayments,
  readSiblings,
  readSlipLines,
  readSlips,
  type SiblingRow,
  type SlipLineRow,
  type SlipRow,
} from "../shop/money-statements.ts";
import type { OrderRow } from "../shop/order-statements.ts";
import { decideCredit } from "./decide-credit.ts";
import type { MappingDecision } from "./decide-mapping.ts";
import { decidePayments } from "./decide-payments.ts";
import type { DecodedOrder } from "./decode-order.ts";
import type { OrderProgress } from "./decode-progress.ts";
import type { Mapping, MappingKind } from "./mapping-statements.ts";
import type { OperationRow } from "./operation-statements.ts";
import { type OrderCreation, paymentKey } from "./order-effects.ts";
import type { ErpPlan, Plan, ShopCommand } from "./plan.ts";
import { type DueCredit, type LifeFacts, refuseClosed, type StatusFacts } from "./plan-life.ts";
import { encodeCommand } from "./shop-command.ts";

/** What people decided about an order's life after its export; see the section `orders` of the configuration. */
export interface LifeRules {
  readonly booksClosedUntil?: string | undefined;
  readonly invoiceNumbers: "none" | "shop" | "erp";
  readonly statesFromErp: Readonly<Partial<Record<ErpStage, number>>>;
}

/** All that the shop has of an order's money beside the order itself, as far as the ERP takes it. */
export interface OrderMoney {
  readonly payments: readonly PaymentRow[];
  readonly siblings: readonly SiblingRow[];
  readonly slips: readonly SlipRow[];
  readonly slipLines: readonly SlipLineRow[];
  /** Of the shop; read only where somebody is to be told of one. */
  readonly invoiceNumbers: readonly number[];
}

/** Reads what is wanted, all of it at once. */
export async function readMoney(
  db: Database,
  id: ShopOrderId,
  erp: Pick<ErpCapabilities, "payments" | "credits">,
  rules: LifeRules & { readonly unpaid: "export" | "hold" },
): Promise<OrderMoney> {
  const wantsPayments = erp.payments || rules.unpaid === "hold";
  const [payments, siblings, slips, slipLines, invoiceNumbers] = await Promise.all([
    wantsPayments ? readOrderPayments(db, id) : [],
    wantsPayments ? readSiblings(db, id) : [],
    erp.credits ? readSlips(db, id) : [],
    erp.credits ? readSlipLines(db, id) : [],
    rules.invoiceNumbers === "none" ? [] : readInvoiceNumbers(db, id),
  ]);
  return { payments, siblings, slips, slipLines, invoiceNumbers };
}

/** Under which keys it is mapped where the ERP has it. */
export function moneyKeys(
  id: ShopOrderId,
  { payments, slips }: OrderMoney,
): readonly { readonly kind: MappingKind; readonly shopKey: string }[] {
  return [
    ...payments.map((row) => ({
      kind: "booked-payment" as const,
      shopKey: paymentKey(id, row.id_order_payment),
    })),
    ...slips.map((row) => ({ kind: "booked-credit" as const, shopKey: String(row.id_order_slip) })),
  ];
}

/** Whether nobody has paid an order that costs something. */
export const isUnpaid = (row: OrderRow, { payments }: OrderMoney): boolean =>
  Number(row.total_paid_tax_incl) > 0 && !payments.some(({ amount }) => Number(amount) > 0);

/** The order with the shop's invoice numbers, where the ERP is to be told of them. */
export function withInvoices(order: NeutralOrder, money: OrderMoney, rules: LifeRules): NeutralOrder {
  if (rules.invoiceNumbers !== "shop" || money.invoiceNumbers.length === 0) return order;
  return { ...order, invoiceNumbers: money.invoiceNumbers.map(String) };
}

/** What the bodies of payments and credits are made of. */
export interface MoneyFacts {
  readonly externalId: ExternalId;
  readonly fingerprint: string;
  readonly subject: Subject;
  readonly orderId: ShopOrderId;
  readonly heldMs: number;
  readonly customerRef: ErpRef | undefined;
  readonly itemRefs: Readonly<Record<string, ErpRef>>;
  readonly order: DecodedOrder | undefined;
  readonly mapped: MappingDecision | undefined;
  readonly mappings: ReadonlyMap<string, Mapping>;
  readonly money: OrderMoney;
  readonly erp: Pick<ErpCapabilities, "payments" | "paymentsWithOrder">;
  readonly carried: Pick<CarriedMoney, "payments" | "credits">;
  /** The shop gave the order to its anonymous customer. */
  readonly isAnonymous: boolean;
}

/**
 * Whether an order's payments and slips are ours to send: those of orders that were created in the ERP while it took them,
 * or that a person asked for. What was there before people booked by hand, and would stand there twice.
 */
export function decideCarried(
  {
    erp,
    requested,
  }: { readonly erp: Pick<ErpCapabilities, "payments" | "credits">; readonly requested: boolean },
  operations: readonly OperationRow[],
): Pick<CarriedMoney, "payments" | "credits"> {
  const created = operations.find(({ kind, state }) => kind === "create" && state === "acknowledged");
  if (requested || created === undefined) return erp;
  const { credits = false, payments = false } = created.money ?? {};
  return { payments: payments && erp.payments, credits: credits && erp.credits };
}

/** The payments that the ERP does not have yet. `orderRef`: null where the same call creates the order. */
export function duePayments(facts: MoneyFacts, orderRef: ErpRef | null): readonly PaymentBody[] {
  const { customerRef, money, order } = facts;
  if (!facts.carried.payments || order?.kind !== "agreed" || customerRef === undefined) return [];
  const { payments } = decidePayments(order.order, money.payments, money.siblings);
  return payments
    .map((payment) => paymentBody(facts, payment, customerRef, orderRef))
    .filter(({ externalId, payment }) => {
      const key = paymentKey(payment.orderId, payment.id);
      return !isBooked(facts.mappings.get(`booked-payment:${key}`), externalId);
    });
}

function paymentBody(
  facts: MoneyFacts,
  payment: NeutralPayment,
  customerRef: ErpRef,
  orderRef: ErpRef | null,
): PaymentBody {
  const refs = refsOf(facts.mapped, ["subsidiary", "currency", "payment"]);
  const { amountMinor, id, paidAtShopTime } = payment;
  return {
    externalId: `${facts.externalId}-PAY-${String(id)}` as ExternalId,
    fingerprint: fingerprint(facts.fingerprint, String(id), paidAtShopTime, String(amountMinor)),
    customerRef,
    orderExternalId: facts.externalId,
    orderRef,
    ...(refs === undefined ? {} : { refs }),
    payment,
  };
}

/** By us under that key, or by people, who said so by a mapping. An id that came back has another key. */
const isBooked = (mapping: Mapping | undefined, externalId: ExternalId): boolean =>
  mapping?.origin === "import" || mapping?.externalId === externalId;

/**
 * Why payments and slips that are due cannot even be made into a body: then they park instead of being left out. The
 * customer whom the shop calls anonymous is nobody's debtor.
 */
function lostMoney(facts: MoneyFacts, orderRef: ErpRef): string | undefined {
  const { customerRef, isAnonymous, order } = facts;
  const isNobodys = isAnonymous || customerRef === undefined;
  const isAgreed = order?.kind === "agreed";
  if (!isNobodys && isAgreed) return undefined;
  const open = isAgreed ? openOf({ ...facts, customerRef: NOBODY }, orderRef) : unmapped(facts);
  if (open.length === 0) return undefined;
  const why = isAgreed ? "whose it is is known no more" : "the order's own amounts contradict each other";
  return `${open.join(", ")}: ${why}. Book it by hand`;
}

const NOBODY = "0" as ErpRef;

const openOf = (facts: MoneyFacts, orderRef: ErpRef): readonly string[] => [
  ...duePayments(facts, orderRef).map(({ payment }) => `payment ${String(payment.id)}`),
  ...dueCredits(facts, orderRef).map((due) =>
    due.kind === "agreed" ? `credit slip ${String(due.body.slip.id)}` : due.sentence,
  ),
];

/** Rows of which nobody can say what they come to. */
function unmapped({ carried, mappings, money, orderId }: MoneyFacts): readonly string[] {
  const payments = (carried.payments ? money.payments : []).map(({ id_order_payment: id }) => id);
  const slips = (carried.credits ? money.slips : []).map(({ id_order_slip: id }) => String(id));
  return [
    ...payments
      .filter((id) => !mappings.has(`booked-payment:${paymentKey(orderId, id)}`))
      .map((id) => `payment ${String(id)}`),
    ...slips.filter((id) => !mappings.has(`booked-credit:${id}`)).map((id) => `credit slip ${id}`),
  ];
}

/** The credit slips that the ERP does not have yet. */
function dueCredits(facts: MoneyFacts, orderRef: ErpRef): readonly DueCredit[] {
  const { customerRef, money, order } = facts;
  if (!facts.carried.credits || order?.kind !== "agreed" || customerRef === undefined) return [];
  const refs = refsOf(facts.mapped, ["subsidiary", "currency", "taxes", "carrier"]);
  return money.slips.flatMap((slip): readonly DueCredit[] => {
    const id = String(slip.id_order_slip);
    const externalId = `${facts.externalId}-CR-${id}` as ExternalId;
    if (isBooked(facts.mappings.get(`booked-credit:${id}`), externalId)) return [];
    const lines = money.slipLines.filter((line) => line.id_order_slip === slip.id_order_slip);
    const decided = decideCredit(order.order, slip, lines);
    if (decided.kind === "mismatch") return [{ ...decided, slipId: slip.id_order_slip }];
    const body: CreditBody = {
      externalId,
      fingerprint: fingerprint(facts.fingerprint, id, slip.date_add),
      customerRef,
      orderExternalId: facts.externalId,
      orderRef,
      itemRefs: facts.itemRefs,
      ...(refs === undefined ? {} : { refs }),
      slip: { id: slip.id_order_slip, issuedAtShopTime: slip.date_add },
      order: decided.order,
    };
    return [{ kind: "agreed", body }];
  });
}

/** Those of the order's references that a record beside it needs; undefined where people mapped none of them. */
function refsOf(
  mapped: MappingDecision | undefined,
  names: readonly (keyof OrderRefs)[],
): OrderRefs | undefined {
  if (mapped?.kind !== "found") return undefined;
  const wanted = Object.entries(mapped.refs).filter(([name]) => names.some((wanted) => wanted === name));
  return wanted.length === 0 ? undefined : Object.fromEntries(wanted);
}

/** What the rest of an order's life is planned by, once it stands in the ERP as `orderRef`. */
export function lifeFacts(
  facts: MoneyFacts & { readonly shopState: number; readonly progress: OrderProgress | undefined },
  orderRef: ErpRef,
  rules: LifeRules & { readonly stateAfterExport: number | undefined },
  operations: readonly OperationRow[],
): LifeFacts {
  const lost = lostMoney(facts, orderRef);
  const [last] = operations;
  return {
    subject: facts.subject,
    heldMs: facts.heldMs,
    payments: lost === undefined ? duePayments(facts, orderRef) : [],
    credits: lost === undefined ? dueCredits(facts, orderRef) : [],
    lost,
    refused: last?.state === "refused" ? last.externalId : undefined,
    booksClosedUntil: rules.booksClosedUntil,
    status: statusFacts(rules.stateAfterExport, facts.shopState, operations),
    progress: progressFacts(facts, orderRef, rules, operations),
  };
}

function progressFacts(
  facts: Pick<MoneyFacts, "money"> & { readonly progress: OrderProgress | undefined },
  orderRef: ErpRef,
  rules: LifeRules,
  operations: readonly OperationRow[],
): LifeFacts["progress"] {
  // What the ERP said of a record that was taken back since is not about this one.
  const progress = facts.progress?.orderRef === orderRef ? facts.progress : undefined;
  return {
    stage: progress?.stage,
    parcels: progress?.parcels ?? [],
    invoiceNumber: rules.invoiceNumbers === "erp" ? progress?.invoiceNumbers.at(-1) : undefined,
    hasShopInvoice: facts.money.invoiceNumbers.length > 0,
    states: rules.statesFromErp,
    wasTold: (command) => wasTold(command, operations),
  };
}

/** A state is told once; what is shown of parcels and invoices is told again when it has changed. */
function wasTold(command: ShopCommand, operations: readonly OperationRow[]): boolean {
  const told = operations.filter(({ kind, state }) => kind === command.kind && state === "acknowledged");
  const hash = sha256(encodeCommand(command));
  return command.kind === "set_status"
    ? told.some(({ bodyHash }) => bodyHash === hash)
    : told[0]?.bodyHash === hash;
}

function statusFacts(
  wanted: number | undefined,
  now: number,
  operations: readonly OperationRow[],
): StatusFacts {
  const acknowledged = operations.filter(({ state }) => state === "acknowledged");
  return {
    wanted,
    now,
    whenCreated: acknowledged.find(({ kind }) => kind === "create")?.shopState,
    acknowledged: acknowledged.some(({ kind }) => kind === "set_status"),
  };
}

/**
 * A creation with the payments that the order has by then: made with it where the ERP makes both or neither, else one
 * after the other behind it. One of a closed period stops the order as well, or half of it would stand there.
 */
export function withPayments(
  plan: Extract<ErpPlan<OrderBody>, { kind: "create" }>,
  facts: MoneyFacts,
  booksClosedUntil: string | undefined,
  goesOn: boolean,
): Plan<OrderBody> {
  const due = duePayments(facts, null);
  for (const { payment } of due) {
    const day = payment.paidAtShopTime.slice(0, 10);
    const what = `Payment ${String(payment.id)}`;
    const closed = refuseClosed({ subject: facts.subject, booksClosedUntil }, what, day);
    if (closed !== undefined) return closed;
  }
  const money = { ...facts.carried, paymentsDue: due.length > 0 };
  if (!facts.erp.paymentsWithOrder || due.length === 0) return { ...plan, money, goesOn };
  const body: OrderCreation = { ...plan.body, payments: due };
  return { ...plan, body, money, goesOn };
}
