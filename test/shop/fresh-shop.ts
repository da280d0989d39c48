import { RealShop } from "./real-shop.ts";

const SHARED_TABLES = ["outbox", "confirmation", "command", "nonce", "parcel"];

/** The shop with the module, without what earlier runs left of the sidecar, and serving at its own address. */
export async function freshShop(): Promise<RealShop> {
  const shop = await RealShop.open();
  await shop.module("install").catch(() => undefined);
  // An installed one has the hooks of the version that was installed.
  await shop.module("reset");
  await forgetSidecar(shop);
  await shop.serve();
  // The shop redirects every host but its own, so its domain is the web server's for the time of the tests.
  const [before] = await shop.rows("SELECT domain FROM {shop_url} WHERE main = 1 LIMIT 1");
  const domain = new URL(shop.url).host;
  await shop.rows("UPDATE {shop_url} SET domain = ?, domain_ssl = ?", [domain, domain]);
  shop.onDispose(() =>
    shop.rows("UPDATE {shop_url} SET domain = ?, domain_ssl = ?", [
      String(before?.["domain"]),
      String(before?.["domain"]),
    ]),
  );
  return shop;
}

async function forgetSidecar(shop: RealShop): Promise<void> {
  const tables = await shop.rows("SHOW TABLES LIKE '%erpsync\\_%'");
  for (const row of tables) {
    const table = String(Object.values(row)[0]);
    if (!SHARED_TABLES.some((name) => table.endsWith(`erpsync_${name}`)))
      await shop.rows(`DROP TABLE \`${table}\``);
  }
  if (tables.length > 0) await shop.rows("DELETE FROM {erpsync_outbox}");
}
