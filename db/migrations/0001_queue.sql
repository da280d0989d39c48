--! additive
-- Jobs, operations and the record of every attempt.
-- Why: one row a subject makes replays and disorder harmless; an operation committed before its call can be looked
--   up after a crash; evidence outlives everything else.
-- Locks: none on the shop's tables; only new tables are made. Every statement can be repeated.

-- Processed events: an event that is in here was ingested, and is never ingested again.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_event` (
  `event_id` CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `type` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `version` SMALLINT UNSIGNED NOT NULL,
  `subject` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id_shop` INT UNSIGNED NOT NULL,
  `occurred_at` DATETIME(6) NOT NULL,
  `ingested_at` DATETIME(6) NOT NULL,
  `traceparent` CHAR(55) CHARACTER SET ascii COLLATE ascii_bin NULL,
  `payload` TEXT NULL,
  PRIMARY KEY (`event_id`),
  KEY `erpsync_event_subject` (`subject`, `occurred_at`),
  KEY `erpsync_event_ingested` (`ingested_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row a subject. An event raises `generation`; a worker brings the ERP to what the shop says now.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_job` (
  `subject` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `lane` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `state` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'see domain/job.ts',
  `priority` TINYINT UNSIGNED NOT NULL DEFAULT 5 COMMENT '0 goes first',
  `generation` BIGINT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'raised by every event',
  `claimed_generation` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'what the last worker looked at',
  `claim_token` CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  `claimed_by` VARCHAR(96) NULL,
  `lease_until` DATETIME(6) NULL,
  `attempts` SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'failures since the plan last changed',
  `plan_hash` CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'what the attempts were spent on',
  `run_at` DATETIME(6) NOT NULL COMMENT 'not before, UTC',
  `waits_for` VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'subject or mapping that readies it',
  `reason_code` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  `reason` TEXT NULL,
  `held_since` DATETIME(6) NULL,
  `alarmed_at` DATETIME(6) NULL,
  `requested` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'a person asked for it, though it is older than the start',
  `released` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'a person released the torn order',
  `flagged` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'dead, and something happened since',
  `traceparent` CHAR(55) CHARACTER SET ascii COLLATE ascii_bin NULL,
  `created_at` DATETIME(6) NOT NULL,
  `updated_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`subject`),
  KEY `erpsync_job_claim` (`lane`, `state`, `priority`, `run_at`, `subject`),
  KEY `erpsync_job_due` (`lane`, `state`, `run_at`),
  KEY `erpsync_job_lease` (`state`, `lease_until`),
  KEY `erpsync_job_waits` (`waits_for`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What was decided to be done, committed before it is done.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_operation` (
  `op_key` VARCHAR(112) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '<subject>#<number>',
  `subject` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `number` INT UNSIGNED NOT NULL COMMENT 'last acknowledged + 1',
  `kind` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'see domain/operation.ts',
  `external_id` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `state` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'open | refused | acknowledged',
  `body` MEDIUMBLOB NOT NULL COMMENT 'JSON, deflated',
  `body_hash` CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA-256 of the JSON',
  `content_hash` CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'SHA-256 of an order without customer and addresses',
  `erp_ref` VARCHAR(96) NULL,
  `ambiguous_at` DATETIME(6) NULL COMMENT 'last time that an answer stayed away',
  `replaced` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the body is newer than what may have been sent',
  `sent_at` DATETIME(6) NULL COMMENT 'last time that it was given to be sent; null where it never was',
  `shop_state` INT UNSIGNED NULL COMMENT 'state of the order in the shop when its creation was planned',
  `money` TINYINT UNSIGNED NULL COMMENT 'of a creation, in bits: 1 payments were carried then, 2 some were due, 4 credit slips were carried',
  `created_at` DATETIME(6) NOT NULL,
  `acknowledged_at` DATETIME(6) NULL,
  `erased_at` DATETIME(6) NULL COMMENT 'the person was taken out of the body on request',
  PRIMARY KEY (`op_key`),
  UNIQUE KEY `erpsync_operation_number` (`subject`, `number`),
  KEY `erpsync_operation_external` (`external_id`),
  KEY `erpsync_operation_acknowledged` (`acknowledged_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Every exchange with the ERP or the shop's endpoint, also the failed ones.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_attempt` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `subject` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `op_key` VARCHAR(112) CHARACTER SET ascii COLLATE ascii_bin NULL,
  `direction` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'to_erp | to_shop',
  `purpose` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'look_up | create | amend | command',
  `outcome` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'ok or an error code',
  `message` TEXT NULL,
  `method` VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `path` VARCHAR(512) NOT NULL,
  `status` SMALLINT UNSIGNED NOT NULL COMMENT 'HTTP, 0 where no answer came',
  `request` MEDIUMBLOB NULL COMMENT 'deflated; removed after 90 days, the hash stays',
  `request_hash` CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `answer` MEDIUMBLOB NULL COMMENT 'deflated; removed after 90 days, the hash stays',
  `answer_hash` CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `took_ms` INT UNSIGNED NOT NULL,
  `actor` VARCHAR(96) NOT NULL COMMENT 'host:pid of the worker',
  `ended_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `erpsync_attempt_subject` (`subject`, `id`),
  KEY `erpsync_attempt_ended` (`ended_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row for each effect in the other system; unique, so an effect is booked once.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_sync_log` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `resource` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'order | customer',
  `external_id` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `operation` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `source_event_id` VARCHAR(112) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'key of the operation',
  `erp_ref` VARCHAR(96) NOT NULL,
  `body_hash` CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `erpsync_sync_log_effect` (`resource`, `external_id`, `operation`, `source_event_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
