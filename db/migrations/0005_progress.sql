--! additive
-- How far each order has come in the ERP, and how far the ERP's changes have been read.
-- Why: parcels, stages and invoice numbers come back by a feed, and the order's job reads them like anything else.
-- Locks: none on the shop's tables; only new tables are made. Every statement can be repeated.

-- What the ERP last said of an order; written only where it says something new.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_progress` (
  `id_order` INT UNSIGNED NOT NULL,
  `erp_ref` VARCHAR(96) NOT NULL,
  `stage` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'see domain/progress.ts',
  `parcels` MEDIUMTEXT NOT NULL COMMENT 'JSON: a list of ref, trackingNumber and carrier, the oldest first',
  `invoice_numbers` MEDIUMTEXT NOT NULL COMMENT 'JSON: a list of texts, the oldest first',
  `content_hash` CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA-256 of the columns before',
  `changed_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Where a feed goes on; moved in the transaction that applies the last page.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_cursor` (
  `feed` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT '<what>:<adapter>, as another ERP has other marks',
  `mark` VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'the adapter''s own text',
  `updated_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`feed`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
