// A full reading of the ERP's stock: 50,000 SKUs of which 5,000 changed.
//
// A private MariaDB holds a shop with 50,000 stock rows that are mapped to items, a fifth of them combinations, whose
// products' rows follow. The emulated NetSuite is a process of its own; before each round every tenth item gets or loses
// a unit there. A fresh process makes the rounds, compiled as it is deployed, with the product's own adapter, decisions
// and writer. The database's time is the sum of all its statements, commits included, as that process sees them: from
// the call to the decoded answer; the figure is the median of the rounds. The longest statement is that of all rounds by
// the server's own clock (its slow log), since it is the server that they keep busy; beside it as the process sees it. No
// ledger runs beside it; a statement that nobody measures brings its positions up to date between the rounds.
// Memory is that process's high-water mark (VmHWM), Node itself included. Beside it: that of a whole sidecar (all roles,
// the ledger with them) that opened its ledger of the 50,000 rows and applied one such reading.
//
// A checkout during it: a process places orders one after the other, by turns while a reading goes on and while none
// does; each turn without takes as many orders as the turn with, and comes before or after it by turns. The ERP's pages
// come from within the reading process, since the ERP is elsewhere, and that process has the lowest priority, since the
// sidecar need not stand on the shop's processors: what is measured is what it does to the database. A pair are two such
// turns; its ratio is the median time of a checkout with over that without, and the figure is the median of all pairs'
// ratios, with the interval of order statistics that holds the true one with 95 %. Control: the same with no reading on
// either side. With PRESTASHOP_ROOT it is validateOrder of a real shop (the module's present files installed, 50,000 rows
// filled into its database and taken out again), and beside it stands what the webservice takes for 100 rows, scaled to
// 5,000. Else the simulated shop's statements.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { createInterface } from "node:readline";
import { createPool, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import type { RealShop } from "../shop/real-shop.ts";
import { grantFromFile } from "../support/grants.ts";
import { startMariadb } from "../support/mariadb.ts";
import { type EmulatorProcess, spawnNetSuiteEmulator } from "../support/netsuite-emulator-process.ts";
import { Installation, migrateWorld } from "../support/sidecar.ts";
import { SupportError } from "../support/support-error.ts";
import { World } from "../support/world.ts";
import { bookAll, emptyCatalogue, fillCatalogue, type ShopDatabase } from "./support/catalogue.ts";
import { openBenchShop, startCheckoutProcess } from "./support/checkout-process.ts";
import { compileProgram, NODE_FLAGS } from "./support/compile-program.ts";
import { atMost, type BenchResult, type Figure, type Peer, peer, told } from "./support/result.ts";
import type { RoundCost, SnapshotTask } from "./support/snapshot-process.ts";
import { median, medianInterval } from "./support/statistics.ts";

const ROWS = 50_000;
const CHANGED = ROWS / 10;
const FIRST_ITEM = 1_000_000;
const UNITS = 100;
const ROUNDS = 7;
const PAIRS = 9;
const CONTROL_PAIRS = 3;
const TURNS_A_SIDE = 2;
const WARM_ORDERS = 5;
const PUT_ROWS = 100;
const MIB = 1024 * 1024;
const TARGETS = { databaseMs: 3_000, statementMs: 50, rssMib: 150, ratio: 1.1 } as const;

export async function benchStockSnapshot(): Promise<BenchResult> {
  using program = compileProgram("test/bench/support/snapshot-process.ts");
  const isReal = process.env["PRESTASHOP_ROOT"] !== undefined;
  const cost = await measureCost(program.file);
  const checkout = isReal ? await measureRealShop(program.file) : await measureSimulator(program.file);
  return {
    name: "stock-snapshot",
    figures: [...cost.figures, ...checkout.figures],
    peers: [...cost.peers, ...checkout.peers],
  };
}

interface Part {
  readonly figures: readonly Figure[];
  readonly peers: readonly Peer[];
}

/** A process that makes a round each time that it is asked. */
interface Feed {
  readonly round: () => Promise<RoundCost>;
  readonly close: () => void;
}

function startFeed(file: string, task: SnapshotTask, priority = 0): Feed {
  const child = spawn(process.execPath, [...NODE_FLAGS, file, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (child.pid !== undefined) setPriority(child.pid, priority);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    round: async () => {
      child.stdin.write("\n");
      const line = (await lines.next()) as IteratorResult<string, undefined>;
      if (line.done === true) throw new SupportError("The feeding process ended in the middle.");
      const cost = JSON.parse(line.value) as RoundCost;
      if (cost.state !== "applied")
        throw new SupportError(`A round ended as ${cost.state}: ${cost.reason ?? ""}`);
      return cost;
    },
    close: () => {
      child.stdin.end();
    },
  };
}

const databaseOf = (world: World): ShopDatabase => ({
  table: (name) => world.table(name),
  query: async (sql, values = []) => {
    const [rows] = await world.pool.query<RowDataPacket[] | ResultSetHeader>(sql, [...values]);
    return rows;
  },
});

async function measureCost(file: string): Promise<Part> {
  await using server = await startMariadb();
  await using emulator = await spawnNetSuiteEmulator();
  await emulator.seedStock({ firstItem: FIRST_ITEM, items: ROWS, locations: ["1"], onHand: UNITS });
  const { costs, longestMs } = await measureRounds(file, server, emulator);
  const whole = await measureSidecar(server, emulator);
  if (costs.some(({ changed }) => changed !== CHANGED)) {
    throw new SupportError(`The rounds changed ${costs.map(({ changed }) => changed).join(", ")} rows.`);
  }
  const peakMib = Math.max(...costs.map(({ peakRssBytes }) => peakRssBytes)) / MIB;
  const longest = costs.reduce((worst, cost) => (cost.longestMs > worst.longestMs ? cost : worst));
  return {
    figures: [
      atMost(
        "database time of a round, median",
        median(costs.map((c) => c.databaseMs)),
        "ms",
        TARGETS.databaseMs,
      ),
      told("database time of a round, the worst", Math.max(...costs.map((c) => c.databaseMs)), "ms"),
      atMost("longest statement by the server's clock, all rounds", longestMs, "ms", TARGETS.statementMs),
      told("longest statement as the process sees it, all rounds", longest.longestMs, "ms"),
      told(
        "longest statement as the process sees it, median of the rounds",
        median(costs.map((c) => c.longestMs)),
        "ms",
      ),
      atMost("peak RSS of the feeding process", Math.round(peakMib), "MiB", TARGETS.rssMib),
      told("statements of a round, median", median(costs.map((c) => c.statements)), "statements"),
      told("a round from its first page to its end, median", median(costs.map((c) => c.tookMs)), "ms"),
      told("rounds", ROUNDS, "rounds"),
      told("rows written in each", CHANGED, "rows"),
    ],
    peers: [
      peer("a whole sidecar after opening its ledger and one reading", "RSS in MiB", Math.round(whole / MIB)),
    ],
  };
}

type Server = Awaited<ReturnType<typeof startMariadb>>;

async function measureRounds(
  file: string,
  server: Server,
  emulator: EmulatorProcess,
): Promise<{ readonly costs: readonly RoundCost[]; readonly longestMs: number }> {
  await using world = await World.create({ server, seed: { stockUnits: UNITS } });
  await migrateWorld(world);
  const shop = databaseOf(world);
  await fillCatalogue(shop, { rows: ROWS, firstItem: FIRST_ITEM, units: UNITS });
  await world.pool.query(
    `ANALYZE TABLE ${["stock_available", "erpsync_stock_row", "erpsync_mapping"].map((name) => world.table(name)).join()}`,
  );
  const user = await grantFromFile(world, "run");
  const feed = startFeed(file, {
    database: { ...world.settings, ...user, connections: 4 },
    netsuite: emulator.emulatorSettings,
  });
  await world.pool.query(
    "SET GLOBAL log_output = 'TABLE', GLOBAL long_query_time = 0.005, GLOBAL slow_query_log = ON",
  );
  const costs: RoundCost[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    await changeFigures(emulator, UNITS + ((n + 1) % 2));
    costs.push(await feed.round());
    await bookAll(shop);
  }
  feed.close();
  const [slow] = await world.rows<{ ms: string | null }>(
    "SELECT MAX(TIME_TO_SEC(query_time)) * 1000 AS ms FROM mysql.slow_log WHERE user_host LIKE ?",
    [`${user.user}[%`],
  );
  return { costs, longestMs: Number(slow?.ms ?? 0) };
}

/** Every tenth item has so many units. */
async function changeFigures(emulator: EmulatorProcess, onHand: number): Promise<void> {
  const items = Array.from({ length: CHANGED }, (_, n) => ({
    item: String(FIRST_ITEM + n * 10),
    location: "1",
    onHand,
  }));
  await emulator.setStock(items);
}

/** Bytes at the most of a sidecar with all roles. */
async function measureSidecar(server: Server, emulator: EmulatorProcess): Promise<number> {
  await using world = await World.create({ server, seed: { stockUnits: UNITS } });
  const installation = await Installation.create(world, {
    netsuite: emulator.emulatorSettings,
    stock: { owner: "erp", holdShare: 1 },
  });
  const shop = databaseOf(world);
  await fillCatalogue(shop, { rows: ROWS, firstItem: FIRST_ITEM, units: UNITS });
  // Its own ledger opens them.
  for (const table of ["erpsync_stock_row", "erpsync_stock_pass"]) {
    await world.pool.query(`DELETE FROM ${world.table(table)}`);
  }
  await changeFigures(emulator, UNITS + 1);
  const sidecar = await installation.start("process.started", {
    environment: { NODE_OPTIONS: NODE_FLAGS.join(" ") },
  });
  const applied = await sidecar.logged("stock.snapshot_applied", 300_000);
  if (applied["changed"] !== CHANGED)
    throw new SupportError(`The sidecar changed ${String(applied["changed"])} rows.`);
  const status = readFileSync(`/proc/${String(sidecar.pid)}/status`, "utf8");
  await sidecar.stop();
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Places one order and returns what its checkout took, in milliseconds. */
type Checkout = () => Promise<number>;

async function measureSimulator(file: string): Promise<Part> {
  await using server = await startMariadb();
  await using world = await World.create({ server, seed: { stockUnits: UNITS } });
  await migrateWorld(world);
  const shop = databaseOf(world);
  await fillCatalogue(shop, { rows: ROWS, firstItem: FIRST_ITEM, units: UNITS });
  let orders = 0;
  const place: Checkout = async () => {
    orders += 1;
    const startedMs = performance.now();
    const lines = [{ productId: 1 + (orders % 20), quantity: 1 }];
    await world.shop().placeOrder({ customerId: 1 + (orders % 9), lines, lock: true });
    return performance.now() - startedMs;
  };
  const pairs = await measurePairs(file, world.settings, shop, place);
  return { figures: pairFigures(pairs, "a simulated checkout"), peers: controlPeers(pairs) };
}

async function measureRealShop(file: string): Promise<Part> {
  await using shop = await openBenchShop();
  const { prefix, ...connection } = shop.settings;
  const pool = createPool({ ...connection, connectionLimit: 2 });
  shop.onDispose(() => pool.end());
  const database: ShopDatabase = {
    table: (name) => `\`${prefix}${name}\``,
    query: async (sql, values = []) => {
      const [rows] = await pool.query<RowDataPacket[] | ResultSetHeader>(sql, [...values]);
      return rows;
    },
  };
  await forgetSidecar(prefix, database);
  await migrateWorld(shop);
  shop.onDispose(() => emptyCatalogue(database));
  await fillCatalogue(database, { rows: ROWS, firstItem: FIRST_ITEM, units: UNITS });
  const checkout = startCheckoutProcess(shop);
  const place: Checkout = async () => (await checkout.place()).validate_ms;
  const pairs = await measurePairs(file, shop.settings, database, place);
  await checkout.close();
  await shop.serve();
  const putMs = await measurePuts(shop);
  return {
    figures: pairFigures(pairs, "validateOrder"),
    peers: [
      ...controlPeers(pairs),
      peer("the shop's webservice, 100 rows read and PUT", "ms", putMs),
      peer("the shop's webservice, scaled to 5,000 rows", "ms", (putMs * CHANGED) / PUT_ROWS),
    ],
  };
}

/** Tables that an earlier version left would not be migrated; the module's own stay. */
async function forgetSidecar(prefix: string, database: ShopDatabase): Promise<void> {
  const mine = ["outbox", "confirmation", "command", "nonce"].map((name) => `${prefix}erpsync_${name}`);
  const rows = (await database.query(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
       AND TABLE_NAME LIKE ? AND TABLE_NAME NOT IN (?)`,
    [`${prefix}erpsync\\_%`, mine],
  )) as RowDataPacket[];
  for (const { name } of rows) await database.query(`DROP TABLE \`${String(name)}\``);
}

async function measurePuts(shop: RealShop): Promise<number> {
  const rows = await shop.rows(
    "SELECT id_stock_available AS id, quantity FROM {stock_available} WHERE id_product < 1000 AND id_shop = 1 LIMIT 20",
  );
  const startedMs = performance.now();
  for (let n = 0; n < PUT_ROWS; n += 1) {
    const row = rows[n % rows.length];
    if (row === undefined) throw new SupportError("The shop has no stock row.");
    await shop.webservicePut(Number(row["id"]), Number(row["quantity"]) + n);
  }
  return performance.now() - startedMs;
}

interface Pair {
  readonly withMs: number[];
  readonly withoutMs: number[];
}

/** Pairs, and those of the control. */
interface Pairs {
  readonly pairs: readonly Pair[];
  readonly controls: readonly Pair[];
}

async function measurePairs(
  file: string,
  settings: World["settings"],
  shop: ShopDatabase,
  place: Checkout,
): Promise<Pairs> {
  const feed = startFeed(
    file,
    {
      database: { ...settings, connections: 4 },
      canned: { first: FIRST_ITEM, items: ROWS, units: UNITS },
    },
    constants.priority.PRIORITY_LOW,
  );
  await placeSome(place, WARM_ORDERS);
  await feed.round();
  const pairs: Pair[] = [];
  const controls: Pair[] = [];
  const duringRound = async (): Promise<readonly number[]> => {
    await bookAll(shop);
    return await placeDuring(place, feed.round());
  };
  for (let n = 0; n < PAIRS; n += 1) {
    const pair = await measurePair(place, duringRound, pairs.at(-1));
    pairs.push(pair);
    if (n % (PAIRS / CONTROL_PAIRS) !== 0) continue;
    const orders = Math.ceil(pair.withMs.length / TURNS_A_SIDE);
    controls.push(await measurePair(place, () => placeSome(place, orders), pair));
  }
  feed.close();
  return { pairs, controls };
}

/** Turns with and without, each with as many orders as the other; without first in every second. */
async function measurePair(
  place: Checkout,
  placeWith: () => Promise<readonly number[]>,
  last: Pair | undefined,
): Promise<Pair> {
  const pair: Pair = { withMs: [], withoutMs: [] };
  const usual = last === undefined ? WARM_ORDERS : Math.ceil(last.withMs.length / TURNS_A_SIDE);
  for (let turn = 0; turn < TURNS_A_SIDE; turn += 1) {
    const isWithFirst = turn % 2 === 0;
    if (!isWithFirst) pair.withoutMs.push(...(await placeSome(place, usual)));
    const withMs = await placeWith();
    pair.withMs.push(...withMs);
    if (isWithFirst) pair.withoutMs.push(...(await placeSome(place, withMs.length)));
  }
  return pair;
}

async function placeSome(place: Checkout, orders: number): Promise<readonly number[]> {
  const took: number[] = [];
  for (let n = 0; n < orders; n += 1) took.push(await place());
  return took;
}

/** Orders that began while the round went on. */
async function placeDuring(place: Checkout, round: Promise<RoundCost>): Promise<readonly number[]> {
  const progress = { isOver: false };
  const ended = round.finally(() => {
    progress.isOver = true;
  });
  const took: number[] = [];
  while (!progress.isOver) took.push(await place());
  await ended;
  return took;
}

const ratioOf = ({ withMs, withoutMs }: Pair): number => median(withMs) / median(withoutMs);

function pairFigures({ pairs }: Pairs, what: string): readonly Figure[] {
  const ratios = pairs.map(ratioOf);
  const interval = medianInterval(ratios);
  return [
    atMost(`${what} during a reading over without, median of the pairs`, median(ratios), "×", TARGETS.ratio),
    told("interval from", interval.low, "×"),
    told("interval to", interval.high, "×"),
    told("confidence of the interval", 100 * interval.confidence, "%"),
    told(`${what} during a reading, median`, median(pairs.flatMap(({ withMs }) => withMs)), "ms"),
    told(`${what} without, median`, median(pairs.flatMap(({ withoutMs }) => withoutMs)), "ms"),
    told("pairs", pairs.length, "pairs"),
    told("orders a side of a pair, median", median(pairs.map(({ withMs }) => withMs.length)), "orders"),
  ];
}

function controlPeers({ controls }: Pairs): readonly Peer[] {
  const ratios = controls.map(ratioOf);
  const name = "control, no reading on either side";
  return [
    peer(name, "ratio, median", median(ratios)),
    peer(name, "ratio, lowest", Math.min(...ratios)),
    peer(name, "ratio, highest", Math.max(...ratios)),
  ];
}
