import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ErpRef, erpRef, shopOrderId } from "../../sidecar/domain/ids.ts";
import type { NeutralOrder } from "../../sidecar/domain/order.ts";
import * as adapter from "../../sidecar/erp/netsuite/adapter.ts";
import type { NetSuiteSettings } from "../../sidecar/erp/netsuite/settings.ts";
import type { ErpCall } from "../../sidecar/erp/port.ts";
import { decodeOrder } from "../../sidecar/orders/decode-order.ts";
import { readOrderRows } from "../../sidecar/orders/order-record.ts";
import { type Database, openDatabase } from "../../sidecar/platform/database.ts";
import { createHttp, type Http } from "../../sidecar/platform/http.ts";
import { customerBody, orderBody } from "../contract/sample-bodies.ts";
import { withCodes } from "../support/booked-taxes.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../support/netsuite-emulator.ts";
import { SupportError } from "../support/support-error.ts";
import { RealShop } from "./real-shop.ts";

const DRIVER = join(import.meta.dirname, "random-orders.php");
/** So many, of this seed; set ERPSYNC_TEST_ORDERS for more and ERPSYNC_TEST_SEED for others. */
const ORDERS = Number(process.env["ERPSYNC_TEST_ORDERS"] ?? 60);
const SEED = process.env["ERPSYNC_TEST_SEED"] ?? "7";

interface Drawn {
  readonly id_order?: number;
  readonly failed?: string;
}

const call: ErpCall = { signal: new AbortController().signal, priority: 3, note: () => undefined };
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
let shop: RealShop;
let db: Database;
let erp: NetSuiteEmulator;
let http: Http;
let settings: NetSuiteSettings;

beforeAll(async () => {
  shop = await RealShop.open();
  db = openDatabase({ ...shop.settings, connections: 4 });
  erp = await startNetSuiteEmulator();
  http = createHttp({ connections: 2 });
  settings = adapter.settings.parse(erp.settings("tba"));
});

afterAll(async () => {
  await db.destroy();
  await http.close();
  await erp.close();
  await shop[Symbol.asyncDispose]();
});

async function drawOrders(): Promise<readonly Drawn[]> {
  const php = spawn("php", [DRIVER, `--orders=${ORDERS}`, `--seed=${SEED}`], {
    env: { ...process.env, PRESTASHOP_ROOT: shop.root },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const drawn: Drawn[] = [];
  for await (const line of createInterface({ input: php.stdout })) drawn.push(JSON.parse(line) as Drawn);
  return drawn;
}

/** Books the order in the ERP and asks what it comes to there; undefined where that is what the shop says. */
async function bookedOtherwise(order: NeutralOrder, customerRef: ErpRef): Promise<string | undefined> {
  const port = adapter.open(withCodes(settings, order), { http: http.send, clock });
  const itemRefs = Object.fromEntries(order.lines.map((line) => [line.productKey, erpRef("1001")]));
  const body = orderBody(order.id, { customerRef, items: ["1001", "1002"] });
  const ref = await port.createOrder({ ...body, itemRefs, order }, [], call);
  const totals = await port.readOrder({ ref, externalId: body.externalId, currency: order.currency }, call);
  const is = [totals?.currencyCode, totals?.totalTaxExclMinor, totals?.totalTaxInclMinor].join(" ");
  const wanted = [order.currency.code, order.totalPaidTaxExclMinor, order.totalPaidTaxInclMinor].join(" ");
  return is === wanted ? undefined : `the ERP says ${is}, the shop ${wanted}`;
}

test("random orders of a real shop obey the law of the totals, and come to the same in the ERP", {
  timeout: 1_800_000,
}, async () => {
  const drawn = await drawOrders();
  expect(drawn.flatMap(({ failed }) => failed ?? [])).toEqual([]);
  const customerRef = await adapter
    .open(settings, { http: http.send, clock })
    .createCustomer(customerBody(1), call);
  const broken: string[] = [];
  const found = { rounded: 0, taxRowsOff: 0 };
  const kinds: Record<string, number> = {};
  for (const { id_order = 0 } of drawn) {
    const rows = await readOrderRows(db, shopOrderId(id_order));
    if (rows === undefined) throw new SupportError(`order ${id_order} is not there`);
    const decoded = decodeOrder(rows, 0);
    if (decoded.kind === "mismatch") {
      broken.push(`order ${id_order}: ${decoded.sentence}`);
      continue;
    }
    const { order } = decoded;
    const kind = `${order.currency.code} ${order.rounding}`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    if (order.taxRowsOffMinor > 0) found.taxRowsOff += 1;
    if (order.roundingTaxExclMinor !== 0 || order.roundingTaxInclMinor !== 0) found.rounded += 1;
    const otherwise = await bookedOtherwise(order, customerRef);
    if (otherwise !== undefined) broken.push(`order ${id_order}: ${otherwise}`);
  }
  console.log(
    `${drawn.length - broken.length} of ${drawn.length} orders agree; ${found.rounded} need a rounding line; the tax rows of ${found.taxRowsOff} miss their totals`,
    kinds,
  );
  expect(broken).toEqual([]);
  expect(drawn).toHaveLength(ORDERS);
});
