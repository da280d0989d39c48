// Before a CI run: installs MariaDB where it is missing, and makes the MySQL chroot. Without MySQL its tests do not run.
import { ensureMariadb } from "./mariadb.ts";
import { ensureMysqlChroot } from "./mysql.ts";
import { SupportError } from "./support-error.ts";

console.log(`MariaDB: ${ensureMariadb()}`);
try {
  const mysql = ensureMysqlChroot();
  console.log(`MySQL ${mysql.version}: ${mysql.root}`);
} catch (thrown) {
  if (!(thrown instanceof SupportError)) throw thrown;
  console.log(`No MySQL, so its half of the integration tests does not run: ${thrown.message}`);
}
