import type { Currency } from "../domain/money.ts";
import type { Database } from "../platform/database.ts";
import type { Difference } from "./decide-order-difference.ts";
import { decodeDifferences } from "./encode-check.ts";
import { listDiffering, type StoredCheck } from "./order-check-statements.ts";
import { type OrderJob, readOrderJobs } from "./order-statements.ts";

/** An order that differs, with its job as it stands now. */
export interface DifferingOrder {
  readonly orderId: number;
  readonly currency: Currency;
  readonly erpRef: string | null;
  readonly author: string | null;
  readonly differences: readonly Difference[];
  readonly job: Pick<OrderJob, "state" | "code" | "reason"> | undefined;
  /** UTC. */
  readonly firstSeenAt: string;
  readonly comparedAt: string;
}

/** The orders that differed when they were last compared, in the order of their ids. */
export async function readDifferingOrders(db: Database, limit: number): Promise<readonly DifferingOrder[]> {
  const checks = await listDiffering(db, 0, limit);
  if (checks.length === 0) return [];
  const jobs = await readOrderJobs(
    db,
    checks.map((check) => check.id_order),
  );
  const byOrder = new Map(jobs.map((job) => [job.orderId, job]));
  return checks.map((check) => differingOf(check, byOrder.get(check.id_order)));
}

function differingOf(check: StoredCheck, job: OrderJob | undefined): DifferingOrder {
  return {
    orderId: check.id_order,
    currency: currencyOfCheck(check),
    erpRef: check.erp_ref,
    author: check.author,
    differences: decodeDifferences(check.differences),
    job: job === undefined ? undefined : { state: job.state, code: job.code, reason: job.reason },
    firstSeenAt: check.first_seen_at ?? check.checked_at,
    comparedAt: check.checked_at,
  };
}

/** The currency that a check's amounts are in. */
function currencyOfCheck({ currency, decimals }: Pick<StoredCheck, "currency" | "decimals">): Currency {
  const known = ([0, 1, 2, 3] as const).find((count) => count === decimals);
  return { code: currency, decimals: known ?? 2 };
}
