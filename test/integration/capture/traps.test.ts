import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openTail } from "../../../sidecar/capture/binlog-tail.ts";
import { TAILED_TABLES } from "../../../sidecar/capture/decode-row.ts";
import { lockName } from "../../../sidecar/platform/named-lock.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { eachServer } from "../../support/each-server.ts";
import { ShopSimulator } from "../../support/shop-simulator.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";
import {
  addSidecarTables,
  CaptureRun,
  captureUser,
  insertOutbox,
  jobState,
  killDumpOf,
  killLockHolder,
  untilAllAnnounced,
} from "./rig.ts";

/** Faults that one session or one connection can make; what concerns a whole server is in servers.test.ts. */
eachServer("traps of the binlog", (server) => {
  const makeWorld = async (): Promise<World> => {
    const world = await World.create({ server });
    await addSidecarTables(world);
    return world;
  };

  test("rows logged before an ALTER TABLE keep their ids when the server logs column names", async () => {
    await using world = await makeWorld();
    const shop = new ShopSimulator(world);
    const order = { customerId: 1, lines: [{ productId: 1, quantity: 1 }], hooks: "off" } as const;
    const first = new CaptureRun(world);
    await first.untilTailing();
    await first.stop();
    const { orderId } = await shop.placeOrder(order);
    await world.pool.query(`ALTER TABLE ${world.table("orders")} ADD COLUMN erpsync_trap INT NULL FIRST`);
    const capture = new CaptureRun(world);
    await until(async () => (await jobState(world, `order:${String(orderId)}`)) === "ready", {
      what: "the job",
    });
    expect(capture.gaps).toEqual([]);
    expect(await world.rows(`SELECT subject FROM ${world.table("erpsync_job")}`)).toHaveLength(1);
    await capture.stop();
  });

  test("an announced row is found by a locking read at once, and no commit order loses one", async () => {
    await using world = await makeWorld();
    const reader = await world.connection();
    let missing = 0;
    let checks: Promise<void> = Promise.resolve();
    await using capture = new CaptureRun(world, {
      onOutboxRows: (ids) => {
        checks = checks.then(async () => {
          const [rows] = await reader.query("SELECT id FROM ?? WHERE id IN (?) FOR UPDATE", [
            `${world.prefix}erpsync_outbox`,
            ids,
          ]);
          missing += ids.length - (rows as unknown[]).length;
        });
      },
    });
    await capture.untilTailing();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      const connection = await world.connection();
      for (let n = 0; n < 50; n += 1) {
        await connection.query("START TRANSACTION");
        await insertOutbox(world, connection, `order:${String(writer * 100 + n + 1)}`);
        // Ids are handed out before the commit, so a longer transaction commits behind later ids.
        if ((writer + n) % 3 === 0) await connection.query("DO SLEEP(0.003)");
        await connection.query("COMMIT");
      }
    });
    await Promise.all(writers);
    await untilAllAnnounced(capture, 400);
    await checks;
    expect(missing).toBe(0);
    expect(new Set(capture.outboxIds).size).toBe(400);
  });

  test("what is rolled back never appears", async () => {
    await using world = await makeWorld();
    const connection = await world.connection();
    await using capture = new CaptureRun(world);
    await capture.untilTailing();
    await connection.query("START TRANSACTION");
    await insertOutbox(world, connection, "order:1");
    await connection.query("ROLLBACK");
    await connection.query("START TRANSACTION");
    await connection.query("SAVEPOINT a");
    await insertOutbox(world, connection, "order:2");
    await connection.query("ROLLBACK TO SAVEPOINT a");
    const kept = await insertOutbox(world, connection, "order:3");
    await connection.query("COMMIT");
    await untilAllAnnounced(capture, 1);
    expect(capture.outboxIds).toEqual([kept]);
  });

  test("under row image MINIMAL an order that changes is still known", async () => {
    await using world = await makeWorld();
    const shop = new ShopSimulator(world);
    const { orderId } = await shop.placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }] });
    await using capture = new CaptureRun(world);
    await capture.untilTailing();
    const connection = await world.connection();
    await connection.query("SET SESSION binlog_row_image = 'MINIMAL'");
    await connection.query("UPDATE ?? SET total_paid = total_paid + 1 WHERE id_order = ?", [
      `${world.prefix}orders`,
      orderId,
    ]);
    await until(async () => (await jobState(world, `order:${String(orderId)}`)) === "held", {
      what: "the job",
    });
    await connection.query("UPDATE ?? SET product_quantity = 2 WHERE id_order = ?", [
      `${world.prefix}order_detail`,
      orderId,
    ]);
    await until(() => capture.named("capture.warning").length === 1, { what: "a warning about unread rows" });
  });

  test("a tail whose connection is killed is built again and misses nothing", async () => {
    await using world = await makeWorld();
    const account = await captureUser(world);
    const connection = await world.connection();
    await using capture = new CaptureRun(world, { settings: account });
    await capture.untilTailing();
    for (let n = 1; n <= 60; n += 1) {
      await insertOutbox(world, connection, `order:${String(n)}`);
      if (n % 20 === 0) await killDumpOf(world, account.user);
    }
    await untilAllAnnounced(capture, 60);
    await capture.untilTailing(2);
    expect(capture.gaps).toEqual(["first start"]);
    const causes = capture.named("capture.lost").map(({ message }) => message);
    expect(causes.length).toBeGreaterThan(0);
    // The error itself was heard; the watchdog would have come a second later.
    expect(causes.join()).not.toContain("No sign of life");
  });

  test("a tail on a half-open connection ends by its watchdog", async () => {
    await using world = await makeWorld();
    await using proxy = await startTcpProxy({ port: server.port });
    const [newest] = (await world.rows<{ Log_name: string; File_size: number }>("SHOW BINARY LOGS")).slice(
      -1,
    );
    const from = { file: newest?.Log_name ?? "", position: Number(newest?.File_size), gtidSet: "" };
    let isStarted = false;
    const tail = openTail(
      {
        database: { ...world.settings, host: proxy.host, port: proxy.port, connections: 1 },
        serverId: 4_290_000_000,
        heartbeatMs: 100,
        silenceMs: 1_000,
        tables: TAILED_TABLES,
        netWriteTimeoutSeconds: 60,
      },
      { kind: "on", from, byGtid: false },
      {
        onStarted: () => {
          isStarted = true;
        },
        onTransaction: () => undefined,
        onHeartbeat: () => undefined,
      },
      { clock: systemClock, sleep: systemSleep },
    );
    await until(() => isStarted, { what: "the tail to start" });
    proxy.setMode({ kind: "half-open" });
    expect(await tail.ended).toEqual({ kind: "watchdog", message: "No sign of life for 1000 ms" });
    await tail.close();
  });

  test("more changes than a batch holds pause the tail, and every order is marked", async () => {
    await using world = await makeWorld();
    const connection = await world.connection();
    await using capture = new CaptureRun(world, { limits: { batchSubjects: 10 } });
    await capture.untilTailing();
    await connection.query("SET SESSION sql_mode = ''");
    for (let order = 1; order <= 300; order += 1) {
      await connection.query(`INSERT INTO ${world.table("order_carrier")} (id_order) VALUES (?)`, [order]);
    }
    await until(
      async () => (await world.rows(`SELECT subject FROM ${world.table("erpsync_job")}`)).length === 300,
      { what: "300 jobs" },
    );
  });

  test("a half-open connection is noticed without any error, and what happened meanwhile arrives", async () => {
    await using world = await makeWorld();
    await using proxy = await startTcpProxy({ port: server.port });
    const connection = await world.connection();
    await using capture = new CaptureRun(world, {
      settings: { host: proxy.host, port: proxy.port },
      limits: { databaseSilenceMs: 1_000 },
    });
    await capture.untilTailing();
    await insertOutbox(world, connection, "order:1");
    await untilAllAnnounced(capture, 1);
    proxy.setMode({ kind: "half-open" });
    await insertOutbox(world, connection, "order:2");
    await until(() => capture.named("capture.lost").length > 0, { what: "the watchdog", timeoutMs: 20_000 });
    proxy.setMode({ kind: "pass" });
    await untilAllAnnounced(capture, 2);
    expect(capture.gaps).toEqual(["first start"]);
  });

  test("of two captures one leads, and the other takes over when the leader's connection is killed", async () => {
    await using world = await makeWorld();
    const connection = await world.connection();
    await using one = new CaptureRun(world, { serverId: 4_100_000_000 });
    await one.untilTailing();
    await using two = new CaptureRun(world, { serverId: 4_100_000_000 });
    await until(() => two.named("capture.standby").length === 1, { what: "the second to stand by" });
    expect([one.status.leader, two.status.leader]).toEqual([true, false]);
    await insertOutbox(world, connection, "order:1");
    await untilAllAnnounced(one, 1);
    expect(two.outboxIds).toEqual([]);
    await killLockHolder(world, lockName(world.database, world.prefix, "capture"));
    await two.untilTailing();
    await insertOutbox(world, connection, "order:2");
    await untilAllAnnounced(two, 1);
    await until(() => !one.status.leader, { what: "the first to give up its lead" });
    expect(two.status.leader).toBe(true);
    expect(two.gaps).toEqual([]);
  });

  test("a replica that comes with our server_id ends our tail, and we go on under another", async () => {
    await using world = await makeWorld();
    await using other = await World.create({ server });
    await addSidecarTables(other);
    const connection = await world.connection();
    await using capture = new CaptureRun(world, { serverId: 4_200_000_000 });
    await capture.untilTailing();
    await using intruder = new CaptureRun(other, { serverId: 4_200_000_000 });
    await intruder.untilTailing();
    await until(() => capture.named("capture.warning").some(({ reason }) => reason.includes("server_id")), {
      what: "the clash to be named",
    });
    await capture.untilTailing(2);
    await insertOutbox(world, connection, "order:1");
    await untilAllAnnounced(capture, 1);
    expect(intruder.named("capture.lost")).toEqual([]);
  });

  test("the account of the documentation has all the grants that a tail needs", async () => {
    await using world = await makeWorld();
    const account = await captureUser(world);
    const connection = await world.connection();
    await using capture = new CaptureRun(world, { settings: account });
    await capture.untilTailing();
    await insertOutbox(world, connection, "order:1");
    await untilAllAnnounced(capture, 1);
    expect(capture.status.mode).toBe("binlog");
  });

  test("an account without REPLICATION SLAVE is polled, with the remedy", async () => {
    await using world = await makeWorld();
    const account = await world.createUser([`ALL PRIVILEGES ON \`${world.database}\`.*`]);
    await using capture = new CaptureRun(world, { settings: account });
    await until(() => capture.status.mode === "polling", { what: "polling mode" });
    expect(capture.status.reasons.join(" ")).toContain("GRANT REPLICATION SLAVE ON *.*");
    expect(capture.named("capture.polling")).toHaveLength(1);
  });

  test("a transaction of 50,000 rows arrives once, at its commit, as ids only", async () => {
    await using world = await makeWorld();
    const connection = await world.connection();
    let announcements = 0;
    await using capture = new CaptureRun(world, {
      onOutboxRows: () => {
        announcements += 1;
      },
    });
    await capture.untilTailing();
    await connection.query("START TRANSACTION");
    const payload = JSON.stringify({ text: createHash("sha256").update("x").digest("hex").repeat(8) });
    for (let batch = 0; batch < 50; batch += 1) {
      const rows = Array.from({ length: 1_000 }, (_, n) => [
        `order:${String(batch * 1_000 + n + 1)}`,
        payload,
      ]);
      await connection.query(
        `INSERT INTO ${world.table("erpsync_outbox")}
           (event_id, type, version, subject, id_shop, occurred_at, traceparent, payload)
         SELECT UUID(), 'order.changed', 1, s, 1, UTC_TIMESTAMP(6), REPEAT('0', 55), p
         FROM (${rows.map(() => "SELECT ? AS s, ? AS p").join(" UNION ALL ")}) AS v`,
        rows.flat(),
      );
    }
    expect(capture.outboxIds).toEqual([]);
    const before = process.memoryUsage().heapUsed;
    await connection.query("COMMIT");
    await untilAllAnnounced(capture, 50_000);
    expect(announcements).toBe(1);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60 * 1024 * 1024);
  });
});

describe("the names that two processes meet by", () => {
  test("the leader lock's name is short enough for MySQL and differs by database and prefix", () => {
    const names = [
      lockName("shop", "ps_", "capture"),
      lockName("shop", "ps2_", "capture"),
      lockName("x".repeat(64), "ps_", "capture"),
    ];
    expect(new Set(names).size).toBe(3);
    expect(Math.max(...names.map((name) => name.length))).toBeLessThan(64);
  });
});
