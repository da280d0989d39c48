import { expect, test } from "vitest";
import { prune } from "../../../sidecar/ops/prune.ts";
import { openDatabase } from "../../../sidecar/platform/database.ts";
import { eachServer } from "../../support/each-server.ts";
import { insertAttempt } from "../../support/job-rows.ts";
import { migrateWorld } from "../../support/sidecar.ts";
import { World } from "../../support/world.ts";

eachServer("retention", (server) => {
  test("after 90 days bodies and processed events go; hashes, outcomes and younger rows stay", async () => {
    await using world = await World.create({ server });
    await migrateWorld(world);
    const db = openDatabase({ ...world.settings, connections: 2 });
    world.onDispose(() => db.destroy());
    for (let count = 0; count < 3; count += 1) await insertAttempt(world, "order:1", 91);
    await insertAttempt(world, "order:1", 89);
    await world.pool.query(
      `UPDATE ${world.table("erpsync_attempt")} SET message = 'Ann Lee is on credit hold'`,
    );
    for (const [id, days] of [
      ["old", 91],
      ["young", 89],
    ] as const) {
      await world.pool.query(
        `INSERT INTO ${world.table("erpsync_event")} VALUES
          (?, 'order.placed', 1, 'order:1', 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL ? DAY, NULL, NULL)`,
        [id, days],
      );
    }
    for (const [number, days] of [
      [1, 91],
      [2, 89],
    ] as const) {
      await world.pool.query(
        `INSERT INTO ${world.table("erpsync_operation")}
          (op_key, subject, number, kind, external_id, state, body, body_hash, created_at, acknowledged_at)
        VALUES (?, 'order:1', ?, 'create', 'X', 'acknowledged', 'zz', 'h', UTC_TIMESTAMP(6),
          UTC_TIMESTAMP(6) - INTERVAL ? DAY)`,
        [`order:1#${number}`, number, days],
      );
    }
    for (const days of [91, 89, 91]) {
      await world.pool.query(
        `INSERT INTO ${world.table("erpsync_stock_pass")} (reason, begun_at, finished_at)
         VALUES ('verify', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL ? DAY)`,
        [days],
      );
    }
    for (const hours of [25, 1]) {
      await world.pool.query(
        `INSERT INTO ${world.table("erpsync_stock_check")} (pass, last_order_detail, observed, created_at)
         VALUES (1, 0, '{}', UTC_TIMESTAMP(6) - INTERVAL ? HOUR)`,
        [hours],
      );
    }
    const deps = { db, log: () => undefined, sleep: () => Promise.resolve() };
    const signal = new AbortController().signal;

    const first = await prune(deps, 0, signal);
    const second = await prune(deps, 0, signal);

    expect(first).toEqual({ rows: 7, lastId: 3 });
    expect(await world.rows(`SELECT id FROM ${world.table("erpsync_stock_pass")} ORDER BY id`)).toEqual([
      { id: 2 },
      { id: 3 },
    ]);
    expect(await world.rows(`SELECT id FROM ${world.table("erpsync_stock_check")}`)).toEqual([{ id: 2 }]);
    expect(second.rows).toBe(0);
    const attempts = await world.rows(
      `SELECT request IS NULL AS pruned, message IS NULL AS silent, answer_hash, outcome FROM ${world.table("erpsync_attempt")} ORDER BY id`,
    );
    expect(attempts).toEqual(
      [1, 1, 1, 0].map((pruned) => ({ pruned, silent: pruned, answer_hash: "a", outcome: "ok" })),
    );
    const events = await world.rows(`SELECT event_id FROM ${world.table("erpsync_event")}`);
    expect(events).toEqual([{ event_id: "young" }]);
    const operations = await world.rows(
      `SELECT number, LENGTH(body) AS bytes, body_hash FROM ${world.table("erpsync_operation")} ORDER BY number`,
    );
    expect(operations).toEqual([
      { number: 1, bytes: 0, body_hash: "h" },
      { number: 2, bytes: 2, body_hash: "h" },
    ]);
  });
});
