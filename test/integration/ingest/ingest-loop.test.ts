import type { LogEvent as QueryEvent } from "kysely";
import { describe, expect, test } from "vitest";
import type { Clock } from "../../../sidecar/domain/clock.ts";
import { Announcements, type IngestDeps, runIngest } from "../../../sidecar/ingest/ingest-loop.ts";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { Wake } from "../../../sidecar/platform/wake.ts";
import { migrateWorld } from "../../support/sidecar.ts";
import { World } from "../../support/world.ts";

const POLL_MS = 5_000;

/** The loop on a clock that moves only while it sleeps. */
class Loop {
  readonly queries: string[] = [];
  readonly sleptMs: number[] = [];
  readonly announced: Announcements;
  readonly #deps: IngestDeps;
  readonly #stop = new AbortController();
  #nowMs = 0;

  /** @param onSleep returns how many milliseconds the loop sleeps; undefined ends it. */
  constructor(world: World, onSleep: (ms: number, loop: Loop) => Promise<number | undefined>) {
    const db = openDatabase(
      { ...world.settings, connections: 2 },
      {
        onQuery: (event: QueryEvent) => {
          this.queries.push(event.query.sql);
        },
      },
    );
    world.onDispose(() => db.destroy());
    const clock: Clock = { nowMs: () => this.#nowMs, monotonicMs: () => this.#nowMs };
    const wake = new Wake(async (ms) => {
      this.sleptMs.push(ms);
      const passedMs = await onSleep(ms, this);
      if (passedMs === undefined) this.#stop.abort();
      else this.#nowMs += passedMs;
    });
    this.announced = new Announcements(wake);
    this.#deps = {
      db,
      log: () => undefined,
      metrics: createMetrics(),
      clock,
      wake,
      announced: this.announced,
      pollMs: () => POLL_MS,
      onMarked: () => undefined,
    };
  }

  async run(): Promise<void> {
    await runIngest(this.#deps, this.#stop.signal);
  }
}

async function openWorld(): Promise<World> {
  const world = await World.create();
  await migrateWorld(world);
  return world;
}

async function insertRow(world: World): Promise<void> {
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_outbox")}
       (event_id, type, version, subject, id_shop, occurred_at, traceparent)
     VALUES (UUID(), 'order.status_changed', 1, 'order:1', 1, UTC_TIMESTAMP(6), REPEAT('0', 55))`,
  );
}

async function outboxRows(world: World): Promise<number> {
  return (await world.rows(`SELECT id FROM ${world.table("erpsync_outbox")}`)).length;
}

describe("the ingest loop", () => {
  test("asks an empty outbox one plain question each time that it looks", async () => {
    await using world = await openWorld();
    const loop = new Loop(world, (ms, self) => Promise.resolve(self.sleptMs.length < 4 ? ms : undefined));
    await loop.run();
    expect(loop.queries).toHaveLength(4);
    expect(loop.queries.filter((query) => !/^select(?!.*for update)/i.test(query))).toEqual([]);
    expect(loop.sleptMs).toEqual([POLL_MS, POLL_MS, POLL_MS, POLL_MS]);
  });

  test("looks at the whole outbox in time, though announcements come more often than that", async () => {
    await using world = await openWorld();
    const loop = new Loop(world, async (_ms, self) => {
      // The first look has found nothing; this row was announced to somebody who lost it.
      if (self.sleptMs.length === 1) await insertRow(world);
      if (self.sleptMs.length > 16) return undefined;
      self.announced.add([1_000_000 + self.sleptMs.length]);
      return 1_000;
    });
    await loop.run();
    expect(await outboxRows(world)).toBe(0);
  });

  test("starts with a look, so that what a failed batch left is ingested at the next start", async () => {
    await using world = await openWorld();
    await insertRow(world);
    const loop = new Loop(world, () => Promise.resolve(undefined));
    loop.announced.add([1_000_000]);
    await loop.run();
    expect(await outboxRows(world)).toBe(0);
  });
});
