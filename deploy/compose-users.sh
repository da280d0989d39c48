#!/bin/sh
# Run once by the database's image when its volume is empty: the sidecar's user. It may do in the shop's database what
# the sidecar and its migrations need; in production use two users with the narrower grants of db/grants.
set -eu
mariadb --user=root --password="$MARIADB_ROOT_PASSWORD" <<SQL
CREATE USER 'erpsync'@'%' IDENTIFIED BY '$ERPSYNC_DB_PASSWORD';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON prestashop.* TO 'erpsync'@'%';
GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 'erpsync'@'%';
SQL
