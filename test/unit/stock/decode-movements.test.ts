import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../sidecar/domain/errors.ts";
import { decodeMovements, MOVEMENTS_MAX } from "../../../sidecar/stock/writer/decode-movements.ts";

const SALE = { key: "778", channel: "pos-lyon", product: 12, units: -2 };

function fault(body: unknown): string {
  try {
    decodeMovements(body);
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.message;
  }
  return "no fault";
}

describe("the movements of a body", () => {
  test("are one alone, or a list of them", () => {
    const movement = {
      key: "778",
      channel: "pos-lyon",
      units: -2,
      reason: "",
      shop: null,
      what: { kind: "product", product: 12, combination: 0 },
    };
    expect(decodeMovements(SALE)).toEqual({ movements: [movement], isSingle: true });
    expect(decodeMovements({ movements: [SALE] })).toEqual({ movements: [movement], isSingle: false });
  });

  test("name their product by its ids or by its reference, not by both and not by none", () => {
    const { product: _product, ...nameless } = SALE;
    const byReference = { ...nameless, reference: " SKU-1 " };
    expect(decodeMovements(byReference).movements[0]?.what).toEqual({
      kind: "reference",
      reference: "SKU-1",
    });
    expect(fault(nameless)).toContain("by `product`");
    expect(fault({ ...byReference, product: 12 })).toContain("by `product`");
    expect(fault({ ...byReference, combination: 3 })).toContain("`combination` goes with `product`");
  });

  test("are refused as a whole where one of them is not as it must be, each fault with its path", () => {
    const message = fault({
      movements: [
        SALE,
        { ...SALE, key: "with a space" },
        { ...SALE, channel: "POS:Lyon" },
        { ...SALE, units: 0 },
        { ...SALE, units: 1.5 },
        { ...SALE, price: 3 },
      ],
    });
    for (const path of ["movements.1.key", "movements.2.channel", "movements.3.units", "movements.4.units"]) {
      expect(message).toContain(path);
    }
    expect(message).toContain("price");
    expect(message).not.toContain("movements.0");
  });

  test("are no more than one request may hold, and at least one", () => {
    const many = (count: number): unknown => ({
      movements: Array.from({ length: count }, (_, index) => ({ ...SALE, key: String(index) })),
    });
    expect(decodeMovements(many(MOVEMENTS_MAX)).movements).toHaveLength(MOVEMENTS_MAX);
    expect(fault(many(MOVEMENTS_MAX + 1))).toContain("movements");
    expect(fault(many(0))).toContain("movements");
  });

  test("tell no more than twenty faults at once", () => {
    const message = fault({ movements: Array.from({ length: 100 }, () => ({ ...SALE, units: 0 })) });
    expect(message.split("; ")).toHaveLength(21);
    expect(message).toContain("and 80 more");
  });

  test("give a UsageError and nothing else for whatever else comes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.record({ movements: fc.anything() })), (body) => {
        expect(fault(body)).not.toBe("no fault");
      }),
    );
  });

  test("have sources that are one to one with channel and key, and fit the record with its parent's", () => {
    const texts = fc.record({
      channel: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,31}$/),
      key: fc.stringMatching(/^[A-Za-z0-9._:/+=-]{1,64}$/),
    });
    fc.assert(
      fc.property(texts, texts, (one, two) => {
        const [a, b] = [one, two].map((text) => {
          const movement = decodeMovements({ ...SALE, ...text }).movements[0];
          return `channel:${movement?.channel}:${movement?.key}`;
        });
        expect(a === b).toBe(one.channel === two.channel && one.key === two.key);
        expect(`parent:${a}`.length).toBeLessThanOrEqual(128);
      }),
    );
  });
});
