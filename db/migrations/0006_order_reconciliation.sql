--! additive
-- Comparisons of the orders in shop and ERP, and what was last found of each order.
-- Why: finance signs a month from these rows without a call of the ERP, and a difference has a beginning and an end.
-- Locks: none on the shop's tables; only new tables are made. Every statement can be repeated.

-- An order as both sides said it when it was last compared. Amounts are minor units of its currency.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_order_check` (
  `id_order` INT UNSIGNED NOT NULL,
  `checked_at` DATETIME(6) NOT NULL,
  `currency` CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `decimals` TINYINT UNSIGNED NOT NULL COMMENT 'of the currency',
  `shop_state` INT UNSIGNED NOT NULL,
  `shop_customer` INT UNSIGNED NOT NULL,
  `shop_excl` BIGINT NOT NULL,
  `shop_incl` BIGINT NOT NULL,
  `shop_paid` BIGINT NOT NULL COMMENT 'the part of its reference''s payments that falls to it',
  `shop_credited` BIGINT NOT NULL COMMENT 'with tax',
  `reference_paid` BIGINT NOT NULL COMMENT 'all payments of its reference',
  `erp_ref` VARCHAR(96) NULL COMMENT 'null: it never arrived',
  `erp_customer` VARCHAR(96) NULL,
  `erp_cancelled` TINYINT UNSIGNED NULL,
  `erp_excl` BIGINT NULL,
  `erp_incl` BIGINT NULL,
  `erp_paid` BIGINT NULL,
  `erp_credited` BIGINT NULL,
  `kinds` VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'of its differences, with commas; null where both sides agree',
  `author` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'see reconcile/decide-order-difference.ts',
  `differences` TEXT NULL COMMENT 'JSON: both sides of each; ids and figures only',
  `first_seen_at` DATETIME(6) NULL COMMENT 'since when these kinds differ',
  `agreed_at` DATETIME(6) NULL,
  `agreed` TEXT NULL COMMENT 'JSON: what both sides said when they last agreed',
  PRIMARY KEY (`id_order`),
  KEY `erpsync_order_check_kinds` (`kinds`, `id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Comparisons of orders.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_order_reconciliation` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `state` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'asked | running | done | failed',
  `scope` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'a number of days, or a month: 2026-10',
  `compared` INT UNSIGNED NOT NULL DEFAULT 0,
  `differing` INT UNSIGNED NOT NULL DEFAULT 0,
  `waiting` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'orders left to the next run: on their way, or not to be read',
  `reason` TEXT NULL COMMENT 'why it failed, in words',
  `detail` MEDIUMTEXT NULL COMMENT 'JSON: the first orders that were left to the next run; ids and codes only',
  `actor` VARCHAR(96) NOT NULL,
  `started_at` DATETIME(6) NOT NULL,
  `finished_at` DATETIME(6) NULL,
  PRIMARY KEY (`id`),
  KEY `erpsync_order_reconciliation_state` (`state`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
