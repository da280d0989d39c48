import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NeutralOrder, OrderTax } from "../../../sidecar/domain/order.ts";
import { type DecodedOrder, decodeOrder, type OrderRows } from "../../../sidecar/orders/decode-order.ts";
import type { OrderRow } from "../../../sidecar/shop/order-statements.ts";
import {
  anyOrder,
  CURRENCIES,
  type LineIdea,
  type OrderIdea,
  orderRowsOf,
  TAXES,
} from "../../support/random-order.ts";

const agreed = (decoded: DecodedOrder): NeutralOrder => {
  if (decoded.kind === "mismatch") throw new Error(decoded.sentence);
  return decoded.order;
};
const sum = (amounts: readonly number[]): number => amounts.reduce((all, amount) => all + amount, 0);
const taxOf = (taxes: readonly OrderTax[]): number => sum(taxes.map(({ amountMinor }) => amountMinor));

/** What the neutral order promises of itself. */
function expectLaw(order: NeutralOrder): void {
  const excl = sum(order.lines.map((line) => line.totalTaxExclMinor));
  const incl = sum(order.lines.map((line) => line.totalTaxInclMinor));
  const { shippingTaxExclMinor, wrappingTaxExclMinor, discountsTaxExclMinor, roundingTaxExclMinor } = order;
  const { shippingTaxInclMinor, wrappingTaxInclMinor, discountsTaxInclMinor, roundingTaxInclMinor } = order;
  expect(
    excl + shippingTaxExclMinor + wrappingTaxExclMinor - discountsTaxExclMinor + roundingTaxExclMinor,
  ).toBe(order.totalPaidTaxExclMinor);
  expect(
    incl + shippingTaxInclMinor + wrappingTaxInclMinor - discountsTaxInclMinor + roundingTaxInclMinor,
  ).toBe(order.totalPaidTaxInclMinor);
  for (const line of order.lines) {
    expect(taxOf(line.taxes)).toBe(line.totalTaxInclMinor - line.totalTaxExclMinor);
  }
  expect(taxOf(order.shippingTaxes)).toBe(shippingTaxInclMinor - shippingTaxExclMinor);
  expect(taxOf(order.wrappingTaxes)).toBe(wrappingTaxInclMinor - wrappingTaxExclMinor);
  expect(taxOf(order.discountsTaxes)).toBe(discountsTaxInclMinor - discountsTaxExclMinor);
  expect(taxOf(order.roundingTaxes)).toBe(roundingTaxInclMinor - roundingTaxExclMinor);
  expect(taxOf(order.taxes)).toBe(order.totalPaidTaxInclMinor - order.totalPaidTaxExclMinor);
}

const LINE: LineIdea = {
  unitTaxExcl: 10_000_000,
  quantity: 1,
  taxes: TAXES.normal,
  ecotax: 0,
  ecotaxPercent: 0,
  groupReductionPercent: 0,
};
const IDEA: OrderIdea = {
  currency: CURRENCIES.EUR,
  roundType: 2,
  lines: [LINE],
  shipping: { taxExcl: 5_000_000, taxPercent: 20 },
  wrapping: { taxExcl: 0, taxPercent: 0 },
  discountPercent: 0,
  freeShipping: false,
};
const rowsOf = (change: Partial<OrderIdea> = {}): OrderRows => orderRowsOf({ ...IDEA, ...change });
const withHeader = (rows: OrderRows, change: Partial<OrderRow>): OrderRows => ({
  ...rows,
  order: { ...rows.order, ...change },
});

test("every order that the shop reckons right obeys the law, in each currency and rounding type", {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(anyOrder, (idea) => {
      const rows = orderRowsOf(idea);
      const order = agreed(decodeOrder(rows, 0));
      expectLaw(order);
      expect(order.toleratedMinor).toBe(0);
      // A tax-free product with a taxed ecotax has no tax row that could miss anything.
      if (rows.taxes.length > 0) expect(order.taxRowsOffMinor).toBe(0);
      expect(order.rounding === "item" ? order.roundingTaxInclMinor : 0).toBe(0);
    }),
    { numRuns: 600 },
  );
});

const HEADER_AMOUNTS = [
  "total_products",
  "total_products_wt",
  "total_discounts_tax_excl",
  "total_discounts_tax_incl",
  "total_shipping_tax_excl",
  "total_shipping_tax_incl",
  "total_wrapping_tax_excl",
  "total_wrapping_tax_incl",
  "total_paid_tax_excl",
  "total_paid_tax_incl",
] as const;
const LINE_AMOUNTS = [
  "unit_price_tax_excl",
  "unit_price_tax_incl",
  "total_price_tax_excl",
  "total_price_tax_incl",
] as const;

/** The text of an amount that is so many minor units higher. */
function moved(decimal: string, minor: number, decimals: number): string {
  return (Number(decimal) + minor / 10 ** decimals).toFixed(6);
}

test("no single amount can be wrong by one minor unit or more without being found, and its side is named", {
  timeout: 60_000,
}, () => {
  const fault = fc.record({
    amount: fc.constantFrom(...HEADER_AMOUNTS, ...LINE_AMOUNTS),
    at: fc.nat(7),
    minor: fc.oneof(fc.constantFrom(1, -1), fc.integer({ min: 1, max: 500 })),
  });
  fc.assert(
    fc.property(anyOrder, fault, (idea, { amount, at, minor }) => {
      const rows = orderRowsOf(idea);
      const { decimals } = idea.currency;
      const index = at % rows.lines.length;
      const spoilt: OrderRows = isHeader(amount)
        ? withHeader(rows, { [amount]: moved(rows.order[amount], minor, decimals) })
        : {
            ...rows,
            lines: rows.lines.map((line, position) =>
              position === index ? { ...line, [amount]: moved(line[amount], minor, decimals) } : line,
            ),
          };
      const decoded = decodeOrder(spoilt, 0);
      expect(decoded.kind).toBe("mismatch");
      const side = /_excl$|products$/.test(amount) ? "without tax" : "with tax";
      expect(decoded.kind === "mismatch" && decoded.sentence).toContain(side);
    }),
    { numRuns: 1_000 },
  );
});

function isHeader(amount: string): amount is (typeof HEADER_AMOUNTS)[number] {
  return HEADER_AMOUNTS.some((name) => name === amount);
}

test("a quantity that no longer fits its line is found", () => {
  fc.assert(
    fc.property(anyOrder, (idea) => {
      const rows = orderRowsOf(idea);
      const [first, ...others] = rows.lines;
      if (first === undefined) return;
      const lines = [{ ...first, product_quantity: first.product_quantity + 1 }, ...others];
      expect(decodeOrder({ ...rows, lines }, 0).kind).toBe("mismatch");
    }),
  );
});

describe("where the shop's rows do not add up", () => {
  test("rounding per line leaves a difference on both sides, which becomes the rounding", () => {
    // Two lines of 3 × 1.115: each rounds to 3.35 (3.345), together they are 6.69.
    const lines = [
      { ...LINE, unitTaxExcl: 1_115_000, quantity: 3 },
      { ...LINE, unitTaxExcl: 1_115_000, quantity: 3 },
    ];
    const order = agreed(decodeOrder(rowsOf({ lines }), 0));
    expect(order.lines.map((line) => line.totalTaxExclMinor)).toEqual([335, 335]);
    expect(order.totalPaidTaxExclMinor).toBe(669 + 500);
    expect([order.roundingTaxExclMinor, order.roundingTaxInclMinor]).toEqual([-1, 1]);
    expectLaw(order);
  });

  test("rounding per item leaves none", () => {
    const lines = [{ ...LINE, unitTaxExcl: 1_115_000, quantity: 3 }];
    const order = agreed(decodeOrder(rowsOf({ lines, roundType: 1 }), 0));
    expect([order.totalPaidTaxExclMinor, order.roundingTaxExclMinor]).toEqual([336 + 500, 0]);
  });

  test("rounding per total keeps six decimals a line, and the rounded lines miss the total", () => {
    const lines = Array.from({ length: 3 }, () => ({ ...LINE, unitTaxExcl: 1_114_000 }));
    const rows = rowsOf({ lines, roundType: 3 });
    expect(rows.lines[0]?.total_price_tax_excl).toBe("1.114000");
    const order = agreed(decodeOrder(rows, 0));
    expect([order.productsTaxExclMinor, order.totalPaidTaxExclMinor]).toEqual([334, 834]);
    expect(sum(order.lines.map((line) => line.totalTaxExclMinor))).toBe(333);
    expect(order.roundingTaxExclMinor).toBe(1);
    expectLaw(order);
  });

  test("the rows of vouchers are for people: the order's totals count, whatever the rows come to", () => {
    const rows = rowsOf({ discountPercent: 10 });
    const order = agreed(
      decodeOrder(
        { ...rows, discounts: [...rows.discounts, { name: "Gift", code: "G", free_shipping: 0 }] },
        0,
      ),
    );
    expect(order.discountsTaxExclMinor).toBe(100);
    expect(order.discounts.map(({ code }) => code)).toEqual(["OFF", "G"]);
  });

  test("tax rows that miss the totals stop nothing and are recorded", () => {
    const rows = rowsOf();
    const taxes = rows.taxes.map((tax) => ({ ...tax, total_amount: "1.930000" }));
    const order = agreed(decodeOrder({ ...rows, taxes }, 0));
    expect(order.taxRowsOffMinor).toBe(7);
    expect(order.lines[0]?.taxes).toEqual([
      { taxId: 1, name: "TVA FR 20%", ratePercent: "20.000", amountMinor: 200 },
    ]);
  });

  test("tax rows of rounding per total may be two minor units off", () => {
    const rows = rowsOf({ roundType: 3 });
    const off = (amount: string): number => {
      const taxes = rows.taxes.map((tax) => ({ ...tax, total_amount: amount }));
      return agreed(decodeOrder({ ...rows, taxes }, 0)).taxRowsOffMinor;
    };
    expect([off("2.000000"), off("1.980000"), off("1.970000")]).toEqual([0, 0, 3]);
  });
});

describe("the taxes of an order", () => {
  test("two taxes on one line share its tax by their rates, a compound one by the price that it is taken on", () => {
    const shares = (taxes: LineIdea["taxes"]): readonly number[] => {
      const lines = [{ ...LINE, unitTaxExcl: 1_000_000_000, taxes }];
      const [line] = agreed(decodeOrder(rowsOf({ lines }), 0)).lines;
      return line?.taxes.map(({ amountMinor }) => amountMinor) ?? [];
    };
    expect(shares(TAXES.combined)).toEqual([5_000, 9_975]);
    expect(shares(TAXES.compound)).toEqual([5_000, 10_474]);
  });

  test("the ecotax's own tax goes to the tax of its rate, and the price's group reduction lessens it", () => {
    const eco = { ...LINE, unitTaxExcl: 20_000_000, ecotax: 10_000_000, ecotaxPercent: 5.5 };
    const taxesOf = (change: Partial<LineIdea>): readonly (readonly [number, number])[] => {
      const [line] = agreed(decodeOrder(rowsOf({ lines: [{ ...eco, ...change }] }), 0)).lines;
      return line?.taxes.map(({ taxId, amountMinor }) => [taxId, amountMinor] as const) ?? [];
    };
    // 10.00 at 20 % and 10.00 of ecotax at 5.5 %, which is no tax of the line.
    expect(taxesOf({})).toEqual([
      [1, 200],
      [0, 55],
    ]);
    // Half of the ecotax: 15.00 at 20 %, 5.00 at 5.5 %.
    expect(taxesOf({ groupReductionPercent: 50 })).toEqual([
      [1, 300],
      [0, 28],
    ]);
    expect(taxesOf({ taxes: TAXES.reduced })).toEqual([[2, 110]]);
    expect(taxesOf({ taxes: TAXES.none })).toEqual([[0, 55]]);
  });

  test("a voucher over mixed taxes takes off each in proportion, and exactly what the order says", () => {
    const lines = [LINE, { ...LINE, unitTaxExcl: 30_000_000, taxes: TAXES.reduced }];
    const order = agreed(decodeOrder(rowsOf({ lines, discountPercent: 10 }), 0));
    expect(order.discountsTaxes.map(({ taxId, amountMinor }) => [taxId, amountMinor])).toEqual([
      [1, 20],
      [2, 17],
    ]);
    expectLaw(order);
  });

  test("free shipping takes the shipping's tax off, not that of the lines", () => {
    const lines = [{ ...LINE, taxes: TAXES.reduced }, LINE];
    const order = agreed(decodeOrder(rowsOf({ lines, freeShipping: true }), 0));
    expect(order.shippingTaxes).toMatchObject([{ taxId: 1, amountMinor: 100 }]);
    expect(order.discountsTaxes.filter(({ amountMinor }) => amountMinor !== 0)).toMatchObject([
      { taxId: 1, amountMinor: 100 },
    ]);
  });

  test("shipping at a rate that no line has is a tax without an id, and wrapping finds its rate by its amounts", () => {
    const order = agreed(
      decodeOrder(
        rowsOf({
          shipping: { taxExcl: 5_000_000, taxPercent: 5.5 },
          wrapping: { taxExcl: 2_000_000, taxPercent: 20 },
        }),
        0,
      ),
    );
    expect(order.shippingTaxes).toMatchObject([{ taxId: 0, ratePercent: "5.500", amountMinor: 28 }]);
    expect(order.wrappingTaxes).toMatchObject([{ taxId: 1, amountMinor: 40 }]);
  });

  test("a shipping cost whose two amounts miss its rate by a minor unit is taken as it stands", () => {
    const rows = rowsOf();
    const { order } = rows;
    const odd = withHeader(rows, {
      total_shipping_tax_incl: moved(order.total_shipping_tax_incl, 1, 2),
      total_paid_tax_incl: moved(order.total_paid_tax_incl, 1, 2),
    });
    const decoded = agreed(decodeOrder(odd, 0));
    expect(decoded.shippingTaxInclMinor - decoded.shippingTaxExclMinor).toBe(101);
    expect(decoded.shippingTaxes).toMatchObject([{ taxId: 1, amountMinor: 101 }]);
  });
});

describe("an order that was edited half way", () => {
  test("with a fractional yen parks, and the sentence says where", () => {
    const rows = rowsOf({ currency: CURRENCIES.JPY, lines: [{ ...LINE, unitTaxExcl: 1_234_000_000 }] });
    const decoded = decodeOrder(withHeader(rows, { total_products_wt: "1480.800000" }), 0);
    expect(decoded).toEqual({
      kind: "mismatch",
      sentence: "products with tax: the order says 1480.800000, and JPY has no decimals",
    });
  });

  test("whose header did not follow its lines parks, with both amounts", () => {
    const before = rowsOf();
    const after = rowsOf({ lines: [{ ...LINE, quantity: 2 }] });
    expect(decodeOrder({ ...after, order: before.order }, 0)).toEqual({
      kind: "mismatch",
      sentence: "products without tax: the lines add up to 20.00, and the order says 10.00",
    });
  });

  test("whose line did not follow its quantity parks, and the line is named", () => {
    const rows = rowsOf();
    const lines = rows.lines.map((line) => ({ ...line, product_quantity: 3 }));
    expect(decodeOrder({ ...rows, lines }, 0)).toEqual({
      kind: "mismatch",
      sentence: 'line 1 (SKU "SKU-1") without tax: 3 × 10.000000 make 30.000000, and the line says 10.000000',
    });
  });
});

describe("a configured tolerance", () => {
  const off = (minor: number): OrderRows => {
    const rows = rowsOf();
    return withHeader(rows, {
      total_paid_tax_incl: moved(rows.order.total_paid_tax_incl, minor, 2),
    });
  };

  test("lets what it covers pass, puts it into the rounding and records it", () => {
    const order = agreed(decodeOrder(off(2), 2));
    expect(order.toleratedMinor).toBe(2);
    expect(order.roundingTaxInclMinor).toBe(2);
    expectLaw(order);
  });

  test("stops at what is beyond it, and records nothing where nothing contradicts", () => {
    expect(decodeOrder(off(3), 2).kind).toBe("mismatch");
    expect(agreed(decodeOrder(rowsOf(), 2)).toleratedMinor).toBe(0);
  });

  test("does not let small contradictions add up to more than rounding explains", () => {
    const rows = rowsOf({ lines: Array.from({ length: 7 }, () => LINE) });
    const lines = rows.lines.map((line) => ({ ...line, total_price_tax_excl: "10.010000" }));
    const spoilt = { ...withHeader(rows, { total_products: "70.070000" }), lines };
    const decoded = decodeOrder(spoilt, 1);
    expect(decoded.kind === "mismatch" && decoded.sentence).toContain("more than rounding 7 lines explains");
    expect(agreed(decodeOrder(spoilt, 3)).toleratedMinor).toBe(3);
  });
});

describe("the shop's rounding mode", () => {
  // 2.5 cents of one line: up, down, half up, half down, half to even, half to odd.
  test.each([
    [0, 3],
    [1, 2],
    [2, 3],
    [3, 2],
    [4, 2],
    [5, 3],
  ])("%i makes %i cents of two and a half", (mode, cents) => {
    const rows = rowsOf({
      lines: [{ ...LINE, unitTaxExcl: 25_000, taxes: TAXES.none }],
      shipping: { taxExcl: 0, taxPercent: 0 },
    });
    const total = (cents / 100).toFixed(6);
    const amounts = {
      total_products: total,
      total_products_wt: total,
      total_paid_tax_excl: total,
      total_paid_tax_incl: total,
    };
    const lines = rows.lines.map((line) => ({
      ...line,
      total_price_tax_excl: total,
      total_price_tax_incl: total,
    }));
    const order = { ...rows.order, ...amounts, round_mode: mode };
    expect(agreed(decodeOrder({ ...rows, order, lines }, 0)).totalPaidTaxExclMinor).toBe(cents);
    const other = { ...order, round_mode: cents === 3 ? 1 : 0 };
    expect(decodeOrder({ ...rows, order: other, lines }, 0).kind).toBe("mismatch");
  });
});
