import { describe, expect, test } from "vitest";
import { SidecarInside } from "../support/in-process.ts";
import { expectAgreement } from "./agreement.ts";
import { openWorld } from "./rig.ts";

/** One order's whole way takes about forty statements and calls; the sweep ends at the first run that survives. */
const STEPS_MAX = 120;

describe("a process that dies between any two steps", () => {
  test("leaves an order of a new customer that its successor brings to the ERP exactly once", async () => {
    const { world, erp } = await openWorld({ customers: 130 });
    await using _world = world;
    const orders: number[] = [];
    for (let dieAtStep = 1; dieAtStep <= STEPS_MAX; dieAtStep += 1) {
      const placed = await world
        .shop()
        .placeOrder({ customerId: dieAtStep, lines: [{ productId: 1, quantity: 1 }] });
      orders.push(placed.orderId);
      await using doomed = new SidecarInside(world, erp, { dieAtStep });
      await doomed.workOff().catch((thrown: unknown) => {
        if (!doomed.dead) throw thrown;
      });
      const survived = !doomed.dead;
      await doomed[Symbol.asyncDispose]();

      await using heir = new SidecarInside(world, erp);
      await heir.workOff();
      const [job] = await world.rows<{ state: string }>(
        `SELECT state FROM ${world.table("erpsync_job")} WHERE subject = ?`,
        [`order:${String(placed.orderId)}`],
      );
      // An order that was held for its customer when the process died is looked at again when it is due.
      if (job?.state !== "done") {
        await heir.advance(6_000);
        await heir.workOff();
      }
      expect(heir.failures).toEqual([]);
      expect(heir.log.filter((line) => line.event === "loop.failed")).toEqual([]);
      if (survived) break;
    }
    expect(orders.length).toBeGreaterThan(20);
    expect(orders.length).toBeLessThan(STEPS_MAX);
    expect(erp.customers()).toHaveLength(orders.length);
    await expectAgreement(world, erp, orders);
  });
});
