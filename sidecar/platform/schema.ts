import type { ColumnType, Generated } from "kysely";

/**
 * Row types of all tables that statements touch, without the shop's prefix: `platform/database.ts` adds it. The
 * erpsync tables follow db/migrations and the module's install.sql (a test compares them with a migrated
 * database); of the shop's own tables only the columns that are read are listed.
 * DATETIME(6) is text, `YYYY-MM-DD HH:MM:SS.ffffff`, always UTC in our tables.
 */
export interface Tables {
  erpsync_outbox: OutboxTable;
  erpsync_confirmation: ConfirmationTable;
  erpsync_command: CommandTable;
  erpsync_nonce: NonceTable;
  erpsync_parcel: ParcelTable;
  erpsync_event: EventTable;
  erpsync_job: JobTable;
  erpsync_operation: OperationTable;
  erpsync_attempt: AttemptTable;
  erpsync_sync_log: SyncLogTable;
  erpsync_mapping: MappingTable;
  erpsync_mapping_entry: MappingEntryTable;
  erpsync_mapping_revision: MappingRevisionTable;
  erpsync_progress: ProgressTable;
  erpsync_cursor: CursorTable;
  erpsync_identity: IdentityTable;
  erpsync_epoch: EpochTable;
  erpsync_checkpoint: CheckpointTable;
  erpsync_missed_hook: MissedHookTable;
  erpsync_order_seen: OrderSeenTable;
  erpsync_order_check: OrderCheckTable;
  erpsync_order_reconciliation: OrderReconciliationTable;
  erpsync_action: ActionTable;
  erpsync_stock_inbox: StockInboxTable;
  erpsync_stock_pass: StockPassTable;
  erpsync_stock_check: StockCheckTable;
  erpsync_stock_row: StockRowTable;
  erpsync_stock_movement: StockMovementTable;
  erpsync_stock_line: StockLineTable;
  erpsync_stock_write: StockWriteTable;
  erpsync_stock_discrepancy: StockDiscrepancyTable;
  erpsync_stock_snapshot: StockSnapshotTable;
  erpsync_stock_buffer: StockBufferTable;
  erpsync_stock_announcement: StockAnnouncementTable;
  erpsync_stock_reconciliation: StockReconciliationTable;
  erpsync_migration: MigrationTable;
  stock_available: StockAvailableTable;
  stock_mvt: StockMvtTable;
  pack: PackTable;
  product: ProductTable;
  product_attribute: ProductAttributeTable;
  product_shop: ProductShopTable;
  shop: ShopTable;
  shop_group: ShopGroupTable;
  orders: OrdersTable;
  order_detail: OrderDetailTable;
  order_detail_tax: OrderDetailTaxTable;
  order_cart_rule: OrderCartRuleTable;
  order_history: OrderHistoryTable;
  order_state: OrderStateTable;
  order_payment: OrderPaymentTable;
  order_slip: OrderSlipTable;
  order_slip_detail: OrderSlipDetailTable;
  order_invoice: OrderInvoiceTable;
  customer: CustomerTable;
  address: AddressTable;
  country: CountryTable;
  state: StateTable;
  currency: CurrencyTable;
  carrier: CarrierTable;
  tax: TaxTable;
  tax_lang: TaxLangTable;
  cart_rule: CartRuleTable;
  customized_data: CustomizedDataTable;
  configuration: ConfigurationTable;
  shop_url: ShopUrlTable;
  module: ModuleTable;
  module_shop: ModuleShopTable;
  hook: HookTable;
  hook_module: HookModuleTable;
}

/** The tables' names, which `platform/database.ts` puts the prefix before; an alias is none of them. */
export const TABLE_NAMES: ReadonlySet<string> = new Set<keyof Tables>([
  "erpsync_outbox",
  "erpsync_confirmation",
  "erpsync_command",
  "erpsync_nonce",
  "erpsync_parcel",
  "erpsync_event",
  "erpsync_job",
  "erpsync_operation",
  "erpsync_attempt",
  "erpsync_sync_log",
  "erpsync_mapping",
  "erpsync_mapping_entry",
  "erpsync_mapping_revision",
  "erpsync_progress",
  "erpsync_cursor",
  "erpsync_identity",
  "erpsync_epoch",
  "erpsync_checkpoint",
  "erpsync_missed_hook",
  "erpsync_order_seen",
  "erpsync_order_check",
  "erpsync_order_reconciliation",
  "erpsync_action",
  "erpsync_stock_inbox",
  "erpsync_stock_pass",
  "erpsync_stock_check",
  "erpsync_stock_row",
  "erpsync_stock_movement",
  "erpsync_stock_line",
  "erpsync_stock_write",
  "erpsync_stock_discrepancy",
  "erpsync_stock_snapshot",
  "erpsync_stock_buffer",
  "erpsync_stock_announcement",
  "erpsync_stock_reconciliation",
  "erpsync_migration",
  "stock_available",
  "stock_mvt",
  "pack",
  "product",
  "product_attribute",
  "product_shop",
  "shop",
  "shop_group",
  "orders",
  "order_detail",
  "order_detail_tax",
  "order_cart_rule",
  "order_history",
  "order_state",
  "order_payment",
  "order_slip",
  "order_slip_detail",
  "order_invoice",
  "customer",
  "address",
  "country",
  "state",
  "currency",
  "carrier",
  "tax",
  "tax_lang",
  "cart_rule",
  "customized_data",
  "configuration",
  "shop_url",
  "module",
  "module_shop",
  "hook",
  "hook_module",
]);

/** A time column: text out, text or an SQL expression in. */
type Time = ColumnType<string, string, string>;
type NullableTime = ColumnType<string | null, string | null, string | null>;
/** A nullable column that an INSERT may leave out. */
type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;
/** A column with a default in the database. */
type Defaulted<T> = ColumnType<T, T | undefined, T>;

export interface OutboxTable {
  id: Generated<number>;
  event_id: string;
  type: string;
  version: number;
  subject: string;
  id_shop: number;
  occurred_at: Time;
  traceparent: string;
  payload: string | null;
}

export interface ConfirmationTable {
  id_order: number;
  erp: string;
  external_id: string;
  erp_ref: string;
  confirmed_at: Time;
}

export interface CommandTable {
  command_id: string;
  type: string;
  state: string;
  result: string | null;
  started_at: Time;
  finished_at: NullableTime;
}

export interface NonceTable {
  nonce: string;
  seen_at: Time;
}

export interface ParcelTable {
  id_order: number;
  ref: string;
  id_order_carrier: number;
  tracking_number: string;
}

export interface EventTable {
  event_id: string;
  type: string;
  version: number;
  subject: string;
  id_shop: number;
  occurred_at: Time;
  ingested_at: Time;
  traceparent: string | null;
  payload: string | null;
}

export interface JobTable {
  subject: string;
  lane: string;
  state: string;
  priority: Defaulted<number>;
  generation: Defaulted<number>;
  claimed_generation: Defaulted<number>;
  claim_token: Optional<string>;
  claimed_by: Optional<string>;
  lease_until: NullableTime;
  attempts: Defaulted<number>;
  plan_hash: Optional<string>;
  run_at: Time;
  waits_for: Optional<string>;
  reason_code: Optional<string>;
  reason: Optional<string>;
  held_since: NullableTime;
  alarmed_at: NullableTime;
  requested: Defaulted<number>;
  released: Defaulted<number>;
  flagged: Defaulted<number>;
  traceparent: Optional<string>;
  created_at: Time;
  updated_at: Time;
}

export interface OperationTable {
  op_key: string;
  subject: string;
  number: number;
  kind: string;
  external_id: string;
  state: string;
  body: Buffer;
  body_hash: string;
  content_hash: Optional<string>;
  erp_ref: Optional<string>;
  ambiguous_at: NullableTime;
  replaced: Defaulted<number>;
  sent_at: NullableTime;
  shop_state: Optional<number>;
  money: Optional<number>;
  created_at: Time;
  acknowledged_at: NullableTime;
  erased_at: NullableTime;
}

export interface AttemptTable {
  id: Generated<number>;
  subject: string;
  op_key: string | null;
  direction: string;
  purpose: string;
  outcome: string;
  message: string | null;
  method: string;
  path: string;
  status: number;
  request: Buffer | null;
  request_hash: string;
  answer: Buffer | null;
  answer_hash: string;
  took_ms: number;
  actor: string;
  ended_at: Time;
}

export interface SyncLogTable {
  id: Generated<number>;
  resource: string;
  external_id: string;
  operation: string;
  source_event_id: string;
  erp_ref: string;
  body_hash: string;
  at: Time;
}

export interface MappingTable {
  kind: string;
  shop_key: string;
  external_id: string;
  erp_ref: string;
  fingerprint: string | null;
  origin: string;
  updated_at: Time;
}

export interface MappingEntryTable {
  kind: string;
  selector: string;
  first_day: string;
  last_day: string;
  erp_ref: string;
  updated_at: Time;
}

export interface MappingRevisionTable {
  kind: string;
  revision: number;
  changed_at: Time;
}

export interface ProgressTable {
  id_order: number;
  erp_ref: string;
  stage: string;
  parcels: string;
  invoice_numbers: string;
  content_hash: string;
  changed_at: Time;
}

export interface CursorTable {
  feed: string;
  mark: string;
  updated_at: Time;
}

export interface IdentityTable {
  id: number;
  installation: string;
  server: string;
  shop_url: string;
  order_high_water: number;
  customer_high_water: number;
  export_after_order: number;
  stopped_code: Optional<string>;
  stopped_reason: Optional<string>;
  seen_at: Time;
}

export interface EpochTable {
  number: number;
  first_order_id: number;
  first_customer_id: number;
  opened_at: Time;
}

export interface CheckpointTable {
  name: string;
  server: string;
  file: string;
  position: number;
  gtid_set: string;
  updated_at: Time;
}

export interface MissedHookTable {
  day: ColumnType<string, string, string>;
  cause: string;
  orders: number;
  last_order: number;
}

export interface OrderSeenTable {
  id_order: number;
  content_hash: string;
  seen_at: Time;
}

export interface OrderCheckTable {
  id_order: number;
  checked_at: Time;
  currency: string;
  decimals: number;
  shop_state: number;
  shop_customer: number;
  shop_excl: number;
  shop_incl: number;
  shop_paid: number;
  shop_credited: number;
  reference_paid: number;
  erp_ref: string | null;
  erp_customer: string | null;
  erp_cancelled: number | null;
  erp_excl: number | null;
  erp_incl: number | null;
  erp_paid: number | null;
  erp_credited: number | null;
  kinds: string | null;
  author: string | null;
  differences: string | null;
  first_seen_at: NullableTime;
  agreed_at: NullableTime;
  agreed: string | null;
}

export interface OrderReconciliationTable {
  id: Generated<number>;
  state: string;
  scope: string;
  compared: Defaulted<number>;
  differing: Defaulted<number>;
  waiting: Defaulted<number>;
  reason: Optional<string>;
  detail: Optional<string>;
  actor: string;
  started_at: Time;
  finished_at: NullableTime;
}

export interface ActionTable {
  id: Generated<number>;
  at: Time;
  actor: string;
  action: string;
  subject: string;
  reason: string;
}

export interface StockInboxTable {
  id: Generated<number>;
  committed_at: Time;
  facts: string;
}

export interface StockPassTable {
  id: Generated<number>;
  reason: string;
  change_id: Optional<number>;
  next_order: ColumnType<number | null, number | null | undefined, number | null>;
  next_row: Defaulted<number>;
  begun_at: Time;
  finished_at: NullableTime;
}

export interface StockCheckTable {
  id: Generated<number>;
  pass: number;
  last_order_detail: number;
  observed: string;
  created_at: Time;
}

export interface StockRowTable {
  id_stock_available: number;
  id_product: number;
  id_product_attribute: number;
  id_shop: number;
  id_shop_group: number;
  managed: number;
  opening: number;
  opened_at: Time;
  opened_because: string;
  position: number;
  unsettled: Defaulted<number>;
  unsettled_at: NullableTime;
  changed_at: Time;
  mvt_seen: Defaulted<number>;
  lines_after: Defaulted<number>;
  lines_order: Defaulted<number>;
  lines_at: NullableTime;
  lines_from: Defaulted<number>;
  closed_at: NullableTime;
}

export interface StockMovementTable {
  id: Generated<number>;
  id_stock_available: number;
  change_id: number;
  delta: number;
  quantity_after: number;
  cause: string;
  source: Optional<string>;
  id_order: Optional<number>;
  actor: Optional<string>;
  committed_at: Time;
  read_at: Time;
  explained_at: NullableTime;
}

export interface StockLineTable {
  id_order_detail: number;
  id_stock_available: number;
  id_order: number;
  factor: number;
  whole: number;
  units: number;
  moved: number;
  settled: Defaulted<number>;
  owed: number;
  cause: string;
  change_id: number;
  announced: number;
  doubtful: Defaulted<number>;
  first_seen_at: Time;
  changed_at: Time;
}

export interface StockWriteTable {
  id: Generated<number>;
  source: string;
  id_stock_available: number;
  delta: number;
  quantity_after: number;
  cause: string;
  id_order: Optional<number>;
  actor: string;
  reason: string;
  undoes: Optional<number>;
  at: Time;
}

export interface StockDiscrepancyTable {
  id: Generated<number>;
  kind: string;
  open_key: Optional<string>;
  id_stock_available: number;
  shop_units: Optional<number>;
  ledger_units: Optional<number>;
  erp_units: Optional<number>;
  detail: string;
  found_at: Time;
  resolved_at: NullableTime;
  resolution: Optional<string>;
}

export interface StockSnapshotTable {
  id: Generated<number>;
  kind: string;
  part: Defaulted<string>;
  state: string;
  mark: Optional<string>;
  items: Defaulted<number>;
  unknown: Defaulted<number>;
  absent: Defaulted<number>;
  changed: Defaulted<number>;
  waiting: Defaulted<number>;
  catalogue: Defaulted<number>;
  moves: Defaulted<number>;
  reason: Optional<string>;
  detail: Optional<string>;
  started_at: Time;
  finished_at: NullableTime;
}

export interface StockBufferTable {
  id_product: number;
  id_product_attribute: number;
  units: number;
  updated_at: Time;
}

export interface StockAnnouncementTable {
  id_stock_available: number;
  attempts: Defaulted<number>;
  run_at: Time;
}

export interface StockReconciliationTable {
  id: Generated<number>;
  state: string;
  dry_run: Defaulted<number>;
  rows_compared: Defaulted<number>;
  waiting: Defaulted<number>;
  drifted: Defaulted<number>;
  corrected: Defaulted<number>;
  reason: Optional<string>;
  detail: Optional<string>;
  actor: string;
  started_at: Time;
  finished_at: NullableTime;
}

export interface MigrationTable {
  id: number;
  name: string;
  checksum: string;
  started_at: Time;
  finished_at: NullableTime;
}

export interface StockAvailableTable {
  id_stock_available: number;
  id_product: number;
  id_product_attribute: number;
  id_shop: number;
  id_shop_group: number;
  quantity: number;
  physical_quantity: number;
  reserved_quantity: number;
  depends_on_stock: number;
  out_of_stock: number;
}

export interface StockMvtTable {
  id_stock_mvt: number;
  id_stock: number;
  id_order: number | null;
  id_stock_mvt_reason: number;
  id_employee: number;
  physical_quantity: number;
  sign: number;
}

export interface PackTable {
  id_product_pack: number;
  id_product_item: number;
  id_product_attribute_item: number;
  quantity: number;
}

export interface ProductTable {
  id_product: number;
  id_category_default: number | null;
  reference: string | null;
  /** 0 the pack, 1 its products, 2 both, 3 as PS_PACK_STOCK_TYPE says. */
  pack_stock_type: number;
}

export interface ProductAttributeTable {
  id_product_attribute: number;
  id_product: number;
  reference: string | null;
}

export interface ProductShopTable {
  id_product: number;
  id_shop: number;
  pack_stock_type: number;
}

export interface ShopTable {
  id_shop: number;
  id_shop_group: number;
}

export interface ShopGroupTable {
  id_shop_group: number;
  share_stock: number;
}

export interface OrdersTable {
  id_order: number;
  reference: string;
  id_shop_group: number;
  id_shop: number;
  id_lang: number;
  id_customer: number;
  id_currency: number;
  id_carrier: number;
  id_address_delivery: number;
  id_address_invoice: number;
  current_state: number;
  secure_key: string;
  payment: string;
  module: string | null;
  conversion_rate: string;
  total_products: string;
  total_products_wt: string;
  total_discounts_tax_excl: string;
  total_discounts_tax_incl: string;
  total_wrapping_tax_excl: string;
  total_wrapping_tax_incl: string;
  total_paid_tax_excl: string;
  total_paid_tax_incl: string;
  total_shipping_tax_excl: string;
  total_shipping_tax_incl: string;
  carrier_tax_rate: string;
  round_mode: number;
  round_type: number;
  date_add: string;
  date_upd: string;
}

export interface OrderDetailTable {
  id_order_detail: number;
  id_order: number;
  product_id: number;
  product_attribute_id: number;
  product_reference: string | null;
  product_name: string;
  product_quantity: number;
  product_quantity_reinjected: number;
  id_customization: number | null;
  id_tax_rules_group: number | null;
  tax_computation_method: number;
  tax_name: string;
  tax_rate: string;
  ecotax: string;
  ecotax_tax_rate: string;
  group_reduction: string;
  unit_price_tax_excl: string;
  unit_price_tax_incl: string;
  total_price_tax_excl: string;
  total_price_tax_incl: string;
}

export interface OrderDetailTaxTable {
  id_order_detail: number;
  id_tax: number;
  total_amount: string;
}

export interface OrderCartRuleTable {
  id_order_cart_rule: number;
  id_order: number;
  id_cart_rule: number;
  name: string;
  free_shipping: number;
  deleted: number;
}

export interface OrderHistoryTable {
  id_order_history: number;
  id_order: number;
  id_order_state: number;
}

export interface OrderStateTable {
  id_order_state: number;
  shipped: number;
}

export interface OrderPaymentTable {
  id_order_payment: number;
  order_reference: string | null;
  id_currency: number;
  amount: string;
  payment_method: string;
  conversion_rate: string;
  transaction_id: string | null;
  date_add: string;
}

export interface OrderSlipTable {
  id_order_slip: number;
  id_order: number;
  total_products_tax_excl: string | null;
  total_products_tax_incl: string | null;
  total_shipping_tax_excl: string | null;
  total_shipping_tax_incl: string | null;
  amount: string;
  date_add: string;
}

export interface OrderSlipDetailTable {
  id_order_slip: number;
  id_order_detail: number;
  product_quantity: number;
  unit_price_tax_excl: string | null;
  unit_price_tax_incl: string | null;
  total_price_tax_excl: string | null;
  total_price_tax_incl: string | null;
}

export interface OrderInvoiceTable {
  id_order_invoice: number;
  id_order: number;
  number: number;
}

export interface CustomerTable {
  id_customer: number;
  email: string;
  firstname: string;
  lastname: string;
  company: string | null;
  is_guest: number;
  secure_key: string;
  date_add: string;
}

export interface AddressTable {
  id_address: number;
  id_customer: number;
  id_country: number;
  id_state: number | null;
  company: string | null;
  firstname: string;
  lastname: string;
  address1: string;
  address2: string | null;
  postcode: string | null;
  city: string;
  phone: string | null;
  phone_mobile: string | null;
  vat_number: string | null;
  deleted: number;
}

export interface CountryTable {
  id_country: number;
  iso_code: string;
}

export interface StateTable {
  id_state: number;
  iso_code: string;
}

export interface CurrencyTable {
  id_currency: number;
  iso_code: string;
  precision: number;
}

export interface CarrierTable {
  id_carrier: number;
  id_reference: number;
  name: string;
}

export interface TaxTable {
  id_tax: number;
  rate: string;
}

export interface TaxLangTable {
  id_tax: number;
  id_lang: number;
  name: string;
}

export interface CartRuleTable {
  id_cart_rule: number;
  code: string;
}

export interface CustomizedDataTable {
  id_customization: number;
  type: number;
  index: number;
  value: string;
}

export interface ConfigurationTable {
  name: string;
  value: string | null;
  id_shop: number | null;
  id_shop_group: number | null;
}

export interface ShopUrlTable {
  id_shop_url: number;
  id_shop: number;
  domain: string;
  physical_uri: string;
  virtual_uri: string;
  main: number;
  active: number;
}

export interface ModuleTable {
  id_module: number;
  name: string;
  active: number;
  version: string;
}

export interface ModuleShopTable {
  id_module: number;
  id_shop: number;
}

export interface HookTable {
  id_hook: number;
  name: string;
}

export interface HookModuleTable {
  id_module: number;
  id_shop: number;
  id_hook: number;
}
