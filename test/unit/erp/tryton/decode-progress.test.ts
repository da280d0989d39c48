import { describe, expect, test } from "vitest";
import { DecodeError } from "../../../../sidecar/domain/errors.ts";
import { decodeProgress } from "../../../../sidecar/erp/tryton/decode-progress.ts";

const sale = (change: object = {}) => ({
  id: 12,
  reference: "PS-main-1001",
  state: "processing",
  shipment_state: "waiting",
  "shipments.": [],
  "invoices.": [],
  ...change,
});
const shipment = (id: number, change: object = {}) => ({ id, state: "done", reference: null, ...change });
const invoice = (id: number, state: string) => ({
  id,
  state,
  number: state === "draft" ? null : `2026-${id}`,
});
const stage = (change: object) => decodeProgress([sale(change)])[0]?.stage;

describe("how far a sale has come", () => {
  test.each([
    ["open", { state: "quotation", shipment_state: "none" }],
    ["open", { state: "confirmed", shipment_state: "none" }],
    ["open", {}],
    ["open", { "invoices.": [invoice(1, "posted")] }],
    ["open", { "shipments.": [shipment(1, { state: "packed" })] }],
    ["partly-shipped", { "shipments.": [shipment(1), shipment(2, { state: "waiting" })] }],
    ["partly-shipped", { shipment_state: "exception", "shipments.": [shipment(1)] }],
    ["shipped", { shipment_state: "sent", "shipments.": [shipment(1)] }],
    ["shipped", { shipment_state: "sent", "invoices.": [invoice(1, "posted"), invoice(2, "draft")] }],
    ["invoiced", { shipment_state: "sent", "invoices.": [invoice(1, "posted")] }],
    ["invoiced", { shipment_state: "none", "invoices.": [invoice(1, "paid")] }],
    ["closed", { state: "done", shipment_state: "sent", "invoices.": [invoice(1, "paid")] }],
    ["cancelled", { state: "cancelled" }],
  ])("is %s with %j", (expected, change) => {
    expect(stage(change)).toBe(expected);
  });

  test("names its parcels and invoices, the oldest first", () => {
    const change = {
      "shipments.": [
        shipment(9, { reference: "later" }),
        shipment(3, { reference: "a customer's word", shop_tracking: " 1Z " }),
        shipment(4, { state: "cancelled", reference: "never left" }),
      ],
      "invoices.": [invoice(8, "posted"), invoice(2, "paid"), invoice(5, "cancelled"), invoice(9, "draft")],
    };
    expect(decodeProgress([sale(change)])).toEqual([
      {
        orderExternalId: "PS-main-1001",
        orderRef: "12",
        stage: "partly-shipped",
        parcels: [
          { ref: "3", trackingNumber: "1Z", carrier: "" },
          { ref: "9", trackingNumber: "later", carrier: "" },
        ],
        invoiceNumbers: ["2026-2", "2026-8"],
      },
    ]);
  });

  test("is told under the companion's key, whatever people write in the reference", () => {
    const changed = sale({ reference: "their order 7", shop_ref: "PS-main-1001-E2" });
    expect(decodeProgress([changed])[0]?.orderExternalId).toBe("PS-main-1001-E2");
  });

  test.each(["PS-main-1001-CR-5", "PS-main-CUST-5", "PS-order of a person", "", null])(
    "is not told of %j, which is no order of a shop",
    (reference) => {
      expect(decodeProgress([sale({ reference })])).toEqual([]);
    },
  );

  test("is not guessed where a row is no sale, and the message names it", () => {
    expect(() => decodeProgress([sale({ "shipments.": undefined })])).toThrow(DecodeError);
    expect(() => decodeProgress([sale({ "invoices.": "none" })])).toThrow(/sale 12/);
  });
});
