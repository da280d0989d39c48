// Orders of random content whose amounts are reckoned as PrestaShop 8.2.1 stores them, by the formulas that were
// measured on a real shop. It shares no code with the sidecar, so that a mistake there is not made here too.
import fc from "fast-check";
import type { OrderRows } from "../../sidecar/orders/decode-order.ts";
import type {
  AddressRow,
  OrderDiscountRow,
  OrderLineRow,
  OrderRow,
  OrderTaxRow,
} from "../../sidecar/shop/order-statements.ts";
import { fromMicros, type Micros } from "./price-order.ts";

/** A tax of the shop. */
export interface ShopTax {
  readonly id: number;
  readonly name: string;
  readonly percent: number;
}

/** Taxes that a line is sold with. Compound: each on the price with those before it. */
export interface ShopTaxes {
  readonly rulesGroupId: number;
  readonly compound: boolean;
  readonly taxes: readonly ShopTax[];
}

const NORMAL: ShopTax = { id: 1, name: "TVA FR 20%", percent: 20 };
const REDUCED: ShopTax = { id: 2, name: "TVA FR 5.5%", percent: 5.5 };
const GST: ShopTax = { id: 3, name: "GST CA 5%", percent: 5 };
const QST: ShopTax = { id: 4, name: "QST CA 9.975%", percent: 9.975 };

export const TAXES = {
  none: { rulesGroupId: 0, compound: false, taxes: [] },
  normal: { rulesGroupId: 1, compound: false, taxes: [NORMAL] },
  reduced: { rulesGroupId: 2, compound: false, taxes: [REDUCED] },
  combined: { rulesGroupId: 3, compound: false, taxes: [GST, QST] },
  compound: { rulesGroupId: 4, compound: true, taxes: [GST, QST] },
} as const satisfies Readonly<Record<string, ShopTaxes>>;

export const CURRENCIES = {
  EUR: { code: "EUR", decimals: 2 },
  USD: { code: "USD", decimals: 2 },
  JPY: { code: "JPY", decimals: 0 },
  KWD: { code: "KWD", decimals: 3 },
} as const;

/** What a customer orders. */
export interface LineIdea {
  readonly unitTaxExcl: Micros;
  readonly quantity: number;
  readonly taxes: ShopTaxes;
  /** Of one piece, before the group's reduction. */
  readonly ecotax: Micros;
  readonly ecotaxPercent: number;
  readonly groupReductionPercent: number;
}

export interface OrderIdea {
  readonly currency: (typeof CURRENCIES)[keyof typeof CURRENCIES];
  /** 1 per item, 2 per line, 3 per total. */
  readonly roundType: 1 | 2 | 3;
  readonly lines: readonly LineIdea[];
  readonly shipping: { readonly taxExcl: Micros; readonly taxPercent: number };
  readonly wrapping: { readonly taxExcl: Micros; readonly taxPercent: number };
  /** Share of the products that vouchers take off. */
  readonly discountPercent: number;
  /** True where they are for the first line alone, whatever the others are taxed with. */
  readonly discountsFirstLine?: boolean;
  readonly freeShipping: boolean;
}

/** The rows that the shop writes for it. */
export function orderRowsOf(idea: OrderIdea): OrderRows {
  const round = (micros: number): Micros => roundTo(micros, idea.currency.decimals);
  const lines = idea.lines.map((line, index) => lineOf(line, index, idea));
  const exact = (side: "Excl" | "Incl", of = lines): number =>
    add(of.map(({ quantity, unit }) => quantity * (idea.roundType === 1 ? round(unit[side]) : unit[side])));
  const products = pair((side) => round(add(lines.map(({ total }) => total[side]))));
  const shipping = fee(idea.shipping, round);
  const wrapping = fee(idea.wrapping, round);
  const share = idea.discountPercent / 100;
  const discounted = idea.discountsFirstLine === true ? lines.slice(0, 1) : lines;
  const discounts = pair((side) =>
    round(round(Math.round(exact(side, discounted) * share)) + (idea.freeShipping ? shipping[side] : 0)),
  );
  const paid = pair((side) => round(exact(side) - discounts[side] + shipping[side] + wrapping[side]));
  return {
    order: {
      ...HEADER,
      total_products: fromMicros(products.Excl),
      total_products_wt: fromMicros(products.Incl),
      total_discounts_tax_excl: fromMicros(discounts.Excl),
      total_discounts_tax_incl: fromMicros(discounts.Incl),
      total_shipping_tax_excl: fromMicros(shipping.Excl),
      total_shipping_tax_incl: fromMicros(shipping.Incl),
      total_wrapping_tax_excl: fromMicros(wrapping.Excl),
      total_wrapping_tax_incl: fromMicros(wrapping.Incl),
      total_paid_tax_excl: fromMicros(paid.Excl),
      total_paid_tax_incl: fromMicros(paid.Incl),
      carrier_tax_rate: idea.shipping.taxPercent.toFixed(3),
      round_type: idea.roundType,
      currency_code: idea.currency.code,
      currency_decimals: idea.currency.decimals,
    },
    addresses: ADDRESSES,
    lines: lines.map(({ row }) => row),
    taxes: taxRows(idea, lines, { products, discounts, shipping }),
    discounts: discountRows(idea),
    customisations: [],
  };
}

interface Sides {
  readonly Excl: Micros;
  readonly Incl: Micros;
}

interface PricedLine {
  readonly quantity: number;
  readonly unit: Sides;
  readonly total: Sides;
  readonly row: OrderLineRow;
}

const pair = (amount: (side: "Excl" | "Incl") => Micros): Sides => ({
  Excl: amount("Excl"),
  Incl: amount("Incl"),
});

function lineOf(line: LineIdea, index: number, idea: OrderIdea): PricedLine {
  const { quantity, taxes } = line;
  const ecotax = (line.ecotax * (100 - line.groupReductionPercent)) / 100;
  const price = (line.unitTaxExcl - ecotax) * (1 + rateOf(taxes) / 100);
  const unit = {
    Excl: line.unitTaxExcl,
    Incl: Math.round(price + ecotax * (1 + line.ecotaxPercent / 100)),
  };
  const round = (micros: number): Micros => roundTo(micros, idea.currency.decimals);
  const total = pair((side) => {
    if (idea.roundType === 1) return quantity * round(unit[side]);
    return idea.roundType === 2 ? round(quantity * unit[side]) : quantity * unit[side];
  });
  const row: OrderLineRow = {
    id_order_detail: index + 1,
    product_id: index + 1,
    product_attribute_id: 0,
    product_reference: `SKU-${String(index + 1)}`,
    product_name: `Product ${String(index + 1)}`,
    product_quantity: quantity,
    id_customization: 0,
    id_tax_rules_group: taxes.rulesGroupId,
    tax_computation_method: taxes.compound ? 2 : 1,
    tax_name: taxes.taxes[0]?.name ?? "",
    tax_rate: rateOf(taxes).toFixed(3),
    ecotax: fromMicros(line.ecotax),
    ecotax_tax_rate: line.ecotaxPercent.toFixed(3),
    group_reduction: line.groupReductionPercent.toFixed(2),
    unit_price_tax_excl: fromMicros(unit.Excl),
    unit_price_tax_incl: fromMicros(unit.Incl),
    total_price_tax_excl: fromMicros(total.Excl),
    total_price_tax_incl: fromMicros(total.Incl),
    category_id: 2,
  };
  return { quantity, unit, total, row };
}

function rateOf({ taxes, compound }: ShopTaxes): number {
  if (!compound) return add(taxes.map(({ percent }) => percent));
  return (taxes.reduce((price, { percent }) => price * (1 + percent / 100), 1) - 1) * 100;
}

function fee({ taxExcl, taxPercent }: OrderIdea["shipping"], round: (micros: number) => Micros): Sides {
  const Excl = round(taxExcl);
  return { Excl, Incl: round(Excl * (1 + taxPercent / 100)) };
}

/** Formula 4: what the rows add up to; which row has how much is not what the law speaks of. */
function taxRows(
  idea: OrderIdea,
  lines: readonly PricedLine[],
  amounts: Readonly<Record<"products" | "discounts" | "shipping", Sides>>,
): readonly OrderTaxRow[] {
  const tax = ({ Excl, Incl }: Sides): Micros => Incl - Excl;
  const ecotax = add(idea.lines.map((line) => (line.quantity * line.ecotax * line.ecotaxPercent) / 100));
  const sum =
    tax(amounts.products) -
    tax(amounts.discounts) +
    (idea.freeShipping ? tax(amounts.shipping) : 0) -
    roundTo(ecotax, idea.currency.decimals);
  const rows = lines.flatMap(({ row }, index) =>
    (idea.lines[index]?.taxes.taxes ?? []).map((shopTax) => ({
      id_order_detail: row.id_order_detail,
      id_tax: shopTax.id,
      rate: shopTax.percent.toFixed(3),
      name: shopTax.name,
    })),
  );
  return rows.map((row, index) => ({ ...row, total_amount: fromMicros(index === 0 ? sum : 0) }));
}

function discountRows(idea: OrderIdea): readonly OrderDiscountRow[] {
  return [
    ...(idea.discountPercent > 0 ? [{ name: "Percent off", code: "OFF", free_shipping: 0 }] : []),
    ...(idea.freeShipping ? [{ name: "Free shipping", code: null, free_shipping: 1 }] : []),
  ];
}

const add = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Half up; the amounts here are never negative. A float's last bits are no half. */
function roundTo(micros: number, decimals: number): Micros {
  const step = 10 ** (6 - decimals);
  return Math.floor(Number((micros / step + 0.5).toFixed(6))) * step;
}

const ADDRESS: Omit<AddressRow, "role"> = {
  company: null,
  firstname: "Ada",
  lastname: "Byron",
  address1: "1 rue X",
  address2: null,
  postcode: "75001",
  city: "Paris",
  state: null,
  country: "FR",
  phone: null,
  phone_mobile: null,
  vat_number: null,
};

const ADDRESSES: readonly AddressRow[] = [
  { ...ADDRESS, role: "billing" },
  { ...ADDRESS, role: "delivery" },
];

const HEADER: Omit<
  OrderRow,
  `total_${string}` | "carrier_tax_rate" | "round_type" | "currency_code" | "currency_decimals"
> = {
  id_order: 12,
  reference: "ABCDEFGHI",
  id_shop_group: 1,
  id_shop: 1,
  id_customer: 3,
  current_state: 2,
  secure_key: "0".repeat(32),
  payment: "Card",
  module: "ps_checkout",
  conversion_rate: "1.000000",
  round_mode: 2,
  date_add: "2026-11-21 10:00:00",
  carrier_name: "Post",
  carrier_reference: 2,
  has_history: 1,
  customer_exists: 1,
};

const line: fc.Arbitrary<LineIdea> = fc
  .record({
    unitTaxExcl: fc.integer({ min: 1_000_000, max: 900_000_000 }),
    quantity: fc.integer({ min: 1, max: 12 }),
    taxes: fc.constantFrom(...Object.values(TAXES)),
    ecotax: fc.constantFrom(0, 0, 250_000, 813_333),
    ecotaxPercent: fc.constantFrom(0, 5.5, 20),
    groupReductionPercent: fc.constantFrom(0, 0, 7.5, 50),
  })
  .map((idea) => (idea.ecotax === 0 ? { ...idea, ecotaxPercent: 0 } : idea));

/**
 * Any order: four currencies, each rounding type, mixed taxes, ecotax, vouchers for all or for one line, wrapping, free
 * shipping.
 */
export const anyOrder: fc.Arbitrary<OrderIdea> = fc.record({
  currency: fc.constantFrom(...Object.values(CURRENCIES)),
  roundType: fc.constantFrom(1, 2, 3),
  lines: fc.array(line, { minLength: 1, maxLength: 8 }),
  shipping: fc.record({
    taxExcl: fc.integer({ min: 0, max: 30_000_000 }),
    taxPercent: fc.constantFrom(0, 5.5, 20),
  }),
  wrapping: fc.record({
    taxExcl: fc.constantFrom(0, 0, 2_000_000, 3_456_789),
    taxPercent: fc.constantFrom(0, 20),
  }),
  discountPercent: fc.constantFrom(0, 0, 10, 33, 90),
  discountsFirstLine: fc.boolean(),
  freeShipping: fc.boolean(),
});
