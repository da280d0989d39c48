import { expect, test } from "vitest";
import { oneServer } from "../../support/each-server.ts";
import { OrderRig } from "./rig.ts";

oneServer("a comparison of orders", (server) => {
  test("finds nothing where both sides agree, and writes to neither", async () => {
    await using rig = await OrderRig.create(server);
    const ids = await rig.export(4);

    const run = await rig.compare();

    expect(run).toMatchObject({ state: "done", compared: 4, differing: 0, waiting: 0 });
    for (const id of ids) expect(await rig.found(id)).toMatchObject({ kinds: [], author: null });
    expect(rig.log).toMatchObject([{ event: "orders.reconciled", compared: 4, differing: 0 }]);
  });

  test("tells an order that was edited in the ERP, with both sides, until it is put right there", async () => {
    await using rig = await OrderRig.create(server);
    const [id = 0, other = 0] = await rig.export(2);
    await rig.compare();
    await rig.editInErp(id, { shippingCost: 9 });

    expect(await rig.compare()).toMatchObject({ state: "done", compared: 2, differing: 1 });

    const found = await rig.found(id);
    expect(found).toMatchObject({ author: "erp", kinds: ["total", "total-without-tax"] });
    const [total] = found?.differences ?? [];
    expect(total?.acknowledged).toBe(total?.shop);
    expect(Number(total?.erp) - Number(total?.shop)).toBe(200);
    expect(await rig.found(other)).toMatchObject({ kinds: [] });
    expect(rig.log.filter(({ event }) => event === "order.differs")).toEqual([
      { event: "order.differs", orderId: id, kinds: ["total", "total-without-tax"], author: "erp" },
    ]);
  });
});
