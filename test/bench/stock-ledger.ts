// How far the stock ledger is behind the binlog while the shop sells, and what it holds in memory over a million
// movements.
//
// Lag: sixteen connections sell 500 times a second, in turn over 2,000 products: each sale takes a unit from its stock row
// and, in a commit of its own as PrestaShop does it, inserts its order line. Measured from the return of the COMMIT of the
// stock row, in the selling process, to the moment when the same process sees the movement committed: new ones are
// asked for every 10 ms, so the figure holds up to one such look too much. The first five seconds are not counted. At
// the end every movement must have been explained as the sale of its line. The orders were announced by the module's hook.
//
// Memory: 2,000 transactions that each change 500 rows by SQL, which nobody explains: a million movements are read, booked,
// found to have no cause and adopted. Figures are the resident memory of the sidecar, its growth between the first 200,000
// movements and the last 200,000, and the time until all were booked and adopted.
//
// The sidecar is the built one with the role capture, in which the ledger is, with the flags of the image.
// Peers: the sale's own COMMIT beside it; the ledger's look itself; the sidecar's memory before the million.
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { systemSleep } from "../../sidecar/platform/system-clock.ts";
import { startMariadb } from "../support/mariadb.ts";
import { spawnNetSuiteEmulator } from "../support/netsuite-emulator-process.ts";
import { Installation, type SidecarProcess } from "../support/sidecar.ts";
import { SupportError } from "../support/support-error.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";
import { NODE_FLAGS } from "./support/compile-program.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";
import { median, percentile } from "./support/statistics.ts";

const PRODUCTS = 2_000;
const CHANGES_A_SECOND = 500;
const CONNECTIONS = 16;
const WARM_MS = 5_000;
const MEASURED_MS = 30_000;
const LAG_TARGET_MS = 100;
const MOVEMENTS = Number(process.env["ERPSYNC_BENCH_MOVEMENTS"] ?? 1_000_000);
const ROWS_EACH = 500;
/** Between two looks for movements, which would else take a processor from those that are measured. */
const LOOK_EVERY_MS = 10;
const GROWTH_TARGET_MIB = 20;
const MIB = 1024 * 1024;

export async function benchStockLedger(): Promise<BenchResult> {
  const sold = await inShop(measureLag);
  const grown = await inShop(measureMemory);
  return {
    name: "stock-ledger",
    figures: [
      atMost(
        "COMMIT of the stock row → movement committed, p95",
        percentile(sold.lagMs, 0.95),
        "ms",
        LAG_TARGET_MS,
      ),
      told("the same, p50", percentile(sold.lagMs, 0.5), "ms"),
      told("the same, p99", percentile(sold.lagMs, 0.99), "ms"),
      told("stock changes, each with its order line", sold.perSecond, "changes/s"),
      told("sales explained in the end", sold.explained, "movements"),
      atMost(
        "growth of RSS, first to last 200,000 of a million movements",
        grown.growthMib,
        "MiB",
        GROWTH_TARGET_MIB,
      ),
      told("peak of RSS", grown.peakMib, "MiB"),
      told("movements in all", grown.movements, "movements"),
      told("until all were booked and adopted", grown.tookS, "s"),
    ],
    peers: [
      peer("the sale's own COMMIT", "p50 in ms", median(sold.commitMs)),
      peer("one look for new movements", "p50 in ms", median(sold.lookMs)),
      peer("the sidecar before the million", "RSS in MiB", grown.beforeMib),
    ],
  };
}

async function inShop<T>(measure: (world: World, sidecar: SidecarProcess) => Promise<T>): Promise<T> {
  await using server = await startMariadb();
  await using emulator = await spawnNetSuiteEmulator();
  await using world = await World.create({
    server,
    seed: { simpleProducts: PRODUCTS, combinedProducts: 0, stockUnits: 1_000_000 },
  });
  const installation = await Installation.create(world, { netsuite: emulator.emulatorSettings });
  const environment = { NODE_OPTIONS: NODE_FLAGS.join(" ") };
  const sidecar = await installation.start("stock.opened", { roles: "capture", environment });
  return await measure(world, sidecar);
}

interface Sold {
  readonly lagMs: readonly number[];
  readonly lookMs: readonly number[];
  readonly commitMs: readonly number[];
  readonly perSecond: number;
  readonly explained: number;
}

async function measureLag(world: World): Promise<Sold> {
  const firstOrder = await prepareOrders(world);
  const market = new Market(world, firstOrder);
  const sellers = Array.from({ length: CONNECTIONS }, (_, number) => market.sell(number));
  const watching = market.watch();
  await systemSleep(WARM_MS + MEASURED_MS);
  market.close();
  await Promise.all([watching, ...sellers]);
  const explained = await untilExplained(world);
  const perSecond = market.lagMs.length / (MEASURED_MS / 1_000);
  return { lagMs: market.lagMs, lookMs: market.lookMs, commitMs: market.commitMs, perSecond, explained };
}

/** Sales at a steady rate, and a look-out for their movements. */
class Market {
  readonly lagMs: number[] = [];
  readonly lookMs: number[] = [];
  readonly commitMs: number[] = [];
  /** When the commit of a change returned, by its row and the quantity that it left. */
  readonly #committedAt = new Map<string, number>();
  readonly #startedMs = performance.now();
  readonly #stop = new AbortController();
  readonly #world: World;
  readonly #firstOrder: number;

  constructor(world: World, firstOrder: number) {
    this.#world = world;
    this.#firstOrder = firstOrder;
    setMaxListeners(CONNECTIONS, this.#stop.signal);
  }

  close(): void {
    this.#stop.abort();
  }

  async sell(number: number): Promise<void> {
    const connection = await this.#world.connection();
    await connection.query("SET SESSION sql_mode = ''");
    const products = Math.floor(PRODUCTS / CONNECTIONS);
    for (let nth = 0; !this.#stop.signal.aborted; nth += 1) {
      const sale = nth * CONNECTIONS + number;
      const dueMs = this.#startedMs + (sale * 1_000) / CHANGES_A_SECOND;
      await systemSleep(Math.max(0, dueMs - performance.now()), this.#stop.signal);
      // Rows of the seed have the ids of their products.
      const row = 2 + number + CONNECTIONS * (nth % (products - 1));
      const left = 999_999 - Math.floor(nth / (products - 1));
      const beforeMs = performance.now();
      await connection.query(
        `UPDATE ${this.#world.table("stock_available")} SET quantity = ? WHERE id_stock_available = ?`,
        [left, row],
      );
      const nowMs = performance.now();
      this.#committedAt.set(`${row}:${left}`, nowMs);
      if (this.#isCounted(nowMs)) this.commitMs.push(nowMs - beforeMs);
      await connection.query(
        `INSERT INTO ${this.#world.table("order_detail")} (id_order, id_shop, product_id, product_name, product_quantity)
         VALUES (?, 1, ?, 'x', 1)`,
        [this.#firstOrder + sale, row],
      );
    }
  }

  /** Looks until every sale has been seen. */
  async watch(): Promise<void> {
    const movement = this.#world.table("erpsync_stock_movement");
    const newer = `SELECT id, id_stock_available AS row_id, quantity_after FROM ${movement} WHERE id > ? ORDER BY id`;
    let last = 0;
    while (!this.#stop.signal.aborted || this.#committedAt.size > 0) {
      const askedMs = performance.now();
      const rows = await this.#world.rows<{ id: number; row_id: number; quantity_after: number }>(newer, [
        last,
      ]);
      const seenMs = performance.now();
      await systemSleep(LOOK_EVERY_MS);
      this.lookMs.push(seenMs - askedMs);
      for (const { id, quantity_after, row_id } of rows) {
        last = id;
        const key = `${row_id}:${quantity_after}`;
        const atMs = this.#committedAt.get(key);
        this.#committedAt.delete(key);
        if (atMs !== undefined && this.#isCounted(atMs)) this.lagMs.push(seenMs - atMs);
      }
      if (seenMs - this.#startedMs > WARM_MS + MEASURED_MS + 60_000) {
        throw new SupportError(`${this.#committedAt.size} changes were not booked.`);
      }
    }
  }

  #isCounted(atMs: number): boolean {
    const sinceMs = atMs - this.#startedMs;
    return sinceMs > WARM_MS && sinceMs <= WARM_MS + MEASURED_MS;
  }
}

/** Orders that wait for their lines, each sale for one, of which a hook has told. Returns the id of the first. */
async function prepareOrders(world: World): Promise<number> {
  const { orderId } = await world
    .shop()
    .placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
  const orders = world.table("orders");
  const [row] = await world.rows(`SELECT * FROM ${orders} WHERE id_order = ?`, [orderId]);
  const columns = Object.keys(row ?? {});
  const wanted = Math.ceil(((WARM_MS + MEASURED_MS) / 1_000) * CHANGES_A_SECOND * 1.1);
  const connection = await world.connection();
  await connection.query("SET SESSION sql_mode = ''");
  for (let made = 0; made < wanted; made += ROWS_EACH) {
    const rows = Array.from({ length: ROWS_EACH }, (_, n) =>
      columns.map((column) => (column === "id_order" ? orderId + 1 + made + n : row?.[column])),
    );
    await connection.query(`INSERT INTO ${orders} (??) VALUES ?`, [columns, rows]);
    await connection.query(
      `INSERT INTO ${world.table("erpsync_event")}
         (event_id, type, version, subject, id_shop, occurred_at, ingested_at)
       SELECT UUID(), 'order.placed', 1, CONCAT('order:', id_order), 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)
       FROM ${orders} WHERE id_order > ?`,
      [orderId + made],
    );
  }
  return orderId + 1;
}

async function untilSettled(world: World): Promise<void> {
  const open = `SELECT EXISTS (SELECT 1 FROM ${world.table("erpsync_stock_inbox")})
    + EXISTS (SELECT 1 FROM ${world.table("erpsync_stock_row")} WHERE unsettled = 1) AS open`;
  await until(async () => (await world.rows<{ open: number }>(open))[0]?.open === 0, {
    what: "the ledger to come to rest",
    timeoutMs: 1_200_000,
    everyMs: 250,
  });
}

async function untilExplained(world: World): Promise<number> {
  await untilSettled(world);
  const causes = await world.rows<{ cause: string; n: number }>(
    `SELECT cause, COUNT(*) AS n FROM ${world.table("erpsync_stock_movement")} GROUP BY cause`,
  );
  const others = causes.filter(({ cause }) => cause !== "sale");
  if (others.length > 0) throw new SupportError(`Not all are sales: ${JSON.stringify(others)}.`);
  return causes[0]?.n ?? 0;
}

interface Grown {
  readonly beforeMib: number;
  readonly growthMib: number;
  readonly peakMib: number;
  readonly movements: number;
  readonly tookS: number;
}

async function measureMemory(world: World, sidecar: SidecarProcess): Promise<Grown> {
  const movement = world.table("erpsync_stock_movement");
  const booked = async (): Promise<number> => {
    const [newest] = await world.rows<{ id: number }>(`SELECT COALESCE(MAX(id), 0) AS id FROM ${movement}`);
    return newest?.id ?? 0;
  };
  const beforeMib = rssMib(sidecar.pid);
  const startedMs = performance.now();
  const writing = writeAll(world);
  const samples: { readonly movements: number; readonly mib: number }[] = [];
  while ((samples.at(-1)?.movements ?? 0) < MOVEMENTS) {
    if (!sidecar.running) throw new SupportError(`The sidecar ended: ${sidecar.err}`);
    samples.push({ movements: await booked(), mib: rssMib(sidecar.pid) });
    await systemSleep(250);
  }
  await writing;
  await untilSettled(world);
  samples.push({ movements: await booked(), mib: rssMib(sidecar.pid) });
  const tookS = (performance.now() - startedMs) / 1_000;
  const within = (from: number, to: number): number =>
    median(
      samples
        .filter(({ movements }) => movements >= from * MOVEMENTS && movements <= to * MOVEMENTS)
        .map(({ mib }) => mib),
    );
  return {
    beforeMib,
    growthMib: Math.max(0, within(0.8, 1) - within(0.01, 0.2)),
    peakMib: Math.max(...samples.map(({ mib }) => mib)),
    movements: samples.at(-1)?.movements ?? 0,
    tookS,
  };
}

/** Each transaction takes a unit from a quarter of all rows. */
async function writeAll(world: World): Promise<void> {
  const connection = await world.connection();
  for (let written = 0; written < MOVEMENTS; written += ROWS_EACH) {
    const from = written % PRODUCTS;
    await connection.query(
      `UPDATE ${world.table("stock_available")} SET quantity = quantity - 1
       WHERE id_stock_available > ? AND id_stock_available <= ?`,
      [from, from + ROWS_EACH],
    );
  }
}

function rssMib(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kibibytes) * 1024) / MIB;
}
