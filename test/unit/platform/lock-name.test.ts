import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { lockName } from "../../../sidecar/platform/named-lock.ts";

const MODULE = resolve(import.meta.dirname, "../../../prestashop-module/erpsync/src");

describe("the name of a lock", () => {
  test("is the module's: what a checkout holds and what the sidecar takes is one lock", () => {
    // The PHP twin, as `php -r` makes it of database shop and prefix ps_.
    expect(lockName("shop", "ps_", "stock.7")).toBe("erpsync.0d4002f92c5c.stock.7");
    const twin = readFileSync(join(MODULE, "ShopDatabase.php"), "utf8");
    expect(twin).toContain(
      String.raw`return 'erpsync.'.substr(hash('sha256', _DB_NAME_."\n"._DB_PREFIX_), 0, 12).'.'.$name;`,
    );
    const locks = readFileSync(join(MODULE, "Stock/ProductLocks.php"), "utf8");
    expect(locks).toContain("lockName('stock.'.$id)");
  });

  test("stays under the 64 characters that a server takes, for the highest id", () => {
    expect(lockName("d".repeat(64), "p".repeat(20), "stock.4294967295").length).toBeLessThan(64);
  });
});
