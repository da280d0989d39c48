import { openDatabase } from "../../../sidecar/platform/database.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { createMetrics, type Metrics } from "../../../sidecar/platform/metrics.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { Wake } from "../../../sidecar/platform/wake.ts";
import type { AttributionRules } from "../../../sidecar/stock/ledger/decide-attribution.ts";
import { runLedger } from "../../../sidecar/stock/ledger/ledger-loop.ts";
import { applyWrites } from "../../../sidecar/stock/writer/stock-writer.ts";
import { until } from "../../support/until.ts";
import { World, type WorldOptions } from "../../support/world.ts";
import { addSidecarTables, CaptureRun } from "../capture/rig.ts";

export interface LedgerOptions {
  /** Milliseconds; 300 unless told, so that a test need not wait as long as a shop. */
  readonly quietMs?: number;
  readonly rules?: Partial<AttributionRules>;
  readonly stopped?: () => boolean;
  /** Between a verdict of the ledger and what it writes. */
  readonly beforeWrites?: () => Promise<void>;
}

/** A shop with the sidecar's tables. */
export async function stockWorld(options: WorldOptions = {}): Promise<World> {
  const world = await World.create(options);
  await addSidecarTables(world);
  return world;
}

/** Capture and ledger beside a world, as a running sidecar has them, and all that they said. */
export class LedgerRun implements AsyncDisposable {
  readonly world: World;
  readonly events: LogEvent[] = [];
  readonly metrics: Metrics = createMetrics();
  readonly #db;
  readonly #capture: CaptureRun;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  #failure: unknown;

  private constructor(world: World, options: LedgerOptions) {
    this.world = world;
    const wake = new Wake(systemSleep);
    this.#capture = new CaptureRun(world, {
      onStock: () => {
        wake.ring();
      },
    });
    this.#db = openDatabase({ ...world.settings, connections: 6 });
    const writer = {
      db: this.#db,
      settings: world.settings,
      metrics: this.metrics,
      stopped: options.stopped ?? (() => false),
    };
    this.#running = runLedger(
      {
        db: this.#db,
        settings: { ...world.settings, connections: 1 },
        log: (_level, event) => this.events.push(event),
        metrics: this.metrics,
        clock: systemClock,
        sleep: systemSleep,
        wake,
        quietMs: options.quietMs ?? 300,
        rules: { repairsMax: 5, overdueMs: 30_000, forgottenRestock: "report", ...options.rules },
        applyWrites: async (writes, guard, signal) => {
          await options.beforeWrites?.();
          return await applyWrites(writer, writes, guard, signal);
        },
      },
      this.#abort.signal,
    ).catch((thrown: unknown) => {
      this.#failure = thrown;
    });
  }

  /** Starts both, and waits for nothing. */
  static launch(world: World, options: LedgerOptions = {}): LedgerRun {
    return new LedgerRun(world, options);
  }

  /** Starts both and waits until the ledger is open. */
  static async start(world: World, options: LedgerOptions = {}): Promise<LedgerRun> {
    const run = new LedgerRun(world, options);
    await run.#capture.untilTailing();
    await run.booked();
    await run.opened();
    return run;
  }

  /** Waits until no pass is under way. */
  async opened(): Promise<void> {
    await this.until(async () => {
      const [pass] = await this.world.rows<{ all: number; open: string }>(
        `SELECT COUNT(*) AS \`all\`, SUM(finished_at IS NULL) AS open FROM ${this.world.table("erpsync_stock_pass")}`,
      );
      return pass !== undefined && pass.all > 0 && Number(pass.open) === 0;
    }, "the ledger to be open");
  }

  /** Waits until all that was committed before this call is booked. */
  async booked(): Promise<void> {
    const checks = this.world.table("erpsync_stock_check");
    const [made] = await this.world.pool.query(
      `INSERT INTO ${checks} (pass, last_order_detail, observed, created_at) VALUES (0, 0, '{}', UTC_TIMESTAMP(6))`,
    );
    const { insertId } = made as { insertId: number };
    await this.until(async () => {
      const left = await this.world.rows(`SELECT id FROM ${checks} WHERE id = ?`, [insertId]);
      return left.length === 0;
    }, "what was committed to be booked");
  }

  /** Waits until all is booked, attributed and put right. */
  async rested(timeoutMs = 20_000): Promise<void> {
    const rows = this.world.table("erpsync_stock_row");
    for (let quiet = 0; quiet < 2; ) {
      await this.booked();
      const open = await this.world.rows(`SELECT * FROM ${rows} WHERE unsettled = 1`);
      quiet = open.length === 0 ? quiet + 1 : 0;
      if (open.length === 0) continue;
      await this.until(
        async () => (await this.world.rows(`SELECT 1 FROM ${rows} WHERE unsettled = 1 LIMIT 1`)).length === 0,
        "the ledger to come to rest",
        timeoutMs,
      );
    }
  }

  named<Name extends LogEvent["event"]>(name: Name): readonly Extract<LogEvent, { event: Name }>[] {
    return this.events.filter((event): event is Extract<LogEvent, { event: Name }> => event.event === name);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    await this.#capture.stop();
    await this.#db.destroy();
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Waits for something, and fails at once when the ledger does. */
  async until(check: () => boolean | Promise<boolean>, what: string, timeoutMs = 20_000): Promise<void> {
    await until(async () => this.#failure !== undefined || (await check()), { what, timeoutMs });
    if (this.#failure !== undefined) throw this.#failure as Error;
  }
}

/** The movements of a product's row, in the order of the binlog. */
export async function movementsOf(
  world: World,
  product: number,
  combination = 0,
): Promise<readonly { delta: number; cause: string; id_order: number | null; actor: string | null }[]> {
  return await world.rows(
    `SELECT m.delta, m.cause, m.id_order, m.actor FROM ${world.table("erpsync_stock_movement")} m
     JOIN ${world.table("erpsync_stock_row")} r ON r.id_stock_available = m.id_stock_available
     WHERE r.id_product = ? AND r.id_product_attribute = ? ORDER BY m.id`,
    [product, combination],
  );
}

/** The causes of a row's movements with their units, as `sale -2`, in the order of the binlog. */
export async function causesOf(world: World, product: number, combination = 0): Promise<readonly string[]> {
  const movements = await movementsOf(world, product, combination);
  return movements.map(({ cause, delta }) => `${cause} ${delta > 0 ? "+" : ""}${delta}`);
}

/** What is open for a person about a product's row. */
export async function discrepanciesOf(
  world: World,
  product: number,
  combination = 0,
): Promise<readonly { readonly kind: string; readonly units: number; readonly orders: readonly number[] }[]> {
  const rows = await world.rows<{ kind: string; detail: string }>(
    `SELECT d.kind, d.detail FROM ${world.table("erpsync_stock_discrepancy")} d
     JOIN ${world.table("erpsync_stock_row")} r ON r.id_stock_available = d.id_stock_available
     WHERE d.open_key IS NOT NULL AND r.id_product = ? AND r.id_product_attribute = ? ORDER BY d.id`,
    [product, combination],
  );
  return rows.map(({ detail, kind }) => {
    const { orders = [], units } = JSON.parse(detail) as { units: number; orders?: number[] };
    return { kind, units, orders };
  });
}
