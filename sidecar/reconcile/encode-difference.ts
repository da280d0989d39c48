import type { JobState } from "../domain/job.ts";
import { type Currency, fromMinor } from "../domain/money.ts";
import type { Author, Difference, DifferenceKind, Value } from "./decide-order-difference.ts";

/** How the queue stands to an order: state and code only, so it may leave the process. */
export interface JobWords {
  readonly state: JobState;
  readonly code: string | null;
}

/** A job in words: `job parked, E_ERP_REJECTED`. */
export function tellJob(job: JobWords | undefined): string {
  if (job === undefined) return "no job: nothing told of it";
  return job.code === null ? `job ${job.state}` : `job ${job.state}, ${job.code}`;
}

/** The likely author in words; what is on its way from the shop is told with its job. */
export function tellAuthor(author: Author, job: JobWords | undefined): string {
  switch (author) {
    case "erp":
      return "edited in the ERP";
    case "shop":
      return `edited in the shop, ${tellJob(job)}`;
    case "both":
      return `edited in the ERP and in the shop, ${tellJob(job)}`;
    case "never-arrived":
      return tellJob(job);
    case "unknown":
      return "author unknown";
  }
}

const NAMES: Readonly<Record<DifferenceKind, string>> = {
  "never-arrived": "not in the ERP",
  "gone-from-erp": "deleted in the ERP",
  cancelled: "cancelled",
  currency: "currency",
  total: "total",
  "total-without-tax": "total without tax",
  paid: "paid",
  credited: "credited",
  customer: "customer",
};

/** A kind of difference in words. */
export const tellKind = (kind: DifferenceKind): string => NAMES[kind];

/** A difference in a sentence with both sides. */
export function tellDifference(
  difference: Difference,
  currency: Currency,
  job: JobWords | undefined,
): string {
  const { author, erp, kind, shop } = difference;
  if (kind === "never-arrived") return `not in the ERP: ${tellJob(job)}`;
  if (kind === "gone-from-erp") return "deleted in the ERP";
  const side = (value: Value | null): string => tellValue(value, currency);
  return `${tellKind(kind)}: ${side(shop)} in the shop, ${side(erp)} in the ERP (${tellAuthor(author, job)})`;
}

function tellValue(value: Value | null, currency: Currency): string {
  if (value === null) return "nothing";
  if (typeof value === "number") return `${fromMinor(value, currency)} ${currency.code}`;
  return typeof value === "string" ? value : value ? "yes" : "no";
}
