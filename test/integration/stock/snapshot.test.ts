// The ERP's stock comes to the shop: exact figures, holds, deltas, and orders that race with it.
import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from "kysely";
import { expect, test } from "vitest";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { writeBuffer } from "../../../sidecar/stock/snapshot/buffer-statements.ts";
import { judgeSnapshot } from "../../../sidecar/stock/snapshot/snapshot-statements.ts";
import { openChannels } from "../../../sidecar/stock/writer/channel-movements.ts";
import { decodeMovements } from "../../../sidecar/stock/writer/decode-movements.ts";
import { eachServer, oneServer } from "../../support/each-server.ts";
import { expectStockLaws } from "../../support/stock-laws.ts";
import { SupportError } from "../../support/support-error.ts";
import { SnapshotRig } from "./snapshot-rig.ts";

eachServer("a full reading of the ERP's stock", (server) => {
  test("sets each row to the ERP's figure, its parent to the sum, and writes nothing else", async () => {
    await using rig = await SnapshotRig.open(server, {
      seed: { simpleProducts: 4, combinedProducts: 1, combinationsEach: 3 },
    });
    const rows = await rig.rows();
    const [simple, same, , , red, blue] = rows;
    rig.stock(simple!.item, 140);
    rig.stock(red!.item, 90);
    rig.stock(blue!.item, 0);
    await rig.world.pool.query(
      `UPDATE ${rig.world.table("stock_available")} SET reserved_quantity = 3 WHERE id_stock_available = ?`,
      [simple!.row],
    );

    const { end, row } = await rig.round();

    expect(end).toBe("applied");
    expect(row).toMatchObject({ items: 7, changed: 3, waiting: 0, unknown: 0, absent: 0, moves: 3 });
    expect(await rig.quantity(simple!.product)).toBe(140);
    expect(await rig.quantity(same!.product)).toBe(100);
    expect(await rig.quantity(red!.product, red!.combination)).toBe(90);
    expect(await rig.quantity(blue!.product, blue!.combination)).toBe(0);
    expect(await rig.quantity(red!.product)).toBe(190);
    const [physical] = await rig.world.rows(
      `SELECT physical_quantity FROM ${rig.world.table("stock_available")} WHERE id_stock_available = ?`,
      [simple!.row],
    );
    expect(physical).toEqual({ physical_quantity: 143 });
    await rig.ledger.rested();
    await expectStockLaws(rig.world);

    const again = await rig.round();
    expect(again.row).toMatchObject({ changed: 0, moves: 0, state: "applied" });
  });
});

/** Moments of a round, in their order; an order is placed at one and reaches the ERP at the same or a later one. */
const MOMENTS = [
  "before it",
  "beforePage",
  "afterPage",
  "beforeFence",
  "afterFence",
  "beforeWrite",
  "after it",
] as const;

interface Racer {
  readonly product: number;
  readonly placed: number;
  readonly exported: number;
  /** The order is edited then, and the ERP hears of that only in the end. */
  readonly edited: number | undefined;
  readonly drift: number;
}

/** Every choice of moments, each with a product of its own. */
function racers(): readonly Racer[] {
  const all: Racer[] = [];
  const last = MOMENTS.length - 1;
  for (let placed = 0; placed <= last; placed += 1) {
    for (let exported = placed; exported <= last; exported += 1) {
      const edits = Array.from({ length: last - exported }, (_, index) => exported + index);
      for (const edited of [undefined, ...edits]) {
        all.push({ product: all.length + 1, placed, exported, edited, drift: (all.length % 4) - 6 });
      }
    }
  }
  return all;
}

eachServer("a reading that races with orders", (server) => {
  test("ends at every moment of theirs with the ERP's figure, or leaves the row to the next reading", {
    timeout: 240_000,
  }, async () => {
    const all = racers();
    await using rig = await SnapshotRig.open(server, {
      seed: { simpleProducts: all.length, combinedProducts: 0 },
    });
    const itemOfProduct = new Map((await rig.rows()).map(({ item, product }) => [product, item]));
    for (const { drift, product } of all) rig.stock(itemOfProduct.get(product)!, 100 + drift);
    const orders = new Map<Racer, number>();
    const idsOf = (some: readonly Racer[]): readonly number[] => some.map((racer) => orders.get(racer) ?? 0);
    let moment = 0;
    const come = async (to: number): Promise<void> => {
      for (; moment <= to; moment += 1) {
        for (const racer of all.filter(({ placed }) => placed === moment)) {
          orders.set(racer, await rig.sell(racer.product, 2));
        }
        const there = all.filter(({ placed }) => placed <= moment);
        await rig.holdBack(idsOf(there.filter(({ exported }) => exported > moment)));
        await rig.letGo(idsOf(there.filter(({ exported }) => exported === moment)));
        await rig.export();
        const edited = all.filter((racer) => racer.edited === moment);
        for (const racer of edited) await editOnlyLine(rig, orders.get(racer) ?? 0, 5);
        await rig.holdBack(idsOf(edited));
      }
    };
    await come(0);
    await rig.ledger.rested();

    const first = await rig.round({
      hooks: {
        beforePage: () => come(1),
        afterPage: () => come(2),
        beforeFence: () => come(3),
        afterFence: () => come(4),
        beforeWrite: () => come(5),
      },
    });
    await come(6);
    await rig.letGo([...orders.values()]);
    await rig.export();
    await rig.ledger.rested();

    expect(first.end).toBe("applied");
    const written = await rig.writtenRows(first.row.id);
    const rowOfProduct = new Map((await rig.rows()).map((row) => [row.product, row]));
    const wrong = all.filter((racer) => {
      const row = rowOfProduct.get(racer.product)!;
      const units = racer.edited === undefined ? 2 : 5;
      const isWritten = written.has(row.row);
      return row.quantity !== 100 - units + (isWritten ? racer.drift : 0);
    });
    expect(wrong).toEqual([]);
    expect(written.size + first.row.waiting).toBe(all.length);
    // Only what was under way while the page was read may wait, and what the ledger may have read in part.
    const early = all.filter(({ edited = 0, placed }) => placed < 4 && edited < 4);
    const left = early.filter(({ product }) => !written.has(rowOfProduct.get(product)!.row));
    expect(left.filter(({ exported }) => exported !== 1 && exported !== 2)).toEqual([]);

    const second = await rig.round();
    expect(second.row).toMatchObject({ state: "applied", waiting: 0 });
    const adrift = (await rig.rows()).filter((row) => row.quantity !== rig.available(row.item));
    expect(adrift).toEqual([]);
    await rig.ledger.rested();
    await expectStockLaws(rig.world);
  });
});

async function editOnlyLine(rig: SnapshotRig, orderId: number, quantity: number): Promise<void> {
  const [line] = await rig.world.rows<{ id_order_detail: number }>(
    `SELECT id_order_detail FROM ${rig.world.table("order_detail")} WHERE id_order = ?`,
    [orderId],
  );
  await rig.world.shop().editLine({ orderId, orderDetailId: line!.id_order_detail, quantity });
}

oneServer("a sale of another channel while the ERP is read", (server) => {
  test("leaves its row to the next reading, whenever it comes, and is not undone", async () => {
    await using rig = await SnapshotRig.open(server, { seed: { simpleProducts: 4, combinedProducts: 0 } });
    const { db, metrics, world } = rig;
    const writer = { db, settings: world.settings, stopped: () => false, metrics };
    const move = openChannels({ writer, shopId: 1, repairs: true, clock: systemClock, sleep: systemSleep });
    const sell = async (product: number): Promise<void> => {
      const sale = { key: `sale-${String(product)}`, channel: "pos-lyon", product, units: -2 };
      const [answer] = await move(decodeMovements(sale).movements);
      expect(["written", "known"]).toContain(answer?.outcome);
    };
    const rows = await rig.rows();
    for (const { item } of rows) rig.stock(item, 90);

    const { row } = await rig.round({
      hooks: {
        beforePage: () => sell(1),
        afterPage: () => sell(2),
        beforeWrite: () => sell(3),
      },
    });
    await rig.ledger.rested();

    const written = await rig.writtenRows(row.id);
    const productOf = new Map(rows.map(({ product, row: id }) => [id, product]));
    const late = [...written].some((id) => productOf.get(id) === 3);
    expect([...written].map((id) => productOf.get(id)).filter((product) => product !== 3)).toEqual([4]);
    // What is sold when the figure is decided stays sold, whether the row is written yet or not.
    const left = await Promise.all([1, 2, 3, 4].map((product) => rig.quantity(product)));
    expect(left).toEqual([98, 98, late ? 88 : 98, 90]);
    await expectStockLaws(world);
  });
});

oneServer("orders that the ERP's figure does not hold", (server) => {
  test("keep their units: new, torn, parked and unannounced ones, and what an edit added", async () => {
    await using rig = await SnapshotRig.open(server, { seed: { simpleProducts: 7, combinedProducts: 0 } });
    const items = (await rig.rows()).map(({ item }) => item);
    const edited = await rig.sell(5, 2);
    await rig.sell(6, 4);
    await rig.export();
    expect(rig.available(items[4]!)).toBe(98);
    await rig.sell(1, 1);
    await rig.world.shop().tornOrder({ customerId: 1, lines: [{ productId: 2, quantity: 2 }] });
    await rig.sell(3, 3, { hooks: "off" });
    const cancelled = await rig.sell(7, 5);
    await rig.world.shop().cancel(cancelled);
    await editOnlyLine(rig, edited, 5);
    await rig.holdBack([edited]);
    await rig.ledger.rested();

    const { row } = await rig.round();

    expect(row).toMatchObject({ changed: 0, waiting: 0, moves: 0 });
    for (const item of items) rig.stock(item, 110);
    const next = await rig.round();
    expect(next.row).toMatchObject({ changed: 7, waiting: 0 });
    const quantities = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((product) => rig.quantity(product)));
    expect(quantities).toEqual([109, 108, 107, 110, 105, 106, 110]);
    await rig.ledger.rested();
    await expectStockLaws(rig.world);
  });

  test("wait for the next reading while nobody knows whether the ERP has them", async () => {
    await using rig = await SnapshotRig.open(server, { seed: { simpleProducts: 3, combinedProducts: 0 } });
    const [first, second] = await rig.rows();
    rig.stock(first!.item, 90);
    rig.stock(second!.item, 90);
    const orderId = await rig.sell(1, 2);
    rig.erp.faults.add({
      kind: "cut-after-commit",
      match: { method: "POST", path: "/salesOrder" },
      times: 1,
    });
    await rig.export();
    await rig.ledger.rested();

    const { detail, row } = await rig.round();

    expect(row).toMatchObject({ changed: 1, waiting: 1 });
    expect(detail.waiting).toEqual([{ item: first!.item, because: `order ${String(orderId)}` }]);
    expect(await rig.quantity(1)).toBe(98);
    expect(await rig.quantity(2)).toBe(90);

    // The look-up finds it, and the figure holds it.
    await rig.letGo([orderId]);
    await rig.export();
    await rig.ledger.rested();
    expect((await rig.round()).row).toMatchObject({ changed: 1, waiting: 0 });
    expect(await rig.quantity(1)).toBe(88);
  });

  test("are taken off until their goods have left, where the ERP counts goods only", async () => {
    // Pending approval, a sales order commits nothing; what is sent out lowers the stock on hand.
    await using rig = await SnapshotRig.open(server, {
      seed: { simpleProducts: 3, combinedProducts: 0 },
      netsuite: { orderStatus: "A" },
    });
    const [here, sent, placed] = await rig.rows();
    expect(rig.port.capabilities.stockCountsOrders).toBe(false);
    await rig.sell(1, 2);
    const shipped = await rig.sell(2, 3);
    await rig.export();
    rig.erp.removeStock([here!.item, sent!.item, placed!.item]);
    for (const { item } of [here!, placed!]) rig.stock(item, 110);
    rig.stock(sent!.item, 107);
    await rig.world.shop().changeStatus({ orderId: shipped, stateId: 4 });
    await rig.export();
    await rig.ledger.rested();

    const { detail, row } = await rig.round({
      hooks: {
        afterPage: async () => {
          await rig.sell(3, 1);
          await rig.ledger.rested();
        },
      },
    });

    expect(detail.waiting).toEqual([]);
    expect(row).toMatchObject({ changed: 3, waiting: 0 });
    expect(await rig.quantity(1)).toBe(108);
    expect(await rig.quantity(2)).toBe(107);
    expect(await rig.quantity(3)).toBe(109);
  });
});

const FEW = { simpleProducts: 12, combinedProducts: 0 } as const;

async function judge(rig: SnapshotRig, id: number, state: "released" | "rejected"): Promise<void> {
  expect(await rig.db.transaction().execute((tx) => judgeSnapshot(tx, id, state, "a test"))).toBe(true);
}

oneServer("a reading that looks wrong", (server) => {
  test("is held with what to do, and writes nothing until a person has released it", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    const rows = await rig.rows();
    const setAll = (items: readonly { readonly item: string }[], units: number): void => {
      for (const { item } of items) rig.stock(item, units);
    };
    await rig.round();
    rig.erp.viewStock("empty");
    const empty = await rig.round({ holdShare: 0.2 });
    expect(empty.end).toBe("held");
    expect(empty.row.reason).toContain(`"erpsync stock snapshot release ${String(empty.row.id)}"`);
    rig.erp.viewStock("all");
    setAll(rows.slice(0, 8), 50);
    const { end, row } = await rig.round({ holdShare: 0.2 });
    expect(end).toBe("held");
    expect(row).toMatchObject({ moves: 8, catalogue: 12, changed: 0, items: 12 });
    expect(row.reason).toMatch(/^8 of 12 rows \(67 %\) would move/);
    expect((await rig.rows()).map(({ quantity }) => quantity)).toEqual(rows.map(() => 100));
    expect(rig.events.filter(({ event }) => event === "stock.snapshot_held")).toHaveLength(2);

    await judge(rig, row.id, "released");
    setAll(rows.slice(8), 50);
    const worse = await rig.round({ holdShare: 0.2 });
    expect(worse.end).toBe("held");
    setAll(rows.slice(8), 100);
    await judge(rig, worse.row.id, "rejected");
    const again = await rig.round({ holdShare: 0.2 });
    expect(again.end).toBe("held");
    await judge(rig, again.row.id, "released");
    expect((await rig.round({ holdShare: 0.2 })).row).toMatchObject({ state: "applied", changed: 8 });
    // The release was for one reading.
    setAll(rows, 70);
    expect((await rig.round({ holdShare: 0.2 })).end).toBe("held");
  });

  test("is held where half of its items are missing, and fails where half of a page is", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    await rig.round();
    rig.erp.removeStock((await rig.rows()).slice(6).map(({ item }) => item));
    const half = await rig.round();
    expect(half.end).toBe("held");
    expect(half.row.reason).toMatch(/^The ERP named 6 items, and 12 the last time/);
    rig.erp.faults.add({ kind: "half-page", times: 5 });
    expect((await rig.round()).end).toBe("failed");
  });

  test("is held where it is older than the one before, and where it would sell the shop out", async () => {
    await using rig = await SnapshotRig.open(server, {
      seed: FEW,
      emulator: { stockPrecision: "second" },
    });
    const rows = await rig.rows();
    rig.stock(rows[0]!.item, 99);
    expect((await rig.round()).row).toMatchObject({ state: "applied", changed: 1 });
    // A copy of two hours ago answers.
    const changedAtMs = Date.now() - 7_200_000;
    rig.erp.setStock(rows.map(({ item }) => ({ item, location: "1", onHand: 100, changedAtMs })));
    const older = await rig.round();
    expect(older.row).toMatchObject({ state: "held", changed: 0 });
    expect(older.row.reason).toMatch(/^The ERP's latest change is of /);
    for (const { item } of rows) rig.stock(item, 0);
    const zero = await rig.round();
    expect(zero.row.reason).toMatch(/^Of 12 rows that can be sold, 12 would go to 0 or below/);
    expect(await rig.quantity(2)).toBe(100);
  });

  test("is held where a page comes again and again", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    const { end, row } = await rig.round({
      wrapErp: (port) => ({
        ...port,
        readStock: async (query, call) => {
          const page = await port.readStock({ ...query, after: undefined }, call);
          return { ...page, next: "round and round" };
        },
      }),
    });
    expect(end).toBe("held");
    expect(row.reason).toMatch(/^The ERP's pages do not fit together/);
  });
});

oneServer("what the ERP's figures do not fit", (server) => {
  test("is reported and left alone: unknown, absent, doubled and unfit items", async () => {
    await using rig = await SnapshotRig.open(server, {
      seed: { simpleProducts: 6, combinedProducts: 1, combinationsEach: 2 },
      prepare: async (world) => {
        const map = world.table("erpsync_mapping");
        await world.pool.query(`UPDATE ${map} SET erp_ref = '102000' WHERE shop_key = '3:0'`);
        await world.pool.query(
          `UPDATE ${world.table("stock_available")} SET depends_on_stock = 1 WHERE id_product = 4`,
        );
      },
    });
    const rows = await rig.rows();
    const [one, , , four] = rows;
    rig.erp.removeStock([one!.item, "103000"]);
    rig.erp.seedStock({ firstItem: 500_000, items: 2_400, onHand: 5 });
    // The product of the combinations is mapped as well; its row is their sum and not the ERP's to set.
    for (const item of ["107000", "102000", four!.item]) rig.stock(item, 7);

    const { detail, row } = await rig.round();

    expect(row).toMatchObject({ state: "applied", unknown: 2_400, absent: 1, changed: 0 });
    expect(detail.unknown).toHaveLength(20);
    expect(detail.absent).toEqual([one!.item]);
    expect(detail.doubled).toEqual(["102000"]);
    expect([...detail.unfit].sort()).toEqual([four!.item, "107000"].sort());
    expect((await rig.rows()).map(({ quantity }) => quantity)).toEqual(rows.map(() => 100));
    expect(rig.erp.calls().filter(({ path }) => path.includes("suiteql"))).toHaveLength(3);
  });

  test("is kept back by a buffer, a product's for all its combinations that have none of their own", async () => {
    await using rig = await SnapshotRig.open(server, {
      seed: { simpleProducts: 1, combinedProducts: 1, combinationsEach: 2 },
    });
    const [simple, red, blue] = await rig.rows();
    await rig.db.transaction().execute(async (tx) => {
      await writeBuffer(tx, { product: simple!.product, combination: 0, units: 5 });
      await writeBuffer(tx, { product: red!.product, combination: 0, units: 10 });
      await writeBuffer(tx, { product: blue!.product, combination: blue!.combination, units: 200 });
    });
    await rig.round();
    expect((await rig.rows()).map(({ quantity }) => quantity)).toEqual([95, 90, 0]);
    expect(await rig.quantity(red!.product)).toBe(90);
  });

  test("is left alone beside the rows that a group of shops shares, which are set", async () => {
    await using rig = await SnapshotRig.open(server, {
      seed: { simpleProducts: 2, combinedProducts: 0 },
      prepare: async (world) => {
        const stock = world.table("stock_available");
        await world.pool.query(`UPDATE ${world.table("shop_group")} SET share_stock = 1`);
        await world.pool.query(
          `INSERT INTO ${stock} (id_product, id_product_attribute, id_shop, id_shop_group, quantity,
             physical_quantity, reserved_quantity, depends_on_stock, out_of_stock, location)
           SELECT id_product, id_product_attribute, 0, 1, quantity, 0, 0, 0, 2, '' FROM ${stock}`,
        );
      },
    });
    for (const { item } of await rig.rows()) rig.stock(item, 42);
    expect((await rig.round()).row).toMatchObject({ changed: 2, absent: 0 });
    const rows = await rig.world.rows<{ id_shop: number; quantity: number }>(
      `SELECT id_shop, quantity FROM ${rig.world.table("stock_available")} ORDER BY id_shop, id_product`,
    );
    expect(rows.map(({ id_shop, quantity }) => `${String(id_shop)}: ${String(quantity)}`)).toEqual([
      ...["0: 42", "0: 42", "1: 100", "1: 100"],
    ]);
  });

  test("is put down for the shop's own listeners where it comes back from nothing", async () => {
    await using rig = await SnapshotRig.open(server, {
      seed: { simpleProducts: 2, combinedProducts: 1, combinationsEach: 2, stockUnits: 0 },
    });
    const [simple, other, red] = await rig.rows();
    rig.stock(simple!.item, 3);
    rig.stock(red!.item, 4);
    await rig.round();
    const announced = await rig.world.rows<{ id_stock_available: number }>(
      `SELECT id_stock_available FROM ${rig.world.table("erpsync_stock_announcement")}`,
    );
    const ids = announced.map((row) => row.id_stock_available);
    expect(ids).toEqual(expect.arrayContaining([simple!.row, red!.row]));
    expect(ids).not.toContain(other!.row);
  });
});

oneServer("deltas", (server) => {
  test("bring what changed, also what was committed late, and what had to wait", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    const [one, two, three] = await rig.rows();
    expect((await rig.round()).row.mark).not.toBeNull();
    // It becomes visible now, and says that it happened two hours ago.
    const late = { item: one!.item, location: "1", onHand: 60, changedAtMs: Date.now() - 7_200_000 };
    rig.erp.setStock([late]);
    rig.stock(two!.item, 61);
    rig.stock(three!.item, 62);
    const first = await rig.round({
      kind: "delta",
      hooks: {
        beforePage: async () => {
          await rig.sell(three!.product, 1);
          await rig.export();
        },
      },
    });
    expect(first.row).toMatchObject({ kind: "delta", changed: 2, waiting: 1, state: "applied" });
    expect(first.detail.carried).toEqual([[three!.item, 61]]);
    expect((await rig.rows()).slice(0, 3).map(({ quantity }) => quantity)).toEqual([60, 61, 99]);

    await rig.ledger.rested();
    const next = await rig.round({
      kind: "delta",
      // The ERP has nothing new to say.
      wrapErp: (port) => ({
        ...port,
        readStock: async (query, call) => ({ ...(await port.readStock(query, call)), figures: [] }),
      }),
    });
    expect(next.row).toMatchObject({ kind: "delta", items: 0, changed: 1, waiting: 0 });
    expect(await rig.quantity(three!.product)).toBe(61);
    expect(rig.available(three!.item)).toBe(61);
    expect(next.detail.carried).toEqual([]);
  });

  test("end with the same figures as a full reading, whatever changed in between", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    const rows = await rig.rows();
    await rig.round();
    for (let turn = 1; turn <= 4; turn += 1) {
      for (const { item, product } of rows) {
        if (product % turn === 0) rig.stock(item, 100 + turn * product);
      }
      await rig.round({ kind: "delta" });
    }
    expect((await rig.rows()).filter((row) => row.quantity !== rig.available(row.item))).toEqual([]);
    expect((await rig.round()).row.changed).toBe(0);
  });

  test("may end the sale of all that they name, where it is little of what the shop sells", async () => {
    await using rig = await SnapshotRig.open(server, { seed: { simpleProducts: 40, combinedProducts: 0 } });
    const rows = await rig.rows();
    await rig.round();
    for (const { item } of rows.slice(0, 8)) rig.stock(item, 0);
    expect((await rig.round({ kind: "delta", holdShare: 0.2 })).row).toMatchObject({ changed: 8 });
  });

  test("are held like full readings, and read again from where they began", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    const rows = await rig.rows();
    await rig.round();
    for (const { item } of rows) rig.stock(item, 80);
    const held = await rig.round({ kind: "delta", holdShare: 0.2 });
    expect(held.row).toMatchObject({ state: "held", catalogue: 12, moves: 12, mark: null });
    await judge(rig, held.row.id, "released");
    const applied = await rig.round({ kind: "delta", holdShare: 0.2 });
    expect(applied.row).toMatchObject({ state: "applied", changed: 12 });
  });
});

oneServer("an ERP that fails in the middle of a reading", (server) => {
  test("leaves everything as it was, with every page on record", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    const rows = await rig.rows();
    rig.erp.seedStock({ firstItem: 500_000, items: 1_500 });
    for (const { item } of rows) rig.stock(item, 50);
    let page = 0;
    const { end, row } = await rig.round({
      hooks: {
        beforePage: async () => {
          page += 1;
          if (page === 2) await rig.erp.down();
        },
      },
    });
    expect(end).toBe("failed");
    expect(row).toMatchObject({ changed: 0, mark: null });
    expect(row.reason).toMatch(/^E_ERP_UNAVAILABLE: /);
    expect((await rig.rows()).map(({ quantity }) => quantity)).toEqual(rows.map(() => 100));
    const attempts = await rig.world.rows<{ outcome: string }>(
      `SELECT outcome FROM ${rig.world.table("erpsync_attempt")} WHERE subject = ? ORDER BY id`,
      [`stock-snapshot:${String(row.id)}`],
    );
    // The connection broke under the second page, and the next one was refused.
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["ok", "E_ERP_AMBIGUOUS", "E_ERP_UNAVAILABLE"]);
    await rig.erp.up();
    expect((await rig.round()).row).toMatchObject({ state: "applied", changed: 12 });
  });

  test("is asked again for a page that it throttled or broke", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    rig.stock((await rig.rows())[0]!.item, 50);
    const match = { path: "/suiteql" };
    rig.erp.faults.add({ kind: "throttle", match, times: 2 });
    rig.erp.faults.add({ kind: "server-error", match, times: 1 });
    expect((await rig.round()).row).toMatchObject({ state: "applied", changed: 1 });
  });
});

oneServer("while the shop is not the one last seen", (server) => {
  test("nothing is written, whether the process knows it or only the database", async () => {
    await using rig = await SnapshotRig.open(server, { seed: FEW });
    const rows = await rig.rows();
    for (const { item } of rows.slice(0, 3)) rig.stock(item, 50);
    expect((await rig.round({ stopped: () => true })).end).toBe("failed");
    await rig.world.pool.query(
      `INSERT INTO ${rig.world.table("erpsync_identity")}
         (id, installation, server, shop_url, order_high_water, customer_high_water, export_after_order,
          stopped_code, seen_at)
       VALUES (1, UUID(), '', '', 0, 0, 0, 'restored', UTC_TIMESTAMP(6))`,
    );
    expect((await rig.round()).row).toMatchObject({ changed: 0, waiting: 3 });
    expect((await rig.rows()).map(({ quantity }) => quantity)).toEqual(rows.map(() => 100));
  });
});

oneServer("a round that dies", (server) => {
  test("at any of its statements leaves rows that are right or as before, and the next one heals all", {
    timeout: 240_000,
  }, async () => {
    await using rig = await SnapshotRig.open(server, {
      seed: { simpleProducts: 2, combinedProducts: 1, combinationsEach: 2 },
    });
    const items = (await rig.rows()).map(({ item }) => item);
    const dead: number[] = [];
    for (let step = 1; ; step += 1) {
      const before = new Map((await rig.rows()).map(({ item, quantity }) => [item, quantity]));
      for (const item of items) rig.stock(item, 100 + step);
      const end = await rig.round({ plugin: new Life(step) }).catch(() => undefined);
      for (const { item, quantity } of await rig.rows()) {
        expect([before.get(item), 100 + step]).toContain(quantity);
      }
      if (end?.end === "applied") break;
      dead.push(step);
      expect((await rig.round()).end).toBe("applied");
      expect((await rig.rows()).map(({ quantity }) => quantity)).toEqual(items.map(() => 100 + step));
    }
    // Reading, looking, writing, ending.
    expect(dead.length).toBeGreaterThan(25);
    await rig.ledger.rested();
    await expectStockLaws(rig.world);
  });
});

/** A process that can make so many statements, and then nothing more. */
class Life implements KyselyPlugin {
  readonly #dieAt: number;
  #steps = 0;

  constructor(dieAt: number) {
    this.#dieAt = dieAt;
  }

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    this.#steps += 1;
    if (this.#steps >= this.#dieAt) throw new SupportError("The simulated process is dead.");
    return node;
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(result);
  }
}
