import type { ErpRef } from "../domain/ids.ts";
import {
  type Acknowledged,
  type Author,
  type Difference,
  type DifferenceKind,
  decideAuthor,
  decideOrderDifference,
  type ErpSide,
  NOTHING_ACKNOWLEDGED,
  type OrderSide,
} from "./decide-order-difference.ts";
import type { ShopOrder } from "./decode-shop-orders.ts";
import { encodeAgreement, encodeDifferences } from "./encode-check.ts";
import type { CheckRow, NewCheck } from "./order-check-statements.ts";
import type { KnownRefs, OrderJob } from "./order-statements.ts";
import type { ErpReading } from "./read-erp-orders.ts";

/** The shop's side of some orders, and what is known of them. */
export interface Look {
  /** The database's time before anything was read. */
  readonly at: string;
  readonly orders: ReadonlyMap<number, ShopOrder>;
  readonly jobs: ReadonlyMap<number, OrderJob>;
  readonly refs: KnownRefs;
}

/** What the ERP says of those that it has, by the orders' ids in the shop. */
export type Readings = ReadonlyMap<number, ErpReading>;

/** An order with what differs of it. `left-out` has no business in the ERP. */
export interface Verdict {
  readonly order: ShopOrder;
  readonly erp: ErpSide | "left-out";
  readonly differences: readonly Difference[];
}

/** A difference of an order that was not there, or not of these kinds, when the order was last compared. */
export interface NewDifference {
  readonly orderId: number;
  readonly kinds: readonly DifferenceKind[];
  readonly author: Author;
}

/** Decides what differs of an order of the look. */
export function decideVerdict(
  look: Look,
  readings: Readings,
  cancelledStates: readonly number[],
  order: ShopOrder,
  acknowledged: Acknowledged,
): Verdict {
  const isCancelled = cancelledStates.includes(order.stateId);
  const erp = erpSideOf(order, readings);
  // What was called off before it was sent does not belong there.
  if (erp === "never-arrived" && isCancelled && look.jobs.get(order.id)?.state === "done") {
    return { order, erp: "left-out", differences: [] };
  }
  const shop: OrderSide = {
    currencyCode: order.currency.code,
    isCancelled,
    totalTaxExclMinor: order.totalTaxExclMinor,
    totalTaxInclMinor: order.totalTaxInclMinor,
    paidMinor: order.referencePaidMinor,
    creditedTaxInclMinor: order.creditedTaxInclMinor,
    customerRef: look.refs.customers.get(order.customerId),
  };
  return { order, erp, differences: decideOrderDifference(shop, erp, acknowledged) };
}

function erpSideOf(order: ShopOrder, readings: Readings): ErpSide {
  const reading = readings.get(order.id);
  if (reading?.kind === "gone") return "gone-from-erp";
  if (reading?.kind !== "read") return "never-arrived";
  const { creditedTaxInclMinor, currencyCode, customerRef, isCancelled } = reading.totals;
  const { totalTaxExclMinor, totalTaxInclMinor } = reading.totals;
  const paidMinor = sumOf(order.siblings.map((sibling) => paidInErp(readings.get(sibling))));
  return {
    ...{ currencyCode, isCancelled, totalTaxExclMinor, totalTaxInclMinor, paidMinor },
    ...{ creditedTaxInclMinor, customerRef },
  };
}

const paidInErp = (reading: ErpReading | undefined): number | undefined =>
  reading?.kind === "read" ? reading.totals.paidMinor : undefined;

/** The sum, or undefined where a part is not known. */
function sumOf(parts: readonly (number | undefined)[]): number | undefined {
  return parts.reduce<number | undefined>(
    (sum, part) => (sum === undefined || part === undefined ? undefined : sum + part),
    0,
  );
}

/** What was acknowledged of an order, its payments over all orders of its reference, as both sides are compared. */
export function acknowledgedOf(
  { id, siblings }: ShopOrder,
  acknowledged: ReadonlyMap<number, Acknowledged>,
): Acknowledged {
  const paidMinor = sumOf(siblings.map((sibling) => acknowledged.get(sibling)?.paidMinor));
  return { ...(acknowledged.get(id) ?? NOTHING_ACKNOWLEDGED), paidMinor };
}

/** What is put on record of a verdict. */
export function encodeVerdict(
  { differences, erp, order }: Verdict,
  look: Look,
  readings: Readings,
): NewCheck {
  const ref = look.refs.orders.get(order.id)?.ref;
  const reading = readings.get(order.id);
  const isAgreed = differences.length === 0 && typeof erp === "object" && ref !== undefined;
  return {
    ...shopColumns(order, erp, reading),
    ...erpColumns(ref, reading),
    ...encodeDifferences(differences),
    agreed: isAgreed ? encodeAgreement(ref, { ...erp, paidMinor: paidInErp(reading) }) : null,
  };
}

/**
 * Which part of a payment is for which order of a split cart the ERP alone says; where its parts make up what the shop
 * took, they are the shop's too.
 */
function shopColumns(
  order: ShopOrder,
  erp: Verdict["erp"],
  reading: ErpReading | undefined,
): Pick<
  CheckRow,
  "id_order" | "currency" | "decimals" | "reference_paid" | Extract<keyof CheckRow, `shop_${string}`>
> {
  const agrees = typeof erp === "object" && erp.paidMinor === order.referencePaidMinor;
  return {
    id_order: order.id,
    currency: order.currency.code,
    decimals: order.currency.decimals,
    shop_state: order.stateId,
    shop_customer: order.customerId,
    shop_excl: order.totalTaxExclMinor,
    shop_incl: order.totalTaxInclMinor,
    shop_paid: (agrees ? paidInErp(reading) : undefined) ?? order.paidMinor,
    shop_credited: order.creditedTaxInclMinor,
    reference_paid: order.referencePaidMinor,
  };
}

type ErpColumns = Pick<CheckRow, Extract<keyof CheckRow, `erp_${string}`>>;

function erpColumns(ref: ErpRef | undefined, reading: ErpReading | undefined): ErpColumns {
  const erp_ref = ref ?? null;
  if (reading?.kind !== "read") return { ...SAYS_NOTHING, erp_ref };
  const { creditedTaxInclMinor, customerRef, isCancelled, paidMinor, totalTaxExclMinor, totalTaxInclMinor } =
    reading.totals;
  return {
    erp_ref,
    erp_customer: customerRef,
    erp_cancelled: isCancelled ? 1 : 0,
    erp_excl: totalTaxExclMinor ?? null,
    erp_incl: totalTaxInclMinor,
    erp_paid: paidMinor ?? null,
    erp_credited: creditedTaxInclMinor ?? null,
  };
}

/** The ERP's columns of an order that it does not have. */
const SAYS_NOTHING: Omit<ErpColumns, "erp_ref"> = {
  ...{ erp_customer: null, erp_cancelled: null, erp_excl: null, erp_incl: null, erp_paid: null },
  erp_credited: null,
};

/** The difference of a verdict, where it is new beside the kinds that were on record before. */
export function decideNews(
  { differences, order }: Verdict,
  kindsBefore: string | null,
): readonly NewDifference[] {
  const author = decideAuthor(differences);
  if (author === undefined || encodeDifferences(differences).kinds === kindsBefore) return [];
  return [{ orderId: order.id, kinds: differences.map(({ kind }) => kind), author }];
}
