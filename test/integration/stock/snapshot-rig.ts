import type { KyselyPlugin } from "kysely";
import { limitErp } from "../../../sidecar/erp/limiter.ts";
import { settings as netSuiteSettings, open as openNetSuite } from "../../../sidecar/erp/netsuite/adapter.ts";
import type { ErpPort } from "../../../sidecar/erp/port.ts";
import { type Database, openDatabase } from "../../../sidecar/platform/database.ts";
import { createHttp } from "../../../sidecar/platform/http.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { awaitLedger } from "../../../sidecar/stock/snapshot/await-ledger.ts";
import { decideHistory } from "../../../sidecar/stock/snapshot/decide-history.ts";
import {
  decodeSnapshotDetail,
  type SnapshotDetail,
} from "../../../sidecar/stock/snapshot/decode-snapshot-detail.ts";
import { type RoundEnd, runRound, type SnapshotDeps } from "../../../sidecar/stock/snapshot/snapshot.ts";
import {
  latestSnapshots,
  listSnapshots,
  type SnapshotRow,
} from "../../../sidecar/stock/snapshot/snapshot-statements.ts";
import { applyWrites } from "../../../sidecar/stock/writer/stock-writer.ts";
import type { ServerAddress } from "../../support/database-server.ts";
import { SidecarInside } from "../../support/in-process.ts";
import {
  type EmulatorOptions,
  type NetSuiteEmulator,
  startNetSuiteEmulator,
} from "../../support/netsuite-emulator.ts";
import type { SeedOptions } from "../../support/seed.ts";
import { itemOf, mapProducts } from "../../support/sidecar.ts";
import type { World } from "../../support/world.ts";
import { LedgerRun, stockWorld } from "./ledger-rig.ts";

/** Moments of a round at which a test may let something happen. */
export interface RoundHooks {
  /** A page is asked for, and the ERP has not seen it yet. */
  readonly beforePage?: () => Promise<void>;
  /** The ERP has taken its figures, and the answer is on its way. */
  readonly afterPage?: () => Promise<void>;
  /** All is read; the ledger is waited for. */
  readonly beforeFence?: () => Promise<void>;
  /** The ledger has come to it; the look at the database is next. */
  readonly afterFence?: () => Promise<void>;
  /** It is decided; each batch is about to be written. */
  readonly beforeWrite?: () => Promise<void>;
}

export interface RigOptions {
  readonly seed?: SeedOptions;
  readonly emulator?: EmulatorOptions;
  /** Merged into `erp.netsuite`. */
  readonly netsuite?: object;
  /** Changes the shop before the ledger opens. */
  readonly prepare?: (world: World) => Promise<void>;
}

export interface RoundOptions {
  readonly kind?: "full" | "delta";
  readonly part?: string;
  readonly hooks?: RoundHooks;
  readonly holdShare?: number;
  readonly stopped?: () => boolean;
  /** Sees every statement of the round. */
  readonly plugin?: KyselyPlugin;
  readonly wrapErp?: (port: ErpPort) => ErpPort;
}

/** A round, and what it left on record. */
export interface RoundReport {
  readonly end: RoundEnd;
  readonly row: SnapshotRow;
  readonly detail: SnapshotDetail;
}

const NEVER = new AbortController().signal;

/** Every product of the seed, as its stock row stands; parents of combinations left out. */
export interface ShopRow {
  readonly row: number;
  readonly product: number;
  readonly combination: number;
  readonly quantity: number;
  readonly item: string;
}

/**
 * A shop whose stock the ERP owns: capture and ledger run as they do in the sidecar, orders are exported by the real
 * worker, and rounds of the snapshot are made one by one. The ERP begins with what the shop has.
 */
export class SnapshotRig implements AsyncDisposable {
  readonly world: World;
  readonly erp: NetSuiteEmulator;
  readonly ledger: LedgerRun;
  readonly db: Database;
  readonly port: ErpPort;
  readonly events: LogEvent[] = [];
  readonly metrics = createMetrics();
  /** The ERP as the configuration has it. */
  readonly #configured: NetSuiteEmulator;
  readonly #close: () => Promise<void>;

  private constructor(world: World, erp: NetSuiteEmulator, ledger: LedgerRun, options: RigOptions) {
    this.world = world;
    this.erp = erp;
    this.ledger = ledger;
    const pool = openDatabase({ ...world.settings, connections: 6 });
    this.db = pool;
    this.#configured = { ...erp, settings: (kind) => ({ ...erp.settings(kind), ...options.netsuite }) };
    const settings = netSuiteSettings.parse(this.#configured.settings());
    const http = createHttp({ connections: 4 });
    const adapter = openNetSuite(settings, { http: http.send, clock: systemClock });
    const port = limitErp(adapter, {
      limit: 4,
      callTimeoutMs: 30_000,
      clock: systemClock,
      sleep: systemSleep,
    });
    this.port = port;
    this.#close = async () => {
      await ledger.stop();
      await port.close();
      await http.close();
      await pool.destroy();
      await erp.close();
      await world[Symbol.asyncDispose]();
    };
  }

  static async open(server: ServerAddress, options: RigOptions = {}): Promise<SnapshotRig> {
    const world = await stockWorld({ server, seed: { stockUnits: 100, ...options.seed } });
    const erp = await startNetSuiteEmulator(options.emulator ?? {});
    await mapProducts(world, erp);
    await options.prepare?.(world);
    const rig = new SnapshotRig(world, erp, await LedgerRun.start(world), options);
    for (const { item, quantity } of await rig.rows()) rig.stock(item, quantity);
    return rig;
  }

  /** Rows that an item of the ERP may set. */
  async rows(): Promise<readonly ShopRow[]> {
    const table = this.world.table("stock_available");
    const rows = await this.world.rows<{
      id_stock_available: number;
      id_product: number;
      id_product_attribute: number;
      quantity: number;
    }>(
      `SELECT s.* FROM ${table} s WHERE s.id_product_attribute > 0 OR NOT EXISTS (
         SELECT 1 FROM ${table} c WHERE c.id_product = s.id_product AND c.id_product_attribute > 0)
       ORDER BY s.id_stock_available`,
    );
    return rows.map((row) => ({
      row: row.id_stock_available,
      product: row.id_product,
      combination: row.id_product_attribute,
      quantity: row.quantity,
      item: itemOf(row),
    }));
  }

  async quantity(product: number, combination = 0): Promise<number | undefined> {
    const [row] = await this.world.rows<{ quantity: number }>(
      `SELECT quantity FROM ${this.world.table("stock_available")}
       WHERE id_product = ? AND id_product_attribute = ?`,
      [product, combination],
    );
    return row?.quantity;
  }

  /** Sets what lies in the ERP's one location. */
  stock(item: string, onHand: number): void {
    this.erp.setStock([{ item, location: "1", onHand }]);
  }

  /** What the ERP has to sell. */
  available(item: string): number {
    return this.erp.stock(item).reduce((sum, row) => sum + (row.quantityavailable ?? 0), 0);
  }

  /** Places an order of one line and returns its id. */
  async sell(productId: number, quantity: number, more: { attributeId?: number; hooks?: "off" } = {}) {
    const { hooks, ...line } = more;
    const { orderId } = await this.world.shop().placeOrder({
      customerId: 1,
      lines: [{ productId, quantity, ...line }],
      ...(hooks === undefined ? {} : { hooks }),
    });
    return orderId;
  }

  /** Brings to the ERP what the outbox tells of, and what waits for no other reason. */
  async export(): Promise<void> {
    await using sidecar = new SidecarInside(this.world, this.#configured);
    // Capture readies jobs as well, and nobody wires its ring to this worker.
    const ringing = setInterval(() => {
      sidecar.ring();
    }, 50);
    await sidecar.workOff().finally(() => {
      clearInterval(ringing);
    });
  }

  /** Takes in what the outbox tells of, and keeps these orders from being exported for now. */
  async holdBack(orderIds: readonly number[]): Promise<void> {
    await using sidecar = new SidecarInside(this.world, this.#configured);
    await sidecar.ingest();
    await this.#setJobs(orderIds, "state = 'held', run_at = UTC_TIMESTAMP(6) + INTERVAL 1 DAY");
  }

  async letGo(orderIds: readonly number[]): Promise<void> {
    await this.#setJobs(orderIds, "state = 'ready', run_at = UTC_TIMESTAMP(6)");
  }

  async #setJobs(orderIds: readonly number[], change: string): Promise<void> {
    if (orderIds.length === 0) return;
    await this.world.pool.query(
      `UPDATE ${this.world.table("erpsync_job")} SET ${change} WHERE subject IN (?)`,
      [orderIds.map((id) => `order:${String(id)}`)],
    );
  }

  async round(options: RoundOptions = {}): Promise<RoundReport> {
    const { kind = "full", part = "" } = options;
    const { past } = decideHistory(part, await latestSnapshots(this.db));
    const round = { part, kind, askedId: undefined };
    const end = await runRound(this.deps(options), round, past, { jobsUpTo: 0 }, NEVER);
    return await this.last(end);
  }

  async last(end: RoundEnd): Promise<RoundReport> {
    const [row] = await listSnapshots(this.db, 1);
    return { end, row: row!, detail: decodeSnapshotDetail(row!.detail) };
  }

  deps({
    holdShare = 1,
    hooks = {},
    plugin,
    stopped = () => false,
    wrapErp,
  }: RoundOptions = {}): SnapshotDeps {
    const db = plugin === undefined ? this.db : this.db.withPlugin(plugin);
    const writer = { db, settings: this.world.settings, stopped, metrics: this.metrics };
    const port = wrapErp?.(this.port) ?? this.port;
    return {
      db,
      erp: {
        capabilities: port.capabilities,
        readStock: async (query, call) => {
          await hooks.beforePage?.();
          const page = await port.readStock(query, call);
          await hooks.afterPage?.();
          return page;
        },
      },
      clock: systemClock,
      sleep: (ms, signal) => systemSleep(Math.min(ms, 100), signal),
      log: (_level, event) => this.events.push(event),
      metrics: this.metrics,
      actor: "test:1",
      shopId: 1,
      holdShare,
      exportAfterOrder: () => 0,
      stopped,
      apply: async (writes, guard, signal) => {
        await hooks.beforeWrite?.();
        return await applyWrites(writer, writes, guard, signal);
      },
      pacer: { run: (batch) => batch(), finish: () => undefined },
      ledgerHasRead: async (signal) => {
        await hooks.beforeFence?.();
        const hasRead = await awaitLedger({ db, clock: systemClock, sleep: systemSleep }, signal);
        await hooks.afterFence?.();
        return hasRead;
      },
    };
  }

  /** Rows that the shop was given by this reading. */
  async writtenRows(snapshotId: number): Promise<ReadonlySet<number>> {
    const rows = await this.world.rows<{ id_stock_available: number }>(
      `SELECT id_stock_available FROM ${this.world.table("erpsync_stock_write")} WHERE source LIKE ?`,
      [`snapshot:${String(snapshotId)}:%`],
    );
    return new Set(rows.map((row) => row.id_stock_available));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
