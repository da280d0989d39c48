import fc from "fast-check";
import { expect, test } from "vitest";
import { MappingMissingError } from "../../../../sidecar/domain/errors.ts";
import { erpRef } from "../../../../sidecar/domain/ids.ts";
import { encodeAddress } from "../../../../sidecar/erp/netsuite/encode-address.ts";
import {
  encodeCustomerAmendment,
  encodeCustomerCreation,
} from "../../../../sidecar/erp/netsuite/encode-customer.ts";
import { encodeOrderAmendment, encodeOrderCreation } from "../../../../sidecar/erp/netsuite/encode-order.ts";
import { type NetSuiteSettings, settings as schema } from "../../../../sidecar/erp/netsuite/settings.ts";
import { ADDRESS, customerBody, JPY, line, orderBody } from "../../../contract/sample-bodies.ts";

const SETTINGS: NetSuiteSettings = schema.parse({
  account: "5256042_SB1",
  auth: { kind: "tba", consumerKey: "a", consumerSecret: "b", tokenId: "c", tokenSecret: "d" },
  subsidiaryId: "1",
  currencies: { EUR: "4", JPY: "5" },
  shippingItemId: "92",
});
const parts = { customerRef: erpRef("647"), items: ["1001", "1002"] } as const;

test("an order becomes a sales order with every field that NetSuite is to keep", () => {
  expect(encodeOrderCreation(orderBody(7, parts), SETTINGS)).toEqual({
    externalId: "PS-kit-7",
    subsidiary: { id: "1" },
    orderStatus: "B",
    memo: "[erpsync:XKBKNABJK|7|2026-11-21]",
    entity: { id: "647" },
    currency: { id: "4" },
    exchangeRate: 1,
    tranDate: "2026-11-21",
    otherRefNum: "XKBKNABJK",
    billingAddress: {
      override: true,
      addressee: "Crème & Fils",
      attention: "Zoë O'Brien",
      addr1: "12, rue de l'Évêché",
      city: "Paris",
      zip: "75004",
      country: { id: "FR" },
      addrPhone: "+33 1 00 00 00 00",
    },
    shippingAddress: {
      override: true,
      addressee: "Zoë O'Brien",
      addr1: "12, rue de l'Évêché",
      addr2: "2e étage",
      city: "Paris",
      zip: "75004",
      country: { id: "FR" },
      addrPhone: "+33 1 00 00 00 00",
    },
    shipMethod: { id: "92" },
    shippingCost: 7,
    item: {
      items: [
        {
          item: { id: "1001" },
          quantity: 2,
          description: "T-shirt — colibri, taille M",
          price: { id: "-1" },
          rate: 12.5,
          amount: 25,
        },
        {
          item: { id: "1002" },
          quantity: 1,
          description: "T-shirt — colibri, taille M",
          price: { id: "-1" },
          rate: 9.9,
          amount: 9.9,
        },
      ],
    },
  });
});

test("an amendment leaves key, status, memo and subsidiary to NetSuite's people", () => {
  const amendment = encodeOrderAmendment(orderBody(7, parts), SETTINGS);
  for (const field of ["externalId", "orderStatus", "memo", "subsidiary", "customForm", "location"]) {
    expect(amendment).not.toHaveProperty(field);
  }
});

test("all that an amendment sends, a creation sends too", () => {
  const body = orderBody(7, parts);
  expect(encodeOrderCreation(body, SETTINGS)).toMatchObject({ ...encodeOrderAmendment(body, SETTINGS) });
});

test("the fingerprint goes into the field that the configuration names", () => {
  const settings = {
    ...SETTINGS,
    fingerprintField: "custbody_mark",
    customerFingerprintField: "custentity_mark",
  };
  expect(encodeOrderCreation(orderBody(7, parts), settings)).toHaveProperty("custbody_mark");
  expect(encodeOrderCreation(orderBody(7, parts), settings)).not.toHaveProperty("memo");
  expect(encodeCustomerCreation(customerBody(1), settings)).toHaveProperty("custentity_mark");
});

test("a rate that belongs to NetSuite is not sent", () => {
  const settings = { ...SETTINGS, exchangeRate: "netsuite" as const };
  expect(encodeOrderCreation(orderBody(7, parts), settings)).not.toHaveProperty("exchangeRate");
});

test("a product or currency without an id in NetSuite is a missing mapping that names it", () => {
  const body = orderBody(7, { ...parts, change: { lines: [line("9:9", 1, 100)] } });
  expect(() => encodeOrderCreation(body, SETTINGS)).toThrow(MappingMissingError);
  expect(() => encodeOrderCreation(body, SETTINGS)).toThrow("9:9");
  const zloty = orderBody(7, { ...parts, change: { currency: { code: "PLN", decimals: 2 } } });
  expect(() => encodeOrderCreation(zloty, SETTINGS)).toThrow("PLN");
});

test("an amount arrives with exactly the decimals of its currency, whatever the amount", () => {
  const minor = fc.integer({ min: 0, max: 99_999_999_999 });
  fc.assert(
    fc.property(minor, minor, (lineMinor, shippingMinor) => {
      const change = { lines: [line("1:0", 1, lineMinor)], shippingTaxExclMinor: shippingMinor };
      const euro = encodeOrderAmendment(orderBody(7, { ...parts, change }), SETTINGS);
      expect(Math.round((euro.item.items[0]?.amount ?? -1) * 100)).toBe(lineMinor);
      expect(JSON.stringify(euro.shippingCost)).toMatch(/^\d+(\.\d{1,2})?$/);
      const yen = encodeOrderAmendment(
        orderBody(7, { ...parts, change: { ...change, currency: JPY } }),
        SETTINGS,
      );
      expect(yen.item.items[0]?.amount).toBe(lineMinor);
      expect(yen.shippingCost).toBe(shippingMinor);
    }),
  );
});

test("a person without a company is the addressee alone, and empty parts are left out", () => {
  const address = encodeAddress({ ...ADDRESS, company: " ", phone: "", state: "" });
  expect(address.addressee).toBe("Zoë O'Brien");
  for (const field of ["attention", "addr2", "addrPhone", "state"]) expect(address).not.toHaveProperty(field);
});

test("a customer is a person unless a company is named, and carries all currencies of the shop", () => {
  expect(encodeCustomerCreation(customerBody(1), SETTINGS)).toEqual({
    externalId: "PS-kit-CUST-1",
    entityId: "PS-kit-CUST-1",
    isPerson: true,
    subsidiary: { id: "1" },
    currencyList: { items: [{ currency: { id: "4" } }, { currency: { id: "5" } }] },
    comments: "[erpsync:customer|1|a1b2]",
    email: "zoe.1@example.com",
    firstName: "Zoë",
    lastName: "O'Brien",
  });
  const company = encodeCustomerCreation(customerBody(1, { company: "Crème & Fils" }), SETTINGS);
  expect(company).toMatchObject({ isPerson: false, companyName: "Crème & Fils" });
});

test("a company's VAT number goes into the field that the configuration names, and nowhere without one", () => {
  const body = customerBody(1, { company: "Crème & Fils", vatNumber: "FR40303265045" });
  const settings = { ...SETTINGS, customerVatNumberField: "vatRegNumber" };
  expect(encodeCustomerCreation(body, settings)).toHaveProperty("vatRegNumber", "FR40303265045");
  expect(encodeCustomerAmendment(body, settings)).toHaveProperty("vatRegNumber", "FR40303265045");
  expect(encodeCustomerAmendment(customerBody(1), settings)).not.toHaveProperty("vatRegNumber");
  expect(JSON.stringify(encodeCustomerCreation(body, SETTINGS))).not.toContain("FR40303265045");
});

test("a customer's amendment sends neither key nor what NetSuite cannot change", () => {
  expect(Object.keys(encodeCustomerAmendment(customerBody(1), SETTINGS)).sort()).toEqual([
    "email",
    "firstName",
    "lastName",
  ]);
});

test("the shop's invoice numbers go into the field that the configuration names, and park the order without one", () => {
  const body = orderBody(7, parts);
  const invoiced = { ...body, order: { ...body.order, invoiceNumbers: ["17", "18"] } };
  const settings = { ...SETTINGS, invoiceNumberField: "custbody_shop_invoice" };
  expect(encodeOrderAmendment(invoiced, settings)).toHaveProperty("custbody_shop_invoice", "17, 18");
  expect(encodeOrderAmendment(body, settings)).not.toHaveProperty("custbody_shop_invoice");
  expect(() => encodeOrderAmendment(invoiced, SETTINGS)).toThrow(/erp\.netsuite\.invoiceNumberField/);
});
