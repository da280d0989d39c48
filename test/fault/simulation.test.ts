import fc from "fast-check";
import { expect, test } from "vitest";
import { SidecarInside, VirtualClock } from "../support/in-process.ts";
import { expectAgreement } from "./agreement.ts";
import { openWorld, placeOrders } from "./rig.ts";

/** What can happen, in any order. */
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("place" as const), customer: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("edit" as const),
      order: fc.nat(20),
      quantity: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("repeat-events" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("fault" as const),
      fault: fc.constantFrom(
        "cut-after-commit" as const,
        "cut-before" as const,
        "cut-mid-answer" as const,
        "server-error" as const,
        "throttle" as const,
        "reject" as const,
        "maintenance" as const,
      ),
      method: fc.constantFrom("POST", "GET", "PATCH"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("work-and-die" as const),
      steps: fc.integer({ min: 1, max: 80 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("work" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(6_000, 31_000, 130_000) }),
  },
);

test("whatever happens in whatever order, each order stands in the ERP once, as the shop has it", async () => {
  const clock = new VirtualClock();
  const { world, erp } = await openWorld({ emulator: { nowMs: clock.nowMs } });
  await using _world = world;
  const orders: number[] = [];

  const work = async (dieAtStep?: number): Promise<void> => {
    await using sidecar = new SidecarInside(world, erp, {
      clock,
      ...(dieAtStep === undefined ? {} : { dieAtStep }),
    });
    await sidecar.workOff(3_000).catch((thrown: unknown) => {
      // An open breaker leaves jobs ready; a dead process ends as it likes.
      if (!sidecar.dead && sidecar.worker.breaker.state === "closed") throw thrown;
    });
  };
  /** The faults are over: nothing but time and work is needed. People put parked and dead orders back. */
  const settle = async (): Promise<void> => {
    erp.faults.clear();
    await using sidecar = new SidecarInside(world, erp, { clock });
    await sidecar.workOff();
    for (const ms of [6_000, 31_000, 130_000, 700_000]) {
      await world.pool.query(
        `UPDATE ${world.table("erpsync_job")} SET state = 'ready', attempts = 0 WHERE state IN ('parked', 'dead')`,
      );
      await sidecar.advance(ms);
      await sidecar.workOff();
    }
  };

  const happen = async (
    what: typeof happening extends fc.Arbitrary<infer What> ? What : never,
  ): Promise<void> => {
    switch (what.kind) {
      case "place":
        orders.push(...(await placeOrders(world, 1, { customerOf: () => what.customer })));
        return;
      case "edit": {
        const orderId = orders[what.order % Math.max(1, orders.length)];
        if (orderId === undefined) return;
        const [line] = await world.rows<{ id: number }>(
          `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ?`,
          [orderId],
        );
        await world.shop().editLine({ orderId, orderDetailId: Number(line?.id), quantity: what.quantity });
        return;
      }
      case "repeat-events":
        await world.pool.query(
          `INSERT INTO ${world.table("erpsync_outbox")} (event_id, type, version, subject, id_shop, occurred_at, traceparent)
           SELECT event_id, type, version, subject, id_shop, occurred_at, traceparent FROM ${world.table("erpsync_event")}`,
        );
        return;
      case "fault":
        erp.faults.add({ kind: what.fault, match: { method: what.method, path: "/record/" }, times: 1 });
        return;
      case "work-and-die":
        await work(what.steps);
        return;
      case "work":
        await work();
        return;
      case "wait": {
        await using sidecar = new SidecarInside(world, erp, { clock });
        await sidecar.advance(what.ms);
      }
    }
  };

  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 4, maxLength: 14 }), async (script) => {
      for (const what of script) await happen(what);
      await settle();
      await expectAgreement(world, erp, orders);
    }),
    { numRuns: 12, seed: 20_261_121, endOnFailure: true, interruptAfterTimeLimit: 60_000 },
  );
  expect(orders.length).toBeGreaterThan(10);
});
