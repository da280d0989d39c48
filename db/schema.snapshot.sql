-- The tables of erpsync as all migrations leave them; test/integration/schema.test.ts compares.

-- erpsync_action
  id bigint unsigned NOT NULL AUTO_INCREMENT
  at datetime(6) NOT NULL
  actor varchar(96) utf8mb4 NOT NULL
  action varchar(64) ascii bin NOT NULL
  subject varchar(96) ascii bin NOT NULL
  reason text utf8mb4 NOT NULL
  KEY erpsync_action_subject (subject,id)
  PRIMARY KEY (id)

-- erpsync_attempt
  id bigint unsigned NOT NULL AUTO_INCREMENT
  subject varchar(96) ascii bin NOT NULL
  op_key varchar(112) ascii bin NULL
  direction varchar(16) ascii bin NOT NULL
  purpose varchar(32) ascii bin NOT NULL
  outcome varchar(64) ascii bin NOT NULL
  message text utf8mb4 NULL
  method varchar(8) ascii bin NOT NULL
  path varchar(512) utf8mb4 NOT NULL
  status smallint unsigned NOT NULL
  request mediumblob NULL
  request_hash char(64) ascii bin NOT NULL
  answer mediumblob NULL
  answer_hash char(64) ascii bin NOT NULL
  took_ms int unsigned NOT NULL
  actor varchar(96) utf8mb4 NOT NULL
  ended_at datetime(6) NOT NULL
  KEY erpsync_attempt_ended (ended_at)
  KEY erpsync_attempt_subject (subject,id)
  PRIMARY KEY (id)

-- erpsync_checkpoint
  name varchar(32) ascii bin NOT NULL
  server varchar(96) utf8mb4 NOT NULL
  file varchar(255) utf8mb4 NOT NULL
  position bigint unsigned NOT NULL
  gtid_set text utf8mb4 NOT NULL
  updated_at datetime(6) NOT NULL
  PRIMARY KEY (name)

-- erpsync_command
  command_id varchar(128) ascii bin NOT NULL
  type varchar(64) ascii bin NOT NULL
  state varchar(16) ascii bin NOT NULL
  result text utf8mb4 NULL
  started_at datetime(6) NOT NULL
  finished_at datetime(6) NULL
  PRIMARY KEY (command_id)

-- erpsync_confirmation
  id_order int unsigned NOT NULL
  erp varchar(32) ascii bin NOT NULL
  external_id varchar(96) ascii bin NOT NULL
  erp_ref varchar(96) utf8mb4 NOT NULL
  confirmed_at datetime(6) NOT NULL
  PRIMARY KEY (id_order)

-- erpsync_cursor
  feed varchar(64) ascii bin NOT NULL
  mark varchar(96) utf8mb4 bin NOT NULL
  updated_at datetime(6) NOT NULL
  PRIMARY KEY (feed)

-- erpsync_epoch
  number int unsigned NOT NULL
  first_order_id int unsigned NOT NULL
  first_customer_id int unsigned NOT NULL
  opened_at datetime(6) NOT NULL
  PRIMARY KEY (number)

-- erpsync_event
  event_id char(36) ascii bin NOT NULL
  type varchar(64) ascii bin NOT NULL
  version smallint unsigned NOT NULL
  subject varchar(96) ascii bin NOT NULL
  id_shop int unsigned NOT NULL
  occurred_at datetime(6) NOT NULL
  ingested_at datetime(6) NOT NULL
  traceparent char(55) ascii bin NULL
  payload text utf8mb4 NULL
  KEY erpsync_event_ingested (ingested_at)
  KEY erpsync_event_subject (subject,occurred_at)
  PRIMARY KEY (event_id)

-- erpsync_identity
  id tinyint unsigned NOT NULL
  installation char(36) ascii bin NOT NULL
  server varchar(96) utf8mb4 NOT NULL
  shop_url varchar(255) utf8mb4 NOT NULL
  order_high_water int unsigned NOT NULL
  customer_high_water int unsigned NOT NULL
  export_after_order int unsigned NOT NULL
  stopped_code varchar(64) ascii bin NULL
  stopped_reason text utf8mb4 NULL
  seen_at datetime(6) NOT NULL
  PRIMARY KEY (id)

-- erpsync_job
  subject varchar(96) ascii bin NOT NULL
  lane varchar(16) ascii bin NOT NULL
  state varchar(16) ascii bin NOT NULL
  priority tinyint unsigned NOT NULL DEFAULT 5
  generation bigint unsigned NOT NULL DEFAULT 1
  claimed_generation bigint unsigned NOT NULL DEFAULT 0
  claim_token char(36) ascii bin NULL
  claimed_by varchar(96) utf8mb4 NULL
  lease_until datetime(6) NULL
  attempts smallint unsigned NOT NULL DEFAULT 0
  plan_hash char(64) ascii bin NULL
  run_at datetime(6) NOT NULL
  waits_for varchar(128) ascii bin NULL
  reason_code varchar(64) ascii bin NULL
  reason text utf8mb4 NULL
  held_since datetime(6) NULL
  alarmed_at datetime(6) NULL
  requested tinyint unsigned NOT NULL DEFAULT 0
  released tinyint unsigned NOT NULL DEFAULT 0
  flagged tinyint unsigned NOT NULL DEFAULT 0
  traceparent char(55) ascii bin NULL
  created_at datetime(6) NOT NULL
  updated_at datetime(6) NOT NULL
  KEY erpsync_job_claim (lane,state,priority,run_at,subject)
  KEY erpsync_job_due (lane,state,run_at)
  KEY erpsync_job_lease (state,lease_until)
  KEY erpsync_job_waits (waits_for)
  PRIMARY KEY (subject)

-- erpsync_mapping
  kind varchar(16) ascii bin NOT NULL
  shop_key varchar(64) ascii bin NOT NULL
  external_id varchar(96) ascii bin NOT NULL
  erp_ref varchar(96) utf8mb4 NOT NULL
  fingerprint varchar(64) ascii bin NULL
  origin varchar(16) ascii bin NOT NULL
  updated_at datetime(6) NOT NULL
  KEY erpsync_mapping_ref (kind,erp_ref)
  PRIMARY KEY (kind,shop_key)

-- erpsync_mapping_entry
  kind varchar(16) ascii bin NOT NULL
  selector varchar(512) utf8mb4 bin NOT NULL
  first_day date NOT NULL
  last_day date NOT NULL
  erp_ref varchar(96) utf8mb4 NOT NULL
  updated_at datetime(6) NOT NULL
  PRIMARY KEY (kind,selector,first_day)

-- erpsync_mapping_revision
  kind varchar(16) ascii bin NOT NULL
  revision bigint unsigned NOT NULL
  changed_at datetime(6) NOT NULL
  PRIMARY KEY (kind)

-- erpsync_migration
  id int unsigned NOT NULL
  name varchar(64) ascii bin NOT NULL
  checksum char(64) ascii bin NOT NULL
  started_at datetime(6) NOT NULL
  finished_at datetime(6) NULL
  PRIMARY KEY (id)

-- erpsync_missed_hook
  day date NOT NULL
  cause varchar(32) ascii bin NOT NULL
  orders int unsigned NOT NULL
  last_order int unsigned NOT NULL
  PRIMARY KEY (day,cause)

-- erpsync_nonce
  nonce char(32) ascii bin NOT NULL
  seen_at datetime(6) NOT NULL
  KEY erpsync_nonce_seen (seen_at)
  PRIMARY KEY (nonce)

-- erpsync_operation
  op_key varchar(112) ascii bin NOT NULL
  subject varchar(96) ascii bin NOT NULL
  number int unsigned NOT NULL
  kind varchar(32) ascii bin NOT NULL
  external_id varchar(96) ascii bin NOT NULL
  state varchar(16) ascii bin NOT NULL
  body mediumblob NOT NULL
  body_hash char(64) ascii bin NOT NULL
  content_hash char(64) ascii bin NULL
  erp_ref varchar(96) utf8mb4 NULL
  ambiguous_at datetime(6) NULL
  replaced tinyint unsigned NOT NULL DEFAULT 0
  sent_at datetime(6) NULL
  shop_state int unsigned NULL
  money tinyint unsigned NULL
  created_at datetime(6) NOT NULL
  acknowledged_at datetime(6) NULL
  erased_at datetime(6) NULL
  KEY erpsync_operation_acknowledged (acknowledged_at)
  KEY erpsync_operation_external (external_id)
  UNIQUE KEY erpsync_operation_number (subject,number)
  PRIMARY KEY (op_key)

-- erpsync_order_check
  id_order int unsigned NOT NULL
  checked_at datetime(6) NOT NULL
  currency char(3) ascii bin NOT NULL
  decimals tinyint unsigned NOT NULL
  shop_state int unsigned NOT NULL
  shop_customer int unsigned NOT NULL
  shop_excl bigint NOT NULL
  shop_incl bigint NOT NULL
  shop_paid bigint NOT NULL
  shop_credited bigint NOT NULL
  reference_paid bigint NOT NULL
  erp_ref varchar(96) utf8mb4 NULL
  erp_customer varchar(96) utf8mb4 NULL
  erp_cancelled tinyint unsigned NULL
  erp_excl bigint NULL
  erp_incl bigint NULL
  erp_paid bigint NULL
  erp_credited bigint NULL
  kinds varchar(128) ascii bin NULL
  author varchar(16) ascii bin NULL
  differences text utf8mb4 NULL
  first_seen_at datetime(6) NULL
  agreed_at datetime(6) NULL
  agreed text utf8mb4 NULL
  KEY erpsync_order_check_kinds (kinds,id_order)
  PRIMARY KEY (id_order)

-- erpsync_order_reconciliation
  id bigint unsigned NOT NULL AUTO_INCREMENT
  state varchar(16) ascii bin NOT NULL
  scope varchar(16) ascii bin NOT NULL
  compared int unsigned NOT NULL DEFAULT 0
  differing int unsigned NOT NULL DEFAULT 0
  waiting int unsigned NOT NULL DEFAULT 0
  reason text utf8mb4 NULL
  detail mediumtext utf8mb4 NULL
  actor varchar(96) utf8mb4 NOT NULL
  started_at datetime(6) NOT NULL
  finished_at datetime(6) NULL
  KEY erpsync_order_reconciliation_state (state,id)
  PRIMARY KEY (id)

-- erpsync_order_seen
  id_order int unsigned NOT NULL
  content_hash char(32) ascii bin NOT NULL
  seen_at datetime(6) NOT NULL
  PRIMARY KEY (id_order)

-- erpsync_outbox
  id bigint unsigned NOT NULL AUTO_INCREMENT
  event_id char(36) ascii bin NOT NULL
  type varchar(64) ascii bin NOT NULL
  version smallint unsigned NOT NULL
  subject varchar(96) ascii bin NOT NULL
  id_shop int unsigned NOT NULL
  occurred_at datetime(6) NOT NULL
  traceparent char(55) ascii bin NOT NULL
  payload text utf8mb4 NULL
  PRIMARY KEY (id)

-- erpsync_parcel
  id_order int unsigned NOT NULL
  ref varchar(96) ascii bin NOT NULL
  id_order_carrier int unsigned NOT NULL
  tracking_number varchar(64) utf8mb4 NOT NULL
  PRIMARY KEY (id_order,ref)

-- erpsync_progress
  id_order int unsigned NOT NULL
  erp_ref varchar(96) utf8mb4 NOT NULL
  stage varchar(16) ascii bin NOT NULL
  parcels mediumtext utf8mb4 NOT NULL
  invoice_numbers mediumtext utf8mb4 NOT NULL
  content_hash char(64) ascii bin NOT NULL
  changed_at datetime(6) NOT NULL
  PRIMARY KEY (id_order)

-- erpsync_stock_announcement
  id_stock_available int unsigned NOT NULL
  attempts smallint unsigned NOT NULL DEFAULT 0
  run_at datetime(6) NOT NULL
  KEY erpsync_stock_announcement_run (run_at)
  PRIMARY KEY (id_stock_available)

-- erpsync_stock_buffer
  id_product int unsigned NOT NULL
  id_product_attribute int unsigned NOT NULL
  units int unsigned NOT NULL
  updated_at datetime(6) NOT NULL
  PRIMARY KEY (id_product,id_product_attribute)

-- erpsync_stock_check
  id bigint unsigned NOT NULL AUTO_INCREMENT
  pass bigint unsigned NOT NULL
  last_order_detail int unsigned NOT NULL
  observed mediumtext ascii bin NOT NULL
  created_at datetime(6) NOT NULL
  PRIMARY KEY (id)

-- erpsync_stock_discrepancy
  id bigint unsigned NOT NULL AUTO_INCREMENT
  kind varchar(24) ascii bin NOT NULL
  open_key varchar(64) ascii bin NULL
  id_stock_available int unsigned NOT NULL
  shop_units int NULL
  ledger_units int NULL
  erp_units int NULL
  detail text utf8mb4 NOT NULL
  found_at datetime(6) NOT NULL
  resolved_at datetime(6) NULL
  resolution varchar(16) ascii bin NULL
  KEY erpsync_stock_discrepancy_found (found_at)
  UNIQUE KEY erpsync_stock_discrepancy_open (open_key)
  KEY erpsync_stock_discrepancy_row (id_stock_available,id)
  PRIMARY KEY (id)

-- erpsync_stock_inbox
  id bigint unsigned NOT NULL AUTO_INCREMENT
  committed_at datetime(3) NOT NULL
  facts mediumtext ascii bin NOT NULL
  PRIMARY KEY (id)

-- erpsync_stock_line
  id_order_detail int unsigned NOT NULL
  id_stock_available int unsigned NOT NULL
  id_order int unsigned NOT NULL
  factor int unsigned NOT NULL
  whole int NOT NULL
  units int NOT NULL
  moved int NOT NULL
  settled int NOT NULL DEFAULT 0
  owed int NOT NULL
  cause varchar(16) ascii bin NOT NULL
  change_id bigint unsigned NOT NULL
  announced tinyint unsigned NOT NULL
  doubtful tinyint unsigned NOT NULL DEFAULT 0
  first_seen_at datetime(6) NOT NULL
  changed_at datetime(6) NOT NULL
  KEY erpsync_stock_line_changed (id_stock_available,changed_at)
  KEY erpsync_stock_line_order (id_order)
  KEY erpsync_stock_line_row (id_stock_available,owed)
  PRIMARY KEY (id_order_detail,id_stock_available)

-- erpsync_stock_movement
  id bigint unsigned NOT NULL AUTO_INCREMENT
  id_stock_available int unsigned NOT NULL
  change_id bigint unsigned NOT NULL
  delta bigint NOT NULL
  quantity_after int NOT NULL
  cause varchar(16) ascii bin NOT NULL
  source varchar(128) ascii bin NULL
  id_order int unsigned NULL
  actor varchar(96) utf8mb4 NULL
  committed_at datetime(3) NOT NULL
  read_at datetime(6) NOT NULL
  explained_at datetime(6) NULL
  KEY erpsync_stock_movement_cause (cause,id_stock_available)
  KEY erpsync_stock_movement_order (id_order)
  KEY erpsync_stock_movement_row (id_stock_available,id)
  UNIQUE KEY erpsync_stock_movement_source (source)
  PRIMARY KEY (id)

-- erpsync_stock_pass
  id bigint unsigned NOT NULL AUTO_INCREMENT
  reason varchar(16) ascii bin NOT NULL
  change_id bigint unsigned NULL
  next_order int unsigned NULL DEFAULT 0
  next_row int unsigned NOT NULL DEFAULT 0
  begun_at datetime(6) NOT NULL
  finished_at datetime(6) NULL
  KEY erpsync_stock_pass_open (finished_at,id)
  PRIMARY KEY (id)

-- erpsync_stock_reconciliation
  id bigint unsigned NOT NULL AUTO_INCREMENT
  state varchar(16) ascii bin NOT NULL
  dry_run tinyint unsigned NOT NULL DEFAULT 0
  rows_compared int unsigned NOT NULL DEFAULT 0
  waiting int unsigned NOT NULL DEFAULT 0
  drifted int unsigned NOT NULL DEFAULT 0
  corrected int unsigned NOT NULL DEFAULT 0
  reason text utf8mb4 NULL
  detail mediumtext utf8mb4 NULL
  actor varchar(96) utf8mb4 NOT NULL
  started_at datetime(6) NOT NULL
  finished_at datetime(6) NULL
  KEY erpsync_stock_reconciliation_state (state,id)
  PRIMARY KEY (id)

-- erpsync_stock_row
  id_stock_available int unsigned NOT NULL
  id_product int unsigned NOT NULL
  id_product_attribute int unsigned NOT NULL
  id_shop int unsigned NOT NULL
  id_shop_group int unsigned NOT NULL
  managed tinyint unsigned NOT NULL
  opening int NOT NULL
  opened_at datetime(6) NOT NULL
  opened_because varchar(16) ascii bin NOT NULL
  position int NOT NULL
  unsettled tinyint unsigned NOT NULL DEFAULT 0
  unsettled_at datetime(6) NULL
  changed_at datetime(6) NOT NULL
  mvt_seen bigint unsigned NOT NULL DEFAULT 0
  lines_after int unsigned NOT NULL DEFAULT 0
  lines_order int unsigned NOT NULL DEFAULT 0
  lines_at datetime(6) NULL
  lines_from bigint unsigned NOT NULL DEFAULT 0
  closed_at datetime(6) NULL
  KEY erpsync_stock_row_product (id_product,id_product_attribute)
  KEY erpsync_stock_row_unsettled (unsettled,changed_at)
  PRIMARY KEY (id_stock_available)

-- erpsync_stock_snapshot
  id bigint unsigned NOT NULL AUTO_INCREMENT
  kind varchar(8) ascii bin NOT NULL
  part varchar(32) ascii bin NOT NULL DEFAULT 
  state varchar(16) ascii bin NOT NULL
  mark text ascii bin NULL
  items int unsigned NOT NULL DEFAULT 0
  unknown int unsigned NOT NULL DEFAULT 0
  absent int unsigned NOT NULL DEFAULT 0
  changed int unsigned NOT NULL DEFAULT 0
  waiting int unsigned NOT NULL DEFAULT 0
  catalogue int unsigned NOT NULL DEFAULT 0
  moves int unsigned NOT NULL DEFAULT 0
  reason text utf8mb4 NULL
  detail mediumtext utf8mb4 NULL
  started_at datetime(6) NOT NULL
  finished_at datetime(6) NULL
  KEY erpsync_stock_snapshot_state (kind,part,state,id)
  PRIMARY KEY (id)

-- erpsync_stock_write
  id bigint unsigned NOT NULL AUTO_INCREMENT
  source varchar(128) ascii bin NOT NULL
  id_stock_available int unsigned NOT NULL
  delta int NOT NULL
  quantity_after int NOT NULL
  cause varchar(16) ascii bin NOT NULL
  id_order int unsigned NULL
  actor varchar(96) utf8mb4 NOT NULL
  reason text utf8mb4 NOT NULL
  undoes bigint unsigned NULL
  at datetime(6) NOT NULL
  KEY erpsync_stock_write_row (id_stock_available,id)
  UNIQUE KEY erpsync_stock_write_source (source)
  KEY erpsync_stock_write_undoes (undoes)
  PRIMARY KEY (id)

-- erpsync_sync_log
  id bigint unsigned NOT NULL AUTO_INCREMENT
  resource varchar(32) ascii bin NOT NULL
  external_id varchar(96) ascii bin NOT NULL
  operation varchar(32) ascii bin NOT NULL
  source_event_id varchar(112) ascii bin NOT NULL
  erp_ref varchar(96) utf8mb4 NOT NULL
  body_hash char(64) ascii bin NOT NULL
  at datetime(6) NOT NULL
  UNIQUE KEY erpsync_sync_log_effect (resource,external_id,operation,source_event_id)
  PRIMARY KEY (id)
