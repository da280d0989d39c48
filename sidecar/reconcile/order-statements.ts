import { inflateRawSync } from "node:zlib";
import { sql } from "kysely";
import type { ErpRef, ExternalId } from "../domain/ids.ts";
import type { JobState } from "../domain/job.ts";
import type { OperationKind } from "../domain/operation.ts";
import type { Database } from "../platform/database.ts";
import type { AcknowledgedOperation } from "./decode-acknowledged.ts";

/** Hours by which a shop's own time may lie behind UTC, so that no order of the window is missed. */
const BEHIND_UTC_H = 12;
/** Seconds that a job which waits for a worker is taken to be on its way; one that waits longer is a difference. */
const ON_ITS_WAY_S = 600;

/**
 * The next orders that may differ, in the order of their ids: placed within the last days, acknowledged within them, not
 * agreed by their job, or differing when they were last compared. An edit that anybody noticed is one of these.
 * Locks: none.
 * Reads: orders' index on date_add, erpsync_operation_acknowledged, erpsync_job_claim (lane, state) and
 * erpsync_order_check_kinds, each one range.
 */
export async function pageMovedOrders(
  db: Database,
  days: number,
  afterOrder: number,
  limit: number,
): Promise<readonly number[]> {
  const { rows } = await sql<{ id: number | string }>`
    SELECT w.id FROM (
      SELECT o.id_order AS id FROM ${sql.table("orders")} o
      WHERE o.date_add >= UTC_TIMESTAMP() - INTERVAL ${days * 24 + BEHIND_UTC_H} HOUR
      UNION SELECT CAST(SUBSTRING(a.subject, 7) AS UNSIGNED) FROM ${sql.table("erpsync_operation")} a
      WHERE a.acknowledged_at >= UTC_TIMESTAMP(6) - INTERVAL ${days} DAY AND a.subject LIKE 'order:%'
      UNION SELECT CAST(SUBSTRING(j.subject, 7) AS UNSIGNED) FROM ${sql.table("erpsync_job")} j
      WHERE j.lane = 'orders' AND j.state IN ('ready', 'working', 'held', 'retrying', 'parked', 'dead')
        AND j.subject LIKE 'order:%'
      UNION SELECT c.id_order FROM ${sql.table("erpsync_order_check")} c WHERE c.kinds IS NOT NULL
    ) w WHERE w.id > ${afterOrder} ORDER BY w.id LIMIT ${limit}`.execute(db);
  return rows.map((row) => Number(row.id));
}

/** A month, or any other span of the shop's own time: from `from` on, before `until`. */
export interface ShopSpan {
  /** `YYYY-MM-DD HH:MM:SS`. */
  readonly from: string;
  readonly until: string;
}

/** Where a walk over a span's orders goes on. */
export interface PlacedOrder {
  readonly id: number;
  /** `YYYY-MM-DD HH:MM:SS` in the shop's own time. */
  readonly placedAt: string;
}

/** An order that was placed within a span. */
export interface PlacedOrderRow extends PlacedOrder {
  readonly reference: string;
  readonly currency: string | null;
}

/**
 * The next orders that were placed within the span, the oldest first.
 * Locks: none.
 * Reads: orders' index on date_add, in order; the primary key of currency.
 */
export async function pagePlacedOrders(
  db: Database,
  span: ShopSpan,
  after: PlacedOrder,
  limit: number,
): Promise<readonly PlacedOrderRow[]> {
  const rows = await db
    .selectFrom("orders as o")
    .leftJoin("currency as c", "c.id_currency", "o.id_currency")
    .where("o.date_add", ">=", span.from)
    .where("o.date_add", "<", span.until)
    .where("o.date_add", ">=", after.placedAt)
    .where((eb) => eb.or([eb("o.date_add", ">", after.placedAt), eb("o.id_order", ">", after.id)]))
    .orderBy("o.date_add")
    .orderBy("o.id_order")
    .limit(limit)
    .select(["o.id_order", "o.date_add", "o.reference", "c.iso_code"])
    .execute();
  return rows.map((row) => ({
    id: row.id_order,
    placedAt: row.date_add,
    reference: row.reference,
    currency: row.iso_code,
  }));
}

/** What the queue says of an order. */
export interface OrderJob {
  readonly orderId: number;
  readonly state: JobState;
  readonly code: string | null;
  /** In words, and perhaps a person's: for a terminal, never for a table. */
  readonly reason: string | null;
  readonly generation: number;
  /** When it was last settled or marked, UTC. */
  readonly updatedAt: string;
  /** A person asked for it, though it is older than the start of the export. */
  readonly isRequested: boolean;
  /** A worker has it, or will in a moment. */
  readonly isOnItsWay: boolean;
}

/**
 * The jobs of these orders.
 * Locks: none.
 * Reads: the primary key of erpsync_job.
 */
export async function readOrderJobs(db: Database, orderIds: readonly number[]): Promise<readonly OrderJob[]> {
  const rows = await db
    .selectFrom("erpsync_job")
    .where(
      "subject",
      "in",
      orderIds.map((id) => `order:${String(id)}`),
    )
    .select(["subject", "state", "reason_code", "reason", "generation", "updated_at", "requested"])
    .select(
      sql<number>`state = 'working' OR (state = 'ready' AND run_at > UTC_TIMESTAMP(6) - INTERVAL ${ON_ITS_WAY_S} SECOND)`.as(
        "on_its_way",
      ),
    )
    .execute();
  return rows.map((row) => ({
    orderId: orderOf(row.subject),
    state: row.state as JobState,
    code: row.reason_code,
    reason: row.reason,
    generation: row.generation,
    updatedAt: row.updated_at,
    isRequested: row.requested === 1,
    isOnItsWay: row.on_its_way === 1,
  }));
}

/** The ERP's ids of orders and customers, by the shop's. */
export interface KnownRefs {
  readonly orders: ReadonlyMap<number, { readonly ref: ErpRef; readonly externalId: ExternalId }>;
  readonly customers: ReadonlyMap<number, ErpRef>;
}

/**
 * What these orders and customers are in the ERP.
 * Locks: none.
 * Reads: the primary key of erpsync_mapping, two ranges.
 */
export async function readRefs(
  db: Database,
  orderIds: readonly number[],
  customerIds: readonly number[],
): Promise<KnownRefs> {
  const rows = await db
    .selectFrom("erpsync_mapping")
    .select(["kind", "shop_key", "external_id", "erp_ref"])
    .where((eb) => {
      const wanted = Object.entries({ order: orderIds, customer: customerIds });
      return eb.or(
        wanted
          .filter(([, ids]) => ids.length > 0)
          .map(([kind, ids]) => eb("kind", "=", kind).and("shop_key", "in", ids.map(String))),
      );
    })
    .execute();
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  return {
    orders: new Map(
      of("order").map((row) => [
        Number(row.shop_key),
        { ref: row.erp_ref as ErpRef, externalId: row.external_id as ExternalId },
      ]),
    ),
    customers: new Map(of("customer").map((row) => [Number(row.shop_key), row.erp_ref as ErpRef])),
  };
}

/** A hash that stands where it is not known what the ERP has (operations of orders/). */
const UNKNOWN_BODY_HASH = "0".repeat(64);

/**
 * What the ERP acknowledged of these orders, each by the order of its operations. A body is inflated here; one that is
 * gone after 90 days, or of which it is not known whether it stands, is left out.
 * Locks: none.
 * Reads: erpsync_operation_number (subject, number).
 */
export async function readAcknowledgedOperations(
  db: Database,
  orderIds: readonly number[],
): Promise<ReadonlyMap<number, readonly AcknowledgedOperation[]>> {
  const rows = await db
    .selectFrom("erpsync_operation")
    .where(
      "subject",
      "in",
      orderIds.map((id) => `order:${String(id)}`),
    )
    .where("state", "=", "acknowledged")
    .where("kind", "in", ["create", "amend", "pay", "credit", "cancel", "withdraw"])
    .orderBy("subject")
    .orderBy("number")
    .select(["subject", "kind", "body", "body_hash", "acknowledged_at"])
    .execute();
  const operations = new Map<number, AcknowledgedOperation[]>();
  for (const row of rows) {
    const id = orderOf(row.subject);
    const isKnown = row.body.length > 0 && row.body_hash !== UNKNOWN_BODY_HASH;
    const operation = {
      kind: row.kind as OperationKind,
      acknowledgedAt: row.acknowledged_at ?? "",
      body: isKnown ? inflateRawSync(row.body).toString("utf8") : undefined,
    };
    operations.set(id, [...(operations.get(id) ?? []), operation]);
  }
  return operations;
}

const orderOf = (subject: string): number => Number(subject.slice("order:".length));
