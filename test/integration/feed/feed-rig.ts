import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from "kysely";
import { type ExternalId, erpRef, shopOrderId } from "../../../sidecar/domain/ids.ts";
import type { ErpProgress } from "../../../sidecar/domain/progress.ts";
import {
  type ErpCall,
  type ErpPort,
  type ProgressPage,
  type ProgressQuery,
  progressMark,
} from "../../../sidecar/erp/port.ts";
import { Reading } from "../../../sidecar/feed/reading.ts";
import { readProgress } from "../../../sidecar/orders/progress-statements.ts";
import { type Database, openDatabase } from "../../../sidecar/platform/database.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import type { ServerAddress } from "../../support/database-server.ts";
import { migrateWorld } from "../../support/sidecar.ts";
import { SupportError } from "../../support/support-error.ts";
import { World } from "../../support/world.ts";

/** Changes before the mark that a reading names again, as real adapters do for the sake of late commits. */
const OVERLAP = 2;

/** An ERP that only tells of progress: each change gets the next number, and a mark is the last number that was seen. */
export class ProgressErp {
  readonly asked: ProgressQuery[] = [];
  /** Called before a page is answered, with its number since the beginning; what it rejects with is the answer. */
  beforePage: (page: number) => void | Promise<void> = () => undefined;
  pageSize = 3;
  #changes = 0;
  readonly #orders = new Map<string, { readonly change: number; readonly progress: ErpProgress }>();

  /** An order moves on. */
  say(progress: ErpProgress): void {
    this.#changes += 1;
    this.#orders.set(progress.orderExternalId, { change: this.#changes, progress });
  }

  get mark(): string {
    return String(this.#changes);
  }

  readonly port: Pick<ErpPort, "name" | "readProgress"> = {
    name: "rig",
    readProgress: async (query, call) => {
      this.asked.push(query);
      await this.beforePage(this.asked.length);
      return this.#answer(query, call);
    },
  };

  /** Pages go on by the change's number, so a change between two of them moves an order to a later page. */
  #answer(query: ProgressQuery, call: ErpCall): ProgressPage {
    const seen = Number(query.changedSince ?? 0);
    const [from, newest] = query.after?.split(":").map(Number) ?? [seen - OVERLAP, seen];
    const exchange = { method: "GET", path: "/progress", request: "", status: 200, answer: "…", tookMs: 1 };
    call.note(exchange);
    const all = [...this.#orders.values()].sort((a, b) => a.change - b.change);
    const page = all.filter(({ change }) => change > (from ?? 0)).slice(0, this.pageSize);
    const last = page.at(-1)?.change ?? from ?? 0;
    const mark = Math.max(newest ?? 0, last);
    const isLast = !all.some(({ change }) => change > last);
    return {
      orders: page.map(({ progress }) => progress),
      next: isLast ? undefined : `${last}:${mark}`,
      mark: progressMark(String(mark)),
    };
  }
}

class ProcessDied extends SupportError {}

/** Ends a process at its nth statement: from there on it does nothing more to the database. */
class Life implements KyselyPlugin {
  statements = 0;
  readonly #dieAt: number;

  constructor(dieAt: number) {
    this.#dieAt = dieAt;
  }

  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    this.statements += 1;
    if (this.statements >= this.#dieAt) throw new ProcessDied("The simulated process is dead.");
    return args.node;
  }

  transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(args.result);
  }
}

/** How a reading ended that might die. */
export type ReadingEnd =
  | { readonly kind: "died" }
  | { readonly kind: "whole"; readonly counts: Reading["counts"] };

/** A migrated shop whose orders 1 … n stand in the ERP as records 101 … 100 + n, and the feed between the two. */
export class FeedRig implements AsyncDisposable {
  readonly world: World;
  readonly db: Database;
  readonly erp = new ProgressErp();
  marked = 0;

  static async open(server: ServerAddress, orders: number): Promise<FeedRig> {
    const world = await World.create({ server, seed: {} });
    await migrateWorld(world);
    const rig = new FeedRig(world);
    for (let order = 1; order <= orders; order += 1) await rig.export(order);
    return rig;
  }

  private constructor(world: World) {
    this.world = world;
    this.db = openDatabase({ ...world.settings, connections: 4 });
  }

  static externalId(order: number): ExternalId {
    return `PS-main-${String(order)}` as ExternalId;
  }

  /** What the ERP says of an order of ours; shipped unless told. */
  static progress(order: number, more: Partial<ErpProgress> = {}): ErpProgress {
    return {
      orderExternalId: FeedRig.externalId(order),
      orderRef: erpRef(String(100 + order)),
      stage: "shipped",
      parcels: [
        { ref: erpRef(`S${String(order)}`), trackingNumber: `TRACK${String(order)}`, carrier: "DPD" },
      ],
      invoiceNumbers: [],
      ...more,
    };
  }

  /** As the acknowledgement of its creation leaves an order. */
  async export(order: number): Promise<void> {
    await this.world.pool.query(
      `REPLACE INTO ${this.world.table("erpsync_mapping")} VALUES ('order', ?, ?, ?, NULL, 'sync', UTC_TIMESTAMP(6))`,
      [String(order), FeedRig.externalId(order), String(100 + order)],
    );
  }

  /** As an order is while its creation waits for the answer. */
  async beginExport(order: number): Promise<void> {
    await this.world.pool.query(
      `INSERT INTO ${this.world.table("erpsync_operation")}
         (op_key, subject, number, kind, external_id, state, body, body_hash, created_at)
       VALUES (?, ?, 1, 'create', ?, 'open', '', ?, UTC_TIMESTAMP(6))`,
      [`order:${order}#1`, `order:${order}`, FeedRig.externalId(order), "0".repeat(64)],
    );
  }

  deps(db = this.db) {
    const onMarked = (): void => {
      this.marked += 1;
    };
    return { db, erp: this.erp.port, metrics: createMetrics(), actor: "rig:1", onMarked };
  }

  /** One reading from the stored mark to its end, by a process that dies at its nth statement where one is named. */
  async read(dieAt = Number.POSITIVE_INFINITY): Promise<ReadingEnd> {
    const db = this.db.withPlugin(new Life(dieAt));
    const signal = new AbortController().signal;
    try {
      const reading = await Reading.begin(this.deps(db));
      while (!(await reading.turnPage(signal)));
      return { kind: "whole", counts: reading.counts };
    } catch (thrown) {
      if (thrown instanceof ProcessDied) return { kind: "died" };
      throw thrown;
    }
  }

  async progressOf(order: number) {
    return await readProgress(this.db, shopOrderId(order));
  }

  /** How often each order's job was marked. */
  async marks(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.world.rows<{ subject: string; generation: number }>(
      `SELECT subject, generation FROM ${this.world.table("erpsync_job")} ORDER BY subject`,
    );
    return Object.fromEntries(rows.map(({ generation, subject }) => [subject, generation]));
  }

  async mark(): Promise<string | undefined> {
    const [row] = await this.world.rows<{ mark: string }>(
      `SELECT mark FROM ${this.world.table("erpsync_cursor")} WHERE feed = 'progress:rig'`,
    );
    return row?.mark;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db.destroy();
    await this.world[Symbol.asyncDispose]();
  }
}
