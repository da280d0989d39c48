import { describe, expect, test } from "vitest";
import { ErpRejectedError } from "../../../sidecar/erp/port.ts";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import { inTransaction } from "../../../sidecar/platform/transaction.ts";
import { lockReadyJobs } from "../../../sidecar/queue/statements.ts";
import { jobStates } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { SidecarInside } from "../../support/in-process.ts";
import type { World } from "../../support/world.ts";

async function place(world: World, customerId = 1): Promise<number> {
  return (await world.shop().placeOrder({ customerId, lines: [{ productId: 1, quantity: 1 }] })).orderId;
}

async function job(world: World, subject: string) {
  const [row] = await world.rows<{ state: string; reason: string | null; reason_code: string | null }>(
    `SELECT state, reason, reason_code FROM ${world.table("erpsync_job")} WHERE subject = ?`,
    [subject],
  );
  return row;
}

describe("what one record does to the others", () => {
  test("an order whose customer was deleted is parked and asks for nothing more", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const orderId = await place(world);
    await world.pool.query(`DELETE FROM ${world.table("customer")} WHERE id_customer = 1`);
    await sidecar.workOff();
    const steps = sidecar.steps;
    await sidecar.workOff();
    expect(await job(world, `order:${orderId}`)).toMatchObject({
      state: "parked",
      reason_code: "E_MAPPING_MISSING",
    });
    // A second round reads the outbox and claims, but the order itself is left alone.
    expect(sidecar.steps - steps).toBeLessThan(20);
    expect(erp.calls().filter((call) => call.method === "POST" && call.path.includes("/record/"))).toEqual(
      [],
    );
  });

  test("a refused customer is not sent again by the orders that wait for it, however often they look", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    let sent = 0;
    await using sidecar = new SidecarInside(world, erp, {
      wrapErp: (port) => ({
        ...port,
        createCustomer: () => {
          sent += 1;
          return Promise.reject(new ErpRejectedError("no such subsidiary"));
        },
      }),
    });
    for (let count = 0; count < 3; count += 1) await place(world);
    await sidecar.workOff();
    // An order that began to wait while the customer was being refused may have asked for one more try.
    const sentFirst = sent;
    expect(sentFirst).toBeLessThanOrEqual(3);
    for (let look = 0; look < 4; look += 1) {
      await sidecar.advance(6_000);
      await sidecar.workOff();
    }
    expect(await job(world, "customer:1")).toMatchObject({ state: "parked" });
    expect(await jobStates(world)).toMatchObject({ held: 3, parked: 1 });
    expect(sent).toBe(sentFirst);
  });

  test("an order of this minute goes before edited customers", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using before = new SidecarInside(world, erp);
    await place(world);
    await before.workOff();
    await before.stop();
    // Nobody works while both are marked, so that only their priorities decide.
    await world.shop().editCustomer(1, { firstname: "Grace" });
    const orderId = await place(world);
    await before.ingest();
    const db = openDatabase({ ...world.settings, connections: 1 });
    world.onDispose(() => db.destroy());
    const claimed = await inTransaction(db, (tx) => lockReadyJobs(tx, "orders", 2));
    expect(claimed.map((ready) => ready.subject)).toEqual([`order:${orderId}`, "customer:1"]);
  });

  test("a refusal that fills a page is parked like any other, with as much of it as fits", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp, {
      wrapErp: (port) => ({
        ...port,
        createOrder: () => Promise.reject(new ErpRejectedError("é".repeat(100_000))),
      }),
    });
    const orderId = await place(world);
    await sidecar.workOff();
    const parked = await job(world, `order:${orderId}`);
    expect(parked?.state).toBe("parked");
    expect(parked?.reason).toHaveLength(4_000);
  });

  test("an order that the shop has moved on is not thrown back to the state after export", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    const asked: number[] = [];
    const setStatus = ({ state }: { readonly state: number }) => Promise.resolve(void asked.push(state));
    const orderId = await place(world);
    await using before = new SidecarInside(world, erp);
    await before.workOff();
    await before.stop();
    // The setting is switched on later, and the order is shipped meanwhile.
    await world.shop().changeStatus({ orderId, stateId: 4 });
    await using after = new SidecarInside(world, erp, { stateAfterExport: 3, shop: { setStatus } });
    await after.workOff();
    expect(asked).toEqual([]);
    await place(world);
    await after.workOff();
    expect(asked).toEqual([3]);
  });
});
