import { randomBytes } from "node:crypto";
import type { ServerAddress } from "../../support/database-server.ts";
import type { NetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import type { EmulatorProcess } from "../../support/netsuite-emulator-process.ts";
import type { SeedOptions } from "../../support/seed.ts";
import { Installation, mapProducts, migrateWorld, type SidecarProcess } from "../../support/sidecar.ts";
import { SupportError } from "../../support/support-error.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

export interface StageOptions {
  readonly capture?: object;
  readonly erp?: object;
  readonly seed?: SeedOptions;
}

/**
 * A shop with an installed sidecar before an emulator. The emulator, the sidecar and the measuring process are three
 * processes, so that none of them waits for the event loop of another.
 */
export class Stage implements AsyncDisposable {
  readonly world: World;
  readonly shopKey: string;
  readonly emulator: EmulatorProcess;
  readonly installation: Installation;

  private constructor(world: World, shopKey: string, emulator: EmulatorProcess, installation: Installation) {
    this.world = world;
    this.shopKey = shopKey;
    this.emulator = emulator;
    this.installation = installation;
  }

  static async open(
    server: ServerAddress,
    emulator: EmulatorProcess,
    options: StageOptions = {},
  ): Promise<Stage> {
    const world = await World.create({ server, seed: options.seed ?? {} });
    // Shops that share an emulator must not share their external ids.
    const shopKey = randomBytes(6).toString("hex");
    const installation = await Installation.create(world, {
      netsuite: emulator.emulatorSettings,
      shop: { key: shopKey },
      capture: options.capture ?? {},
      erp: options.erp ?? {},
    });
    let added = Promise.resolve();
    const items = {
      addItems: (ids: readonly string[]) => {
        added = emulator.addItems(ids);
      },
    } as NetSuiteEmulator;
    await mapProducts(world, items);
    await added;
    return new Stage(world, shopKey, emulator, installation);
  }

  /**
   * Starts the sidecar and waits until one order of each of these customers stands in the ERP: then they are known
   * there, connections stand and the code is warm.
   */
  async start(customers: readonly number[]): Promise<SidecarProcess> {
    const sidecar = await this.installation.start();
    await sidecar.logged("erp.port_held");
    for (const customerId of customers) {
      await this.world.shop().placeOrder({ customerId, lines: [{ productId: 1, quantity: 1 }] });
    }
    const total = await this.orders();
    await until(async () => (await this.exportedOrders()) === total, {
      what: "the first orders in the ERP",
      timeoutMs: 60_000,
    });
    return sidecar;
  }

  async orders(): Promise<number> {
    return await this.#count("orders", "1 = 1");
  }

  async exportedOrders(): Promise<number> {
    return await this.#count("erpsync_mapping", "kind = 'order'");
  }

  /**
   * Waits until the sidecar has nothing to do: the outbox is empty, no job is ready or under way, none becomes due
   * within `quietMs`, and every order's job was seen. Jobs that settle (the shop updates the order once more after it
   * is whole) are not due before their time; with `settled` they are waited for too.
   */
  async untilIdle(options: { readonly quietMs: number; readonly settled?: boolean }): Promise<void> {
    const held =
      options.settled === true
        ? "FALSE"
        : "state = 'held' AND run_at > UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND";
    const sql = `SELECT (SELECT COUNT(*) FROM ${this.world.table("erpsync_outbox")})
      + (SELECT COUNT(*) FROM ${this.world.table("erpsync_job")} WHERE state <> 'done' AND NOT (${held})) AS busy`;
    const values = options.settled === true ? [] : [options.quietMs * 1_000];
    await until(
      async () => {
        const [row] = await this.world.rows<{ busy: number }>(sql, values);
        return row?.busy === 0;
      },
      { what: "an idle sidecar", timeoutMs: 30_000, everyMs: 15 },
    );
  }

  /** The external id of one of this shop's orders. */
  externalId(orderId: number): string {
    return `PS-${this.shopKey}-${String(orderId)}`;
  }

  async #count(table: string, where: string): Promise<number> {
    const [row] = await this.world.rows<{ n: number }>(
      `SELECT COUNT(*) AS n FROM ${this.world.table(table)} WHERE ${where}`,
    );
    if (row === undefined) throw new SupportError(`${table} cannot be counted.`);
    return row.n;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

/** A shop with the sidecar's tables and no sidecar, for floors. */
export async function openBareWorld(server: ServerAddress, seed: SeedOptions = {}): Promise<World> {
  const world = await World.create({ server, seed });
  await migrateWorld(world);
  return world;
}
