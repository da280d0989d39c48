// What the ERP says of orders comes to their jobs: each word once, none lost, whatever dies in between.
import { expect, test } from "vitest";
import { erpRef } from "../../../sidecar/domain/ids.ts";
import { eachServer } from "../../support/each-server.ts";
import { FeedRig } from "./feed-rig.ts";

eachServer("a reading of the ERP's progress", (server) => {
  test("brings each order's stage, parcels and invoice numbers over several pages and marks its job once", async () => {
    await using rig = await FeedRig.open(server, 7);
    for (let order = 1; order <= 7; order += 1) rig.erp.say(FeedRig.progress(order));
    rig.erp.say(FeedRig.progress(2, { stage: "invoiced", invoiceNumbers: ["INV-2", "INV-2b"] }));

    expect(await rig.read()).toEqual({ kind: "whole", counts: { orders: 7, changed: 7, unknown: 0 } });

    expect(rig.erp.asked).toHaveLength(3);
    expect(await rig.progressOf(2)).toEqual({
      orderRef: "102",
      stage: "invoiced",
      parcels: [{ ref: "S2", trackingNumber: "TRACK2", carrier: "DPD" }],
      invoiceNumbers: ["INV-2", "INV-2b"],
    });
    expect(Object.values(await rig.marks())).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(await rig.mark()).toBe(rig.erp.mark);
    expect(rig.marked).toBe(3);
  });

  test("marks nothing and writes no row where the ERP says again what it said", async () => {
    await using rig = await FeedRig.open(server, 2);
    rig.erp.say(FeedRig.progress(1));
    rig.erp.say(FeedRig.progress(2));
    await rig.read();
    const rows = () => rig.world.rows(`SELECT * FROM ${rig.world.table("erpsync_progress")}`);
    const before = await rows();

    rig.erp.say(FeedRig.progress(2));
    expect(await rig.read()).toEqual({ kind: "whole", counts: { orders: 2, changed: 0, unknown: 0 } });

    expect(await rows()).toEqual(before);
    expect(await rig.marks()).toEqual({ "order:1": 1, "order:2": 1 });
    expect(rig.marked).toBe(1);
    expect(await rig.mark()).toBe("3");
  });

  test("leaves orders alone that are not ours: no mapping, or another record under our key", async () => {
    await using rig = await FeedRig.open(server, 1);
    rig.erp.say(FeedRig.progress(9));
    rig.erp.say(FeedRig.progress(1, { orderRef: erpRef("777") }));

    expect(await rig.read()).toEqual({ kind: "whole", counts: { orders: 2, changed: 0, unknown: 2 } });

    expect(await rig.progressOf(1)).toBeUndefined();
    expect(await rig.progressOf(9)).toBeUndefined();
    expect(await rig.marks()).toEqual({});
    expect(await rig.mark()).toBe("2");
  });

  test("keeps what the ERP says of an order whose creation still waits for its answer", async () => {
    await using rig = await FeedRig.open(server, 0);
    await rig.beginExport(5);
    rig.erp.say(FeedRig.progress(5));

    await rig.read();

    expect(await rig.progressOf(5)).toMatchObject({ orderRef: "105", stage: "shipped" });
    expect(await rig.marks()).toEqual({ "order:5": 1 });
  });

  test("loses nothing and marks nothing twice, at whichever statement the process dies", async () => {
    await using rig = await FeedRig.open(server, 7);
    const marks: Record<string, number> = {};
    for (let dieAt = 1, died = true; died; dieAt += 1) {
      for (let order = 1; order <= 7; order += 1) {
        rig.erp.say(FeedRig.progress(order, { invoiceNumbers: [`INV-${order}-${dieAt}`] }));
        marks[`order:${order}`] = dieAt;
      }
      const before = await rig.mark();
      const end = await rig.read(dieAt);
      died = end.kind === "died";
      if (died) expect(await rig.mark(), `dead at statement ${dieAt}`).toBe(before);

      await rig.read();

      expect(await rig.mark()).toBe(rig.erp.mark);
      expect(await rig.marks(), `dead at statement ${dieAt}`).toEqual(marks);
      for (let order = 1; order <= 7; order += 1) {
        expect((await rig.progressOf(order))?.invoiceNumbers).toEqual([`INV-${order}-${dieAt}`]);
      }
      expect(dieAt).toBeLessThan(100);
    }
  });

  test("sees an order that moves on between two pages of the same reading", async () => {
    await using rig = await FeedRig.open(server, 5);
    for (let order = 1; order <= 5; order += 1)
      rig.erp.say(FeedRig.progress(order, { stage: "open", parcels: [] }));
    rig.erp.beforePage = (page) => {
      if (page === 2) rig.erp.say(FeedRig.progress(1));
    };

    await rig.read();

    expect((await rig.progressOf(1))?.stage).toBe("shipped");
    expect(await rig.marks()).toMatchObject({ "order:1": 2, "order:5": 1 });
  });

  test("does not move a mark that a restore turned back while it read: what came between is read again", async () => {
    await using rig = await FeedRig.open(server, 5);
    rig.erp.say(FeedRig.progress(1));
    await rig.read();
    const cursor = rig.world.table("erpsync_cursor");
    for (let order = 2; order <= 5; order += 1) rig.erp.say(FeedRig.progress(order));
    await rig.read();
    rig.erp.say(FeedRig.progress(1, { stage: "closed" }));
    rig.erp.beforePage = async () => {
      await rig.world.pool.query(`DELETE FROM ${rig.world.table("erpsync_progress")}`);
      await rig.world.pool.query(`UPDATE ${cursor} SET mark = '1'`);
    };
    const asked = rig.erp.asked.length;
    await rig.read();
    rig.erp.beforePage = () => undefined;
    expect(await rig.mark()).toBe("1");

    await rig.read();

    expect(rig.erp.asked[asked + 1]?.changedSince).toBe("1");
    expect(await rig.mark()).toBe(rig.erp.mark);
    for (let order = 2; order <= 5; order += 1) expect(await rig.progressOf(order)).toBeDefined();
  });

  test("records each exchange with its outcome, and of an answer that was read a summary", async () => {
    await using rig = await FeedRig.open(server, 1);
    rig.erp.say(FeedRig.progress(1));
    await rig.read();
    const attempts = await rig.world.rows(
      `SELECT subject, direction, purpose, outcome, path FROM ${rig.world.table("erpsync_attempt")}`,
    );
    expect(attempts).toEqual([
      {
        subject: "progress:rig",
        direction: "to_erp",
        purpose: "read_progress",
        outcome: "ok",
        path: "/progress",
      },
    ]);
  });
});
