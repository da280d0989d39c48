import type { CreditBody } from "../domain/credit.ts";
import { OrderTotalsError, PeriodClosedError } from "../domain/errors.ts";
import type { ExternalId, Subject } from "../domain/ids.ts";
import { mappingKey } from "../domain/job.ts";
import type { PaymentBody } from "../domain/payment.ts";
import { ERP_STAGES, type ErpParcel, type ErpStage } from "../domain/progress.ts";
import type { Plan, ShopCommand } from "./plan.ts";

/** A credit slip that the ERP lacks, or why it cannot be sent. */
export type DueCredit =
  | { readonly kind: "agreed"; readonly body: CreditBody }
  | { readonly kind: "mismatch"; readonly sentence: string; readonly slipId: number };

/** What becomes of an order once it stands in the ERP as the shop has it. */
export interface LifeFacts {
  readonly subject: Subject;
  /** How long the job has been held. */
  readonly heldMs: number;
  /** Payments and slips that the ERP does not have yet, in the order of their ids. */
  readonly payments: readonly PaymentBody[];
  readonly credits: readonly DueCredit[];
  /** Payments and slips that no body can be made of, and why; undefined where there are none. */
  readonly lost: string | undefined;
  /** Key of the operation that the ERP refused last. */
  readonly refused: ExternalId | undefined;
  /** Last day of the last closed accounting period, `YYYY-MM-DD`; undefined where none was configured. */
  readonly booksClosedUntil: string | undefined;
  readonly status: StatusFacts;
  readonly progress: ProgressFacts;
}

/** What decides on the order's status in the shop after its export. */
export interface StatusFacts {
  /** The configured state; undefined leaves the shop's status alone. */
  readonly wanted: number | undefined;
  /** The order's state in the shop. */
  readonly now: number;
  /** Its state when we created it in the ERP; undefined where another created it, or long ago. */
  readonly whenCreated: number | undefined;
  readonly acknowledged: boolean;
}

/** What the ERP says of the order, and what the shop was told of it. */
export interface ProgressFacts {
  /** Undefined where the ERP has said nothing yet. */
  readonly stage: ErpStage | undefined;
  readonly parcels: readonly ErpParcel[];
  /** The ERP's invoice number that the shop is to show; undefined where there is none, or none is wanted. */
  readonly invoiceNumber: string | undefined;
  /** Whether the shop has an invoice that it can be written on. */
  readonly hasShopInvoice: boolean;
  /** State of the shop for each stage, as configured. */
  readonly states: Readonly<Partial<Record<ErpStage, number>>>;
  /** Whether the shop was told just this before, by the kind of command and its content. */
  readonly wasTold: (command: ShopCommand) => boolean;
}

/** A slip is written header first, then its lines. It is given so long to be whole. */
const SLIP_MS_MAX = 10_000;

/**
 * Plans what follows an order that shop and ERP agree on: payments, credits, then what the shop is told. One after the
 * other, since each is an operation of its own. One that cannot be sent, or that the ERP refused, keeps nothing else back:
 * it comes last, and then the job parks with it.
 */
export function planLife(facts: LifeFacts): Plan<PaymentBody | CreditBody> {
  const all = [
    ...facts.payments.map((body) => planPayment(facts, body)),
    ...facts.credits.map((credit) => planCredit(facts, credit)),
  ];
  const isRefused = (plan: Plan<PaymentBody | CreditBody>): boolean =>
    (plan.kind === "pay" || plan.kind === "credit") && plan.body.externalId === facts.refused;
  const sendable = all.filter(({ kind }) => kind === "pay" || kind === "credit");
  const first = sendable.find((plan) => !isRefused(plan));
  if (first !== undefined) return first;
  const told = planTold(facts);
  if (told.kind !== "nothing") return told;
  const [stuck] = [...sendable, ...all];
  return stuck ?? planLost(facts);
}

function planLost({ lost, subject }: LifeFacts): Plan<never> {
  if (lost === undefined) return { kind: "nothing" };
  return { kind: "park", error: new OrderTotalsError(`${subject}, ${lost}`), waitsFor: null };
}

function planPayment(facts: LifeFacts, body: PaymentBody): Plan<PaymentBody> {
  const { id, orderId, paidAtShopTime } = body.payment;
  const day = paidAtShopTime.slice(0, 10);
  const closed = refuseClosed(facts, `Payment ${String(id)}`, day);
  const waitsFor = mappingKey("booked-payment", `${String(orderId)}:${String(id)}`);
  return closed === undefined ? { kind: "pay", body } : { ...closed, waitsFor };
}

function planCredit(facts: LifeFacts, credit: DueCredit): Plan<CreditBody> {
  if (credit.kind === "mismatch") {
    if (facts.heldMs < SLIP_MS_MAX) return { kind: "hold", code: "amounts-differ", waitsFor: null };
    const error = new OrderTotalsError(`${facts.subject}, ${credit.sentence}`);
    return { kind: "park", error, waitsFor: mappingKey("booked-credit", String(credit.slipId)) };
  }
  const { id, issuedAtShopTime } = credit.body.slip;
  const closed = refuseClosed(facts, `Credit slip ${String(id)}`, issuedAtShopTime.slice(0, 10));
  if (closed === undefined) return { kind: "credit", body: credit.body };
  return { ...closed, waitsFor: mappingKey("booked-credit", String(id)) };
}

/** Refuses what belongs to a period that finance has closed. */
export function refuseClosed(
  { subject, booksClosedUntil }: Pick<LifeFacts, "subject" | "booksClosedUntil">,
  what: string,
  day: string,
): Extract<Plan<never>, { kind: "park" }> | undefined {
  if (booksClosedUntil === undefined || day > booksClosedUntil) return undefined;
  const error = new PeriodClosedError(
    `${what} of ${subject} is of ${day}, and the books are closed until ${booksClosedUntil}. Book it by hand, or open the period and move orders.booksClosedUntil back`,
  );
  return { kind: "park", error, waitsFor: null };
}

/** Parcels come before the status, whose mail names the tracking number. */
function planTold(facts: LifeFacts): Plan<never> {
  const { progress } = facts;
  const tracking = trackingOf(progress.parcels);
  if (tracking !== undefined && !progress.wasTold(tracking)) return tracking;
  const invoice = invoiceOf(progress);
  if (invoice !== undefined && !progress.wasTold(invoice)) return invoice;
  return planStage(facts) ?? planStatus(facts.status);
}

function trackingOf(
  parcels: readonly ErpParcel[],
): Extract<ShopCommand, { kind: "set_tracking" }> | undefined {
  const told = parcels.filter(({ trackingNumber }) => trackingNumber !== "");
  if (told.length === 0) return undefined;
  return {
    kind: "set_tracking",
    parcels: told.map(({ ref, trackingNumber }) => ({ ref, trackingNumber })),
  };
}

function invoiceOf(progress: ProgressFacts): Extract<ShopCommand, { kind: "set_invoice" }> | undefined {
  const { hasShopInvoice, invoiceNumber } = progress;
  return invoiceNumber === undefined || !hasShopInvoice
    ? undefined
    : { kind: "set_invoice", number: invoiceNumber };
}

/**
 * The state that the ERP's stage asks for. Told once a stage, and never where the shop is already in the state of a later
 * stage: an order that people marked as delivered is not thrown back to shipped (and its customer mailed).
 */
function planStage({ progress, status }: LifeFacts): Plan<never> | undefined {
  const { stage, states } = progress;
  const state = stage === undefined ? undefined : states[stage];
  if (stage === undefined || state === undefined || state === status.now) return undefined;
  const later = ERP_STAGES.slice(ERP_STAGES.indexOf(stage) + 1).filter((one) => one !== "cancelled");
  if (later.some((one) => states[one] === status.now)) return undefined;
  const command: ShopCommand = { kind: "set_status", state, stage };
  return progress.wasTold(command) ? undefined : command;
}

/**
 * The state after the export is set once, and only while the order is still in the state in which we created it in the
 * ERP: an order that went on meanwhile, or that another exported, must not be thrown back (and its customer mailed).
 */
function planStatus({ wanted, now, whenCreated, acknowledged }: StatusFacts): Plan<never> {
  if (wanted === undefined || acknowledged || now === wanted || now !== whenCreated)
    return { kind: "nothing" };
  return { kind: "set_status", state: wanted };
}
