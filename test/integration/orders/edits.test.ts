import { describe, expect, test } from "vitest";
import { expectAgreement, jobStates, keyOf, shopContent } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { SidecarInside } from "../../support/in-process.ts";
import type { NetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import type { World } from "../../support/world.ts";

const CREATE = { method: "POST", path: "/salesOrder" } as const;
const AMEND = { method: "PATCH", path: "/salesOrder" } as const;

async function place(world: World): Promise<number> {
  const placed = await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
  return placed.orderId;
}

/** The back office changes the quantity of an order's first line. */
async function edit(world: World, orderId: number, quantity: number): Promise<void> {
  const [line] = await world.rows<{ id: number }>(
    `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ? LIMIT 1`,
    [orderId],
  );
  await world.shop().editLine({ orderId, orderDetailId: Number(line?.id), quantity });
}

/** Works until nothing is due any more, letting the back-offs of five failures pass. */
async function workThroughRetries(sidecar: SidecarInside): Promise<void> {
  await sidecar.workOff();
  for (const waitMs of [6_000, 31_000, 121_000, 601_000]) {
    await sidecar.advance(waitMs);
    await sidecar.workOff();
  }
}

const orderCalls = (erp: NetSuiteEmulator, method: string) =>
  erp.calls().filter((call) => call.method === method && call.path.includes("/salesOrder"));

describe("an edit in the shop", () => {
  test("reaches the ERP as an amendment where the answer to the creation was lost before it", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const orderId = await place(world);
    erp.faults.add({ kind: "cut-after-commit", match: CREATE, times: 1 });
    await sidecar.workOff();
    const before = await shopContent(world, [orderId]);
    await edit(world, orderId, 5);
    expect(await shopContent(world, [orderId])).not.toEqual(before);
    await workThroughRetries(sidecar);
    await expectAgreement(world, erp, [orderId]);
    expect(orderCalls(erp, "POST")).toHaveLength(1);
    expect(orderCalls(erp, "PATCH")).toHaveLength(1);
  });

  test("reaches the ERP where the creation was executed late, after the edited order was sent", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    const orderId = await place(world);
    // The first process dies while the ERP is busy with the call; the second looks up, and finds nothing yet.
    await using doomed = new SidecarInside(world, erp);
    const held = erp.faults.add({ kind: "slow", delayMs: 1_500, match: CREATE, times: 1 });
    await doomed.ingest();
    doomed.start();
    await erp.until(() => orderCalls(erp, "POST").length === 1);
    doomed.kill();
    erp.faults.remove(held);
    await edit(world, orderId, 4);
    await using heir = new SidecarInside(world, erp);
    await workThroughRetries(heir);
    await erp.until(() => erp.inFlight() === 0);
    await workThroughRetries(heir);
    await expectAgreement(world, erp, [orderId]);
  });

  test("takes the place of a body that the ERP refused for certain", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const orderId = await place(world);
    const refusal = erp.faults.add({ kind: "reject", match: CREATE });
    await sidecar.workOff();
    expect(await jobStates(world)).toMatchObject({ parked: 1 });
    erp.faults.remove(refusal);
    await edit(world, orderId, 3);
    await sidecar.workOff();
    await expectAgreement(world, erp, [orderId]);
  });

  test("takes the place of a body that makes the ERP fail each time", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    // The ERP chokes on quantity 1 and on nothing else.
    await using sidecar = new SidecarInside(world, erp, {
      wrapErp: (port) => ({
        ...port,
        createOrder: async (body, payments, call) => {
          const chokes = body.order.lines.some((line) => line.quantity === 1);
          if (chokes) erp.faults.add({ kind: "server-error", match: CREATE, times: 1 });
          return await port.createOrder(body, payments, call);
        },
      }),
    });
    const orderId = await place(world);
    await sidecar.workOff();
    await edit(world, orderId, 3);
    await workThroughRetries(sidecar);
    await expectAgreement(world, erp, [orderId]);
  });

  test("takes the place of an amendment that the ERP refused after its answer had been lost once", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const orderId = await place(world);
    await sidecar.workOff();
    // First no answer, then a refusal: whether the amendment was executed is not known.
    erp.faults.add({ kind: "cut-before", match: AMEND, times: 1 });
    await edit(world, orderId, 2);
    await sidecar.workOff();
    const refusal = erp.faults.add({ kind: "reject", match: AMEND });
    await sidecar.advance(6_000);
    await sidecar.workOff();
    expect(await jobStates(world)).toMatchObject({ parked: 1 });
    // The ERP refuses that body for good; the shop corrects the order.
    erp.faults.remove(refusal);
    await using corrected = new SidecarInside(world, erp, {
      wrapErp: (port) => ({
        ...port,
        amendOrder: async (ref, body, call) => {
          const refused = body.order.lines.some((line) => line.quantity === 2);
          if (refused) erp.faults.add({ kind: "reject", match: AMEND, times: 1 });
          await port.amendOrder(ref, body, call);
        },
      }),
    });
    await sidecar.stop();
    await edit(world, orderId, 3);
    await workThroughRetries(corrected);
    await expectAgreement(world, erp, [orderId]);
  });

  test("that is taken back while the amendment's answer was lost leaves the ERP with the first content", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const orderId = await place(world);
    await sidecar.workOff();
    erp.faults.add({ kind: "cut-after-commit", match: AMEND, times: 1 });
    await edit(world, orderId, 7);
    await sidecar.workOff();
    await edit(world, orderId, 1);
    await workThroughRetries(sidecar);
    await expectAgreement(world, erp, [orderId]);
  });

  test("of the address in place reaches the ERP", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const orderId = await place(world);
    await sidecar.workOff();
    await world.shop().editAddress({ orderId, fields: { address1: "1 rue Neuve" } });
    await sidecar.workOff();
    await expectAgreement(world, erp, [orderId]);
  });

  test("during the call is amended at once by the same or the next claim", async () => {
    const { world, erp } = await openWorld();
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const orderId = await place(world);
    const slow = erp.faults.add({ kind: "slow", delayMs: 400, match: CREATE });
    await sidecar.ingest();
    sidecar.start();
    await erp.until(() => orderCalls(erp, "POST").some((call) => call.externalId === keyOf(orderId)));
    await edit(world, orderId, 6);
    await sidecar.ingest();
    erp.faults.remove(slow);
    await sidecar.workOff();
    await expectAgreement(world, erp, [orderId]);
  });
});
