import type { ServerAddress } from "../support/database-server.ts";
import type { EmulatorOptions } from "../support/netsuite-emulator.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../support/netsuite-emulator.ts";
import {
  Installation,
  mapProducts,
  migrateWorld,
  type SidecarOptions,
  type SidecarProcess,
} from "../support/sidecar.ts";
import { World } from "../support/world.ts";

export interface RigOptions {
  readonly server?: ServerAddress;
  readonly emulator?: EmulatorOptions;
  readonly sidecar?: Partial<SidecarOptions>;
  /** Products that get no mapping, as `<id_product>:<id_product_attribute>`. */
  readonly unmapped?: readonly string[];
  /** More than the lines of all orders of a test together, so that no test is about stock. */
  readonly customers?: number;
}

/** A shop, an ERP and an installation between them; all end with the scope. */
export class Rig implements AsyncDisposable {
  readonly world: World;
  readonly erp: NetSuiteEmulator;
  readonly installation: Installation;

  private constructor(world: World, erp: NetSuiteEmulator, installation: Installation) {
    this.world = world;
    this.erp = erp;
    this.installation = installation;
  }

  static async open(options: RigOptions = {}): Promise<Rig> {
    const { world, erp } = await openShop(options);
    const installation = await Installation.create(world, { netsuite: erp.settings(), ...options.sidecar });
    await mapProducts(world, erp, options.unmapped ?? []);
    return new Rig(world, erp, installation);
  }

  async start(sidecar: Partial<SidecarOptions> = {}): Promise<SidecarProcess> {
    return await this.installation.start("process.started", sidecar);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

/** A migrated and mapped shop and an ERP, for tests that run the sidecar inside their own process. */
export async function openWorld(options: RigOptions = {}): Promise<{ world: World; erp: NetSuiteEmulator }> {
  const { world, erp } = await openShop(options);
  await migrateWorld(world);
  await mapProducts(world, erp, options.unmapped ?? []);
  return { world, erp };
}

async function openShop(options: RigOptions): Promise<{ world: World; erp: NetSuiteEmulator }> {
  const world = await World.create({
    ...(options.server === undefined ? {} : { server: options.server }),
    seed: { stockUnits: 100_000, customers: options.customers ?? 9 },
  });
  const erp = await startNetSuiteEmulator(options.emulator);
  // The ERP goes first: a sidecar that is still running then only sees an ERP that is away.
  world.onDispose(() => erp.close());
  return { world, erp };
}

export interface Placing {
  /** PHP processes at once. */
  readonly processes?: number;
  /** Called with each order's id as soon as it is whole. */
  readonly onPlaced?: (orderId: number) => void;
  readonly hooks?: "on" | "off";
  /** The customer of the n-th order; all customers in turn unless told. */
  readonly customerOf?: (index: number) => number;
  /** The product of the n-th order; products 1 to 19 in turn unless told. */
  readonly productOf?: (index: number) => number;
  readonly paid?: boolean;
  /** Awaited before each order, so that a test can hold the shop's customers back. */
  readonly gate?: () => Promise<unknown>;
}

/**
 * Steps that deadlock with each other between checkouts at once, with and without a sidecar (MySQL 9.7, near-empty
 * tables: the reserved quantity's UPDATE reads order_detail under locks). A real customer would try again; here one
 * process at a time takes such a step, so that a test's orders are all whole.
 */
const MEETING_STEPS: ReadonlySet<string> = new Set([
  ...["line", "state-reserved", "state-physical", "invoice-lines", "final-reserved", "final-physical"],
]);

/** Lets one PHP process at a time be in one of the steps above. */
class Turnstile {
  #last: Promise<void> = Promise.resolve();
  readonly #leave = new Map<number, () => void>();

  async step(process: number, name: string): Promise<void> {
    this.release(process);
    if (!MEETING_STEPS.has(name)) return;
    const before = this.#last;
    this.#last = new Promise((resolve) => {
      this.#leave.set(process, resolve);
    });
    await before;
  }

  release(process: number): void {
    this.#leave.get(process)?.();
    this.#leave.delete(process);
  }
}

/** Places that many orders from several PHP processes at once, and returns their ids. */
export async function placeOrders(world: World, count: number, placing: Placing = {}): Promise<number[]> {
  const ids: number[] = [];
  const customers = world.seed.customers ?? 9;
  let next = 0;
  const turnstile = new Turnstile();
  const process = async (number: number): Promise<void> => {
    for (let index = next; index < count; index = next) {
      next += 1;
      await placing.gate?.();
      const shop = world.shop(number);
      shop.beforeStep = (step) => turnstile.step(number, step);
      const placed = shop.placeOrder({
        customerId: placing.customerOf?.(index) ?? 1 + (index % customers),
        lines: [{ productId: placing.productOf?.(index) ?? 1 + (index % 19), quantity: 1 + (index % 3) }],
        ...(placing.paid === undefined ? {} : { paid: placing.paid }),
        ...(placing.hooks === undefined ? {} : { hooks: placing.hooks }),
      });
      const { orderId } = await placed.finally(() => {
        turnstile.release(number);
        shop.beforeStep = undefined;
      });
      ids.push(orderId);
      placing.onPlaced?.(orderId);
    }
  };
  await Promise.all(Array.from({ length: placing.processes ?? 6 }, (_, index) => process(index + 1)));
  return ids;
}
