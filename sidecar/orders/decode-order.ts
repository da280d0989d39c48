import { DecodeError } from "../domain/errors.ts";
import { shopCustomerId, shopOrderId } from "../domain/ids.ts";
import { type Currency, toMinor } from "../domain/money.ts";
import type { Address, NeutralCustomer, NeutralOrder, OrderLine } from "../domain/order.ts";
import type { AddressRow, CustomerRow, OrderLineRow, OrderRow } from "../shop/order-statements.ts";

/**
 * Turns the shop's rows into the neutral order. Key order is fixed, so that equal orders have equal JSON.
 * @throws DecodeError where a row that an order needs is missing; the job is then parked with the sentence.
 */
export function decodeOrder(
  row: OrderRow,
  addresses: readonly AddressRow[],
  lines: readonly OrderLineRow[],
): NeutralOrder {
  const currency = decodeCurrency(row);
  return {
    id: shopOrderId(row.id_order),
    reference: row.reference,
    shopId: row.id_shop,
    customerId: shopCustomerId(row.id_customer),
    placedAtShopTime: row.date_add,
    currency,
    conversionRate: row.conversion_rate,
    billing: decodeAddress(row, addresses, "billing"),
    delivery: decodeAddress(row, addresses, "delivery"),
    carrierName: row.carrier_name ?? "",
    paymentMethod: row.payment,
    lines: lines.map((line) => decodeLine(line, currency)),
    shippingTaxExclMinor: toMinor(row.total_shipping_tax_excl, currency),
    shippingTaxInclMinor: toMinor(row.total_shipping_tax_incl, currency),
    totalPaidTaxExclMinor: toMinor(row.total_paid_tax_excl, currency),
    totalPaidTaxInclMinor: toMinor(row.total_paid_tax_incl, currency),
  };
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

function decodeLine(row: OrderLineRow, currency: Currency): OrderLine {
  return {
    id: row.id_order_detail,
    productKey: `${String(row.product_id)}:${String(row.product_attribute_id)}`,
    sku: row.product_reference ?? "",
    name: row.product_name,
    quantity: row.product_quantity,
    unitPriceTaxExcl: row.unit_price_tax_excl,
    totalTaxExclMinor: toMinor(row.total_price_tax_excl, currency),
    totalTaxInclMinor: toMinor(row.total_price_tax_incl, currency),
  };
}

/** Turns a customer's row into the neutral customer. */
export function decodeCustomer(row: CustomerRow): NeutralCustomer {
  return {
    id: shopCustomerId(row.id_customer),
    email: row.email,
    firstName: row.firstname,
    lastName: row.lastname,
    company: row.company ?? "",
    isGuest: row.is_guest === 1,
  };
}
