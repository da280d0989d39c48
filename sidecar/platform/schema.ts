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
  erpsync_event: EventTable;
  erpsync_job: JobTable;
  erpsync_operation: OperationTable;
  erpsync_attempt: AttemptTable;
  erpsync_sync_log: SyncLogTable;
  erpsync_mapping: MappingTable;
  erpsync_identity: IdentityTable;
  erpsync_epoch: EpochTable;
  erpsync_checkpoint: CheckpointTable;
  erpsync_missed_hook: MissedHookTable;
  erpsync_order_seen: OrderSeenTable;
  erpsync_action: ActionTable;
  erpsync_migration: MigrationTable;
  orders: OrdersTable;
  order_detail: OrderDetailTable;
  order_history: OrderHistoryTable;
  order_payment: OrderPaymentTable;
  customer: CustomerTable;
  address: AddressTable;
  country: CountryTable;
  state: StateTable;
  currency: CurrencyTable;
  carrier: CarrierTable;
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
  "erpsync_event",
  "erpsync_job",
  "erpsync_operation",
  "erpsync_attempt",
  "erpsync_sync_log",
  "erpsync_mapping",
  "erpsync_identity",
  "erpsync_epoch",
  "erpsync_checkpoint",
  "erpsync_missed_hook",
  "erpsync_order_seen",
  "erpsync_action",
  "erpsync_migration",
  "orders",
  "order_detail",
  "order_history",
  "order_payment",
  "customer",
  "address",
  "country",
  "state",
  "currency",
  "carrier",
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
  erp_ref: Optional<string>;
  ambiguous_at: NullableTime;
  replaced: Defaulted<number>;
  sent_at: NullableTime;
  shop_state: Optional<number>;
  created_at: Time;
  acknowledged_at: NullableTime;
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

export interface ActionTable {
  id: Generated<number>;
  at: Time;
  actor: string;
  action: string;
  subject: string;
  reason: string;
}

export interface MigrationTable {
  id: number;
  name: string;
  checksum: string;
  started_at: Time;
  finished_at: NullableTime;
}

export interface OrdersTable {
  id_order: number;
  reference: string;
  id_shop: number;
  id_customer: number;
  id_currency: number;
  id_carrier: number;
  id_address_delivery: number;
  id_address_invoice: number;
  current_state: number;
  secure_key: string;
  payment: string;
  conversion_rate: string;
  total_paid_tax_excl: string;
  total_paid_tax_incl: string;
  total_shipping_tax_excl: string;
  total_shipping_tax_incl: string;
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
  unit_price_tax_excl: string;
  total_price_tax_excl: string;
  total_price_tax_incl: string;
}

export interface OrderHistoryTable {
  id_order_history: number;
  id_order: number;
  id_order_state: number;
}

export interface OrderPaymentTable {
  id_order_payment: number;
  order_reference: string | null;
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
  name: string;
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
