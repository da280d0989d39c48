import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SupportError } from "../../support/support-error.ts";
import { until } from "../../support/until.ts";
import type { World } from "../../support/world.ts";
import type { FloorSample } from "./floor-tail.ts";

/** A running floor-tail.ts; it ends with `close`, or with this process. */
export interface FloorProcess {
  /** The sample of an order, once it is taken. */
  readonly sampleOf: (orderId: number) => Promise<FloorSample>;
  readonly close: () => Promise<void>;
}

export async function startFloor(world: World): Promise<FloorProcess> {
  const file = fileURLToPath(new URL("floor-tail.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--import", "tsx", file, JSON.stringify({ ...world.settings, connections: 1 })],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const samples = new Map<number, FloorSample>();
  let ready = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const said = JSON.parse(line) as FloorSample | { readonly ready: true };
    if ("ready" in said) ready = true;
    else samples.set(said.orderId, said);
  });
  const ended = once(child, "exit");
  await until(
    () => {
      if (child.exitCode !== null) throw new SupportError("The floor's process ended.");
      return ready;
    },
    { what: "the floor's tail", timeoutMs: 20_000 },
  );
  return {
    sampleOf: async (orderId) =>
      await until(() => samples.get(orderId), { what: `the floor's sample of order ${String(orderId)}` }),
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
