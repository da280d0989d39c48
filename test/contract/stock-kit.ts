import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { DecodeError } from "../../sidecar/domain/errors.ts";
import { erpRef } from "../../sidecar/domain/ids.ts";
import type { OrderBody } from "../../sidecar/domain/order.ts";
import {
  ErpAmbiguousError,
  type ErpCall,
  ErpFailedError,
  type ErpPort,
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
  type StockFigure,
  type StockMark,
  type StockPage,
  stockMark,
} from "../../sidecar/erp/port.ts";
import type { ErpBench, StockInErp } from "./erp-harness.ts";
import { line, sampleOrder } from "./sample-bodies.ts";

/** What the kit of stock is given by the kit that it is a part of. */
export interface StockKitParts {
  readonly bench: ErpBench;
  /** The section that the ports are opened with. */
  readonly section: unknown;
  readonly openPort: (change: Readonly<Record<string, unknown>>) => ErpPort;
  readonly call: () => ErpCall;
  /** An order of two lines: two pieces of the first item, one of the second. */
  readonly newOrder: (change?: Partial<OrderBody["order"]>) => OrderBody;
  readonly orderPort: () => ErpPort;
  /** How many random histories are tried. */
  readonly histories: number;
}

/** A whole reading. */
interface Reading {
  readonly figures: readonly StockFigure[];
  readonly pages: number;
  readonly mark: StockMark | undefined;
}

const DAY_MS = 86_400_000;

/** What `readStock` must do, whatever ERP stands behind it. */
export function stockKit({
  bench,
  section,
  openPort,
  call,
  newOrder,
  orderPort,
  histories,
}: StockKitParts): void {
  const { stock } = bench;
  const [first, second, third] = stock.places;
  const summed = stock.summing([first, second]);
  let port: ErpPort;

  /** Reads all pages; `between` is called with the number of those that are read, whenever another one follows. */
  const read = async (
    changedSince?: StockMark,
    between: (pages: number) => void = () => undefined,
    partition?: string,
  ): Promise<Reading> => {
    const figures: StockFigure[] = [];
    let page: StockPage | undefined;
    let pages = 0;
    do {
      if (page !== undefined) between(pages);
      page = await port.readStock(
        { changedSince, after: page?.next, ...(partition === undefined ? {} : { partition }) },
        call(),
      );
      expect(page.figures.length).toBeLessThanOrEqual(1_000);
      figures.push(...page.figures);
      pages += 1;
    } while (page.next !== undefined);
    return { figures, pages, mark: page.mark };
  };
  const unitsOf = ({ figures }: Reading): Record<string, number> =>
    Object.fromEntries(figures.map(({ itemRef, availableUnits }) => [itemRef, availableUnits]));
  const fill = (items: readonly string[], units: number, agoMs: number | null = 0): void => {
    stock.set(items.map((item) => ({ item, place: first, units, agoMs })));
  };

  describe("stock", () => {
    beforeEach(() => {
      stock.clear();
      port = openPort(summed);
    });

    test("a snapshot tells each item once, over more than two pages, with the sum of the configured places", async () => {
      const items = stock.newItems(2_345);
      stock.set(
        items.flatMap((item, index): StockInErp[] => [
          { item, place: first, units: index },
          { item, place: second, units: 2 * index },
          { item, place: third, units: 1_000_000 },
        ]),
      );
      const reading = await read();
      expect(reading.pages).toBe(3);
      expect(reading.figures).toHaveLength(items.length);
      expect(unitsOf(reading)).toEqual(Object.fromEntries(items.map((item, index) => [item, 3 * index])));
    });

    test("without configured places all of them are summed", async () => {
      const [item = ""] = stock.newItems(1);
      stock.set(stock.places.map((place, index) => ({ item, place, units: 10 ** index })));
      port = openPort(stock.summing([]));
      expect(unitsOf(await read())).toEqual({ [item]: 111 });
    });

    test("an item that lies at no configured place has no figure, and a place without any counts as none", async () => {
      const [elsewhere = "", partly = ""] = stock.newItems(2);
      stock.set([
        { item: elsewhere, place: third, units: 5 },
        { item: partly, place: first, units: 5 },
        { item: partly, place: second, units: null, agoMs: null },
      ]);
      const namesAll = stock.namesAll?.(section) ?? false;
      expect(unitsOf(await read())).toEqual({ [partly]: 5, ...(namesAll ? { [elsewhere]: 0 } : {}) });
    });

    test.each<[readonly [number, number], number]>([
      [[-3, 1], -2],
      [[1.5, 1.5], 3],
      [[2.5, 0], 2],
      [[-0.5, 0], -1],
      [[0.1, 0.2], 0],
      [[0, 0], 0],
    ])("%j at the two places are %i whole units", async ([here, there], units) => {
      const [item = ""] = stock.newItems(1);
      stock.set([
        { item, place: first, units: here },
        { item, place: second, units: there },
      ]);
      const [figure] = (await read()).figures;
      expect(figure?.availableUnits).toBe(units);
    });

    test("an ERP without stock has no figure, no further page and no mark", async () => {
      expect(await read()).toEqual({ figures: [], pages: 1, mark: undefined });
    });

    test("exactly one full page is followed by no figure twice and no figure lost", async () => {
      const items = stock.newItems(1_000);
      fill(items, 1);
      const { figures } = await read();
      expect(figures.map(({ itemRef }) => itemRef)).toEqual(items);
    });

    test("an item that came, went or changed between two pages neither hides another nor shows it twice", async () => {
      const [early = "", gone = "", ...items] = stock.newItems(2_500);
      fill([gone, ...items], 1);
      const { figures } = await read(undefined, (pages) => {
        if (pages > 1) return;
        stock.remove([gone]);
        fill([early], 1);
        fill(items.slice(0, 5), 9);
      });
      const seen = figures.map(({ itemRef }) => String(itemRef));
      expect(seen.filter((item) => item !== gone && item !== early)).toEqual(items);
    });

    test("what changed at one place comes back with the sum over all of them", async () => {
      const [item = "", other = ""] = stock.newItems(2);
      fill([item, other], 7, 10 * DAY_MS);
      stock.set([{ item, place: second, units: 5, agoMs: 10 * DAY_MS }]);
      const snapshot = await read();
      stock.set([{ item, place: second, units: 6 }]);
      const delta = await read(snapshot.mark);
      expect(unitsOf(delta)).toMatchObject({ [item]: 13 });
      stock.set([{ item, place: first, units: 8 }]);
      const next = await read(delta.mark);
      // What has been quiet for days is no longer in the overlap.
      expect(unitsOf(next)).toEqual({ [item]: 14 });
    });

    test("equal timestamps across a page lose nothing and bring nothing twice", async () => {
      fill(stock.newItems(1), 1, 10 * DAY_MS);
      const { mark } = await read();
      const items = stock.newItems(2_200);
      fill(items, 4, 60_000);
      const { figures, pages } = await read(mark);
      expect(pages).toBe(3);
      expect(figures.map(({ itemRef }) => String(itemRef)).filter((ref) => items.includes(ref))).toEqual(
        items,
      );
    });

    test("a change that becomes visible after a younger one was read is found by the next delta", async () => {
      const [late = "", young = ""] = stock.newItems(2);
      fill([late, young], 1, 10 * DAY_MS);
      const snapshot = await read();
      fill([young], 2);
      const delta = await read(snapshot.mark);
      stock.set([{ item: late, place: first, units: 3, agoMs: stock.lateMs }]);
      expect(unitsOf(await read(delta.mark))).toMatchObject({ [late]: 3 });
    });

    test("a record that never changed is in the snapshot, and a new one in the delta", async () => {
      const [old = "", changed = ""] = stock.newItems(2);
      stock.set([{ item: old, place: first, units: 4, agoMs: null, createdAgoMs: 10 * DAY_MS }]);
      fill([changed], 1, 10 * DAY_MS);
      const snapshot = await read();
      expect(unitsOf(snapshot)).toEqual({ [old]: 4, [changed]: 1 });
      expect(snapshot.figures.find(({ itemRef }) => itemRef === old)?.changedAt).toBeUndefined();
      const [fresh = ""] = stock.newItems(1);
      fill([fresh], 6, null);
      const delta = await read(snapshot.mark);
      expect(unitsOf(delta)).toMatchObject({ [fresh]: 6 });
      expect(unitsOf(delta)).not.toHaveProperty(old);
    });

    test("a snapshot of records that never changed has a mark, and what changes then is in the delta", async () => {
      const [item = "", other = ""] = stock.newItems(2);
      fill([item, other], 4, null);
      const { mark } = await read();
      fill([item], 5);
      expect(unitsOf(await read(mark))).toMatchObject({ [item]: 5 });
    });

    test("a change that claims to be of the future is told, and hides no later one", async () => {
      const [item = "", broken = ""] = stock.newItems(2);
      fill([item], 1, 10 * DAY_MS);
      fill([broken], 1, -400 * DAY_MS);
      const snapshot = await read();
      expect(unitsOf(snapshot)).toEqual({ [item]: 1, [broken]: 1 });
      fill([item], 2);
      expect(unitsOf(await read(snapshot.mark))).toMatchObject({ [item]: 2 });
    });

    test("a delta of nothing keeps the mark", async () => {
      fill(stock.newItems(2), 1, 10 * DAY_MS);
      const { mark } = await read();
      stock.clear();
      expect(await read(mark)).toEqual({ figures: [], pages: 1, mark });
    });

    test("a snapshot and the deltas after it come to what a fresh snapshot says, whatever happens meanwhile", async () => {
      const change = fc.record({
        at: fc.nat(1_200),
        place: fc.constantFrom(first, second, third),
        units: fc.integer({ min: -5, max: 40 }),
        agoMs: fc.constantFrom(0, 0, 1_000, 3_600_000, stock.lateMs - 60_000),
        isNew: fc.boolean(),
      });
      const batch = fc.array(change, { minLength: 1, maxLength: 20 });
      await fc.assert(
        fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), batch, async (batches, during) => {
          stock.clear();
          const items = [...stock.newItems(1_201)];
          const happen = (changes: typeof during): void => {
            for (const { at, place, units, agoMs, isNew } of changes) {
              const [item = ""] = isNew ? stock.newItems(1) : [items[at] ?? ""];
              if (isNew) items.push(item);
              stock.set([{ item, place, units, agoMs }]);
            }
          };
          fill(items, 5, 3 * DAY_MS);
          let reading = await read(undefined, () => {
            happen(during);
          });
          const known = unitsOf(reading);
          // A first delta for what changed behind the snapshot's back, then one after each batch.
          for (const changes of [[], ...batches]) {
            happen(changes);
            const delta = await read(reading.mark, () => {
              happen(changes);
            });
            Object.assign(known, unitsOf(delta));
            reading = await read(delta.mark);
            Object.assign(known, unitsOf(reading));
          }
          // Where every item has a figure, that of one that never lay at the places is 0, and no delta tells of it.
          const isUntold = (item: string, units: number): boolean =>
            (stock.namesAll?.(section) ?? false) && units === 0 && !(item in known);
          const fresh = Object.entries(unitsOf(await read()));
          expect(known).toEqual(Object.fromEntries(fresh.filter((entry) => !isUntold(...entry))));
        }),
        { numRuns: histories },
      );
    });

    test("a partition holds its own items, in a snapshot and in a delta", async () => {
      const items = stock.newItems(30);
      fill(items, 1);
      port = openPort({ ...summed, ...stock.partition("part", items.slice(10, 20)) });
      expect(port.capabilities.stockPartitions).toEqual(["part"]);
      const snapshot = await read(undefined, undefined, "part");
      expect(Object.keys(unitsOf(snapshot))).toEqual(items.slice(10, 20));
      fill(items, 2);
      const delta = await read(snapshot.mark, undefined, "part");
      expect(unitsOf(delta)).toEqual(Object.fromEntries(items.slice(10, 20).map((item) => [item, 2])));
    });

    test.each(["other", "constructor", "part' OR 1=1"])(
      "the partition %j, which nobody configured, is refused and reaches nobody",
      async (partition) => {
        const calls = bench.calls();
        const end = port.readStock({ changedSince: undefined, after: undefined, partition }, call());
        await expect(end).rejects.toThrow(ErpRejectedError);
        expect(bench.calls()).toBe(calls);
      },
    );

    test("a mark or a cursor that is not the adapter's own is refused and reaches nobody", async () => {
      fill(stock.newItems(1_500), 1);
      const snapshot = await port.readStock({ changedSince: undefined, after: undefined }, call());
      const calls = bench.calls();
      const refused = (changedSince: StockMark | undefined, after: string | undefined): Promise<void> =>
        expect(port.readStock({ changedSince, after }, call())).rejects.toThrow(DecodeError);
      await refused(stockMark("yesterday') OR (1 = 1"), undefined);
      await refused(undefined, "1 OR 1 = 1");
      // A snapshot's cursor in a delta would begin in its middle.
      await refused(snapshot.mark, snapshot.next);
      expect(bench.calls()).toBe(calls);
    });

    test.each(["garbage", "missing"] as const)(
      "a figure that is %s fails its page and names the item; none is taken for 0",
      async (how) => {
        const items = stock.newItems(5);
        fill(items, 3);
        stock.spoil(items[2] ?? "", how);
        const end = await read().catch((thrown: unknown) => thrown);
        expect(end).toBeInstanceOf(DecodeError);
        expect(String(end)).toContain(items[2]);
        expect((await read()).figures).toHaveLength(5);
      },
    );

    test("a page of which a part is lost is no page", async () => {
      fill(stock.newItems(10), 3);
      stock.halve();
      await expect(read()).rejects.toThrow(ErpFailedError);
    });

    test.each([
      { mishap: "throttle" as const, error: ErpThrottledError },
      { mishap: "server-error" as const, error: ErpFailedError },
      { mishap: "html" as const, error: ErpFailedError },
      { mishap: "maintenance" as const, error: ErpUnavailableError },
      { mishap: "reject" as const, error: ErpRejectedError },
      { mishap: "cut-before" as const, error: ErpAmbiguousError },
      { mishap: "cut-mid-answer" as const, error: ErpAmbiguousError },
    ])(
      "$mishap is told apart on a second page, and the page can be asked for again",
      async ({ mishap, error }) => {
        const items = stock.newItems(1_001);
        fill(items, 3);
        const page = await port.readStock({ changedSince: undefined, after: undefined }, call());
        stock.mishap(mishap);
        const again = (): Promise<StockPage> =>
          port.readStock({ changedSince: undefined, after: page.next }, call());
        await expect(again()).rejects.toThrow(error);
        expect((await again()).figures.map(({ itemRef }) => itemRef)).toEqual(items.slice(-1));
      },
    );

    test("an ERP that takes no connection is unavailable, and an aborted call reaches nobody", async () => {
      await bench.down();
      // A socket that was kept open may have to be found closed first, and what was sent on it is ambiguous.
      await expect
        .poll(() => read().catch((thrown: unknown) => thrown))
        .toBeInstanceOf(ErpUnavailableError)
        .finally(bench.up);
      const calls = bench.calls();
      const aborted = { ...call(), signal: AbortSignal.abort() };
      const end = port.readStock({ changedSince: undefined, after: undefined }, aborted);
      await expect(end).rejects.toThrow(ErpUnavailableError);
      expect(bench.calls()).toBe(calls);
    });

    test("log-ins that end between two pages are renewed, and no figure is lost", async () => {
      const items = stock.newItems(3_100);
      fill(items, 1);
      const { figures } = await read(undefined, (pages) => {
        if (pages % 2 === 1) bench.expireLogins();
      });
      expect(figures.map(({ itemRef }) => itemRef)).toEqual(items);
    });

    test("an order takes its units from the figure as soon as it is created, where the adapter says so", async () => {
      const [one, other] = bench.itemIds;
      // Orders of other tests hold some of them, too.
      fill([one, other], 100_000);
      const before = unitsOf(await read());
      const body = newOrder();
      const ref = await orderPort().createOrder(body, [], call());
      const taken = async (item: string): Promise<number> =>
        (before[item] ?? 0) - (unitsOf(await read())[item] ?? 0);
      const counted = port.capabilities.stockCountsOrders ? 1 : 0;
      expect([await taken(one), await taken(other)]).toEqual([2 * counted, 1 * counted]);
      const lines = [line("2:7", 5, 4_950, "9.900000")];
      await orderPort().amendOrder(ref, { ...body, order: sampleOrder(body.order.id, { lines }) }, call());
      expect([await taken(one), await taken(other)]).toEqual([0, 5 * counted]);
    });

    test("the refs are those that orders name their items by", async () => {
      fill([bench.itemIds[0]], 10);
      expect((await read()).figures.map(({ itemRef }) => itemRef)).toEqual([erpRef(bench.itemIds[0])]);
    });
  });
}
