import { describe, expect, test } from "vitest";
import { MappingMissingError } from "../../../../sidecar/domain/errors.ts";
import { erpRef } from "../../../../sidecar/domain/ids.ts";
import type { NeutralOrder } from "../../../../sidecar/domain/order.ts";
import { ErpRejectedError } from "../../../../sidecar/erp/port.ts";
import {
  encodeHead,
  encodeLines,
  encodeSaleLine,
  encodeTaxDifference,
} from "../../../../sidecar/erp/tryton/encode-order.ts";
import { settings, type TrytonSettings } from "../../../../sidecar/erp/tryton/settings.ts";
import { EUR, french, JPY, KWD, line, orderBody, sampleOrder } from "../../../contract/sample-bodies.ts";

const FULL = {
  url: "http://127.0.0.1:8000",
  database: "erp",
  user: "shop",
  password: "secret",
  taxes: { "20.000": "1", "5.500": "2" },
  taxDifference: { productId: "14", taxId: "9", unit: "0.01" },
  shippingProductId: "10",
  wrappingProductId: "11",
  discountProductId: "12",
  roundingProductId: "13",
};
const config = (change: object = {}): TrytonSettings => settings.parse({ ...FULL, ...change });
const body = (change: Partial<NeutralOrder> = {}) =>
  orderBody(1001, { customerRef: erpRef("7"), items: ["21", "22"], change });
const amounts = (change: Partial<NeutralOrder>): readonly (readonly [string, number, readonly string[]])[] =>
  encodeLines(body(change), config()).map((entry) => [entry.productId, entry.amountMinor, entry.taxIds]);

describe("the lines of a sale", () => {
  test("are the shop's, and shipping, wrapping, vouchers and rounding, each on its own service", () => {
    expect(
      amounts({
        wrappingTaxExclMinor: 200,
        wrappingTaxInclMinor: 240,
        wrappingTaxes: french(40),
        discountsTaxExclMinor: 500,
        discountsTaxInclMinor: 600,
        discountsTaxes: french(100),
        roundingTaxExclMinor: -1,
        roundingTaxInclMinor: -1,
      }),
    ).toEqual([
      ["21", 2_500, ["1"]],
      ["22", 990, ["1"]],
      ["10", 700, ["1"]],
      ["11", 200, ["1"]],
      ["12", -500, ["1"]],
      ["13", -1, []],
    ]);
  });

  test("cut a voucher over goods of two rates into a part for each", () => {
    const reduced = [{ taxId: 2, name: "TVA 5,5%", ratePercent: "5.500", amountMinor: 55 }];
    const book = { ...line("2:7", 1, 1_000), totalTaxInclMinor: 1_055, taxes: reduced };
    const parts = amounts({
      lines: [line("1:0", 1, 3_000), book],
      discountsTaxExclMinor: 400,
      discountsTaxInclMinor: 466,
    }).filter(([product]) => product === "12");
    expect(parts).toEqual([
      ["12", -300, ["1"]],
      ["12", -100, ["2"]],
    ]);
  });

  test.each(["shipping", "wrapping", "discount", "rounding"] as const)(
    "park the order that needs the service for %s where none is configured, naming the setting",
    (name) => {
      const order = body({
        wrappingTaxExclMinor: 1,
        wrappingTaxInclMinor: 1,
        discountsTaxExclMinor: 1,
        discountsTaxInclMinor: 1,
        roundingTaxExclMinor: 1,
        roundingTaxInclMinor: 1,
      });
      const encode = () => encodeLines(order, config({ [`${name}ProductId`]: undefined }));
      expect(encode).toThrow(MappingMissingError);
      expect(encode).toThrow(`erp.tryton.${name}ProductId`);
    },
  );

  test("park an order with a tax that is not configured, naming its rate", () => {
    const encode = () => encodeLines(body(), config({ taxes: {} }));
    expect(encode).toThrow(MappingMissingError);
    expect(encode).toThrow(/20\.000/);
  });

  test("bear the tax on their price alone, where their ecotax has a rate of its own", () => {
    const ecotax = { taxId: 0, name: "Ecotax", ratePercent: "5.500", amountMinor: 6 };
    const lamp = line("1:0", 1, 2_000);
    const change = {
      ...lamp,
      ecotax: "1.000000",
      ecotaxRatePercent: "5.500",
      taxes: [...lamp.taxes, ecotax],
    };
    const untaxed = { ...change, taxes: [ecotax] };
    const [first, second] = encodeLines(
      body({ lines: [change, { ...untaxed, productKey: "2:7" }] }),
      config(),
    );
    expect([first?.taxIds, second?.taxIds]).toEqual([["1"], []]);
  });

  test("have wrapping at the rate that gives its two amounts, and at none where none does", () => {
    const wrapped = (incl: number, ratePercent: string): readonly (readonly string[])[] =>
      encodeLines(
        body({
          wrappingTaxExclMinor: 256,
          wrappingTaxInclMinor: incl,
          wrappingTaxes: [{ taxId: 0, name: "", ratePercent, amountMinor: incl - 256 }],
        }),
        config(),
      )
        .filter(({ productId }) => productId === "11")
        .map(({ taxIds }) => taxIds);
    expect(wrapped(307, "19.922")).toEqual([["1"]]);
    expect(wrapped(270, "5.469")).toEqual([["2"]]);
    expect(wrapped(384, "50.000")).toEqual([[]]);
  });

  test("have the taxes that people mapped for their category and rules group before those of their rate", () => {
    const mapped = { ...body(), refs: { taxes: { "3:1": erpRef("7,8"), "shipping:": erpRef("9") } } };
    expect(encodeLines(mapped, config()).map(({ taxIds }) => taxIds)).toEqual([
      ["7", "8"],
      ["7", "8"],
      ["9"],
    ]);
    const spoilt = { ...body(), refs: { taxes: { "3:1": erpRef("VAT20") } } };
    expect(() => encodeLines(spoilt, config())).toThrow(/VAT20/);
  });

  test("park an order whose product has no item, and refuse one that Tryton does not have", () => {
    expect(() => encodeLines({ ...body(), itemRefs: {} }, config())).toThrow(MappingMissingError);
    const [first] = encodeLines(body(), config());
    expect(() => encodeSaleLine(first!, 0, new Map())).toThrow(ErpRejectedError);
    expect(() => encodeSaleLine(first!, 0, new Map())).toThrow(/item 21 of line 1/);
  });

  test("carry quantity, unit and price as Tryton's JSON-RPC writes them", () => {
    const [first] = encodeLines(body(), config());
    expect(encodeSaleLine(first!, 0, new Map([["21", 5]]))).toEqual({
      type: "line",
      sequence: 1,
      product: 21,
      unit: 5,
      quantity: 2,
      unit_price: { __class__: "Decimal", decimal: "12.5000" },
      description: "T-shirt — colibri, taille M",
      taxes: [["add", [1]]],
    });
  });
});

describe("the head of a sale", () => {
  test("carries the key, the day in the shop's time and Tryton's ids", () => {
    expect(encodeHead(body(), 3, config({ warehouseId: "4" }))).toEqual({
      party: 7,
      currency: 3,
      sale_date: { __class__: "date", year: 2026, month: 11, day: 21 },
      reference: "PS-kit-1001",
      description: "XKBKNABJK Chèque",
      warehouse: 4,
    });
  });
});

describe("the difference of the taxes", () => {
  const order = sampleOrder(1);
  const tax = order.totalPaidTaxInclMinor - order.totalPaidTaxExclMinor;

  test("is no line where Tryton reckons what the shop has", () => {
    expect(encodeTaxDifference(order, tax, 3, config())).toBeUndefined();
  });

  test.each([
    [1, 1],
    [-2, -2],
  ])("of %i cents is that many pieces of the fixed tax", (missing, quantity) => {
    expect(encodeTaxDifference(order, tax - missing, 3, config())).toMatchObject({
      productId: "14",
      quantity,
      unitPrice: "0",
      amountMinor: 0,
      taxIds: ["9"],
    });
  });

  test("is counted in the fixed tax's own unit, whatever the currency's decimals", () => {
    const yen = sampleOrder(1, { currency: JPY });
    const dinar = sampleOrder(1, { currency: KWD });
    const fine = config({ taxDifference: { productId: "14", taxId: "9", unit: "0.001" } });
    expect(encodeTaxDifference(yen, tax - 1, 3, fine)?.quantity).toBe(1_000);
    expect(encodeTaxDifference({ ...order, currency: EUR }, tax - 1, 3, fine)?.quantity).toBe(10);
    expect(encodeTaxDifference(dinar, tax - 1, 3, fine)?.quantity).toBe(1);
    expect(() => encodeTaxDifference(dinar, tax - 1, 3, config())).toThrow(MappingMissingError);
  });

  test("may hold what no rate on a whole price gives, and no cent more", () => {
    const ecotax = { taxId: 0, name: "Ecotax", ratePercent: "5.500", amountMinor: 6 };
    const lamp = { ...line("1:0", 1, 2_000), ecotax: "1.000000", ecotaxRatePercent: "5.500" };
    const [vat] = lamp.taxes;
    const taxed = { ...lamp, totalTaxInclMinor: 2_386, taxes: [{ ...vat!, amountMinor: 380 }, ecotax] };
    const withEcotax = sampleOrder(1, { lines: [taxed] });
    const ecotaxed = withEcotax.totalPaidTaxInclMinor - withEcotax.totalPaidTaxExclMinor;
    // Tryton takes 20 % of all 20.00; of the ecotax's 1.00 the shop takes 5.5 %.
    expect(encodeTaxDifference(withEcotax, ecotaxed + 14, 2, config())?.quantity).toBe(-14);
    expect(() => encodeTaxDifference(withEcotax, ecotaxed + 40, 2, config())).toThrow(ErpRejectedError);

    const pieces = sampleOrder(1, { rounding: "item", lines: [{ ...line("1:0", 40, 2_000) }] });
    const exact = pieces.totalPaidTaxInclMinor - pieces.totalPaidTaxExclMinor;
    expect(encodeTaxDifference(pieces, exact + 20, 1, config())?.quantity).toBe(-20);
    expect(() => encodeTaxDifference({ ...pieces, rounding: "line" }, exact + 20, 1, config())).toThrow(
      ErpRejectedError,
    );
  });

  test("that is more than rounding refuses the order and names both amounts", () => {
    const encode = () => encodeTaxDifference(order, 100, 3, config());
    expect(encode).toThrow(ErpRejectedError);
    expect(encode).toThrow(/1\.00 .* 8\.38 EUR/);
  });

  test("parks the order where nothing is configured to carry it", () => {
    expect(() => encodeTaxDifference(order, tax - 1, 3, config({ taxDifference: undefined }))).toThrow(
      /erp\.tryton\.taxDifference/,
    );
  });
});

test("a sale is described by the shop's reference, how it was paid, and the shop's invoices where it tells them", () => {
  expect(encodeHead(body(), 1, config()).description).toBe("XKBKNABJK Chèque");
  const invoiced = encodeHead(body({ invoiceNumbers: ["17", "18"] }), 1, config());
  expect(invoiced.description).toBe("XKBKNABJK Chèque Invoice 17, 18");
});
