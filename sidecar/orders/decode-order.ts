import { DecodeError } from "../domain/errors.ts";
import { shopCustomerId, shopOrderId } from "../domain/ids.ts";
import type { Currency } from "../domain/money.ts";
import type {
  Address,
  NeutralCustomer,
  NeutralOrder,
  OrderDiscount,
  OrderLine,
  RoundingType,
} from "../domain/order.ts";
import { addUpTaxes } from "../domain/order-taxes.ts";
import type {
  AddressRow,
  CustomerRow,
  CustomisationRow,
  OrderDiscountRow,
  OrderLineRow,
  OrderRow,
  OrderTaxRow,
} from "../shop/order-statements.ts";
import {
  decideDiscountTaxes,
  decideFeeTaxes,
  decideLineTaxes,
  decideRoundingTaxes,
  mixOf,
  negated,
  type TaxMix,
} from "./decide-taxes.ts";
import { type AgreedTotals, decideTotals, type Minor, type StatedOrder } from "./decide-totals.ts";

/** All that the shop has of an order. */
export interface OrderRows {
  readonly order: OrderRow;
  readonly addresses: readonly AddressRow[];
  readonly lines: readonly OrderLineRow[];
  readonly taxes: readonly OrderTaxRow[];
  readonly discounts: readonly OrderDiscountRow[];
  readonly customisations: readonly CustomisationRow[];
}

/** The neutral order, or the sentence that says which of the shop's amounts contradict each other. */
export type DecodedOrder =
  | { readonly kind: "agreed"; readonly order: NeutralOrder }
  | { readonly kind: "mismatch"; readonly sentence: string };

/**
 * Turns the shop's rows into the neutral order. Key order is fixed, so that equal orders have equal JSON.
 * `toleranceMinor`: how far amounts that have to agree may be apart.
 * @throws DecodeError where a row that an order needs is missing; the job is then parked with the sentence.
 */
export function decodeOrder(rows: OrderRows, toleranceMinor: number): DecodedOrder {
  const { order: row } = rows;
  const currency = decodeCurrency(row);
  const rounding = decodeRounding(row);
  const totals = decideTotals(stated(rows, currency, rounding), toleranceMinor);
  if (totals.kind === "mismatch") return totals;
  const lines = decodeLines(rows, currency, totals);
  const discounts: readonly OrderDiscount[] = rows.discounts.map((discount) => ({
    name: discount.name,
    code: discount.code ?? "",
    freeShipping: discount.free_shipping === 1,
  }));
  return {
    kind: "agreed",
    order: {
      id: shopOrderId(row.id_order),
      reference: row.reference,
      shopId: row.id_shop,
      shopGroupId: row.id_shop_group,
      customerId: shopCustomerId(row.id_customer),
      placedAtShopTime: row.date_add,
      currency,
      conversionRate: row.conversion_rate,
      billing: decodeAddress(row, rows.addresses, "billing"),
      delivery: decodeAddress(row, rows.addresses, "delivery"),
      carrierName: row.carrier_name ?? "",
      carrierReference: row.carrier_reference ?? 0,
      paymentMethod: row.payment,
      paymentModule: row.module ?? "",
      rounding,
      lines,
      productsTaxExclMinor: totals.products.taxExcl,
      productsTaxInclMinor: totals.products.taxIncl,
      discounts,
      ...decodeFees(rows, totals, lines, discounts),
      shippingTaxRatePercent: row.carrier_tax_rate,
      totalPaidTaxExclMinor: totals.paid.taxExcl,
      totalPaidTaxInclMinor: totals.paid.taxIncl,
      toleratedMinor: totals.toleratedMinor,
      taxRowsOffMinor: totals.taxRowsOffMinor,
    },
  };
}

/** What the law of the totals looks at. */
function stated(rows: OrderRows, currency: Currency, rounding: RoundingType): StatedOrder {
  const { order } = rows;
  return {
    currency,
    rounding,
    roundMode: order.round_mode,
    lines: rows.lines.map((line) => ({
      label: `line ${String(line.id_order_detail)} (SKU "${line.product_reference ?? ""}")`,
      quantity: line.product_quantity,
      unit: { taxExcl: line.unit_price_tax_excl, taxIncl: line.unit_price_tax_incl },
      total: { taxExcl: line.total_price_tax_excl, taxIncl: line.total_price_tax_incl },
      ecotax: line.ecotax,
      ecotaxRatePercent: line.ecotax_tax_rate,
    })),
    products: { taxExcl: order.total_products, taxIncl: order.total_products_wt },
    discounts: { taxExcl: order.total_discounts_tax_excl, taxIncl: order.total_discounts_tax_incl },
    shipping: { taxExcl: order.total_shipping_tax_excl, taxIncl: order.total_shipping_tax_incl },
    wrapping: { taxExcl: order.total_wrapping_tax_excl, taxIncl: order.total_wrapping_tax_incl },
    paid: { taxExcl: order.total_paid_tax_excl, taxIncl: order.total_paid_tax_incl },
    taxRows: rows.taxes.map((tax) => tax.total_amount),
    freeShipping: rows.discounts.some((discount) => discount.free_shipping === 1),
  };
}

type Fees = Pick<
  NeutralOrder,
  | "discountsTaxExclMinor"
  | "discountsTaxInclMinor"
  | "discountsTaxes"
  | "shippingTaxExclMinor"
  | "shippingTaxInclMinor"
  | "shippingTaxes"
  | "wrappingTaxExclMinor"
  | "wrappingTaxInclMinor"
  | "wrappingTaxes"
  | "roundingTaxExclMinor"
  | "roundingTaxInclMinor"
  | "roundingTaxes"
  | "taxes"
>;

/** What is on the order beside its lines, with the taxes of each and of all. */
function decodeFees(
  rows: OrderRows,
  totals: AgreedTotals,
  lines: readonly OrderLine[],
  discounts: readonly OrderDiscount[],
): Fees {
  const mixes = rows.lines.map((line) => mixOfLine(line, rows.taxes));
  const shipping = both(totals.shipping);
  const wrapping = both(totals.wrapping);
  const amounts = {
    discountsTaxExclMinor: totals.discounts.taxExcl,
    discountsTaxInclMinor: totals.discounts.taxIncl,
    shippingTaxExclMinor: shipping.taxExclMinor,
    shippingTaxInclMinor: shipping.taxInclMinor,
    shippingTaxes: decideFeeTaxes({ ...shipping, ratePercent: rows.order.carrier_tax_rate }, mixes),
    wrappingTaxExclMinor: wrapping.taxExclMinor,
    wrappingTaxInclMinor: wrapping.taxInclMinor,
    wrappingTaxes: decideFeeTaxes({ ...wrapping, ratePercent: undefined }, mixes),
  };
  const discountsTaxes = decideDiscountTaxes({ ...amounts, lines, discounts });
  const known = addUpTaxes([
    ...lines.flatMap((line) => line.taxes),
    ...amounts.shippingTaxes,
    ...amounts.wrappingTaxes,
    ...negated(discountsTaxes),
  ]);
  const roundingTaxes = decideRoundingTaxes(taxOf(totals.rounding), known);
  return {
    ...amounts,
    discountsTaxes,
    roundingTaxExclMinor: totals.rounding.taxExcl,
    roundingTaxInclMinor: totals.rounding.taxIncl,
    roundingTaxes,
    taxes: addUpTaxes([...known, ...roundingTaxes]),
  };
}

const both = (amount: Minor): { readonly taxExclMinor: number; readonly taxInclMinor: number } => ({
  taxExclMinor: amount.taxExcl,
  taxInclMinor: amount.taxIncl,
});

const taxOf = (amount: Minor): number => amount.taxIncl - amount.taxExcl;

function decodeRounding(row: OrderRow): RoundingType {
  if (row.round_type === 1) return "item";
  if (row.round_type === 2) return "line";
  if (row.round_type === 3) return "total";
  throw new DecodeError(`Order ${String(row.id_order)} has the rounding type ${String(row.round_type)}`);
}

function decodeCurrency(row: OrderRow): Currency {
  const { currency_code: code, currency_decimals: decimals } = row;
  if (code === null || decimals === null) {
    throw new DecodeError(`Order ${String(row.id_order)} has a currency that the shop no longer knows`);
  }
  if (decimals !== 0 && decimals !== 1 && decimals !== 2 && decimals !== 3) {
    throw new DecodeError(`Currency ${code} has ${String(decimals)} decimals; 0 to 3 can be exported`);
  }
  return { code: code.toUpperCase(), decimals };
}

// eslint-disable-next-line complexity -- the branches are columns that may be NULL, not decisions
function decodeAddress(order: OrderRow, addresses: readonly AddressRow[], role: AddressRow["role"]): Address {
  const row = addresses.find((address) => address.role === role);
  if (row === undefined) {
    throw new DecodeError(`Order ${String(order.id_order)} has no ${role} address in the shop`);
  }
  if (row.country === null) {
    throw new DecodeError(`The ${role} address of order ${String(order.id_order)} has no known country`);
  }
  return {
    company: row.company ?? "",
    firstName: row.firstname,
    lastName: row.lastname,
    line1: row.address1,
    line2: row.address2 ?? "",
    postcode: row.postcode ?? "",
    city: row.city,
    state: row.state ?? "",
    country: row.country.toUpperCase(),
    phone: row.phone_mobile !== null && row.phone_mobile !== "" ? row.phone_mobile : (row.phone ?? ""),
    vatNumber: row.vat_number ?? "",
  };
}

/** A tax may be on a line several times, as after an edit. */
function mixOfLine(line: OrderLineRow, taxes: readonly OrderTaxRow[]): TaxMix {
  const own = taxes.filter((tax) => tax.id_order_detail === line.id_order_detail);
  const applied = own.map((tax) => ({
    taxId: tax.id_tax,
    name: tax.name ?? "",
    // A deleted tax is the line's only one, or its share is lost: then the others bear it.
    ratePercent: tax.rate ?? (own.length === 1 ? line.tax_rate : "0.000"),
  }));
  const distinct = [...new Map(applied.map((tax) => [tax.taxId, tax])).values()];
  return mixOf(distinct, line.tax_computation_method === ONE_AFTER_ANOTHER);
}

/** PrestaShop's TaxCalculator::ONE_AFTER_ANOTHER_METHOD. */
const ONE_AFTER_ANOTHER = 2;

function decodeLines(rows: OrderRows, currency: Currency, totals: AgreedTotals): readonly OrderLine[] {
  return rows.lines.map((row, index) => {
    const total = totals.lines[index] ?? { taxExcl: 0, taxIncl: 0 };
    return {
      id: row.id_order_detail,
      productKey: `${String(row.product_id)}:${String(row.product_attribute_id)}`,
      sku: row.product_reference ?? "",
      name: row.product_name,
      quantity: row.product_quantity,
      unitPriceTaxExcl: row.unit_price_tax_excl,
      unitPriceTaxIncl: row.unit_price_tax_incl,
      totalTaxExclMinor: total.taxExcl,
      totalTaxInclMinor: total.taxIncl,
      taxRulesGroupId: row.id_tax_rules_group ?? 0,
      taxes: decideLineTaxes({
        currency,
        quantity: row.product_quantity,
        taxMinor: taxOf(total),
        mix: mixOfLine(row, rows.taxes),
        ecotax: row.ecotax,
        ecotaxRatePercent: row.ecotax_tax_rate,
        groupReductionPercent: row.group_reduction,
        unknown: { name: row.tax_name, ratePercent: row.tax_rate },
      }),
      ecotax: row.ecotax,
      ecotaxRatePercent: row.ecotax_tax_rate,
      customisation: decodeCustomisation(row.id_customization ?? 0, rows.customisations),
      categoryId: row.category_id ?? 0,
    };
  });
}

/** Texts as they are, pictures by their file's name; what lines share comes once. */
function decodeCustomisation(id: number, rows: readonly CustomisationRow[]): string {
  const own = id === 0 ? [] : rows.filter((row) => row.id_customization === id);
  const shown = own.map(
    (row) =>
      [
        `${String(row.type)}:${String(row.index)}`,
        row.type === 1 ? row.value : `picture ${row.value}`,
      ] as const,
  );
  return [...new Map(shown).values()].join("; ");
}

/** Turns a customer's row into the neutral customer. */
export function decodeCustomer(row: CustomerRow): NeutralCustomer {
  return {
    id: shopCustomerId(row.id_customer),
    email: row.email,
    firstName: row.firstname,
    lastName: row.lastname,
    company: row.company ?? "",
    vatNumber: row.vat_number ?? "",
    isGuest: row.is_guest === 1,
  };
}
