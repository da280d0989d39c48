// `npm run golden`: makes the golden orders in the real PrestaShop at PRESTASHOP_ROOT and writes test/contract/orders.
// `npm run golden -- --again`: decides anew what becomes of the rows that are in the files; it needs no shop.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { shopOrderId } from "../../sidecar/domain/ids.ts";
import { readMoney } from "../../sidecar/orders/order-money.ts";
import { readOrderRows } from "../../sidecar/orders/order-record.ts";
import { type Database, openDatabase } from "../../sidecar/platform/database.ts";
import { systemSleep } from "../../sidecar/platform/system-clock.ts";
import {
  decideGolden,
  GOLDEN_FOLDER,
  type GoldenOrder,
  type GoldenRows,
  RULES,
  readGoldenOrders,
} from "../contract/golden-order.ts";
import { SupportError } from "../support/support-error.ts";
import { RealShop } from "./real-shop.ts";

const DRIVER = join(import.meta.dirname, "golden-orders.php");

interface Made {
  readonly case: string;
  /** Absent where the shop made no order at all. */
  readonly id_order?: number;
  readonly refused?: string;
}

async function makeOrders(shop: RealShop): Promise<readonly Made[]> {
  const php = spawn("php", [DRIVER], {
    env: { ...process.env, PRESTASHOP_ROOT: shop.root },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const made: Made[] = [];
  for await (const line of createInterface({ input: php.stdout })) made.push(JSON.parse(line) as Made);
  return made;
}

async function readRows(shop: RealShop, db: Database, made: Made): Promise<GoldenRows> {
  const id = shopOrderId(made.id_order ?? 0);
  const rows = await readOrderRows(db, id, systemSleep);
  if (rows === undefined) throw new SupportError(`${made.case} has no order`);
  const money = await readMoney(db, id, { payments: true, credits: true }, RULES);
  const parcels = await shop.rows("SELECT * FROM {order_carrier} WHERE id_order = ? ORDER BY 1", [id]);
  return { rows, money, parcels };
}

async function makeGolden(): Promise<readonly GoldenOrder[]> {
  await using shop = await RealShop.open();
  const db = openDatabase({ ...shop.settings, connections: 4 });
  const golden: GoldenOrder[] = [];
  // All are made before the first is read: what is done to one may change another, as a deleted product does.
  for (const made of await makeOrders(shop)) {
    if (made.refused !== undefined) console.error(`${made.case}: the shop said ${made.refused}`);
    const rows = await readRows(shop, db, made);
    golden.push({ case: made.case, ...rows, ...decideGolden(rows) });
  }
  await db.destroy();
  return golden;
}

const decideAgain = (): readonly GoldenOrder[] =>
  readGoldenOrders().map(({ case: name, rows, money, parcels }) => {
    const written = { rows, money, parcels };
    return { case: name, ...written, ...decideGolden(written) };
  });

const golden = process.argv.includes("--again") ? decideAgain() : await makeGolden();
rmSync(GOLDEN_FOLDER, { recursive: true, force: true });
mkdirSync(GOLDEN_FOLDER);
for (const order of golden) {
  writeFileSync(join(GOLDEN_FOLDER, `${order.case}.json`), `${JSON.stringify(order, null, 2)}\n`);
}
const exported = golden.filter((order) => "neutral" in order).length;
console.log(`${String(golden.length)} golden orders, of which ${String(exported)} go to the ERP`);
