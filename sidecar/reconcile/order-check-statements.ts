import { sql } from "kysely";
import type { Database } from "../platform/database.ts";

/** An order as it was last compared. Amounts are minor units of its currency. */
export interface CheckRow {
  readonly id_order: number;
  readonly currency: string;
  readonly decimals: number;
  readonly shop_state: number;
  readonly shop_customer: number;
  readonly shop_excl: number;
  readonly shop_incl: number;
  readonly shop_paid: number;
  readonly shop_credited: number;
  readonly reference_paid: number;
  readonly erp_ref: string | null;
  readonly erp_customer: string | null;
  readonly erp_cancelled: number | null;
  readonly erp_excl: number | null;
  readonly erp_incl: number | null;
  readonly erp_paid: number | null;
  readonly erp_credited: number | null;
  /** Kinds of its differences, with commas; null where both sides agree. */
  readonly kinds: string | null;
  readonly author: string | null;
  /** JSON, see encode-check.ts. */
  readonly differences: string | null;
}

/** A check as it stands on record. */
export interface StoredCheck extends CheckRow {
  /** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC, as the other times. */
  readonly checked_at: string;
  readonly first_seen_at: string | null;
  readonly agreed_at: string | null;
  /** JSON, see encode-check.ts. */
  readonly agreed: string | null;
}

const COLUMNS = [
  ...([
    "id_order",
    "checked_at",
    "currency",
    "decimals",
    "shop_state",
    "shop_customer",
    "shop_excl",
  ] as const),
  ...(["shop_incl", "shop_paid", "shop_credited", "reference_paid", "erp_ref", "erp_customer"] as const),
  ...(["erp_cancelled", "erp_excl", "erp_incl", "erp_paid", "erp_credited", "kinds", "author"] as const),
  ...(["differences", "first_seen_at", "agreed_at", "agreed"] as const),
] as const;

/**
 * What was last found of these orders.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readChecks(db: Database, orderIds: readonly number[]): Promise<readonly StoredCheck[]> {
  return await db
    .selectFrom("erpsync_order_check")
    .where("id_order", "in", orderIds)
    .select([...COLUMNS])
    .execute();
}

/** A check to be put on record. */
export interface NewCheck extends CheckRow {
  /** JSON of what both sides said, where they agree; null leaves the last agreement as it is. */
  readonly agreed: string | null;
}

/**
 * The database's time, UTC: what is acknowledged later than this was not seen by who reads both sides now.
 * Locks: none.
 * Reads: nothing.
 */
export async function readTime(db: Database): Promise<string> {
  const { rows } = await sql<{ now: string }>`SELECT UTC_TIMESTAMP(6) AS now`.execute(db);
  return rows[0]?.now ?? "";
}

/**
 * Puts what was found on record. A difference of the same kinds keeps the time when it was first seen.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function upsertChecks(
  db: Database,
  checks: readonly NewCheck[],
  checkedAt: string,
): Promise<void> {
  await db
    .insertInto("erpsync_order_check")
    .values(
      checks.map(({ agreed, ...check }) => ({
        ...check,
        checked_at: checkedAt,
        first_seen_at: check.kinds === null ? null : checkedAt,
        agreed,
        agreed_at: agreed === null ? null : checkedAt,
      })),
    )
    .onDuplicateKeyUpdate({
      // MySQL assigns from left to right, so what reads a column of before stands ahead of its own assignment.
      first_seen_at: sql<string | null>`IF(kinds <=> VALUES(kinds), first_seen_at, VALUES(first_seen_at))`,
      agreed_at: sql<string | null>`IF(VALUES(agreed) IS NULL, agreed_at, VALUES(agreed_at))`,
      agreed: sql<string | null>`COALESCE(VALUES(agreed), agreed)`,
      checked_at: sql<string>`VALUES(checked_at)`,
      ...Object.fromEntries(VALUES.map((column) => [column, sql`VALUES(${sql.ref(column)})`])),
    })
    .execute();
}

const VALUES = COLUMNS.filter(
  (column) => !["id_order", "checked_at", "first_seen_at", "agreed", "agreed_at"].includes(column),
);

/**
 * Forgets orders that are compared no more: deleted in the shop, or history since a restored shop was adopted.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function deleteChecks(db: Database, orderIds: readonly number[]): Promise<void> {
  await db.deleteFrom("erpsync_order_check").where("id_order", "in", orderIds).execute();
}

/**
 * How many orders differ, by the kinds of their differences (with commas, as they are kept).
 * Locks: none.
 * Reads: erpsync_order_check_kinds, those that differ; covering.
 */
export async function countDiffering(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom("erpsync_order_check")
    .where("kinds", "is not", null)
    .groupBy("kinds")
    .select("kinds")
    .select((eb) => eb.fn.countAll<number>().as("orders"))
    .execute();
  return new Map(rows.map((row) => [row.kinds ?? "", row.orders]));
}

/**
 * The orders that differ, in the order of their ids.
 * Locks: none.
 * Reads: the primary key, in order; once a command.
 */
export async function listDiffering(
  db: Database,
  afterOrder: number,
  limit: number,
): Promise<readonly StoredCheck[]> {
  return await db
    .selectFrom("erpsync_order_check")
    .where("kinds", "is not", null)
    .where("id_order", ">", afterOrder)
    .orderBy("id_order")
    .limit(limit)
    .select([...COLUMNS])
    .execute();
}
