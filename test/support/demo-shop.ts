import { setTimeout as delay } from "node:timers/promises";
import { lockName } from "../../sidecar/platform/named-lock.ts";
import { RealShop } from "../shop/real-shop.ts";
import type { DatabaseServer } from "./database-server.ts";
import { ensureMariadb, startMariadb } from "./mariadb.ts";
import type { LineToOrder } from "./order-rows.ts";
import { combinationIds, SEED_DEFAULTS } from "./seed.ts";
import type { Beside } from "./sidecar.ts";
import { SupportError } from "./support-error.ts";
import { World } from "./world.ts";

const PRODUCTS = SEED_DEFAULTS.simpleProducts + SEED_DEFAULTS.combinedProducts;

type Cell = string | number;
export type DemoRow = Readonly<Record<string, unknown>>;

/** A shop in which the demo may place orders. */
export interface DemoShop extends AsyncDisposable {
  readonly title: string;
  readonly beside: Beside;
  /** Rows of a query in which `{table}` stands for the shop's own name of a table. */
  readonly rows: (sql: string, values?: readonly Cell[]) => Promise<readonly DemoRow[]>;
  /** Places orders one after the other. */
  readonly place: (orders: number) => Promise<void>;
  /** When the order was whole in the database, on `process.hrtime`; undefined where that is not known. */
  readonly wholeAtNs: (orderId: number) => Promise<bigint | undefined>;
}

/** The shop's tables in a private MariaDB, in which each order is written statement by statement as a checkout does. */
export async function simulatedShop(say: (sentence: string) => void): Promise<DemoShop> {
  ensureMariadb(say);
  const server: DatabaseServer = await startMariadb();
  const world = await World.create({ server });
  const wholeAt = new Map<number, bigint>();
  return {
    title: `a simulated PrestaShop 8.2 in a private MariaDB ${server.version}`,
    beside: world,
    rows: async (sql, values = []) => await world.rows(fillIn(sql, world.prefix), values),
    place: async (orders) => {
      for (let n = 0; n < orders; n += 1) {
        const placed = await world.shop().placeOrder({
          customerId: random(1, SEED_DEFAULTS.customers),
          lines: randomLines(),
          paid: random(1, 2) === 1,
        });
        wholeAt.set(placed.orderId, placed.wholeAt);
      }
    },
    wholeAtNs: async (orderId) => {
      // The ERP may have the order before the shop's own connection has answered us.
      for (let tries = 0; !wholeAt.has(orderId) && tries < 1_000; tries += 1) await delay(2);
      return wholeAt.get(orderId);
    },
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

/** The PrestaShop at PRESTASHOP_ROOT, a test shop: the module is installed in it and orders are placed by its own PHP. */
export async function realShop(say: (sentence: string) => void): Promise<DemoShop> {
  const shop = await RealShop.open();
  const { database, prefix } = shop.settings;
  const working = await shop.count("SELECT IS_USED_LOCK(?) IS NOT NULL", [
    lockName(database, prefix, "erp-port"),
  ]);
  if (working === 1) throw new SupportError("A sidecar works on this shop; stop it before the demo.");
  say("Installing the module; what an earlier demo or test left of the sidecar is cleared.");
  // A module that was disabled stays so through a reset; uninstalling keeps what it recorded.
  await shop.module("uninstall").catch(() => undefined);
  await shop.module("install");
  await clearSidecar(shop);
  return {
    title: `the PrestaShop in ${shop.root}, database ${database}`,
    beside: shop,
    rows: async (sql, values = []) => await shop.rows(sql, values),
    place: async (orders) => {
      await shop.placeOrders(orders);
    },
    // The module stamps the event of the order's status just before its commit.
    wholeAtNs: async (orderId) => {
      const askedAtNs = process.hrtime.bigint();
      const [row] = await shop.rows(
        `SELECT TIMESTAMPDIFF(MICROSECOND, MIN(occurred_at), UTC_TIMESTAMP(6)) AS age
         FROM {erpsync_event} WHERE subject = ? AND type = 'order.status_changed'`,
        [`order:${orderId}`],
      );
      const ageUs: unknown = row?.["age"];
      return typeof ageUs === "number" ? askedAtNs - BigInt(ageUs) * 1_000n : undefined;
    },
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

/** The tables that the module made and both sides share; the others are the sidecar's own. */
const SHARED = ["outbox", "confirmation", "command", "nonce"];

async function clearSidecar(shop: RealShop): Promise<void> {
  for (const row of await shop.rows("SHOW TABLES LIKE '%erpsync\\_%'")) {
    const table = String(Object.values(row)[0]);
    if (!SHARED.some((name) => table.endsWith(`erpsync_${name}`))) await shop.rows(`DROP TABLE \`${table}\``);
  }
  await shop.rows("DELETE FROM {erpsync_outbox}");
}

function fillIn(sql: string, prefix: string): string {
  return sql.replaceAll(/\{(\w+)\}/g, (_, table: string) => `\`${prefix}${table}\``);
}

function random(from: number, to: number): number {
  return from + Math.floor(Math.random() * (to - from + 1));
}

/** One to three different products; a cart holds each once. */
function randomLines(): readonly LineToOrder[] {
  const products = new Set(Array.from({ length: random(1, 3) }, () => random(1, PRODUCTS)));
  return [...products].map((productId) => {
    const combinations = combinationIds(productId);
    const attributeId = combinations[random(0, combinations.length - 1)];
    return { productId, quantity: random(1, 3), ...(attributeId === undefined ? {} : { attributeId }) };
  });
}
