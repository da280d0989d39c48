// What becomes of an order after its export, in both directions.
import { describe, expect, test } from "vitest";
import { expectAgreement, jobStates, keyOf } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { SidecarInside, VirtualClock } from "../../support/in-process.ts";
import type { EmulatorCall, NetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { totalsOf } from "../../support/netsuite-emulator-fields.ts";
import { ORDER_STATE } from "../../support/seed.ts";
import type { World } from "../../support/world.ts";

const MONEY = { deposits: { undepositedFunds: true }, credits: {} };

async function place(world: World, paid = false): Promise<number> {
  const lines = [{ productId: 1, quantity: 3 }];
  return (await world.shop().placeOrder({ customerId: 1, lines, paid })).orderId;
}

async function lineOf(world: World, orderId: number): Promise<number> {
  const [line] = await world.rows<{ id: number }>(
    `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ? LIMIT 1`,
    [orderId],
  );
  return Number(line?.id);
}

async function job(world: World, orderId: number): Promise<Readonly<Record<string, unknown>> | undefined> {
  const [row] = await world.rows(
    `SELECT state, reason_code, reason FROM ${world.table("erpsync_job")} WHERE subject = ?`,
    [`order:${String(orderId)}`],
  );
  return row;
}

/** Calls that write to the ERP; queries and log-ins write nothing. */
const writes = (erp: NetSuiteEmulator): readonly EmulatorCall[] =>
  erp.calls().filter(({ method, path }) => method !== "GET" && path.includes("/record/"));

const paidIn = (erp: NetSuiteEmulator): readonly number[] =>
  erp.deposits().map(({ body }) => Number(body["payment"]));

describe("case 17: payments", () => {
  test("that come later, in parts and too much are each in the ERP once, with what was paid", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    const orderId = await place(world);
    await sidecar.workOff();
    expect(erp.deposits()).toEqual([]);
    for (const amount of ["10.000000", "5.500000", "1000.000000"]) {
      await world.shop().addPayment({ orderId, amount });
      await sidecar.workOff();
    }
    expect(paidIn(erp)).toEqual([10, 5.5, 1_000]);
    await expectAgreement(world, erp, [orderId]);
  });

  test("that the shop was told of twice are one in the ERP", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    const orderId = await place(world);
    for (let times = 0; times < 2; times += 1)
      await world.shop().addPayment({ orderId, amount: "10.000000" });
    await world.pool.query(`UPDATE ${world.table("order_payment")} SET transaction_id = 'tx-1'`);
    await sidecar.workOff();
    expect(paidIn(erp)).toEqual([10]);
  });

  test("are waited for where people want that, and nobody is alarmed", async () => {
    const clock = new VirtualClock();
    const { world, erp } = await openWorld({ emulator: { nowMs: clock.nowMs } });
    await using _world = world;
    const rules = { unpaid: "hold" } as const;
    await using sidecar = new SidecarInside(world, erp, { clock, netsuite: MONEY, rules });
    const orderId = await place(world);
    await sidecar.workOff();
    expect(await job(world, orderId)).toMatchObject({ state: "held", reason_code: "unpaid" });
    await sidecar.advance(4_000_000);
    await sidecar.workOff();
    expect(sidecar.log.filter(({ event }) => event === "job.alarmed")).toEqual([]);
    expect(erp.orders()).toEqual([]);
    await world.shop().addPayment({ orderId });
    await sidecar.workOff();
    await expectAgreement(world, erp, [orderId]);
    expect(erp.deposits()).toHaveLength(1);
  });
});

describe("a payment that comes later and that the ERP refuses", () => {
  test("parks, and the order, which people may have worked on, is not taken back for it", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    const orderId = await place(world);
    await sidecar.workOff();
    erp.faults.add({ kind: "reject", match: { method: "POST", path: "/customerDeposit" } });
    await world.shop().addPayment({ orderId, amount: "10.000000" });
    await sidecar.workOff();
    expect(await job(world, orderId)).toMatchObject({ state: "parked", reason_code: "E_ERP_REJECTED" });
    expect(writes(erp).filter(({ method }) => method === "DELETE")).toEqual([]);
    await expectAgreement(world, erp, [orderId]);
  });

  test("is left alone once people say that they booked it by hand", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    const orderId = await place(world);
    await sidecar.workOff();
    await world.shop().addPayment({ orderId, amount: "10.000000" });
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_mapping")} (kind, shop_key, external_id, erp_ref, origin, updated_at)
       SELECT 'booked-payment', CONCAT(?, ':', id_order_payment), 'by-hand', '900', 'import', UTC_TIMESTAMP(6)
         FROM ${world.table("order_payment")}`,
      [orderId],
    );
    await sidecar.workOff();
    expect(erp.deposits()).toEqual([]);
    expect(await job(world, orderId)).toMatchObject({ state: "done" });
  });
});

describe("payments of before", () => {
  test("are not sent when people have the ERP take payments later, but where somebody asks for the order", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    const orderId = await place(world, true);
    {
      await using before = new SidecarInside(world, erp);
      await before.workOff();
    }
    const again = (requested: number): Promise<unknown> =>
      world.pool.query(
        `UPDATE ${world.table("erpsync_job")} SET state = 'ready', requested = ?, generation = generation + 1`,
        [requested],
      );
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    await again(0);
    await sidecar.workOff();
    expect(erp.deposits()).toEqual([]);
    await again(1);
    await sidecar.workOff();
    expect(erp.deposits()).toHaveLength(1);
    await expectAgreement(world, erp, [orderId]);
  });
});

describe("case 14: credit slips", () => {
  test("are each in the ERP once, to the cent, whatever is edited and repeated afterwards", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    const orderId = await place(world, true);
    await sidecar.workOff();
    const orderDetailId = await lineOf(world, orderId);
    for (const quantity of [1, 2]) {
      await world.shop().refund({ orderId, orderDetailId, quantity });
      await sidecar.workOff();
    }
    const slips = await world.rows<{ id: number; total: string }>(
      `SELECT id_order_slip AS id, total_products_tax_incl + total_shipping_tax_incl AS total FROM ${world.table("order_slip")}`,
    );
    const booked = erp
      .credits()
      .map(({ body, externalId }) => [externalId, Number(totalsOf(body, 2)["total"]).toFixed(2)]);
    expect(booked).toEqual(
      slips.map(({ id, total }) => [`${keyOf(orderId)}-CR-${String(id)}`, Number(total).toFixed(2)]),
    );
    const before = writes(erp).length;
    await world.pool.query(
      `UPDATE ${world.table("erpsync_job")} SET state = 'ready', generation = generation + 1`,
    );
    await sidecar.workOff();
    expect(writes(erp)).toHaveLength(before);
  });

  test("that contradict themselves park with the sentence, and everything else of the order stands", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    const orderId = await place(world, true);
    await world.shop().refund({ orderId, orderDetailId: await lineOf(world, orderId), quantity: 1 });
    await world.pool.query(
      `UPDATE ${world.table("order_slip")} SET total_products_tax_incl = total_products_tax_excl - 1`,
    );
    await sidecar.workOff();
    for (const waitMs of [6_000, 11_000]) {
      await sidecar.advance(waitMs);
      await sidecar.workOff();
    }
    const parked = await job(world, orderId);
    expect(parked).toMatchObject({ state: "parked", reason_code: "E_ORDER_TOTALS" });
    expect(parked?.["reason"]).toMatch(/credit slip 1: with tax it gives back less/);
    expect(erp.credits()).toEqual([]);
    expect(erp.deposits()).toHaveLength(1);
  });
});

describe("an order that is called off in the shop", () => {
  test("is called off in the ERP once, and opened again with its content where the shop does", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    const orderId = await place(world);
    await sidecar.workOff();
    await world.shop().cancel(orderId);
    await sidecar.workOff();
    const closed = (): readonly unknown[] =>
      erp.orders().flatMap(({ body }) => {
        const items = (body["item"] as { items: Record<string, unknown>[] }).items;
        return items.map((line) => line["isClosed"] === true);
      });
    expect(closed()).toEqual([true]);
    expect(await jobStates(world)).toMatchObject({ done: 2 });
    const before = writes(erp).length;
    await world.pool.query(
      `UPDATE ${world.table("erpsync_job")} SET state = 'ready', generation = generation + 1`,
    );
    await sidecar.workOff();
    expect(writes(erp)).toHaveLength(before);
    await world.shop().changeStatus({ orderId, stateId: ORDER_STATE.paymentAccepted });
    await sidecar.workOff();
    expect(closed()).toEqual([false]);
    await expectAgreement(world, erp, [orderId]);
  });

  test("after it has left parks with the ERP's word, and its credit slip goes there all the same", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    const orderId = await place(world);
    await sidecar.workOff();
    erp.life.ship(erp.orders()[0]?.id ?? "", { trackingNumbers: ["1Z"], carrier: "UPS" });
    await world.shop().cancel(orderId);
    await sidecar.workOff();
    expect(await job(world, orderId)).toMatchObject({ state: "parked", reason_code: "E_ERP_REJECTED" });
    await world.shop().addSlip({ orderId, orderDetailId: await lineOf(world, orderId), quantity: 1 });
    await sidecar.workOff();
    expect(erp.credits()).toHaveLength(1);
    expect(await job(world, orderId)).toMatchObject({ state: "parked", reason_code: "E_ERP_REJECTED" });
  });
});

describe("case 15: a closed period", () => {
  test("keeps edits, payments and credits of its days from the ERP, and lets them go when it is opened", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    const orderId = await place(world);
    {
      await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
      await sidecar.workOff();
    }
    const before = writes(erp).length;
    await world.shop().editLine({ orderId, orderDetailId: await lineOf(world, orderId), quantity: 2 });
    {
      const rules = { booksClosedUntil: "2099-12-31" };
      await using closed = new SidecarInside(world, erp, { netsuite: MONEY, rules });
      await closed.workOff();
      const parked = await job(world, orderId);
      expect(parked).toMatchObject({ state: "parked", reason_code: "E_PERIOD_CLOSED" });
      expect(parked?.["reason"]).toContain("2099-12-31");
      expect(writes(erp)).toHaveLength(before);
    }
    await world.pool.query(`UPDATE ${world.table("erpsync_job")} SET state = 'ready'`);
    await using opened = new SidecarInside(world, erp, { netsuite: MONEY });
    await opened.workOff();
    await expectAgreement(world, erp, [orderId]);
  });
});

test("case 16: the ERP shows the shop's own invoice number with the order, once the shop has given one", async () => {
  const { world, erp } = await openWorld();
  await using _world = world;
  const netsuite = { ...MONEY, invoiceNumberField: "custbody_shop_invoice" };
  const rules = { invoiceNumbers: "shop" } as const;
  await using sidecar = new SidecarInside(world, erp, { netsuite, rules });
  const number = (given: number): Promise<unknown> =>
    world.pool.query(`UPDATE ${world.table("order_invoice")} SET number = ?`, [given]);
  const orderId = await place(world, true);
  await number(0);
  await sidecar.workOff();
  const shown = (): unknown => erp.orders()[0]?.body["custbody_shop_invoice"];
  expect(shown()).toBeUndefined();
  await number(17);
  await world.shop().changeStatus({ orderId, stateId: ORDER_STATE.shipped });
  await sidecar.workOff();
  expect(shown()).toBe("17");
  await expectAgreement(world, erp, [orderId]);
});

describe("case 18: what the ERP says of an order", () => {
  test("reaches the shop once: parcels first, then the state of the stage, and each change of them", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    const told: string[] = [];
    const shop = {
      setTracking: ({ parcels }: { readonly parcels: readonly { readonly trackingNumber: string }[] }) =>
        Promise.resolve(
          void told.push(`parcels ${parcels.map((parcel) => parcel.trackingNumber).join(" ")}`),
        ),
      setStatus: ({ state }: { readonly state: number }) =>
        Promise.resolve(void told.push(`state ${String(state)}`)),
    };
    const rules = { statesFromErp: { shipped: ORDER_STATE.shipped } };
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY, shop, rules });
    const orderId = await place(world);
    await sidecar.workOff();
    const ref = erp.orders()[0]?.id ?? "";
    const say = async (stage: string, numbers: readonly string[]): Promise<void> => {
      const parcels = numbers.map((trackingNumber, index) => ({
        ref: String(index),
        trackingNumber,
        carrier: "",
      }));
      await world.pool.query(
        `REPLACE INTO ${world.table("erpsync_progress")}
           (id_order, erp_ref, stage, parcels, invoice_numbers, content_hash, changed_at)
         VALUES (?, ?, ?, ?, '[]', ?, UTC_TIMESTAMP(6))`,
        [orderId, ref, stage, JSON.stringify(parcels), "0".repeat(64)],
      );
      await world.pool.query(
        `UPDATE ${world.table("erpsync_job")} SET state = 'ready', generation = generation + 1`,
      );
      await sidecar.workOff();
    };
    await say("partly-shipped", ["1Z-1"]);
    expect(told).toEqual(["parcels 1Z-1"]);
    await say("shipped", ["1Z-1", "1Z-2"]);
    expect(told.slice(1)).toEqual(["parcels 1Z-1 1Z-2", `state ${String(ORDER_STATE.shipped)}`]);
    await say("shipped", ["1Z-1", "1Z-2"]);
    expect(told).toHaveLength(3);
  });
});

test("the whole history of a shop, worked a second time, writes nothing to the ERP", async () => {
  const { world, erp } = await openWorld();
  await using _world = world;
  const orders: number[] = [];
  for (const paid of [true, false, true, true, false]) orders.push(await place(world, paid));
  const [first = 0, second = 0, third = 0, fourth = 0] = orders;
  await world.shop().refund({ orderId: first, orderDetailId: await lineOf(world, first), quantity: 1 });
  await world.shop().cancel(second);
  await world.shop().editLine({ orderId: third, orderDetailId: await lineOf(world, third), quantity: 5 });
  await world.shop().addPayment({ orderId: fourth, amount: "2.500000" });
  {
    await using sidecar = new SidecarInside(world, erp, { netsuite: MONEY });
    await sidecar.workOff();
    await world.shop().changeStatus({ orderId: second, stateId: ORDER_STATE.paymentAccepted });
    await world.shop().cancel(first);
    await sidecar.workOff();
  }
  expect(erp.orders()).toHaveLength(orders.length);
  const before = writes(erp).length;
  expect(before).toBeGreaterThan(orders.length * 2);
  // All events come again, and a person asks for all orders again.
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_outbox")} (event_id, type, version, subject, id_shop, occurred_at, traceparent)
     SELECT UUID(), type, version, subject, id_shop, occurred_at, traceparent FROM ${world.table("erpsync_event")};
     UPDATE ${world.table("erpsync_job")} SET state = 'ready', requested = 1, generation = generation + 1`,
  );
  await using again = new SidecarInside(world, erp, { netsuite: MONEY });
  await again.workOff();
  expect(again.failures).toEqual([]);
  expect(writes(erp)).toHaveLength(before);
});
