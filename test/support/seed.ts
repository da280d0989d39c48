import mysql from "mysql2/promise";
import type { RoundType } from "./price-order.ts";

/** How large the shop is; everything is numbered from 1 and the same in each run. */
export interface SeedOptions {
  /** Products 1 … n without combinations. */
  readonly simpleProducts?: number;
  /** Products after them, each with `combinationsEach` combinations. */
  readonly combinedProducts?: number;
  readonly combinationsEach?: number;
  /** Customers 1 … n, in France, Germany and the United States in turn; address n belongs to customer n. */
  readonly customers?: number;
  /** Opening quantity of every product row without combinations and of every combination. */
  readonly stockUnits?: number;
  /** PS_ROUND_TYPE: 1 rounds each unit, 2 each line (as a fresh shop does), 3 the total. */
  readonly roundType?: RoundType;
  readonly shopDomain?: string;
  /** The module's secret, at least 32 characters. */
  readonly moduleSecret?: string;
  readonly shopKey?: string;
}

export const SEED_DEFAULTS = {
  simpleProducts: 20,
  combinedProducts: 5,
  combinationsEach: 3,
  customers: 9,
  stockUnits: 1000,
  roundType: 2,
  shopDomain: "shop.test",
  moduleSecret: "a-secret-for-tests-only-0123456789abcdef",
  shopKey: "main",
} as const satisfies Required<SeedOptions>;

export const SHOP_ID = 1;
export const SHOP_GROUP_ID = 1;
export const LANG_ID = 1;
export const TAX_RULES_GROUP_ID = 1;
export const CARRIER_ID = 2;

/** The shop's order states, with PrestaShop's own numbers. */
export const ORDER_STATE = {
  awaitingCheck: 1,
  paymentAccepted: 2,
  processing: 3,
  shipped: 4,
  delivered: 5,
  cancelled: 6,
  refunded: 7,
  paymentError: 8,
  backorderPaid: 9,
  awaitingWire: 10,
  remotePayment: 11,
  backorderUnpaid: 12,
  awaitingCashOnDelivery: 13,
} as const;

export type CurrencyIso = "EUR" | "USD" | "JPY";

/** Currencies as the shop holds them; the rate is units of it for one of the default currency. */
export const CURRENCIES: Readonly<
  Record<CurrencyIso, { readonly id: number; readonly decimals: number; readonly conversionRate: number }>
> = {
  EUR: { id: 1, decimals: 2, conversionRate: 1 },
  USD: { id: 2, decimals: 2, conversionRate: 1.1 },
  JPY: { id: 3, decimals: 0, conversionRate: 160 },
};

/** Countries under PrestaShop's own ids; the tax is that of the one rules group in use, none for exports. */
const COUNTRIES = [
  {
    id: 8,
    iso: "FR",
    name: "France",
    zone: 1,
    call: 33,
    states: 0,
    taxId: 1,
    taxPercent: 20,
    city: "Lyon",
    postcode: "69002",
  },
  {
    id: 1,
    iso: "DE",
    name: "Germany",
    zone: 1,
    call: 49,
    states: 0,
    taxId: 2,
    taxPercent: 19,
    city: "Köln",
    postcode: "50667",
  },
  {
    id: 21,
    iso: "US",
    name: "United States",
    zone: 2,
    call: 1,
    states: 1,
    taxId: 0,
    taxPercent: 0,
    city: "Albany",
    postcode: "12207",
  },
] as const;

const STATES = [
  { id: 8, name: "California", iso: "CA" },
  { id: 35, name: "New York", iso: "NY" },
] as const;

/** Columns: id, name, colour, invoice, logable, delivery, shipped, paid, module. */
const ORDER_STATES = [
  [1, "Awaiting check payment", "#34209E", 0, 0, 0, 0, 0, "ps_checkpayment"],
  [2, "Payment accepted", "#3498D8", 1, 1, 0, 0, 1, ""],
  [3, "Processing in progress", "#3498D8", 1, 1, 1, 0, 1, ""],
  [4, "Shipped", "#01B887", 1, 1, 1, 1, 1, ""],
  [5, "Delivered", "#01B887", 1, 1, 1, 1, 1, ""],
  [6, "Canceled", "#2C3E50", 0, 0, 0, 0, 0, ""],
  [7, "Refunded", "#01B887", 1, 0, 0, 0, 0, ""],
  [8, "Payment error", "#E74C3C", 0, 0, 0, 0, 0, ""],
  [9, "On backorder (paid)", "#3498D8", 1, 0, 0, 0, 1, ""],
  [10, "Awaiting bank wire payment", "#34209E", 0, 0, 0, 0, 0, "ps_wirepayment"],
  [11, "Remote payment accepted", "#3498D8", 1, 1, 0, 0, 1, ""],
  [12, "On backorder (not paid)", "#34209E", 0, 0, 0, 0, 0, ""],
  [13, "Awaiting Cash On Delivery validation", "#34209E", 0, 0, 0, 0, 0, "ps_cashondelivery"],
] as const;

/** The hooks that the module registers on; a test that switches one off deletes its row in hook_module. */
export const MODULE_HOOKS = [
  "actionObjectOrderAddBefore",
  "actionObjectOrderAddAfter",
  "actionObjectOrderHistoryAddBefore",
  "actionObjectOrderHistoryAddAfter",
  "actionObjectOrderUpdateAfter",
  "actionObjectOrderDetailAddAfter",
  "actionObjectOrderDetailUpdateAfter",
  "actionObjectOrderDetailDeleteAfter",
  "actionObjectOrderPaymentAddAfter",
  "actionObjectOrderCarrierUpdateAfter",
  "actionObjectOrderSlipAddAfter",
  "actionObjectCustomerUpdateAfter",
  "actionObjectAddressUpdateAfter",
  "actionProductUpdate",
  "actionUpdateQuantity",
  "actionValidateOrder",
] as const;

const NOW = "2026-11-01 08:00:00";

/** The seed as one text of many statements, to be sent in one round trip. */
export function seedSql(prefix: string, options: SeedOptions = {}): string {
  const size = { ...SEED_DEFAULTS, ...options };
  return [
    ...shopRows(prefix, size),
    ...placeRows(prefix),
    ...orderStateRows(prefix),
    ...catalogueRows(prefix, size),
    ...customerRows(prefix, size),
  ].join(";\n");
}

/** The combination ids of a seeded product; empty for one without combinations. */
export function combinationIds(productId: number, options: SeedOptions = {}): readonly number[] {
  const size = { ...SEED_DEFAULTS, ...options };
  const index = productId - size.simpleProducts - 1;
  if (index < 0 || index >= size.combinedProducts) return [];
  return range(size.combinationsEach).map((n) => index * size.combinationsEach + n);
}

type Size = Required<SeedOptions>;
type Value = string | number | null;

function insert(prefix: string, table: string, columns: string, rows: Value[][]): string {
  const names = columns.split(",").map((name) => name.trim());
  return mysql.format("INSERT INTO ?? (??) VALUES ?", [prefix + table, names, rows]);
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function shopRows(prefix: string, size: Size): readonly string[] {
  const settings: Record<string, string> = {
    PS_SHOP_NAME: "Test shop",
    PS_SHOP_DOMAIN: size.shopDomain,
    PS_SHOP_DOMAIN_SSL: size.shopDomain,
    PS_VERSION_DB: "8.2.1",
    PS_LANG_DEFAULT: "1",
    PS_CURRENCY_DEFAULT: "1",
    PS_COUNTRY_DEFAULT: "8",
    PS_CARRIER_DEFAULT: "2",
    PS_TIMEZONE: "Europe/Paris",
    PS_ROUND_TYPE: String(size.roundType),
    PS_PRICE_ROUND_MODE: "2",
    PS_TAX: "1",
    PS_TAX_ADDRESS_TYPE: "id_address_delivery",
    PS_INVOICE: "1",
    PS_STOCK_MANAGEMENT: "1",
    PS_ORDER_OUT_OF_STOCK: "0",
    PS_PACK_STOCK_TYPE: "0",
    PS_ADVANCED_STOCK_MANAGEMENT: "0",
    PS_OS_CHEQUE: "1",
    PS_OS_PAYMENT: "2",
    PS_OS_PREPARATION: "3",
    PS_OS_SHIPPING: "4",
    PS_OS_DELIVERED: "5",
    PS_OS_CANCELED: "6",
    PS_OS_REFUND: "7",
    PS_OS_ERROR: "8",
    PS_OS_OUTOFSTOCK: "9",
    PS_OS_BANKWIRE: "10",
    PS_OS_WS_PAYMENT: "11",
    PS_STOCK_CUSTOMER_ORDER_REASON: "3",
    PS_STOCK_CUSTOMER_ORDER_CANCEL_REASON: "8",
    ERPSYNC_SECRET: size.moduleSecret,
    ERPSYNC_SHOP_KEY: size.shopKey,
    ERPSYNC_CAPTURE_ORDERS: "1",
    ERPSYNC_CAPTURE_STOCK: "1",
    ERPSYNC_CAPTURE_PRODUCTS: "1",
    ERPSYNC_LOCK_CHECKOUT: "1",
  };
  return [
    insert(
      prefix,
      "shop_group",
      "id_shop_group, name, color, share_customer, share_order, share_stock, active, deleted",
      [[SHOP_GROUP_ID, "Default", "", 0, 0, 0, 1, 0]],
    ),
    insert(prefix, "shop", "id_shop, id_shop_group, name, color, id_category, theme_name, active, deleted", [
      [SHOP_ID, SHOP_GROUP_ID, "Test shop", "", 2, "classic", 1, 0],
    ]),
    insert(prefix, "shop_url", "id_shop, domain, domain_ssl, physical_uri, virtual_uri, main, active", [
      [SHOP_ID, size.shopDomain, size.shopDomain, "/", "", 1, 1],
    ]),
    insert(
      prefix,
      "lang",
      "id_lang, name, active, iso_code, language_code, locale, date_format_lite, date_format_full, is_rtl",
      [
        [1, "English", 1, "en", "en-us", "en-US", "m/d/Y", "m/d/Y H:i:s", 0],
        [2, "Français", 1, "fr", "fr-fr", "fr-FR", "d/m/Y", "d/m/Y H:i:s", 0],
      ],
    ),
    insert(prefix, "lang_shop", "id_lang, id_shop", [
      [1, SHOP_ID],
      [2, SHOP_ID],
    ]),
    insert(prefix, "currency", "id_currency, name, iso_code, numeric_iso_code, precision, conversion_rate", [
      [1, "Euro", "EUR", "978", 2, 1],
      [2, "US Dollar", "USD", "840", 2, CURRENCIES.USD.conversionRate],
      [3, "Japanese Yen", "JPY", "392", 0, CURRENCIES.JPY.conversionRate],
    ]),
    insert(prefix, "currency_lang", "id_currency, id_lang, name, symbol", [
      [1, 1, "Euro", "€"],
      [2, 1, "US Dollar", "$"],
      [3, 1, "Japanese Yen", "¥"],
    ]),
    insert(prefix, "currency_shop", "id_currency, id_shop, conversion_rate", [
      [1, SHOP_ID, 1],
      [2, SHOP_ID, CURRENCIES.USD.conversionRate],
      [3, SHOP_ID, CURRENCIES.JPY.conversionRate],
    ]),
    insert(
      prefix,
      "configuration",
      "name, value, date_add, date_upd",
      Object.entries(settings).map(([name, value]) => [name, value, NOW, NOW]),
    ),
    insert(
      prefix,
      "employee",
      "id_employee, id_profile, id_lang, lastname, firstname, email, passwd, active",
      [[1, 1, 1, "Admin", "Ada", "admin@shop.test", "", 1]],
    ),
    insert(prefix, "module", "id_module, name, active, version", [
      [1, "ps_wirepayment", 1, "2.2.0"],
      [2, "erpsync", 1, "0.1.0"],
    ]),
    insert(prefix, "module_shop", "id_module, id_shop", [
      [1, SHOP_ID],
      [2, SHOP_ID],
    ]),
    insert(
      prefix,
      "hook",
      "id_hook, name, title",
      MODULE_HOOKS.map((name, index) => [index + 1, name, name]),
    ),
    insert(
      prefix,
      "hook_module",
      "id_module, id_shop, id_hook, position",
      MODULE_HOOKS.map((_, index) => [2, SHOP_ID, index + 1, 1]),
    ),
    insert(prefix, "stock_mvt_reason", "id_stock_mvt_reason, sign, date_add, date_upd", [
      [1, 1, NOW, NOW],
      [3, -1, NOW, NOW],
      [8, 1, NOW, NOW],
      [11, 1, NOW, NOW],
      [12, -1, NOW, NOW],
    ]),
  ];
}

function placeRows(prefix: string): readonly string[] {
  const taxed = COUNTRIES.filter((country) => country.taxId > 0);
  return [
    insert(prefix, "zone", "id_zone, name, active", [
      [1, "Europe", 1],
      [2, "North America", 1],
    ]),
    insert(
      prefix,
      "country",
      "id_country, id_zone, iso_code, call_prefix, active, contains_states, display_tax_label",
      COUNTRIES.map((country) => [country.id, country.zone, country.iso, country.call, 1, country.states, 1]),
    ),
    insert(
      prefix,
      "country_lang",
      "id_country, id_lang, name",
      COUNTRIES.map((country) => [country.id, LANG_ID, country.name]),
    ),
    insert(
      prefix,
      "state",
      "id_state, id_country, id_zone, name, iso_code, active",
      STATES.map((state) => [state.id, 21, 2, state.name, state.iso, 1]),
    ),
    insert(
      prefix,
      "tax",
      "id_tax, rate, active",
      taxed.map((country) => [country.taxId, country.taxPercent, 1]),
    ),
    insert(
      prefix,
      "tax_lang",
      "id_tax, id_lang, name",
      taxed.map((country) => [country.taxId, LANG_ID, `VAT ${country.iso} ${country.taxPercent}%`]),
    ),
    insert(prefix, "tax_rules_group", "id_tax_rules_group, name, active, deleted, date_add, date_upd", [
      [TAX_RULES_GROUP_ID, "Standard rate", 1, 0, NOW, NOW],
    ]),
    insert(prefix, "tax_rules_group_shop", "id_tax_rules_group, id_shop", [[TAX_RULES_GROUP_ID, SHOP_ID]]),
    insert(
      prefix,
      "tax_rule",
      "id_tax_rules_group, id_country, id_state, zipcode_from, zipcode_to, id_tax, behavior, description",
      taxed.map((country) => [TAX_RULES_GROUP_ID, country.id, 0, "0", "0", country.taxId, 0, ""]),
    ),
    insert(prefix, "carrier", "id_carrier, id_reference, name, active, is_free, shipping_method, position", [
      [1, 1, "0", 1, 1, 0, 0],
      [2, 2, "My carrier", 1, 0, 1, 1],
      [3, 3, "Express", 1, 0, 1, 2],
    ]),
    insert(prefix, "carrier_lang", "id_carrier, id_shop, id_lang, delay", [
      [1, SHOP_ID, LANG_ID, "Pick up in-store"],
      [2, SHOP_ID, LANG_ID, "Delivery next day!"],
      [3, SHOP_ID, LANG_ID, "Within 24 hours"],
    ]),
    insert(prefix, "carrier_shop", "id_carrier, id_shop", [
      [1, SHOP_ID],
      [2, SHOP_ID],
      [3, SHOP_ID],
    ]),
  ];
}

function orderStateRows(prefix: string): readonly string[] {
  return [
    insert(
      prefix,
      "order_state",
      "id_order_state, color, invoice, logable, delivery, shipped, paid, module_name, send_email, unremovable",
      ORDER_STATES.map(([id, , color, invoice, logable, delivery, shipped, paid, module]) => [
        id,
        color,
        invoice,
        logable,
        delivery,
        shipped,
        paid,
        module,
        1,
        1,
      ]),
    ),
    insert(
      prefix,
      "order_state_lang",
      "id_order_state, id_lang, name, template",
      ORDER_STATES.map(([id, name]) => [id, LANG_ID, name, ""]),
    ),
  ];
}

function catalogueRows(prefix: string, size: Size): readonly string[] {
  const products = range(size.simpleProducts + size.combinedProducts);
  const combinations = products.flatMap((productId) =>
    combinationIds(productId, size).map((attributeId, index) => ({ productId, attributeId, index })),
  );
  const padded = (productId: number): string => String(productId).padStart(4, "0");
  const price = (productId: number): number => 10 + (productId % 50) + 0.9;
  const isCombined = (productId: number): boolean => productId > size.simpleProducts;
  const statements = [
    insert(
      prefix,
      "category",
      "id_category, id_parent, level_depth, nleft, nright, active, date_add, date_upd, is_root_category",
      [
        [1, 0, 0, 1, 6, 1, NOW, NOW, 0],
        [2, 1, 1, 2, 5, 1, NOW, NOW, 1],
        [3, 2, 2, 3, 4, 1, NOW, NOW, 0],
      ],
    ),
    insert(prefix, "category_lang", "id_category, id_shop, id_lang, name, link_rewrite", [
      [1, SHOP_ID, LANG_ID, "Root", "root"],
      [2, SHOP_ID, LANG_ID, "Home", "home"],
      [3, SHOP_ID, LANG_ID, "Clothes", "clothes"],
    ]),
    insert(prefix, "category_shop", "id_category, id_shop", [
      [1, SHOP_ID],
      [2, SHOP_ID],
      [3, SHOP_ID],
    ]),
  ];
  if (products.length === 0) return statements;
  const stock: Value[][] = products.map((productId) => {
    const units = isCombined(productId) ? size.stockUnits * size.combinationsEach : size.stockUnits;
    return [productId, 0, SHOP_ID, 0, units, units, 2];
  });
  for (const { productId, attributeId } of combinations) {
    stock.push([productId, attributeId, SHOP_ID, 0, size.stockUnits, size.stockUnits, 2]);
  }
  const defaultCombination = (productId: number): number => combinationIds(productId, size)[0] ?? 0;
  statements.push(
    insert(
      prefix,
      "product",
      "id_product, id_category_default, id_tax_rules_group, price, wholesale_price, reference, ean13, weight, active, state, product_type, cache_default_attribute, date_add, date_upd",
      products.map((productId) => [
        productId,
        3,
        TAX_RULES_GROUP_ID,
        price(productId),
        5,
        `SKU-${padded(productId)}`,
        `400000000${padded(productId)}`,
        0.3,
        1,
        1,
        isCombined(productId) ? "combinations" : "standard",
        defaultCombination(productId),
        NOW,
        NOW,
      ]),
    ),
    insert(
      prefix,
      "product_shop",
      "id_product, id_shop, id_category_default, id_tax_rules_group, price, wholesale_price, active, cache_default_attribute, date_add, date_upd",
      products.map((productId) => [
        productId,
        SHOP_ID,
        3,
        TAX_RULES_GROUP_ID,
        price(productId),
        5,
        1,
        defaultCombination(productId),
        NOW,
        NOW,
      ]),
    ),
    insert(
      prefix,
      "product_lang",
      "id_product, id_shop, id_lang, name, link_rewrite",
      products.map((productId) => [
        productId,
        SHOP_ID,
        LANG_ID,
        `Product ${productId}`,
        `product-${productId}`,
      ]),
    ),
    insert(
      prefix,
      "category_product",
      "id_category, id_product, position",
      products.map((productId) => [3, productId, productId]),
    ),
    insert(
      prefix,
      "stock_available",
      "id_product, id_product_attribute, id_shop, id_shop_group, quantity, physical_quantity, out_of_stock",
      stock,
    ),
  );
  if (combinations.length > 0) {
    statements.push(
      insert(
        prefix,
        "product_attribute",
        "id_product_attribute, id_product, reference, price, weight, default_on",
        combinations.map(({ productId, attributeId, index }) => [
          attributeId,
          productId,
          `SKU-${padded(productId)}-${index + 1}`,
          index,
          0,
          index === 0 ? 1 : null,
        ]),
      ),
      insert(
        prefix,
        "product_attribute_shop",
        "id_product, id_product_attribute, id_shop, price, default_on",
        combinations.map(({ productId, attributeId, index }) => [
          productId,
          attributeId,
          SHOP_ID,
          index,
          index === 0 ? 1 : null,
        ]),
      ),
    );
  }
  return statements;
}

function customerRows(prefix: string, size: Size): readonly string[] {
  const customers = range(size.customers);
  if (customers.length === 0) return [];
  return [
    insert(
      prefix,
      "customer",
      "id_customer, id_gender, id_default_group, id_lang, firstname, lastname, email, passwd, secure_key, active, date_add, date_upd",
      customers.map((id) => [
        id,
        1,
        3,
        LANG_ID,
        "Camille",
        `Customer ${id}`,
        `customer${id}@example.com`,
        "",
        id.toString(16).padStart(32, "0"),
        1,
        NOW,
        NOW,
      ]),
    ),
    insert(
      prefix,
      "customer_group",
      "id_customer, id_group",
      customers.map((id) => [id, 3]),
    ),
    insert(
      prefix,
      "address",
      "id_address, id_country, id_state, id_customer, alias, company, lastname, firstname, address1, address2, postcode, city, phone, vat_number, date_add, date_upd",
      customers.map((id) => {
        const country = COUNTRIES[(id - 1) % COUNTRIES.length] ?? COUNTRIES[0];
        const stateId = country.states === 1 ? 35 : 0;
        const company = id % 4 === 0 ? `Company ${id}` : "";
        return [
          id,
          country.id,
          stateId,
          id,
          "My address",
          company,
          `Customer ${id}`,
          "Camille",
          `${id} Main street`,
          "",
          country.postcode,
          country.city,
          "0102030405",
          company === "" ? "" : `${country.iso}${String(id).padStart(9, "0")}`,
          NOW,
          NOW,
        ];
      }),
    ),
  ];
}
