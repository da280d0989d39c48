import { sql } from "kysely";
import type { Epoch } from "../domain/ids.ts";
import { type Database, type Tx, utcNow } from "../platform/database.ts";

/** The row of erpsync_identity. */
export interface IdentityRow {
  readonly installation: string;
  readonly server: string;
  readonly shopUrl: string;
  readonly orderHighWater: number;
  readonly customerHighWater: number;
  readonly exportAfterOrder: number;
  readonly stoppedCode: string | null;
  readonly stoppedReason: string | null;
}

/**
 * What the database remembers of the shop; undefined before the first start.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readIdentity(db: Database): Promise<IdentityRow | undefined> {
  const row = await db.selectFrom("erpsync_identity").selectAll().where("id", "=", 1).executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    installation: row.installation,
    server: row.server,
    shopUrl: row.shop_url,
    orderHighWater: row.order_high_water,
    customerHighWater: row.customer_high_water,
    exportAfterOrder: row.export_after_order,
    stoppedCode: row.stopped_code,
    stoppedReason: row.stopped_reason,
  };
}

/**
 * Writes what is remembered of the shop, and ends a stop.
 * Locks: X on the one row.
 * Reads: the primary key.
 */
export async function writeIdentity(
  db: Database,
  row: Omit<IdentityRow, "stoppedCode" | "stoppedReason">,
): Promise<void> {
  await db
    .replaceInto("erpsync_identity")
    .values({
      id: 1,
      installation: row.installation,
      server: row.server,
      shop_url: row.shopUrl,
      order_high_water: row.orderHighWater,
      customer_high_water: row.customerHighWater,
      export_after_order: row.exportAfterOrder,
      stopped_code: null,
      stopped_reason: null,
      seen_at: utcNow,
    })
    .execute();
}

/**
 * Raises the marks of what was seen; they never fall but by `adopt`.
 * Locks: X on the one row.
 * Reads: the primary key.
 */
export async function raiseHighWater(db: Database, orderId: number, customerId: number): Promise<void> {
  await db
    .updateTable("erpsync_identity")
    .set({
      order_high_water: sql<number>`GREATEST(order_high_water, ${orderId})`,
      customer_high_water: sql<number>`GREATEST(customer_high_water, ${customerId})`,
      seen_at: utcNow,
    })
    .where("id", "=", 1)
    .execute();
}

/**
 * Stops all writing, in every process, until a person adopts the shop.
 * Locks: X on the one row.
 * Reads: the primary key.
 */
export async function writeStop(db: Database, code: string, reason: string): Promise<void> {
  await db
    .updateTable("erpsync_identity")
    .set({ stopped_code: code, stopped_reason: reason })
    .where("id", "=", 1)
    .execute();
}

/**
 * The epochs of this shop, the first included.
 * Locks: none.
 * Reads: the whole table; one row an adoption.
 */
export async function readEpochs(db: Database): Promise<readonly Epoch[]> {
  const rows = await db.selectFrom("erpsync_epoch").selectAll().orderBy("number").execute();
  return rows.map((row) => ({
    number: row.number,
    firstOrderId: row.first_order_id,
    firstCustomerId: row.first_customer_id,
  }));
}

/**
 * Opens an epoch.
 * Locks: X on the new row.
 * Reads: the primary key.
 */
export async function insertEpoch(tx: Tx, epoch: Epoch): Promise<void> {
  await tx
    .insertInto("erpsync_epoch")
    .values({
      number: epoch.number,
      first_order_id: epoch.firstOrderId,
      first_customer_id: epoch.firstCustomerId,
      opened_at: utcNow,
    })
    .execute();
}

/** The shop's address and highest ids. */
export interface ShopMarks {
  readonly shopUrl: string;
  readonly orderMax: number;
  readonly customerMax: number;
}

/**
 * The shop's main address and the highest ids in use.
 * Locks: none.
 * Reads: shop_url (a row a shop), and the ends of the primary keys of orders and customer.
 */
export async function readShopMarks(db: Database): Promise<ShopMarks> {
  const row = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom("shop_url")
        .select(sql<string>`CONCAT(domain, physical_uri, virtual_uri)`.as("url"))
        .orderBy("main", "desc")
        .orderBy("id_shop_url")
        .limit(1)
        .as("url"),
      eb
        .selectFrom("orders")
        .select((e) => e.fn.max("id_order").as("id"))
        .as("orders"),
      eb
        .selectFrom("customer")
        .select((e) => e.fn.max("id_customer").as("id"))
        .as("customers"),
    ])
    .executeTakeFirstOrThrow();
  return {
    shopUrl: row.url ?? "",
    orderMax: row.orders ?? 0,
    customerMax: row.customers ?? 0,
  };
}

/**
 * What an order's fingerprint is made of; undefined where the order is gone.
 * Locks: none.
 * Reads: the primary key of orders.
 */
export async function readOrderMark(
  db: Database,
  id: number,
): Promise<
  { readonly reference: string; readonly secure_key: string; readonly date_add: string } | undefined
> {
  return await db
    .selectFrom("orders")
    .where("id_order", "=", id)
    .select(["reference", "secure_key", "date_add"])
    .executeTakeFirst();
}

/**
 * The id that the next order gets; undefined where the server does not say. Asked only when ids seem to come back,
 * because MySQL answers from its statistics unless they are renewed by the caller.
 * Locks: a short metadata lock on orders.
 * Reads: the data dictionary.
 */
export async function readNextOrderId(db: Database, ordersTable: string): Promise<number | undefined> {
  const { rows } = await sql<{ Auto_increment: number | null }>`
    SHOW TABLE STATUS WHERE Name = ${ordersTable}`.execute(db);
  const next = rows[0]?.Auto_increment;
  return next ?? undefined;
}

/**
 * MySQL's server UUID; empty on MariaDB, which has none that belongs to the data.
 * Locks: none.
 * Reads: a server variable.
 */
export async function readServerUuid(db: Database): Promise<string> {
  const { rows } = await sql<{ Value: string }>`SHOW GLOBAL VARIABLES LIKE 'server_uuid'`.execute(db);
  return rows[0]?.Value ?? "";
}
