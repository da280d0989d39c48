import { describe, expect, test } from "vitest";
import { rpcUrl, settings } from "../../../../sidecar/erp/tryton/settings.ts";

const LEAST = { url: "https://tryton.example.com/", database: "erp", user: "shop", password: "secret" };

describe("the section erp.tryton", () => {
  test("needs no more than where Tryton is and how to log in, and then has no companion", () => {
    expect(settings.parse(LEAST)).toMatchObject({
      companion: false,
      saleState: "quotation",
      timeoutMs: 30_000,
    });
  });

  test("may confirm sales where the companion makes their payments with them", () => {
    const change = { companion: true, paymentJournals: { EUR: "1" }, saleState: "confirmed" };
    expect(settings.safeParse({ ...LEAST, ...change }).success).toBe(true);
  });

  test("names one address that all requests go to", () => {
    expect(rpcUrl(settings.parse(LEAST))).toBe("https://tryton.example.com/erp/");
  });

  test.each([
    ["a database with a slash", { database: "erp/../other" }],
    ["a login with a colon, which would end the session's header", { user: "a:b" }],
    ["a rate without three decimals", { taxes: { "20": "1" } }],
    ["an id that is none", { stockLocations: ["1 OR 1"] }],
    ["a unit that is no power of ten", { taxDifference: { productId: "1", taxId: "1", unit: "0.02" } }],
    [
      "two partitions that share products",
      { stockPartitions: { a: { fromProduct: "1" }, b: { fromProduct: "5", toProduct: "9" } } },
    ],
    ["a journal for no currency", { paymentJournals: { euro: "1" } }],
    ["payments of drafts, which Tryton takes none of", { paymentJournals: { EUR: "1" }, saleState: "draft" }],
    [
      "sales that are under way before their payment can be refused",
      { paymentJournals: { EUR: "1" }, saleState: "confirmed" },
    ],
    ["a setting that nobody reads", { colour: "red" }],
  ])("refuses %s at the start", (_what, change) => {
    expect(settings.safeParse({ ...LEAST, ...change }).success).toBe(false);
  });
});
