import { settings as netSuiteSettings, open as openNetSuite } from "../../../sidecar/erp/netsuite/adapter.ts";
import { createAsk, doneOrThrow, startBudget } from "../../../sidecar/erp/netsuite/exchange.ts";
import type { ErpOrderTotals, ErpPort } from "../../../sidecar/erp/port.ts";
import { type Database, openDatabase } from "../../../sidecar/platform/database.ts";
import { createHttp } from "../../../sidecar/platform/http.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { type Difference, type DifferenceKind } from "../../../sidecar/reconcile/decide-order-difference.ts";
import type { Scope } from "../../../sidecar/reconcile/decode-scope.ts";
import { decodeDifferences } from "../../../sidecar/reconcile/encode-check.ts";
import type { OrderReconcileLoopDeps } from "../../../sidecar/reconcile/order-reconcile-loop.ts";
import { reconcileOrders } from "../../../sidecar/reconcile/reconcile-orders.ts";
import { insertOrderRun, type OrderRunRow, readOrderRun } from "../../../sidecar/reconcile/run-statements.ts";
import { openWorld, placeOrders } from "../../fault/rig.ts";
import { SidecarInside } from "../../support/in-process.ts";
import type { NetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { SupportError } from "../../support/support-error.ts";
import type { World } from "../../support/world.ts";

/** What the ERP says of an order's money beyond what its record holds, by the order's id in the ERP. */
type Books = Map<string, Partial<Pick<ErpOrderTotals, "paidMinor" | "creditedTaxInclMinor" | "isCancelled">>>;

/** A check as a test looks at it. */
export interface Found {
  readonly kinds: readonly DifferenceKind[];
  readonly author: string | null;
  readonly differences: readonly Difference[];
  readonly firstSeenAt: string | null;
}

/** A shop, an ERP, the path between them, and the comparison of both. */
export class OrderRig implements AsyncDisposable {
  readonly world: World;
  readonly emulator: NetSuiteEmulator;
  readonly sidecar: SidecarInside;
  readonly db: Database;
  readonly log: LogEvent[] = [];
  readonly metrics = createMetrics();
  /** An ERP that carries payments and credits, where an order is in it. */
  readonly books: Books = new Map();
  /** Ids of orders that somebody deleted in the ERP. */
  readonly gone = new Set<string>();
  /** Merged into the comparison's parts. */
  change: Partial<OrderReconcileLoopDeps> = {};
  readonly #http = createHttp({ connections: 4 });
  readonly #port: ErpPort;

  private constructor(world: World, emulator: NetSuiteEmulator) {
    this.world = world;
    this.emulator = emulator;
    this.sidecar = new SidecarInside(world, emulator);
    this.db = openDatabase({ ...world.settings, connections: 4 });
    const settings = netSuiteSettings.parse(emulator.settings());
    this.#port = openNetSuite(settings, { http: this.#http.send, clock: systemClock });
  }

  static async create(server?: World["server"]): Promise<OrderRig> {
    const { world, erp } = await openWorld(server === undefined ? {} : { server });
    return new OrderRig(world, erp);
  }

  /** Places that many orders, paid, and brings them to the ERP. */
  async export(count: number): Promise<number[]> {
    const ids = await placeOrders(this.world, count, { processes: 1, paid: true });
    await this.sidecar.workOff();
    return ids;
  }

  /** All that the comparison is given. */
  deps(): OrderReconcileLoopDeps {
    return {
      db: this.db,
      erp: { readOrder: (order, call) => this.#readOrder(order, call) },
      log: (_level, event) => void this.log.push(event),
      metrics: this.metrics,
      clock: systemClock,
      sleep: systemSleep,
      concurrency: 3,
      cancelledStates: [6],
      exportAfterOrder: () => 0,
      isErpAway: () => false,
      stopped: () => false,
      schedule: "7 * * * *",
      days: 3,
      ...this.change,
    };
  }

  readonly #readOrder: ErpPort["readOrder"] = async (order, call) => {
    if (this.gone.has(order.ref)) return undefined;
    const totals = await this.#port.readOrder(order, call);
    return totals === undefined ? undefined : { ...totals, ...this.books.get(order.ref) };
  };

  /** Compares, and returns how the run ended. */
  async compare(scope: Scope = { kind: "days", days: 3 }): Promise<OrderRunRow> {
    const id = await insertOrderRun(this.db, { state: "running", scope: "3", actor: "test" });
    await reconcileOrders(this.deps(), { id, scope }, new AbortController().signal);
    const run = await readOrderRun(this.db, id);
    if (run === undefined) throw new SupportError("The run is not on record.");
    return run;
  }

  /** What is on record of an order. */
  async found(orderId: number): Promise<Found | undefined> {
    const [row] = await this.world.rows<Record<"kinds" | "author" | "differences" | "seen", string | null>>(
      `SELECT kinds, author, differences, first_seen_at AS seen FROM ${this.world.table("erpsync_order_check")}
        WHERE id_order = ?`,
      [orderId],
    );
    if (row === undefined) return undefined;
    const kinds = (row.kinds ?? "").split(",").filter((kind) => kind !== "") as DifferenceKind[];
    return {
      kinds,
      author: row.author,
      differences: decodeDifferences(row.differences),
      firstSeenAt: row.seen,
    };
  }

  /** The ERP's id of an order. */
  erpIdOf(orderId: number): string {
    const found = this.emulator.orders().find(({ externalId }) => externalId === `PS-main-${orderId}`);
    if (found === undefined) throw new SupportError(`Order ${orderId} is not in the ERP.`);
    return found.id;
  }

  /** Somebody edits an order in the ERP by its own interface. */
  async editInErp(orderId: number, body: Readonly<Record<string, unknown>>): Promise<void> {
    const settings = netSuiteSettings.parse(this.emulator.settings());
    const ask = createAsk(settings, { http: this.#http.send, clock: systemClock });
    const path = `/services/rest/record/v1/salesOrder/${this.erpIdOf(orderId)}`;
    const call = { signal: AbortSignal.timeout(10_000), priority: 0, note: () => undefined };
    const budget = startBudget(systemClock, settings.timeoutMs);
    doneOrThrow(await ask({ method: "PATCH", path, body }, call, budget));
  }

  /** Takes the products' mappings away, so that what is planned from now on parks. */
  async unmapProducts(): Promise<void> {
    await this.world.pool.query(`DELETE FROM ${this.world.table("erpsync_mapping")} WHERE kind = 'product'`);
  }

  async mapCustomer(customerId: number, ref: string): Promise<void> {
    await this.world.pool.query(
      `REPLACE INTO ${this.world.table("erpsync_mapping")} (kind, shop_key, external_id, erp_ref, origin, updated_at)
       VALUES ('customer', ?, ?, ?, 'sync', UTC_TIMESTAMP(6))`,
      [String(customerId), `PS-main-CUST-${customerId}`, ref],
    );
  }

  async job(orderId: number): Promise<Readonly<Record<string, unknown>> | undefined> {
    const [row] = await this.world.rows(
      `SELECT state, reason_code FROM ${this.world.table("erpsync_job")} WHERE subject = ?`,
      [`order:${orderId}`],
    );
    return row;
  }

  /** A job as a worker, or an event, leaves it. */
  async setJob(orderId: number, state: string): Promise<void> {
    await this.world.pool.query(
      `UPDATE ${this.world.table("erpsync_job")} SET state = ?, run_at = UTC_TIMESTAMP(6), updated_at = UTC_TIMESTAMP(6)
        WHERE subject = ?`,
      [state, `order:${orderId}`],
    );
  }

  async setState(orderId: number, stateId: number): Promise<void> {
    await this.world.pool.query(
      `UPDATE ${this.world.table("orders")} SET current_state = ? WHERE id_order = ?`,
      [stateId, orderId],
    );
  }

  /** The back office changes the quantity of an order's first line. */
  async editLine(orderId: number, quantity: number, hooks: "on" | "off" = "on"): Promise<void> {
    const orderDetailId = await this.#firstLine(orderId);
    await this.world.shop().editLine({ orderId, orderDetailId, quantity, hooks });
  }

  /** The back office gives one piece of an order's first line back; nobody is told. */
  async slip(orderId: number): Promise<void> {
    const orderDetailId = await this.#firstLine(orderId);
    await this.world.shop().addSlip({ orderId, orderDetailId, quantity: 1, hooks: "off" });
  }

  async #firstLine(orderId: number): Promise<number> {
    const [line] = await this.world.rows<{ id: number }>(
      `SELECT id_order_detail AS id FROM ${this.world.table("order_detail")} WHERE id_order = ? LIMIT 1`,
      [orderId],
    );
    return Number(line?.id);
  }

  /** All payments of a reference, in cents. */
  async paid(reference: string): Promise<number> {
    const [row] = await this.world.rows<{ paid: string }>(
      `SELECT SUM(amount) AS paid FROM ${this.world.table("order_payment")} WHERE order_reference = ?`,
      [reference],
    );
    return Math.round(Number(row?.paid) * 100);
  }

  /** Of every table but the two that a comparison writes. */
  async checksums(): Promise<readonly object[]> {
    const tables = await this.world.rows<Record<string, string>>("SHOW TABLES");
    const own = ["erpsync_order_check", "erpsync_order_reconciliation"].map(
      (name) => this.world.prefix + name,
    );
    const names = tables.map((row) => Object.values(row)[0] ?? "").filter((name) => !own.includes(name));
    return await this.world.rows(`CHECKSUM TABLE ${names.map((name) => `\`${name}\``).join(", ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sidecar[Symbol.asyncDispose]();
    await this.db.destroy();
    await this.#http.close();
    await this.world[Symbol.asyncDispose]();
  }
}
