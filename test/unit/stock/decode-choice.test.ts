import { describe, expect, test } from "vitest";
import {
  decodeChoice,
  decodeHistoryQuery,
  decodeListQuery,
} from "../../../sidecar/stock/reconcile/decode-choice.ts";

describe("what people ask of stock by the API", () => {
  test("is a choice with side, reason and actor, or a fault that names all that is wrong", () => {
    const body = { side: "erp", reason: " counted ", actor: "ada" };
    expect(decodeChoice("7", body)).toEqual({ id: 7, side: "erp", reason: "counted", actor: "ada" });
    expect(() => decodeChoice("0", body)).toThrow(/^id: /);
    expect(() => decodeChoice("7", { side: "both", reason: "", more: 1 })).toThrow(
      /body\.side: .*body\.reason: .*body\.actor: .*body: /s,
    );
    expect(() => decodeChoice("7", undefined)).toThrow(/^body: /);
  });

  test("is a list of open discrepancies unless all are asked for", () => {
    expect(decodeListQuery({})).toEqual({ filter: { all: false }, limit: 50 });
    expect(decodeListQuery({ all: "true", kind: "drift", limit: "5" })).toEqual({
      ...{ filter: { all: true, kind: "drift" }, limit: 5 },
    });
    expect(() => decodeListQuery({ all: "yes", kind: "sort", limit: "0", page: "2" })).toThrow(
      /query\.kind: .*query\.all: .*query\.limit: .*query: /s,
    );
  });

  test("is the history of a product, of its combination, of a shop, or since a day", () => {
    expect(decodeHistoryQuery("5", {})).toEqual({ which: { product: 5 }, window: { limit: 200 } });
    expect(decodeHistoryQuery("5", { combination: "0", shop: "2", since: "2026-11-21", limit: "9" })).toEqual(
      {
        which: { product: 5, combination: 0, shop: 2 },
        window: { limit: 9, since: "2026-11-21 00:00:00" },
      },
    );
    expect(() => decodeHistoryQuery("five", {})).toThrow(/^product: /);
    expect(() => decodeHistoryQuery("5", { since: "yesterday" })).toThrow(/query\.since: use YYYY-MM-DD/);
  });
});
