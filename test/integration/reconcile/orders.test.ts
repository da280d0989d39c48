import { expect, test } from "vitest";
import { ErpFailedError, ErpUnavailableError } from "../../../sidecar/erp/port.ts";
import { oneServer } from "../../support/each-server.ts";
import { OrderRig } from "./rig.ts";

oneServer("a comparison of orders", (server) => {
  test("finds nothing where both sides agree, and writes to neither of them whatever it finds", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    const ids = await rig.export(4);
    const before = await rig.checksums();
    rig.emulator.resetLog();

    expect(await rig.compare()).toMatchObject({ state: "done", compared: 4, differing: 0, waiting: 0 });
    for (const id of ids) expect(await rig.found(id)).toMatchObject({ kinds: [], author: null });
    expect(rig.log).toMatchObject([{ event: "orders.reconciled", compared: 4, differing: 0 }]);

    rig.books.set(rig.erpIdOf(ids[0] ?? 0), { isCancelled: true });
    rig.gone.add(rig.erpIdOf(ids[1] ?? 0));
    expect(await rig.compare()).toMatchObject({ compared: 4, differing: 2 });
    expect(rig.emulator.calls().filter(({ method }) => method !== "GET" && method !== "POST")).toEqual([]);
    expect(rig.emulator.calls().filter(({ path }) => !path.includes("/salesOrder/"))).toEqual([]);
    expect(await rig.checksums()).toEqual(before);
  });

  test("tells an order that was edited in the ERP, with both sides, until it is put right there", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    const [id = 0, other = 0] = await rig.export(2);
    await rig.editInErp(id, { shippingCost: 9 });

    expect(await rig.compare()).toMatchObject({ state: "done", compared: 2, differing: 1 });

    const found = await rig.found(id);
    expect(found).toMatchObject({ author: "erp", kinds: ["total", "total-without-tax"] });
    const [total] = found?.differences ?? [];
    expect(total?.acknowledged).toBe(total?.shop);
    expect(Number(total?.erp) - Number(total?.shop)).toBe(200);
    expect(await rig.found(other)).toMatchObject({ kinds: [] });
    const told = [
      { event: "order.differs", orderId: id, kinds: ["total", "total-without-tax"], author: "erp" },
    ];
    expect(rig.log.filter(({ event }) => event === "order.differs")).toEqual(told);

    // It is told once, and remembers since when.
    await rig.compare();
    expect(rig.log.filter(({ event }) => event === "order.differs")).toEqual(told);
    expect((await rig.found(id))?.firstSeenAt).toBe(found?.firstSeenAt);
    await rig.editInErp(id, { shippingCost: 7 });
    expect(await rig.compare()).toMatchObject({ differing: 0 });
    expect(await rig.found(id)).toMatchObject({ kinds: [], author: null, firstSeenAt: null });
  });

  test("knows who edited it also when the bodies are gone, by what both sides last agreed on", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    const [agreed = 0, never = 0] = await rig.export(2);
    await rig.editInErp(never, { shippingCost: 9 });
    await rig.compare();
    await rig.world.pool.query(`UPDATE ${rig.world.table("erpsync_operation")} SET body = ''`);
    await rig.editInErp(agreed, { shippingCost: 9 });
    await rig.compare();

    expect(await rig.found(agreed)).toMatchObject({ author: "erp", kinds: ["total", "total-without-tax"] });
    expect(await rig.found(never), "it never agreed").toMatchObject({ author: "unknown" });
  });

  test("tells an order that was edited in the shop and whose job is parked as edited there", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    const [id = 0] = await rig.export(1);
    await rig.unmapProducts();
    await rig.editLine(id, 5);
    await rig.sidecar.workOff();
    expect(await rig.job(id)).toMatchObject({ state: "parked", reason_code: "E_MAPPING_MISSING" });

    await rig.compare();

    const found = await rig.found(id);
    expect(found).toMatchObject({ author: "shop", kinds: ["total", "total-without-tax"] });
    expect(found?.differences[0]?.acknowledged).toBe(found?.differences[0]?.erp);
  });

  test("tells an order that never arrived, and none that is on its way or was called off before it was sent", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    await rig.unmapProducts();
    const [parked = 0, onItsWay = 0, cancelled = 0, unheard = 0] = await rig.export(4);
    await rig.setJob(onItsWay, "ready");
    await rig.setJob(cancelled, "done");
    await rig.setState(cancelled, 6);
    await rig.world.pool.query(`DELETE FROM ${rig.world.table("erpsync_job")} WHERE subject = ?`, [
      `order:${unheard}`,
    ]);

    expect(await rig.compare()).toMatchObject({ compared: 3, differing: 2, waiting: 1 });

    expect(await rig.found(parked)).toMatchObject({ author: "never-arrived", kinds: ["never-arrived"] });
    expect(await rig.found(unheard)).toMatchObject({ author: "never-arrived", kinds: ["never-arrived"] });
    expect(await rig.found(cancelled)).toMatchObject({ kinds: [] });
    expect(await rig.found(onItsWay)).toBeUndefined();
    // One that waits for a worker since long is no more on its way.
    await rig.world.pool.query(
      `UPDATE ${rig.world.table("erpsync_job")} SET run_at = run_at - INTERVAL 1 HOUR`,
    );
    await rig.compare();
    expect(await rig.found(onItsWay)).toMatchObject({ kinds: ["never-arrived"] });
  });

  test("tells a payment that is missing, over all orders of a split cart's reference", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    const line = { productId: 1, quantity: 1 };
    const first = await rig.world.shop().placeOrder({ customerId: 1, lines: [line], reference: "SPLITCART" });
    const second = await rig.world.shop().placeOrder({
      ...{ customerId: 1, lines: [{ ...line, quantity: 2 }], reference: "SPLITCART", paid: true },
    });
    const [single = 0] = await rig.export(1);
    const whole = await rig.paid("SPLITCART");
    // The ERP has all of it on the first order: it is the same money.
    rig.books.set(rig.erpIdOf(first.orderId), { paidMinor: whole });
    rig.books.set(rig.erpIdOf(second.orderId), { paidMinor: 0 });
    rig.books.set(rig.erpIdOf(single), { paidMinor: 0 });

    await rig.compare();
    expect(await rig.found(first.orderId)).toMatchObject({ kinds: [] });
    expect(await rig.found(second.orderId)).toMatchObject({ kinds: [] });
    expect(await rig.found(single)).toMatchObject({ kinds: ["paid"] });

    rig.books.set(rig.erpIdOf(first.orderId), { paidMinor: whole - 1 });
    await rig.compare();
    for (const { orderId } of [first, second]) {
      const found = await rig.found(orderId);
      expect(found).toMatchObject({ kinds: ["paid"], author: "erp" });
      expect(found?.differences).toMatchObject([{ shop: whole, erp: whole - 1, acknowledged: whole }]);
    }
  });

  test("tells a credit, a customer, a cancellation and a deletion, each with its kind", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    const [credited = 0, customer = 0, cancelled = 0, deleted = 0, anonymous = 0] = await rig.export(5);
    for (const id of [credited, customer, cancelled, deleted, anonymous]) {
      rig.books.set(rig.erpIdOf(id), { creditedTaxInclMinor: 0 });
    }
    await rig.compare();
    await rig.slip(credited);
    await rig.world.pool.query(
      `UPDATE ${rig.world.table("orders")} SET id_customer = 5 WHERE id_order IN (?)`,
      [[customer, anonymous]],
    );
    // Somebody whom the ERP knows, and the customer that stands for all who were erased.
    await rig.mapCustomer(5, "600");
    rig.books.set(rig.erpIdOf(cancelled), { isCancelled: true, creditedTaxInclMinor: 0 });
    rig.gone.add(rig.erpIdOf(deleted));
    await rig.compare();

    expect(await rig.found(credited)).toMatchObject({ kinds: ["credited"], author: "shop" });
    expect(await rig.found(customer)).toMatchObject({ kinds: ["customer"], author: "shop" });
    expect(await rig.found(cancelled)).toMatchObject({ kinds: ["cancelled"], author: "erp" });
    expect(await rig.found(deleted)).toMatchObject({ kinds: ["gone-from-erp"], author: "erp" });

    await rig.world.pool.query(
      `UPDATE ${rig.world.table("customer")} SET email = 'anonymous@psgdpr.com' WHERE id_customer = 5`,
    );
    await rig.compare();
    expect(await rig.found(anonymous)).toMatchObject({ kinds: [] });
  });

  test("leaves what moves while it is read to the next one, and what cannot be read", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    const [edited = 0, told = 0, unread = 0] = await rig.export(3);
    await rig.editInErp(edited, { shippingCost: 9 });
    const { readOrder } = rig.deps().erp;
    let isFirst = true;
    rig.change = {
      erp: {
        readOrder: async (order, call) => {
          const totals = await readOrder(order, call);
          if (order.ref === rig.erpIdOf(unread)) throw new ErpFailedError("500");
          if (order.ref === rig.erpIdOf(edited) && isFirst) {
            isFirst = false;
            await rig.editLine(edited, 7, "off");
            // The worker takes it up while the ERP is read.
            await rig.setJob(told, "ready");
          }
          return totals;
        },
      },
    };

    const run = await rig.compare();

    expect(run).toMatchObject({ state: "done", compared: 0, differing: 0, waiting: 3 });
    expect(JSON.parse(run.detail ?? "[]")).toEqual(
      expect.arrayContaining([
        { order: edited, because: "moved-meanwhile" },
        { order: told, because: "moved-meanwhile" },
        { order: unread, because: "E_ERP_FAILED" },
      ]),
    );
    expect(rig.log.filter(({ event }) => event === "order.differs")).toEqual([]);
  });

  test("rests while the ERP is away and goes on where it was; it gives up after a while", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    const [id = 0] = await rig.export(1);
    const { readOrder } = rig.deps().erp;
    let away = 3;
    let rests = 0;
    rig.change = {
      sleep: () => {
        rests += 1;
        return Promise.resolve();
      },
      erp: {
        readOrder: async (order, call) => {
          away -= 1;
          if (away >= 0) throw new ErpUnavailableError("maintenance");
          return await readOrder(order, call);
        },
      },
    };
    expect(await rig.compare()).toMatchObject({ state: "done", compared: 1 });
    expect(rests).toBe(3);
    expect(await rig.found(id)).toMatchObject({ kinds: [] });

    away = 1_000;
    const failed = await rig.compare();
    expect(failed).toMatchObject({ state: "failed", reason: "E_ERP_UNAVAILABLE: maintenance" });
    expect(rig.log.at(-1)).toMatchObject({ event: "orders.reconcile_failed", code: "E_ERP_UNAVAILABLE" });
  });

  test("leaves the history alone, compares a month by its days, and forgets orders that the shop deleted", {
    timeout: 60_000,
  }, async () => {
    await using rig = await OrderRig.create(server);
    await rig.unmapProducts();
    const [old = 0, late = 0, gone = 0] = await rig.export(3);
    const place = (id: number, at: string) =>
      rig.world.pool.query(`UPDATE ${rig.world.table("orders")} SET date_add = ? WHERE id_order = ?`, [
        at,
        id,
      ]);
    await place(old, "2026-09-30 23:59:59");
    await place(late, "2026-10-01 00:00:00");
    await place(gone, "2026-10-31 23:59:59");

    expect(await rig.compare({ kind: "month", month: "2026-10" })).toMatchObject({ compared: 2 });
    expect([await rig.found(old), (await rig.found(late))?.kinds]).toEqual([undefined, ["never-arrived"]]);

    await rig.world.pool.query(`DELETE FROM ${rig.world.table("orders")} WHERE id_order = ?`, [gone]);
    rig.change = { exportAfterOrder: () => late };
    expect(await rig.compare()).toMatchObject({ compared: 0, differing: 0 });
    expect([await rig.found(late), await rig.found(gone)]).toEqual([undefined, undefined]);
  });
});
