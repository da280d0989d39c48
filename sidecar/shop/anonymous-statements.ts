import { sql } from "kysely";
import type { ShopCustomerId } from "../domain/ids.ts";
import type { Database } from "../platform/database.ts";

/** The addresses that psgdpr 1.x gives to the customer that stands for everybody whom it erased. */
const ANONYMOUS_EMAILS = ["anonymous@psgdpr.com", "anonymous@anonymous.com"] as const;

/**
 * Whether this is the shop's anonymous customer, whom psgdpr gives carts (its older versions orders too) of customers
 * that it erases (psgdpr 1.4.3, psgdpr.php, createAnonymousCustomer).
 * Locks: none.
 * Reads: the primary key of customer, and configuration by its index on name.
 */
export async function isAnonymousCustomer(db: Database, id: ShopCustomerId): Promise<boolean> {
  const { rows } = await sql<{ readonly is_anonymous: number }>`
    SELECT EXISTS (SELECT 1 FROM ${sql.table("customer")} c
        WHERE c.id_customer = ${id} AND c.email IN (${sql.join(ANONYMOUS_EMAILS)}))
      OR EXISTS (SELECT 1 FROM ${sql.table("configuration")} s
        WHERE s.name = 'PSGDPR_ANONYMOUS_CUSTOMER' AND s.value = ${String(id)}) AS is_anonymous`.execute(db);
  return rows[0]?.is_anonymous === 1;
}
