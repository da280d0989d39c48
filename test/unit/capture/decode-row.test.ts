import { describe, expect, test } from "vitest";
import { decodeRows, type RowEvent } from "../../../sidecar/capture/decode-row.ts";

const decode = (table: string, kind: RowEvent["kind"], ...rows: unknown[]) =>
  decodeRows({ table, kind, rows }, "ps_");

describe("a row event gives ids and nothing else", () => {
  test("of the outbox: the rows' ids and their subjects", () => {
    const row = { id: 4, subject: "order:7", payload: "{}", event_id: "x" };
    expect(decode("ps_erpsync_outbox", "insert", row, { ...row, id: "5" }).change).toEqual({
      table: "erpsync_outbox",
      ids: [4, 5],
      subjects: ["order:7"],
    });
  });

  test("of the outbox being emptied: nothing", () => {
    expect(decode("ps_erpsync_outbox", "delete", { id: 4, subject: "order:7" }).change).toBeUndefined();
  });

  test("of an order's rows: each order once", () => {
    const line = { id_order_detail: 1, id_order: 7 };
    expect(decode("ps_order_detail", "insert", line, { ...line, id_order_detail: 2 }).change).toEqual({
      table: "order_detail",
      kind: "insert",
      orderIds: [7],
      lastLine: 2,
    });
    expect(decode("ps_order_detail", "delete", line).change).not.toHaveProperty("lastLine");
    expect(decode("ps_orders", "insert", line).change).not.toHaveProperty("lastLine");
  });

  test("of a payment: the reference", () => {
    const row = { id_order_payment: 1, order_reference: "XKBKNABJK" };
    expect(decode("ps_order_payment", "insert", row).change).toMatchObject({ references: ["XKBKNABJK"] });
  });

  test.each(["ps_product", "orders", "other_orders", "ps_orders2"])("of %s: nothing", (table) => {
    expect(decode(table, "insert", { id_order: 1, id: 1 })).toEqual({ change: undefined, unreadRows: 0 });
  });
});

describe("an update", () => {
  test("under row image MINIMAL is known by the image before it", () => {
    const row = { before: { id_order: 7, current_state: null }, after: { id_order: null, current_state: 2 } };
    expect(decode("ps_orders", "update", row)).toEqual({
      change: { table: "orders", kind: "update", orderIds: [7] },
      unreadRows: 0,
    });
  });

  test("that moves a row concerns both orders", () => {
    const row = { before: { id_order: 7 }, after: { id_order: 8 } };
    expect(decode("ps_order_detail", "update", row).change).toMatchObject({ orderIds: [8, 7] });
  });

  test("that names no order in either image is counted as unread", () => {
    const row = { before: { id_order_detail: 3, id_order: null }, after: { id_order: null } };
    expect(decode("ps_order_detail", "update", row, row)).toEqual({
      change: { table: "order_detail", kind: "update", orderIds: [] },
      unreadRows: 2,
    });
  });
});

test.each([undefined, null, 0, -1, 1.5, "abc", "", {}, Number.MAX_SAFE_INTEGER + 1])(
  "an id of %s, as a misnamed column gives it, is counted as unread and never used",
  (id) => {
    expect(decode("ps_orders", "insert", { id_order: id })).toMatchObject({
      change: { orderIds: [] },
      unreadRows: 1,
    });
  },
);

describe("a stock row gives its quantities", () => {
  const row = {
    id_stock_available: 5,
    id_product: 3,
    id_product_attribute: 0,
    id_shop: 1,
    id_shop_group: 0,
    quantity: 10,
    reserved_quantity: 0,
    depends_on_stock: 0,
  };
  const keys = { row: 5, product: 3, combination: 0, shop: 1, group: 0, managed: true };
  const rowsOf = (kind: RowEvent["kind"], image: unknown) => {
    const { change, unreadRows } = decode("ps_stock_available", kind, image);
    return { rows: change?.table === "stock_available" ? change.rows : [], unreadRows };
  };

  test("before and after, negative ones too", () => {
    const update = { before: row, after: { ...row, quantity: -2 } };
    expect(rowsOf("update", update).rows).toEqual([{ ...keys, before: 10, after: -2 }]);
  });

  test("of an insert and a delete: only one of them", () => {
    expect(rowsOf("insert", row).rows).toEqual([{ ...keys, before: null, after: 10 }]);
    expect(rowsOf("delete", { ...row, depends_on_stock: 1 }).rows).toEqual([
      { ...keys, managed: false, before: 10, after: null },
    ]);
  });

  test("nothing where only reserved units changed", () => {
    const update = { before: row, after: { ...row, reserved_quantity: 4 } };
    expect(rowsOf("update", update)).toEqual({ rows: [], unreadRows: 0 });
  });

  test("and is counted as unread where an image lacks them, as under MINIMAL", () => {
    const update = { before: { id_stock_available: 5 }, after: { quantity: 9 } };
    expect(rowsOf("update", update)).toEqual({ rows: [], unreadRows: 1 });
  });
});
