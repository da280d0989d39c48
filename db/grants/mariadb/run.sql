-- MariaDB 10.6 or newer: what the user of `erpsync run` and all commands but migrate and purge may do, and no more.
-- Run it after `erpsync migrate`, and again after each update: rights are given table by table.
-- Put your own names in the place of DATABASE, PREFIX_, USER, HOST and PASSWORD, and run it as an administrator.
-- Every statement can be repeated. A test runs the sidecar with these very rights on each server.

CREATE USER IF NOT EXISTS 'USER'@'HOST' IDENTIFIED BY 'PASSWORD';

-- The shop's own tables are read, never written: what the shop must do it is asked by signed commands.
GRANT SELECT ON `DATABASE`.`PREFIX_orders` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_order_detail` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_order_history` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_order_payment` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_customer` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_address` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_country` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_state` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_currency` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_carrier` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_configuration` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_shop_url` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_module` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_module_shop` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_hook` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_hook_module` TO 'USER'@'HOST';

-- The tables of erpsync.
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_outbox` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_confirmation` TO 'USER'@'HOST';
GRANT SELECT, UPDATE ON `DATABASE`.`PREFIX_erpsync_command` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_event` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_job` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_operation` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_attempt` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_sync_log` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_mapping` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_identity` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_epoch` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_checkpoint` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_missed_hook` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_order_seen` TO 'USER'@'HOST';
GRANT SELECT, INSERT, UPDATE, DELETE ON `DATABASE`.`PREFIX_erpsync_action` TO 'USER'@'HOST';
GRANT SELECT ON `DATABASE`.`PREFIX_erpsync_migration` TO 'USER'@'HOST';

-- The binlog. Without these two the outbox is polled, and exact stock is not offered.
GRANT REPLICATION SLAVE ON *.* TO 'USER'@'HOST';
GRANT BINLOG MONITOR ON *.* TO 'USER'@'HOST';
