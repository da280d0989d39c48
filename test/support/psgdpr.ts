// What PrestaShop's module psgdpr does to a customer, as its version 1.4.3 and older ones write it.
import { announce, announceOrderChanged } from "./module-events.ts";
import { shopTime } from "./order-rows.ts";
import { PhpProcess } from "./php-process.ts";
import { LANG_ID, SHOP_GROUP_ID, SHOP_ID } from "./seed.ts";
import type { World } from "./world.ts";

/** The anonymous customer that psgdpr makes when it is installed, with its address; made once. */
export async function installPsgdpr(
  world: World,
): Promise<{ readonly customerId: number; readonly addressId: number }> {
  const php = new PhpProcess(world);
  const now = shopTime();
  const customerId = await php.insert("customer", {
    id_shop_group: SHOP_GROUP_ID,
    id_shop: SHOP_ID,
    id_gender: 1,
    id_default_group: 3,
    id_lang: LANG_ID,
    firstname: "Anonymous",
    lastname: "Anonymous",
    email: "anonymous@psgdpr.com",
    passwd: "",
    secure_key: "f".repeat(32),
    active: 0,
    date_add: now,
    date_upd: now,
  });
  const addressId = await php.insert("address", {
    id_country: 8,
    id_state: 0,
    id_customer: customerId,
    alias: "Anonymous",
    company: "Anonymous",
    lastname: "Anonymous",
    firstname: "Anonymous",
    address1: "Anonymous",
    postcode: "00000",
    city: "Anonymous",
    phone: "0000000000",
    phone_mobile: "0000000000",
    vat_number: "0000",
    dni: "0000",
    date_add: now,
    date_upd: now,
  });
  for (const [name, value] of [
    ["PSGDPR_ANONYMOUS_CUSTOMER", customerId],
    ["PSGDPR_ANONYMOUS_ADDRESS", addressId],
  ] as const) {
    await php.insert("configuration", { name, value: String(value), date_add: now, date_upd: now });
  }
  await php.close();
  return { customerId, addressId };
}

/**
 * psgdpr erases a customer. Its hook tells the module first, and his vouchers go with him. Version 1.4.3 deletes the account and leaves the orders with
 * an id that nobody has; older ones give the orders to the anonymous customer (`givesAway`). The binlog tells of those
 * orders, which is an event for each here.
 */
export async function eraseByPsgdpr(
  world: World,
  customerId: number,
  how: { readonly givesAway?: { readonly customerId: number; readonly addressId: number } } = {},
): Promise<void> {
  const php = new PhpProcess(world);
  await announce(php, "customer.changed", `customer:${customerId}`, null);
  const orders = await php.select("SELECT id_order FROM ?? WHERE id_customer = ?", [
    php.name("orders"),
    customerId,
  ]);
  const { givesAway } = how;
  if (givesAway !== undefined) {
    await php.query(
      "UPDATE ?? SET id_customer = ?, id_address_delivery = ?, id_address_invoice = ? WHERE id_customer = ?",
      [php.name("orders"), givesAway.customerId, givesAway.addressId, givesAway.addressId, customerId],
    );
    await php.query("DELETE FROM ?? WHERE id_customer = ?", [php.name("address"), customerId]);
  }
  for (const table of ["cart_rule", "customer_group", "customer"]) {
    await php.query("DELETE FROM ?? WHERE id_customer = ?", [php.name(table), customerId]);
  }
  for (const order of orders) await announceOrderChanged(php, Number(order["id_order"]), "address");
  await php.close();
}
