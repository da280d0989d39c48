import { expect, test } from "vitest";
import { ShopCommandError } from "../../sidecar/domain/errors.ts";
import { SidecarInside, VirtualClock } from "../support/in-process.ts";
import { until } from "../support/until.ts";
import { expectAgreement, jobStates } from "./agreement.ts";
import { openWorld, placeOrders } from "./rig.ts";

test("an ERP whose other users take its places makes us slower, loses nothing and costs no attempt", async () => {
  const clock = new VirtualClock();
  // Ten places, of which the ERP's other users leave three.
  const { world, erp } = await openWorld({ emulator: { nowMs: clock.nowMs, concurrencyLimit: 3 } });
  await using _world = world;
  await using sidecar = new SidecarInside(world, erp, { clock });
  erp.faults.add({ kind: "slow", delayMs: 20 });
  const orders = await placeOrders(world, 60);
  await sidecar.ingest();
  sidecar.start();
  sidecar.ring();
  let spent = 0;
  await until(
    async () => {
      const [row] = await world.rows<{ most: number | null }>(
        `SELECT MAX(attempts) AS most FROM ${world.table("erpsync_job")}`,
      );
      spent = Math.max(spent, row?.most ?? 0);
      await sidecar.advance(2_000);
      return erp.orders().length === orders.length;
    },
    { what: "all orders in the busy ERP", timeoutMs: 60_000 },
  );
  await sidecar.workOff();
  expect(erp.calls().some((call) => call.status === 429)).toBe(true);
  expect(spent).toBe(0);
  expect(erp.maxInFlight()).toBeLessThanOrEqual(8);
  expect(sidecar.log.filter((line) => line.event === "erp.breaker")).toEqual([]);
  await expectAgreement(world, erp, orders);
});

test("a shop that takes no commands does not stop the orders on their way to the ERP", async () => {
  const { world, erp } = await openWorld();
  await using _world = world;
  await using sidecar = new SidecarInside(world, erp, {
    stateAfterExport: 3,
    shop: { setStatus: () => Promise.reject(new ShopCommandError("the shop answers 500")) },
  });
  const orders = await placeOrders(world, 30);
  await sidecar.workOff();
  expect(await jobStates(world)).toMatchObject({ retrying: 30 });
  expect(sidecar.log.filter((line) => line.event === "erp.breaker")).toEqual([]);
  await expectAgreement(world, erp, orders);
});
