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
  erp_ref varchar(96) utf8mb4 NULL
  ambiguous_at datetime(6) NULL
  replaced tinyint unsigned NOT NULL DEFAULT 0
  sent_at datetime(6) NULL
  shop_state int unsigned NULL
  created_at datetime(6) NOT NULL
  acknowledged_at datetime(6) NULL
  KEY erpsync_operation_acknowledged (acknowledged_at)
  KEY erpsync_operation_external (external_id)
  UNIQUE KEY erpsync_operation_number (subject,number)
  PRIMARY KEY (op_key)

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
