// What the module adds to `PaymentModule::validateOrder` on a real shop.
//
// PRESTASHOP_ROOT names an installed PrestaShop with a database that may be written to; the module's present files are
// put into it and installed where they are not. Orders are placed by test/shop/place-orders.php in PHP processes without
// a web server; only validateOrder itself is timed, by the process that calls it. One product a cart and an unpaid
// order, which is the shortest validateOrder there is and so the one to which the module adds most; mails are off.
//
// A pair are two fresh processes, one in which the module's hooks are registered and one in which they are not (its
// rows of hook_module are taken away while that process reads them). Both are warmed by three orders; then they take
// turns by single orders, on off off on, so that both meet the same moments of the machine. Which process starts first
// alternates from pair to pair. A pair's ratio is the median time with hooks over the median without; the figure is
// the median of all pairs' ratios, with the interval of order statistics that holds the true one with 95 %. That the
// one process did write outbox rows and the other did not is checked for every order.
//
// Control: the same with both processes without hooks, in a third as many pairs; it should be 0 %.
import type { RealShop } from "../shop/real-shop.ts";
import { SupportError } from "../support/support-error.ts";
import { type CheckoutProcess, openBenchShop, startCheckoutProcess } from "./support/checkout-process.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";
import { median, medianInterval } from "./support/statistics.ts";

const PAIRS = 15;
const CONTROL_PAIRS = 5;
const WARM_ORDERS = 3;
/** By turns on off off on; a multiple of two. */
const ORDERS_EACH_SIDE = 60;
const TARGET_PERCENT = 3;

export async function benchHook(): Promise<BenchResult> {
  await using shop = await openBenchShop();
  const pairs: Pair[] = [];
  const controls: Pair[] = [];
  for (let n = 0; n < PAIRS; n += 1) {
    pairs.push(await measurePair(shop, true, n % 2 === 0));
    if (controls.length < CONTROL_PAIRS && n % 3 === 2)
      controls.push(await measurePair(shop, false, n % 2 === 0));
  }
  const added = pairs.map(addedPercent);
  const interval = medianInterval(added);
  const controlInterval = medianInterval(controls.map(addedPercent));
  const off = pairs.flatMap((pair) => pair.offMs);
  return {
    name: "hook",
    figures: [
      atMost("added to validateOrder, median of the pairs", median(added), "%", TARGET_PERCENT),
      told("interval from", interval.low, "%"),
      told("interval to", interval.high, "%"),
      told("confidence of the interval", 100 * interval.confidence, "%"),
      told("added to validateOrder, median", median(pairs.map(addedMs)), "ms"),
      told("validateOrder without the module, median", median(off), "ms"),
      told("pairs", PAIRS, "pairs"),
      told("orders a side of a pair", ORDERS_EACH_SIDE, "orders"),
    ],
    peers: [
      peer("control, no hooks on either side", "median, %", median(controls.map(addedPercent))),
      peer("control, no hooks on either side", "interval from, %", controlInterval.low),
      peer("control, no hooks on either side", "interval to, %", controlInterval.high),
    ],
  };
}

interface Pair {
  readonly onMs: readonly number[];
  readonly offMs: readonly number[];
}

const addedPercent = ({ onMs, offMs }: Pair): number => 100 * (median(onMs) / median(offMs) - 1);
const addedMs = ({ onMs, offMs }: Pair): number => median(onMs) - median(offMs);

async function measurePair(shop: RealShop, hooks: boolean, onFirst: boolean): Promise<Pair> {
  const start = { on: () => startDriver(shop, hooks), off: () => startDriver(shop, false) };
  const first = await (onFirst ? start.on() : start.off());
  const second = await (onFirst ? start.off() : start.on());
  const [on, off] = onFirst ? [first, second] : [second, first];
  const onMs: number[] = [];
  const offMs: number[] = [];
  for (let n = 0; n < ORDERS_EACH_SIDE; n += 2) {
    onMs.push(await on.place());
    offMs.push(await off.place(), await off.place());
    onMs.push(await on.place());
  }
  await on.close();
  await off.close();
  return { onMs, offMs };
}

interface Driver {
  /** Places an order and returns what validateOrder took, in milliseconds. */
  readonly place: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** A warm PHP process that was started while the module's hooks were registered, or while they were not. */
async function startDriver(shop: RealShop, hooks: boolean): Promise<Driver> {
  const hidden = hooks ? [] : await hideHooks(shop);
  try {
    const driver = driverOf(shop, startCheckoutProcess(shop), hooks);
    for (let n = 0; n < WARM_ORDERS; n += 1) await driver.place();
    return driver;
  } finally {
    await showHooks(shop, hidden);
  }
}

function driverOf(shop: RealShop, process: CheckoutProcess, hooks: boolean): Driver {
  return {
    place: async () => {
      const placed = await process.place();
      const rows = await shop.count("SELECT COUNT(*) FROM {erpsync_outbox} WHERE subject = ?", [
        `order:${String(placed.id_order)}`,
      ]);
      if (rows > 0 !== hooks) {
        throw new SupportError(`Order ${String(placed.id_order)} has ${String(rows)} outbox rows.`);
      }
      return placed.validate_ms;
    },
    close: process.close,
  };
}

type HookRow = Readonly<Record<string, number>>;

async function hideHooks(shop: RealShop): Promise<readonly HookRow[]> {
  const mine = "id_module = (SELECT id_module FROM {module} WHERE name = 'erpsync')";
  const rows = await shop.rows(`SELECT * FROM {hook_module} WHERE ${mine}`);
  await shop.rows(`DELETE FROM {hook_module} WHERE ${mine}`);
  return rows;
}

async function showHooks(shop: RealShop, rows: readonly HookRow[]): Promise<void> {
  for (const row of rows) {
    const columns = Object.keys(row);
    await shop.rows(
      `INSERT INTO {hook_module} (${columns.join()}) VALUES (${columns.map(() => "?").join()})`,
      Object.values(row),
    );
  }
}
