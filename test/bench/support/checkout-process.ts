import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type PlacedOrder, RealShop } from "../../shop/real-shop.ts";
import { SupportError } from "../../support/support-error.ts";
import { BenchCannotRun } from "./result.ts";

const DRIVER = join(import.meta.dirname, "../../shop/place-orders.php");

/** A PHP process that places an order each time it is asked. */
export interface CheckoutProcess {
  readonly place: () => Promise<PlacedOrder>;
  readonly close: () => Promise<void>;
}

/** Starts place-orders.php, which reads the shop's settings and hooks once, now. */
export function startCheckoutProcess(shop: RealShop, ...more: readonly string[]): CheckoutProcess {
  const child = spawn("php", [DRIVER, "--step", "--orders=1000000", ...more], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PRESTASHOP_ROOT: shop.root },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, "close");
  return {
    place: async () => {
      child.stdin.write("\n");
      const line = (await lines.next()) as IteratorResult<string, undefined>;
      if (line.done === true) throw new SupportError("The PHP process ended in the middle.");
      return JSON.parse(line.value) as PlacedOrder;
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** The shop at PRESTASHOP_ROOT with the module's present files, installed. */
export async function openBenchShop(): Promise<RealShop> {
  const root = process.env["PRESTASHOP_ROOT"] ?? "";
  if (!existsSync(join(root, "config/config.inc.php"))) {
    throw new BenchCannotRun(
      "This benchmark needs a real PrestaShop: set PRESTASHOP_ROOT to the folder of an installed one whose database may be written to.",
    );
  }
  const shop = await RealShop.open();
  const hooks = "SELECT COUNT(*) FROM {hook_module} JOIN {module} USING (id_module) WHERE name = 'erpsync'";
  await shop.module((await shop.count(hooks)) === 0 ? "install" : "reset");
  if ((await shop.count(hooks)) === 0)
    throw new SupportError("The module has no hooks after its installation.");
  return shop;
}
