--! additive
-- The stock ledger: what the binlog told, every movement of every stock row with its cause, what order lines take,
--   what we wrote ourselves, and what a person has to look at.
-- Why: opening + movements = the row, each order line moves its units once, and every correction has a record and a way
--   back (laws 3 and 8).
-- Locks: none on the shop's tables; only new tables are made. Every statement can be repeated.

-- Facts of the binlog in commit order, one row a transaction of the shop (a large one in several). Capture writes them
-- with its checkpoint; the ledger takes them out in the transaction that books them.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_inbox` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `committed_at` DATETIME(3) NOT NULL COMMENT 'by the clock of the binlog, whole seconds on most servers',
  `facts` MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'JSON, see domain/stock.ts',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A walk over all stock rows: the ledger opens, opens anew after a gap, or verifies itself.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_pass` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `reason` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'first | gap | restored | verify',
  `change_id` BIGINT UNSIGNED NULL COMMENT 'place in the binlog where it began; null: asked for only',
  `next_order` INT UNSIGNED NULL DEFAULT 0 COMMENT 'id_order from which lines are taken in; null: all are',
  `next_row` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'id_stock_available from which it goes on',
  `begun_at` DATETIME(6) NOT NULL,
  `finished_at` DATETIME(6) NULL,
  PRIMARY KEY (`id`),
  KEY `erpsync_stock_pass_open` (`finished_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Stock rows that a pass read under a lock. The row here commits with that read, so its place in the binlog tells which
-- changes the figures hold: they are exact while the shop sells.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_check` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `pass` BIGINT UNSIGNED NOT NULL,
  `last_order_detail` INT UNSIGNED NOT NULL COMMENT 'highest line id at that moment',
  `observed` MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'JSON, see domain/stock.ts',
  `created_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- One row for each row of stock_available that the ledger knows.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_row` (
  `id_stock_available` INT UNSIGNED NOT NULL,
  `id_product` INT UNSIGNED NOT NULL,
  `id_product_attribute` INT UNSIGNED NOT NULL COMMENT '0: the product, or the parent of its combinations',
  `id_shop` INT UNSIGNED NOT NULL COMMENT '0 where a group shares its stock',
  `id_shop_group` INT UNSIGNED NOT NULL,
  `managed` TINYINT UNSIGNED NOT NULL COMMENT '0: depends_on_stock, left alone',
  `opening` INT NOT NULL,
  `opened_at` DATETIME(6) NOT NULL,
  `opened_because` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'first | gap | new | restored',
  `position` INT NOT NULL COMMENT 'opening + movements = quantity after the last change that was read',
  `unsettled` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: movements without a cause, lines or overwrites that are owed',
  `unsettled_at` DATETIME(6) NULL COMMENT 'since when; null while settled',
  `changed_at` DATETIME(6) NOT NULL COMMENT 'when we last read something of it that was not ours',
  `mvt_seen` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'highest id_stock_mvt considered',
  `lines_after` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'order lines up to this id are in the figure, where the ledger did not know them',
  `lines_order` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'highest order then; of later ones no line is in the figure',
  `lines_at` DATETIME(6) NULL COMMENT 'when that was observed; null where the row was new',
  `lines_from` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'change_id; lines that were read before it count as not known',
  `closed_at` DATETIME(6) NULL COMMENT 'the shop deleted the row',
  PRIMARY KEY (`id_stock_available`),
  KEY `erpsync_stock_row_product` (`id_product`, `id_product_attribute`),
  KEY `erpsync_stock_row_unsettled` (`unsettled`, `changed_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Every change of a row, whole or in parts, each with one cause.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_movement` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `id_stock_available` INT UNSIGNED NOT NULL,
  `change_id` BIGINT UNSIGNED NOT NULL COMMENT 'the same for the parts of one change; grows with the binlog',
  `delta` BIGINT NOT NULL COMMENT 'from one end of the shop''s column to the other',
  `quantity_after` INT NOT NULL COMMENT 'of the row after the whole change',
  `cause` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'see domain/stock.ts; pending: not attributed yet',
  `source` VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'what it is the movement of; each is booked once',
  `id_order` INT UNSIGNED NULL,
  `actor` VARCHAR(96) NULL COMMENT 'employee:3, AdminProducts, WebserviceRequest, pos-lyon',
  `committed_at` DATETIME(3) NOT NULL,
  `read_at` DATETIME(6) NOT NULL,
  `explained_at` DATETIME(6) NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `erpsync_stock_movement_source` (`source`),
  KEY `erpsync_stock_movement_row` (`id_stock_available`, `id`),
  KEY `erpsync_stock_movement_cause` (`cause`, `id_stock_available`),
  KEY `erpsync_stock_movement_order` (`id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What each order line takes from a stock row; a pack takes from several.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_line` (
  `id_order_detail` INT UNSIGNED NOT NULL,
  `id_stock_available` INT UNSIGNED NOT NULL,
  `id_order` INT UNSIGNED NOT NULL,
  `factor` INT UNSIGNED NOT NULL COMMENT 'units of the row for one of the line, as when it was first seen',
  `whole` INT NOT NULL COMMENT 'units that stand on the line, also when cancelled; of a deleted one the last',
  `units` INT NOT NULL COMMENT 'that it takes now: sold less put back, 0 when cancelled or deleted',
  `moved` INT NOT NULL COMMENT 'sum of its movements',
  `settled` INT NOT NULL DEFAULT 0 COMMENT 'units without a movement: -n are in the opening, +n the shop forgot to put back',
  `owed` INT NOT NULL COMMENT 'units + moved + settled: > 0 still to be taken, < 0 to be put back',
  `cause` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'sale | edit | cancellation | return: of what is owed',
  `change_id` BIGINT UNSIGNED NOT NULL COMMENT 'place in the binlog of the last fact that told of it',
  `announced` TINYINT UNSIGNED NOT NULL COMMENT 'a hook of the module told of the order',
  `doubtful` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: what it owes may be in what a pass observed',
  `first_seen_at` DATETIME(6) NOT NULL,
  `changed_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id_order_detail`, `id_stock_available`),
  KEY `erpsync_stock_line_order` (`id_order`),
  KEY `erpsync_stock_line_row` (`id_stock_available`, `owed`),
  KEY `erpsync_stock_line_changed` (`id_stock_available`, `changed_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What we wrote to stock_available ourselves, in the very transaction of the write. The key makes it once.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_write` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `source` VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id_stock_available` INT UNSIGNED NOT NULL,
  `delta` INT NOT NULL,
  `quantity_after` INT NOT NULL,
  `cause` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'see domain/stock.ts',
  `id_order` INT UNSIGNED NULL,
  `actor` VARCHAR(96) NOT NULL,
  `reason` TEXT NOT NULL COMMENT 'for people; no personal data',
  `undoes` BIGINT UNSIGNED NULL COMMENT 'id of the write that it takes back',
  `at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `erpsync_stock_write_source` (`source`),
  KEY `erpsync_stock_write_row` (`id_stock_available`, `id`),
  KEY `erpsync_stock_write_undoes` (`undoes`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What a person has to look at: oversells, unexplained changes, drift, repairs that do not hold, forgotten restocks.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_discrepancy` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `kind` VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'see domain/stock.ts',
  `open_key` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT '<kind>:<row> while open: one of a kind a row',
  `id_stock_available` INT UNSIGNED NOT NULL,
  `shop_units` INT NULL,
  `ledger_units` INT NULL,
  `erp_units` INT NULL,
  `detail` TEXT NOT NULL COMMENT 'JSON for people: orders concerned, probable cause; ids and figures only',
  `found_at` DATETIME(6) NOT NULL,
  `resolved_at` DATETIME(6) NULL,
  `resolution` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'shop | erp | passed | corrected',
  PRIMARY KEY (`id`),
  UNIQUE KEY `erpsync_stock_discrepancy_open` (`open_key`),
  KEY `erpsync_stock_discrepancy_row` (`id_stock_available`, `id`),
  KEY `erpsync_stock_discrepancy_found` (`found_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Readings of the ERP's stock.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_snapshot` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `kind` VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'full | delta',
  `part` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'partition; empty for all',
  `state` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'asked | running | applied | held | released | rejected | failed',
  `mark` TEXT CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the adapter''s high-water mark from which the next delta reads',
  `items` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'figures that the ERP gave',
  `unknown` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of them without a product of the shop',
  `absent` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'mapped products that the ERP did not name',
  `changed` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'rows written',
  `waiting` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'rows left to the next round: not quiet, or an operation under way',
  `catalogue` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'rows of the shop that it is about',
  `moves` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'rows of them that it would write',
  `reason` TEXT NULL COMMENT 'why it is held, rejected or failed, in words',
  `detail` MEDIUMTEXT NULL COMMENT 'JSON: examples for people; figures that wait for the next round',
  `started_at` DATETIME(6) NOT NULL,
  `finished_at` DATETIME(6) NULL,
  PRIMARY KEY (`id`),
  KEY `erpsync_stock_snapshot_state` (`kind`, `part`, `state`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Units that the shop does not offer of what the ERP has.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_buffer` (
  `id_product` INT UNSIGNED NOT NULL,
  `id_product_attribute` INT UNSIGNED NOT NULL,
  `units` INT UNSIGNED NOT NULL,
  `updated_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id_product`, `id_product_attribute`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Products that came back from 0 by a write of ours; the shop's own listeners are told by a command.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_announcement` (
  `id_stock_available` INT UNSIGNED NOT NULL,
  `attempts` SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  `run_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id_stock_available`),
  KEY `erpsync_stock_announcement_run` (`run_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Comparisons of shop, ledger and ERP.
CREATE TABLE IF NOT EXISTS `PREFIX_erpsync_stock_reconciliation` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  `state` VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'asked | running | done | capped | failed',
  `dry_run` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: compares only',
  `rows_compared` INT UNSIGNED NOT NULL DEFAULT 0,
  `waiting` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'rows that could not be compared: not settled, or an order in doubt',
  `drifted` INT UNSIGNED NOT NULL DEFAULT 0,
  `corrected` INT UNSIGNED NOT NULL DEFAULT 0,
  `reason` TEXT NULL COMMENT 'why it failed or was capped, in words',
  `detail` MEDIUMTEXT NULL COMMENT 'JSON: the first drifts, for people; ids and figures only',
  `actor` VARCHAR(96) NOT NULL,
  `started_at` DATETIME(6) NOT NULL,
  `finished_at` DATETIME(6) NULL,
  PRIMARY KEY (`id`),
  KEY `erpsync_stock_reconciliation_state` (`state`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
