import type { ErpRef } from "../domain/ids.ts";
import { type Currency, fromMinor } from "../domain/money.ts";
import type { ShopOrder } from "./decode-shop-orders.ts";
import { decodeDifferences } from "./encode-check.ts";
import { type JobWords, tellAuthor, tellJob, tellKind } from "./encode-difference.ts";
import type { StoredCheck } from "./order-check-statements.ts";
import type { PlacedOrderRow } from "./order-statements.ts";

/** Amounts of a row, in minor units of the order's currency; those of the ERP as last compared. */
export const FIGURES = [
  ...(["shopTotalTaxExcl", "shopTotal", "erpTotalTaxExcl", "erpTotal", "shopPaid", "erpPaid"] as const),
  ...(["shopCredited", "erpCredited", "difference"] as const),
] as const;
/** One is undefined where nobody can say it, or it is no matter. `difference`: what the shop has more, with tax. */
export type Figures = Readonly<Record<(typeof FIGURES)[number], number | undefined>>;

const HEADINGS: Readonly<Record<keyof Figures, string>> = {
  shopTotalTaxExcl: "shop total without tax",
  shopTotal: "shop total",
  erpTotalTaxExcl: "ERP total without tax",
  erpTotal: "ERP total",
  shopPaid: "shop paid",
  erpPaid: "ERP paid",
  shopCredited: "shop credited",
  erpCredited: "ERP credited",
  difference: "difference",
};

/** What stands at the head of the report. */
export const MONTH_HEADER: readonly string[] = [
  ...["order", "reference", "placed", "currency"],
  ...FIGURES.map((figure) => HEADINGS[figure]),
  ...["status", "ERP reference", "compared (UTC)"],
];

/** All that the report knows of an order. */
export interface MonthFacts {
  readonly placed: PlacedOrderRow;
  /** As it stands in the shop now; undefined where nobody can say its amounts. */
  readonly shop: ShopOrder | undefined;
  readonly ref: ErpRef | undefined;
  readonly check: StoredCheck | undefined;
  readonly job: JobWords | undefined;
  /** Older than the start of the export, and nobody asked for it. */
  readonly isHistory: boolean;
  readonly cancelledStates: readonly number[];
}

/**
 * How an order stands: `uncompared` where nobody compared it since it was changed, `history` and `left-out` where it does
 * not belong in the ERP.
 */
export type MonthVerdict = "agrees" | "differs" | "absent" | "uncompared" | "history" | "left-out";

/** A row of the report. */
export interface MonthRow {
  readonly verdict: MonthVerdict;
  readonly status: string;
  readonly figures: Figures;
  /** When it was compared as it is now, UTC. */
  readonly comparedAt: string | undefined;
}

/** Decides how an order stands in the report. No call of the ERP is behind it, only what is on record. */
export function decideMonthRow(facts: MonthFacts): MonthRow {
  const { check, ref, shop } = facts;
  if (ref === undefined) return absentRow(facts);
  if (check !== undefined && shop !== undefined && !isChanged(check, shop, facts)) {
    return comparedRow(facts, check, shop);
  }
  const status = check === undefined ? "not compared" : "not compared since it was changed";
  return { verdict: "uncompared", status, figures: shopFigures(shop), comparedAt: undefined };
}

function comparedRow({ job }: MonthFacts, check: StoredCheck, shop: ShopOrder): MonthRow {
  const { erp_cancelled: isOff, erp_credited, erp_excl, erp_incl, erp_paid, shop_paid } = check;
  const figures: Figures = {
    ...shopFigures(shop),
    shopPaid: shop_paid,
    erpTotalTaxExcl: erp_excl ?? undefined,
    erpTotal: erp_incl ?? undefined,
    erpPaid: erp_paid ?? undefined,
    erpCredited: erp_credited ?? undefined,
    // An ERP may let an order that is called off come to nothing.
    difference: isOff === 1 ? undefined : shop.totalTaxInclMinor - (erp_incl ?? 0),
  };
  const told = decodeDifferences(check.differences).map(
    ({ author, kind }) => `${tellKind(kind)} (${tellAuthor(author, job)})`,
  );
  const comparedAt = check.checked_at.slice(0, 19);
  if (told.length === 0) return { verdict: "agrees", status: "agrees", figures, comparedAt };
  return { verdict: "differs", status: `differs: ${told.join("; ")}`, figures, comparedAt };
}

/** Whether the ERP has an order is known without a comparison, by its acknowledgement. */
function absentRow({ cancelledStates, isHistory, job, shop }: MonthFacts): MonthRow {
  const figures = shopFigures(shop);
  const row = { figures, comparedAt: undefined };
  if (isHistory) {
    return { ...row, verdict: "history", status: "not in the ERP: older than the start of the export" };
  }
  if (shop !== undefined && cancelledStates.includes(shop.stateId) && job?.state === "done") {
    return { ...row, verdict: "left-out", status: "not in the ERP: cancelled before it was sent" };
  }
  const whole = { ...figures, difference: figures.shopTotal };
  return { ...row, verdict: "absent", status: `not in the ERP: ${tellJob(job)}`, figures: whole };
}

const NO_FIGURES: Figures = {
  ...{ shopTotalTaxExcl: undefined, shopTotal: undefined, erpTotalTaxExcl: undefined, erpTotal: undefined },
  ...{ shopPaid: undefined, erpPaid: undefined, shopCredited: undefined, erpCredited: undefined },
  difference: undefined,
};

function shopFigures(shop: ShopOrder | undefined): Figures {
  if (shop === undefined) return NO_FIGURES;
  return {
    ...NO_FIGURES,
    shopTotalTaxExcl: shop.totalTaxExclMinor,
    shopTotal: shop.totalTaxInclMinor,
    shopPaid: shop.paidMinor,
    shopCredited: shop.creditedTaxInclMinor,
  };
}

/** What was compared is not what the shop says now, or the ERP's record is another one. */
function isChanged(check: StoredCheck, shop: ShopOrder, { cancelledStates, ref }: MonthFacts): boolean {
  return (
    check.erp_ref !== ref ||
    check.currency !== shop.currency.code ||
    check.shop_excl !== shop.totalTaxExclMinor ||
    check.shop_incl !== shop.totalTaxInclMinor ||
    check.shop_credited !== shop.creditedTaxInclMinor ||
    check.reference_paid !== shop.referencePaidMinor ||
    check.shop_customer !== shop.customerId ||
    cancelledStates.includes(check.shop_state) !== cancelledStates.includes(shop.stateId)
  );
}

/** The cells of a row, in the order of the header. */
export function encodeMonthRow({ placed, ref, shop }: MonthFacts, row: MonthRow): readonly string[] {
  return [
    ...[String(placed.id), placed.reference, placed.placedAt, placed.currency ?? ""],
    ...FIGURES.map((figure) => amountCell(row.figures[figure], shop?.currency)),
    ...[row.status, ref ?? "", row.comparedAt ?? ""],
  ].map(textCell);
}

const amountCell = (minor: number | undefined, currency: Currency | undefined): string =>
  minor === undefined || currency === undefined ? "" : fromMinor(minor, currency);

const NUMBER = /^[+-]?[0-9]+([.,][0-9]+)?$/;

/** A text as a cell: what a spreadsheet would take for a formula gets an apostrophe before it, a number does not. */
export const textCell = (text: string): string =>
  /^[=+\-@\t\r]/.test(text) && !NUMBER.test(text) ? `'${text}` : text;
