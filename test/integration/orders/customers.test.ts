import type mysql from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { keyOf } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { SidecarInside } from "../../support/in-process.ts";
import { jobStates } from "../../support/job-rows.ts";
import type { NetSuiteEmulator, StoredRecord } from "../../support/netsuite-emulator.ts";
import { isJson, refId } from "../../support/netsuite-emulator-rules.ts";
import { eraseByPsgdpr, installPsgdpr } from "../../support/psgdpr.ts";
import type { World } from "../../support/world.ts";

async function place(world: World, customerId: number): Promise<number> {
  const placed = await world.shop().placeOrder({ customerId, lines: [{ productId: 1, quantity: 1 }] });
  return placed.orderId;
}

async function editQuantity(world: World, orderId: number, quantity: number): Promise<void> {
  const [line] = await world.rows<{ id: number }>(
    `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ? LIMIT 1`,
    [orderId],
  );
  await world.shop().editLine({ orderId, orderDetailId: Number(line?.id), quantity });
}

/** A voucher of his own, of 1.00 without tax, which this order was paid with. */
async function giveVoucher(world: World, customerId: number, orderId: number): Promise<void> {
  const [rule] = await world.pool.query<mysql.ResultSetHeader>(
    `INSERT INTO ${world.table("cart_rule")} (id_customer, code, date_from, date_to, date_add, date_upd)
     VALUES (?, 'FOR-NOOR', NOW(), NOW(), NOW(), NOW())`,
    [customerId],
  );
  await world.pool.query(
    `INSERT INTO ${world.table("order_cart_rule")} (id_order, id_cart_rule, name, value, value_tax_excl)
     VALUES (?, ?, 'Welcome', 1.2, 1);
     UPDATE ${world.table("orders")} SET total_discounts = 1.2, total_discounts_tax_incl = 1.2,
       total_discounts_tax_excl = 1, total_paid = total_paid - 1.2, total_paid_tax_incl = total_paid_tax_incl - 1.2,
       total_paid_tax_excl = total_paid_tax_excl - 1 WHERE id_order = ?`,
    [orderId, rule.insertId, orderId],
  );
}

const inErp = (records: readonly StoredRecord[], externalId: string): StoredRecord => {
  const record = records.find((one) => one.externalId === externalId);
  if (record === undefined) throw new Error(`The ERP has no ${externalId}.`);
  return record;
};

const orderInErp = (erp: NetSuiteEmulator, orderId: number) => inErp(erp.orders(), keyOf(orderId));
const customerInErp = (erp: NetSuiteEmulator, id: number) =>
  inErp(erp.customers(), `PS-main-CUST-${String(id)}`);

/** A field of the order's delivery address in the ERP. */
function delivery(erp: NetSuiteEmulator, orderId: number, field: string): unknown {
  const address = orderInErp(erp, orderId).body["shippingAddress"];
  return isJson(address) ? address[field] : undefined;
}

const writes = (erp: NetSuiteEmulator): number =>
  erp.calls().filter((call) => call.method === "POST" && /\/(customer|salesOrder)$/.test(call.path)).length +
  erp.calls().filter((call) => call.method === "PATCH").length;

/** What the ERP has, to the last field. */
const erpState = (erp: NetSuiteEmulator): string =>
  JSON.stringify([erp.customers(), erp.orders()].map((records) => records.map(({ id, body }) => [id, body])));

describe("customers of the shop", () => {
  test("case 19: guests and accounts with one e-mail are each a customer of their own, and none is merged", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const email = "shared@example.com";
    const account = await world.shop().createCustomer({ email, firstname: "Ann", lastname: "First" });
    const second = await world.shop().createCustomer({ email, firstname: "Bob", lastname: "Second" });
    const guest = await world
      .shop()
      .createCustomer({ email, firstname: "Guy", lastname: "Guest", is_guest: 1 });
    const again = await world
      .shop()
      .createCustomer({ email, firstname: "Guy", lastname: "Guest", is_guest: 1 });
    const ids = [account, second, guest, again].map(({ customerId }) => customerId);
    const orders = new Map<number, number>();
    for (const id of ids) orders.set(await place(world, id), id);
    await sidecar.workOff();

    const customers = erp.customers().filter((customer) => customer.body["email"] === email);
    expect(customers.map(({ externalId }) => externalId).sort()).toEqual(
      ids.map((id) => `PS-main-CUST-${String(id)}`).sort(),
    );
    for (const [orderId, id] of orders) {
      expect(refId(orderInErp(erp, orderId).body["entity"])).toBe(customerInErp(erp, id).id);
    }
    // An edit of one is nobody else's.
    await world.shop().editCustomer(second.customerId, { lastname: "Married" });
    await sidecar.workOff();
    expect(erp.customers().filter(({ body }) => body["lastName"] === "Married")).toHaveLength(1);
    expect(customerInErp(erp, second.customerId).body["lastName"]).toBe("Married");
    expect(customerInErp(erp, guest.customerId).body["lastName"]).toBe("Guest");
  });

  test("case 20: an address edit that makes a new id is for later orders, and earlier ones keep theirs", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const { addressId, customerId } = await world.shop().createCustomer();
    const before = await place(world, customerId);
    await sidecar.workOff();
    const edited = await world.shop().editAddressBook(customerId, { address1: "99 Moved lane" });
    expect(edited.addressId).not.toBe(addressId);
    const after = await place(world, customerId);
    // The old order is looked at anew, and has nothing to say.
    await world.shop().changeStatus({ orderId: before, stateId: 2 });
    await sidecar.workOff();

    expect(delivery(erp, before, "addr1")).toBe("1 New street");
    expect(delivery(erp, after, "addr1")).toBe("99 Moved lane");
    expect(erp.calls().filter((call) => call.method === "PATCH")).toEqual([]);
    // The back office re-points one order: that one is amended, and the other is not.
    await world.shop().editAddress({ orderId: before, fields: { address1: "5 Office street" } });
    await sidecar.workOff();
    expect(delivery(erp, before, "addr1")).toBe("5 Office street");
    expect(delivery(erp, after, "addr1")).toBe("99 Moved lane");
  });

  test("case 22: a company arrives with its name and VAT number, and with the prices that it bought at", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, {
      netsuite: { customerVatNumberField: "vatRegNumber" },
    });
    const company = "Crème & Fils SARL";
    const { addressId, customerId } = await world.shop().createCustomer({ company });
    await world.pool.query(
      `UPDATE ${world.table("address")} SET company = ?, vat_number = 'FR40303265045' WHERE id_address = ?`,
      [company, addressId],
    );
    // A price of its own for this company, as a specific price leaves it on the line.
    const orderId = await place(world, customerId);
    await world.pool.query(
      `UPDATE ${world.table("order_detail")} SET unit_price_tax_excl = 7.5, unit_price_tax_incl = 9,
         reduction_percent = 25, group_reduction = 5 WHERE id_order = ?`,
      [orderId],
    );
    await editQuantity(world, orderId, 10);
    await sidecar.workOff();

    const { body } = customerInErp(erp, customerId);
    expect(body).toMatchObject({ isPerson: false, companyName: company, vatRegNumber: "FR40303265045" });
    expect(delivery(erp, orderId, "addressee")).toBe(company);
    const { item } = orderInErp(erp, orderId).body as { item: { items: Record<string, unknown>[] } };
    expect(item.items[0]).toMatchObject({ quantity: 10, rate: 7.5, amount: 75, price: { id: "-1" } });
    // A private customer has none.
    const person = await world.shop().createCustomer();
    await place(world, person.customerId);
    await sidecar.workOff();
    expect(customerInErp(erp, person.customerId).body).toMatchObject({ isPerson: true });
    expect(customerInErp(erp, person.customerId).body).not.toHaveProperty("vatRegNumber");
  });
});

describe("case 25: a customer whom the shop's GDPR module erased", () => {
  test("whose orders were given to the anonymous customer stays in the ERP as he is, and so do the orders", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const anonymous = await installPsgdpr(world);
    const { customerId } = await world.shop().createCustomer();
    await place(world, customerId);
    const edited = await place(world, customerId);
    await sidecar.workOff();
    await editQuantity(world, edited, 4);
    await sidecar.workOff();
    // An old order's body is pruned; what it said is known by its hash.
    await world.pool.query(`UPDATE ${world.table("erpsync_operation")} SET body = ''`);
    const before = erpState(erp);
    const calls = writes(erp);

    await eraseByPsgdpr(world, customerId, { givesAway: anonymous });
    await sidecar.workOff();
    expect(erpState(erp)).toBe(before);
    expect(writes(erp)).toBe(calls);
    expect(new Set(Object.values(await jobStates(world)))).toEqual(new Set(["done"]));

    // What else is edited from now on is a person's business.
    await editQuantity(world, edited, 5);
    await sidecar.workOff();
    expect(erpState(erp)).toBe(before);
    const [job] = await world.rows(
      `SELECT state, reason_code, reason FROM ${world.table("erpsync_job")} WHERE subject = ?`,
      [`order:${String(edited)}`],
    );
    expect(job).toMatchObject({ state: "parked", reason_code: "E_ORDER_ANONYMISED" });
  });

  test("whose account alone is gone stays as he is, and his orders can still be edited", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    await installPsgdpr(world);
    const { customerId } = await world.shop().createCustomer();
    const orderId = await place(world, customerId);
    await giveVoucher(world, customerId, await place(world, customerId));
    await sidecar.workOff();
    const before = erpState(erp);
    const calls = writes(erp);
    await eraseByPsgdpr(world, customerId);
    await sidecar.workOff();
    expect(erpState(erp)).toBe(before);
    expect(writes(erp)).toBe(calls);
    expect(new Set(Object.values(await jobStates(world)))).toEqual(new Set(["done"]));

    await editQuantity(world, orderId, 3);
    await sidecar.workOff();
    expect(orderInErp(erp, orderId).body).toMatchObject({ item: { items: [{ quantity: 3 }] } });
    expect(refId(orderInErp(erp, orderId).body["entity"])).toBe(customerInErp(erp, customerId).id);
  });

  test("leaves an order that was not exported yet to the anonymous customer, who is never amended", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const anonymous = await installPsgdpr(world);
    const { customerId } = await world.shop().createCustomer();
    const orderId = await place(world, customerId);
    await eraseByPsgdpr(world, customerId, { givesAway: anonymous });
    await sidecar.workOff();
    const nobody = customerInErp(erp, anonymous.customerId);
    expect(refId(orderInErp(erp, orderId).body["entity"])).toBe(nobody.id);
    expect(delivery(erp, orderId, "addr1")).toBe("Anonymous");
    const calls = writes(erp);
    await world.shop().editCustomer(anonymous.customerId, { lastname: "Nobody" });
    await sidecar.workOff();
    expect(writes(erp)).toBe(calls);
  });
});
