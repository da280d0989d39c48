-- The shop's tables that an order touches, with the columns, types and keys of PrestaShop 8.2.
-- Loaded by the tests and the demo in place of a shop. PREFIX_ is the table prefix. Zero dates are part of
-- how the shop writes, so its sessions, and this file, run with an empty sql_mode.

-- ── Shop: who sells, in which language and money, with which settings.

CREATE TABLE `PREFIX_shop_group` (
  `id_shop_group` INT NOT NULL AUTO_INCREMENT, `name` VARCHAR(64) NOT NULL, `color` VARCHAR(50) NOT NULL,
  `share_customer` TINYINT NOT NULL, `share_order` TINYINT NOT NULL, `share_stock` TINYINT NOT NULL,
  `active` TINYINT NOT NULL, `deleted` TINYINT NOT NULL,
  PRIMARY KEY (`id_shop_group`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_shop` (
  `id_shop` INT NOT NULL AUTO_INCREMENT, `id_shop_group` INT NOT NULL, `name` VARCHAR(64) NOT NULL,
  `color` VARCHAR(50) NOT NULL, `id_category` INT NOT NULL, `theme_name` VARCHAR(255) NOT NULL,
  `active` TINYINT NOT NULL, `deleted` TINYINT NOT NULL,
  PRIMARY KEY (`id_shop`), KEY `id_shop_group` (`id_shop_group`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_shop_url` (
  `id_shop_url` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_shop` INT UNSIGNED NOT NULL,
  `domain` VARCHAR(150) NOT NULL, `domain_ssl` VARCHAR(150) NOT NULL, `physical_uri` VARCHAR(64) NOT NULL,
  `virtual_uri` VARCHAR(64) NOT NULL, `main` TINYINT NOT NULL, `active` TINYINT NOT NULL,
  PRIMARY KEY (`id_shop_url`), KEY `id_shop` (`id_shop`, `main`),
  UNIQUE KEY `full_shop_url` (`domain`, `physical_uri`, `virtual_uri`),
  UNIQUE KEY `full_shop_url_ssl` (`domain_ssl`, `physical_uri`, `virtual_uri`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_lang` (
  `id_lang` INT NOT NULL AUTO_INCREMENT, `name` VARCHAR(32) NOT NULL, `active` TINYINT NOT NULL,
  `iso_code` VARCHAR(2) NOT NULL, `language_code` VARCHAR(5) NOT NULL, `locale` VARCHAR(5) NOT NULL,
  `date_format_lite` VARCHAR(32) NOT NULL, `date_format_full` VARCHAR(32) NOT NULL,
  `is_rtl` TINYINT NOT NULL,
  PRIMARY KEY (`id_lang`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_lang_shop` (
  `id_lang` INT NOT NULL, `id_shop` INT NOT NULL,
  PRIMARY KEY (`id_lang`, `id_shop`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_currency` (
  `id_currency` INT UNSIGNED NOT NULL AUTO_INCREMENT, `name` VARCHAR(64) NOT NULL,
  `iso_code` VARCHAR(3) NOT NULL DEFAULT '0', `numeric_iso_code` VARCHAR(3) NULL,
  `precision` INT NOT NULL DEFAULT 6, `conversion_rate` DECIMAL(13,6) NOT NULL,
  `deleted` TINYINT UNSIGNED NOT NULL DEFAULT 0, `active` TINYINT UNSIGNED NOT NULL DEFAULT 1,
  `unofficial` TINYINT UNSIGNED NOT NULL DEFAULT 0, `modified` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_currency`), KEY `currency_iso_code` (`iso_code`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_currency_lang` (
  `id_currency` INT UNSIGNED NOT NULL, `id_lang` INT UNSIGNED NOT NULL, `name` VARCHAR(255) NOT NULL,
  `symbol` VARCHAR(255) NOT NULL, `pattern` VARCHAR(255) NULL,
  PRIMARY KEY (`id_currency`, `id_lang`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_currency_shop` (
  `id_currency` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL,
  `conversion_rate` DECIMAL(13,6) NOT NULL,
  PRIMARY KEY (`id_currency`, `id_shop`), KEY `id_shop` (`id_shop`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_configuration` (
  `id_configuration` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_shop_group` INT UNSIGNED NULL,
  `id_shop` INT UNSIGNED NULL, `name` VARCHAR(254) NOT NULL, `value` MEDIUMTEXT NULL,
  `date_add` DATETIME NOT NULL, `date_upd` DATETIME NOT NULL,
  PRIMARY KEY (`id_configuration`), KEY `name` (`name`), KEY `id_shop` (`id_shop`),
  KEY `id_shop_group` (`id_shop_group`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_employee` (
  `id_employee` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_profile` INT UNSIGNED NOT NULL,
  `id_lang` INT UNSIGNED NOT NULL DEFAULT 0, `lastname` VARCHAR(255) NOT NULL,
  `firstname` VARCHAR(255) NOT NULL, `email` VARCHAR(255) NOT NULL, `passwd` VARCHAR(255) NOT NULL,
  `last_passwd_gen` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, `stats_date_from` DATE NULL,
  `stats_date_to` DATE NULL, `stats_compare_from` DATE NULL, `stats_compare_to` DATE NULL,
  `stats_compare_option` INT UNSIGNED NOT NULL DEFAULT 1, `preselect_date_range` VARCHAR(32) NULL,
  `bo_color` VARCHAR(32) NULL, `bo_theme` VARCHAR(32) NULL, `bo_css` VARCHAR(64) NULL,
  `default_tab` INT UNSIGNED NOT NULL DEFAULT 0, `bo_width` INT UNSIGNED NOT NULL DEFAULT 0,
  `bo_menu` TINYINT NOT NULL DEFAULT 1, `active` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `optin` TINYINT UNSIGNED NULL, `id_last_order` INT UNSIGNED NOT NULL DEFAULT 0,
  `id_last_customer_message` INT UNSIGNED NOT NULL DEFAULT 0,
  `id_last_customer` INT UNSIGNED NOT NULL DEFAULT 0, `last_connection_date` DATE NULL,
  `reset_password_token` VARCHAR(40) NULL, `reset_password_validity` DATETIME NULL,
  `has_enabled_gravatar` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_employee`), KEY `employee_login` (`email`, `passwd`),
  KEY `id_employee_passwd` (`id_employee`, `passwd`), KEY `id_profile` (`id_profile`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Modules and their hooks, as far as an installed module shows in the database.

CREATE TABLE `PREFIX_module` (
  `id_module` INT UNSIGNED NOT NULL AUTO_INCREMENT, `name` VARCHAR(64) NOT NULL,
  `active` TINYINT UNSIGNED NOT NULL DEFAULT 0, `version` VARCHAR(8) NOT NULL,
  PRIMARY KEY (`id_module`), UNIQUE KEY `name_UNIQUE` (`name`), KEY `name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_module_shop` (
  `id_module` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL,
  `enable_device` TINYINT NOT NULL DEFAULT 7,
  PRIMARY KEY (`id_module`, `id_shop`), KEY `id_shop` (`id_shop`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_hook` (
  `id_hook` INT UNSIGNED NOT NULL AUTO_INCREMENT, `name` VARCHAR(191) NOT NULL,
  `title` VARCHAR(255) NOT NULL, `description` MEDIUMTEXT NULL,
  `active` TINYINT UNSIGNED NOT NULL DEFAULT 1, `position` TINYINT NOT NULL DEFAULT 1,
  PRIMARY KEY (`id_hook`), UNIQUE KEY `hook_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_hook_module` (
  `id_module` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL DEFAULT 1,
  `id_hook` INT UNSIGNED NOT NULL, `position` TINYINT UNSIGNED NOT NULL,
  PRIMARY KEY (`id_module`, `id_hook`, `id_shop`), KEY `id_hook` (`id_hook`), KEY `id_module` (`id_module`),
  KEY `position` (`id_shop`, `position`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Places.

CREATE TABLE `PREFIX_zone` (
  `id_zone` INT UNSIGNED NOT NULL AUTO_INCREMENT, `name` VARCHAR(64) NOT NULL,
  `active` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_zone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_country` (
  `id_country` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_zone` INT UNSIGNED NOT NULL,
  `id_currency` INT UNSIGNED NOT NULL DEFAULT 0, `iso_code` VARCHAR(3) NOT NULL,
  `call_prefix` INT NOT NULL DEFAULT 0, `active` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `contains_states` TINYINT NOT NULL DEFAULT 0, `need_identification_number` TINYINT NOT NULL DEFAULT 0,
  `need_zip_code` TINYINT NOT NULL DEFAULT 1, `zip_code_format` VARCHAR(12) NOT NULL DEFAULT '',
  `display_tax_label` TINYINT NOT NULL,
  PRIMARY KEY (`id_country`), KEY `country_iso_code` (`iso_code`), KEY `country_` (`id_zone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_country_lang` (
  `id_country` INT UNSIGNED NOT NULL, `id_lang` INT UNSIGNED NOT NULL, `name` VARCHAR(64) NOT NULL,
  PRIMARY KEY (`id_country`, `id_lang`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_state` (
  `id_state` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_country` INT UNSIGNED NOT NULL,
  `id_zone` INT UNSIGNED NOT NULL, `name` VARCHAR(80) NOT NULL, `iso_code` VARCHAR(7) NOT NULL,
  `tax_behavior` SMALLINT NOT NULL DEFAULT 0, `active` TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_state`), KEY `id_country` (`id_country`), KEY `name` (`name`), KEY `id_zone` (`id_zone`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Taxes: a product names a rules group, a rule maps group and place to a tax.

CREATE TABLE `PREFIX_tax` (
  `id_tax` INT UNSIGNED NOT NULL AUTO_INCREMENT, `rate` DECIMAL(10,3) NOT NULL,
  `active` TINYINT UNSIGNED NOT NULL DEFAULT 1, `deleted` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_tax`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_tax_lang` (
  `id_tax` INT UNSIGNED NOT NULL, `id_lang` INT UNSIGNED NOT NULL, `name` VARCHAR(32) NOT NULL,
  PRIMARY KEY (`id_tax`, `id_lang`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_tax_rules_group` (
  `id_tax_rules_group` INT NOT NULL AUTO_INCREMENT, `name` VARCHAR(50) NOT NULL, `active` INT NOT NULL,
  `deleted` TINYINT UNSIGNED NOT NULL, `date_add` DATETIME NOT NULL, `date_upd` DATETIME NOT NULL,
  PRIMARY KEY (`id_tax_rules_group`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_tax_rules_group_shop` (
  `id_tax_rules_group` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL,
  PRIMARY KEY (`id_tax_rules_group`, `id_shop`), KEY `id_shop` (`id_shop`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_tax_rule` (
  `id_tax_rule` INT NOT NULL AUTO_INCREMENT, `id_tax_rules_group` INT NOT NULL, `id_country` INT NOT NULL,
  `id_state` INT NOT NULL, `zipcode_from` VARCHAR(12) NOT NULL, `zipcode_to` VARCHAR(12) NOT NULL,
  `id_tax` INT NOT NULL, `behavior` INT NOT NULL, `description` VARCHAR(100) NOT NULL,
  PRIMARY KEY (`id_tax_rule`), KEY `id_tax_rules_group` (`id_tax_rules_group`), KEY `id_tax` (`id_tax`),
  KEY `category_getproducts` (`id_tax_rules_group`, `id_country`, `id_state`, `zipcode_from`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Carriers. An edited carrier is a new row with the same id_reference.

CREATE TABLE `PREFIX_carrier` (
  `id_carrier` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_reference` INT UNSIGNED NOT NULL,
  `name` VARCHAR(64) NOT NULL, `url` VARCHAR(255) NULL, `active` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `deleted` TINYINT UNSIGNED NOT NULL DEFAULT 0, `shipping_handling` TINYINT UNSIGNED NOT NULL DEFAULT 1,
  `range_behavior` TINYINT UNSIGNED NOT NULL DEFAULT 0, `is_module` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `is_free` TINYINT UNSIGNED NOT NULL DEFAULT 0, `shipping_external` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `need_range` TINYINT UNSIGNED NOT NULL DEFAULT 0, `external_module_name` VARCHAR(64) NULL,
  `shipping_method` INT NOT NULL DEFAULT 0, `position` INT UNSIGNED NOT NULL DEFAULT 0,
  `max_width` INT DEFAULT 0, `max_height` INT DEFAULT 0, `max_depth` INT DEFAULT 0,
  `max_weight` DECIMAL(20,6) DEFAULT 0, `grade` INT DEFAULT 0,
  PRIMARY KEY (`id_carrier`), KEY `deleted` (`deleted`, `active`),
  KEY `reference` (`id_reference`, `deleted`, `active`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_carrier_lang` (
  `id_carrier` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL DEFAULT 1,
  `id_lang` INT UNSIGNED NOT NULL, `delay` VARCHAR(512) NULL,
  PRIMARY KEY (`id_lang`, `id_shop`, `id_carrier`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_carrier_shop` (
  `id_carrier` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL,
  PRIMARY KEY (`id_carrier`, `id_shop`), KEY `id_shop` (`id_shop`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Customers and addresses. An address in use is never edited: it is marked deleted and copied.

CREATE TABLE `PREFIX_customer` (
  `id_customer` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_shop_group` INT UNSIGNED NOT NULL DEFAULT 1,
  `id_shop` INT UNSIGNED NOT NULL DEFAULT 1, `id_gender` INT UNSIGNED NOT NULL,
  `id_default_group` INT UNSIGNED NOT NULL DEFAULT 1, `id_lang` INT UNSIGNED NULL,
  `id_risk` INT UNSIGNED NOT NULL DEFAULT 1, `company` VARCHAR(255) NULL, `siret` VARCHAR(14) NULL,
  `ape` VARCHAR(6) NULL, `firstname` VARCHAR(255) NOT NULL, `lastname` VARCHAR(255) NOT NULL,
  `email` VARCHAR(255) NOT NULL, `passwd` VARCHAR(255) NOT NULL,
  `last_passwd_gen` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, `birthday` DATE NULL,
  `newsletter` TINYINT UNSIGNED NOT NULL DEFAULT 0, `ip_registration_newsletter` VARCHAR(15) NULL,
  `newsletter_date_add` DATETIME NULL, `optin` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `website` VARCHAR(128) NULL, `outstanding_allow_amount` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `show_public_prices` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `max_payment_days` INT UNSIGNED NOT NULL DEFAULT 60, `secure_key` VARCHAR(32) NOT NULL DEFAULT '-1',
  `note` MEDIUMTEXT NULL, `active` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `is_guest` TINYINT NOT NULL DEFAULT 0, `deleted` TINYINT NOT NULL DEFAULT 0, `date_add` DATETIME NOT NULL,
  `date_upd` DATETIME NOT NULL, `reset_password_token` VARCHAR(40) NULL,
  `reset_password_validity` DATETIME NULL,
  PRIMARY KEY (`id_customer`), KEY `customer_email` (`email`), KEY `customer_login` (`email`, `passwd`),
  KEY `id_customer_passwd` (`id_customer`, `passwd`), KEY `id_gender` (`id_gender`),
  KEY `id_shop_group` (`id_shop_group`), KEY `id_shop` (`id_shop`, `date_add`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_customer_group` (
  `id_customer` INT UNSIGNED NOT NULL, `id_group` INT UNSIGNED NOT NULL,
  PRIMARY KEY (`id_customer`, `id_group`), KEY `customer_login` (`id_group`),
  KEY `id_customer` (`id_customer`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_address` (
  `id_address` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_country` INT UNSIGNED NOT NULL,
  `id_state` INT UNSIGNED NULL, `id_customer` INT UNSIGNED NOT NULL DEFAULT 0,
  `id_manufacturer` INT UNSIGNED NOT NULL DEFAULT 0, `id_supplier` INT UNSIGNED NOT NULL DEFAULT 0,
  `id_warehouse` INT UNSIGNED NOT NULL DEFAULT 0, `alias` VARCHAR(32) NOT NULL, `company` VARCHAR(255) NULL,
  `lastname` VARCHAR(255) NOT NULL, `firstname` VARCHAR(255) NOT NULL, `address1` VARCHAR(128) NOT NULL,
  `address2` VARCHAR(128) NULL, `postcode` VARCHAR(12) NULL, `city` VARCHAR(64) NOT NULL,
  `other` MEDIUMTEXT NULL, `phone` VARCHAR(32) NULL, `phone_mobile` VARCHAR(32) NULL,
  `vat_number` VARCHAR(32) NULL, `dni` VARCHAR(16) NULL, `date_add` DATETIME NOT NULL,
  `date_upd` DATETIME NOT NULL, `active` TINYINT UNSIGNED NOT NULL DEFAULT 1,
  `deleted` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_address`), KEY `address_customer` (`id_customer`), KEY `id_country` (`id_country`),
  KEY `id_state` (`id_state`), KEY `id_manufacturer` (`id_manufacturer`), KEY `id_supplier` (`id_supplier`),
  KEY `id_warehouse` (`id_warehouse`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Catalogue.

CREATE TABLE `PREFIX_category` (
  `id_category` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_parent` INT UNSIGNED NOT NULL,
  `id_shop_default` INT UNSIGNED NOT NULL DEFAULT 1, `level_depth` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `nleft` INT UNSIGNED NOT NULL DEFAULT 0, `nright` INT UNSIGNED NOT NULL DEFAULT 0,
  `active` TINYINT UNSIGNED NOT NULL DEFAULT 0, `date_add` DATETIME NOT NULL, `date_upd` DATETIME NOT NULL,
  `position` INT UNSIGNED NOT NULL DEFAULT 0, `is_root_category` TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_category`), KEY `category_parent` (`id_parent`),
  KEY `nleftrightactive` (`nleft`, `nright`, `active`), KEY `level_depth` (`level_depth`),
  KEY `nright` (`nright`), KEY `activenleft` (`active`, `nleft`), KEY `activenright` (`active`, `nright`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_category_lang` (
  `id_category` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL DEFAULT 1,
  `id_lang` INT UNSIGNED NOT NULL, `name` VARCHAR(128) NOT NULL, `description` MEDIUMTEXT NULL,
  `additional_description` MEDIUMTEXT NULL, `link_rewrite` VARCHAR(128) NOT NULL,
  `meta_title` VARCHAR(255) NULL, `meta_keywords` VARCHAR(255) NULL, `meta_description` VARCHAR(512) NULL,
  PRIMARY KEY (`id_category`, `id_shop`, `id_lang`), KEY `category_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_category_shop` (
  `id_category` INT NOT NULL, `id_shop` INT NOT NULL, `position` INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_category`, `id_shop`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_category_product` (
  `id_category` INT UNSIGNED NOT NULL, `id_product` INT UNSIGNED NOT NULL,
  `position` INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_category`, `id_product`), KEY `id_product` (`id_product`),
  KEY `id_category_2` (`id_category`, `position`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_product` (
  `id_product` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_supplier` INT UNSIGNED NULL,
  `id_manufacturer` INT UNSIGNED NULL, `id_category_default` INT UNSIGNED NULL,
  `id_shop_default` INT UNSIGNED NOT NULL DEFAULT 1, `id_tax_rules_group` INT UNSIGNED NOT NULL,
  `on_sale` TINYINT UNSIGNED NOT NULL DEFAULT 0, `online_only` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `ean13` VARCHAR(13) NULL, `isbn` VARCHAR(32) NULL, `upc` VARCHAR(12) NULL, `mpn` VARCHAR(40) NULL,
  `ecotax` DECIMAL(17,6) NOT NULL DEFAULT 0, `quantity` INT NOT NULL DEFAULT 0,
  `minimal_quantity` INT UNSIGNED NOT NULL DEFAULT 1, `low_stock_threshold` INT NULL,
  `low_stock_alert` TINYINT NOT NULL DEFAULT 0, `price` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `wholesale_price` DECIMAL(20,6) NOT NULL DEFAULT 0, `unity` VARCHAR(255) NULL,
  `unit_price` DECIMAL(20,6) NOT NULL DEFAULT 0, `unit_price_ratio` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `additional_shipping_cost` DECIMAL(20,6) NOT NULL DEFAULT 0, `reference` VARCHAR(64) NULL,
  `supplier_reference` VARCHAR(64) NULL, `location` VARCHAR(255) NOT NULL DEFAULT '',
  `width` DECIMAL(20,6) NOT NULL DEFAULT 0, `height` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `depth` DECIMAL(20,6) NOT NULL DEFAULT 0, `weight` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `out_of_stock` INT UNSIGNED NOT NULL DEFAULT 2,
  `additional_delivery_times` TINYINT UNSIGNED NOT NULL DEFAULT 1, `quantity_discount` TINYINT DEFAULT 0,
  `customizable` TINYINT NOT NULL DEFAULT 0, `uploadable_files` TINYINT NOT NULL DEFAULT 0,
  `text_fields` TINYINT NOT NULL DEFAULT 0, `active` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `redirect_type` ENUM('', '404', '410', '301-product', '302-product', '301-category', '302-category', '200-displayed',
    '404-displayed', '410-displayed', 'default') NOT NULL DEFAULT 'default',
  `id_type_redirected` INT UNSIGNED NOT NULL DEFAULT 0, `available_for_order` TINYINT NOT NULL DEFAULT 1,
  `available_date` DATE NULL, `show_condition` TINYINT NOT NULL DEFAULT 0,
  `condition` ENUM('new', 'used', 'refurbished') NOT NULL DEFAULT 'new',
  `show_price` TINYINT NOT NULL DEFAULT 1, `indexed` TINYINT NOT NULL DEFAULT 0,
  `visibility` ENUM('both', 'catalog', 'search', 'none') NOT NULL DEFAULT 'both',
  `cache_is_pack` TINYINT NOT NULL DEFAULT 0, `cache_has_attachments` TINYINT NOT NULL DEFAULT 0,
  `is_virtual` TINYINT NOT NULL DEFAULT 0, `cache_default_attribute` INT UNSIGNED NULL,
  `date_add` DATETIME NOT NULL, `date_upd` DATETIME NOT NULL,
  `advanced_stock_management` TINYINT NOT NULL DEFAULT 0, `pack_stock_type` INT UNSIGNED NOT NULL DEFAULT 3,
  `state` INT UNSIGNED NOT NULL DEFAULT 1,
  `product_type` ENUM('standard', 'pack', 'virtual', 'combinations', '') NOT NULL DEFAULT '',
  PRIMARY KEY (`id_product`), KEY `reference_idx` (`reference`),
  KEY `supplier_reference_idx` (`supplier_reference`), KEY `product_supplier` (`id_supplier`),
  KEY `product_manufacturer` (`id_manufacturer`, `id_product`),
  KEY `id_category_default` (`id_category_default`), KEY `indexed` (`indexed`), KEY `date_add` (`date_add`),
  KEY `state` (`state`, `date_upd`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_product_lang` (
  `id_product` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL DEFAULT 1,
  `id_lang` INT UNSIGNED NOT NULL, `description` MEDIUMTEXT NULL, `description_short` MEDIUMTEXT NULL,
  `link_rewrite` VARCHAR(128) NOT NULL, `meta_description` VARCHAR(512) NULL,
  `meta_keywords` VARCHAR(255) NULL, `meta_title` VARCHAR(128) NULL, `name` VARCHAR(128) NOT NULL,
  `available_now` VARCHAR(255) NULL, `available_later` VARCHAR(255) NULL,
  `delivery_in_stock` VARCHAR(255) NULL, `delivery_out_stock` VARCHAR(255) NULL,
  PRIMARY KEY (`id_product`, `id_shop`, `id_lang`), KEY `id_lang` (`id_lang`), KEY `name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_product_shop` (
  `id_product` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL,
  `id_category_default` INT UNSIGNED NULL, `id_tax_rules_group` INT UNSIGNED NOT NULL,
  `on_sale` TINYINT UNSIGNED NOT NULL DEFAULT 0, `online_only` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `ecotax` DECIMAL(17,6) NOT NULL DEFAULT 0, `minimal_quantity` INT UNSIGNED NOT NULL DEFAULT 1,
  `low_stock_threshold` INT NULL, `low_stock_alert` TINYINT NOT NULL DEFAULT 0,
  `price` DECIMAL(20,6) NOT NULL DEFAULT 0, `wholesale_price` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `unity` VARCHAR(255) NULL, `unit_price` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `unit_price_ratio` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `additional_shipping_cost` DECIMAL(20,6) NOT NULL DEFAULT 0, `customizable` TINYINT NOT NULL DEFAULT 0,
  `uploadable_files` TINYINT NOT NULL DEFAULT 0, `text_fields` TINYINT NOT NULL DEFAULT 0,
  `active` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `redirect_type` ENUM('', '404', '410', '301-product', '302-product', '301-category', '302-category', '200-displayed',
    '404-displayed', '410-displayed', 'default') NOT NULL DEFAULT 'default',
  `id_type_redirected` INT UNSIGNED NOT NULL DEFAULT 0, `available_for_order` TINYINT NOT NULL DEFAULT 1,
  `available_date` DATE NULL, `show_condition` TINYINT NOT NULL DEFAULT 1,
  `condition` ENUM('new', 'used', 'refurbished') NOT NULL DEFAULT 'new',
  `show_price` TINYINT NOT NULL DEFAULT 1, `indexed` TINYINT NOT NULL DEFAULT 0,
  `visibility` ENUM('both', 'catalog', 'search', 'none') NOT NULL DEFAULT 'both',
  `cache_default_attribute` INT UNSIGNED NULL, `advanced_stock_management` TINYINT NOT NULL DEFAULT 0,
  `date_add` DATETIME NOT NULL, `date_upd` DATETIME NOT NULL,
  `pack_stock_type` INT UNSIGNED NOT NULL DEFAULT 3,
  PRIMARY KEY (`id_product`, `id_shop`), KEY `id_category_default` (`id_category_default`),
  KEY `date_add` (`date_add`, `active`, `visibility`), KEY `indexed` (`indexed`, `active`, `id_product`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_pack` (
  `id_product_pack` INT UNSIGNED NOT NULL, `id_product_item` INT UNSIGNED NOT NULL,
  `id_product_attribute_item` INT UNSIGNED NOT NULL, `quantity` INT UNSIGNED NOT NULL DEFAULT 1,
  PRIMARY KEY (`id_product_pack`, `id_product_item`, `id_product_attribute_item`),
  KEY `product_item` (`id_product_item`, `id_product_attribute_item`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_product_sale` (
  `id_product` INT UNSIGNED NOT NULL, `quantity` INT UNSIGNED NOT NULL DEFAULT 0,
  `sale_nbr` INT UNSIGNED NOT NULL DEFAULT 0, `date_upd` DATE NULL,
  PRIMARY KEY (`id_product`), KEY `quantity` (`quantity`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_product_attribute` (
  `id_product_attribute` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_product` INT UNSIGNED NOT NULL,
  `reference` VARCHAR(64) NULL, `supplier_reference` VARCHAR(64) NULL, `ean13` VARCHAR(13) NULL,
  `isbn` VARCHAR(32) NULL, `upc` VARCHAR(12) NULL, `mpn` VARCHAR(40) NULL,
  `wholesale_price` DECIMAL(20,6) NOT NULL DEFAULT 0, `price` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `ecotax` DECIMAL(17,6) NOT NULL DEFAULT 0, `weight` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `unit_price_impact` DECIMAL(20,6) NOT NULL DEFAULT 0, `default_on` TINYINT UNSIGNED NULL,
  `minimal_quantity` INT UNSIGNED NOT NULL DEFAULT 1, `low_stock_threshold` INT NULL,
  `low_stock_alert` TINYINT NOT NULL DEFAULT 0, `available_date` DATE NULL,
  PRIMARY KEY (`id_product_attribute`), KEY `product_attribute_product` (`id_product`),
  KEY `reference` (`reference`), KEY `supplier_reference` (`supplier_reference`),
  UNIQUE KEY `product_default` (`id_product`, `default_on`),
  KEY `id_product_id_product_attribute` (`id_product_attribute`, `id_product`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_product_attribute_shop` (
  `id_product` INT UNSIGNED NOT NULL, `id_product_attribute` INT UNSIGNED NOT NULL,
  `id_shop` INT UNSIGNED NOT NULL, `wholesale_price` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `price` DECIMAL(20,6) NOT NULL DEFAULT 0, `ecotax` DECIMAL(17,6) NOT NULL DEFAULT 0,
  `weight` DECIMAL(20,6) NOT NULL DEFAULT 0, `unit_price_impact` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `default_on` TINYINT UNSIGNED NULL, `minimal_quantity` INT UNSIGNED NOT NULL DEFAULT 1,
  `low_stock_threshold` INT NULL, `low_stock_alert` TINYINT NOT NULL DEFAULT 0, `available_date` DATE NULL,
  PRIMARY KEY (`id_product_attribute`, `id_shop`),
  UNIQUE KEY `id_product` (`id_product`, `id_shop`, `default_on`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_customization` (
  `id_customization` INT UNSIGNED NOT NULL AUTO_INCREMENT,
  `id_product_attribute` INT UNSIGNED NOT NULL DEFAULT 0,
  `id_address_delivery` INT UNSIGNED NOT NULL DEFAULT 0, `id_cart` INT UNSIGNED NOT NULL,
  `id_product` INT NOT NULL, `quantity` INT NOT NULL, `quantity_refunded` INT NOT NULL DEFAULT 0,
  `quantity_returned` INT NOT NULL DEFAULT 0, `in_cart` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_customization`, `id_cart`, `id_product`, `id_address_delivery`),
  KEY `id_product_attribute` (`id_product_attribute`),
  KEY `id_cart_product` (`id_cart`, `id_product`, `id_product_attribute`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_customization_field` (
  `id_customization_field` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_product` INT UNSIGNED NOT NULL,
  `type` TINYINT NOT NULL, `required` TINYINT NOT NULL, `is_module` TINYINT NOT NULL DEFAULT 0,
  `is_deleted` TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_customization_field`), KEY `id_product` (`id_product`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_customized_data` (
  `id_customization` INT UNSIGNED NOT NULL, `type` TINYINT NOT NULL, `index` INT NOT NULL,
  `value` VARCHAR(255) NOT NULL, `id_module` INT NOT NULL DEFAULT 0,
  `price` DECIMAL(20,6) NOT NULL DEFAULT 0, `weight` DECIMAL(20,6) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_customization`, `type`, `index`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_specific_price` (
  `id_specific_price` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_specific_price_rule` INT UNSIGNED NOT NULL,
  `id_cart` INT UNSIGNED NOT NULL, `id_product` INT UNSIGNED NOT NULL,
  `id_shop` INT UNSIGNED NOT NULL DEFAULT 1, `id_shop_group` INT UNSIGNED NOT NULL,
  `id_currency` INT UNSIGNED NOT NULL, `id_country` INT UNSIGNED NOT NULL, `id_group` INT UNSIGNED NOT NULL,
  `id_customer` INT UNSIGNED NOT NULL, `id_product_attribute` INT UNSIGNED NOT NULL,
  `price` DECIMAL(20,6) NOT NULL, `from_quantity` MEDIUMINT UNSIGNED NOT NULL,
  `reduction` DECIMAL(20,6) NOT NULL, `reduction_tax` TINYINT NOT NULL DEFAULT 1,
  `reduction_type` ENUM('amount', 'percentage') NOT NULL, `from` DATETIME NOT NULL, `to` DATETIME NOT NULL,
  PRIMARY KEY (`id_specific_price`),
  KEY `id_product` (`id_product`, `id_shop`, `id_currency`, `id_country`, `id_group`, `id_customer`, `from_quantity`, `from`, `to`),
  KEY `from_quantity` (`from_quantity`), KEY `id_specific_price_rule` (`id_specific_price_rule`),
  KEY `id_cart` (`id_cart`), KEY `id_product_attribute` (`id_product_attribute`), KEY `id_shop` (`id_shop`),
  KEY `id_customer` (`id_customer`), KEY `from` (`from`), KEY `to` (`to`),
  UNIQUE KEY `id_product_2` (`id_product`, `id_product_attribute`, `id_customer`, `id_cart`, `from`, `to`, `id_shop`, `id_shop_group`, `id_currency`, `id_country`, `id_group`, `from_quantity`, `id_specific_price_rule`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Stock. One row a product, one more a combination; the product's row holds the sum of its combinations.

CREATE TABLE `PREFIX_stock_available` (
  `id_stock_available` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_product` INT UNSIGNED NOT NULL,
  `id_product_attribute` INT UNSIGNED NOT NULL, `id_shop` INT UNSIGNED NOT NULL,
  `id_shop_group` INT UNSIGNED NOT NULL, `quantity` INT NOT NULL DEFAULT 0,
  `physical_quantity` INT NOT NULL DEFAULT 0, `reserved_quantity` INT NOT NULL DEFAULT 0,
  `depends_on_stock` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `out_of_stock` TINYINT UNSIGNED NOT NULL DEFAULT 0, `location` VARCHAR(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`id_stock_available`), KEY `id_shop` (`id_shop`), KEY `id_shop_group` (`id_shop_group`),
  KEY `id_product` (`id_product`), KEY `id_product_attribute` (`id_product_attribute`),
  UNIQUE KEY `product_sqlstock` (`id_product`, `id_product_attribute`, `id_shop`, `id_shop_group`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_stock_mvt_reason` (
  `id_stock_mvt_reason` INT UNSIGNED NOT NULL AUTO_INCREMENT, `sign` TINYINT NOT NULL DEFAULT 1,
  `date_add` DATETIME NOT NULL, `date_upd` DATETIME NOT NULL, `deleted` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_stock_mvt_reason`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_stock_mvt` (
  `id_stock_mvt` BIGINT NOT NULL AUTO_INCREMENT, `id_stock` INT NOT NULL, `id_order` INT NULL,
  `id_supply_order` INT NULL, `id_stock_mvt_reason` INT NOT NULL, `id_employee` INT NOT NULL,
  `employee_lastname` VARCHAR(255) NULL, `employee_firstname` VARCHAR(255) NULL,
  `physical_quantity` INT UNSIGNED NOT NULL, `date_add` DATETIME NOT NULL,
  `sign` SMALLINT NOT NULL DEFAULT 1, `price_te` DECIMAL(20,6) NULL DEFAULT 0,
  `last_wa` DECIMAL(20,6) NULL DEFAULT 0, `current_wa` DECIMAL(20,6) NULL DEFAULT 0, `referer` BIGINT NULL,
  PRIMARY KEY (`id_stock_mvt`), KEY `id_stock` (`id_stock`),
  KEY `id_stock_mvt_reason` (`id_stock_mvt_reason`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Carts and vouchers.

CREATE TABLE `PREFIX_cart` (
  `id_cart` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_shop_group` INT UNSIGNED NOT NULL DEFAULT 1,
  `id_shop` INT UNSIGNED NOT NULL DEFAULT 1, `id_carrier` INT UNSIGNED NOT NULL,
  `delivery_option` MEDIUMTEXT NOT NULL, `id_lang` INT UNSIGNED NOT NULL,
  `id_address_delivery` INT UNSIGNED NOT NULL, `id_address_invoice` INT UNSIGNED NOT NULL,
  `id_currency` INT UNSIGNED NOT NULL, `id_customer` INT UNSIGNED NOT NULL,
  `id_guest` INT UNSIGNED NOT NULL, `secure_key` VARCHAR(32) NOT NULL DEFAULT '-1',
  `recyclable` TINYINT UNSIGNED NOT NULL DEFAULT 1, `gift` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `gift_message` MEDIUMTEXT NULL, `mobile_theme` TINYINT NOT NULL DEFAULT 0,
  `allow_seperated_package` TINYINT UNSIGNED NOT NULL DEFAULT 0, `date_add` DATETIME NOT NULL,
  `date_upd` DATETIME NOT NULL, `checkout_session_data` MEDIUMTEXT NULL,
  PRIMARY KEY (`id_cart`), KEY `cart_customer` (`id_customer`),
  KEY `id_address_delivery` (`id_address_delivery`), KEY `id_address_invoice` (`id_address_invoice`),
  KEY `id_carrier` (`id_carrier`), KEY `id_lang` (`id_lang`), KEY `id_currency` (`id_currency`),
  KEY `id_guest` (`id_guest`), KEY `id_shop_group` (`id_shop_group`),
  KEY `id_shop_2` (`id_shop`, `date_upd`), KEY `id_shop` (`id_shop`, `date_add`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_cart_product` (
  `id_cart` INT UNSIGNED NOT NULL, `id_product` INT UNSIGNED NOT NULL,
  `id_address_delivery` INT UNSIGNED NOT NULL DEFAULT 0, `id_shop` INT UNSIGNED NOT NULL DEFAULT 1,
  `id_product_attribute` INT UNSIGNED NOT NULL DEFAULT 0,
  `id_customization` INT UNSIGNED NOT NULL DEFAULT 0, `quantity` INT UNSIGNED NOT NULL DEFAULT 0,
  `date_add` DATETIME NOT NULL,
  PRIMARY KEY (`id_cart`, `id_product`, `id_product_attribute`, `id_customization`, `id_address_delivery`),
  KEY `id_product_attribute` (`id_product_attribute`),
  KEY `id_cart_order` (`id_cart`, `date_add`, `id_product`, `id_product_attribute`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_cart_rule` (
  `id_cart_rule` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_customer` INT UNSIGNED NOT NULL DEFAULT 0,
  `date_from` DATETIME NOT NULL, `date_to` DATETIME NOT NULL, `description` MEDIUMTEXT NULL,
  `quantity` INT UNSIGNED NOT NULL DEFAULT 0, `quantity_per_user` INT UNSIGNED NOT NULL DEFAULT 0,
  `priority` INT UNSIGNED NOT NULL DEFAULT 1, `partial_use` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `code` VARCHAR(254) NOT NULL, `minimum_amount` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `minimum_amount_tax` TINYINT NOT NULL DEFAULT 0,
  `minimum_amount_currency` INT UNSIGNED NOT NULL DEFAULT 0,
  `minimum_amount_shipping` TINYINT NOT NULL DEFAULT 0,
  `country_restriction` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `carrier_restriction` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `group_restriction` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `cart_rule_restriction` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `product_restriction` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `shop_restriction` TINYINT UNSIGNED NOT NULL DEFAULT 0, `free_shipping` TINYINT NOT NULL DEFAULT 0,
  `reduction_percent` DECIMAL(5,2) NOT NULL DEFAULT 0, `reduction_amount` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `reduction_tax` TINYINT UNSIGNED NOT NULL DEFAULT 0, `reduction_currency` INT UNSIGNED NOT NULL DEFAULT 0,
  `reduction_product` INT NOT NULL DEFAULT 0,
  `reduction_exclude_special` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `gift_product` INT UNSIGNED NOT NULL DEFAULT 0, `gift_product_attribute` INT UNSIGNED NOT NULL DEFAULT 0,
  `highlight` TINYINT UNSIGNED NOT NULL DEFAULT 0, `active` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `date_add` DATETIME NOT NULL, `date_upd` DATETIME NOT NULL,
  PRIMARY KEY (`id_cart_rule`), KEY `id_customer` (`id_customer`, `active`, `date_to`),
  KEY `group_restriction` (`group_restriction`, `active`, `date_to`),
  KEY `id_customer_2` (`id_customer`, `active`, `highlight`, `date_to`),
  KEY `group_restriction_2` (`group_restriction`, `active`, `highlight`, `date_to`),
  KEY `date_from` (`date_from`), KEY `date_to` (`date_to`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_cart_cart_rule` (
  `id_cart` INT UNSIGNED NOT NULL, `id_cart_rule` INT UNSIGNED NOT NULL,
  PRIMARY KEY (`id_cart`, `id_cart_rule`), KEY `id_cart_rule` (`id_cart_rule`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Orders. Money columns come in pairs with and without tax; `total_x` repeats `total_x_tax_incl`.

CREATE TABLE `PREFIX_order_state` (
  `id_order_state` INT UNSIGNED NOT NULL AUTO_INCREMENT, `invoice` TINYINT UNSIGNED DEFAULT 0,
  `send_email` TINYINT UNSIGNED NOT NULL DEFAULT 0, `module_name` VARCHAR(255) NULL,
  `color` VARCHAR(32) NULL, `unremovable` TINYINT UNSIGNED NOT NULL,
  `hidden` TINYINT UNSIGNED NOT NULL DEFAULT 0, `logable` TINYINT NOT NULL DEFAULT 0,
  `delivery` TINYINT UNSIGNED NOT NULL DEFAULT 0, `shipped` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `paid` TINYINT UNSIGNED NOT NULL DEFAULT 0, `pdf_invoice` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `pdf_delivery` TINYINT UNSIGNED NOT NULL DEFAULT 0, `deleted` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_order_state`), KEY `module_name` (`module_name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_state_lang` (
  `id_order_state` INT UNSIGNED NOT NULL, `id_lang` INT UNSIGNED NOT NULL, `name` VARCHAR(64) NOT NULL,
  `template` VARCHAR(64) NOT NULL,
  PRIMARY KEY (`id_order_state`, `id_lang`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_orders` (
  `id_order` INT UNSIGNED NOT NULL AUTO_INCREMENT, `reference` VARCHAR(9) NULL,
  `id_shop_group` INT UNSIGNED NOT NULL DEFAULT 1, `id_shop` INT UNSIGNED NOT NULL DEFAULT 1,
  `id_carrier` INT UNSIGNED NOT NULL, `id_lang` INT UNSIGNED NOT NULL, `id_customer` INT UNSIGNED NOT NULL,
  `id_cart` INT UNSIGNED NOT NULL, `id_currency` INT UNSIGNED NOT NULL,
  `id_address_delivery` INT UNSIGNED NOT NULL, `id_address_invoice` INT UNSIGNED NOT NULL,
  `current_state` INT UNSIGNED NOT NULL, `secure_key` VARCHAR(32) NOT NULL DEFAULT '-1',
  `payment` VARCHAR(255) NOT NULL, `conversion_rate` DECIMAL(13,6) NOT NULL DEFAULT 1,
  `module` VARCHAR(255) NULL, `recyclable` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  `gift` TINYINT UNSIGNED NOT NULL DEFAULT 0, `gift_message` MEDIUMTEXT NULL,
  `mobile_theme` TINYINT NOT NULL DEFAULT 0, `total_discounts` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_discounts_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_discounts_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_paid` DECIMAL(20,6) NOT NULL DEFAULT 0, `total_paid_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_paid_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_paid_real` DECIMAL(20,6) NOT NULL DEFAULT 0, `total_products` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_products_wt` DECIMAL(20,6) NOT NULL DEFAULT 0, `total_shipping` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_shipping_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_shipping_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `carrier_tax_rate` DECIMAL(10,3) NOT NULL DEFAULT 0, `total_wrapping` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_wrapping_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_wrapping_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0, `round_mode` TINYINT NOT NULL DEFAULT 2,
  `round_type` TINYINT NOT NULL DEFAULT 1, `invoice_number` INT UNSIGNED NOT NULL DEFAULT 0,
  `delivery_number` INT UNSIGNED NOT NULL DEFAULT 0, `invoice_date` DATETIME NOT NULL,
  `delivery_date` DATETIME NOT NULL, `valid` INT UNSIGNED NOT NULL DEFAULT 0, `date_add` DATETIME NOT NULL,
  `date_upd` DATETIME NOT NULL, `note` MEDIUMTEXT NULL,
  PRIMARY KEY (`id_order`), KEY `reference` (`reference`), KEY `id_customer` (`id_customer`),
  KEY `id_cart` (`id_cart`), KEY `invoice_number` (`invoice_number`), KEY `id_carrier` (`id_carrier`),
  KEY `id_lang` (`id_lang`), KEY `id_currency` (`id_currency`),
  KEY `id_address_delivery` (`id_address_delivery`), KEY `id_address_invoice` (`id_address_invoice`),
  KEY `id_shop_group` (`id_shop_group`), KEY `current_state` (`current_state`), KEY `id_shop` (`id_shop`),
  KEY `date_add` (`date_add`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_detail` (
  `id_order_detail` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_order` INT UNSIGNED NOT NULL,
  `id_order_invoice` INT NULL, `id_warehouse` INT UNSIGNED DEFAULT 0, `id_shop` INT UNSIGNED NOT NULL,
  `product_id` INT UNSIGNED NOT NULL, `product_attribute_id` INT UNSIGNED NULL,
  `id_customization` INT UNSIGNED DEFAULT 0, `product_name` MEDIUMTEXT NOT NULL,
  `product_quantity` INT UNSIGNED NOT NULL DEFAULT 0, `product_quantity_in_stock` INT NOT NULL DEFAULT 0,
  `product_quantity_refunded` INT UNSIGNED NOT NULL DEFAULT 0,
  `product_quantity_return` INT UNSIGNED NOT NULL DEFAULT 0,
  `product_quantity_reinjected` INT UNSIGNED NOT NULL DEFAULT 0,
  `product_price` DECIMAL(20,6) NOT NULL DEFAULT 0, `reduction_percent` DECIMAL(5,2) NOT NULL DEFAULT 0,
  `reduction_amount` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `reduction_amount_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `reduction_amount_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `group_reduction` DECIMAL(5,2) NOT NULL DEFAULT 0,
  `product_quantity_discount` DECIMAL(20,6) NOT NULL DEFAULT 0, `product_ean13` VARCHAR(13) NULL,
  `product_isbn` VARCHAR(32) NULL, `product_upc` VARCHAR(12) NULL, `product_mpn` VARCHAR(40) NULL,
  `product_reference` VARCHAR(64) NULL, `product_supplier_reference` VARCHAR(64) NULL,
  `product_weight` DECIMAL(20,6) NOT NULL, `id_tax_rules_group` INT UNSIGNED DEFAULT 0,
  `tax_computation_method` TINYINT UNSIGNED NOT NULL DEFAULT 0, `tax_name` VARCHAR(16) NOT NULL,
  `tax_rate` DECIMAL(10,3) NOT NULL DEFAULT 0, `ecotax` DECIMAL(17,6) NOT NULL DEFAULT 0,
  `ecotax_tax_rate` DECIMAL(5,3) NOT NULL DEFAULT 0, `discount_quantity_applied` TINYINT NOT NULL DEFAULT 0,
  `download_hash` VARCHAR(255) NULL, `download_nb` INT UNSIGNED DEFAULT 0,
  `download_deadline` DATETIME NULL, `total_price_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_price_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `unit_price_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `unit_price_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_shipping_price_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_shipping_price_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `purchase_supplier_price` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `original_product_price` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `original_wholesale_price` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_refunded_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_refunded_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_order_detail`), KEY `order_detail_order` (`id_order`),
  KEY `product_id` (`product_id`, `product_attribute_id`),
  KEY `product_attribute_id` (`product_attribute_id`), KEY `id_tax_rules_group` (`id_tax_rules_group`),
  KEY `id_order_id_order_detail` (`id_order`, `id_order_detail`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_detail_tax` (
  `id_order_detail` INT NOT NULL, `id_tax` INT NOT NULL, `unit_amount` DECIMAL(16,6) NOT NULL DEFAULT 0,
  `total_amount` DECIMAL(16,6) NOT NULL DEFAULT 0,
  KEY `id_order_detail` (`id_order_detail`), KEY `id_tax` (`id_tax`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_history` (
  `id_order_history` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_employee` INT UNSIGNED NOT NULL,
  `id_order` INT UNSIGNED NOT NULL, `id_order_state` INT UNSIGNED NOT NULL, `date_add` DATETIME NOT NULL,
  PRIMARY KEY (`id_order_history`), KEY `order_history_order` (`id_order`),
  KEY `id_employee` (`id_employee`), KEY `id_order_state` (`id_order_state`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_carrier` (
  `id_order_carrier` INT NOT NULL AUTO_INCREMENT, `id_order` INT UNSIGNED NOT NULL,
  `id_carrier` INT UNSIGNED NOT NULL, `id_order_invoice` INT UNSIGNED NULL, `weight` DECIMAL(20,6) NULL,
  `shipping_cost_tax_excl` DECIMAL(20,6) NULL, `shipping_cost_tax_incl` DECIMAL(20,6) NULL,
  `tracking_number` VARCHAR(64) NULL, `date_add` DATETIME NOT NULL,
  PRIMARY KEY (`id_order_carrier`), KEY `id_order` (`id_order`), KEY `id_carrier` (`id_carrier`),
  KEY `id_order_invoice` (`id_order_invoice`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_payment` (
  `id_order_payment` INT NOT NULL AUTO_INCREMENT, `order_reference` VARCHAR(9) NULL,
  `id_currency` INT UNSIGNED NOT NULL, `amount` DECIMAL(20,6) NOT NULL,
  `payment_method` VARCHAR(255) NOT NULL, `conversion_rate` DECIMAL(13,6) NOT NULL DEFAULT 1,
  `transaction_id` VARCHAR(254) NULL, `card_number` VARCHAR(254) NULL, `card_brand` VARCHAR(254) NULL,
  `card_expiration` CHAR(7) NULL, `card_holder` VARCHAR(254) NULL, `date_add` DATETIME NOT NULL,
  `id_employee` INT NULL,
  PRIMARY KEY (`id_order_payment`), KEY `order_reference` (`order_reference`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_cart_rule` (
  `id_order_cart_rule` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_order` INT UNSIGNED NOT NULL,
  `id_cart_rule` INT UNSIGNED NOT NULL, `id_order_invoice` INT UNSIGNED DEFAULT 0,
  `name` VARCHAR(254) NOT NULL, `value` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `value_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0, `free_shipping` TINYINT NOT NULL DEFAULT 0,
  `deleted` TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (`id_order_cart_rule`), KEY `id_order` (`id_order`), KEY `id_cart_rule` (`id_cart_rule`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ── Invoices, credit slips and returns.

CREATE TABLE `PREFIX_order_invoice` (
  `id_order_invoice` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_order` INT NOT NULL, `number` INT NOT NULL,
  `delivery_number` INT NOT NULL, `delivery_date` DATETIME NULL,
  `total_discount_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_discount_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_paid_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_paid_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0, `total_products` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_products_wt` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_shipping_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_shipping_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `shipping_tax_computation_method` INT UNSIGNED NOT NULL,
  `total_wrapping_tax_excl` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `total_wrapping_tax_incl` DECIMAL(20,6) NOT NULL DEFAULT 0, `shop_address` MEDIUMTEXT NULL,
  `note` MEDIUMTEXT NULL, `date_add` DATETIME NOT NULL,
  PRIMARY KEY (`id_order_invoice`), KEY `id_order` (`id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_invoice_payment` (
  `id_order_invoice` INT UNSIGNED NOT NULL, `id_order_payment` INT UNSIGNED NOT NULL,
  `id_order` INT UNSIGNED NOT NULL,
  PRIMARY KEY (`id_order_invoice`, `id_order_payment`), KEY `order_payment` (`id_order_payment`),
  KEY `id_order` (`id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_invoice_tax` (
  `id_order_invoice` INT NOT NULL, `type` VARCHAR(15) NOT NULL, `id_tax` INT NOT NULL,
  `amount` DECIMAL(10,6) NOT NULL DEFAULT 0,
  KEY `id_tax` (`id_tax`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_slip` (
  `id_order_slip` INT UNSIGNED NOT NULL AUTO_INCREMENT, `conversion_rate` DECIMAL(13,6) NOT NULL DEFAULT 1,
  `id_customer` INT UNSIGNED NOT NULL, `id_order` INT UNSIGNED NOT NULL,
  `total_products_tax_excl` DECIMAL(20,6) NULL, `total_products_tax_incl` DECIMAL(20,6) NULL,
  `total_shipping_tax_excl` DECIMAL(20,6) NULL, `total_shipping_tax_incl` DECIMAL(20,6) NULL,
  `shipping_cost` TINYINT UNSIGNED NOT NULL DEFAULT 0, `amount` DECIMAL(20,6) NOT NULL DEFAULT 0,
  `shipping_cost_amount` DECIMAL(20,6) NOT NULL DEFAULT 0, `partial` TINYINT NOT NULL,
  `order_slip_type` TINYINT UNSIGNED NOT NULL DEFAULT 0, `date_add` DATETIME NOT NULL,
  `date_upd` DATETIME NOT NULL,
  PRIMARY KEY (`id_order_slip`), KEY `order_slip_customer` (`id_customer`), KEY `id_order` (`id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_slip_detail` (
  `id_order_slip` INT UNSIGNED NOT NULL, `id_order_detail` INT UNSIGNED NOT NULL,
  `product_quantity` INT UNSIGNED NOT NULL DEFAULT 0, `unit_price_tax_excl` DECIMAL(20,6) NULL,
  `unit_price_tax_incl` DECIMAL(20,6) NULL, `total_price_tax_excl` DECIMAL(20,6) NULL,
  `total_price_tax_incl` DECIMAL(20,6) NULL, `amount_tax_excl` DECIMAL(20,6) NULL,
  `amount_tax_incl` DECIMAL(20,6) NULL,
  PRIMARY KEY (`id_order_slip`, `id_order_detail`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_return` (
  `id_order_return` INT UNSIGNED NOT NULL AUTO_INCREMENT, `id_customer` INT UNSIGNED NOT NULL,
  `id_order` INT UNSIGNED NOT NULL, `state` TINYINT UNSIGNED NOT NULL DEFAULT 1,
  `question` MEDIUMTEXT NOT NULL, `date_add` DATETIME NOT NULL, `date_upd` DATETIME NOT NULL,
  PRIMARY KEY (`id_order_return`), KEY `order_return_customer` (`id_customer`), KEY `id_order` (`id_order`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `PREFIX_order_message` (
  `id_order_message` INT UNSIGNED NOT NULL AUTO_INCREMENT, `date_add` DATETIME NOT NULL,
  PRIMARY KEY (`id_order_message`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
