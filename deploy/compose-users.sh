#!/bin/sh
# Run once by the database's image when its volume is empty: the sidecar's user. It may do in the shop's database what
# the sidecar and its migrations need; in production use the two users of db/grants, each with its least rights.
set -eu
mariadb --user=root --password="$MARIADB_ROOT_PASSWORD" <<SQL
CREATE USER 'erpsync'@'%' IDENTIFIED BY '$ERPSYNC_DB_PASSWORD';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON prestashop.* TO 'erpsync'@'%';
GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 'erpsync'@'%';
SQL
