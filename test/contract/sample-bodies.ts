import type { ErpRef, ExternalId } from "../../sidecar/domain/ids.ts";
import { erpRef, shopCustomerId, shopOrderId } from "../../sidecar/domain/ids.ts";
import type { Currency } from "../../sidecar/domain/money.ts";
import type { Address, CustomerBody, OrderBody, OrderLine } from "../../sidecar/domain/order.ts";

export const EUR: Currency = { code: "EUR", decimals: 2 };
export const JPY: Currency = { code: "JPY", decimals: 0 };

/** An address in Paris with accents, a company and an empty second line. */
export const ADDRESS: Address = {
  company: "Crème & Fils",
  firstName: "Zoë",
  lastName: "O'Brien",
  line1: "12, rue de l'Évêché",
  line2: "",
  postcode: "75004",
  city: "Paris",
  state: "",
  country: "FR",
  phone: "+33 1 00 00 00 00",
  vatNumber: "",
};

const externalId = (text: string): ExternalId => text as ExternalId;

/** A customer with the given id. */
export function customerBody(id: number, change: Partial<CustomerBody["customer"]> = {}): CustomerBody {
  return {
    externalId: externalId(`PS-kit-CUST-${String(id)}`),
    fingerprint: `customer|${String(id)}|a1b2`,
    customer: {
      id: shopCustomerId(id),
      email: `zoe.${String(id)}@example.com`,
      firstName: "Zoë",
      lastName: "O'Brien",
      company: "",
      isGuest: false,
      ...change,
    },
  };
}

/** One line of an order: `quantity` pieces that cost `amountMinor` together. */
export function line(
  productKey: string,
  quantity: number,
  amountMinor: number,
  unitPrice = "12.500000",
): OrderLine {
  return {
    id: Number(productKey.split(":")[0]),
    productKey,
    sku: `demo_${productKey}`,
    name: "T-shirt — colibri, taille M",
    quantity,
    unitPriceTaxExcl: unitPrice,
    totalTaxExclMinor: amountMinor,
    totalTaxInclMinor: Math.round(amountMinor * 1.2),
  };
}

/** An order with two lines in euros, unless told otherwise. */
export function orderBody(
  id: number,
  parts: {
    readonly customerRef: ErpRef;
    readonly items: readonly [string, string];
    readonly change?: Partial<OrderBody["order"]>;
    readonly fingerprint?: string;
  },
): OrderBody {
  return {
    externalId: externalId(`PS-kit-${String(id)}`),
    fingerprint: parts.fingerprint ?? `XKBKNABJK|${String(id)}|2026-11-21`,
    customerRef: parts.customerRef,
    itemRefs: { "1:0": erpRef(parts.items[0]), "2:7": erpRef(parts.items[1]) },
    order: {
      id: shopOrderId(id),
      reference: "XKBKNABJK",
      shopId: 1,
      customerId: shopCustomerId(1),
      placedAtShopTime: "2026-11-21 10:11:12",
      currency: EUR,
      conversionRate: "1.000000",
      billing: ADDRESS,
      delivery: { ...ADDRESS, company: "", line2: "2e étage" },
      carrierName: "La Poste",
      paymentMethod: "Chèque",
      lines: [line("1:0", 2, 2500), line("2:7", 1, 990, "9.900000")],
      shippingTaxExclMinor: 700,
      shippingTaxInclMinor: 840,
      totalPaidTaxExclMinor: 4190,
      totalPaidTaxInclMinor: 5028,
      ...parts.change,
    },
  };
}
