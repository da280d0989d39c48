-- The tables that the module and the sidecar share: the whole contract between the two.
-- Run by the module's install and upgrade, by `erpsync migrate` where the module is not installed yet, and
-- by the tests. PREFIX_ is the shop's table prefix. Every statement can be repeated.

-- What happened in the shop, written in the transaction of the thing itself. The sidecar empties it.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_outbox` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `event_id` CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'UUID, version 7 or 4',
  `type` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'order.placed, order.changed, ...',
  `version` SMALLINT UNSIGNED NOT NULL COMMENT 'schema version of payload',
  `subject` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'order:123, product:9',
  `id_shop` INT UNSIGNED NOT NULL,
  `occurred_at` DATETIME(6) NOT NULL COMMENT 'UTC',
  `traceparent` CHAR(55) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'W3C trace context',
  `payload` TEXT NULL COMMENT 'JSON: only what cannot be read again later',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What the ERP made of an order; the sidecar writes it, the back office shows it on the order page.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_confirmation` (
  `id_order` INT UNSIGNED NOT NULL,
  `erp` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `external_id` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the key in the ERP, PS-<shop>-<id>',
  `erp_ref` VARCHAR(96) NOT NULL COMMENT 'the ERP''s own id',
  `confirmed_at` DATETIME(6) NOT NULL COMMENT 'UTC',
  PRIMARY KEY (`id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Commands of the sidecar, each executed once. Found `started`: compare the shop's state, never mail twice.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_command` (
  `command_id` VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `type` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `state` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'started | finished',
  `result` TEXT NULL COMMENT 'JSON, the answer given when it finished',
  `started_at` DATETIME(6) NOT NULL COMMENT 'UTC',
  `finished_at` DATETIME(6) NULL COMMENT 'UTC',
  PRIMARY KEY (`command_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Nonces of accepted requests; a second request with the same one is a replay. Kept for ten minutes.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_nonce` (
  `nonce` CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `seen_at` DATETIME(6) NOT NULL COMMENT 'UTC',
  PRIMARY KEY (`nonce`),
  KEY `erpsync_nonce_seen` (`seen_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Which parcel of the ERP has which row of the shop's order_carrier: a number that changes is the same parcel still.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_parcel` (
  `id_order` INT UNSIGNED NOT NULL,
  `ref` VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the ERP''s own id of the shipment or package',
  `id_order_carrier` INT UNSIGNED NOT NULL,
  `tracking_number` VARCHAR(64) NOT NULL COMMENT 'as we wrote it last',
  PRIMARY KEY (`id_order`, `ref`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
