// `erpsync mapping check` over 30,000 orders and 5,000 tax entries.
//
// A private MariaDB holds a shop with 30,000 orders of the last 90 days, of three lines each, from 27 countries, sold with
// forty tax rules groups; the orders are made by SQL. 5,000 tax entries are imported by the command itself, in four
// periods a country and group, so that each look-up has days to compare. One country has no entry: its orders are what
// the check has to find, counted by SQL beside it. What is measured is the whole command as people run it, compiled, in a
// process of its own: from its start to its end, and its high-water mark of resident memory (VmHWM), Node included.
//
// Peer: the import of the 5,000 entries, and `erpsync mapping export`, which does nothing but read them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entryHeader } from "../../sidecar/orders/encode-entry.ts";
import type { MappingCheck } from "../../sidecar/orders/mapping-check.ts";
import { startMariadb } from "../support/mariadb.ts";
import { Installation } from "../support/sidecar.ts";
import { SupportError } from "../support/support-error.ts";
import { World } from "../support/world.ts";
import { copyRows, type MeasuredCommand, measureCommand, UNUSED_NETSUITE } from "./support/command.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";

const ORDERS = 30_000;
const LINES_EACH = 3;
const ENTRIES = 5_000;
const DAYS = 90;
const GROUPS = 40;
const UNION = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI".split(" ");
/** The country without an entry. */
const FOREIGN = "US";
const PERIODS = [",2023-12-31", "2024-01-01,2024-12-31", "2025-01-01,2025-12-31", "2026-01-01,"];
const TARGETS = { seconds: 20, rssMb: 200 } as const;

export async function benchMappingCheck(): Promise<BenchResult> {
  await using server = await startMariadb();
  await using world = await World.create({ server });
  const installation = await Installation.create(world, { netsuite: UNUSED_NETSUITE });
  await fillOrders(world);
  const folder = mkdtempSync(join(tmpdir(), "erpsync-bench-"));
  world.onDispose(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, "tax.csv");
  const rows = entryRows();
  writeFileSync(file, `${[entryHeader("tax").join(","), ...rows].join("\n")}\n`);
  const run = (...args: readonly string[]): Promise<MeasuredCommand> =>
    measureCommand([...args, "--config", installation.configFile]);
  const imported = await run("mapping", "import", "tax", file);
  const exported = await run("mapping", "export", "tax");
  const checked = await run("mapping", "check", "--days", String(DAYS), "--json");
  const check = JSON.parse(checked.out) as MappingCheck;
  const foreign = await countForeign(world);
  if (check.orders !== ORDERS || check.lacking !== foreign || check.missing.length !== GROUPS + 1) {
    throw new SupportError(
      `The check found ${check.lacking} of ${check.orders} orders and ${check.missing.length} rows; ${foreign} lack an entry.`,
    );
  }
  return {
    name: "mapping-check",
    figures: [
      atMost("the whole command", checked.tookMs / 1_000, "s", TARGETS.seconds),
      atMost("peak RSS of the command", Math.round(checked.peakRssBytes / 1e6), "MB", TARGETS.rssMb),
      told("orders checked", check.orders, "orders"),
      told("tax entries", rows.length, "entries"),
      told("orders found without an entry, all that there are", check.lacking, "orders"),
    ],
    peers: [
      peer("import of the entries", "seconds", imported.tookMs / 1_000),
      peer("export of the entries", "seconds", exported.tookMs / 1_000),
      peer("export of the entries", "RSS in MB", Math.round(exported.peakRssBytes / 1e6)),
    ],
  };
}

/** Each country's tax codes by group and period, its shipping, and as many by category as are left. */
function entryRows(): readonly string[] {
  const byGroup = UNION.flatMap((country) =>
    Array.from({ length: GROUPS }, (_, group) =>
      PERIODS.map((days) => `tax,${country},,${group + 1},,${days},${country}-${group + 1}`),
    ).flat(),
  );
  const shipping = UNION.map((country) => `tax,${country},shipping,,,,,${country}-ship`);
  const left = ENTRIES - byGroup.length - shipping.length;
  const byCategory = Array.from({ length: left }, (_, n) => {
    const country = UNION[n % UNION.length] ?? "";
    return `tax,${country},${3 + Math.floor(n / UNION.length)},,,,,${country}-category`;
  });
  return [...byGroup, ...shipping, ...byCategory];
}

async function fillOrders(world: World): Promise<void> {
  await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
  await world.pool.query(`DELETE FROM ${world.table("country")}`);
  const countries = [...UNION, FOREIGN].map((iso, index) => [index + 1, 1, iso, 0, 1, 0, 1]);
  await world.pool.query(
    `INSERT INTO ${world.table("country")} (id_country, id_zone, iso_code, call_prefix, active, contains_states,
       display_tax_label) VALUES ?`,
    [countries],
  );
  await copyRows(world, "address", countries.length, {
    id_address: "1000 + s.seq",
    id_country: "s.seq",
  });
  // Evenly spread, from just now back to almost 90 days ago.
  const stepSeconds = Math.floor(((DAYS - 1) * 86_400) / ORDERS);
  await copyRows(world, "orders", ORDERS, {
    id_order: "1000 + s.seq",
    date_add: `UTC_TIMESTAMP() - INTERVAL s.seq * ${stepSeconds} SECOND`,
    id_address_delivery: `1001 + s.seq MOD ${countries.length}`,
    id_address_invoice: `1001 + s.seq MOD ${countries.length}`,
    current_state: "2",
    total_shipping_tax_incl: "7",
  });
  await copyRows(world, "order_detail", ORDERS * LINES_EACH, {
    id_order_detail: "1000 + s.seq",
    id_order: `1000 + CEIL(s.seq / ${LINES_EACH})`,
    product_id: "1 + s.seq MOD 20",
    id_tax_rules_group: `1 + (s.seq * 7) MOD ${GROUPS}`,
  });
  await world.pool.query(`DELETE FROM ${world.table("orders")} WHERE id_order < 1000`);
  const tables = ["orders", "order_detail", "address", "country"].map((name) => world.table(name));
  await world.pool.query(`ANALYZE TABLE ${tables.join()}`);
}

async function countForeign(world: World): Promise<number> {
  const [row] = await world.rows<{ n: number }>(
    `SELECT COUNT(*) AS n FROM ${world.table("orders")} o
       JOIN ${world.table("address")} a ON a.id_address = o.id_address_delivery
       JOIN ${world.table("country")} c ON c.id_country = a.id_country WHERE c.iso_code = ?`,
    [FOREIGN],
  );
  return Number(row?.n);
}
