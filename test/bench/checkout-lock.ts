// What the lock around checkout costs where it is fought for: 8 PHP processes that order the same product at once.
//
// PRESTASHOP_ROOT names an installed PrestaShop with a database that may be written to; the module's present files are
// put into it. A pair are 8 processes that read the lock's setting as on and 8 that read it as off, all with the
// module's other hooks; each is warmed by two orders. Then the two sides take turns, on off off on: in a turn all 8
// processes of a side place their orders at once, each as fast as it can, and the other side stands still. Of every
// order only validateOrder is timed, by the process that calls it, waits for locks included. Which side starts first
// alternates from pair to pair. A pair's ratio is the median time with the lock over the median without; the figure is
// the median of all pairs' ratios, with the interval of order statistics that holds the true one with 95 %. Unpaid orders
// of one line, which is the shortest validateOrder there is and so the one of which the largest part is under the lock.
//
// That the side with the lock left the quantity exact is checked in every pair; what the other side left is told.
// Beside it: random carts of five products, in a fifth as many pairs; and both sides without the lock, as a control.
import type { Cart, RealShop } from "../shop/real-shop.ts";
import { cartWord } from "../shop/real-shop.ts";
import { SupportError } from "../support/support-error.ts";
import { type CheckoutProcess, openBenchShop, startCheckoutProcess } from "./support/checkout-process.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";
import { median, medianInterval } from "./support/statistics.ts";

const PROCESSES = 8;
const PAIRS = 15;
const BESIDE_PAIRS = 3;
const WARM_ORDERS = 2;
/** By turns on off off on; orders a process in one turn. */
const ORDERS_A_TURN = 12;
const TURNS_A_SIDE = 2;
const OPENING = 10_000;
const TARGET_RATIO = 1.05;
const SETTING = "ERPSYNC_LOCK_CHECKOUT";

export async function benchCheckoutLock(): Promise<BenchResult> {
  await using shop = await openBenchShop();
  const before = await shop.setting(SETTING);
  shop.onDispose(() => shop.configure(SETTING, before));
  const one = await addProduct(shop);
  const five = [one, ...(await Promise.all([1, 2, 3, 4].map(() => addProduct(shop))))];
  const pairs: Pair[] = [];
  const beside: Pair[] = [];
  const controls: Pair[] = [];
  for (let n = 0; n < PAIRS; n += 1) {
    const onFirst = n % 2 === 0;
    pairs.push(await measurePair(shop, () => [[[one, 0, 1]]], { lock: true, onFirst }));
    if (n % (PAIRS / BESIDE_PAIRS) !== 0) continue;
    beside.push(await measurePair(shop, (process) => rotations(five, process), { lock: true, onFirst }));
    controls.push(await measurePair(shop, () => [[[one, 0, 1]]], { lock: false, onFirst }));
  }
  const ratios = pairs.map(ratio);
  const interval = medianInterval(ratios);
  return {
    name: "checkout-lock",
    figures: [
      atMost(
        "validateOrder with the lock over without, median of the pairs",
        median(ratios),
        "×",
        TARGET_RATIO,
      ),
      told("interval from", interval.low, "×"),
      told("interval to", interval.high, "×"),
      told("confidence of the interval", 100 * interval.confidence, "%"),
      told("validateOrder with the lock, median", median(pairs.flatMap((pair) => pair.on.orderMs)), "ms"),
      told("validateOrder without, median", median(pairs.flatMap((pair) => pair.off.orderMs)), "ms"),
      told("time for the same orders, with over without", median(pairs.map(tookRatio)), "×"),
      told("sales that the shop forgot without the lock", lost(pairs), "units"),
      told("pairs", PAIRS, "pairs"),
      told("orders a side of a pair", PROCESSES * ORDERS_A_TURN * TURNS_A_SIDE, "orders"),
    ],
    peers: [
      peer("random carts of five products", "ratio", median(beside.map(ratio))),
      peer("control, no lock on either side", "ratio", median(controls.map(ratio))),
    ],
  };
}

interface Side {
  readonly orderMs: number[];
  /** For all turns together, in milliseconds. */
  tookMs: number;
  /** Units sold that the stock row does not show. */
  lost: number;
}

interface Pair {
  readonly on: Side;
  readonly off: Side;
}

const ratio = ({ on, off }: Pair): number => median(on.orderMs) / median(off.orderMs);
const tookRatio = ({ on, off }: Pair): number => on.tookMs / off.tookMs;
const lost = (pairs: readonly Pair[]): number => pairs.reduce((sum, { off }) => sum + off.lost, 0);

/** Carts with all of the products, another order in each and another for each process. */
function rotations(products: readonly number[], process: number): readonly Cart[] {
  return products.map((_, place) => {
    const turn = (place + process) % products.length;
    const turned = [...products.slice(turn), ...products.slice(0, turn)];
    return turned.slice(0, 1 + ((place * 3 + process) % products.length)).map((product) => [product, 0, 1]);
  });
}

async function addProduct(shop: RealShop): Promise<number> {
  return (await shop.backOffice("product-add", { quantity: OPENING }))["product"] ?? 0;
}

interface Circumstances {
  /** Whether the first side has the lock; the other never has. */
  readonly lock: boolean;
  readonly onFirst: boolean;
}

async function measurePair(
  shop: RealShop,
  cartsOf: (process: number) => readonly Cart[],
  { lock, onFirst }: Circumstances,
): Promise<Pair> {
  const start = async (locked: boolean): Promise<readonly CheckoutProcess[]> => {
    await shop.configure(SETTING, locked ? 1 : 0);
    const processes = Array.from({ length: PROCESSES }, (_, n) =>
      startCheckoutProcess(shop, ...cartsOf(n).map(cartWord)),
    );
    await Promise.all(processes.map((process) => placeMany(process, WARM_ORDERS)));
    return processes;
  };
  const first = await start(onFirst && lock);
  const second = await start(!onFirst && lock);
  const [onProcesses, offProcesses] = onFirst ? [first, second] : [second, first];
  const on: Side = { orderMs: [], tookMs: 0, lost: 0 };
  const off: Side = { orderMs: [], tookMs: 0, lost: 0 };
  const turns = onFirst ? [on, off, off, on] : [off, on, on, off];
  for (const side of turns) await takeTurn(shop, side, side === on ? onProcesses : offProcesses);
  await Promise.all([...onProcesses, ...offProcesses].map((process) => process.close()));
  if (lock && on.lost !== 0)
    throw new SupportError(`With the lock the shop forgot ${String(on.lost)} units.`);
  return { on, off };
}

async function takeTurn(shop: RealShop, side: Side, processes: readonly CheckoutProcess[]): Promise<void> {
  const before = await balance(shop);
  const startedMs = performance.now();
  const taken = await Promise.all(processes.map((process) => placeMany(process, ORDERS_A_TURN)));
  side.tookMs += performance.now() - startedMs;
  side.orderMs.push(...taken.flat());
  side.lost += (await balance(shop)) - before;
}

async function placeMany(process: CheckoutProcess, orders: number): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let n = 0; n < orders; n += 1) taken.push((await process.place()).validate_ms);
  return taken;
}

/** Units sold and units left together: they stay the same as long as the shop forgets no sale. */
async function balance(shop: RealShop): Promise<number> {
  return shop.count(
    `SELECT (SELECT SUM(product_quantity) FROM {order_detail})
          + (SELECT SUM(quantity) FROM {stock_available} WHERE id_product_attribute = 0)`,
  );
}
