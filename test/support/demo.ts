// `npm run demo`: a shop, an ERP and the sidecar between them; orders arrive before your eyes.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type DemoShop, realShop, simulatedShop } from "./demo-shop.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "./netsuite-emulator.ts";
import { Installation, itemOf, type SidecarProcess } from "./sidecar.ts";
import { SupportError } from "./support-error.ts";

/** What `--json` prints; checks rely on its form. */
interface Outcome {
  readonly orders: number;
  readonly erpOrders: number;
  readonly duplicates: number;
  readonly lost: number;
  /**
   * Units by which the laws of the stock ledger are broken, over all rows: the shop's row, its opening less what was
   * ordered, and opening + movements of the ledger must be one figure, nothing owed and nothing unexplained.
   */
  readonly stockDrift: number;
  /** From the commit that made an order whole to its request at the ERP; null where no commit's time is known. */
  readonly latencyMs: Readonly<Record<"p50" | "p95" | "p99", number | null>>;
}

/** Milliseconds without an arrival after which what is missing counts as lost. */
const PATIENCE_MS = 60_000;
const ORDERS_ONCE = 20;
const EVERY_MS = 1_500;

const { values: options } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    orders: { type: "string", default: String(ORDERS_ONCE) },
  },
});

/** With `--json` standard output holds one line and nothing else. */
function say(sentence: string): void {
  if (options.json) process.stderr.write(`${sentence}\n`);
  else process.stdout.write(`${sentence}\n`);
}

async function main(): Promise<number> {
  const orders = Number(options.orders);
  if (!Number.isInteger(orders) || orders < 1) {
    throw new SupportError(`--orders takes a whole number from 1 on, not "${options.orders}".`);
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const open = process.env["PRESTASHOP_ROOT"] === undefined ? simulatedShop : realShop;
  await using shop = await open(say);
  say(`The shop is ${shop.title}.`);
  await using erp = await startNetSuiteEmulator();
  say(`The ERP is a NetSuite emulator at ${erp.url}.`);
  const sidecar = await Promise.race([startSidecar(shop, erp), rejectedBy(stop.signal)]);
  await tellAddresses(sidecar);
  const before = await lastOrder(shop);
  const opening = await stockRows(shop);
  const arrivals = new Arrivals(shop, erp);
  if (options.once) await shop.place(orders);
  else await placeUntil(shop, stop.signal);
  const placed = (await shop.rows("SELECT id_order FROM {orders} WHERE id_order > ?", [before])).length;
  await arrivals.wait(placed, options.once ? stop.signal : AbortSignal.timeout(PATIENCE_MS));
  const outcome: Outcome = {
    ...arrivals.count(placed),
    stockDrift: Math.max(await stockDrift(shop, opening, before), await ledgerDrift(shop, sidecar)),
    latencyMs: arrivals.latency(),
  };
  await sidecar.stop();
  tellOutcome(outcome);
  const { duplicates, lost, stockDrift: drift } = outcome;
  return duplicates === 0 && lost === 0 && drift === 0 ? 0 : 1;
}

/** Ctrl-C while all is being started: what stands is taken down again. */
async function rejectedBy(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw new SupportError("Stopped.");
}

/** Maps the products, then starts the sidecar's own process and waits until it reads the binlog and may call the ERP. */
async function startSidecar(shop: DemoShop, erp: NetSuiteEmulator): Promise<SidecarProcess> {
  const installation = await Installation.create(shop.beside, { netsuite: erp.settings() });
  const products = (await shop.rows(
    "SELECT DISTINCT id_product, id_product_attribute FROM {stock_available}",
  )) as unknown as readonly { readonly id_product: number; readonly id_product_attribute: number }[];
  erp.addItems(products.map(itemOf));
  for (const row of products) {
    await shop.rows(
      `INSERT INTO {erpsync_mapping} (kind, shop_key, external_id, erp_ref, origin, updated_at)
       VALUES ('product', ?, ?, ?, 'import', UTC_TIMESTAMP(6))`,
      [`${row.id_product}:${row.id_product_attribute}`, `ITEM-${itemOf(row)}`, itemOf(row)],
    );
  }
  const sidecar = await installation.start();
  await Promise.race([sidecar.logged("capture.resumed"), sidecar.logged("capture.polling")]);
  await sidecar.logged("erp.port_held");
  return sidecar;
}

async function tellAddresses(sidecar: SidecarProcess): Promise<void> {
  const address = String((await sidecar.logged("http.listening"))["address"]);
  const origin = address.startsWith("http") ? address : `http://${address}`;
  for (const path of ["/health", "/ready", "/status", "/metrics"]) {
    const answer = await fetch(`${origin}${path}`);
    if (answer.status !== 404) say(`The sidecar answers at ${origin}${path}`);
  }
}

async function placeUntil(shop: DemoShop, signal: AbortSignal): Promise<void> {
  say(`An order is placed every ${EVERY_MS / 1_000} s; Ctrl-C stops all.\n`);
  while (!signal.aborted) {
    await shop.place(1);
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  say("\nStopping; what is under way is waited for.");
}

async function lastOrder(shop: DemoShop): Promise<number> {
  const [row] = await shop.rows("SELECT MAX(id_order) AS id FROM {orders}");
  return Number(row?.["id"] ?? 0);
}

/** Quantities by `product:combination`. */
async function stockRows(shop: DemoShop): Promise<ReadonlyMap<string, number>> {
  const rows = await shop.rows("SELECT id_product, id_product_attribute, quantity FROM {stock_available}");
  return new Map(
    rows.map((row) => [
      `${String(row["id_product"])}:${String(row["id_product_attribute"])}`,
      Number(row["quantity"]),
    ]),
  );
}

/** Read from the database alone: each row must stand at its opening less the lines ordered since. */
async function stockDrift(
  shop: DemoShop,
  opening: ReadonlyMap<string, number>,
  afterOrder: number,
): Promise<number> {
  const expected = new Map(opening);
  const take = (key: string, units: number): void => {
    expected.set(key, (expected.get(key) ?? 0) - units);
  };
  const lines = await shop.rows(
    "SELECT product_id, product_attribute_id, product_quantity FROM {order_detail} WHERE id_order > ?",
    [afterOrder],
  );
  for (const line of lines) {
    const units = Number(line["product_quantity"]);
    const combination = Number(line["product_attribute_id"]);
    take(`${String(line["product_id"])}:${combination}`, units);
    // The product's own row is the sum over its combinations.
    if (combination !== 0) take(`${String(line["product_id"])}:0`, units);
  }
  const now = await stockRows(shop);
  return [...expected].reduce((sum, [key, units]) => sum + Math.abs((now.get(key) ?? 0) - units), 0);
}

/** Milliseconds that the ledger has to come to rest after the last order. */
const SETTLE_MS = 15_000;

/** What the ledger says of its own laws, once it has come to rest; a row that it does not know is adrift by one. */
async function ledgerDrift(shop: DemoShop, sidecar: SidecarProcess): Promise<number> {
  // A shop without a binlog has no ledger.
  if (!sidecar.log.some(({ event }) => event === "capture.resumed")) return 0;
  const deadlineMs = performance.now() + SETTLE_MS;
  for (;;) {
    const [row] = await shop.rows(
      `SELECT (SELECT COUNT(*) FROM {erpsync_stock_inbox}) + (SELECT COUNT(*) FROM {erpsync_stock_row} WHERE unsettled = 1)
         AS open,
         SUM(IF(r.id_stock_available IS NULL, 1, ABS(s.quantity - r.position)
           + ABS(r.opening + COALESCE(m.units, 0) - r.position) + COALESCE(m.unexplained, 0) + COALESCE(l.owed, 0)))
         AS drift
       FROM {stock_available} s LEFT JOIN {erpsync_stock_row} r ON r.id_stock_available = s.id_stock_available
       LEFT JOIN (SELECT id_stock_available, SUM(delta) AS units, SUM(IF(cause = 'unexplained', ABS(delta), 0)) AS unexplained
         FROM {erpsync_stock_movement} GROUP BY id_stock_available) m ON m.id_stock_available = r.id_stock_available
       LEFT JOIN (SELECT id_stock_available, SUM(ABS(owed)) AS owed FROM {erpsync_stock_line} GROUP BY id_stock_available) l
         ON l.id_stock_available = r.id_stock_available`,
    );
    const isAtRest = Number(row?.["open"]) === 0;
    const drift = Number(row?.["drift"]);
    if ((isAtRest && drift === 0) || performance.now() > deadlineMs) return drift;
    await delay(200);
  }
}

/** Follows the emulator's log and says each order as it arrives. */
class Arrivals {
  readonly #shop: DemoShop;
  readonly #erp: NetSuiteEmulator;
  readonly #told = new Set<string>();
  readonly #latencies: number[] = [];
  readonly #news = new EventTarget();
  #lastAtMs = performance.now();

  constructor(shop: DemoShop, erp: NetSuiteEmulator) {
    this.#shop = shop;
    this.#erp = erp;
    void this.#follow();
  }

  /** Waits until that many have arrived, or none has for a minute, or the signal. */
  async wait(orders: number, signal: AbortSignal): Promise<void> {
    this.#lastAtMs = performance.now();
    while (this.#told.size < orders && !signal.aborted && performance.now() - this.#lastAtMs < PATIENCE_MS) {
      await Promise.race([once(this.#news, "arrival"), delay(250)]);
    }
  }

  count(placed: number): Pick<Outcome, "orders" | "erpOrders" | "duplicates" | "lost"> {
    const records = this.#erp.orders();
    const arrived = new Set(records.map((record) => record.externalId)).size;
    const doubled = new Set(this.#erp.duplicates().flatMap((group) => group.slice(1)));
    return {
      orders: placed,
      erpOrders: records.length,
      duplicates: doubled.size,
      lost: Math.max(0, placed - arrived),
    };
  }

  latency(): Outcome["latencyMs"] {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const at = (share: number): number | null => {
      const ms = sorted[Math.ceil(share * sorted.length) - 1];
      return ms === undefined ? null : round(ms);
    };
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }

  async #follow(): Promise<void> {
    for (;;) {
      await this.#erp.until(() => this.#erp.orders().length > this.#told.size);
      for (const { externalId } of this.#erp.orders()) {
        if (!this.#told.has(externalId)) await this.#tell(externalId);
      }
      // Twice the same key would be a duplicate; `count` says so, and this loop must not spin on it.
      await delay(1);
    }
  }

  async #tell(externalId: string): Promise<void> {
    const orderId = Number(/-(\d+)(?:-E\d+)?$/.exec(externalId)?.[1]);
    const request = this.#erp
      .calls()
      .find(
        (call) => call.externalId === externalId && call.method !== "GET" && call.path.includes("salesOrder"),
      );
    const [row] = await this.#shop.rows(
      `SELECT o.reference, ROUND(o.total_paid_tax_incl, 2) AS total, c.iso_code
       FROM {orders} o JOIN {currency} c ON c.id_currency = o.id_currency WHERE o.id_order = ?`,
      [orderId],
    );
    const wholeAtNs = await this.#shop.wholeAtNs(orderId);
    const known = wholeAtNs !== undefined && request !== undefined;
    const ms = known ? Number(BigInt(request.arrivedNs) - wholeAtNs) / 1e6 : undefined;
    if (ms !== undefined) this.#latencies.push(ms);
    const order = `order ${orderId} ${String(row?.["reference"])}`.padEnd(24);
    const amount = `${String(row?.["total"])} ${String(row?.["iso_code"])}`.padStart(14);
    const after = ms === undefined ? "" : `, ${round(ms)} ms after its commit`;
    say(`${order}${amount}  in the ERP as ${externalId}${after}`);
    this.#told.add(externalId);
    this.#lastAtMs = performance.now();
    this.#news.dispatchEvent(new Event("arrival"));
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function tellOutcome(outcome: Outcome): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
    return;
  }
  const { orders, erpOrders, duplicates, lost, latencyMs } = outcome;
  say(
    `\n${orders} orders placed, ${erpOrders} in the ERP: ${lost} lost, ${duplicates} doubled, ` +
      `stock adrift by ${outcome.stockDrift}. From commit to the ERP: p50 ${latencyMs.p50} ms, ` +
      `p95 ${latencyMs.p95} ms, p99 ${latencyMs.p99} ms.`,
  );
}

try {
  // Open sockets of the emulator must not keep the process.
  process.exit(await main());
} catch (thrown) {
  if (!(thrown instanceof SupportError)) throw thrown;
  process.stderr.write(`${thrown.message}\n`);
  process.exit(1);
}
