// `npm run golden`: makes the golden orders in the real PrestaShop at PRESTASHOP_ROOT and writes test/contract/orders.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DecodeError } from "../../sidecar/domain/errors.ts";
import { shopOrderId } from "../../sidecar/domain/ids.ts";
import { decodeOrder, type OrderRows } from "../../sidecar/orders/decode-order.ts";
import { readOrderRows } from "../../sidecar/orders/order-record.ts";
import { openDatabase } from "../../sidecar/platform/database.ts";
import {
  GOLDEN_FOLDER,
  type GoldenOrder,
  type GoldenOutcome,
  goldenBodies,
  type ShopRow,
  TOLERANCE_MINOR,
} from "../contract/golden-order.ts";
import { SupportError } from "../support/support-error.ts";
import { RealShop } from "./real-shop.ts";

const DRIVER = join(import.meta.dirname, "golden-orders.php");

interface Made {
  readonly case: string;
  /** Absent where the shop refused the order altogether. */
  readonly id_order?: number;
  readonly refused?: string;
}

async function* makeOrders(shop: RealShop): AsyncGenerator<Made> {
  const php = spawn("php", [DRIVER], {
    env: { ...process.env, PRESTASHOP_ROOT: shop.root },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: php.stdout })) yield JSON.parse(line) as Made;
}

function outcomeOf(rows: OrderRows): GoldenOutcome {
  try {
    const decoded = decodeOrder(rows, TOLERANCE_MINOR);
    if (decoded.kind === "mismatch") return { parked: decoded.sentence };
    return { neutral: decoded.order, ...goldenBodies(decoded.order, rows) };
  } catch (thrown) {
    if (thrown instanceof DecodeError) return { parked: thrown.message };
    throw thrown;
  }
}

/** The order's rows in the tables around it, whole. */
async function rowsAround(shop: RealShop, { order }: OrderRows) {
  const of = async (from: string, value: string | number): Promise<readonly ShopRow[]> =>
    (await shop.rows(`SELECT t.* FROM ${from} = ? ORDER BY 1, 2`, [value])) as readonly ShopRow[];
  const id = order.id_order;
  return {
    payments: await of("{order_payment} t WHERE t.order_reference", order.reference),
    slips: await of("{order_slip} t WHERE t.id_order", id),
    slipLines: await of(
      "{order_slip_detail} t JOIN {order_slip} s ON s.id_order_slip = t.id_order_slip WHERE s.id_order",
      id,
    ),
    invoices: await of("{order_invoice} t WHERE t.id_order", id),
    carriers: await of("{order_carrier} t WHERE t.id_order", id),
  };
}

async function main(): Promise<void> {
  await using shop = await RealShop.open();
  const db = openDatabase({ ...shop.settings, connections: 4 });
  const made: Made[] = [];
  for await (const order of makeOrders(shop)) made.push(order);
  const golden: GoldenOrder[] = [];
  for (const { case: name, id_order: id, refused } of made) {
    if (refused !== undefined) console.error(`${name}: the shop said ${refused}`);
    const rows = id === undefined ? undefined : await readOrderRows(db, shopOrderId(id));
    if (rows === undefined) throw new SupportError(`${name} has no order`);
    golden.push({ case: name, rows, ...(await rowsAround(shop, rows)), ...outcomeOf(rows) });
  }
  await db.destroy();
  rmSync(GOLDEN_FOLDER, { recursive: true, force: true });
  mkdirSync(GOLDEN_FOLDER);
  for (const order of golden) {
    writeFileSync(join(GOLDEN_FOLDER, `${order.case}.json`), `${JSON.stringify(order, null, 2)}\n`);
  }
  const parked = golden.filter((order) => "parked" in order).length;
  console.log(`${String(golden.length)} golden orders, of which ${String(parked)} are parked`);
}

await main();
