import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideEffects, isOwnCheckpoint } from "../../../sidecar/capture/decide-effects.ts";
import { ORDER_TABLES, type RowChange } from "../../../sidecar/capture/decode-row.ts";

const outbox = (id: number, subject: string): RowChange => ({
  table: "erpsync_outbox",
  ids: [id],
  subjects: [subject],
});
const rows = (
  table: (typeof ORDER_TABLES)[number],
  kind: "insert" | "update" | "delete",
  ...orderIds: number[]
) => ({ table, kind, orderIds }) as const;
const whens = (changes: readonly RowChange[]): Record<string, string> =>
  Object.fromEntries(decideEffects(changes).marks.map((mark) => [mark.subject, mark.when]));

describe("a transaction of the shop", () => {
  test("that announces its order leaves it to ingest", () => {
    const effects = decideEffects([rows("orders", "insert", 7), outbox(31, "order:7")]);
    expect(effects).toMatchObject({ outboxIds: [31], marks: [], unannounced: [], orderReferences: [] });
  });

  test("that inserts an order without announcing it missed a hook, and the order waits for its status row", () => {
    const effects = decideEffects([rows("orders", "insert", 7), outbox(31, "order:8")]);
    expect(effects.unannounced).toEqual([7]);
    expect(effects.marks).toEqual([{ subject: "order:7", when: "whole", traceparent: null }]);
  });

  test("that inserts a status row without announcing it makes the order due now", () => {
    expect(whens([rows("order_history", "insert", 7)])).toEqual({ "order:7": "now" });
    expect(whens([rows("order_history", "insert", 7), outbox(1, "order:7")])).toEqual({});
  });

  test("that does everything at once makes the order due now and counts it once", () => {
    const effects = decideEffects([
      rows("order_detail", "insert", 7),
      rows("orders", "insert", 7),
      rows("order_history", "insert", 7),
      rows("orders", "update", 7),
    ]);
    expect(effects.marks.map((mark) => mark.when)).toEqual(["now"]);
    expect(effects.unannounced).toEqual([7]);
  });

  test.each([
    rows("orders", "update", 7),
    rows("orders", "delete", 7),
    rows("order_history", "delete", 7),
    rows("order_detail", "insert", 7),
    rows("order_carrier", "update", 7),
    rows("order_slip", "insert", 7),
  ])("that changes an order in another way asks for a look once it is quiet: $table $kind", (change) => {
    expect(whens([change])).toEqual({ "order:7": "soon" });
  });

  test("that takes a payment names the order by its reference", () => {
    const change: RowChange = { table: "order_payment", kind: "insert", references: ["XKBKNABJK"] };
    expect(decideEffects([change, change]).orderReferences).toEqual(["XKBKNABJK"]);
  });

  test("that writes only our checkpoint is told from every other", () => {
    expect(isOwnCheckpoint([{ table: "erpsync_checkpoint" }])).toBe(true);
    expect(isOwnCheckpoint([{ table: "erpsync_checkpoint" }, rows("orders", "update", 1)])).toBe(false);
    expect(isOwnCheckpoint([])).toBe(false);
  });
});

describe("for any transaction", () => {
  const change: fc.Arbitrary<RowChange> = fc.oneof(
    fc.record({
      table: fc.constantFrom(...ORDER_TABLES),
      kind: fc.constantFrom("insert" as const, "update" as const, "delete" as const),
      orderIds: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }),
    }),
    fc
      .tuple(fc.nat(999), fc.integer({ min: 1, max: 6 }))
      .map(([id, order]) => outbox(id, `order:${String(order)}`)),
  );

  test("each touched order is announced or marked once, and none else is", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const { marks } = decideEffects(changes);
        const announced = changes.flatMap((one) => (one.table === "erpsync_outbox" ? one.subjects : []));
        const touched = changes.flatMap((one) =>
          "orderIds" in one ? one.orderIds.map((id) => `order:${String(id)}`) : [],
        );
        const expected = new Set(touched.filter((subject) => !announced.includes(subject)));
        expect(marks.map((mark) => mark.subject as string).sort()).toEqual([...expected].sort());
      }),
    );
  });

  test("the order of its rows does not matter", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        expect(whens([...changes].reverse())).toEqual(whens(changes));
      }),
    );
  });
});

describe("the stock ledger is told", () => {
  const moved = {
    row: 5,
    product: 3,
    combination: 0,
    shop: 1,
    group: 0,
    managed: true,
    before: 10,
    after: 9,
  } as const;
  const changes: readonly RowChange[] = [
    { table: "stock_available", rows: [moved] },
    { table: "erpsync_stock_write", ids: [8] },
    { ...rows("order_detail", "insert", 7, 7), lastLine: 12 },
    { ...rows("order_detail", "insert", 7), lastLine: 11 },
    outbox(31, "stock:3:0:1"),
    { table: "stock_mvt", ids: [5] },
    { table: "erpsync_stock_check", ids: [2] },
  ];

  test("of each row, of what is ours, of what was declared, and once of each order", () => {
    expect(decideEffects(changes).stockFacts).toEqual([
      { kind: "row", ...moved },
      { kind: "own", ids: [8] },
      { kind: "declared", rows: [], subjects: ["stock:3:0:1"] },
      { kind: "declared", rows: [5], subjects: [] },
      { kind: "check", ids: [2] },
      { kind: "lines", last: 12 },
      { kind: "orders", ids: [7] },
    ]);
  });

  test("nothing where no ledger is kept", () => {
    expect(decideEffects(changes, false).stockFacts).toEqual([]);
  });
});
