import type { CreditBody } from "../../sidecar/domain/credit.ts";
import type { ErpRef, ExternalId } from "../../sidecar/domain/ids.ts";
import { erpRef, shopCustomerId, shopOrderId } from "../../sidecar/domain/ids.ts";
import type { Currency } from "../../sidecar/domain/money.ts";
import type {
  Address,
  CustomerBody,
  NeutralOrder,
  OrderBody,
  OrderLine,
  OrderTax,
} from "../../sidecar/domain/order.ts";
import { addUpTaxes } from "../../sidecar/domain/order-taxes.ts";
import type { PaymentBody } from "../../sidecar/domain/payment.ts";

export const EUR: Currency = { code: "EUR", decimals: 2 };
export const JPY: Currency = { code: "JPY", decimals: 0 };
export const KWD: Currency = { code: "KWD", decimals: 3 };

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
      vatNumber: "",
      isGuest: false,
      ...change,
    },
  };
}

const FRENCH_VAT = { taxId: 1, name: "TVA FR 20%", ratePercent: "20.000" };

/** One line of an order: `quantity` pieces that cost `amountMinor` together, with 20 % of tax. */
export function line(
  productKey: string,
  quantity: number,
  amountMinor: number,
  unitPrice = "12.500000",
): OrderLine {
  const totalTaxInclMinor = Math.round(amountMinor * 1.2);
  return {
    id: Number(productKey.split(":")[0]),
    productKey,
    sku: `demo_${productKey}`,
    name: "T-shirt — colibri, taille M",
    quantity,
    unitPriceTaxExcl: unitPrice,
    totalTaxExclMinor: amountMinor,
    unitPriceTaxIncl: (Number(unitPrice) * 1.2).toFixed(6),
    totalTaxInclMinor,
    taxRulesGroupId: 1,
    taxes: [{ ...FRENCH_VAT, amountMinor: totalTaxInclMinor - amountMinor }],
    ecotax: "0.000000",
    ecotaxRatePercent: "0.000",
    customisation: "",
    categoryId: 3,
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
    order: sampleOrder(id, parts.change),
  };
}

/** The order of `orderBody`; amounts that the change does not name follow from the ones that it does. */
export function sampleOrder(id: number, change: Partial<NeutralOrder> = {}): NeutralOrder {
  const shippingTaxExclMinor = change.shippingTaxExclMinor ?? 700;
  const order = {
    id: shopOrderId(id),
    reference: "XKBKNABJK",
    shopId: 1,
    shopGroupId: 1,
    customerId: shopCustomerId(1),
    placedAtShopTime: "2026-11-21 10:11:12",
    currency: EUR,
    conversionRate: "1.000000",
    billing: ADDRESS,
    delivery: { ...ADDRESS, company: "", line2: "2e étage" },
    carrierName: "La Poste",
    carrierReference: 2,
    paymentMethod: "Chèque",
    paymentModule: "ps_checkpayment",
    rounding: "line" as const,
    lines: [line("1:0", 2, 2500), line("2:7", 1, 990, "9.900000")],
    discountsTaxExclMinor: 0,
    discountsTaxInclMinor: 0,
    discountsTaxes: [],
    discounts: [],
    shippingTaxExclMinor,
    shippingTaxInclMinor: Math.round(shippingTaxExclMinor * 1.2),
    shippingTaxRatePercent: "20.000",
    shippingTaxes: french(Math.round(shippingTaxExclMinor * 1.2) - shippingTaxExclMinor),
    wrappingTaxExclMinor: 0,
    wrappingTaxInclMinor: 0,
    wrappingTaxes: [],
    roundingTaxExclMinor: 0,
    roundingTaxInclMinor: 0,
    roundingTaxes: [],
    toleratedMinor: 0,
    taxRowsOffMinor: 0,
    ...change,
  };
  return { ...order, ...totalsOf(order), ...change };
}

/** A payment of an order: all that is to be paid of it, unless told otherwise. */
export function paymentBody(
  id: number,
  order: OrderBody,
  parts: {
    readonly orderRef: ErpRef | null;
    readonly method: string | undefined;
    readonly amountMinor?: number;
  },
): PaymentBody {
  return {
    externalId: externalId(`${order.externalId}-PAY-${String(id)}`),
    fingerprint: `payment|${String(id)}|TX-${String(id)}`,
    customerRef: order.customerRef,
    orderExternalId: order.externalId,
    orderRef: parts.orderRef,
    ...(parts.method === undefined ? {} : { refs: { payment: erpRef(parts.method) } }),
    payment: {
      id,
      orderId: order.order.id,
      reference: order.order.reference,
      paidAtShopTime: "2026-11-22 09:10:11",
      method: "Carte bancaire — 3-D Secure",
      transactionId: `TX-${String(id)}`,
      currency: order.order.currency,
      conversionRate: order.order.conversionRate,
      amountMinor: parts.amountMinor ?? order.order.totalPaidTaxInclMinor,
    },
  };
}

/** A credit slip of an order: all of it, unless told otherwise. */
export function creditBody(
  id: number,
  order: OrderBody,
  orderRef: ErpRef,
  change: Partial<NeutralOrder> = {},
): CreditBody {
  const { currency } = order.order;
  return {
    externalId: externalId(`${order.externalId}-CR-${String(id)}`),
    fingerprint: `slip|${String(id)}|2026-11-25`,
    customerRef: order.customerRef,
    orderExternalId: order.externalId,
    orderRef,
    itemRefs: order.itemRefs,
    slip: { id, issuedAtShopTime: "2026-11-25 12:13:14" },
    order: { ...sampleOrder(order.order.id, { currency, ...change }), currency },
  };
}

/** An amount of the one tax that the samples have; none for 0. */
export const french = (amountMinor: number): readonly OrderTax[] =>
  amountMinor === 0 ? [] : [{ ...FRENCH_VAT, amountMinor }];

type Derived =
  | "productsTaxExclMinor"
  | "productsTaxInclMinor"
  | "taxes"
  | "totalPaidTaxExclMinor"
  | "totalPaidTaxInclMinor";

function totalsOf(order: Omit<NeutralOrder, Derived>): Pick<NeutralOrder, Derived> {
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
  const productsTaxExclMinor = sum(order.lines.map((entry) => entry.totalTaxExclMinor));
  const productsTaxInclMinor = sum(order.lines.map((entry) => entry.totalTaxInclMinor));
  const totalPaidTaxExclMinor =
    productsTaxExclMinor +
    sum([order.shippingTaxExclMinor, order.wrappingTaxExclMinor, order.roundingTaxExclMinor]) -
    order.discountsTaxExclMinor;
  const totalPaidTaxInclMinor =
    productsTaxInclMinor +
    sum([order.shippingTaxInclMinor, order.wrappingTaxInclMinor, order.roundingTaxInclMinor]) -
    order.discountsTaxInclMinor;
  const taxes = addUpTaxes([
    ...order.lines.flatMap((entry) => entry.taxes),
    ...[...order.shippingTaxes, ...order.wrappingTaxes, ...order.roundingTaxes],
    ...order.discountsTaxes.map((tax) => ({ ...tax, amountMinor: -tax.amountMinor })),
  ]);
  return { productsTaxExclMinor, productsTaxInclMinor, taxes, totalPaidTaxExclMinor, totalPaidTaxInclMinor };
}

const REDUCED_VAT = { taxId: 2, name: "TVA FR 5.5%", ratePercent: "5.500" };

/** A line at 5.5 %. */
function reduced(productKey: string, quantity: number, amountMinor: number): OrderLine {
  const totalTaxInclMinor = Math.round(amountMinor * 1.055);
  const taxes = [{ ...REDUCED_VAT, amountMinor: totalTaxInclMinor - amountMinor }];
  return { ...line(productKey, quantity, amountMinor), totalTaxInclMinor, taxes, taxRulesGroupId: 2 };
}

const WRAPPED = { wrappingTaxExclMinor: 200, wrappingTaxInclMinor: 240, wrappingTaxes: french(40) };
const MIXED = { lines: [line("1:0", 2, 2_500), reduced("2:7", 3, 1_999)] };
const VOUCHER: Partial<NeutralOrder> = {
  discountsTaxExclMinor: 450,
  discountsTaxInclMinor: 507,
  discountsTaxes: [
    { ...FRENCH_VAT, amountMinor: 47 },
    { ...REDUCED_VAT, amountMinor: 10 },
  ],
  discounts: [{ name: "Ten percent", code: "TEN", freeShipping: false }],
};

/** Changes of the sample order by what an ERP has to add up; whole numbers, so each is an order in any currency. */
export const ORDERS_TO_ADD_UP: Readonly<Record<string, Partial<NeutralOrder>>> = {
  "lines and shipping": {},
  "two rates": MIXED,
  "gift wrapping": WRAPPED,
  "a voucher over two rates": { ...MIXED, ...VOUCHER },
  "a voucher that pays the shipping": {
    discountsTaxExclMinor: 700,
    discountsTaxInclMinor: 840,
    discountsTaxes: french(140),
    discounts: [{ name: "Free shipping", code: "", freeShipping: true }],
  },
  "a rounding on both sides": {
    roundingTaxExclMinor: -1,
    roundingTaxInclMinor: -2,
    roundingTaxes: french(-1),
  },
  "a rounding of the tax alone": {
    roundingTaxExclMinor: 0,
    roundingTaxInclMinor: 1,
    roundingTaxes: french(1),
  },
  "no tax": {
    lines: [{ ...line("1:0", 2, 2_500), totalTaxInclMinor: 2_500, taxes: [] }],
    shippingTaxInclMinor: 700,
    shippingTaxes: [],
  },
  "all of it": {
    ...MIXED,
    ...WRAPPED,
    ...VOUCHER,
    roundingTaxExclMinor: 1,
    roundingTaxInclMinor: 2,
    roundingTaxes: french(1),
  },
};
