import { erpRef } from "../../../sidecar/domain/ids.ts";
import type { StockWrite } from "../../../sidecar/domain/stock.ts";
import type { ErpPort, StockFigure } from "../../../sidecar/erp/port.ts";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import {
  decodeReconciliation,
  type ReconciliationDetail,
} from "../../../sidecar/stock/reconcile/encode-reconciliation.ts";
import {
  type ReconcileDeps,
  type ReconcileEnd,
  reconcile,
} from "../../../sidecar/stock/reconcile/reconcile.ts";
import {
  insertReconciliation,
  type ReconciliationRow,
  readReconciliation,
} from "../../../sidecar/stock/reconcile/reconcile-statements.ts";
import type { Guard, WriteOutcome } from "../../../sidecar/stock/writer/decide-writes.ts";
import { applyWrites, type WriterDeps } from "../../../sidecar/stock/writer/stock-writer.ts";
import type { ServerAddress } from "../../support/database-server.ts";
import { itemOf, migrateWorld } from "../../support/sidecar.ts";
import { insertFinishedPass, insertWholeLedger } from "../../support/stock-rows.ts";
import { World } from "../../support/world.ts";

type Apply = (
  writes: readonly StockWrite[],
  guard: Guard,
  signal: AbortSignal,
) => Promise<readonly WriteOutcome[]>;

/** How one run ended, and what is on record of it. */
export interface RunEnd {
  readonly end: ReconcileEnd;
  readonly record: ReconciliationRow;
  readonly detail: ReconciliationDetail | undefined;
}

/**
 * A shop whose ledger stands and agrees with every row, and an ERP that the test speaks for. The ledger itself does not
 * run: `follow` lets it read all that was written since.
 */
export class ReconcileRig implements AsyncDisposable {
  readonly world: World;
  readonly log: LogEvent[] = [];
  /** Units by item of the ERP; without an entry it does not name the item. */
  readonly erp = new Map<string, number>();
  readonly writer: WriterDeps;
  /** What the test wants changed of a run. */
  change: Partial<ReconcileDeps> = {};
  readonly #db: ReturnType<typeof openDatabase>;

  private constructor(world: World) {
    this.world = world;
    this.#db = openDatabase({ ...world.settings, connections: 6 });
    const { database, prefix } = world.settings;
    const metrics = createMetrics();
    this.writer = { db: this.#db, settings: { database, prefix }, stopped: () => false, metrics };
  }

  static async create(server: ServerAddress, seed: World["seed"] = {}): Promise<ReconcileRig> {
    const world = await World.create({ server, seed });
    await migrateWorld(world);
    await insertWholeLedger(world);
    await insertFinishedPass(world);
    const rig = new ReconcileRig(world);
    await rig.#mapAll();
    return rig;
  }

  get db(): ReturnType<typeof openDatabase> {
    return this.#db;
  }

  /** The item that a product's row is mapped to. */
  item(product: number, combination = 0): string {
    return itemOf({ id_product: product, id_product_attribute: combination });
  }

  async run(options: { readonly dryRun?: boolean; readonly owner?: "shop" | "erp" } = {}): Promise<RunEnd> {
    const { dryRun = false, owner = "erp" } = options;
    const id = await insertReconciliation(this.#db, { state: "running", dryRun, actor: "test" });
    const end = await reconcile(this.deps(owner), { id, dryRun }, new AbortController().signal);
    const record = await readReconciliation(this.#db, id);
    return { end, record: record!, detail: decodeReconciliation(record!.detail) };
  }

  deps(owner: "shop" | "erp" = "erp"): ReconcileDeps {
    const metrics = createMetrics();
    return {
      ...{ db: this.#db, clock: systemClock, sleep: systemSleep, metrics, actor: "test:1" },
      log: (_level, event) => void this.log.push(event),
      erp: owner === "shop" ? undefined : { port: this.#port(), shopId: 1, exportAfterOrder: () => 0 },
      quietMs: 20,
      bounds: { units: 2, share: 0.05, rowsMax: 50, rowsShareMax: 1 },
      ledgerHasRead: () => Promise.resolve(true),
      stopped: () => false,
      apply: this.apply,
      pacer: { run: (batch) => batch(), finish: () => undefined },
      ...this.change,
    };
  }

  readonly apply: Apply = (writes, guard, signal) => applyWrites(this.writer, writes, guard, signal);

  /** Sets the shop's row, and the ledger's with it unless told. */
  async set(row: number, units: number, ledgerUnits = units): Promise<void> {
    const { world } = this;
    await world.pool.query(
      `UPDATE ${world.table("stock_available")} SET quantity = ? WHERE id_stock_available = ?`,
      [units, row],
    );
    await world.pool.query(
      `UPDATE ${world.table("erpsync_stock_row")} SET position = ? WHERE id_stock_available = ?`,
      [ledgerUnits, row],
    );
  }

  /** The ledger reads what was written: every position is what the shop has. */
  async follow(): Promise<void> {
    const { world } = this;
    await world.pool.query(
      `UPDATE ${world.table("erpsync_stock_row")} r JOIN ${world.table("stock_available")} s USING (id_stock_available)
       SET r.position = s.quantity`,
    );
  }

  async units(row: number): Promise<number> {
    const [found] = await this.world.rows<{ quantity: number }>(
      `SELECT quantity FROM ${this.world.table("stock_available")} WHERE id_stock_available = ?`,
      [row],
    );
    return found!.quantity;
  }

  async discrepancies(): Promise<readonly Record<string, unknown>[]> {
    return await this.world.rows(
      `SELECT kind, id_stock_available AS row_id, shop_units, ledger_units, erp_units, resolution, open_key
       FROM ${this.world.table("erpsync_stock_discrepancy")} ORDER BY id`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.destroy();
    await this.world[Symbol.asyncDispose]();
  }

  /** Every row is mapped, parents too, and the ERP agrees with all of them. */
  async #mapAll(): Promise<void> {
    const rows = await this.world.rows<{
      id_product: number;
      id_product_attribute: number;
      quantity: number;
    }>(`SELECT id_product, id_product_attribute, quantity FROM ${this.world.table("stock_available")}`);
    for (const row of rows) this.erp.set(itemOf(row), row.quantity);
    await this.world.pool.query(
      `INSERT INTO ${this.world.table("erpsync_mapping")} (kind, shop_key, external_id, erp_ref, origin, updated_at) VALUES ?`,
      [
        rows.map((row) => [
          ...["product", `${row.id_product}:${row.id_product_attribute}`, `ITEM-${itemOf(row)}`],
          ...[itemOf(row), "import", "2026-01-01 00:00:00"],
        ]),
      ],
    );
  }

  #port(): Pick<ErpPort, "readStock" | "capabilities"> {
    return {
      capabilities: {
        uniqueKey: true,
        stockCountsOrders: true,
        payments: false,
        paymentsWithOrder: false,
        credits: false,
        stockPartitions: [],
      },
      readStock: (query) => {
        const figures = [...this.erp].map(
          ([item, units]): StockFigure => ({
            itemRef: erpRef(item),
            availableUnits: units,
            changedAt: undefined,
          }),
        );
        // Two pages, so that what spans them is tried.
        const half = Math.ceil(figures.length / 2);
        return Promise.resolve(
          query.after === undefined && figures.length > 1
            ? { figures: figures.slice(0, half), next: "2", mark: undefined }
            : { figures: figures.slice(figures.length > 1 ? half : 0), next: undefined, mark: undefined },
        );
      },
    };
  }
}
