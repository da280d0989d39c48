// `erpsync report month` over 30,000 orders of one month.
//
// A private MariaDB holds a shop with 30,000 orders of October 2026, made by SQL: each with a payment, every tenth with a
// credit slip, and what a comparison left of each on record: of a hundred 97 agree, two differ and one was never compared.
// What is measured is the whole command as people run it, compiled, in a process of its own: from its start to its end
// with the file written, and its high-water mark of resident memory (VmHWM), Node included.
//
// Peer: the same command without a file, which reads and sums all the same.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MonthSummary } from "../../sidecar/reconcile/month-report.ts";
import { startMariadb } from "../support/mariadb.ts";
import { Installation } from "../support/sidecar.ts";
import { SupportError } from "../support/support-error.ts";
import { World } from "../support/world.ts";
import { copyRows, type MeasuredCommand, measureCommand, UNUSED_NETSUITE } from "./support/command.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";

const ORDERS = 30_000;
const MONTH = "2026-10";
/** Of a hundred orders. */
const DIFFERING = 2;
const UNCOMPARED = 1;
const TARGETS = { seconds: 60, rssMb: 200 } as const;

export async function benchMonthReport(): Promise<BenchResult> {
  await using server = await startMariadb();
  await using world = await World.create({ server });
  const installation = await Installation.create(world, { netsuite: UNUSED_NETSUITE });
  await fillMonth(world);
  const folder = mkdtempSync(join(tmpdir(), "erpsync-bench-"));
  world.onDispose(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, "month.csv");
  const run = (...args: readonly string[]): Promise<MeasuredCommand> =>
    measureCommand(["report", "month", MONTH, "--json", ...args, "--config", installation.configFile]);
  const written = await run("--csv", file);
  const summed = await run();
  requireWhole(JSON.parse(written.out) as MonthSummary, readFileSync(file, "utf8"));
  return {
    name: "month-report",
    figures: [
      atMost("the whole command", written.tookMs / 1_000, "s", TARGETS.seconds),
      atMost("peak RSS of the command", Math.round(written.peakRssBytes / 1e6), "MB", TARGETS.rssMb),
      told("orders reported", ORDERS, "orders"),
    ],
    peers: [
      peer("without a file", "seconds", summed.tookMs / 1_000),
      peer("without a file", "RSS in MB", Math.round(summed.peakRssBytes / 1e6)),
    ],
  };
}

function requireWhole({ currencies, orders, verdicts }: MonthSummary, csv: string): void {
  const { agrees, differs, uncompared } = verdicts;
  const lines = csv.trimEnd().split("\n").length;
  const isWhole =
    orders === ORDERS &&
    lines === ORDERS + 1 &&
    currencies[0]?.orders === ORDERS &&
    differs === (ORDERS / 100) * DIFFERING &&
    uncompared === (ORDERS / 100) * UNCOMPARED &&
    agrees === ORDERS - differs - uncompared;
  if (isWhole) return;
  throw new SupportError(
    `The report is not whole: ${lines} lines, ${JSON.stringify({ orders, verdicts, currencies })}`,
  );
}

async function fillMonth(world: World): Promise<void> {
  const { orderId } = await world
    .shop()
    .placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }], paid: true });
  const [line] = await world.rows<{ id: number }>(
    `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ?`,
    [orderId],
  );
  await world.shop().addSlip({ orderId, orderDetailId: Number(line?.id), quantity: 1 });
  const reference = "CONCAT('REF', LPAD(s.seq, 6, '0'))";
  await copyRows(world, "orders", ORDERS, {
    id_order: "1000 + s.seq",
    reference,
    // Evenly spread over the month's days.
    date_add: `'${MONTH}-01 00:00:00' + INTERVAL s.seq * ${Math.floor((31 * 86_400) / ORDERS)} SECOND`,
    current_state: "2",
  });
  await copyRows(world, "order_payment", ORDERS, {
    id_order_payment: "1000 + s.seq",
    order_reference: reference,
  });
  await copyRows(world, "order_slip", ORDERS / 10, {
    id_order_slip: "1000 + s.seq",
    id_order: "1000 + s.seq * 10",
  });
  for (const table of ["orders", "order_slip"]) {
    await world.pool.query(`DELETE FROM ${world.table(table)} WHERE id_order < 1000`);
  }
  await fillRecord(world);
  const names = ["orders", "order_payment", "order_slip", "erpsync_job", "erpsync_mapping"];
  const tables = [...names, "erpsync_order_check"].map((name) => world.table(name));
  await world.pool.query(`ANALYZE TABLE ${tables.join()}`);
}

/** What acknowledgements and comparisons left of the orders. */
async function fillRecord(world: World): Promise<void> {
  const numbers = `FROM seq_1_to_${ORDERS} s`;
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_mapping")} (kind, shop_key, external_id, erp_ref, origin, updated_at)
     SELECT 'order', 1000 + s.seq, CONCAT('PS-main-', 1000 + s.seq), 5000 + s.seq, 'sync', UTC_TIMESTAMP(6) ${numbers}`,
  );
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_job")} (subject, lane, state, run_at, created_at, updated_at)
     SELECT CONCAT('order:', 1000 + s.seq), 'orders', 'done', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) ${numbers}`,
  );
  const differences = JSON.stringify([
    { kind: "total", shop: 1_200, erp: 1_300, acknowledged: 1_200, author: "erp" },
  ]);
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_order_check")}
       (id_order, checked_at, currency, decimals, shop_state, shop_customer, shop_excl, shop_incl, shop_paid,
        shop_credited, reference_paid, erp_ref, erp_customer, erp_cancelled, erp_excl, erp_incl, erp_paid, erp_credited,
        kinds, author, differences)
     SELECT o.id_order, UTC_TIMESTAMP(6), 'EUR', 2, o.current_state, o.id_customer, 100 * o.total_paid_tax_excl,
       100 * o.total_paid_tax_incl, 100 * p.amount,
       100 * COALESCE(l.total_products_tax_incl, 0), 100 * p.amount, 4000 + o.id_order, '70', 0,
       100 * o.total_paid_tax_excl, 100 * o.total_paid_tax_incl, 100 * p.amount, 100 * COALESCE(l.total_products_tax_incl, 0),
       IF(o.id_order MOD 100 < ${DIFFERING}, 'total', NULL), IF(o.id_order MOD 100 < ${DIFFERING}, 'erp', NULL),
       IF(o.id_order MOD 100 < ${DIFFERING}, ?, NULL)
     FROM ${world.table("orders")} o
     JOIN ${world.table("order_payment")} p ON p.order_reference = o.reference
     LEFT JOIN ${world.table("order_slip")} l ON l.id_order = o.id_order
     WHERE o.id_order MOD 100 < ${100 - UNCOMPARED}`,
    [differences],
  );
}
