import { expect, test } from "vitest";
import { orderSubject, shopOrderId } from "../../../sidecar/domain/ids.ts";
import { INGEST_BATCH_ROWS, ingestBatch } from "../../../sidecar/ingest/ingest-loop.ts";
import { lockOldestRows } from "../../../sidecar/ingest/statements.ts";
import { type Database, openDatabase } from "../../../sidecar/platform/database.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { inTransaction } from "../../../sidecar/platform/transaction.ts";
import { markJobs } from "../../../sidecar/queue/mark-statements.ts";
import {
  lockReadyJobs,
  readyDueJobs,
  rescueJobs,
  settleJob,
  stampClaims,
} from "../../../sidecar/queue/statements.ts";
import type { ServerAddress } from "../../support/database-server.ts";
import { eachServer } from "../../support/each-server.ts";
import { migrateWorld } from "../../support/sidecar.ts";
import { World } from "../../support/world.ts";

async function openQueue(server: ServerAddress, orders: number): Promise<{ world: World; db: Database }> {
  const world = await World.create({ server });
  await migrateWorld(world);
  const db = openDatabase({ ...world.settings, connections: 12 });
  world.onDispose(() => db.destroy());
  const marks = Array.from({ length: orders }, (_, index) => ({
    subject: orderSubject(shopOrderId(index + 1)),
    when: "now" as const,
    traceparent: null,
  }));
  await inTransaction(db, (tx) => markJobs(tx, marks));
  return { world, db };
}

/** A claim as a worker makes it, of which the test decides when it commits. */
async function claim(db: Database, token: string, limit: number, meanwhile: () => Promise<void>) {
  return await inTransaction(db, async (tx) => {
    const jobs = await lockReadyJobs(tx, "orders", limit);
    await meanwhile();
    if (jobs.length === 0) return [];
    await stampClaims(
      tx,
      jobs.map((job) => job.subject),
      { token, by: token, leaseMs: 60_000 },
    );
    return jobs.map((job) => ({ ...job, token, claimedAtMs: 0 }));
  });
}

eachServer("claims", (server) => {
  test("of two workers at once share the ready jobs: none is blocked, each gets some, no job is claimed twice", async () => {
    const { world, db } = await openQueue(server, 40);
    await using _world = world;
    // Each claim stays open until the other one has its rows too, so a blocked one would wait for ever.
    const got: string[] = [];
    let open: () => void = () => undefined;
    const bothHave = new Promise<void>((resolve) => {
      open = resolve;
    });
    const meet = (who: string) => async (): Promise<void> => {
      got.push(who);
      if (got.length === 2) open();
      await bothHave;
    };
    const [first, second] = await Promise.all([
      claim(db, "worker-1", 16, meet("worker-1")),
      claim(db, "worker-2", 16, meet("worker-2")),
    ]);
    expect(first).toHaveLength(16);
    expect(second).toHaveLength(16);
    const subjects = [...first, ...second].map((job) => job.subject);
    expect(new Set(subjects).size).toBe(32);
  });

  test("and looks at an empty outbox that are still open let a checkout go on without a wait", async () => {
    const { world, db } = await openQueue(server, 0);
    await using _world = world;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let looking: () => void = () => undefined;
    const looked = new Promise<void>((resolve) => {
      looking = resolve;
    });
    const look = inTransaction(db, async (tx) => {
      expect(await lockOldestRows(tx, INGEST_BATCH_ROWS)).toEqual([]);
      expect(await lockReadyJobs(tx, "orders", 16)).toEqual([]);
      looking();
      await held;
    });
    await looked;
    const impatient = await world.connection();
    await impatient.query("SET SESSION innodb_lock_wait_timeout = 1");
    await impatient.query(
      `INSERT INTO ${world.table("erpsync_outbox")} (event_id, type, version, subject, id_shop, occurred_at, traceparent)
       VALUES (UUID(), 'order.placed', 1, 'order:1', 1, UTC_TIMESTAMP(6), REPEAT('0', 55))`,
    );
    const placed = await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    expect(placed.orderId).toBeGreaterThan(0);
    release();
    await look;
  });

  test("survive marks, settlements, ticks and rescues that meet: no deadlock reaches a loop, no job is lost", async () => {
    const { world, db } = await openQueue(server, 60);
    await using _world = world;
    const deadline = performance.now() + 3_000;
    const during = async (act: (round: number) => Promise<unknown>): Promise<void> => {
      for (let round = 0; performance.now() < deadline; round += 1) await act(round);
    };
    const worker = (name: string) =>
      during(async (round) => {
        const claims = await claim(db, `${name}-${String(round)}`, 8, () => Promise.resolve());
        await Promise.all(
          claims.map((one, index) =>
            inTransaction(db, (tx) =>
              settleJob(tx, one, {
                state: index % 2 === 0 ? "retrying" : "held",
                delayMs: 0,
                attempts: 1,
                planHash: null,
                code: null,
                reason: null,
                waitsFor: null,
              }),
            ),
          ),
        );
      });
    await Promise.all([
      worker("worker-1"),
      worker("worker-2"),
      during(() => inTransaction(db, (tx) => readyDueJobs(tx, "orders"))),
      during(() => inTransaction(db, (tx) => rescueJobs(tx, false))),
      during((round) =>
        inTransaction(db, (tx) =>
          markJobs(
            tx,
            Array.from({ length: 20 }, (_, index) => ({
              subject: orderSubject(shopOrderId(1 + ((round * 7 + index) % 60))),
              when: "now" as const,
              traceparent: null,
            })),
          ),
        ),
      ),
    ]);
    const [row] = await world.rows<{ jobs: number }>(
      `SELECT COUNT(*) AS jobs FROM ${world.table("erpsync_job")}`,
    );
    expect(row?.jobs).toBe(60);
  });
});

eachServer("the outbox", (server) => {
  test("ingests an event once, however often its row is copied and by however many at once", async () => {
    const { world, db } = await openQueue(server, 0);
    await using _world = world;
    const row = (event: number) =>
      `('00000000-0000-4000-8000-${String(event).padStart(12, "0")}', 'order.status_changed', 1,
        'order:${String(event)}', 1, UTC_TIMESTAMP(6), REPEAT('0', 55))`;
    const insert = `INSERT INTO ${world.table("erpsync_outbox")}
      (event_id, type, version, subject, id_shop, occurred_at, traceparent) VALUES `;
    const events = Array.from({ length: 50 }, (_, index) => index + 1);
    const log: LogEvent[] = [];
    const deps = {
      db,
      log: (_level: string, event: LogEvent) => void log.push(event),
      metrics: createMetrics(),
      onMarked: () => undefined,
    };
    const ingest = async (): Promise<void> => {
      while ((await ingestBatch(deps, (tx) => lockOldestRows(tx, 7))) > 0);
    };
    // Three times the same batch, each copy ingested by four at once.
    for (let copy = 0; copy < 3; copy += 1) {
      await world.pool.query(insert + [...events, ...[...events].reverse()].map(row).join(","));
      await Promise.all([ingest(), ingest(), ingest(), ingest()]);
    }
    const [counts] = await world.rows<Record<"outbox" | "events" | "raised", string>>(
      `SELECT (SELECT COUNT(*) FROM ${world.table("erpsync_outbox")}) AS outbox,
              (SELECT COUNT(*) FROM ${world.table("erpsync_event")}) AS events,
              (SELECT SUM(generation) FROM ${world.table("erpsync_job")}) AS raised`,
    );
    expect({
      outbox: Number(counts?.outbox),
      events: Number(counts?.events),
      raised: Number(counts?.raised),
    }).toEqual({
      outbox: 0,
      events: 50,
      raised: 50,
    });
    expect(log).toEqual([]);
  });
});
