import { expect, test } from "vitest";
import { keyOf } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { SidecarInside } from "../../support/in-process.ts";

test("cases 8 and 9: orders that share a reference are each a record of their own in the ERP, whatever comes again", async () => {
  const { world, erp } = await openWorld();
  await using _world = world;
  await using sidecar = new SidecarInside(world, erp);
  const reference = "SPLITCART";
  const orders = await Promise.all(
    [1, 2, 3].map(async (productId) => {
      const order = { customerId: 1, reference, lines: [{ productId, quantity: productId }] };
      return (await world.shop(productId).placeOrder(order)).orderId;
    }),
  );
  await sidecar.workOff();
  await world.pool.query(
    `UPDATE ${world.table("erpsync_job")} SET state = 'ready', run_at = UTC_TIMESTAMP(6), generation = generation + 1`,
  );
  await sidecar.workOff();

  const records = erp.orders().filter(({ body }) => body["otherRefNum"] === reference);
  expect(records.map(({ externalId }) => externalId).sort()).toEqual(orders.map(keyOf).sort());
});
