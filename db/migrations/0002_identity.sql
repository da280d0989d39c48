--! additive
-- Mappings, the shop's identity, the binlog checkpoint, missed hooks and the audit of people's actions.
-- Why: what is known of both sides' ids must survive everything, and a restored or cloned shop must be recognised.
-- Locks: none on the shop's tables; only new tables are made. Every statement can be repeated.

-- Shop id to ERP id. Products are maintained by people, customers and orders by acknowledgement.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_mapping` (
  `kind` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'product | customer | order',
  `shop_key` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '12:0 (product:combination), 9, 1001',
  `external_id` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `erp_ref` VARCHAR(96) NOT NULL,
  `fingerprint` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  `origin` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'import | sync | adopt',
  `updated_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`kind`, `shop_key`),
  KEY `erpsync_mapping_ref` (`kind`, `erp_ref`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What this installation last saw of the shop; one row.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_identity` (
  `id` TINYINT UNSIGNED NOT NULL,
  `installation` CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID, also in the state file',
  `server` VARCHAR(96) NOT NULL COMMENT 'server UUID (MySQL) or server_uid (MariaDB)',
  `shop_url` VARCHAR(255) NOT NULL,
  `order_high_water` INT UNSIGNED NOT NULL,
  `customer_high_water` INT UNSIGNED NOT NULL,
  `export_after_order` INT UNSIGNED NOT NULL COMMENT 'orders up to this id are history',
  `stopped_code` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  `stopped_reason` TEXT NULL COMMENT 'nothing is written while this is set',
  `seen_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Ids from here on are new records, though their numbers were used before.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_epoch` (
  `number` INT UNSIGNED NOT NULL,
  `first_order_id` INT UNSIGNED NOT NULL,
  `first_customer_id` INT UNSIGNED NOT NULL,
  `opened_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Where the tail of the binlog goes on; written with the effects of what was read.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_checkpoint` (
  `name` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `server` VARCHAR(96) NOT NULL,
  `file` VARCHAR(255) NOT NULL,
  `position` BIGINT UNSIGNED NOT NULL,
  `gtid_set` TEXT NOT NULL,
  `updated_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Orders that no hook announced, counted by cause.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_missed_hook` (
  `day` DATE NOT NULL,
  `cause` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `orders` INT UNSIGNED NOT NULL,
  `last_order` INT UNSIGNED NOT NULL,
  PRIMARY KEY (`day`, `cause`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What the sweep last saw of an order, to notice edits that neither hook nor binlog told.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_order_seen` (
  `id_order` INT UNSIGNED NOT NULL,
  `content_hash` CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `seen_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What people did, when and why.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_action` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `at` DATETIME(6) NOT NULL,
  `actor` VARCHAR(96) NOT NULL,
  `action` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `subject` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `reason` TEXT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `erpsync_action_subject` (`subject`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
