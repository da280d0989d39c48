import { expect } from "vitest";
import type { NetSuiteEmulator, StoredRecord } from "../support/netsuite-emulator.ts";
import { linesOf, totalsOf } from "../support/netsuite-emulator-fields.ts";
import { isJson, type Json, refId } from "../support/netsuite-emulator-rules.ts";
import { SEED } from "../support/netsuite-emulator-seed.ts";
import { itemOf } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import type { World } from "../support/world.ts";

/** What both sides must agree on about one order. */
export interface OrderContent {
  readonly lines: readonly string[];
  readonly shippingCost: number;
  /** Without tax and with it, rounding and all included. */
  readonly totals: readonly [number, number];
  readonly street: string;
  readonly customer: string;
}

/** External id of an order of the test shop. */
export const keyOf = (orderId: number): string => `PS-main-${String(orderId)}`;

/** Waits until all of these orders stand in the ERP. */
export async function untilArrived(
  erp: NetSuiteEmulator,
  orderIds: readonly number[],
  timeoutMs = 60_000,
): Promise<void> {
  await until(
    () => {
      const there = new Set(erp.orders().map((order) => order.externalId));
      return orderIds.every((id) => there.has(keyOf(id)));
    },
    { what: `${String(orderIds.length)} orders in the ERP (${String(erp.orders().length)} came)`, timeoutMs },
  );
}

/** Waits until no job is on its way: all are done, parked or dead. */
export async function untilQuiet(world: World, timeoutMs = 60_000): Promise<void> {
  await until(
    async () => {
      const states = await jobStates(world);
      const busy = ["ready", "working", "held", "retrying"].filter((state) => (states[state] ?? 0) > 0);
      const [outbox] = await world.rows<{ depth: number }>(
        `SELECT COUNT(*) AS depth FROM ${world.table("erpsync_outbox")}`,
      );
      return busy.length === 0 && outbox?.depth === 0;
    },
    { what: "a queue with nothing under way", timeoutMs, everyMs: 25 },
  );
}

/** How many jobs are in each state. */
export async function jobStates(world: World): Promise<Readonly<Record<string, number>>> {
  const rows = await world.rows<{ state: string; jobs: number }>(
    `SELECT state, COUNT(*) AS jobs FROM ${world.table("erpsync_job")} GROUP BY state`,
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.jobs]));
}

/** Law 1: the ERP has each of these orders once, no other, and with the content that the shop has now. */
export async function expectAgreement(
  world: World,
  erp: NetSuiteEmulator,
  orderIds: readonly number[],
): Promise<void> {
  expect(erp.duplicates()).toEqual([]);
  const keys = erp.orders().map((order) => order.externalId);
  expect([...keys].sort()).toEqual([...orderIds].map(keyOf).sort());
  const shop = await shopContent(world, orderIds);
  expect(erpContent(erp, orderIds)).toEqual(shop);
  await expectBooked(world, orderIds);
}

/**
 * Each acknowledged operation is booked once in the sync log, and each order has one mapping and one confirmation. One that
 * was taken back was created again.
 */
async function expectBooked(world: World, orderIds: readonly number[]): Promise<void> {
  const [counts] = await world.rows<Record<"creates" | "mappings" | "confirmations", number>>(
    `SELECT
       (SELECT COUNT(*) FROM ${world.table("erpsync_sync_log")} WHERE resource = 'order' AND operation = 'create') -
       (SELECT COUNT(*) FROM ${world.table("erpsync_sync_log")} WHERE resource = 'order' AND operation = 'withdraw') AS creates,
       (SELECT COUNT(*) FROM ${world.table("erpsync_mapping")} WHERE kind = 'order') AS mappings,
       (SELECT COUNT(*) FROM ${world.table("erpsync_confirmation")}) AS confirmations`,
  );
  const orders = orderIds.length;
  expect(counts).toEqual({ creates: orders, mappings: orders, confirmations: orders });
}

/** The shop's orders as the ERP must show them. */
export async function shopContent(
  world: World,
  orderIds: readonly number[],
): Promise<Record<string, OrderContent>> {
  if (orderIds.length === 0) return {};
  const orders = await world.rows<
    Record<"id" | "customer" | "shipping" | "street" | "excl" | "incl", string>
  >(
    `SELECT o.id_order AS id, o.id_customer AS customer, o.total_shipping_tax_excl AS shipping, a.address1 AS street,
            o.total_paid_tax_excl AS excl, o.total_paid_tax_incl AS incl
       FROM ${world.table("orders")} o JOIN ${world.table("address")} a ON a.id_address = o.id_address_delivery
      WHERE o.id_order IN (?)`,
    [orderIds],
  );
  const lines = await world.rows<Record<"order" | "product" | "attribute" | "quantity" | "amount", string>>(
    `SELECT id_order AS \`order\`, product_id AS product, product_attribute_id AS attribute,
            product_quantity AS quantity, total_price_tax_excl AS amount
       FROM ${world.table("order_detail")} WHERE id_order IN (?) ORDER BY id_order_detail`,
    [orderIds],
  );
  return Object.fromEntries(
    orders.map((order) => [
      keyOf(Number(order.id)),
      {
        lines: lines
          .filter((line) => Number(line.order) === Number(order.id))
          .map((line) => {
            const item = itemOf({
              id_product: Number(line.product),
              id_product_attribute: Number(line.attribute),
            });
            return `${String(Number(line.quantity))} × ${item} = ${Number(line.amount).toFixed(2)}`;
          }),
        shippingCost: Number(order.shipping),
        totals: [Number(order.excl), Number(order.incl)],
        street: order.street,
        customer: `PS-main-CUST-${order.customer}`,
      },
    ]),
  );
}

/** The ERP's orders in the same form. */
export function erpContent(erp: NetSuiteEmulator, orderIds: readonly number[]): Record<string, OrderContent> {
  const keys = new Set(orderIds.map(keyOf));
  const customers = new Map(erp.customers().map((customer) => [customer.id, customer.externalId]));
  return Object.fromEntries(
    erp
      .orders()
      .filter((order) => keys.has(order.externalId))
      .map((order) => [
        order.externalId,
        {
          lines: productLinesOf(order).map((line) => {
            const quantity = String(Number(line["quantity"]));
            return `${quantity} × ${refId(line["item"])} = ${Number(line["amount"]).toFixed(2)}`;
          }),
          shippingCost: Number(order.body["shippingCost"]),
          totals: totalsInErp(order),
          street: streetOf(order),
          customer: customers.get(refId(order.body["entity"])) ?? "",
        },
      ]),
  );
}

/** The lines without those for rounding, vouchers and wrapping, which the totals speak of. */
function productLinesOf(order: StoredRecord): readonly Json[] {
  const charges = [...SEED.chargeItemIds, ...SEED.discountItemIds];
  return linesOf(order.body).filter((line) => !charges.includes(refId(line["item"])));
}

function totalsInErp(order: StoredRecord): readonly [number, number] {
  const currency = SEED.currencies.find(({ id }) => id === refId(order.body["currency"]));
  const decimals = currency?.decimals ?? 2;
  const { total, taxTotal } = totalsOf(order.body, decimals);
  return [Number((Number(total) - Number(taxTotal)).toFixed(decimals)), Number(total)];
}

function streetOf(order: StoredRecord): string {
  const address = order.body["shippingAddress"];
  return isJson(address) ? String(address["addr1"]) : "";
}
