--! additive
-- Mappings by pattern: tax codes, payment methods, carriers, order states, subsidiaries and currencies.
-- Why: people maintain a few rows for many orders, the most specific one holds, and a VAT change has its day.
-- Locks: none on the shop's tables; only new tables are made. Every statement can be repeated.

-- One row that people maintain. Entries of one selector never share a day: the import sees to it.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_mapping_entry` (
  `kind` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'see domain/mapping-entry.ts',
  `selector` VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'JSON: a value for each column of the kind; empty matches any',
  `first_day` DATE NOT NULL COMMENT 'in the country''s time; 1000-01-01: since ever',
  `last_day` DATE NOT NULL COMMENT 'still holds; 9999-12-31: for ever',
  `erp_ref` VARCHAR(96) NOT NULL,
  `updated_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`kind`, `selector`, `first_day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Raised by every import of a kind, so that each process knows when to read its entries anew.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_mapping_revision` (
  `kind` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `revision` BIGINT UNSIGNED NOT NULL,
  `changed_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`kind`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
