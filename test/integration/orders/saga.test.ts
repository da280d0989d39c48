// Order and payment are one operation: either both stand in the ERP or neither, whatever dies and whatever is refused.
import { describe, expect, test } from "vitest";
import { expectAgreement, jobStates, keyOf } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { SidecarInside } from "../../support/in-process.ts";
import type { NetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { refId } from "../../support/netsuite-emulator-rules.ts";
import type { World } from "../../support/world.ts";

/** A paid order's whole way takes about sixty statements and calls; the sweep ends at the first run that survives. */
const STEPS_MAX = 160;
const DEPOSITS = { deposits: { undepositedFunds: true } };
const PAYMENT = { method: "POST", path: "/customerDeposit" } as const;

async function placePaid(world: World, customerId = 1): Promise<number> {
  const lines = [{ productId: 1, quantity: 1 }];
  return (await world.shop().placeOrder({ customerId, lines, paid: true })).orderId;
}

/** Each order has its one deposit of all that was paid, and there is no other. */
async function expectPaid(world: World, erp: NetSuiteEmulator, orderIds: readonly number[]): Promise<void> {
  await expectAgreement(world, erp, orderIds);
  const paid = await world.rows<{ id_order: number; id_order_payment: number; amount: string }>(
    `SELECT o.id_order, p.id_order_payment, p.amount FROM ${world.table("orders")} o
       JOIN ${world.table("order_payment")} p ON p.order_reference = o.reference ORDER BY p.id_order_payment`,
  );
  const orders = new Map(erp.orders().map((order) => [order.id, order.externalId]));
  const deposits = erp.deposits().map(({ body, externalId }) => ({
    externalId,
    order: orders.get(refId(body["salesOrder"])),
    payment: Number(body["payment"]).toFixed(2),
  }));
  const wanted = paid.map(({ id_order, id_order_payment, amount }) => ({
    externalId: `${keyOf(id_order)}-PAY-${String(id_order_payment)}`,
    order: keyOf(id_order),
    payment: Number(amount).toFixed(2),
  }));
  const byKey = (a: { externalId: string }, b: { externalId: string }): number =>
    a.externalId < b.externalId ? -1 : 1;
  expect([...deposits].sort(byKey)).toEqual([...wanted].sort(byKey));
}

/** What died is taken up by another process, which is given the time that back-offs and leases ask for. */
async function inherit(world: World, erp: NetSuiteEmulator): Promise<void> {
  await using heir = new SidecarInside(world, erp, { netsuite: DEPOSITS });
  await heir.workOff();
  const states = await jobStates(world);
  if (Object.keys(states).every((state) => state === "done")) return;
  await heir.advance(6_000);
  await heir.workOff();
}

async function workUntilDeath(world: World, erp: NetSuiteEmulator, dieAtStep: number): Promise<boolean> {
  await using doomed = new SidecarInside(world, erp, { dieAtStep, netsuite: DEPOSITS });
  await doomed.workOff().catch((thrown: unknown) => {
    if (!doomed.dead) throw thrown;
  });
  return !doomed.dead;
}

describe("an order and its payment", () => {
  test("are both in the ERP once, at whatever step the process dies", { timeout: 240_000 }, async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    const orders: number[] = [];
    for (let dieAtStep = 1; dieAtStep <= STEPS_MAX; dieAtStep += 1) {
      orders.push(await placePaid(world));
      const survived = await workUntilDeath(world, erp, dieAtStep);
      await inherit(world, erp);
      if (survived) break;
    }
    expect(orders.length).toBeGreaterThan(20);
    expect(orders.length).toBeLessThan(STEPS_MAX);
    await expectPaid(world, erp, orders);
  });

  test("are neither of both in the ERP where it refuses the payment, and both once it takes it", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: DEPOSITS });
    const orderId = await placePaid(world);
    const refusal = erp.faults.add({ kind: "reject", match: PAYMENT, detail: "The period is closed." });
    await sidecar.workOff();
    expect(erp.orders()).toEqual([]);
    expect(erp.deposits()).toEqual([]);
    const [job] = await world.rows(
      `SELECT state, reason_code, reason FROM ${world.table("erpsync_job")} WHERE subject = 'order:${String(orderId)}'`,
    );
    expect(job).toMatchObject({ state: "parked", reason_code: "E_ERP_REJECTED" });
    expect(job?.["reason"]).toContain("The period is closed.");
    expect(await world.rows(`SELECT * FROM ${world.table("erpsync_confirmation")}`)).toEqual([]);
    erp.faults.remove(refusal);
    await world.shop().changeStatus({ orderId, stateId: 3 });
    await sidecar.workOff();
    await expectPaid(world, erp, [orderId]);
  });

  test("are never half there at the end, at whatever step of taking back the process dies", {
    timeout: 240_000,
  }, async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    const orders: number[] = [];
    for (let dieAtStep = 1; dieAtStep <= STEPS_MAX; dieAtStep += 1) {
      const orderId = await placePaid(world);
      const refusal = erp.faults.add({ kind: "reject", match: PAYMENT });
      const survived = await workUntilDeath(world, erp, dieAtStep);
      await inherit(world, erp);
      expect(erp.orders().map(({ externalId }) => externalId)).not.toContain(keyOf(orderId));
      erp.faults.remove(refusal);
      await world.shop().changeStatus({ orderId, stateId: 3 });
      await inherit(world, erp);
      orders.push(orderId);
      if (survived) break;
    }
    expect(orders.length).toBeGreaterThan(20);
    expect(orders.length).toBeLessThan(STEPS_MAX);
    await expectPaid(world, erp, orders);
  });

  test.each(["cut-after-commit", "cut-before", "cut-mid-answer", "server-error"] as const)(
    "are never taken apart by an answer that leaves it open (%s): it is looked up",
    async (kind) => {
      const { world, erp } = await openWorld();
      await using _world = world;
      await using sidecar = new SidecarInside(world, erp, { netsuite: DEPOSITS });
      const orderId = await placePaid(world);
      erp.faults.add({ kind, match: PAYMENT, times: 1 });
      await sidecar.workOff();
      for (const waitMs of [6_000, 31_000]) {
        await sidecar.advance(waitMs);
        await sidecar.workOff();
      }
      await expectPaid(world, erp, [orderId]);
      expect(erp.calls().filter(({ method }) => method === "DELETE")).toEqual([]);
    },
  );

  test("stay together through an outage between them", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, { netsuite: DEPOSITS });
    const orderId = await placePaid(world);
    const outage = erp.faults.add({ kind: "maintenance", match: PAYMENT });
    await sidecar.workOff(3_000).catch(() => undefined);
    expect(erp.orders()).toHaveLength(1);
    erp.faults.remove(outage);
    await sidecar.advance(31_000);
    await sidecar.workOff();
    await expectPaid(world, erp, [orderId]);
    expect(erp.calls().filter(({ method }) => method === "DELETE")).toEqual([]);
  });
});
