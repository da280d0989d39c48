import { expect, test } from "vitest";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { Pacer } from "../../../sidecar/stock/writer/pace.ts";
import { eachServer } from "../../support/each-server.ts";
import { until } from "../../support/until.ts";
import { NEVER, openPool, stockWorld } from "./writer-rig.ts";

/** More than other tests run on the server at the same time. */
const BUSY_THREADS = 25;

eachServer("the pace of stock writes", (server) => {
  test("falls while the server runs many statements, shows itself in the metric, and is full again afterwards", async () => {
    await using world = await stockWorld(server);
    const metrics = createMetrics();
    const rests: number[] = [];
    let nowMs = 0;
    const pacer = new Pacer({
      db: openPool(world),
      clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
      sleep: (ms) => {
        rests.push(ms);
        return Promise.resolve();
      },
      metrics,
      busyThreads: BUSY_THREADS,
    });
    const gauge = async (): Promise<number | undefined> => (await metrics.stockPaceMs.get()).values[0]?.value;
    const batch = async (): Promise<number> => {
      const before = rests.length;
      await pacer.run(() => {
        nowMs += 100;
        return Promise.resolve();
      }, NEVER);
      return rests.slice(before)[0] ?? 0;
    };

    expect(await batch()).toBe(0);
    const busy = await Promise.all(
      Array.from({ length: BUSY_THREADS + 5 }, async () => {
        const connection = await world.connection();
        return { connection, asleep: connection.query("SELECT SLEEP(60)").catch(() => undefined) };
      }),
    );
    const first = await until(batch, { what: "the first rest" });
    const second = await batch();
    expect(second).toBeGreaterThan(first);
    expect(await gauge()).toBe(second);
    // Nobody rests once the work is done, however busy the server is.
    pacer.finish();
    expect(await gauge()).toBe(0);
    for (const { connection } of busy) await world.pool.query("KILL ?", [connection.threadId]);
    await Promise.all(busy.map(({ asleep }) => asleep));
    await until(async () => (await batch()) === 0, { what: "full speed" });
    expect(await gauge()).toBe(0);
  });
});
